"""Rooms that belong to an account: who may register one, and which accounts have a role in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import CHANSERV, LOBBY, fold
from asyncchat.core.people import from_origin
from asyncchat.core.replies import AccountFault
from asyncchat.core.roles import FOUNDER, ROLE_NAMED, Right

if TYPE_CHECKING:
    from asyncchat.core.chat import Answerer, Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room

ACCESS_EACH = 200
"""Accounts with a role in one room: more than keep order anywhere."""

GIVER = from_origin(CHANSERV)
"""Who gives the roles that are kept for an account."""


def granted(room: Room, me: Person) -> tuple[events.RoleChanged, ...]:
    """The role that a member's account has in the room, unless it has it already."""
    role = ROLE_NAMED.get(room.role_of(me.account))
    if role is None or room.roles.get(me.id, 0) & role.bit:
        return ()
    return (events.RoleChanged(room.name, me, GIVER, True, role.name),)


def granted_everywhere(chat: Chat, me: Person) -> Iterator[events.RoleChanged]:
    """The same in all rooms that somebody is in, who is logged in from now on."""
    for room in chat.rooms_with(me.id):
        yield from granted(room, me)


def register(chat: Chat, who: int, command: commands.RegisterRoom, _now: int) -> Items:
    """Registers a room, gives it to another account, or gives it up."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    room = chat.room_shown(command.room, who)
    if room is None:
        return (replies.NoSuchRoom(command.room),)
    wanted = (command.account or me.account) if command.on else ""
    account = chat.accounts.get(fold(wanted))
    fault = _unfoundable(chat, me, room)
    if fault is None and command.on and account is None:
        fault = AccountFault.UNKNOWN if wanted else AccountFault.LOGGED_OUT
    elif fault is None and command.on and account is not None and account.name == room.founder:
        fault = AccountFault.TAKEN
    elif fault is None and not (command.on or room.founder):
        fault = AccountFault.NOT_TAKEN
    if fault is not None:
        return (replies.AccountRefused(fault, wanted, purpose=command.purpose),)
    name = "" if account is None else account.name
    return (
        events.RoomRegistered(room.name, name),
        *_roles_for(room, room.founder, FOUNDER.name, on=False, but=name),
        *_roles_for(room, name, FOUNDER.name, on=True),
        replies.RoomRegisteredNow(room.name, name, command.purpose),
    )


def _unfoundable(chat: Chat, me: Person, room: Room) -> AccountFault | None:
    """Why somebody can't register a room, or do with it as its founder may."""
    if me.id in chat.owners:
        return None
    if room.key == LOBBY:
        return AccountFault.LOBBY
    if not me.account:
        return AccountFault.LOGGED_OUT
    if room.founder:
        return None if room.founder == me.account else AccountFault.NOT_FOUNDER
    return None if chat.may(me.id, room, Right.RULE) else AccountFault.NOT_FOUNDER


def set_access(chat: Chat, who: int, command: commands.SetAccess, _now: int) -> Items:
    """Gives an account a role in a registered room, and those who are logged in to it and there, at once."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    room = chat.room_shown(command.room, who)
    if room is None:
        return (replies.NoSuchRoom(command.room),)
    account = chat.accounts.get(fold(command.account))
    fault = AccountFault.NOT_TAKEN if not room.founder else _unfoundable(chat, me, room)
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
        return (replies.AccountRefused(refused, command.account, purpose=command.purpose),)
    name, before = account.name, room.access.get(account.name, "")
    changed = replies.AccessChanged(room.name, name, command.role, command.purpose)
    if before == command.role:
        return (changed,)
    return (
        events.RoomAccessChanged(room.name, name, command.role or before, bool(command.role)),
        *_roles_for(room, name, before, on=False),
        *_roles_for(room, name, command.role, on=True),
        changed,
    )


def _roles_for(
    room: Room, account: str, role: str, *, on: bool, but: str = ""
) -> Iterator[events.RoleChanged]:
    """Gives the members who are logged in to an account a role, or takes it away."""
    if not account or account == but or role not in ROLE_NAMED:
        return
    bit = ROLE_NAMED[role].bit
    for member in room.members():
        if member.person.account == account and bool(member.roles & bit) != on:
            yield events.RoleChanged(room.name, member.person, GIVER, on, role)


def take_role(chat: Chat, who: int, command: commands.TakeRole, _now: int) -> Items:
    """Gives a member the role again that its account has."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    room = chat.room_shown(command.room, who)
    if room is None:
        return (replies.NoSuchRoom(command.room),)
    if who not in room.seats:
        return (replies.NotMember(room.name),)
    if not room.role_of(me.account):
        return (replies.AccountRefused(AccountFault.NO_ACCESS, me.account, purpose=command.purpose),)
    return granted(room, me)


def ask(chat: Chat, who: int, command: commands.AskAccess, _now: int) -> Items:
    """Passes the question on, for who has entered."""
    return (command,) if who in chat.people else (replies.NotEntered(),)


def answer_access(chat: Chat, who: int, question: commands.AskAccess) -> replies.Reply | replies.Refusal:
    """Whose a room is."""
    room = chat.room_shown(question.room, who)
    if room is None:
        return replies.NoSuchRoom(question.room)
    return replies.AccessView(room.name, room.founder, tuple(room.access.items()), question.purpose)


def given_up(chat: Chat, account: str) -> Iterator[events.AnyEvent]:
    """What becomes of the rooms of an account that is removed."""
    for room in chat.rooms.values():
        if room.founder == account:
            yield events.RoomRegistered(room.name, "")
        elif account in room.access:
            yield events.RoomAccessChanged(room.name, account, room.access[account], False)


RULES: dict[type[commands.Command], Rule] = {
    commands.RegisterRoom: register,
    commands.SetAccess: set_access,
    commands.TakeRole: take_role,
    commands.AskAccess: ask,
}

ANSWERS: dict[type[commands.Question], Answerer] = {commands.AskAccess: answer_access}
