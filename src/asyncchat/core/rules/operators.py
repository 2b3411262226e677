"""Keeping the server in order, which its owner may: putting people out, banning them from all of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.masks import describes
from asyncchat.core.modes import WALLOPS
from asyncchat.core.names import fold
from asyncchat.core.people import hosted
from asyncchat.core.rules.modes import MASK_BYTES
from asyncchat.core.rules.stays import put_out
from asyncchat.core.server_bans import completed
from asyncchat.core.text import TOPIC_BYTES, size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule

_HOST = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:/-]{0,62}")
"""A host that somebody may be seen with: nothing that a mask or IRC's grammar takes for something else."""

SERVER_BANS = 1000
"""Bans from the server: each newcomer is held against them."""

_SECOND = 1_000_000


def kill(chat: Chat, who: int, command: commands.Kill, now: int) -> Items:
    """Puts a person out of the chat; its session ends when it has been told."""
    refusal = _unless_owner(chat, who)
    if refusal is not None:
        return (refusal,)
    other = chat.person_named(command.name)
    if other is None:
        return (replies.NoSuchPerson(command.name),)
    return tuple(put_out(chat, other, chat.people[who], command.reason, now))


def change_host(chat: Chat, who: int, command: commands.ChangeHost, _now: int) -> Items:
    """Lets a person be seen as coming from another host, until it leaves."""
    refusal = _unless_owner(chat, who)
    if refusal is not None:
        return (refusal,)
    other = chat.person_named(command.name)
    if other is None:
        return (replies.NoSuchPerson(command.name),)
    if not _HOST.fullmatch(command.host):
        return (replies.HostNotAllowed(command.host),)
    if command.host == other.host:
        return (replies.HostAlready(other.name, other.host),)
    now = hosted(other, command.host)
    rooms = chat.rooms_with(other.id)
    away = chat.away.get(other.id, "")
    shown: list[events.HostShown] = []
    for room in rooms:
        to = tuple(one for one in room.seats if one != other.id and not chat.veils(room, one, other.id))
        shown.append(events.HostShown(room.name, now, room.roles.get(other.id, 0), away, to))
    to = tuple(dict.fromkeys(one for place in shown for one in place.to))
    return (events.HostChanged(other, now, chat.people[who], to), *shown)


def announce(chat: Chat, who: int, command: commands.Announce, _now: int) -> Items:
    """Tells all who want it, and all owners, something."""
    refusal = _unless_owner(chat, who)
    if refusal is not None:
        return (refusal,)
    if not command.text:
        return (replies.NoText(),)
    if size(command.text) > TOPIC_BYTES:
        return (replies.TextTooLong(TOPIC_BYTES),)
    to = tuple(id for id in chat.people if id in chat.owners or chat.has(id, WALLOPS))
    return (events.Announced(chat.people[who], command.text, to),)


def ban_from_server(chat: Chat, who: int, command: commands.BanFromServer, now: int) -> Items:
    """Bans a mask from the server and puts out whom it means, but for owners; or lifts the ban."""
    refusal = _unless_owner(chat, who)
    if refusal is not None:
        return (refusal,)
    me = chat.people[who]
    mask = completed(command.mask)
    key = fold(mask)
    known = next((listed for listed in chat.server_bans if fold(listed) == key), None)
    if not command.on:
        if known is None:
            return (replies.NoSuchServerBan(mask),)
        return (events.ServerBanChanged(me, known, False, now),)
    over = [ban.mask for ban in chat.server_bans.values() if not ban.holds(now) and ban.mask != known]
    if size(mask) > MASK_BYTES or (known is None and len(chat.server_bans) - len(over) >= SERVER_BANS):
        return (replies.TooManyServerBans(mask, SERVER_BANS),)
    if _means_everybody(mask):
        return (replies.ServerBanTooWide(mask),)
    until = now + command.seconds * _SECOND if command.seconds else 0
    meant = [
        person for person in chat.people.values() if person.id not in chat.owners and describes(mask, person)
    ]
    return (
        *(events.ServerBanChanged(me, old, False, now) for old in over),
        events.ServerBanChanged(me, known or mask, True, now, until, command.reason),
        *(fact for person in meant for fact in put_out(chat, person, me, command.reason or "banned", now)),
    )


def resign(chat: Chat, who: int, command: commands.Resign, _now: int) -> Items:
    """Makes an operator of the server a person like others; who is none is told nothing."""
    if who not in chat.people:
        return (replies.NotEntered(),)
    if command.name and fold(command.name) != chat.people[who].key:
        other = chat.person_named(command.name)
        return (replies.NoSuchPerson(command.name) if other is None else replies.NotYourself(other.name),)
    return (events.OwnerResigned(chat.people[who]),) if who in chat.owners else ()


def ask_server_bans(chat: Chat, who: int, command: commands.AskServerBans, now: int) -> Items:
    """The bans that are not over, for the owner."""
    refusal = _unless_owner(chat, who)
    if refusal is not None:
        return (refusal,)
    held = tuple(ban for ban in chat.server_bans.values() if ban.holds(now))
    return (replies.ServerBansView(held, command.purpose),)


def need_owner(chat: Chat, who: int, command: commands.NeedOwner, _now: int) -> Items:
    """Gives the answer that only the owner is given."""
    refusal = _unless_owner(chat, who)
    return (replies.OwnerOnly(command.purpose),) if refusal is None else (refusal,)


def _unless_owner(chat: Chat, who: int) -> replies.Refusal | None:
    if who not in chat.people:
        return replies.NotEntered()
    return None if who in chat.owners else replies.NotServerOperator()


def _means_everybody(mask: str) -> bool:
    """Whether a mask is nothing but wildcards: who is so angry locks himself out."""
    return not set(mask) - set("*?!@.:/0")


RULES: dict[type[commands.Command], Rule] = {
    commands.Announce: announce,
    commands.ChangeHost: change_host,
    commands.Kill: kill,
    commands.Resign: resign,
    commands.BanFromServer: ban_from_server,
    commands.AskServerBans: ask_server_bans,
    commands.NeedOwner: need_owner,
}
