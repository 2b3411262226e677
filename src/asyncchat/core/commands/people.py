"""Commands about oneself: to come, to go, to be called, to be away."""

from typing import ClassVar

from asyncchat.core.commands.base import Command, IoCommand
from asyncchat.core.commands.metadata import Pending


class CheckName(Command, frozen=True):
    """Whether the asker could enter under this name; answered only by a refusal."""

    barrier: ClassVar[bool] = True
    name: str


class Enter(Command, frozen=True):
    """Become a person, and at once a member of these rooms.

    ``host`` is what others see of where the asker comes from. The ``address`` its session adds: no dialect
    knows it. ``account`` is one whose password the asker has shown (``replies.Confirmed``), or empty.
    ``metadata`` are values that it set before, ``keys`` what it wants to be told of.
    """

    barrier: ClassVar[bool] = True
    name: str
    user: str
    host: str
    realname: str = ""
    rooms: tuple[str, ...] = ()
    account: str = ""
    address: str = ""
    away: str = ""
    metadata: Pending = ()
    keys: tuple[str, ...] = ()


class Rename(Command, frozen=True):
    """Take another name."""

    name: str


class Quit(Command, frozen=True):
    """Leave the chat. An empty reason is a plain goodbye.

    ``silent`` is for how many microseconds it is not known whether the asker was told anything.
    """

    reason: str = ""
    silent: int = 0


class Detach(Command, frozen=True):
    """End one session of a person who may have others; only with the last one it leaves the chat."""

    session: int
    reason: str = ""
    silent: int = 0


class SetRealname(Command, frozen=True):
    """Have another real name."""

    text: str


class SetAway(Command, frozen=True):
    """Go away with a word; empty: be back."""

    text: str = ""


class SetPersonFlag(Command, frozen=True):
    """Turn one of one's own flags (``modes.PERSON_FLAGS``) on or off; ``name`` is one's own, or empty."""

    flag: str
    on: bool = True
    name: str = ""


class Ignore(IoCommand, frozen=True):
    """Show the asker nothing that a name says, or again; an empty name lists them. The session's affair."""

    name: str
    on: bool = True
