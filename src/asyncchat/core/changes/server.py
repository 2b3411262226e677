"""What facts about the server change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.changes.people import replace_person
from asyncchat.core.people import operating
from asyncchat.core.server_bans import ServerBan

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


def _node_started(chat: Chat, _event: events.NodeStarted) -> None:
    for room in chat.rooms.values():
        for who in list(room.seats):
            room.unseat(who)
    for memory in (
        chat.people,
        chat.holders,
        chat.lookalikes,
        chat.away,
        chat.entered,
        chat.owners,
        chat.rooms_of,
        chat.invitations,
        chat.person_flags,
        chat.knocks,
        chat.spoke,
        chat.guests_marks,
        chat.devices,
        chat.absent,
        chat.labels,
    ):
        memory.clear()
    chat.gone.clear()
    chat.watching.clear()
    chat.metadata.clear_visits()
    chat.most_people = 0


def _server_ban_changed(chat: Chat, event: events.ServerBanChanged) -> None:
    if event.on:
        chat.server_bans[event.mask] = ServerBan(
            event.mask, event.person.origin, event.time, event.until, event.reason
        )
    else:
        chat.server_bans.pop(event.mask, None)


def _owner_claimed(chat: Chat, event: events.OwnerClaimed) -> None:
    chat.owner_claimed = chat.owner_claimed or not event.name
    if event.person.id in chat.people:
        chat.owners.add(event.person.id)
        replace_person(chat, operating(chat.people[event.person.id], True))


def _owner_resigned(chat: Chat, event: events.OwnerResigned) -> None:
    chat.owners.discard(event.person.id)
    if event.person.id in chat.people:
        replace_person(chat, operating(chat.people[event.person.id], False))


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.NodeStarted: _node_started,
    events.OwnerClaimed: _owner_claimed,
    events.OwnerResigned: _owner_resigned,
    events.ServerBanChanged: _server_ban_changed,
}
