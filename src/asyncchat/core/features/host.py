"""The host that others see of a person.

Owns changes of it by an operator of the server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.people import Person, with_host
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import NoSuchPerson, Refusal

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class ChangeHost(Command, frozen=True):
    """Let a person be seen as coming from another host."""

    name: str
    host: str


class HostChanged(Event, frozen=True, tag="host"):
    """An operator of the server (``by``) gave a person another host to be seen with.

    ``person`` is the old value. ``to`` are those who share a room with it and may see it, without itself.
    """

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.SOME_PEERS
    concerns: ClassVar[str] = "person"
    audited: ClassVar[bool] = True
    person: Person
    now: Person
    by: Person
    to: tuple[int, ...] = ()

    def to_store(self) -> Self:
        """The same without those who were told."""
        return msgspec.structs.replace(self, to=())


class HostShown(Event, frozen=True, tag="host_shown"):
    """A person is in a room, with a host that is new, in these roles (the sum of their bits).

    It is for who was not told of ``HostChanged`` in words, but saw the person leave and come.
    """

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME_PEERS
    room: str
    person: Person
    roles: int
    away: str
    to: tuple[int, ...]


class HostNotAllowed(Refusal, frozen=True):
    """Nobody can be seen as coming from that."""

    host: str


class HostAlready(Refusal, frozen=True):
    """A person is seen as coming from that host."""

    name: str
    host: str


_HOST = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:/-]{0,62}")
"""A host that somebody may be seen with: nothing that a mask or IRC's grammar takes for something else."""


@handles(ChangeHost)
def change_host(chat: Chat, person_id: int, command: ChangeHost, _now: int) -> Items:
    """Lets a person be seen as coming from another host, until it leaves."""
    refusal = unless_server_operator(chat, person_id)
    if refusal is not None:
        return (refusal,)
    other = chat.person_named(command.name)
    if other is None:
        return (NoSuchPerson(command.name),)
    if not _HOST.fullmatch(command.host):
        return (HostNotAllowed(command.host),)
    if command.host == other.host:
        return (HostAlready(other.name, other.host),)
    now = with_host(other, command.host)
    rooms = chat.rooms_with(other.id)
    away = chat.people.away.get(other.id, "")
    shown: list[HostShown] = []
    for room in rooms:
        to = tuple(
            one
            for one in room.member_blocks
            if one != other.id and not chat.hides_member(room, one, other.id)
        )
        shown.append(HostShown(room.name, now, room.roles.get(other.id, 0), away, to))
    to = tuple(dict.fromkeys(one for place in shown for one in place.to))
    return (HostChanged(other, now, chat.people[person_id], to), *shown)


@applies(HostChanged)
def _host_changed(chat: Chat, event: HostChanged) -> None:
    chat.replace_person(event.now)
