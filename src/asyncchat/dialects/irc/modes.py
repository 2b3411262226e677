"""The letters of modes: what IRC calls the core's flags, settings, lists, roles and people's own flags.

Owns letters, prefixes and the tokens of 005 that tell of them; what a mode does is the core's.
"""

from collections.abc import Sequence
from typing import Final

from asyncchat.core import modes, roles
from asyncchat.core.masks import ACCOUNT, MUTED, REALNAME
from asyncchat.text.times import seconds_in

CHANGES: Final = 12
"""Changes of modes in one line (MODES)."""

FLAG_LETTERS: Final = {
    modes.NO_OUTSIDERS: "n",
    modes.TOPIC_LOCKED: "t",
    modes.MODERATED: "m",
    modes.OP_MODERATED: "U",
    modes.INVITE_ONLY: "i",
    modes.SECRET: "s",
    modes.NO_COLOUR: "c",
    modes.NO_CTCP: "C",
    modes.NO_KNOCK: "K",
    modes.AUDITORIUM: "u",
    modes.ACCOUNTS_ONLY: "R",
    modes.ACCOUNTS_SPEAK: "M",
}
"""Of each flag of a room (type D)."""

SETTING_LETTERS: Final = {modes.KEY: "k", modes.LIMIT: "l", modes.FORWARD: "f", modes.SLOW: "W"}
"""Of each setting of a room."""

PARAMETER_TO_UNSET: Final = frozenset((modes.KEY,))
"""Settings that have a parameter when they are taken away too (type B); the others are type C."""

LIST_LETTERS: Final = {modes.BANS: "b", modes.EXCEPTIONS: "e", modes.GUESTS: "I"}
"""Of each list (type A); mutes are bans with the extended mask ``m:``."""

ROLE_LETTERS: Final = {
    roles.FOUNDER.name: "q",
    roles.ADMIN.name: "a",
    roles.OPERATOR.name: "o",
    roles.HALF_OPERATOR.name: "h",
    roles.VOICE.name: "v",
}
"""Of each role (type B)."""

PREFIXES: Final = {
    roles.FOUNDER.name: "~",
    roles.ADMIN.name: "&",
    roles.OPERATOR.name: "@",
    roles.HALF_OPERATOR.name: "%",
    roles.VOICE.name: "+",
}
"""What stands before a nick with that role."""

PERSON_LETTERS: Final = {modes.INVISIBLE: "i", modes.BOT: "B", modes.WALLOPS: "w", modes.ACCOUNTS_WRITE: "R"}
"""Of each flag of a person; ``o`` is the owner's and only OPER gives it."""

FLAG_OF: Final = {letter: name for name, letter in FLAG_LETTERS.items()}
SETTING_OF: Final = {letter: name for name, letter in SETTING_LETTERS.items()}
LIST_OF: Final = {letter: name for name, letter in LIST_LETTERS.items()}
ROLE_OF: Final = {letter: name for name, letter in ROLE_LETTERS.items()}
PERSON_FLAG_OF: Final = {letter: name for name, letter in PERSON_LETTERS.items()}
PREFIXED: Final = {prefix: name for name, prefix in PREFIXES.items()}

USER_MODES: Final = "".join(sorted((*PERSON_FLAG_OF, "o")))
ROOM_MODES: Final = "".join(sorted((*FLAG_OF, *SETTING_OF, *LIST_OF, *ROLE_OF)))
ROOM_MODES_WITH_PARAMETER: Final = "".join(sorted((*SETTING_OF, *LIST_OF, *ROLE_OF)))

PREFIX: Final = f"({''.join(ROLE_LETTERS.values())}){''.join(PREFIXES.values())}"
"""The value of 005's PREFIX."""

STATUSMSG: Final = "".join(PREFIXES.values())
"""That of STATUSMSG: each role may be written to."""

CHANMODES: Final = ",".join(
    "".join(sorted(letters))
    for letters in (
        LIST_LETTERS.values(),
        (letter for name, letter in SETTING_LETTERS.items() if name in PARAMETER_TO_UNSET),
        (letter for name, letter in SETTING_LETTERS.items() if name not in PARAMETER_TO_UNSET),
        FLAG_LETTERS.values(),
    )
)
"""That of CHANMODES."""

ACCOUNT_EXTBAN: Final = "a"

EXTBANS: Final = f"{ACCOUNT_EXTBAN}mrt"
"""Extended masks, written without a prefix.

``a:mask`` is held against accounts, ``m:mask`` mutes (an exception of it: concerns mutes alone), ``r:mask``
is held against real names, ``t:duration:mask`` ends by itself.
"""

_MUTE = "m:"
_REAL = "r:"
_ACCOUNT = f"{ACCOUNT_EXTBAN}:"
_TIMED = "t:"
_BY_HIGHEST: Final = {role.bit: PREFIXES[role.name] for role in roles.ROLES}


def prefix(held: int, every: bool) -> str:
    """What stands before the nick of a member with these roles: the highest role's prefix, or each role's."""
    if not held:
        return ""
    if not every:
        return _BY_HIGHEST[roles.highest(held)]
    return "".join(sign for bit, sign in _BY_HIGHEST.items() if held & bit)


def parse_extban(listed: str, typed: str) -> tuple[str, str, int]:
    """The core's list and mask for the parameter of a list mode, and for how many seconds."""
    seconds, muting = 0, False
    while len(typed) > len(_MUTE):
        if typed[:2].lower() == _TIMED and not seconds:
            duration, _, rest = typed[2:].partition(":")
            found = seconds_in(duration)
            if not (found and rest):
                break
            seconds, typed = found, rest
        elif typed[:2].lower() == _MUTE and not muting and listed in (modes.BANS, modes.EXCEPTIONS):
            muting, typed = True, typed[2:]
        else:
            break
    if typed[:2].lower() == _REAL:
        typed = REALNAME + typed[2:]
    elif typed[:2].lower() == _ACCOUNT and len(typed) > 2:
        typed = ACCOUNT + typed[2:]
    if not muting:
        return listed, typed, seconds
    return (modes.MUTES, typed, seconds) if listed == modes.BANS else (listed, MUTED + typed, seconds)


def format_extban(listed: str, mask: str) -> tuple[str, str]:
    """The letter, and the parameter, for a mask on one of the core's lists."""
    if mask.startswith(MUTED):
        letter, mask = format_extban(listed, mask[len(MUTED) :])
        return letter, _MUTE + mask
    if mask.startswith(REALNAME):
        mask = _REAL + mask[len(REALNAME) :]
    elif mask.startswith(ACCOUNT):
        mask = _ACCOUNT + mask[len(ACCOUNT) :]
    if listed == modes.MUTES:
        return LIST_LETTERS[modes.BANS], _MUTE + mask
    return LIST_LETTERS[listed], mask


Letter = tuple[bool, str, str]
"""Whether it is set, its letter ('' where there is none), its parameter or ''."""


def signed(letters: Sequence[Letter]) -> str:
    """``+ov-b name name mask``."""
    signs = ""
    last: bool | None = None
    for on, letter, _ in letters:
        signs += letter if on is last else ("+" if on else "-") + letter
        last = on
    return " ".join([signs, *(parameter for _, _, parameter in letters if parameter)])


def sign(on: bool) -> str:
    """What precedes the letter of a mode that is set, or taken away."""
    return "+" if on else "-"
