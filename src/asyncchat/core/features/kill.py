"""Disconnecting a person (KILL).

Owns the command of a server operator and its event.
"""

from collections.abc import Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.always_on import is_always_on
from asyncchat.core.features.last_seen import devices_offline
from asyncchat.core.features.presence import leaving
from asyncchat.core.people import Person
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import NoSuchPerson


class Kill(Command, frozen=True):
    """Disconnect a person."""

    name: str
    reason: str


class Killed(Event, frozen=True, tag="killed"):
    """A person was disconnected by a server operator: its sessions end, and so it leaves the chat."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    concerns: ClassVar[str] = "person"
    audited: ClassVar[bool] = True
    person: Person
    by: Person
    reason: str


def killing(chat: Chat, other: Person, by: Person, reason: str, now: int) -> Iterator[Event]:
    """The events that disconnect a person; one who is offline or always on leaves at once."""
    yield Killed(other, by, reason)
    if other.id in chat.sessions.offline_since or is_always_on(chat, other):
        yield from leaving(chat, other, f"Killed ({by.name} ({reason}))", now)
        yield from devices_offline(chat, other, now)


@handles(Kill)
def kill(chat: Chat, person_id: int, command: Kill, now: int) -> Items:
    """Disconnects a person; its sessions end after they have been told."""
    refusal = unless_server_operator(chat, person_id)
    if refusal is not None:
        return (refusal,)
    other = chat.person_named(command.name)
    if other is None:
        return (NoSuchPerson(command.name),)
    return tuple(killing(chat, other, chat.people[person_id], command.reason, now))
