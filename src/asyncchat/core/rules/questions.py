"""Questions about the state: each asks nothing but the state and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands, replies
from asyncchat.core.metadata import in_room, keys_of, patience, waits
from asyncchat.core.modes import AUDITORIUM, INVISIBLE, KEY, SECRET
from asyncchat.core.names import ROOM_SIGNS, fold, mask_of, matches
from asyncchat.core.rooms import Block
from asyncchat.core.rules.marks import (
    mark_of,
)
from asyncchat.core.rules.metadata import (
    subscribed,
)
from asyncchat.core.rules.seeing import (
    sees,
    visible,
)
from asyncchat.core.rules.watching import (
    watched,
)

if TYPE_CHECKING:
    from asyncchat.core.chat import Answerer, Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room


NAMES_IN_ALL = 2000
"""Names that one answer about all rooms holds: some 30 KB. The first room is told whole, however large."""

_MINUTE = 60_000_000
"""A minute in microseconds."""


def ask(chat: Chat, who: int, command: commands.Question, _now: int) -> Items:
    """Lets the hub put the question, once what came before is applied."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    return (command,)


def welcome(chat: Chat, who: int, question: commands.AskWelcome) -> replies.Welcome:
    """The greeting."""
    me = chat.people[who]
    own = tuple(chat.metadata.of(me).items())
    return replies.Welcome(me, counts(chat, who, commands.AskCounts()), own, question.missed)


def counts(chat: Chat, _who: int, _question: commands.AskCounts) -> replies.Counts:
    """How many there are."""
    invisible = sum(INVISIBLE in flags for flags in chat.person_flags.values())
    return replies.Counts(len(chat.people), len(chat.rooms), len(chat.owners), chat.most_people, invisible)


def room_view(chat: Chat, who: int, question: commands.AskRoom) -> replies.Reply:
    """A room's members and topic; of a room that is not there, none."""
    room = chat.room_shown(question.room, who)
    if room is None:
        return replies.NoRoomView(question.room)
    blocks = visible(chat, who, room)
    return replies.RoomView(
        room.name,
        room.topic,
        blocks,
        sum(len(block.members) for block in blocks) if AUDITORIUM in room.flags else len(room.seats),
        question.joining,
        chat.people[who],
        SECRET in room.flags,
        mark_of(chat, who, room.name) if question.joining else None,
        _metadata(chat, who, room, blocks) if question.joining else None,
    )


def _metadata(
    chat: Chat, who: int, room: Room, blocks: Iterable[Block]
) -> replies.MetadataTold | replies.MetadataLater | None:
    """What somebody who joins a room is told of the metadata there; None: nothing."""
    keys = keys_of(chat, who)
    if not keys:
        return None
    if waits(chat, room, who):
        return replies.MetadataLater(room.name, patience(who))
    told = tuple(in_room(chat, room, blocks, keys, {who}))
    return replies.MetadataTold(room.name, told) if told else None


def names(chat: Chat, who: int, _question: commands.AskNames) -> replies.Reply:
    """All rooms with their members, whole ones, as long as these are not too many."""
    views: list[replies.RoomView] = []
    seen: set[int] = set()
    for room in sorted(chat.rooms.values(), key=lambda room: room.key):
        if not room.seats or not chat.shows(room, who):
            continue
        if views and len(seen) + len(room.seats) > NAMES_IN_ALL:
            return replies.NamesView(tuple(views), (), more=True)
        view = room_view(chat, who, commands.AskRoom(room.name))
        if isinstance(view, replies.RoomView):
            views.append(view)
            seen.update(room.seats)
    others = [p for p in chat.people.values() if p.id not in seen and sees(chat, who, p.id)]
    return replies.NamesView(tuple(views), tuple(others[:NAMES_IN_ALL]), len(others) > NAMES_IN_ALL)


def present(chat: Chat, who: int, question: commands.AskPresent) -> replies.Reply:
    """A room that the asker is in."""
    view = room_view(chat, who, commands.AskRoom(question.room, joining=True))
    return replies.Present(view, question.time) if isinstance(view, replies.RoomView) else view


