"""The audit: what operators of the server did."""

from asyncchat.core import commands, events, replies
from asyncchat.core.commands import Command
from asyncchat.text.features.history import parse_history
from asyncchat.text.phrases import full_origin
from asyncchat.text.sentences import FeatureText, audit_line, event_sentence
from asyncchat.text.slash import Actor, Section, SlashCommand, SlashContext
from asyncchat.text.times import Zone

ACTS_SHOWN = 500
"""Most lines of the audit shown at once: what fits a terminal's memory."""


def _audit(session: SlashContext, text: str) -> Command | None:
    if not text:
        return commands.ReadActs()
    asked = parse_history(session.room, text, session.calendar)
    if asked is None:
        return None
    limit = ACTS_SHOWN if asked.left is None else min(asked.left, ACTS_SHOWN)
    return commands.ReadActs(limit, asked.newest_seconds, asked.after_time)


def _overruled(event: events.Overruled, _zone: Zone) -> str:
    return f"{full_origin(event.person)} overruled {event.act.room}: {event_sentence(event.act)}"


def _acts(view: replies.ActsView, zone: Zone) -> list[str]:
    return [audit_line(record, zone) for record in view.records] or ["-- no operator did anything --"]


TEXT = FeatureText(
    commands=(
        SlashCommand(
            "audit",
            "[30m|2h|7d|2026-11-22|N]",
            "Shows what operators of the server did: the last entries, N of them, or since a time.",
            _audit,
            Section.SERVER,
            Actor.SERVER_OPERATORS,
        ),
    ),
    replies={replies.ActsView: _acts},
    refusals={replies.ActsUnreadable: lambda _: "The history can't be read at the moment."},
    audit={events.Overruled: _overruled},
)
