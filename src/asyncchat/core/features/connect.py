"""Connecting, more sessions of one person, other names, and leaving.

Owns who may have which name; what these events change is ``presence``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, Query
from asyncchat.core.confusables import is_mixed_script
from asyncchat.core.features.always_on import OFFLINE_AWAY, is_always_on, last_session_gone
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.bots import Bots, confusable_reserved
from asyncchat.core.features.join import GetRoom, RoomView, joining, room_view
from asyncchat.core.features.last_seen import DeviceLastSeen, LastSeen, device_of, missed_since
from asyncchat.core.features.metadata.facts import Pending
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
from asyncchat.core.features.server_bans import server_ban_on
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import Person, person, renamed, with_realname
from asyncchat.core.registry import Item, Items, answers, handles
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class GetWelcome(Query, frozen=True):
    """The greeting: who the asker is now, how many are here, and since when it was not."""

    missed: LastSeen | None = None


class GetPresent(Query, frozen=True):
    """A room that a person is in already, for a session that has just become this person.

    ``time`` is now, in microseconds since 1970 UTC.
    """

    room: str
    time: int = 0


class CheckName(Command, frozen=True):
    """Whether the asker could enter under this name; answered only by a refusal."""

    barrier: ClassVar[bool] = True
    name: str


class Connect(Command, frozen=True):
    """Become a person, and at once a member of these rooms.

    ``host`` is what others see of where the asker comes from. The ``address`` its session adds: no dialect
    knows it. ``account`` is one whose password the asker has shown (``replies.Confirmed``), or empty.
    ``metadata`` are values that it set before, ``keys`` what it wants to be told of.
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


class Rename(Command, frozen=True):
    """Take another name."""

    name: str


class Quit(Command, frozen=True):
    """Leave the chat. An empty reason is a plain goodbye.

    ``silent`` is for how many microseconds it is not known whether the asker was told anything.
    """

    reason: str = ""
    silent: int = 0


class Detach(Command, frozen=True):
    """End one session of a person who may have others; only with the last one it leaves the chat."""

    session: int
    reason: str = ""
    silent: int = 0


class SetRealname(Command, frozen=True):
    """Have another real name."""

    text: str


class NameReserved(Refusal, frozen=True):
    """That name belongs to an account, and the asker is not logged in to it.

    ``holder`` is who has it now, if that is somebody of the account; else 0.
    """

    name: str
    holder: int = 0


class Present(Reply, frozen=True):
    """A room that the asker's person is in already; ``time`` in microseconds since 1970 UTC."""

    view: RoomView
    time: int


class Welcome(Reply, frozen=True):
    """The asker has entered; ``metadata`` are its own values by key.

    ``missed``: since when its device was not here, if that is known.
    """

    person: Person
    counts: Counts
    metadata: tuple[tuple[str, str], ...] = ()
    missed: LastSeen | None = None


class AlreadyConnected(Refusal, frozen=True):
    """The asker has a name already."""


class NameTaken(Refusal, frozen=True):
    """Somebody has that name; ``holder`` is the session."""

    name: str
    holder: int


class NameNotAllowed(Refusal, frozen=True):
    """A person can't have that name; ``reason`` is half a sentence ("it has …")."""

    name: str
    reason: str


class NameFixed(Refusal, frozen=True):
    """Who is muted or banned in a room it is in keeps its name."""

    name: str
    room: str


class RealnameFixed(Refusal, frozen=True):
    """Who is muted or banned in a room it is in keeps its real name, too."""

    room: str


DEVICES = 20
"""Sessions one person may have at the same time: more than anyone's devices, fewer than a runaway's."""


@answers(GetWelcome)
def welcome(chat: Chat, person_id: int, query: GetWelcome) -> Welcome:
    """The greeting."""
    me = chat.people[person_id]
    own = tuple(Metadata.of(chat).values_of(me).items())
    return Welcome(me, counts(chat, person_id, GetCounts()), own, query.missed)


@answers(GetPresent)
def present(chat: Chat, person_id: int, query: GetPresent) -> Reply:
    """A room that the asker is in."""
    view = room_view(chat, person_id, GetRoom(query.room, joining=True))
    return Present(view, query.time) if isinstance(view, RoomView) else view


@handles(CheckName)
def check_name(chat: Chat, person_id: int, command: CheckName, _now: int) -> Items:
    """Refuses a name that could not be had, else says nothing.

    Whose holder has an account may be the asker, who has not logged in yet: entering decides.
    """
    refusal = _refusal_of_name(chat, person_id, command.name)
    if isinstance(refusal, NameTaken) and chat.people[refusal.holder].account:
        return ()
    return () if refusal is None else (refusal,)


