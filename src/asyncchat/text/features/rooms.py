"""Rooms: who joins and leaves, topics, the list of rooms, and why a person can't join."""

from collections.abc import Iterable

from asyncchat.core.commands import Command
from asyncchat.core.features import invites, join, queries, rooms
from asyncchat.core.features.topic import GetTopic, SetTopic, TopicChanged, TopicView
from asyncchat.core.names import fold
from asyncchat.core.replies import NoSuchRoom, NotMember, NotThere
from asyncchat.core.rooms import Block, Topic
from asyncchat.text.sentences import (
    NAMES_SHOWN,
    FeatureText,
    because,
    capitalized,
    counted,
    first_names,
    in_room,
    is_lobby,
    place,
    untold,
)
from asyncchat.text.slash import Section, SlashCommands, SlashContext, is_room, name_and_rest, room_from
from asyncchat.text.times import Zone

slash = SlashCommands()

slash("rooms", "", "Lists the rooms.", Section.BASICS, aliases=("list",))(
    lambda _session, _text: queries.GetRooms()
)

ROOMS_SHOWN = 200
"""Rooms that one list shows, the fullest first."""


@slash(
    "join",
    "#ROOM [KEY]",
    "Joins a room, or goes back to it; what you type then goes there. The key may be an invitation code.",
    Section.BASICS,
    aliases=("room",),
)
def _join(_session: SlashContext, text: str) -> Command | None:
    room, key = name_and_rest(text)
    return join.joining_with(room_from(room), key) if room and " " not in key else None


@slash("part", "[#ROOM] [REASON]", "Leaves the room; what you type then goes to another one.", Section.BASICS)
def _part(session: SlashContext, text: str) -> Command | str:
    room, reason = name_and_rest(text) if is_room(text) else (session.room, text)
    if is_lobby(room) and is_lobby(session.room) and not text:
        return "You are in the lobby: /quit leaves the chat."
    return join.Part(room, reason)


@slash("topic", "[TEXT|-]", "Shows the room's topic, sets it, or removes it (-).", Section.ROOMS)
def _topic(session: SlashContext, text: str) -> Command:
    if not text:
        return GetTopic(session.room)
    return SetTopic(session.room, "" if text == "-" else text)


def hello(view: join.RoomView) -> str:
    """The original's greeting: everyone's names in the order in which they came, the newcomer's last."""
    name = view.person.name
    if view.size <= 1:
        return f"Hello, {name}!"
    others = first_names(_names(view.blocks, besides=view.person.id), view.size - 1)
    return f"Hello, {name}! {', '.join((*others, name))} are in the chat"


def others_here(view: join.RoomView) -> str:
    """Who else is in a room just joined, in a sentence."""
    if view.size <= 1:
        return "Nobody else is here."
    names = first_names(_names(view.blocks, besides=view.person.id), view.size - 1)
    return f"Also here: {', '.join(names)}."


def topic_line(room: str, topic: Topic | None) -> str:
    """A room's topic, or nothing."""
    return in_room(room, f"The topic is: {topic.text}") if topic is not None else ""


def room_lines(view: join.RoomView) -> list[str]:
    """A room's members."""
    names = [member.person.name for block in view.blocks for member in block.members]
    return [in_room(view.room, f"People here: {', '.join(first_names(names, view.size))}")]


def _names(blocks: Iterable[Block], besides: int) -> list[str]:
    names: list[str] = []
    for block in blocks:
        names += [member.person.name for member in block.members if member.person.id != besides]
        if len(names) > NAMES_SHOWN:
            break
    return names


def _joined(event: rooms.Joined) -> str:
    name = event.person.name
    return f"{name} is online" if is_lobby(event.room) else f"[{event.room}] {name} joined"


def _parted(event: rooms.Parted) -> str:
    where = "the lobby" if is_lobby(event.room) else "the room"
    return in_room(event.room, f"{event.person.name} left {where}{because(event.reason)}")


def _topic_changed(event: TopicChanged) -> str:
    what = f"set the topic: {event.text}" if event.text else "removed the topic"
    return in_room(event.room, f"{event.person.name} {what}")


def _topic_view(view: TopicView, zone: Zone) -> list[str]:
    if view.topic is None:
        return [f"{capitalized(place(view.room))} has no topic."]
    by = view.topic.by.partition("!")[0]
    return [topic_line(view.room, view.topic), f"Set by {by}, {zone.moment(view.topic.time)}."]


def _rooms_view(view: queries.RoomsView, _zone: Zone) -> list[str]:
    if not view.rooms:
        return ["There are no rooms; /join #NAME opens one."]
    lines = []
    for line in view.rooms[:ROOMS_SHOWN]:
        mine = ", you are in it" if fold(line.room) in view.mine else ""
        topic = f": {line.topic}" if line.topic else ""
        lines.append(f"{line.room} ({counted(line.size, 'person', 'people')}{mine}){topic}")
    if len(view.rooms) > ROOMS_SHOWN:
        lines.append(f"… and {len(view.rooms) - ROOMS_SHOWN:,} smaller rooms")
    return lines


TEXT = FeatureText(
    commands=slash,
    events={rooms.Joined: _joined, rooms.Parted: _parted, TopicChanged: _topic_changed},
    own_events={
        rooms.Joined: untold,  # the room's members and topic follow
        rooms.Parted: lambda event: f"You left {place(event.room)}.",
    },
    replies={
        join.RoomView: lambda view, _: room_lines(view),
        join.NoRoomView: lambda reply, _: [f"There is no room {reply.room}."],
        join.HistoryIsHidden: lambda reply, _: [
            f"Nobody was in {reply.room}, which is not open to everyone. "
            "What was said there before is hidden from you. "
            "To keep a room's history, log in to an account and /claim the room."
        ],
        TopicView: _topic_view,
        queries.RoomsView: _rooms_view,
        join.Forwarded: lambda reply, _: [
            f"{reply.room} is now called {reply.to}."
            if reply.renamed
            else f"You may not join {reply.room} and are sent to {reply.to}."
        ],
    },
    refusals={
        NoSuchRoom: lambda r: (
            f"There is no room {r.room}; /rooms lists them."
            if is_room(r.room)
            else f"That is done in a room, and {r.room or 'this'} is none; /rooms lists them."
        ),
        join.RoomNotAllowed: lambda r: f"A room can't be called {r.room}: {r.reason}.",
        join.TooManyRooms: lambda r: f"No place for {r.room}: the limit is {r.limit:,} rooms.",
        join.TooManyRoomsOpened: lambda r: (
            f"{r.room} is not opened: people from your address have opened {r.limit:,} rooms. "
            "Join one that is open, or leave one that nobody needs."
        ),
        NotMember: lambda r: f"You are not in {place(r.room)}.",
        NotThere: lambda r: f"{r.name} is not in {place(r.room)}.",
        invites.AlreadyThere: lambda r: f"{r.name} is already in {place(r.room)}.",
        join.WrongKey: lambda r: f"{r.room} has a key: /join {r.room} KEY",
        join.RoomFull: lambda r: f"{r.room} is full.",
        join.Banned: lambda r: f"You are banned from {place(r.room)}.",
    },
)
