"""Commands about rooms: to be in them and to keep them in order."""

from asyncchat.core.commands.base import Command


class Join(Command, frozen=True):
    """Become a member of a room, which opens with its first one; ``key`` is the word that one may need.

    ``follow``: of a room that has another name now, become a member under that; else it is only said.
    """

    room: str
    key: str = ""
    follow: bool = True


class Part(Command, frozen=True):
    """Leave one room."""

    room: str
    reason: str = ""


class PartAll(Command, frozen=True):
    """Leave all rooms."""

    reason: str = ""


class RenameRoom(Command, frozen=True):
    """Give a room another name, ``to``."""

    room: str
    to: str
    reason: str = ""


class SetTopic(Command, frozen=True):
    """Set a room's topic; empty takes it away."""

    room: str
    text: str


class Kick(Command, frozen=True):
    """Put a member out of a room."""

    room: str
    name: str
    reason: str = ""


class SetRole(Command, frozen=True):
    """Give a member one of ``roles.ROLES``, or take it back."""

    room: str
    name: str
    on: bool = True
    role: str = "operator"


class SetFlag(Command, frozen=True):
    """Turn one of the room's rules (``modes.FLAGS``) on or off."""

    room: str
    flag: str
    on: bool = True


class SetSetting(Command, frozen=True):
    """Give one of the room's settings (``modes.SETTINGS``) a value; an empty one takes it away."""

    room: str
    setting: str
    value: str = ""


class SetMask(Command, frozen=True):
    """Put a person, by name or mask, on one of the room's lists (``modes.MASK_LISTS``), or take it off.

    ``seconds`` is how long it stays there; 0: for good.
    """

    room: str
    listed: str
    who: str
    on: bool = True
    seconds: int = 0


class Invite(Command, frozen=True):
    """Ask a person into a room."""

    room: str
    name: str


class Knock(Command, frozen=True):
    """Ask those who keep order in an invite-only room for an invitation."""

    room: str
    text: str = ""


class Ban(Command, frozen=True):
    """Ban a person, by name or mask, from a room, or lift that ban; ``out`` puts who it means out at once."""

    room: str
    who: str
    on: bool = True
    out: bool = False
    seconds: int = 0


class Mute(Command, frozen=True):
    """Take a person's word in a room, by name or mask, or give it back."""

    room: str
    who: str
    on: bool = True
    seconds: int = 0
