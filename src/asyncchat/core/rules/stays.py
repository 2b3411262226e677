"""Staying while one is not connected: the wish, what is kept for it, and its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands, events, replies
from asyncchat.core.names import fold
from asyncchat.core.people import from_origin
from asyncchat.core.replies import AccountFault
from asyncchat.core.roles import OPERATOR, ROLES
from asyncchat.core.rules.rooms import closing
from asyncchat.core.seen import gone
from asyncchat.core.stays import NOT_CONNECTED, Stay, stay_of, stays

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person

_DAY = 86_400_000_000
"""Microseconds of a day."""


def set_staying(chat: Chat, who: int, command: commands.SetStaying, now: int) -> Items:
    """Lets the asker's account stay without a connection, or no longer; or tells whether it does."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (replies.AccountRefused(AccountFault.LOGGED_OUT, purpose=command.purpose),)
    key = fold(account.name)
    stays_now = key in chat.staying
    wanted = stays_now if command.on is None else command.on
    answer = replies.Staying(account.name, wanted, chat.longest_absence, command.purpose)
    if wanted == stays_now:
        return (answer,)
    if wanted and len(chat.staying) >= chat.most_stays:
        return (replies.AccountRefused(AccountFault.NO_STAY, account.name, purpose=command.purpose),)
    changed = events.AccountStays(account.name, wanted)
    kept = commands.KeepStays((key,))
    # Who stands there without a connection, while its owner is here under another name, goes at once.
    gone = () if wanted else tuple(_absent_of(chat, account.name, "does not stay any more", now))
    return (changed, *gone, kept, answer)


def keep_stays(chat: Chat, _who: int, command: commands.KeepStays, _now: int) -> Items:
    """Brings up to date what is kept of those who stay."""
    facts: list[events.AnyEvent] = []
    for key in command.accounts:
        account = chat.accounts.get(key)
        if account is None:
            continue
        me = chat.person_named(account.name)
        there = me is not None and stays(chat, me)
        stay = stay_of(chat, me) if me is not None and there else None
        if stay != chat.stays.get(key):
            facts.append(_kept(account.name, stay))
    return tuple(facts)


def _kept(account: str, stay: Stay | None) -> events.StayChanged:
    if stay is None:
        return events.StayChanged(account)
    return events.StayChanged(account, stay.person, stay.rooms, stay.away, stay.since)


def leaving(chat: Chat, me: Person, reason: str, now: int) -> Iterator[events.AnyEvent]:
    """That a person is gone from everywhere."""
    yield events.Left(me, reason, now, chat.rooms_of.get(me.id, ()))
    for room in chat.rooms_with(me.id):
        yield from closing(room)


def put_out(chat: Chat, other: Person, by: Person, reason: str, now: int) -> Iterator[events.AnyEvent]:
    """Puts a person out of the chat: who would stay without its sessions is gone at once."""
    yield events.Killed(other, by, reason)
    if other.id in chat.absent or stays(chat, other):
        yield from leaving(chat, other, f"Killed ({by.name} ({reason}))", now)
        yield from gone(chat, other, now)


def absent_people(chat: Chat, account: str) -> list[Person]:
    """The people of an account who are not connected."""
    return [chat.people[who] for who in chat.absent if chat.people[who].account == account]


def _absent_of(chat: Chat, account: str, reason: str, now: int) -> Iterator[events.AnyEvent]:
    for person in absent_people(chat, account):
        yield from leaving(chat, person, reason, now)


def last_session_gone(
    chat: Chat, me: Person, session: int, reason: str, now: int
) -> tuple[events.AnyEvent, ...]:
    """That somebody is here without a connection from now on."""
    facts: list[events.AnyEvent] = [events.Detached(me, session, reason, now)]
    if me.id in chat.owners:
        facts.append(events.OwnerResigned(me))  # who comes next may be on a device that is not so safe
    if not chat.away.get(me.id):
        facts.append(events.AwayChanged(me, NOT_CONNECTED))
    return tuple(facts)


def let_go(chat: Chat, now: int) -> Iterator[events.AnyEvent]:
    """Ends the stay of those who were not connected for too long."""
    if not chat.longest_absence:
        return
    for who, since in chat.absent.items():
        if now - since > chat.longest_absence * _DAY:
            me = chat.people[who]
            yield from leaving(chat, me, f"not connected for {chat.longest_absence} days", now)
            yield _kept(me.account, None)


def entering_again(chat: Chat, now: int, last: int) -> Iterator[events.AnyEvent]:
    """The facts by which those who stay are here again in a new run.

    Args:
        last: when the run before said its last, which is how long who was connected then was here.
    """
    kept = [(account, stay) for account, stay in chat.stays.items() if _may_stay(chat, account, stay, now)]
    for number, (account, stay) in enumerate(kept, 1):
        me = msgspec.structs.replace(stay.person, id=number, bot=False, oper=False)
        since = stay.since or last or now
        away = stay.away or NOT_CONNECTED
        yield events.Entered(me, now, away)
        yield events.Detached(me, number, "", since)
        for name, roles in stay.rooms:
            room = chat.rooms.get(fold(name))
            if room is None:
                continue
            yield events.Joined(room.name, me, bool(roles & OPERATOR.bit), away)
            for role in ROLES:
                if roles & role.bit & ~OPERATOR.bit:
                    yield events.RoleChanged(room.name, me, _RETURN, True, role.name)
        if since != stay.since:
            yield _kept(chat.accounts[account].name, msgspec.structs.replace(stay, since=since))
    names = {account for account, _ in kept}
    yield from (_kept(chat.accounts[account].name, None) for account in chat.stays if account not in names)


_RETURN = from_origin("")
"""Gives back the roles of who comes again: nobody."""


def _may_stay(chat: Chat, account: str, stay: Stay, now: int) -> bool:
    if account not in chat.staying:
        return False
    if chat.longest_absence and stay.since and now - stay.since > chat.longest_absence * _DAY:
        return False
    return not any(ban.holds(now) and ban.means(stay.person) for ban in chat.server_bans.values())


def last_seen(chat: Chat, last: int) -> Iterator[events.AnyEvent]:
    """That the devices which were here when the run before ended were so until then."""
    for key, devices in chat.seen.items():
        for device, seen in devices.items():
            if not seen.time:
                yield events.DeviceSeen(chat.accounts[key].name, device, last)


def rooms_kept(chat: Chat, now: int) -> set[str]:
    """The keys of rooms that somebody who stays sits in, at the start of a run."""
    kept: Iterable[Stay] = (stay for key, stay in chat.stays.items() if _may_stay(chat, key, stay, now))
    return {fold(name) for stay in kept for name, _ in stay.rooms}


RULES: dict[type[commands.Command], Rule] = {
    commands.SetStaying: set_staying,
    commands.KeepStays: keep_stays,
}
