"""When the devices of accounts were last connected, so that people who return can read what they missed.

Owns these times. A device is identified by its account and the user name that its client gives; somebody
without an account, for a short time, by name, user name and address.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.presence import Left
from asyncchat.core.features.rooms import Kicked, Parted
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import applies, follows

DEVICES_EACH: Final = 20
"""Devices that are remembered of one account: those that were connected last."""


GUEST_RETURN: Final = 1_800_000_000
"""Microseconds within which a guest returns who is told only what was missed."""

MAX_GUESTS: Final = 1000
"""Guests who left that are remembered, the last ones."""


class LastSeen(msgspec.Struct, frozen=True):
    """A device was connected until ``time`` (microseconds since 1970 UTC; 0: it still is).

    ``rooms`` are the keys of the rooms that it was in, at its last visit if it is connected; None: unknown,
    as after a crash. ``left`` are those of them that the person has left since.
    """

    time: int
    rooms: tuple[str, ...] | None = None
    left: tuple[str, ...] = ()


class SeenDevices(Part, dict[str, dict[str, LastSeen]]):
    """When devices were last connected, by the accounts' keys and by device."""

    def forget_account(self, account: str) -> None:
        """Forgets the devices of a removed account."""
        self.pop(account, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {account: dict(devices) for account, devices in self.items()}

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, devices in self.items():
            for device, seen in devices.items():
                yield DeviceLastSeen(chat.accounts[key].name, device, seen.time, seen.rooms, seen.left)


class LeftGuests(Part):
    """When guests left, and which rooms they were in. A new run begins without."""

    def __init__(self) -> None:
        self.left: dict[tuple[str, str, str], LastSeen] = {}

    def forget(self, who: Identity) -> None:
        """Forgets a guest."""
        self.left = {guest: seen for guest, seen in self.left.items() if guest[0] != who.key}

    def end_run(self) -> None:
        """Forgets all of them."""
        self.left.clear()


class DeviceLastSeen(Untold, frozen=True, tag="device", omit_defaults=True):
    """A device of an account is connected (no time), or was until a time; as in ``LastSeen``."""

    account: str
    device: str
    time: int = 0
    rooms: tuple[str, ...] | None = None
    left: tuple[str, ...] = ()


def missed_since(chat: Chat, account: str, device: str) -> LastSeen | None:
    """When a device of an account, which connects again, was last connected; None: unknown, or it still is.

    For a new device it is the newest time of the account's other devices, if none of them is connected.
    """
    known = SeenDevices.of(chat).get(fold(account), {})
    seen = known.get(device)
    if seen is None and known and all(one.time for one in known.values()):
        seen = max(known.values(), key=lambda one: one.time)
    return seen if seen is not None and seen.time else None


def rooms_before(chat: Chat, me: Person, session_id: int) -> tuple[str, ...]:
    """The keys of the rooms of the last visit of an account, with this device or else with its last one.

    Those that it left since are not among them.
    """
    known = SeenDevices.of(chat).get(fold(me.account), {}) if me.account else {}
    seen = known.get(device_of(chat, me, session_id))
    if seen is None or seen.rooms is None:
        seen = max(known.values(), key=lambda one: one.time, default=None)
    return () if seen is None else tuple(key for key in seen.rooms or () if key not in seen.left)


def guest_missed_since(chat: Chat, guest: Person, now: int) -> LastSeen | None:
    """When a guest was last connected who returns quickly; None: that is not known."""
    seen = LeftGuests.of(chat).left.get(_guest_key(guest))
    return seen if seen is not None and now - seen.time <= GUEST_RETURN else None


def _guest_key(guest: Person) -> tuple[str, str, str]:
    return guest.key, guest.user, guest.address or guest.host


def devices_online(chat: Chat, me: Person) -> Iterator[DeviceLastSeen]:
    """The events that mark the devices of a person, who just logged in, as connected."""
    return (device_online(chat, me.account, device) for device in _devices(chat, me))


def device_online(chat: Chat, account: str, device: str) -> DeviceLastSeen:
    """The event that marks a device as connected; it keeps the rooms of its last visit."""
    seen = SeenDevices.of(chat).get(fold(account), {}).get(device, LastSeen(0))
    return DeviceLastSeen(account, device, rooms=seen.rooms, left=seen.left)


def devices_offline(chat: Chat, me: Person, now: int) -> Iterator[DeviceLastSeen]:
    """The events that mark the devices of a person as connected until now."""
    rooms = chat.rooms.joined.get(me.id, ())
    return (DeviceLastSeen(me.account, device, now, rooms) for device in _devices(chat, me) if me.account)


def all_offline(chat: Chat, now: int) -> Iterator[DeviceLastSeen]:
    """The events that mark all devices as connected until now, when the server stops."""
    for me in chat.people.values():
        yield from devices_offline(chat, me, now)


def _devices(chat: Chat, me: Person) -> list[str]:
    return sorted(
        {device_of(chat, me, session_id) for session_id in chat.sessions.several.get(me.id, (me.id,))}
    )


def device_of(chat: Chat, me: Person, session_id: int) -> str:
    """The device of a person's session."""
    return chat.sessions.device_labels.get(session_id, me.user)


def devices_last_seen(chat: Chat, last: int) -> Iterator[Event]:
    """The events that mark devices as connected until ``last``, when the previous run ended."""
    for key, devices in SeenDevices.of(chat).items():
        for device, seen in devices.items():
            if not seen.time:
                yield DeviceLastSeen(chat.accounts[key].name, device, last)


@follows(Parted, Kicked)
def _left_room(chat: Chat, _person_id: int, event: Parted | Kicked) -> Iterator[Event]:
    """Notes of the devices that knew the room that its person is not in it any more."""
    key, account = fold(event.room), event.person.account
    known = SeenDevices.of(chat).get(fold(account), {}) if account else {}
    for device, seen in known.items():
        if key in (seen.rooms or ()) and key not in seen.left:
            yield DeviceLastSeen(account, device, seen.time, seen.rooms, (*seen.left, key))


@applies(Left)
def _guest_left(chat: Chat, event: Left) -> None:
    if event.person.account:
        return
    left, key = LeftGuests.of(chat).left, _guest_key(event.person)
    left.pop(key, None)
    left[key] = LastSeen(event.time - event.silent, event.rooms)
    if len(left) > MAX_GUESTS:
        del left[next(iter(left))]


@applies(DeviceLastSeen)
def _device_last_seen(chat: Chat, event: DeviceLastSeen) -> None:
    key = fold(event.account)
    if key not in chat.accounts:
        return
    devices = SeenDevices.of(chat).setdefault(key, {})
    devices[event.device] = LastSeen(event.time, event.rooms, event.left)
    if len(devices) > DEVICES_EACH:
        offline = [name for name, seen in devices.items() if seen.time and name != event.device]
        for name in sorted(offline, key=lambda name: devices[name].time)[: len(devices) - DEVICES_EACH]:
            del devices[name]