def moved(chat: Chat, who: int, question: commands.AskMoved) -> replies.Reply:
    """A room that was just renamed, as all its members see it."""
    view = room_view(chat, who, commands.AskRoom(question.room, joining=True))
    if not isinstance(view, replies.RoomView):
        return view
    later = replies.MetadataLater(view.room, 1) if chat.metadata.count else None
    return replies.RoomMoved(msgspec.structs.replace(view, metadata=later), question.case_only)


def topic(chat: Chat, who: int, question: commands.AskTopic) -> replies.Reply | replies.Refusal:
    """A room's topic."""
    room = chat.room_shown(question.room, who)
    return replies.NoSuchRoom(question.room) if room is None else replies.TopicView(room.name, room.topic)


def flags(chat: Chat, who: int, question: commands.AskFlags) -> replies.Reply | replies.Refusal:
    """A room's flags and settings; the key only for those inside."""
    room = chat.room_shown(question.room, who)
    if room is None:
        return replies.NoSuchRoom(question.room)
    outside = who not in room.seats and who not in chat.owners
    settings = tuple(
        (setting, "" if outside and setting == KEY else value) for setting, value in room.settings.items()
    )
    return replies.FlagsView(room.name, room.flags, room.opened, settings, outside)


def masks(chat: Chat, who: int, question: commands.AskMasks) -> replies.Reply | replies.Refusal:
    """What stands on some of a room's lists."""
    room = chat.room_shown(question.room, who)
    if room is None:
        return replies.NoSuchRoom(question.room)
    return replies.MasksView(
        room.name,
        question.lists,
        tuple(
            replies.MaskView(mask, mark.by, mark.time, listed, mark.until)
            for listed in question.lists
            for mask, mark in room.masks.get(listed, {}).items()
        ),
    )


def invitations(chat: Chat, who: int, _question: commands.AskInvitations) -> replies.Reply:
    """The rooms that the asker is invited to."""
    return replies.InvitationsView(tuple(chat.rooms[key].name for key in chat.invitations.get(who, ())))


def person_flags(chat: Chat, who: int, question: commands.AskPersonFlags) -> replies.Reply | replies.Refusal:
    """The asker's own flags."""
    if question.name and fold(question.name) != chat.people[who].key:
        other = chat.person_named(question.name)
        return replies.NoSuchPerson(question.name) if other is None else replies.NotYourself(other.name)
    return replies.PersonFlagsView(chat.person_flags.get(who, frozenset()), who in chat.owners)


def rooms(chat: Chat, who: int, question: commands.AskRooms, now: int) -> Items:
    """The rooms there are, or those of the names that are there, the fullest first."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    if question.names and not question.masks:
        named = (chat.room_shown(name, who) for name in question.names)
        chosen = [room for room in named if room is not None]
    else:
        shown = (room for room in chat.rooms.values() if chat.shows(room, who))
        chosen = sorted(shown, key=lambda room: (-len(room.seats), room.key))
    view = replies.RoomsView(
        tuple(
            replies.RoomLine(room.name, len(room.seats), room.topic.text if room.topic else "")
            for room in chosen
            if _wanted(question, room, now)
        ),
        frozenset(chat.rooms_of.get(who, ())),
    )
    return (view,)


def _wanted(question: commands.AskRooms, room: Room, now: int) -> bool:
    if question.masks and not any(matches(mask, room.name) for mask in (*question.masks, *question.names)):
        return False
    if any(matches(mask, room.name) for mask in question.without):
        return False
    topic_set = None if room.topic is None else room.topic.time
    return (
        _within(question.people, len(room.seats))
        and _within(question.opened, (now - room.opened) / _MINUTE)
        and _within(question.topic, None if topic_set is None else (now - topic_set) / _MINUTE)
    )


def _within(span: commands.Span, value: float | None) -> bool:
    if span.over is None and span.under is None:
        return True
    if value is None:
        return False
    return (span.over is None or value > span.over) and (span.under is None or value < span.under)


def who_is_there(chat: Chat, who: int, question: commands.AskWho, now: int) -> Items:
    """The people a room's name, a name or a mask describes."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    mask = question.mask
    room = chat.room_shown(mask, who) if mask[:1] in ROOM_SIGNS else None
    if room is not None:
        blocks = visible(chat, who, room)
        found = [_seen(chat, who, member.person, room, now) for block in blocks for member in block.members]
    elif mask[:1] in ROOM_SIGNS:
        found = []
    else:
        exact = chat.person_named(mask)
        people = [exact] if exact is not None else _described(chat, who, question)
        found = [_seen(chat, who, person, None, now) for person in people]
    if question.owners_only:
        found = [seen for seen in found if seen.owner]
    return (replies.WhoView(mask, tuple(found), question.purpose),)


