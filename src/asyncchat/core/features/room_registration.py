"""Registered rooms: a room can belong to an account, and other accounts can have roles in it.

Owns founders and access lists.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.audit import note_secret
from asyncchat.core.features.room_modes import RoleChanged
from asyncchat.core.names import CHANSERV, LOBBY, fold
from asyncchat.core.people import Person, from_origin
from asyncchat.core.permissions import about_room, shown
from asyncchat.core.registry import Items, answers, applies, notes, snapshots_room
from asyncchat.core.replies import (
    AccountFault,
    AccountRefused,
    NoSuchRoom,
    NotMember,
    Refusal,
    Reply,
)
from asyncchat.core.roles import FOUNDER, ROLE_NAMED, Right
from asyncchat.core.rooms import Room


class RegisterRoom(Command, frozen=True):
    """Register a room to an account (empty: the own one), or end the registration."""

    audited: ClassVar[bool] = True
    room: str
    account: str = ""
    on: bool = True
    context: object = None


class SetAccess(Command, frozen=True):
    """Give an account a role in a registered room, or remove it (empty)."""

    audited: ClassVar[bool] = True
    room: str
    account: str
    role: str
    context: object = None


class TakeRole(Command, frozen=True):
    """Get back the role that the own account has in a room."""

    room: str
    context: object = None


class GetAccess(Query, frozen=True):
    """The founder of a room, and the accounts that have a role in it."""

    room: str
    context: object = None


class RoomRegistered(Untold, frozen=True, tag="room_registered"):
    """A room was registered to its founder's account, or to none (empty): then its access list is cleared."""

    room: str
    account: str

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return room.roles.get(person_id, 0) >= (FOUNDER.bit if room.founder else Right.MANAGE)


class RoomAccessChanged(Untold, frozen=True, tag="room_access"):
    """An account has a role in the room, which its people get when they join, or no longer."""

    room: str
    account: str
    role: str
    on: bool

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return room.roles.get(person_id, 0) >= FOUNDER.bit


class AccessView(Reply, frozen=True):
    """A registered room: its founder's account, and the accounts that have a role in it."""

    room: str
    founder: str
    access: tuple[tuple[str, str], ...]
    context: object = None


class RoomRegisteredNow(Reply, frozen=True):
    """The room is registered to this account now, or to none (empty)."""

    room: str
    account: str
    context: object = None


class AccessChanged(Reply, frozen=True):
    """An account has that role in the room now, or none (empty)."""

    room: str
    account: str
    role: str
    context: object = None


ACCESS_EACH = 200
"""Accounts with a role in one room: more than any room has moderators."""


GIVER = from_origin(CHANSERV)
"""The author of role changes that come from an access list."""


def granted(room: Room, me: Person) -> tuple[RoleChanged, ...]:
    """The event that gives a member the role of its account in the room, unless the member has it."""
    role = ROLE_NAMED.get(room.role_of(me.account))
    if role is None or room.roles.get(me.id, 0) & role.bit:
        return ()
    return (RoleChanged(room.name, me, GIVER, True, role.name),)


def granted_everywhere(chat: Chat, me: Person) -> Iterator[RoleChanged]:
    """The same for all rooms of a person who just logged in."""
    for room in chat.rooms_with(me.id):
        yield from granted(room, me)


@about_room(RegisterRoom, find=shown)
def register(chat: Chat, me: Person, room: Room, command: RegisterRoom, _now: int) -> Items:
    """Registers a room, transfers it to another account, or ends the registration."""
    wanted = (command.account or me.account) if command.on else ""
    account = chat.accounts.get(fold(wanted))
    fault = _founder_fault(chat, me, room)
    if fault is None and command.on and account is None:
        fault = AccountFault.UNKNOWN if wanted else AccountFault.LOGGED_OUT
    elif fault is None and command.on and account is not None and account.name == room.founder:
        fault = AccountFault.TAKEN
    elif fault is None and not (command.on or room.founder):
        fault = AccountFault.NOT_TAKEN
    if fault is not None:
        return (AccountRefused(fault, wanted, context=command.context),)
    name = "" if account is None else account.name
    return (
        RoomRegistered(room.name, name),
        *_roles_for(room, room.founder, FOUNDER.name, on=False, but=name),
        *_roles_for(room, name, FOUNDER.name, on=True),
        RoomRegisteredNow(room.name, name, command.context),
    )


