"""Questions about the state: each asks nothing but the state and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, replies
from asyncchat.core.names import mask_of, matches

if TYPE_CHECKING:
    from asyncchat.core.chat import Answerer, Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room


def ask(chat: Chat, who: int, command: commands.Question, _now: int) -> Items:
    """Lets the hub put the question, once what came before is applied."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    return (command,)


def welcome(chat: Chat, who: int, question: commands.AskWelcome) -> replies.Welcome:
    """The greeting."""
    return replies.Welcome(chat.people[who], counts(chat, who, commands.AskCounts()))


def counts(chat: Chat, _who: int, _question: commands.AskCounts) -> replies.Counts:
    """How many there are."""
    return replies.Counts(len(chat.people), len(chat.rooms), len(chat.owners), chat.most_people)


def room_view(chat: Chat, who: int, question: commands.AskRoom) -> replies.Reply:
    """A room's members and topic; of a room that is not there, none."""
    room = chat.room_named(question.room)
    if room is None:
        return replies.NoRoomView(question.room)
    return replies.RoomView(
        room.name, room.topic, room.blocks, len(room.seats), question.joining, chat.people[who]
    )


def topic(chat: Chat, _who: int, question: commands.AskTopic) -> replies.Reply | replies.Refusal:
    """A room's topic."""
    room = chat.room_named(question.room)
    return replies.NoSuchRoom(question.room) if room is None else replies.TopicView(room.name, room.topic)


def flags(chat: Chat, _who: int, question: commands.AskFlags) -> replies.Reply | replies.Refusal:
    """A room's rules."""
    room = chat.room_named(question.room)
    if room is None:
        return replies.NoSuchRoom(question.room)
    return replies.FlagsView(room.name, room.flags, room.opened)


def masks(chat: Chat, _who: int, question: commands.AskMasks) -> replies.Reply | replies.Refusal:
    """A room's bans or mutes."""
    room = chat.room_named(question.room)
    if room is None:
        return replies.NoSuchRoom(question.room)
    listed = room.mutes if question.mutes else room.bans
    return replies.MasksView(
        room.name,
        question.mutes,
        tuple(replies.MaskView(mask, mark.by, mark.time) for mask, mark in listed.items()),
    )


def rooms(chat: Chat, who: int, question: commands.AskRooms) -> replies.Reply:
    """The rooms there are, or those of the names that are there, the fullest first."""
    if question.names:
        chosen = [room for room in map(chat.room_named, question.names) if room is not None]
    else:
        chosen = sorted(chat.rooms.values(), key=lambda room: (-len(room.seats), room.key))
    return replies.RoomsView(
        tuple(
            replies.RoomLine(room.name, len(room.seats), room.topic.text if room.topic else "")
            for room in chosen
        ),
        frozenset(chat.rooms_of.get(who, ())),
    )


def who_is_there(chat: Chat, _who: int, question: commands.AskWho) -> replies.Reply:
    """The people a room's name, a name or a mask describes."""
    mask = question.mask
    room = chat.room_named(mask) if mask.startswith("#") else None
    if room is not None:
        found = [_seen(chat, member.person, room) for member in room.members()]
    elif mask.startswith("#"):
        found = []
    else:
        pattern = mask_of(mask) if mask else "*!*@*"
        exact = chat.person_named(mask)
        people = (
            [exact] if exact is not None else [p for p in chat.people.values() if matches(pattern, p.origin)]
        )
        found = [_seen(chat, person, None) for person in people]
    if question.owners_only:
        found = [seen for seen in found if seen.owner]
    return replies.WhoView(mask, tuple(found))


def person(chat: Chat, _who: int, question: commands.AskPerson) -> replies.Reply | replies.Refusal:
    """All that may be known of a person."""
    found = chat.person_named(question.name)
    if found is None:
        return replies.NoSuchPerson(question.name)
    return replies.PersonView(
        _seen(chat, found, None),
        tuple((room.name, found.id in room.operators) for room in chat.rooms_with(found.id)),
        chat.entered.get(found.id, 0),
    )


def people(chat: Chat, _who: int, question: commands.AskPeople) -> replies.Reply:
    """Those of some names who are here."""
    found = (chat.person_named(name) for name in question.names)
    return replies.PeopleView(
        tuple(_seen(chat, person, None) for person in found if person is not None), question.purpose
    )


def tell_time(chat: Chat, who: int, command: commands.AskTime, now: int) -> Items:
    """The time, which is a decision's and not the state's."""
    return (replies.TimeNow(now, command.purpose),) if who in chat.people else (replies.NotEntered(),)


def _seen(chat: Chat, person: Person, room: Room | None) -> replies.Seen:
    if room is None:
        room = next(iter(chat.rooms_with(person.id)), None)
    return replies.Seen(
        person,
        chat.away.get(person.id, ""),
        person.id in chat.owners,
        "" if room is None else room.name,
        room is not None and person.id in room.operators,
    )


ANSWERS: dict[type[commands.Question], Answerer] = {
    commands.AskWelcome: welcome,
    commands.AskCounts: counts,
    commands.AskRoom: room_view,
    commands.AskTopic: topic,
    commands.AskFlags: flags,
    commands.AskMasks: masks,
    commands.AskRooms: rooms,
    commands.AskWho: who_is_there,
    commands.AskPerson: person,
    commands.AskPeople: people,
}

RULES: dict[type[commands.Command], Rule] = {**dict.fromkeys(ANSWERS, ask), commands.AskTime: tell_time}