def _described(chat: Chat, who: int, question: commands.AskWho) -> list[Person]:
    mask = question.mask
    shown = [person for person in chat.people.values() if sees(chat, who, person.id)]
    if not mask:
        return shown
    if "!" in mask or "@" in mask:
        pattern = mask_of(mask)
        return [person for person in shown if matches(pattern, person.origin)]
    return [
        person for person in shown if any(matches(mask, getattr(person, field)) for field in question.fields)
    ]


def person(chat: Chat, who: int, question: commands.AskPerson, now: int) -> Items:
    """All that may be known of a person."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    found = chat.person_named(question.name)
    if found is None:
        return (replies.NoSuchPerson(question.name),)
    view = replies.PersonView(
        _seen(chat, who, found, None, now),
        tuple(
            (room.name, room.roles.get(found.id, 0))
            for room in chat.rooms_with(found.id)
            if chat.shows(room, who) and not chat.veils(room, who, found.id)
        ),
        chat.entered.get(found.id, 0),
        who == found.id or who in chat.owners,
        question.purpose,
        tuple(chat.metadata.of(found).items()),
        chat.absent.get(found.id, 0),
    )
    return (view,)


def gone(chat: Chat, _who: int, question: commands.AskGone) -> replies.Reply:
    """Those who had a name."""
    found = chat.gone.of(question.name)
    return replies.GoneView(question.name, tuple(found[: question.most or len(found)]))


def people(chat: Chat, who: int, question: commands.AskPeople) -> replies.Reply:
    """Those of some names who are here."""
    found = (chat.person_named(name) for name in question.names)
    return replies.PeopleView(
        tuple(_seen(chat, who, person, None) for person in found if person is not None), question.purpose
    )


def tell_time(chat: Chat, who: int, command: commands.AskTime, now: int) -> Items:
    """The time, which is a decision's and not the state's."""
    return (replies.TimeNow(now, command.purpose),) if who in chat.people else (replies.NotEntered(),)


def _seen(chat: Chat, who: int, person: Person, room: Room | None, now: int = 0) -> replies.Seen:
    if room is None:
        room = next(
            (
                room
                for room in chat.rooms_with(person.id)
                if chat.shows(room, who) and not chat.veils(room, who, person.id)
            ),
            None,
        )
    return replies.Seen(
        person,
        chat.away.get(person.id, ""),
        person.id in chat.owners,
        "" if room is None else room.name,
        0 if room is None else room.roles.get(person.id, 0),
        chat.person_flags.get(person.id, frozenset()),
        max(0, now - chat.spoke.get(person.id, chat.entered.get(person.id, 0))) // 1_000_000,
        (person.address or person.host) if who == person.id or who in chat.owners else "",
    )


ANSWERS: dict[type[commands.Question], Answerer] = {
    commands.AskWelcome: welcome,
    commands.AskCounts: counts,
    commands.AskRoom: room_view,
    commands.AskPresent: present,
    commands.AskNames: names,
    commands.AskMoved: moved,
    commands.AskTopic: topic,
    commands.AskFlags: flags,
    commands.AskMasks: masks,
    commands.AskInvitations: invitations,
    commands.AskPersonFlags: person_flags,
    commands.AskPeople: people,
    commands.AskGone: gone,
    commands.AskWatched: watched,
    commands.AskSubscribed: subscribed,
}

RULES: dict[type[commands.Command], Rule] = {
    **dict.fromkeys(ANSWERS, ask),
    commands.AskTime: tell_time,
    commands.AskRooms: rooms,
    commands.AskWho: who_is_there,
    commands.AskPerson: person,
}
"""Questions of which the answer hangs on the time are decided at once: nothing comes before them."""