def _founder_fault(chat: Chat, me: Person, room: Room) -> AccountFault | None:
    """Why a person can't register a room or act as its founder, or None."""
    if me.id in chat.server_operators:
        return None
    if room.key == LOBBY and not room.founder:
        return AccountFault.LOBBY
    if not me.account:
        return AccountFault.LOGGED_OUT
    if room.founder:
        return None if room.founder == me.account else AccountFault.NOT_FOUNDER
    return None if chat.may(me.id, room, Right.MANAGE) else AccountFault.NOT_FOUNDER


@about_room(SetAccess, find=shown)
def set_access(chat: Chat, me: Person, room: Room, command: SetAccess, _now: int) -> Items:
    """Gives an account a role in a registered room; members who are logged in to it get the role at once."""
    account = chat.accounts.get(fold(command.account))
    fault = AccountFault.NOT_TAKEN if not room.founder else _founder_fault(chat, me, room)
    if fault is None and account is None:
        fault = AccountFault.UNKNOWN
    elif fault is None and command.role not in ({""} | ROLE_NAMED.keys()) - {FOUNDER.name}:
        fault = AccountFault.NO_ROLE
    elif (
        fault is None
        and account is not None
        and command.role
        and account.name not in room.access
        and len(room.access) >= ACCESS_EACH
    ):
        fault = AccountFault.LISTED
    if fault is not None or account is None:
        refused = fault or AccountFault.UNKNOWN
        return (AccountRefused(refused, command.account, context=command.context),)
    name, before = account.name, room.access.get(account.name, "")
    changed = AccessChanged(room.name, name, command.role, command.context)
    if before == command.role:
        return (changed,)
    return (
        RoomAccessChanged(room.name, name, command.role or before, bool(command.role)),
        *_roles_for(room, name, before, on=False),
        *_roles_for(room, name, command.role, on=True),
        changed,
    )


def _roles_for(room: Room, account: str, role: str, *, on: bool, but: str = "") -> Iterator[RoleChanged]:
    """The events that give members who are logged in to an account a role, or take it away."""
    if not account or account == but or role not in ROLE_NAMED:
        return
    bit = ROLE_NAMED[role].bit
    for member in room.members():
        if member.person.account == account and bool(member.roles & bit) != on:
            yield RoleChanged(room.name, member.person, GIVER, on, role)


@about_room(TakeRole, find=shown)
def take_role(chat: Chat, me: Person, room: Room, command: TakeRole, _now: int) -> Items:
    """Gives a member the role that its account has in the room."""
    if me.id not in room.member_blocks:
        return (NotMember(room.name),)
    if not room.role_of(me.account):
        return (AccountRefused(AccountFault.NO_ACCESS, me.account, context=command.context),)
    return granted(room, me)


@notes(GetAccess)
def _note(chat: Chat, person_id: int, query: GetAccess, now: int) -> Iterable[Event]:
    room = chat.room_named(query.room)
    return () if room is None else note_secret(chat, person_id, room, now)


@answers(GetAccess)
def answer_access(chat: Chat, person_id: int, query: GetAccess) -> Reply | Refusal:
    """The founder of a room, and its access list."""
    room = chat.room_shown(query.room, person_id)
    if room is None:
        return NoSuchRoom(query.room)
    return AccessView(room.name, room.founder, tuple(room.access.items()), query.context)


def rooms_released(chat: Chat, account: str) -> Iterator[Event]:
    """The events that end the registrations and roles of a removed account."""
    for room in chat.rooms.values():
        if room.founder == account:
            yield RoomRegistered(room.name, "")
        elif account in room.access:
            yield RoomAccessChanged(room.name, account, room.access[account], False)


@applies(RoomRegistered)
def _room_registered(chat: Chat, event: RoomRegistered) -> None:
    room = chat.rooms[fold(event.room)]
    room.founder = event.account
    if not event.account:
        room.access = {}


@applies(RoomAccessChanged)
def _room_access_changed(chat: Chat, event: RoomAccessChanged) -> None:
    room = chat.rooms[fold(event.room)]
    others = {account: role for account, role in room.access.items() if account != event.account}
    room.access = {**others, event.account: event.role} if event.on else others


@snapshots_room
def _snapshot(room: Room) -> Iterator[Event]:
    if room.founder:
        yield RoomRegistered(room.name, room.founder)
    for account, role in room.access.items():
        yield RoomAccessChanged(room.name, account, role, True)
