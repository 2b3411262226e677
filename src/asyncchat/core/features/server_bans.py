"""Keeping people off the server: disconnecting them, and bans of a mask or network, perhaps with an end.

Owns these bans. Whom a mask matches is in ``masks``.
"""

from collections.abc import Generator, Iterable, Iterator
from itertools import takewhile
from typing import ClassVar

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Retention, Untold
from asyncchat.core.features.always_on import is_always_on
from asyncchat.core.features.last_seen import devices_offline
from asyncchat.core.features.presence import leaving
from asyncchat.core.features.room_modes import MASK_BYTES
from asyncchat.core.forgotten import Identity
from asyncchat.core.masks import ACCOUNT, Description, describes, mask_like, network
from asyncchat.core.names import fold, mask_of
from asyncchat.core.people import NOBODY, Person, from_origin, person
from asyncchat.core.permissions import server_operator, unless_server_operator
from asyncchat.core.registry import Items, applies, handles, handles_in_slices
from asyncchat.core.replies import NoSuchPerson, Refusal, Reply
from asyncchat.core.text import size


class ServerBan(msgspec.Struct, frozen=True):
    """One ban; times in microseconds since 1970 UTC, ``until`` 0: no end. ``by`` is ``name!user@host``."""

    mask: str
    by: str
    time: int
    until: int = 0
    reason: str = ""

    def is_active(self, now: int) -> bool:
        """Whether the ban has not expired."""
        return not self.until or now < self.until


class ServerBans(Part, dict[str, ServerBan]):
    """The bans from the server, by mask."""

    def forget(self, who: Identity) -> None:
        """Bans stay, whoever made them."""
        for mask, ban in self.items():
            self[mask] = msgspec.structs.replace(ban, by=who.replaced(ban.by))

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return dict(self)

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for ban in self.values():
            yield ServerBanChanged(from_origin(ban.by), ban.mask, True, ban.time, ban.until, ban.reason)


class BanFromServer(IoCommand, frozen=True):
    """Ban a mask from the server, for ``seconds`` or without an end (0), or lift the ban."""

    mask: str
    on: bool = True
    seconds: int = 0
    reason: str = ""


class DecideServerBan(Command, frozen=True):
    """Decide a ban, after it was looked whom it ends: the ids of the first of these, and of the last who was
    looked at."""

    ban: BanFromServer
    matching: tuple[int, ...]
    last: int


class EndBanned(Command, frozen=True):
    """Disconnect people whom a ban matches that is in force: some more of those who were found."""

    by: Person
    mask: str
    matching: tuple[int, ...]


class GetServerBans(Command, frozen=True):
    """The bans from the server. ``context`` goes back to the dialect with the answer."""

    context: object = None


class ServerBanChanged(Untold, frozen=True, tag="server_ban"):
    """A mask was banned from the server, or the ban was lifted.

    ``time`` and ``until`` in microseconds since 1970 UTC; ``until`` 0: no end.
    """

    audited: ClassVar[bool] = True
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0
    reason: str = ""


class BannedFromServer(Refusal, frozen=True):
    """The requester is banned from the server; ``until`` in microseconds since 1970 UTC, 0: no end."""

    reason: str
    until: int = 0


class NoSuchServerBan(Refusal, frozen=True):
    """That mask is not banned from the server."""

    mask: str


class TooManyServerBans(Refusal, frozen=True):
    """The list of bans from the server is full, or the mask is too long."""

    mask: str
    limit: int


class ServerBanTooWide(Refusal, frozen=True):
    """That mask would ban everybody."""

    mask: str


class ServerBansView(Reply, frozen=True):
    """The bans from the server; ``context`` as in GetServerBans."""

    bans: tuple[ServerBan, ...]
    context: object = None


MAX_SERVER_BANS = 1000
"""Bans from the server: each person who connects is matched with all of them."""


ENDED_AT_ONCE = 100
"""People whom one decision disconnects: it takes some 3 ms; everybody else's commands come between two."""

_SECOND = 1_000_000


