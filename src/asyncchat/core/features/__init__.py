"""The features of a chat, one module for each: commands, events, replies, handlers, appliers, state.

Importing this folder imports and so registers all of them; a new feature is a new module here.
"""

import pkgutil
from collections.abc import Iterator
from typing import Any, Final, Union

from asyncchat.core.events import Event
from asyncchat.core.features import audit

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    __import__(_module.name)


def _concrete(base: type[Event]) -> Iterator[type[Event]]:
    for event in base.__subclasses__():
        if event.__struct_config__.tag != event.__name__:  # else a base class: it has no tag of its own
            yield event
        yield from _concrete(event)


_ALL_EVENTS = tuple(_concrete(Event))

EVENTS: Final = tuple(event for event in _ALL_EVENTS if not event.retired)
"""Every event that can happen."""

ANY_EVENT: Final[Any] = Union[_ALL_EVENTS]  # noqa: UP007  # a union of a tuple
"""These and the retired ones as a type, to decode what the log holds."""

audit.RoomAct = ANY_EVENT  # msgspec resolves the annotation when it decodes for the first time
