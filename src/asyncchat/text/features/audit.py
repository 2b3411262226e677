"""The audit: what operators of the server did."""

from typing import Any

from asyncchat.core.commands import Command
from asyncchat.core.features.audit import AuditUnreadable, AuditView, OperOverride, OperRead, ReadAudit
from asyncchat.text.features.history import parse_history
from asyncchat.text.sentences import AUDIT, FeatureText, audit_line, event_sentence, full_origin
from asyncchat.text.slash import Section, SlashCommands, SlashContext
from asyncchat.text.times import Zone

slash = SlashCommands()

ACTS_SHOWN = 500
"""Most lines of the audit shown at once: what fits a terminal's memory."""


@slash(
    "audit",
    "[30m|2h|7d|2026-11-22|N]",
    "Shows what operators of the server did: the last entries, N of them, or since a time.",
    Section.SERVER,
)
def _audit(session: SlashContext, text: str) -> Command | None:
    if not text:
        return ReadAudit()
    asked = parse_history(session.room, text, session.calendar)
    if asked is None:
        return None
    limit = ACTS_SHOWN if asked.left is None else min(asked.left, ACTS_SHOWN)
    return ReadAudit(limit, asked.newer_seconds, asked.window.after_time)


def _oper_override(event: OperOverride, zone: Zone) -> str:
    act: Any = event.act  # an act in a room, or one about an account
    words = AUDIT.get(type(act))
    done = event_sentence(act) if words is None else words(act, zone)
    where = f" {act.room}" if hasattr(act, "room") else ""
    return f"{full_origin(event.person)} overruled{where}: {done}"


_READS = {
    "history": "read the history of {}",
    "secret": "looked at {}, which is secret",
    "secrets": "listed secret rooms",
    "members": "looked at the hidden members of {}",
    "key": "read the key of {}",
    "addresses": "listed the people with their addresses",
    "networks": "looked which networks hit limits",
    "address": "looked up the address of {}",
    "email": "read the e-mail address of {}",
}


def _oper_read(event: OperRead, _zone: Zone) -> str:
    return f"{full_origin(event.person)} {_READS[event.what].format(event.where)}"


def _acts(view: AuditView, zone: Zone) -> list[str]:
    return [audit_line(record, zone) for record in view.records] or ["-- no operator did anything --"]


TEXT = FeatureText(
    commands=slash,
    replies={AuditView: _acts},
    refusals={AuditUnreadable: lambda _: "The history can't be read at the moment."},
    audit={OperOverride: _oper_override, OperRead: _oper_read},
)