def server_mask(typed: str) -> str:
    """The whole mask for what an operator typed: a name, ``user@host``, an address, a network, an account."""
    if typed.startswith(ACCOUNT):
        return typed
    if "!" not in typed and "@" not in typed and (network(typed) is not None or "." in typed):
        mask = f"*!*@{typed}"
    else:
        mask = mask_of(typed)
    rest, _, host = mask.rpartition("@")
    if ":" in host and (known := network(host)) is not None:
        # IPv6 has many spellings; clients' addresses have the shortest (RFC 5952).
        host = str(known) if "/" in host else str(known.network_address)
    return f"{rest}@{host}"


def server_ban_on(chat: Chat, newcomer: Person, now: int) -> BannedFromServer | None:
    """The refusal for a person whom a ban matches, or None."""
    described = Description(newcomer)
    for ban in ServerBans.of(chat).values():
        if ban.is_active(now) and mask_like(ban.mask).describes(described):
            return BannedFromServer(ban.reason, ban.until)
    return None


def address_ban_on(chat: Chat, host: str, address: str, now: int) -> BannedFromServer | None:
    """The refusal for a client that has no name, such as a browser that reads; or None.

    ``host`` is what others would see, ``address`` the real address.
    """
    return server_ban_on(chat, _nameless(host, address), now)


def would_ban_address(mask: str, host: str, address: str) -> bool:
    """Whether a ban of a mask as it is typed would be one on such a client."""
    return describes(server_mask(mask), _nameless(host, address))


def _nameless(host: str, address: str) -> Person:
    return person(0, "", "", host, address=address)


@handles_in_slices(BanFromServer)
def look_for_banned(
    chat: Chat, person_id: int, command: BanFromServer, _now: int
) -> Generator[None, None, Items]:
    """Looks for the people whom a ban ends, then has it decided, and has them ended in parts."""
    yield
    found: list[int] = []
    last = next(reversed(chat.people), 0)
    mask = server_mask(command.mask)
    if command.on and chat.is_operator(person_id):
        for someone in list(chat.people.values()):
            yield
            if any(_matching(chat, someone, mask)):
                found.append(someone.id)
    parts = [tuple(found[at : at + ENDED_AT_ONCE]) for at in range(0, len(found), ENDED_AT_ONCE)] or [()]
    me = chat.actor(person_id) or NOBODY
    return (
        DecideServerBan(command, parts[0], last),
        *(EndBanned(me, mask, part) for part in parts[1:]),
    )


@handles(DecideServerBan)
def ban_from_server(chat: Chat, person_id: int, decided: DecideServerBan, now: int) -> Items:
    """Bans a mask from the server and disconnects people who match, except operators; or lifts a ban."""
    command = decided.ban
    me = server_operator(chat, person_id)
    if isinstance(me, Refusal):
        return (me,)
    mask = server_mask(command.mask)
    key = fold(mask)
    known = next((listed for listed in ServerBans.of(chat) if fold(listed) == key), None)
    if not command.on:
        if known is None:
            return (NoSuchServerBan(mask),)
        return (ServerBanChanged(me, known, False, now),)
    expired = [
        ban.mask for ban in ServerBans.of(chat).values() if not ban.is_active(now) and ban.mask != known
    ]
    if size(mask) > MASK_BYTES or (
        known is None and len(ServerBans.of(chat)) - len(expired) >= MAX_SERVER_BANS
    ):
        return (TooManyServerBans(mask, MAX_SERVER_BANS),)
    if matches_everybody(mask):
        return (ServerBanTooWide(mask),)
    until = now + command.seconds * _SECOND if command.seconds else 0
    reason = command.reason or "banned"
    came = tuple(takewhile(lambda one: one != decided.last, reversed(chat.people)))
    return (
        *(ServerBanChanged(me, old, False, now) for old in expired),
        ServerBanChanged(me, known or mask, True, now, until, command.reason),
        *_ending_all(chat, (*decided.matching, *reversed(came)), mask, me, reason, now),
    )


@handles(EndBanned)
def end_banned(chat: Chat, _person_id: int, command: EndBanned, now: int) -> Items:
    """Disconnects people whom a ban matches, unless it was refused, or lifted meanwhile."""
    key = fold(command.mask)
    for ban in ServerBans.of(chat).values():
        if fold(ban.mask) == key and ban.is_active(now):
            reason = ban.reason or "banned"
            return tuple(_ending_all(chat, command.matching, ban.mask, command.by, reason, now))
    return ()


