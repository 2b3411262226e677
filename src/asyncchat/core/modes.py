"""What can be set for a room and for a person: tables of flags, settings and lists of masks.

Owns their names, what a new room has, and which values a setting may have. What else a new one needs:
docs/architecture.md, "Add a mode". Tests walk these tables and fail for what is missing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from asyncchat.core.names import room_fault

# Flags of a room.


class Flag(msgspec.Struct, frozen=True):
    """A rule of a room that is on or off.

    ``opened``: a new room has it. ``restricts_speech``: it can refuse a message, so each message to a room
    that has it is checked. ``closes``: not everyone may join, or know of the room, so its history is not for
    everyone.
    """

    name: str
    opened: bool = False
    restricts_speech: bool = False
    closes: bool = False


NO_OUTSIDERS: Final = "no-outsiders"
"""Only members may speak in the room."""

TOPIC_LOCKED: Final = "topic-locked"
"""Only (half-)operators may change the topic."""

MODERATED: Final = "moderated"
"""Only members with a role may speak."""

OP_MODERATED: Final = "op-moderated"
"""What members without a role say goes only to the (half-)operators."""

INVITE_ONLY: Final = "invite-only"
"""Only invited people may join."""

SECRET: Final = "secret"  # noqa: S105 - a room's flag
"""Outsiders do not learn that the room exists, nor who is in it."""

NO_COLOUR: Final = "no-colour"
"""Texts with colour codes are refused. They are not changed: nobody's words are altered."""

NO_CTCP: Final = "no-ctcp"
"""CTCP is refused, except for actions (``/me``)."""

NO_KNOCK: Final = "no-knock"
"""Nobody may ask to be invited."""

AUDITORIUM: Final = "auditorium"
"""Members see only the (half-)operators; these see everybody."""

ACCOUNTS_ONLY: Final = "accounts-only"
"""Only people who are logged in to an account may join."""

ACCOUNTS_SPEAK: Final = "accounts-speak"
"""Only people who are logged in to an account, or have a role, may speak."""

FLAG_TABLE: Final = (
    Flag(NO_OUTSIDERS, opened=True),
    Flag(TOPIC_LOCKED, opened=True),
    Flag(MODERATED, restricts_speech=True),
    Flag(OP_MODERATED, restricts_speech=True),
    Flag(INVITE_ONLY, closes=True),
    Flag(SECRET, closes=True),
    Flag(NO_COLOUR, restricts_speech=True),
    Flag(NO_CTCP, restricts_speech=True),
    Flag(NO_KNOCK),
    Flag(AUDITORIUM),
    Flag(ACCOUNTS_ONLY, closes=True),
    Flag(ACCOUNTS_SPEAK, restricts_speech=True),
)

FLAGS: Final = tuple(flag.name for flag in FLAG_TABLE)
"""The names of all flags of a room."""

OPENED_FLAGS: Final = frozenset(flag.name for flag in FLAG_TABLE if flag.opened)
"""The flags of a new room."""

SPEECH_RESTRICTING: Final = frozenset(flag.name for flag in FLAG_TABLE if flag.restricts_speech)
"""The flags that are checked for each message."""

CLOSING_FLAGS: Final = frozenset(flag.name for flag in FLAG_TABLE if flag.closes)
"""The flags with which a room is not open to everyone."""

# Settings of a room: a flag with a value.

KEY_BYTES: Final = 64
"""Longest key, in UTF-8: it has to fit one line beside a room's name."""

LIMIT_MOST: Final = 1_000_000
"""Greatest limit of members: more than one process can serve."""

SLOW_MOST: Final = 21_600
"""Longest time between two messages of one member, in seconds: six hours."""


class Setting(msgspec.Struct, frozen=True):
    """A rule of a room with a value, kept as text.

    ``fault`` gives the reason why a value is refused, as half a sentence, or None.
    """

    name: str
    fault: Callable[[str], str | None]
    restricts_speech: bool = False
    closes: bool = False


def _key_fault(value: str) -> str | None:
    if not value.isprintable() or " " in value or "," in value or value[:1] == ":":
        return "a key has no spaces and commas and does not begin with a colon"
    return (
        f"a key has at most {KEY_BYTES} bytes" if len(value.encode("utf-8", "replace")) > KEY_BYTES else None
    )


def _number_fault(most: int) -> Callable[[str], str | None]:
    def fault(value: str) -> str | None:
        valid = value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= most
        return None if valid else f"it must be a number from 1 to {most}"

    return fault


KEY: Final = "key"
"""The password that a person needs to join."""

LIMIT: Final = "limit"
"""How many members the room may have."""

FORWARD: Final = "forward"
"""The room that people join instead if they may not join this one."""

SLOW: Final = "slow"
"""Seconds that a member without a role has to wait between two messages."""

SETTING_TABLE: Final = (
    Setting(KEY, _key_fault, closes=True),
    Setting(LIMIT, _number_fault(LIMIT_MOST)),
    Setting(FORWARD, room_fault),
    Setting(SLOW, _number_fault(SLOW_MOST), restricts_speech=True),
)

SETTINGS: Final = {setting.name: setting for setting in SETTING_TABLE}
"""All settings of a room by name."""

SPEECH_RESTRICTING_SETTINGS: Final = frozenset(
    setting.name for setting in SETTING_TABLE if setting.restricts_speech
)
"""The settings that are checked for each message."""

CLOSING_SETTINGS: Final = frozenset(setting.name for setting in SETTING_TABLE if setting.closes)
"""The settings with which a room is not open to everyone."""

# Lists of masks of a room.

BANS: Final = "ban"
"""People who may neither join nor speak."""

MUTES: Final = "mute"
"""People who may join and read but not speak."""

EXCEPTIONS: Final = "exception"
"""People whom no ban and no mute applies to."""

GUESTS: Final = "guest"
"""People who need no invitation."""

MASK_LISTS: Final = (BANS, MUTES, EXCEPTIONS, GUESTS)
"""The names of all lists."""

# Flags of a person.

INVISIBLE: Final = "invisible"
"""Not listed for people who share no room with this one."""

BOT: Final = "bot"
"""A program, not a human."""

WALLOPS: Final = "wallops"
"""Receives announcements of server operators."""

ACCOUNTS_WRITE: Final = "accounts-write"
"""Receives private messages only from people who are logged in to an account."""

PERSON_FLAGS: Final = (INVISIBLE, BOT, WALLOPS, ACCOUNTS_WRITE)
"""The names of all flags of a person; people set their own."""
