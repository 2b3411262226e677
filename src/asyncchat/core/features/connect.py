"""Connecting, further sessions of one person, changes of name, and leaving.

Owns who may have which name. What the events change is in ``presence``.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.confusables import is_mixed_script
from asyncchat.core.features.always_on import OFFLINE_AWAY, going_offline, is_always_on
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.bots import Bots
from asyncchat.core.features.impersonation import imitated, stands_for_server
from asyncchat.core.features.invite_codes import (
    CodeFault,
    InviteCode,
    InviteCodeRefused,
    check_code,
    code_for,
    letting_in,
)
from asyncchat.core.features.join import GetRoom, RoomView, joining, room_view
from asyncchat.core.features.last_seen import (
    DeviceLastSeen,
    LastSeen,
    device_of,
    device_online,
    guest_missed_since,
    missed_since,
)
from asyncchat.core.features.messages import silence
from asyncchat.core.features.metadata.api import Pending
from asyncchat.core.features.metadata.handlers import entering
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.features.presence import (
    Connected,
    RealnameChanged,
    Renamed,
    SessionAttached,
    SessionDetached,
    leaving,
    reserved,
)
from asyncchat.core.features.queries import Counts, GetCounts, counts
from asyncchat.core.features.server_bans import as_device, server_ban_on
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import Person, person, renamed, with_realname
from asyncchat.core.permissions import silenced_in
from asyncchat.core.registry import Item, Items, answers, for_people, handles
from asyncchat.core.replies import Refusal, Reply


class GetWelcome(Query, frozen=True):
    """The greeting: who the requester is now, how many people there are, and what it missed."""

    missed: LastSeen | None = None


class GetPresent(Query, frozen=True):
    """A room that a person is in already, for a session that was just attached to this person.

    ``time`` is now, in microseconds since 1970 UTC.
    """

    room: str
    time: int = 0


class CheckName(Command, frozen=True):
    """Whether the session could connect under this name; only a refusal is an answer."""

    barrier: ClassVar[bool] = True
    name: str


class Connect(Command, frozen=True):
    """Connect under a name, and join these rooms.

    ``host`` is the host that others see. The session adds the ``address``; no dialect knows it. It adds
    ``tls``, too: over TLS the fingerprint of the certificate that the client showed, or empty. ``account``
    is one whose password the session has given (``accounts.Confirmed``), or empty. ``metadata`` are values
    that it set before, ``keys`` are the keys that it subscribes to. ``code`` is that of an invitation, in the
    place of the server's password: it must let the person into its room, which is joined too. ``gateway`` is
    the one by which the session has come (``gateways``), or empty. ``verifier`` is the account's when the
    password was right, or empty: one that has another now is not the session's.
    """

    barrier: ClassVar[bool] = True
    name: str
    user: str
    host: str
    realname: str = ""
    rooms: tuple[str, ...] = ()
    account: str = ""
    address: str = ""
    away: str = ""
    metadata: Pending = ()
    keys: tuple[str, ...] = ()
    code: str = ""
    tls: str | None = None
    gateway: str = ""
    verifier: str = ""


class Rename(Command, frozen=True):
    """Change the own name."""

    name: str


class Quit(Command, frozen=True):
    """Leave the chat; the reason may be empty.

    ``silent`` is for how many microseconds it has been unknown whether the client received anything.
    ``automatic``: the reason is the server's, not the person's words.
    """

    reason: str = ""
    silent: int = 0
    automatic: bool = False


class Detach(Command, frozen=True):
    """End one session of a person; the person leaves the chat only with its last session."""

    session: int
    reason: str = ""
    silent: int = 0
    automatic: bool = False


class SetRealname(Command, frozen=True):
    """Change the own real name."""

    text: str


class NameReserved(Refusal, frozen=True):
    """That name belongs to an account, and the requester is not logged in to it.

    ``holder`` is the id of the person who has the name now and is logged in to that account, else 0.
    """

    name: str
    holder: int = 0


class Present(Reply, frozen=True):
    """A room that the session's person is in already; ``time`` in microseconds since 1970 UTC."""

    view: RoomView
    time: int


class Welcome(Reply, frozen=True):
    """The session is connected; ``metadata`` are the person's own values by key.

    ``missed``: when its device was last connected, if that is known.
    """

    person: Person
    counts: Counts
    metadata: tuple[tuple[str, str], ...] = ()
    missed: LastSeen | None = None


class AlreadyConnected(Refusal, frozen=True):
    """The session is connected already."""


class NameTaken(Refusal, frozen=True):
    """Somebody has that name; ``holder`` is that person's id."""

    name: str
    holder: int


