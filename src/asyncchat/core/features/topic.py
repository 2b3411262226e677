"""Topics of rooms.

Owns who may set one.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Retention, Stream
from asyncchat.core.features.audit import note_secret
from asyncchat.core.features.history_access import topic_shown
from asyncchat.core.features.messages import CannotSpeak, silence
from asyncchat.core.modes import TOPIC_LOCKED
from asyncchat.core.names import fold
from asyncchat.core.people import Person, from_origin
from asyncchat.core.permissions import about_room
from asyncchat.core.registry import Items, answers, applies, notes, snapshots_room
from asyncchat.core.replies import NoSuchRoom, NotOperator, Refusal, Reply, TextTooLong
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room, Topic
from asyncchat.core.text import TOPIC_BYTES, size


class GetTopic(Query, frozen=True):
    """A room's topic."""

    room: str


class SetTopic(Command, frozen=True):
    """Set a room's topic; an empty text removes it."""

    audited: ClassVar[bool] = True
    room: str
    text: str


class TopicChanged(Event, frozen=True, tag="topic"):
    """A room's topic was changed, or removed (empty). ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    person: Person
    text: str
    time: int

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return TOPIC_LOCKED not in room.flags or super().allowed_by_role(room, person_id)


class TopicView(Reply, frozen=True):
    """A room's topic, or None."""

    room: str
    topic: Topic | None


@notes(GetTopic)
def _note(chat: Chat, person_id: int, query: GetTopic, now: int) -> Iterable[Event]:
    room = chat.room_named(query.room)
    return () if room is None else note_secret(chat, person_id, room, now)


@answers(GetTopic)
def topic(chat: Chat, person_id: int, query: GetTopic) -> Reply | Refusal:
    """A room's topic."""
    room = chat.room_shown(query.room, person_id)
    return (
        NoSuchRoom(query.room) if room is None else TopicView(room.name, topic_shown(chat, person_id, room))
    )


@about_room(SetTopic)
def set_topic(chat: Chat, me: Person, room: Room, command: SetTopic, now: int) -> Items:
    """Sets a topic; only moderators may if it is locked; server operators may without being members."""
    if not chat.may(me.id, room, Right.MODERATE):
        if TOPIC_LOCKED in room.flags:
            return (NotOperator(room.name),)
        reason = silence(chat, me, room)
        if reason is not None:
            return (CannotSpeak(room.name, reason),)
    if size(command.text) > TOPIC_BYTES:
        return (TextTooLong(TOPIC_BYTES),)
    if not command.text and room.topic is None:
        return ()
    return (TopicChanged(room.name, me, command.text, now),)


@applies(TopicChanged)
def _topic_changed(chat: Chat, event: TopicChanged) -> None:
    topic = Topic(event.text, event.person.origin, event.time) if event.text else None
    chat.rooms[fold(event.room)].topic = topic


@snapshots_room
def _snapshot(room: Room) -> Iterator[Event]:
    if room.topic is not None:
        yield TopicChanged(room.name, from_origin(room.topic.by), room.topic.text, room.topic.time)
