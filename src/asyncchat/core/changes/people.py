"""What facts about people change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.lookalikes import (
    looks,
)
from asyncchat.core.modes import (
    BOT,
)
from asyncchat.core.people import (
    Person,
    marked,
)

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


def _entered(chat: Chat, event: events.Entered) -> None:
    person = event.person
    chat.people[person.id] = person
    chat.holders[person.key] = person.id
    _note_look(chat, person)
    chat.entered[person.id] = event.time
    if event.away:
        chat.away[person.id] = event.away
    chat.most_people = max(chat.most_people, len(chat.people))


def _note_look(chat: Chat, person: Person) -> None:
    look = looks(person.name)
    if look != person.key:
        chat.lookalikes[look] = person.id


def _forget_look(chat: Chat, person: Person) -> None:
    look = looks(person.name)
    if chat.lookalikes.get(look) == person.id:
        del chat.lookalikes[look]


def _left(chat: Chat, event: events.Left) -> None:
    who = event.person.id
    for room in chat.rooms_with(who):
        room.unseat(who)
    person = chat.people.pop(who)
    del chat.holders[person.key]
    _forget_look(chat, person)
    chat.rooms_of.pop(who, None)
    chat.away.pop(who, None)
    chat.entered.pop(who, None)
    chat.owners.discard(who)
    chat.invitations.pop(who, None)
    chat.person_flags.pop(who, None)
    chat.knocks.pop(who, None)
    chat.spoke.pop(who, None)
    chat.guests_marks.pop(who, None)
    chat.watching.forget(who)
    sessions = chat.devices.pop(who, (who,))
    chat.metadata.forget(who, sessions)
    for session in sessions:
        chat.labels.pop(session, None)
    chat.absent.pop(who, None)
    chat.gone.add(event.person, event.time)


def _attached(chat: Chat, event: events.Attached) -> None:
    who = event.person.id
    chat.devices[who] = (*chat.devices.get(who, (who,)), event.session)
    chat.absent.pop(who, None)
    chat.labels[event.session] = event.device


def _detached(chat: Chat, event: events.Detached) -> None:
    who = event.person.id
    chat.metadata.forget_session(who, event.session)
    chat.labels.pop(event.session, None)
    left = tuple(session for session in chat.devices.get(who, (who,)) if session != event.session)
    if left == (who,):
        chat.devices.pop(who, None)
    else:
        chat.devices[who] = left
        if not left:
            chat.absent[who] = event.time


def _renamed(chat: Chat, event: events.Renamed) -> None:
    person = event.now
    del chat.holders[event.person.key]
    chat.holders[person.key] = person.id
    _forget_look(chat, event.person)
    _note_look(chat, person)
    chat.gone.add(event.person, event.time)
    chat.people[person.id] = person
    for room in chat.rooms_with(person.id):
        room.reseat(person, room.roles.get(person.id, 0))


def _realname_changed(chat: Chat, event: events.RealnameChanged) -> None:
    replace_person(chat, event.now)


def _host_changed(chat: Chat, event: events.HostChanged) -> None:
    replace_person(chat, event.now)


def replace_person(chat: Chat, person: Person) -> None:
    """A person's value is another one now, under the same name."""
    chat.people[person.id] = person
    for room in chat.rooms_with(person.id):
        room.reseat(person, room.roles.get(person.id, 0))


def _watched(chat: Chat, event: events.Watched) -> None:
    change = chat.watching.add if event.on else chat.watching.remove
    change(event.person.id, event.names)


def _away_changed(chat: Chat, event: events.AwayChanged) -> None:
    if event.text:
        chat.away[event.person.id] = event.text
    else:
        chat.away.pop(event.person.id, None)


def _person_flag_changed(chat: Chat, event: events.PersonFlagChanged) -> None:
    who = event.person.id
    if event.flag == BOT:
        replace_person(chat, marked(event.person, event.on))
    flags = chat.person_flags.get(who, frozenset())
    flags = flags | {event.flag} if event.on else flags - {event.flag}
    if flags:
        chat.person_flags[who] = flags
    else:
        chat.person_flags.pop(who, None)


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.Entered: _entered,
    events.Left: _left,
    events.Attached: _attached,
    events.Detached: _detached,
    events.Renamed: _renamed,
    events.RealnameChanged: _realname_changed,
    events.HostChanged: _host_changed,
    events.AwayChanged: _away_changed,
    events.Watched: _watched,
    events.PersonFlagChanged: _person_flag_changed,
}
