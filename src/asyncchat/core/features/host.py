"""The host that others see of a person (CHGHOST).

Owns its change by a server operator.
"""

import re
from typing import ClassVar, Self

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.people import Person, with_host
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import NoSuchPerson, Refusal


class ChangeHost(Command, frozen=True):
    """Give a person another visible host."""

    name: str
    host: str


class HostChanged(Event, frozen=True, tag="host"):
    """A server operator (``by``) gave a person another visible host.

    ``person`` is the old value. ``to`` are the others who share a room with the person and may see it there.
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
        """The event without its recipients."""
        return msgspec.structs.replace(self, to=())


class HostShown(Event, frozen=True, tag="host_shown"):
    """A person with a new host is in a room, with these roles (the sum of their bits).

    It is for clients without the capability for ``HostChanged``, which see the person leave and join again.
    """

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME_PEERS
    room: str
    person: Person
    roles: int
    away: str
    to: tuple[int, ...]


class HostNotAllowed(Refusal, frozen=True):
    """That is not a valid host."""

    host: str


class HostAlready(Refusal, frozen=True):
    """The person has that host already."""

    name: str
    host: str


_HOST = re.compile(r"(?=.{1,63}\Z)\w(?:[\w-]*\w)?(?:[.:/]+\w(?:[\w-]*\w)?)*", re.ASCII)
"""A valid host: no characters with a meaning in masks or in the grammar of IRC, and no dash at the
beginning or the end of a label (RFC 2812, 2.3.1, "shortname")."""


@handles(ChangeHost)
def change_host(chat: Chat, person_id: int, command: ChangeHost, _now: int) -> Items:
    """Gives a person another visible host, until it leaves."""
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
            member
            for member in room.member_blocks
            if member != other.id and not chat.hides_member(room, member, other.id)
        )
        shown.append(HostShown(room.name, now, room.roles.get(other.id, 0), away, to))
    to = tuple(dict.fromkeys(member for event in shown for member in event.to))
    return (HostChanged(other, now, chat.people[person_id], to), *shown)


@applies(HostChanged)
def _host_changed(chat: Chat, event: HostChanged) -> None:
    chat.replace_person(event.now)