class NameNotAllowed(Refusal, frozen=True):
    """A person can't have that name; ``reason`` is half a sentence ("it has …")."""

    name: str
    reason: str


class NameFixed(Refusal, frozen=True):
    """A person who is muted or banned in a room that it is in can't change its name."""

    name: str
    room: str


class RealnameFixed(Refusal, frozen=True):
    """A person who is muted or banned in a room that it is in can't change its real name."""

    room: str


SESSIONS_EACH = 20
"""Sessions that one person may have at a time: more than anybody's devices; it stops a runaway client."""


@answers(GetWelcome)
def welcome(chat: Chat, person_id: int, query: GetWelcome) -> Welcome:
    """The greeting."""
    me = chat.people[person_id]
    own = tuple(Metadata.of(chat).values_of(me).items())
    return Welcome(me, counts(chat, person_id, GetCounts()), own, query.missed)


@answers(GetPresent)
def present(chat: Chat, person_id: int, query: GetPresent) -> Reply:
    """A room that the requester is in."""
    view = room_view(chat, person_id, GetRoom(query.room, joining=True))
    return Present(view, query.time) if isinstance(view, RoomView) else view


@handles(CheckName)
def check_name(chat: Chat, person_id: int, command: CheckName, _now: int) -> Items:
    """Refuses a name that nobody could connect with now, else answers nothing.

    A name in use by an account is not refused: the session may log in to that account before it connects.
    """
    refusal = refusal_of_name(chat, person_id, command.name)
    if isinstance(refusal, NameTaken) and chat.people[refusal.holder].account:
        return ()
    return () if refusal is None else (refusal,)


@handles(Connect)
def connect(chat: Chat, session_id: int, command: Connect, now: int) -> Items:
    """Makes a session a person, who joins its first rooms."""
    if session_id in chat.people:
        return (AlreadyConnected(),)
    account = chat.accounts.get(fold(command.account)) if command.account else None
    if account is not None and command.verifier not in ("", account.verifier):
        account = None  # its password is another one now
    mine = "" if account is None else account.name
    invited = code_for(chat, command.code, now) if command.code else None
    if isinstance(invited, CodeFault):
        return (InviteCodeRefused(invited, ""),)
    same = chat.person_named(command.name)
    if same is not None and mine and same.account == mine:
        return _attaching(chat, session_id, same, command, now, invited)
    refusal = refusal_of_name(chat, session_id, command.name, mine)
    if same is not None and same.account and fold(same.account) == same.key and same.account != mine:
        return (NameReserved(command.name, same.id),)  # with the password it can attach to this person
    if refusal is not None:
        return (refusal,)
    if reserved(chat, command.name, mine):
        return (NameReserved(command.name),)
    newcomer = person(
        session_id, command.name, command.user, command.host, command.realname, mine, command.address
    )
    banned = server_ban_on(chat, newcomer, now)
    if banned is not None:
        return (banned,)
    if invited is not None and (fault := _code_refused(chat, invited, command, newcomer, now)):
        return (fault,)
    items: list[Item] = [
        Connected(newcomer, now, command.away, command.tls, command.gateway),
        *entering(chat, newcomer, session_id, command.metadata, command.keys),
        GetWelcome(
            missed_since(chat, mine, command.user) if mine else guest_missed_since(chat, newcomer, now)
        ),
    ]
    if mine:
        items.append(device_online(chat, mine, command.user))
    named: set[str] = set()
    joined = 0
    to = () if invited is None else (chat.rooms[invited.room].name,)
    for room in (*command.rooms, *to):
        if fold(room) not in named:
            named.add(fold(room))
            key = command.code if room in to else ""
            entered = joining(chat, newcomer, room, now, joined, key, away=command.away)
            is_in = bool(entered) and isinstance(entered[-1], GetRoom)
            if key and not is_in:
                return tuple(item for item in entered if isinstance(item, Refusal))
            joined += is_in
            items.extend(entered)
    return tuple(items)


def _code_refused(
    chat: Chat, code: InviteCode, command: Connect, me: Person, now: int
) -> InviteCodeRefused | None:
    """Why a code in the place of the server's password does not let this person in, or None."""
    found = check_code(chat, code.room, command.code, me, now)
    return InviteCodeRefused(found, chat.rooms[code.room].name) if isinstance(found, CodeFault) else None


