"""Words of the plain dialect that are one line of IRC: what each sends.

Owns the lines; the words' arguments and help are those of the plain dialect's own table, so that both say the
same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from asyncchat.core.modes import FLAGS, PERSON_FLAGS, SETTINGS
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.dialects.irc.modes import FLAG_LETTERS, PERSON_LETTERS, ROLE_LETTERS, SETTING_LETTERS

if TYPE_CHECKING:
    from asyncchat.client.words import Talk

Command = tuple[str, ...]
Line = Callable[["Talk", str], "Command | None"]
"""(talk, what follows the word) -> the command and its parameters; None: that is misuse."""


def _asked(*command: str, least: int = 0, most: int = 0, last: bool = False) -> Line:
    """A command with the words that follow, the ``last`` of which may have spaces; ``{room}`` is the room."""

    def line(talk: Talk, text: str) -> Command | None:
        words = text.split(None, most - 1) if last and most else text.split()
        if not least <= len(words) <= most:
            return None
        return (*(word.replace("{room}", talk.room) for word in command), *words)

    return line


def _mask(change: str, *, alone: bool = False) -> Line:
    """A mask on a list, or off it; alone the list."""

    def line(talk: Talk, text: str) -> Command | None:
        if " " in text or (not text and not alone):
            return None
        mask = text if not text or set("!@:") & set(text) else f"{text}!*@*"
        return ("MODE", talk.room, change, *([mask] if mask else []))

    return line


def rule(talk: Talk, text: str) -> Command | None:
    """The room's modes: by the words of rules (``slow 10``), or as IRC has them (``+W 10``)."""
    words = text.split()
    if not words or words[0][0] in "+-":
        return ("MODE", talk.room, *words)
    name, value = words[0].lower(), " ".join(words[1:])
    on = value.lower() != "off"
    if name in FLAGS and value.lower() in ("on", "off"):
        return ("MODE", talk.room, f"{'+' if on else '-'}{FLAG_LETTERS[name]}")
    if name in SETTINGS and value and " " not in value:
        letter = SETTING_LETTERS[name]
        if on:
            return ("MODE", talk.room, f"+{letter}", value)
        return ("MODE", talk.room, f"-{letter}", *(["*"] if letter == "k" else []))
    return None


def _role(talk: Talk, text: str) -> Command | None:
    words = text.split()
    if len(words) == 2:
        words.append("on")
    if len(words) != 3 or words[1].lower() not in ROLE_NAMED or words[2].lower() not in ("on", "off"):
        return None
    sign = "+" if words[2].lower() == "on" else "-"
    return ("MODE", talk.room, sign + ROLE_LETTERS[words[1].lower()], words[0])


def _my(talk: Talk, text: str) -> Command | None:
    flag, _, switch = text.lower().partition(" ")
    if not text:
        return ("MODE", talk.chat.nick)
    if flag not in PERSON_FLAGS or switch not in ("on", "off"):
        return None
    return ("MODE", talk.chat.nick, ("+" if switch == "on" else "-") + PERSON_LETTERS[flag])


def _rename_room(talk: Talk, text: str) -> Command | None:
    name, _, reason = text.partition(" ")
    if not name:
        return None
    new = name if name.startswith(("#", "&")) else f"#{name}"
    return ("RENAME", talk.room, new, *([reason.strip()] if reason.strip() else []))


def _knock(_talk: Talk, text: str) -> Command | None:
    name, _, said = text.partition(" ")
    room = name if name.startswith(("#", "&")) else f"#{name}"
    return ("KNOCK", room, *([said.strip()] if said.strip() else [])) if name else None


def _claim(talk: Talk, text: str) -> Command | None:
    if " " in text:
        return None
    return ("CS", "TRANSFER", talk.room, text) if text else ("CS", "REGISTER", talk.room)


def _stay(_talk: Talk, text: str) -> Command | None:
    if text.lower() not in ("", "on", "off"):
        return None
    return ("NS", "SET", "ALWAYSON", *([text.upper()] if text else []))


def _owner(talk: Talk, text: str) -> Command | None:
    words = text.split(None, 1)
    if text.lower() == "off":
        return ("MODE", talk.chat.nick, "-o")
    return ("OPER", *(("owner", *words) if len(words) == 1 else words)) if words else None


def _invite(talk: Talk, text: str) -> Command | None:
    if " " in text:
        return None
    return ("INVITE", text, talk.room) if text else ("INVITE",)


def _access(talk: Talk, text: str) -> Command | None:
    words = text.split()
    if len(words) not in (0, 2):
        return None
    return ("CS", "FLAGS", talk.room, *("-" if word == "off" else word for word in words))


def _server_ban(_talk: Talk, text: str) -> Command | None:
    mask, _, rest = text.partition(" ")
    first, _, reason = rest.strip().partition(" ")
    if first[:1].isdigit():
        return ("KLINE", mask, first, reason.strip() or "banned")
    return ("KLINE", *(part for part in (mask, rest.strip()) if part))


SENT: dict[str, Line] = {
    "register": _asked("NS", "REGISTER", least=1, most=2),
    "login": _asked("NS", "IDENTIFY", least=1, most=2),
    "logout": _asked("NS", "LOGOUT"),
    "account": _asked("NS", "INFO", most=1),
    "passwd": _asked("NS", "SET", "PASSWORD", least=1, most=1),
    "unregister": _asked("NS", "DROP", least=1, most=1),
    "regain": _asked("NS", "REGAIN", least=1, most=2),
    "stay": _stay,
    "claim": _claim,
    "unclaim": _asked("CS", "DROP", "{room}"),
    "access": _access,
    "except": _mask("+e", alone=True),
    "unexcept": _mask("-e"),
    "guest": _mask("+I", alone=True),
    "unguest": _mask("-I"),
    "rename-room": _rename_room,
    "knock": _knock,
    "role": _role,
    "my": _my,
    "owner": _owner,
    "invite": _invite,
    "reload": _asked("REHASH"),
    "kill": _asked("KILL", least=1, most=2, last=True),
    "host": _asked("CHGHOST", least=2, most=2),
    "serverban": _server_ban,
    "serverunban": _asked("UNKLINE", least=1, most=1),
    "audit": _asked("AUDIT", most=1),
    "announce": _asked("WALLOPS", least=1, most=1, last=True),
}
"""What each word of the plain dialect sends that is nothing but a line."""
