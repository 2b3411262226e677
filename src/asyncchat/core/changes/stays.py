"""What facts about staying without a connection change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.names import fold
from asyncchat.core.seen import DEVICES, Visit
from asyncchat.core.stays import Stay

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


def _account_stays(chat: Chat, event: events.AccountStays) -> None:
    change = chat.staying.add if event.on else chat.staying.discard
    change(fold(event.account))


def _stay_changed(chat: Chat, event: events.StayChanged) -> None:
    key = fold(event.account)
    if event.whom is None:
        chat.stays.pop(key, None)
    else:
        chat.stays[key] = Stay(event.whom, event.rooms, event.away, event.since)


def _device_seen(chat: Chat, event: events.DeviceSeen) -> None:
    key = fold(event.account)
    if key not in chat.accounts:
        return
    devices = chat.seen.setdefault(key, {})
    devices[event.device] = Visit(event.time, event.rooms)
    if len(devices) > DEVICES:
        gone = [name for name, seen in devices.items() if seen.time and name != event.device]
        for name in sorted(gone, key=lambda name: devices[name].time)[: len(devices) - DEVICES]:
            del devices[name]


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.AccountStays: _account_stays,
    events.StayChanged: _stay_changed,
    events.DeviceSeen: _device_seen,
}
