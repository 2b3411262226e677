"""When devices of accounts were last connected, so that whoever returns reads what was missed.

A device is identified by its account and the user name its client gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import applies

DEVICES: Final = 20
"""Devices of one account that are remembered, those that were here last."""


class LastSeen(msgspec.Struct, frozen=True):
    """A device was here until ``time`` (microseconds since 1970 UTC; 0: it is), in rooms with these keys.

    None: nobody knows in which, as after a run that ended without a word.
    """

    time: int
    rooms: tuple[str, ...] | None = None


class SeenDevices(Part, dict[str, dict[str, LastSeen]]):
    """When the devices of accounts were here, by the accounts' keys and by device."""

    def forget_account(self, account: str) -> None:
        """An account is no more."""
        self.pop(account, None)

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return {account: dict(devices) for account, devices in self.items()}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for key, devices in self.items():
            for device, seen in devices.items():
                yield DeviceLastSeen(chat.accounts[key].name, device, seen.time, seen.rooms)


class DeviceLastSeen(Event, frozen=True, tag="device", omit_defaults=True):
    """A device of an account is here (no time), or was, until then in these rooms, as in
    ``seen.LastSeen``.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    account: str
    device: str
    time: int = 0
    rooms: tuple[str, ...] | None = None


def missed_since(chat: Chat, account: str, device: str) -> LastSeen | None:
    """Since when a device of an account, which comes back, was not here; None: that is not known.

    One that was never here takes up where the account was last, if nobody is here with it.
    """
    known = SeenDevices.of(chat).get(fold(account), {})
    seen = known.get(device)
    if seen is None and known and all(one.time for one in known.values()):
        seen = max(known.values(), key=lambda one: one.time)
    return seen if seen is not None and seen.time else None


def devices_online(chat: Chat, me: Person) -> Iterator[DeviceLastSeen]:
    """That the devices of somebody who is logged in from now on are here."""
    return (DeviceLastSeen(me.account, device) for device in _devices(chat, me))


def devices_offline(chat: Chat, me: Person, now: int) -> Iterator[DeviceLastSeen]:
    """That the devices of somebody were here until now."""
    rooms = chat.rooms.joined.get(me.id, ())
    return (DeviceLastSeen(me.account, device, now, rooms) for device in _devices(chat, me) if me.account)


def _devices(chat: Chat, me: Person) -> list[str]:
    return sorted(
        {device_of(chat, me, session_id) for session_id in chat.sessions.several.get(me.id, (me.id,))}
    )


def device_of(chat: Chat, me: Person, session_id: int) -> str:
    """The device that a session of a person is."""
    return chat.sessions.device_labels.get(session_id, me.user)


def devices_last_seen(chat: Chat, last: int) -> Iterator[Event]:
    """That the devices which were here when the run before ended were so until then."""
    for key, devices in SeenDevices.of(chat).items():
        for device, seen in devices.items():
            if not seen.time:
                yield DeviceLastSeen(chat.accounts[key].name, device, last)


@applies(DeviceLastSeen)
def _device_last_seen(chat: Chat, event: DeviceLastSeen) -> None:
    key = fold(event.account)
    if key not in chat.accounts:
        return
    devices = SeenDevices.of(chat).setdefault(key, {})
    devices[event.device] = LastSeen(event.time, event.rooms)
    if len(devices) > DEVICES:
        gone = [name for name, seen in devices.items() if seen.time and name != event.device]
        for name in sorted(gone, key=lambda name: devices[name].time)[: len(devices) - DEVICES]:
            del devices[name]