def _attaching(
    chat: Chat, session_id: int, same: Person, command: Connect, now: int, code: InviteCode | None
) -> Items:
    """Attaches a session to a person who is in the chat already, in the rooms of that person.

    A ``code`` with which it comes has let in one more person, if it has not let in this one before.
    """
    if code is not None and (fault := _code_refused(chat, code, command, same, now)):
        return (fault,)
    if len(chat.sessions.several.get(same.id, (same.id,))) >= SESSIONS_EACH:
        return (NameTaken(command.name, same.id),)
    device = as_device(same, session_id, command.user, command.host, command.address)
    banned = server_ban_on(chat, device, now)
    if banned is not None:
        return (banned,)
    rooms = tuple(GetPresent(room.name, now) for room in chat.rooms_with(same.id))
    back = same.id in chat.sessions.offline_since and chat.people.away.get(same.id) == OFFLINE_AWAY
    away = (AwayChanged(same, command.away),) if back else ()
    before = entering(chat, same, session_id, command.metadata, command.keys)
    attached = SessionAttached(
        same,
        session_id,
        now,
        command.user,
        command.host,
        command.address,
        command.tls,
        command.gateway,
    )
    welcome = GetWelcome(missed_since(chat, same.account, command.user))
    used = () if code is None else letting_in(code, same)
    return (*away, *used, attached, *before, welcome, device_online(chat, same.account, command.user), *rooms)


@handles(Detach)
def detach(chat: Chat, person_id: int, command: Detach, now: int) -> Items:
    """Ends one session of a person; after its last one it leaves, or is offline if it is always on.

    All its rooms are told the same reason, so who may not speak in one of them gives none.
    """
    me = chat.people.get(person_id)
    devices = chat.sessions.several.get(person_id, (person_id,))
    if me is None or command.session not in devices:
        return ()
    seen: tuple[DeviceLastSeen, ...] = ()
    if me.account:
        device, rooms = device_of(chat, me, command.session), chat.rooms.joined.get(person_id, ())
        seen = (DeviceLastSeen(me.account, device, max(1, now - command.silent), rooms),)
    if len(devices) > 1:
        return (SessionDetached(me, command.session, command.reason, now), *seen)
    if is_always_on(chat, me):
        return (*going_offline(chat, me, command.session, command.reason, now), *seen)
    reason = command.reason
    if reason and not command.automatic and any(silence(chat, me, room) for room in chat.rooms_with(me.id)):
        reason = ""
    return (*leaving(chat, me, reason, now, command.silent), *seen)


@handles(Rename)
def rename(chat: Chat, person_id: int, command: Rename, now: int) -> Items:
    """Gives a person another name; a change of case alone counts too."""
    me = chat.people.get(person_id)
    if me is None:
        return check_name(chat, person_id, CheckName(command.name), now)
    if command.name == me.name:
        return ()
    refusal = refusal_of_name(chat, person_id, command.name, me.account)
    if refusal is not None:
        return (refusal,)
    if reserved(chat, command.name, me.account):
        return (NameReserved(command.name),)
    if fold(command.name) != me.key:
        room = silenced_in(chat, me)
        if room is not None:
            return (NameFixed(command.name, room.name),)
    return (Renamed(me, renamed(me, command.name), now, chat.rooms.joined.get(person_id, ())),)


@for_people(SetRealname)
def set_realname(chat: Chat, me: Person, command: SetRealname, _now: int) -> Items:
    """Gives a person another real name."""
    room = silenced_in(chat, me)
    if room is not None:
        return (RealnameFixed(room.name),)
    return (RealnameChanged(me, with_realname(me, command.text)),)


@handles(Quit)
def quit(chat: Chat, person_id: int, command: Quit, now: int) -> Items:
    """Ends the first session of a person; for a session that is not connected nothing happens."""
    me = chat.people.get(person_id)
    if me is None:
        return ()
    return detach(chat, person_id, Detach(person_id, command.reason, command.silent, command.automatic), now)


def refusal_of_name(chat: Chat, person_id: int, name: str, account: str = "") -> Refusal | None:
    """Why a person can't have a name, or None; whether it is reserved for an account is asked apart."""
    reason = name_fault(name)
    if reason is not None:
        return NameNotAllowed(name, reason)
    if stands_for_server(chat, name, person_id):
        return NameNotAllowed(name, "it stands for the server or for everybody")
    if fold(name) in Bots.of(chat).tokens:
        return NameNotAllowed(name, "it is a bot's")
    if chat.ascii_names and not name.isascii():
        return NameNotAllowed(name, "only letters of ASCII are allowed here")
    if is_mixed_script(name):
        return NameNotAllowed(name, "it mixes letters of several scripts in a word")
    holder = chat.people.by_name.get(fold(name))
    if holder is not None and holder != person_id:
        return NameTaken(name, holder)
    similar = chat.people.confusable_person(name)
    other = (
        chat.people[similar].name
        if similar is not None and similar != person_id
        else imitated(chat, name, account)
    )
    return NameNotAllowed(name, f"it looks like {other}") if other else None
