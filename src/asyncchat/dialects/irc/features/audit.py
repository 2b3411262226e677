"""The record of what server operators did: AUDIT."""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.audit import AuditUnreadable, AuditView, ReadAudit
from asyncchat.dialects.irc.client_registry import Line, LineContext, to_server
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.sentences import audit_line
from asyncchat.text.times import Zone, lasting, seconds_in

_ACTS_TOLD = 200
"""Lines that AUDIT tells at most: some 20 KB."""


@command(
    "AUDIT [<count>|<time>]",
    "Shows in notices what operators of the server did: the last 20 acts, as many as you say, or all "
    "since a time such as 2h or 7d (operators).",
)
def _audit(session: IrcSession, message: Message) -> Sequence[Command]:
    """Shows the last acts, as many as asked for, or all since a time."""
    asked = message.param(0)
    if asked.isascii() and asked.isdigit():
        return [ReadAudit(max(1, min(int(asked[:9]), _ACTS_TOLD)))]
    since = seconds_in(asked, bare=False)
    return [ReadAudit() if since is None else ReadAudit(_ACTS_TOLD, since)]


@reply(AuditView)
def _say_acts(session: IrcSession, view: AuditView) -> bytes:
    zone = Zone(session.context.server.zone, session.context.server.utc_offset)
    texts = [audit_line(record, zone) for record in view.records]
    return b"".join(session.notice(text) for text in (*texts, "End of the audit"))


@reply(AuditUnreadable)
def _say_acts_unreadable(session: IrcSession, _refusal: AuditUnreadable) -> bytes:
    return session.notice("The history can't be read at the moment")


# The client's side.


@to_server(ReadAudit)
def _ask_audit(server: LineContext, asked: ReadAudit) -> Line:
    if asked.newer_seconds is not None:
        return ("AUDIT", lasting(asked.newer_seconds))
    if asked.after_time is not None:
        return ("AUDIT", lasting(max(1, server.now - asked.after_time // 1_000_000)))
    return ("AUDIT",) if asked == ReadAudit() else ("AUDIT", str(asked.limit))
