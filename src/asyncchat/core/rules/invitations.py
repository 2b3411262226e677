"""Invitations: asking people into a room, and what that opens.

An invitation of who keeps order there lets in past a ban, a key, a limit and the rule that one must be
invited; anyone else's only tells. It is used up by the join, and ends with the room and when the invited one
leaves the chat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.modes import INVITE_ONLY, NO_KNOCK
from asyncchat.core.roles import Right
from asyncchat.core.rules.rooms import membership
from asyncchat.core.text import cut

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule

KNOCK_REST = 300_000_000
"""Microseconds between two knocks of one person at one room: five minutes, as is usual."""

KNOCK_BYTES = 100
"""Longest word with a knock: it stands beside room and origin."""

INVITATIONS_EACH = 100
"""Rooms one person may be invited to at a time: as many as it may be in."""


def invite(chat: Chat, who: int, command: commands.Invite, _now: int) -> Items:
    """Asks a person into a room; into an invite-only one those may who keep order there."""
    room = membership(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    admits = chat.may(who, room, Right.KEEP_ORDER)
    if INVITE_ONLY in room.flags and not admits:
        return (replies.NotOperator(room.name),)
    other = chat.person_named(command.name)
    if other is None:
        return (replies.NoSuchPerson(command.name),)
    if other.id in room.seats:
        return (replies.AlreadyThere(room.name, other.name),)
    rooms = chat.invitations.get(other.id, {})
    if room.key not in rooms and len(rooms) >= INVITATIONS_EACH:
        return (replies.TooManyInvitations(room.name, other.name),)
    me = chat.people[who]
    told = events.Invited(room.name, other, me, admits), events.InviteShown(room.name, other, me)
    away = chat.away.get(other.id)
    return told if away is None else (*told, replies.AwayNote(other, away))


def knock(chat: Chat, who: int, command: commands.Knock, now: int) -> Items:
    """Tells those who could invite into an invite-only room that somebody wants in."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    room = chat.room_shown(command.room, who)
    if room is None:
        return (replies.NoSuchRoom(command.room),)
    if who in room.seats or INVITE_ONLY not in room.flags:
        return (replies.NoNeedToKnock(room.name, who in room.seats),)
    if NO_KNOCK in room.flags:
        return (replies.KnockForbidden(room.name, "nobody may knock there"),)
    if room.bans_person(me) or room.mutes_person(me):
        return (replies.KnockForbidden(room.name, "you are banned or muted there"),)
    if now - chat.knocks.get(who, {}).get(room.key, -KNOCK_REST) < KNOCK_REST:
        return (replies.TooManyKnocks(room.name),)
    to = tuple(id for id, roles in room.roles.items() if roles >= Right.KEEP_ORDER)
    return (events.Knocked(room.name, me, cut(command.text, KNOCK_BYTES)[0], to, now),)


RULES: dict[type[commands.Command], Rule] = {commands.Invite: invite, commands.Knock: knock}
