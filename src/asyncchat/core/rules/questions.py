"""Questions about the state: each asks nothing but the state and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, replies
from asyncchat.core.names import mask_of, matches

if TYPE_CHECKING:
    from asyncchat.core.chat import Answerer, Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room


_MINUTE = 60_000_000
"""A minute in microseconds."""


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


def rooms(chat: Chat, who: int, question: commands.AskRooms, now: int) -> Items:
    """The rooms there are, or those of the names that are there, the fullest first."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    if question.names and not question.masks:
        chosen = [room for room in map(chat.room_named, question.names) if room is not None]
    else:
        chosen = sorted(chat.rooms.values(), key=lambda room: (-len(room.seats), room.key))
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
    room = chat.room_named(mask) if mask.startswith("#") else None
    if room is not None:
        found = [_seen(chat, member.person, room, now) for member in room.members()]
    elif mask.startswith("#"):
        found = []
    else:
        exact = chat.person_named(mask)
        people = [exact] if exact is not None else _described(chat, question)
        found = [_seen(chat, person, None, now) for person in people]
    if question.owners_only:
        found = [seen for seen in found if seen.owner]
    return (replies.WhoView(mask, tuple(found), question.purpose),)


def _described(chat: Chat, question: commands.AskWho) -> list[Person]:
    mask = question.mask
    if not mask:
        return list(chat.people.values())
    if "!" in mask or "@" in mask:
        pattern = mask_of(mask)
        return [person for person in chat.people.values() if matches(pattern, person.origin)]
    return [
        person
        for person in chat.people.values()
        if any(matches(mask, getattr(person, field)) for field in question.fields)
    ]


def person(chat: Chat, who: int, question: commands.AskPerson, now: int) -> Items:
    """All that may be known of a person."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    found = chat.person_named(question.name)
    if found is None:
        return (replies.NoSuchPerson(question.name),)
    view = replies.PersonView(
        _seen(chat, found, None, now),
        tuple((room.name, found.id in room.operators) for room in chat.rooms_with(found.id)),
        chat.entered.get(found.id, 0),
        who == found.id or who in chat.owners,
        question.purpose,
    )
    return (view,)


def gone(chat: Chat, _who: int, question: commands.AskGone) -> replies.Reply:
    """Those who had a name."""
    found = chat.gone.of(question.name)
    return replies.GoneView(question.name, tuple(found[: question.most or len(found)]))


def people(chat: Chat, _who: int, question: commands.AskPeople) -> replies.Reply:
    """Those of some names who are here."""
    found = (chat.person_named(name) for name in question.names)
    return replies.PeopleView(
        tuple(_seen(chat, person, None) for person in found if person is not None), question.purpose
    )


def tell_time(chat: Chat, who: int, command: commands.AskTime, now: int) -> Items:
    """The time, which is a decision's and not the state's."""
    return (replies.TimeNow(now, command.purpose),) if who in chat.people else (replies.NotEntered(),)


def _seen(chat: Chat, person: Person, room: Room | None, now: int = 0) -> replies.Seen:
    if room is None:
        room = next(iter(chat.rooms_with(person.id)), None)
    return replies.Seen(
        person,
        chat.away.get(person.id, ""),
        person.id in chat.owners,
        "" if room is None else room.name,
        room is not None and person.id in room.operators,
        max(0, now - chat.spoke.get(person.id, chat.entered.get(person.id, 0))) // 1_000_000,
    )


ANSWERS: dict[type[commands.Question], Answerer] = {
    commands.AskWelcome: welcome,
    commands.AskCounts: counts,
    commands.AskRoom: room_view,
    commands.AskTopic: topic,
    commands.AskFlags: flags,
    commands.AskMasks: masks,
    commands.AskPeople: people,
    commands.AskGone: gone,
}

RULES: dict[type[commands.Command], Rule] = {
    **dict.fromkeys(ANSWERS, ask),
    commands.AskTime: tell_time,
    commands.AskRooms: rooms,
    commands.AskWho: who_is_there,
    commands.AskPerson: person,
}
"""Questions of which the answer hangs on the time are decided at once: nothing comes before them."""
