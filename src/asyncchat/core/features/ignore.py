"""Ignoring people: the session's own affair.

Owns the values; the dialect and the session do the rest.
"""

from __future__ import annotations

from asyncchat.core.commands import IoCommand
from asyncchat.core.replies import Reply


class Ignore(IoCommand, frozen=True):
    """Show the asker nothing that a name says, or again; an empty name lists them. The session's affair."""

    name: str
    on: bool = True


class Ignored(Reply, frozen=True):
    """The names a session hides from itself."""

    names: tuple[str, ...]
