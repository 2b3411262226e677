"""Commands to say something."""

from asyncchat.core.commands.base import Command
from asyncchat.core.events import Cuts, Speech, Tags


class Say(Command, frozen=True):
    """Say something to a room (``#…``) or to a person."""

    to: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()


class Signal(Command, frozen=True):
    """Tell the programs of a room's members, or of a person, something without a text for people.

    With a ``role`` only those of the room's members who have it, or a higher one.
    """

    to: str
    tags: Tags = ()
    role: str = ""


class Confide(Command, frozen=True):
    """Say something to those members of a room who have a role, or a higher one."""

    room: str
    role: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()