@handles(Connect)
def connect(chat: Chat, session_id: int, command: Connect, now: int) -> Items:
    """Makes the asker a person, in its first rooms at once."""
    if session_id in chat.people:
        return (AlreadyConnected(),)
    account = chat.accounts.get(fold(command.account)) if command.account else None
    mine = "" if account is None else account.name
    same = chat.person_named(command.name)
    if same is not None and mine and same.account == mine:
        return _attaching(chat, session_id, same, command, now)
    refusal = _refusal_of_name(chat, session_id, command.name)
    if same is not None and same.account and fold(same.account) == same.key and same.account != mine:
        return (NameReserved(command.name, same.id),)  # whose password is shown is this person
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
    items: list[Item] = [
        Connected(newcomer, now, command.away),
        *entering(chat, newcomer, session_id, command.metadata, command.keys),
        GetWelcome(missed_since(chat, mine, command.user) if mine else None),
    ]
    if mine:
        items.append(DeviceLastSeen(mine, command.user))
    named: set[str] = set()
    joined = 0
    for room in command.rooms:
        if fold(room) not in named:
            named.add(fold(room))
            found = joining(chat, newcomer, room, now, joined, away=command.away)
            joined += bool(found) and isinstance(found[-1], GetRoom)
            items.extend(found)
    return tuple(items)


def _attaching(chat: Chat, session_id: int, same: Person, command: Connect, now: int) -> Items:
    """Makes the asker one more session of a person who is here, in the rooms where it is."""
    if len(chat.sessions.several.get(same.id, (same.id,))) >= DEVICES:
        return (NameTaken(command.name, same.id),)
    asker = person(
        session_id, command.name, command.user, command.host, command.realname, "", command.address
    )
    banned = server_ban_on(chat, asker, now)
    if banned is not None:
        return (banned,)
    rooms = tuple(GetPresent(room.name, now) for room in chat.rooms_with(same.id))
    back = same.id in chat.sessions.offline_since and chat.people.away.get(same.id) == OFFLINE_AWAY
    away = (AwayChanged(same, command.away),) if back else ()
    before = entering(chat, same, session_id, command.metadata, command.keys)
    attached = SessionAttached(same, session_id, now, command.user)
    welcome = GetWelcome(missed_since(chat, same.account, command.user))
    return (*away, attached, *before, welcome, DeviceLastSeen(same.account, command.user), *rooms)


@handles(Detach)
def detach(chat: Chat, person_id: int, command: Detach, now: int) -> Items:
    """Ends one session of a person; with its last one it leaves, or stays without a connection."""
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
        return (*last_session_gone(chat, me, command.session, command.reason, now), *seen)
    return (*leaving(chat, me, command.reason, now), *seen)


@handles(Rename)
def rename(chat: Chat, person_id: int, command: Rename, now: int) -> Items:
    """Gives a person another name; a change of case alone is one too."""
    me = chat.people.get(person_id)
    if me is None:
        return check_name(chat, person_id, CheckName(command.name), now)
    if command.name == me.name:
        return ()
    refusal = _refusal_of_name(chat, person_id, command.name)
    if refusal is not None:
        return (refusal,)
    if reserved(chat, command.name, me.account):
        return (NameReserved(command.name),)
    if fold(command.name) != me.key:
        room = _silenced_in(chat, me)
        if room is not None:
            return (NameFixed(command.name, room.name),)
    return (Renamed(me, renamed(me, command.name), now, chat.rooms.joined.get(person_id, ())),)


@handles(SetRealname)
def set_realname(chat: Chat, person_id: int, command: SetRealname, _now: int) -> Items:
    """Gives a person another real name."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    room = _silenced_in(chat, me)
    if room is not None:
        return (RealnameFixed(room.name),)
    return (RealnameChanged(me, with_realname(me, command.text)),)


def _silenced_in(chat: Chat, me: Person) -> Room | None:
    """A room where a person is banned or muted, and would not be by another name."""
    for room in chat.rooms_with(me.id):
        if (
            room.speech_restricted
            and not chat.may(me.id, room, Right.SPEAK)
            and (room.bans_person(me) or room.mutes_person(me))
        ):
            return room
    return None


@handles(Quit)
def quit(chat: Chat, person_id: int, command: Quit, now: int) -> Items:
    """Takes a person out of the chat; one who never entered leaves without a trace."""
    me = chat.people.get(person_id)
    if me is None:
        return ()
    return detach(chat, person_id, Detach(person_id, command.reason, command.silent), now)


def _refusal_of_name(chat: Chat, person_id: int, name: str) -> Refusal | None:
    reason = name_fault(name)
    if reason is not None:
        return NameNotAllowed(name, reason)
    if fold(name) in Bots.of(chat).tokens:
        return NameNotAllowed(name, "it is a bot's")
    if chat.ascii_names and not name.isascii():
        return NameNotAllowed(name, "only letters of ASCII are allowed here")
    if is_mixed_script(name):
        return NameNotAllowed(name, "it mixes letters of several scripts in a word")
    holder = chat.people.by_name.get(fold(name))
    if holder is not None and holder != person_id:
        return NameTaken(name, holder)
    alike = chat.people.confusable_person(name)
    like = (
        chat.people[alike].name
        if alike is not None and alike != person_id
        else confusable_reserved(chat, name)
    )
    return NameNotAllowed(name, f"it looks like {like}") if like else None
