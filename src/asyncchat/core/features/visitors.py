"""Visitors: guests and accounts that speak and read by single requests, without being connected.

Owns who a visitor is, in which rooms it may take part, and what it says. It may do there what it could do as
a member without a role, or with the role of its account. It takes no name from anybody, and its coming is not
told.
"""

from itertools import chain
from typing import Final
from zlib import crc32

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.features.bots import CTCP_MARK, Bots
from asyncchat.core.features.connect import NameReserved, NameTaken, refusal_of_name
from asyncchat.core.features.join import (
    Banned,
    NotInvited,
    RoomFull,
    RoomNotAllowed,
    TooManyRoomsOpened,
    WrongKey,
    confusable_fault,
)
from asyncchat.core.features.messages import (
    CannotSpeak,
    CannotSpeakReason,
    Said,
    Say,
    Speech,
    say_from_outside,
)
from asyncchat.core.features.post_keys import PostedOnce
from asyncchat.core.features.presence import reserved
from asyncchat.core.features.server_bans import server_ban_on
from asyncchat.core.modes import (
    ACCOUNTS_ONLY,
    CLOSING_FLAGS,
    CLOSING_SETTINGS,
    INVITE_ONLY,
    KEY,
    LIMIT,
    SECRET,
)
from asyncchat.core.names import alternatives, fold, room_fault
from asyncchat.core.people import Person, network_of, person, remote_network
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import (
    AccountFault,
    AccountRefused,
    NeedsAccount,
    NoSuchRoom,
    NoText,
    Refusal,
    TextTooLong,
)
from asyncchat.core.rooms import Room
from asyncchat.core.text import TEXT_BYTES, size

USER: Final = "guest"
"""The user part of a visitor's ``name!user@host``."""


class Visitor(msgspec.Struct, frozen=True):
    """Who asks: an account whose token was shown, or a guest under the name that it asks for.

    ``host`` is what others see of its ``address``. The name may be empty for whoever only reads.
    """

    host: str
    address: str
    name: str = ""
    account: str = ""

    @property
    def keys_of(self) -> str:
        """Whose keys it posts under (``PostedOnce.token``)."""
        return f"account {fold(self.account)}" if self.account else f"guest {fold(self.name)}"


class PostAs(Command, frozen=True):
    """Say something in a room as a visitor.

    Under the same ``key`` of a name or an account it is said only once; ``asked`` identifies the request.
    """

    visitor: Visitor
    room: str
    text: str
    speech: Speech = Speech.MESSAGE
    key: str = ""
    asked: str = ""


def person_of(visitor: Visitor, room: Room | None = None) -> Person:
    """The person who stands for a visitor in a room: of an account its member there, if there is one."""
    if visitor.account and room is not None:
        for member in room.members():
            if member.person.account == visitor.account:
                return member.person
    name = visitor.account or visitor.name
    # No session has a negative number. Of a network it is the same each time: for rooms that are slowed.
    number = -1 - crc32((visitor.account or network_of(visitor.address)).encode("utf-8", "replace"))
    return person(number, name, USER, visitor.host, account=visitor.account, address=visitor.address)


def refusal_of_visit(me: Person, room: Room) -> Refusal | None:
    """Why a visitor may neither read what is said in a room nor speak there, or None.

    It may where everybody could join, where its account has a role, and where it is a member already.
    """
    if me.id in room.member_blocks or room.role_of(me.account):
        return None
    if SECRET in room.flags:
        return NoSuchRoom(room.name)
    if room.bans_person(me):
        return Banned(room.name)
    if ACCOUNTS_ONLY in room.flags and not me.account:
        return NeedsAccount(room.name)
    if INVITE_ONLY in room.flags:
        return NotInvited(room.name)
    if KEY in room.settings:
        return WrongKey(room.name)
    is_open = (CLOSING_FLAGS - {ACCOUNTS_ONLY}).isdisjoint(room.flags) and CLOSING_SETTINGS.isdisjoint(
        room.settings
    )
    return None if is_open else NoSuchRoom(room.name)


@handles(PostAs)
def post_as(chat: Chat, _person_id: int, command: PostAs, now: int) -> Items:
    """Says something for a visitor."""
    before = Bots.of(chat).keys.before(command.visitor.keys_of, command.key, now)
    if before is not None:
        return (before,)
    room = chat.room_named(chat.rooms.redirects.get(fold(command.room), command.room))
    me = speaker(chat, command.visitor, room)
    if isinstance(me, Refusal):
        return (me,)
    banned = server_ban_on(chat, me, now)
    if banned is not None:
        return (banned,)
    said, *others = _said(chat, me, room, command, now)
    if not command.key or not isinstance(said, Said):
        return (said, *others)
    once = PostedOnce(command.visitor.keys_of, command.key, command.asked, said.room, now)
    return (said, once, *others)


def speaker(chat: Chat, visitor: Visitor, room: Room | None) -> Person | Refusal:
    """The person who says it: a guest whose name is somebody else's has a similar one."""
    if visitor.account:
        if fold(visitor.account) not in chat.accounts:
            return AccountRefused(AccountFault.UNKNOWN, visitor.account)
        return person_of(visitor, room)
    first: Refusal | None = None
    for name in chain((visitor.name,), alternatives(visitor.name)):
        refusal = refusal_of_name(chat, 0, name)
        if refusal is None and reserved(chat, name, ""):
            refusal = NameReserved(name)
        if refusal is None:
            return person_of(msgspec.structs.replace(visitor, name=name))
        first = first or refusal
        if not isinstance(refusal, NameTaken | NameReserved):
            break
    assert first is not None  # noqa: S101 - a name was tried
    return first


def _said(chat: Chat, me: Person, room: Room | None, command: PostAs, now: int) -> Items:
    if size(command.text) > TEXT_BYTES:
        return (TextTooLong(TEXT_BYTES),)
    if not command.text:
        return (NoText(),)
    if CTCP_MARK in command.text:
        return (CannotSpeak(command.room, CannotSpeakReason.CTCP),)
    if room is None:
        return (
            _refusal_of_name(chat, me, command.room) or Said(command.room, me, command.text, command.speech),
        )
    refusal = refusal_of_visit(me, room)
    if refusal is None and me.id not in room.member_blocks and not room.role_of(me.account):
        limit = room.settings.get(LIMIT)
        if limit and len(room.member_blocks) >= int(limit):
            refusal = RoomFull(room.name)
    if refusal is not None:
        return (refusal,)
    return say_from_outside(chat, me, room, Say(room.name, command.text, command.speech), now)


def _refusal_of_name(chat: Chat, me: Person, name: str) -> Refusal | None:
    """Why a guest may say nothing in a room that is not open, as it could not open it; or None."""
    reason = room_fault(name) or confusable_fault(chat, name)
    if reason is not None:
        return RoomNotAllowed(name, reason)
    if not chat.rooms.may_open(remote_network(me.address or me.host)):
        return TooManyRoomsOpened(name, chat.rooms.per_network)
    return None
