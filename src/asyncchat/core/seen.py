"""When devices of accounts were last here, so that who comes back reads what was said since.

Owns what is kept of it. A device is told by its account and the user name its client gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from asyncchat.core import events
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.core.people import Person

DEVICES: Final = 20
"""Devices of one account that are remembered, those that were here last."""


class Visit(msgspec.Struct, frozen=True):
    """A device was here until ``time`` (microseconds since 1970 UTC; 0: it is), in rooms with these keys.

    None: nobody knows in which, as after a run that ended without a word.
    """

    time: int
    rooms: tuple[str, ...] | None = None


def missed_by(chat: Chat, account: str, device: str) -> Visit | None:
    """Since when a device of an account, which comes back, was not here; None: that is not known.

    One that was never here takes up where the account was last, if nobody is here with it.
    """
    known = chat.seen.get(fold(account), {})
    seen = known.get(device)
    if seen is None and known and all(one.time for one in known.values()):
        seen = max(known.values(), key=lambda one: one.time)
    return seen if seen is not None and seen.time else None


def here(chat: Chat, me: Person) -> Iterator[events.DeviceSeen]:
    """That the devices of somebody who is logged in from now on are here."""
    return (events.DeviceSeen(me.account, device) for device in _devices(chat, me))


def gone(chat: Chat, me: Person, now: int) -> Iterator[events.DeviceSeen]:
    """That the devices of somebody were here until now."""
    rooms = chat.rooms_of.get(me.id, ())
    return (events.DeviceSeen(me.account, device, now, rooms) for device in _devices(chat, me) if me.account)


def _devices(chat: Chat, me: Person) -> list[str]:
    return sorted({device_of(chat, me, session) for session in chat.devices.get(me.id, (me.id,))})


def device_of(chat: Chat, me: Person, session: int) -> str:
    """The device that a session of a person is."""
    return chat.labels.get(session, me.user)
