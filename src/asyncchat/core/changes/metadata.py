"""What facts about metadata change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.metadata import changed
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

_Changed = events.AccountMetadataChanged | events.RoomMetadataChanged | events.MetadataChanged


def _of_account(chat: Chat, event: events.AccountMetadataChanged) -> None:
    if fold(event.account) in chat.accounts:
        chat.metadata.put(chat.metadata.accounts, fold(event.account), event.key, event.value)
    _pace(chat, event)


def _of_room(chat: Chat, event: events.RoomMetadataChanged) -> None:
    room = chat.rooms[fold(event.room)]
    before = len(room.metadata)
    room.metadata = changed(room.metadata, event.key, event.value)
    chat.metadata.count += len(room.metadata) - before
    _pace(chat, event)


def _of_guest(chat: Chat, event: events.MetadataChanged) -> None:
    chat.metadata.put(chat.metadata.guests, event.person.id, event.key, event.value)
    _pace(chat, event)


def _pace(chat: Chat, event: _Changed) -> None:
    if event.time and event.person.id in chat.people:
        chat.metadata.pace(event.person.id, event.time)


def _subscribed(chat: Chat, event: events.Subscribed) -> None:
    change = chat.metadata.subscribe if event.on else chat.metadata.unsubscribe
    change(event.person.id, event.session or event.person.id, event.keys)


def _synced(chat: Chat, event: events.Synced) -> None:
    chat.metadata.synced[event.person.id] = event.time


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.AccountMetadataChanged: _of_account,
    events.RoomMetadataChanged: _of_room,
    events.MetadataChanged: _of_guest,
    events.Subscribed: _subscribed,
    events.Synced: _synced,
}
