"""What facts about accounts change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from asyncchat.core import events
from asyncchat.core.accounts import Account
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


def _account_made(chat: Chat, event: events.AccountMade) -> None:
    chat.accounts[fold(event.name)] = Account(event.name, event.verifier, event.time, event.email)


def _password_changed(chat: Chat, event: events.AccountPasswordChanged) -> None:
    account = chat.accounts.get(fold(event.name))
    if account is not None:
        chat.accounts[fold(event.name)] = msgspec.structs.replace(account, verifier=event.verifier)


def _account_removed(chat: Chat, event: events.AccountRemoved) -> None:
    chat.accounts.pop(fold(event.name), None)
    chat.marks.pop(fold(event.name), None)
    chat.metadata.drop_account(event.name)
    chat.stays.pop(fold(event.name), None)
    chat.seen.pop(fold(event.name), None)
    chat.staying.discard(fold(event.name))


def _logged(chat: Chat, event: events.LoggedIn | events.LoggedOut) -> None:
    person = event.now
    chat.people[person.id] = person
    for room in chat.rooms_with(person.id):
        room.reseat(person, room.roles.get(person.id, 0))


def _room_registered(chat: Chat, event: events.RoomRegistered) -> None:
    room = chat.rooms[fold(event.room)]
    room.founder = event.account
    if not event.account:
        room.access = {}


def _room_access_changed(chat: Chat, event: events.RoomAccessChanged) -> None:
    room = chat.rooms[fold(event.room)]
    others = {account: role for account, role in room.access.items() if account != event.account}
    room.access = {**others, event.account: event.role} if event.on else others


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.AccountMade: _account_made,
    events.AccountPasswordChanged: _password_changed,
    events.AccountRemoved: _account_removed,
    events.LoggedIn: _logged,
    events.LoggedOut: _logged,
    events.RoomRegistered: _room_registered,
    events.RoomAccessChanged: _room_access_changed,
}
