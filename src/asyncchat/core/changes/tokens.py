"""What facts about tokens change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.names import fold
from asyncchat.core.tokens import KEYS, Posted, Token

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


def _token_made(chat: Chat, event: events.TokenMade) -> None:
    chat.tokens[fold(event.name)] = Token(event.name, event.digest, event.rooms, event.actions, event.time)


def _token_revoked(chat: Chat, event: events.TokenRevoked) -> None:
    chat.tokens.pop(fold(event.name), None)


def _posted_once(chat: Chat, event: events.PostedOnce) -> None:
    keys = chat.posted
    keys.pop((event.token, event.key), None)
    keys[event.token, event.key] = Posted(event.asked, event.room, event.time)
    if len(keys) > KEYS:
        del keys[next(iter(keys))]


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.TokenMade: _token_made,
    events.TokenRevoked: _token_revoked,
    events.PostedOnce: _posted_once,
}
