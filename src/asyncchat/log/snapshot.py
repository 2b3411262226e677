"""Snapshots: a short list of facts that give the same chat as the long list they stand for.

Owns what of a chat outlives a run; must not know where facts are kept.
"""

from collections.abc import Iterator

from asyncchat.core import events
from asyncchat.core.chat import Chat
from asyncchat.core.events import AnyEvent
from asyncchat.core.people import Person, from_origin
from asyncchat.core.rooms import FLAGS, Mark, Room

_NOBODY = from_origin("")
"""Stands where a fact names who caused it and the chat's state does not keep who that was."""


def snapshot(chat: Chat) -> tuple[AnyEvent, ...] | None:
    """The facts of kind ``Kept.STATE`` that give the rooms and the ownership of a chat without people.

    Returns:
        The facts, or None when they would not give the same chat: then the long list has to stay. That can
        only be where the chat learned to keep something that this function does not know of yet.
    """
    facts = tuple(_facts(chat))
    return facts if Chat.replay(facts).state() == chat.state() else None


def _facts(chat: Chat) -> Iterator[AnyEvent]:
    if chat.owner_claimed:
        yield events.OwnerClaimed(_NOBODY)
    for room in chat.rooms.values():
        yield from _room(room)


def _room(room: Room) -> Iterator[AnyEvent]:
    yield events.RoomOpened(room.name, room.opened)
    if room.topic is not None:
        topic = room.topic
        yield events.TopicChanged(room.name, from_origin(topic.by), topic.text, topic.time)
    # A room is opened with all its flags on.
    for flag in (*FLAGS, *sorted(room.flags.difference(FLAGS))):
        if (flag in room.flags) != (flag in FLAGS):
            yield events.FlagChanged(room.name, _NOBODY, flag, flag in room.flags)
    for mask, by in room.bans.items():
        yield events.BanChanged(room.name, *_marked(mask, by))
    for mask, by in room.mutes.items():
        yield events.MuteChanged(room.name, *_marked(mask, by))


def _marked(mask: str, mark: Mark) -> tuple[Person, str, bool, int]:
    return from_origin(mark.by), mask, True, mark.time
