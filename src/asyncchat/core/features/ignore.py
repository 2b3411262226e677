"""Ignoring people.

Owns the values. The session does the rest: the chat's state does not know who ignores whom.
"""

from asyncchat.core.commands import IoCommand
from asyncchat.core.replies import Reply


class Ignore(IoCommand, frozen=True):
    """Hide what a name says from the requester, or show it again; an empty name lists the ignored names."""

    name: str
    on: bool = True


class Ignored(Reply, frozen=True):
    """The names that the session ignores."""

    names: tuple[str, ...]
