"""What a configuration states for rooms, as facts.

It yields to what people set: a room that has a topic keeps it, and one where anything is set keeps that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.events import Event
from asyncchat.core.features.room_modes import FlagChanged, SettingChanged
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.modes import OPENED_FLAGS
from asyncchat.core.people import from_origin

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class RoomDefaults(msgspec.Struct, frozen=True):
    """What a room has from the start: a topic, flags (``modes.FLAGS``) on or off, and ``modes.SETTINGS``."""

    topic: str = ""
    flags: Mapping[str, bool] = {}
    settings: Mapping[str, str] = {}


def configured(chat: Chat, rooms: Mapping[str, RoomDefaults], by: str, now: int) -> Iterator[Event]:
    """The facts that give rooms what is stated for them, where nobody has set anything.

    Args:
        chat: the state as it is.
        rooms: by name.
        by: the server's name, which sets it.
        now: microseconds since 1970 UTC.
    """
    setter = from_origin(by)
    for name, stated in rooms.items():
        room = chat.room_named(name)
        there = name if room is None else room.name
        facts: list[Event] = []
        if stated.topic and (room is None or room.topic is None):
            facts.append(TopicChanged(there, setter, stated.topic, now))
        if room is None or chat.is_default(room):
            facts += (
                FlagChanged(there, setter, flag, on)
                for flag, on in stated.flags.items()
                if on != (flag in OPENED_FLAGS)
            )
            facts += (
                SettingChanged(there, setter, setting, value) for setting, value in stated.settings.items()
            )
        if facts and room is None:
            yield RoomOpened(name, now)
        yield from facts
