"""What each fact changes in the chat: a module for each family, no rule asked.

Owns the one table ``Chat.apply`` looks into; a fact that is not in it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core.changes import accounts, marks, metadata, people, rooms, server, stays, tokens
from asyncchat.core.events import Event

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

CHANGES: dict[type[Event], Callable[[Chat, Any], None]] = {
    **accounts.CHANGES,
    **marks.CHANGES,
    **metadata.CHANGES,
    **people.CHANGES,
    **rooms.CHANGES,
    **server.CHANGES,
    **stays.CHANGES,
    **tokens.CHANGES,
}
