"""Invitation codes: INVITECODE, INVITECODES and UNINVITE, of no specification. A code is a key of JOIN.

The answers are NOTICEs that people can read; with message-tags, tags have a code's number and a new code.
"""

from collections.abc import Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.features.invite_codes import (
    CODE_ROLES,
    ClosedBy,
    CodeFault,
    GetInviteCodes,
    InviteCodeEnded,
    InviteCodeGiven,
    InviteCodeRefused,
    InviteCodesView,
    NewInviteCode,
    RevokeInviteCode,
)
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MESSAGE_TAGS
from asyncchat.dialects.irc.client_registry import optional, to_server
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message, format_tags
from asyncchat.text.features import invite_codes
from asyncchat.text.sentences import capitalized
from asyncchat.text.times import Zone, lasting

NUMBER_TAG: Final = "asyncchat/invite"
"""The tag of each NOTICE here: the number of the code that it is about, or nothing."""

CODE_TAG: Final = "asyncchat/invite-code"
"""The tag of the NOTICE about a new code: the code."""

LINK_TAG: Final = "asyncchat/invite-link"
"""The same: the page's link with the code, if the server knows the page's address."""


@command(
    "INVITECODE <channel> [<uses>] [<duration>] [<role>]",
    "Makes a code with which so many people may join, for a time such as 2h, whatever the channel's key, "
    f"limit and +i are. It may give a role: {', '.join(CODE_ROLES)}. A code is a key: JOIN <channel> <code>.",
    least=1,
)
def _new(session: IrcSession, message: Message) -> Sequence[Command]:
    words = [word for param in message.params[1:] for word in param.split()]
    asked = invite_codes.parse_new_code(message.params[0], words)
    if asked is None:
        text = "Usage: INVITECODE <channel> [<uses>] [<duration>] [<role>], as INVITECODE #class 30 2h voice"
        return [session.fail_answer("INVITECODE", "INVALID_PARAMS", middle(message.params[0]), text=text)]
    return [asked]


@command("INVITECODES <channel>", "Lists the invitation codes of a channel, without the codes.", least=1)
def _list(_session: IrcSession, message: Message) -> Sequence[Command]:
    return [GetInviteCodes(message.params[0])]


@command("UNINVITE <channel> <number>", "Revokes an invitation code.", least=2)
def _revoke(_session: IrcSession, message: Message) -> Sequence[Command]:
    room, number = message.params[:2]
    return [RevokeInviteCode(room, int(number[:9]) if number.isascii() and number.isdigit() else 0)]


def _zone(session: IrcSession) -> Zone:
    return Zone(session.context.server.zone, session.context.server.utc_offset)


def _notice(session: IrcSession, text: str, number: int = 0, *tags: tuple[str, str]) -> bytes:
    told = session.notice(text)
    if not session.caps_out & MESSAGE_TAGS:
        return told
    own = (NUMBER_TAG, str(number) if number else "")
    return f"@{format_tags((own, *(tag for tag in tags if tag[1])))} ".encode() + told


@reply(InviteCodeGiven)
def _say_given(session: IrcSession, reply: InviteCodeGiven) -> bytes:
    first, *others = invite_codes.given_lines(reply, _zone(session))
    told = _notice(session, first, reply.made.number, (CODE_TAG, reply.code), (LINK_TAG, reply.link))
    return told + b"".join(_notice(session, text) for text in others)


@reply(InviteCodesView)
def _say_codes(session: IrcSession, view: InviteCodesView) -> bytes:
    head, *rows = invite_codes.view_lines(view, _zone(session))
    told = [_notice(session, row, code.number) for row, code in zip(rows, view.codes, strict=True)]
    return _notice(session, head) + b"".join(told)


@reply(InviteCodeEnded)
def _say_ended(session: IrcSession, reply: InviteCodeEnded) -> bytes:
    return _notice(session, invite_codes.ended_line(reply), reply.number)


_JOIN_NUMERICS = {
    ClosedBy.INVITATIONS: numerics.ERR_INVITEONLYCHAN,
    ClosedBy.KEY: numerics.ERR_BADCHANNELKEY,
    ClosedBy.LIMIT: numerics.ERR_CHANNELISFULL,
}

_FAILURES = {
    CodeFault.UNKNOWN: ("UNINVITE", "UNKNOWN_CODE"),
    CodeFault.FULL: ("INVITECODE", "LIMIT_REACHED"),
}


@reply(InviteCodeRefused)
def _say_refused(session: IrcSession, refusal: InviteCodeRefused) -> bytes:
    why = refusal.fault.text
    if not session.entered:
        session.registration.nick = ""  # as every refusal does
        return session.numeric(numerics.ERR_PASSWDMISMATCH, text=capitalized(why))
    if refusal.closed_by is not None:
        code = _JOIN_NUMERICS[refusal.closed_by]
        return session.numeric(code, middle(refusal.room), text=f"Cannot join channel: {why}")
    word, code = _FAILURES.get(refusal.fault, ("INVITECODE", "INVALID_PARAMS"))
    return session.fail(word, code, middle(refusal.room), text=capitalized(why))


# The client's side.

to_server(NewInviteCode)(
    lambda _, c: ("INVITECODE", c.room, str(c.uses), lasting(c.seconds), *optional(c.role))
)
to_server(GetInviteCodes)(lambda _, c: ("INVITECODES", c.room))
to_server(RevokeInviteCode)(lambda _, c: ("UNINVITE", c.room, str(c.number)))