def _ending_all(
    chat: Chat, ids: Iterable[int], mask: str, by: Person, reason: str, now: int
) -> Iterator[Event]:
    """The events that end those of these people who are still there, except operators."""
    for someone_id in dict.fromkeys(ids):
        someone = chat.people.get(someone_id)
        if someone is not None and someone_id not in chat.server_operators:
            yield from _ending(chat, someone, mask, by, reason, now)


def _matching(chat: Chat, banned: Person, mask: str) -> tuple[bool, tuple[int, ...]]:
    """Whether a mask matches a person, and which of its further sessions."""
    hosts = chat.sessions.hosts
    sessions = [
        one
        for one in chat.sessions.of(banned.id)
        if one in hosts and describes(mask, _device(chat, banned, one))
    ]
    return describes(mask, banned), tuple(sessions)


def _ending(chat: Chat, banned: Person, mask: str, by: Person, reason: str, now: int) -> Iterator[Event]:
    """The events that end a person whom a mask matches, or those of its further sessions that it matches."""
    itself, matching = _matching(chat, banned, mask)
    if itself or (matching and matching == chat.sessions.of(banned.id)):
        yield from killing(chat, banned, by, reason, now)
    elif matching:
        yield Killed(banned, by, reason, matching)


def _device(chat: Chat, me: Person, session_id: int) -> Person:
    host, address = chat.sessions.hosts[session_id]
    return as_device(me, session_id, chat.sessions.device_labels[session_id], host, address)


def as_device(me: Person, session_id: int, user: str, host: str, address: str) -> Person:
    """A person as it would be seen if it had connected with this further session."""
    return person(session_id, me.name, user, host, me.realname, me.account, address)


@handles(GetServerBans)
def get_server_bans(chat: Chat, person_id: int, command: GetServerBans, now: int) -> Items:
    """The active bans, for server operators."""
    refusal = unless_server_operator(chat, person_id)
    if refusal is not None:
        return (refusal,)
    active = tuple(ban for ban in ServerBans.of(chat).values() if ban.is_active(now))
    return (ServerBansView(active, command.context),)


def matches_everybody(mask: str) -> bool:
    """Whether a mask consists of wildcards only: such a ban would lock out its author too."""
    return not set(mask.removeprefix(ACCOUNT)) - set("*?!@.:/0")


@applies(ServerBanChanged)
def _server_ban_changed(chat: Chat, event: ServerBanChanged) -> None:
    if event.on:
        ServerBans.of(chat)[event.mask] = ServerBan(
            event.mask, event.person.origin, event.time, event.until, event.reason
        )
    else:
        ServerBans.of(chat).pop(event.mask, None)


class Kill(Command, frozen=True):
    """Disconnect a person."""

    name: str
    reason: str


class Killed(Event, frozen=True, tag="killed"):
    """A person was disconnected by a server operator: its sessions end, and so it leaves the chat.

    ``sessions``: only these end; the address of the person's other devices is not banned.
    """

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    concerns: ClassVar[str] = "person"
    audited: ClassVar[bool] = True
    person: Person
    by: Person
    reason: str
    sessions: tuple[int, ...] = ()


def killing(chat: Chat, other: Person, by: Person, reason: str, now: int) -> Iterator[Event]:
    """The events that disconnect a person; one who is offline or always on leaves at once."""
    yield Killed(other, by, reason)
    if other.id in chat.sessions.offline_since or is_always_on(chat, other):
        yield from leaving(chat, other, f"Killed ({by.name} ({reason}))", now)
        yield from devices_offline(chat, other, now)


@handles(Kill)
def kill(chat: Chat, person_id: int, command: Kill, now: int) -> Items:
    """Disconnects a person; its sessions end after they have been told."""
    me = server_operator(chat, person_id)
    if isinstance(me, Refusal):
        return (me,)
    other = chat.person_named(command.name)
    if other is None:
        return (NoSuchPerson(command.name),)
    return tuple(killing(chat, other, me, command.reason, now))
