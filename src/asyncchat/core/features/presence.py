"""Presence: people connect, leave, attach and detach sessions, log in and out, and change names.

Owns these events and what they change. Must not decide who may do so: ``connect`` and ``accounts`` do.
"""

from collections.abc import Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Recipients, Stream
from asyncchat.core.features.rooms import closing
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import applies


class LoggedIn(Event, frozen=True, tag="logged_in"):
    """A person logged in; ``person`` is the old value, ``now`` the one with the account."""

    recipients: ClassVar[Recipients] = Recipients.PEERS
    affects: ClassVar[tuple[str, ...]] = ("person", "now")
    person: Person
    now: Person


class LoggedOut(Event, frozen=True, tag="logged_out"):
    """A person logged out; ``person`` is the old value, ``now`` the one without an account."""

    recipients: ClassVar[Recipients] = Recipients.PEERS
    concerns: ClassVar[str] = "person"
    affects: ClassVar[tuple[str, ...]] = ("person", "now")
    person: Person
    now: Person


class NodeStarted(Event, frozen=True, tag="started"):
    """A run of the node begins: nobody of the previous run is present."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    version: str


class Connected(Event, frozen=True, tag="entered"):
    """A person connected, perhaps with an ``away`` message. ``time`` in microseconds since 1970 UTC.

    ``tls`` and ``gateway`` here and below: how the session is connected, see ``Connect``.
    """

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    affects: ClassVar[tuple[str, ...]] = ("person",)
    person: Person
    time: int
    away: str = ""
    tls: str | None = None
    gateway: str = ""


class Left(Event, frozen=True, tag="left"):
    """A person left the chat and so all its rooms; the reason may be empty.

    ``time`` in microseconds since 1970 UTC; ``rooms`` are the keys of the rooms that it was in. ``silent`` is
    for how many microseconds it was unknown whether it received anything.
    """

    recipients: ClassVar[Recipients] = Recipients.PEERS
    stream: ClassVar[Stream] = Stream.PRESENCE
    affects: ClassVar[tuple[str, ...]] = ("person",)
    person: Person
    reason: str = ""
    time: int = 0
    rooms: tuple[str, ...] = ()
    silent: int = 0


class SessionAttached(Event, frozen=True, tag="attached"):
    """Another session was attached to a person; ``time`` in microseconds since 1970 UTC.

    ``device`` is the user name that the client gives, ``host`` and ``address`` are as in ``Connect``.
    """

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    concerns: ClassVar[str] = "person"
    affects: ClassVar[tuple[str, ...]] = ("person",)
    person: Person
    session: int
    time: int
    device: str = ""
    host: str = ""
    address: str = ""
    tls: str | None = None
    gateway: str = ""

    def requester(self, _person_id: int) -> int:
        """The session is this person from now on."""
        return self.person.id


class SessionDetached(Event, frozen=True, tag="detached"):
    """A session of a person ended, and the person remains in the chat; the reason may be empty."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    affects: ClassVar[tuple[str, ...]] = ("person",)
    person: Person
    session: int
    reason: str = ""
    time: int = 0


class Renamed(Event, frozen=True, tag="renamed"):
    """A person changed its name; ``person`` is the old value, ``time`` in microseconds since 1970 UTC.

    ``rooms`` are the keys of the rooms that it is in.
    """

    recipients: ClassVar[Recipients] = Recipients.PEERS
    stream: ClassVar[Stream] = Stream.PRESENCE
    affects: ClassVar[tuple[str, ...]] = ("person", "now")
    person: Person
    now: Person
    time: int = 0
    rooms: tuple[str, ...] = ()


class RealnameChanged(Event, frozen=True, tag="realname"):
    """A person changed its real name; ``person`` is the old value."""

    recipients: ClassVar[Recipients] = Recipients.PEERS
    affects: ClassVar[tuple[str, ...]] = ("person", "now")
    person: Person
    now: Person


def leaving(chat: Chat, me: Person, reason: str, now: int, silent: int = 0) -> Iterator[Event]:
    """The events when a person leaves the chat; ``silent`` as in ``Left``."""
    yield Left(me, reason, now, chat.rooms.joined.get(me.id, ()), silent)
    for room in chat.rooms_with(me.id):
        yield from closing(chat, room)


@applies(LoggedIn, LoggedOut)
def _logged(chat: Chat, event: LoggedIn | LoggedOut) -> None:
    chat.replace_person(event.now)


@applies(NodeStarted)
def _node_started(chat: Chat, _event: NodeStarted) -> None:
    chat.rooms.end_run()
    chat.people.end_run()
    chat.sessions.clear()
    chat.server_operators.clear()
    for part in chat.parts.values():
        part.end_run()


@applies(Connected)
def _connected(chat: Chat, event: Connected) -> None:
    chat.people.add(event.person, event.time)
    if event.away:
        chat.people.away[event.person.id] = event.away
    if event.tls is not None:
        chat.sessions.encrypted[event.person.id] = event.tls


@applies(Left)
def _left(chat: Chat, event: Left) -> None:
    person_id = event.person.id
    for room in chat.rooms_with(person_id):
        room.remove_member(person_id)
    chat.rooms.joined.pop(person_id, None)
    chat.people.remove(person_id)
    chat.server_operators.discard(person_id)
    sessions = chat.sessions.remove(person_id)
    for part in chat.parts_of_people:
        part.forget_person(person_id, sessions)


@applies(SessionAttached)
def _session_attached(chat: Chat, event: SessionAttached) -> None:
    chat.sessions.attach(event.person.id, event.session, event.device, event.host, event.address)
    if event.tls is not None:
        chat.sessions.encrypted[event.session] = event.tls


@applies(SessionDetached)
def _session_detached(chat: Chat, event: SessionDetached) -> None:
    chat.sessions.detach(event.person.id, event.session, event.time)
    for part in chat.parts.values():
        part.forget_session(event.person.id, event.session)


@applies(Renamed)
def _renamed(chat: Chat, event: Renamed) -> None:
    chat.people.rename(event.person, event.now, event.time)
    chat.replace_person(event.now)


@applies(RealnameChanged)
def _realname_changed(chat: Chat, event: RealnameChanged) -> None:
    chat.replace_person(event.now)


def reserved(chat: Chat, name: str, account: str) -> bool:
    """Whether a name belongs to an account other than this one (empty: no account)."""
    key = fold(name)
    return key in chat.accounts and (not account or fold(account) != key)
