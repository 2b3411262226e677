"""Defaults of rooms: what the configuration states for them.

Owns the events that set it. What people have set has priority: a room keeps its topic, and the flags and
settings are set only while everything in the room has its default.
"""

from collections.abc import Iterator, Mapping

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event
from asyncchat.core.features.room_modes import FlagChanged, SettingChanged
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.modes import OPENED_FLAGS
from asyncchat.core.people import from_origin
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import Items, handles


class RoomDefaults(msgspec.Struct, frozen=True):
    """What a new room has: a topic, flags (``modes.FLAGS``) on or off, and settings (``modes.SETTINGS``).

    ``keep_days``: what is older is removed, in an old room too; 0: nothing.
    """

    topic: str = ""
    flags: Mapping[str, bool] = {}
    settings: Mapping[str, str] = {}
    keep_days: int = 0


class SetRoomDefaults(Command, frozen=True):
    """Give rooms their defaults, by their names; only the server called ``by`` itself asks that."""

    rooms: Mapping[str, RoomDefaults]
    by: str


@handles(SetRoomDefaults)
def set_room_defaults(chat: Chat, person_id: int, command: SetRoomDefaults, now: int) -> Items:
    """Gives rooms what the server's configuration states."""
    return tuple(configured(chat, command.rooms, command.by, now)) if person_id == SERVER else ()


def configured(chat: Chat, rooms: Mapping[str, RoomDefaults], by: str, now: int) -> Iterator[Event]:
    """The events that give rooms their defaults, where people have set nothing.

    Args:
        chat: the state.
        rooms: the defaults, by the room's name.
        by: the server's name, as the author.
        now: microseconds since 1970 UTC.
    """
    author = from_origin(by)
    for name, defaults in rooms.items():
        room = chat.room_named(name)
        spelled = name if room is None else room.name
        events: list[Event] = []
        if defaults.topic and (room is None or room.topic is None):
            events.append(TopicChanged(spelled, author, defaults.topic, now))
        if room is None or chat.is_default(room):
            events += (
                FlagChanged(spelled, author, flag, on)
                for flag, on in defaults.flags.items()
                if on != (flag in OPENED_FLAGS)
            )
            events += (
                SettingChanged(spelled, author, setting, value)
                for setting, value in defaults.settings.items()
            )
        if events and room is None:
            yield RoomOpened(name, now)
        yield from events
