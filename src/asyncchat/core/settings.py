"""What a configuration states for rooms, as facts.

Owns that it yields to what people set: a room that has a topic keeps it.
"""

from collections.abc import Iterator, Mapping

from asyncchat.core import events
from asyncchat.core.chat import Chat
from asyncchat.core.people import from_origin


def configured(chat: Chat, topics: Mapping[str, str], by: str, now: int) -> Iterator[events.AnyEvent]:
    """The facts that give rooms their stated topics, where they have none.

    Args:
        chat: the state as it is.
        topics: by room.
        by: the server's name, which sets them.
        now: microseconds since 1970 UTC.
    """
    for name, topic in topics.items():
        room = chat.room_named(name)
        if not topic or (room is not None and room.topic is not None):
            continue
        if room is None:
            yield events.RoomOpened(name, now)
        yield events.TopicChanged(name if room is None else room.name, from_origin(by), topic, now)
