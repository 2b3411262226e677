"""Keeping rooms in order: KICK, INVITE, KNOCK (Modern IRC, "KICK message", "INVITE message").

MODE stands in ``modes``; KNOCK is of no specification: it is as ratbox, InspIRCd and others have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, each, numeric, too_many
from asyncchat.dialects.irc.limits import KICK_BYTES, KICKS
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def kick(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Puts members out of a room; of several rooms each has its own nick (RFC 2812, 3.2.8)."""
    reason = cut(message.param(2), KICK_BYTES)[0]
    rooms, names = message.params[0].split(","), message.params[1].split(",")
    if len(rooms) > 1:
        if len(rooms) != len(names):
            return [numeric(numerics.ERR_NEEDMOREPARAMS, "KICK", text="As many nicknames as channels")]
        kicks: list[core.Command] = [
            core.Kick(room, name, reason) for room, name in zip(rooms, names, strict=True)
        ]
        return kicks[:KICKS] + [too_many(name, KICKS) for name in names[KICKS : KICKS + 1]]
    return each(message.params[1], KICKS, lambda name: core.Kick(message.params[0], name, reason))


def invite(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Asks somebody into a room; alone it lists the rooms that one is invited to."""
    params = message.params
    if not params:
        return [core.AskInvitations()]
    if len(params) == 1 or not (params[0] and params[1]):
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "INVITE", text="Not enough parameters")]
    return [core.Invite(params[1], params[0])]


def knock(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Asks for an invitation into a room that only the invited may join."""
    return [core.Knock(message.params[0], message.param(1))]


# What is said to it.


def say_invitations(session: IrcDialect, view: replies.InvitationsView) -> bytes:
    """The rooms that one is invited to."""
    return b"".join(
        (
            *(session.numeric(numerics.RPL_INVITELIST, room) for room in view.rooms),
            session.numeric(numerics.RPL_ENDOFINVITELIST, text="End of /INVITE list"),
        )
    )


COMMANDS: dict[str, CommandSpec] = {
    "KICK": CommandSpec(
        kick,
        2,
        params="<channel>{,<channel>} <nickname>{,<nickname>} [:<reason>]",
        about="Puts people out of a channel.",
    ),
    "KNOCK": CommandSpec(
        knock,
        1,
        params="<channel> [:<text>]",
        about="Asks those who keep order in an invite-only channel (+i) to invite you.",
    ),
    "INVITE": CommandSpec(
        invite,
        params="[<nickname> <channel>]",
        about="Asks somebody into a channel; alone it lists the channels that you are invited to.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {replies.InvitationsView: say_invitations}
