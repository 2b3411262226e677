"""Rooms in the configuration: ``[rooms."#NAME"]``.

Owns what is valid; must not know what the settings do.
"""

from collections.abc import Mapping

from asyncchat.core.features.room_defaults import RoomDefaults
from asyncchat.core.modes import FLAGS, OPENED_FLAGS, SETTING_TABLE
from asyncchat.core.names import room_fault
from asyncchat.core.text import TOPIC_BYTES, size

ROOM_KEYS = ("topic", "keep_days", *FLAGS, *(setting.name for setting in SETTING_TABLE))
"""The keys that ``[rooms."#name"]`` may have."""


def room_setting(name: str, stated: Mapping[str, object]) -> RoomDefaults:
    """A room's settings, from its table in the file.

    Raises:
        ValueError: one is not valid; the message says why.
    """
    reason = room_fault(name)
    if reason is not None:
        raise ValueError(f"a room can't be called {name}: {reason}")
    topic = stated.get("topic", "")
    if not isinstance(topic, str) or not topic.isprintable() or size(topic) > TOPIC_BYTES:
        raise ValueError(f"the topic must be one line of at most {TOPIC_BYTES} bytes")
    flags = {}
    for flag in FLAGS:
        on = stated.get(flag, flag in OPENED_FLAGS)
        if not isinstance(on, bool):
            raise ValueError(f"{flag} must be true or false")
        flags[flag] = on
    settings = {}
    for setting in SETTING_TABLE:
        value = stated.get(setting.name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise ValueError(f"{setting.name} must be a text or a number")
            fault = setting.fault(str(value))
            if fault is not None:
                raise ValueError(f"{setting.name}: {fault}")
            settings[setting.name] = str(value)
    days = stated.get("keep_days", 0)
    if type(days) is not int or not 0 <= days <= 100_000:
        raise ValueError("keep_days must be a number of days up to 100000, or 0")
    return RoomDefaults(
        topic, {f: on for f, on in flags.items() if on != (f in OPENED_FLAGS)}, settings, days
    )
