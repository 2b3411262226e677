"""Membership of rooms, and their topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.lookalikes import looks, mixed
from asyncchat.core.modes import ACCOUNTS_ONLY, BANS, FORWARD, GUESTS, INVITE_ONLY, KEY, LIMIT, TOPIC_LOCKED
from asyncchat.core.names import LOBBY, fold, room_fault
from asyncchat.core.roles import Right
from asyncchat.core.rules.founding import granted
from asyncchat.core.text import TOPIC_BYTES, size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room

ROOMS_EACH = 100
"""Rooms one person may be in (the IRC dialect's CHANLIMIT): more than anyone reads, few enough for a quit."""

ROOMS_IN_ALL = 20_000
"""Rooms there may be: each costs a kilobyte, so a script that opens rooms can't fill the memory."""


def _make_place(chat: Chat, me: Person) -> tuple[events.RoomClosed, ...]:
    """Closes the youngest room that nobody is in, so that rooms kept for a topic alone can't fill the server.

    Not for one who is just entering: its other rooms of the same decision would ask for the same place.
    """
    empty = [room for room in chat.rooms.values() if not (room.seats or room.founder) and room.key != LOBBY]
    if not empty or me.id not in chat.people:
        return ()
    return (events.RoomClosed(max(empty, key=lambda room: room.opened).name),)


def join(chat: Chat, who: int, command: commands.Join, now: int) -> Items:
    """Makes a person a member; a room's first member opens it and is its operator, but for the lobby."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    moved = chat.rooms[chat.moved[fold(command.room)]] if fold(command.room) in chat.moved else None
    # A member knows of the other name: who asks for the old one all the same wants a room of its own.
    if moved is not None and who not in moved.seats and chat.shows(moved, who):
        if not command.follow:
            return (replies.RoomHasMoved(command.room, moved.name),)
        there = joining(chat, me, moved.name, now, key=command.key, forwarded=True)
        return (replies.Forwarded(command.room, moved.name, renamed=True), *there)
    return joining(chat, me, command.room, now, key=command.key)


def joining(
    chat: Chat,
    me: Person,
    name: str,
    now: int,
    joined: int | None = None,
    key: str = "",
    forwarded: bool = False,
    away: str | None = None,
) -> Items:
    """What joining a room gives, for a person who may just be entering and has ``joined`` so many so far."""
    given = key
    key = fold(name)
    if away is None:
        away = chat.away.get(me.id, "")
    room = chat.rooms.get(key)
    if room is not None and me.id in room.seats:
        return ()
    if (len(chat.rooms_of.get(me.id, ())) if joined is None else joined) >= ROOMS_EACH:
        return (replies.TooManyRooms(name, ROOMS_EACH),)
    if room is None:
        reason = room_fault(name) or imitation(chat, name)
        if reason is not None:
            return (replies.RoomNotAllowed(name, reason),)
        place: tuple[events.RoomClosed, ...] = ()
        if len(chat.rooms) >= ROOMS_IN_ALL:
            place = _make_place(chat, me)
            if not place:
                return (replies.TooManyRooms(name, ROOMS_IN_ALL),)
        opened = events.RoomOpened(name, now)
        return (
            *place,
            opened,
            events.Joined(name, me, key != LOBBY, away),
            commands.AskRoom(name, joining=True),
        )
    refusal = _kept_out(chat, room, me, given)
    if refusal is not None:
        to = "" if forwarded else room.settings.get(FORWARD, "")
        if fold(to) not in chat.rooms:
            return (refusal,)
        return (replies.Forwarded(room.name, to), *joining(chat, me, to, now, joined, given, True, away))
    first = not room.seats and key != LOBBY and not room.founder
    joined_now = events.Joined(room.name, me, first, away)
    role = granted(room, me) if me.account else ()
    return (joined_now, *role, commands.AskRoom(room.name, joining=True))


def imitation(chat: Chat, name: str) -> str | None:
    """Why a room may not be opened under a name that looks like another one, as half a sentence."""
    if chat.ascii_names and not name.isascii():
        return "only letters of ASCII are allowed here"
    if mixed(name):
        return "it mixes letters of several scripts in a word"
    look = looks(name)
    return f"it looks like {chat.rooms[look].name}" if look != fold(name) and look in chat.rooms else None


def _kept_out(chat: Chat, room: Room, me: Person, key: str) -> replies.Refusal | None:
    """Why a person may not join a room that is there, or None; the owner enters everywhere."""
    if me.id in chat.owners or chat.invitations.get(me.id, {}).get(room.key):
        return None
    if room.role_of(me.account):
        return None
    if room.masks[BANS] and room.bans_person(me):
        return replies.Banned(room.name)
    if ACCOUNTS_ONLY in room.flags and not me.account:
        return replies.NeedsAccount(room.name)
    # Where nobody is left who could invite, the room would be lost, unless it has a list of guests.
    if INVITE_ONLY in room.flags and (room.seats or room.masks[GUESTS]) and not room.lists(GUESTS, me):
        return replies.NotInvited(room.name)
    settings = room.settings
    if settings:
        if KEY in settings and settings[KEY] != key:
            return replies.WrongKey(room.name)
        if LIMIT in settings and len(room.seats) >= int(settings[LIMIT]):
            return replies.RoomFull(room.name)
    return None


def part(chat: Chat, who: int, command: commands.Part, _now: int) -> Items:
    """Takes a person out of one room."""
    room = membership(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    return (events.Parted(room.name, chat.people[who], command.reason), *closing(room))


def part_all(chat: Chat, who: int, command: commands.PartAll, _now: int) -> Items:
    """Takes a person out of all its rooms."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    facts: list[events.AnyEvent] = []
    for room in chat.rooms_with(who):
        facts.append(events.Parted(room.name, me, command.reason))
        facts.extend(closing(room))
    return tuple(facts)


def set_topic(chat: Chat, who: int, command: commands.SetTopic, now: int) -> Items:
    """Sets a topic; where it is locked, those alone may who keep order; the owner may from outside too."""
    room = with_right(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    if TOPIC_LOCKED in room.flags and not chat.may(who, room, Right.KEEP_ORDER):
        return (replies.NotOperator(room.name),)
    if size(command.text) > TOPIC_BYTES:
        return (replies.TextTooLong(TOPIC_BYTES),)
    if not command.text and room.topic is None:
        return ()
    return (events.TopicChanged(room.name, chat.people[who], command.text, now),)


def membership(chat: Chat, who: int, name: str) -> Room | replies.Refusal:
    """The room, if the asker is a member of it, else why not."""
    if who not in chat.people:
        return replies.NotEntered()
    room = chat.rooms.get(fold(name))
    if room is None:
        return replies.NoSuchRoom(name)
    if who in room.seats:
        return room
    return replies.NotMember(room.name) if chat.shows(room, who) else replies.NoSuchRoom(name)


def with_right(chat: Chat, who: int, name: str, right: Right | None = None) -> Room | replies.Refusal:
    """The room, if the asker's role allows this there; the owner may everything, from outside too."""
    if who in chat.owners:
        room = chat.room_named(name)
        return replies.NoSuchRoom(name) if room is None else room
    found = membership(chat, who, name)
    if isinstance(found, replies.Refusal) or right is None or chat.may(who, found, right):
        return found
    return replies.NotOperator(found.name)


def closing(room: Room) -> tuple[events.RoomClosed, ...]:
    """What else happens when one member leaves: the last one's leaving closes a room with nothing set."""
    if len(room.seats) == 1 and room.plain and room.key != LOBBY:
        return (events.RoomClosed(room.name),)
    return ()


RULES: dict[type[commands.Command], Rule] = {
    commands.Join: join,
    commands.Part: part,
    commands.PartAll: part_all,
    commands.SetTopic: set_topic,
}
