"""The sentence for each event, reply, refusal and act of an operator.

Owns the tables, which ``text.features`` fills; must not know who is told, nor the bytes of a line. A sentence
is one line without its end (a message of several lines has several); an empty one is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from asyncchat.core.events import Event, Record
from asyncchat.core.replies import Refusal, Reply
from asyncchat.text import slash
from asyncchat.text.sanitize import shown
from asyncchat.text.slash import SlashCommand
from asyncchat.text.times import Zone

Sentence = Callable[[Any], str]
ReplyLines = Callable[[Any, Zone], list[str]]
AuditSentence = Callable[[Any, Zone], str]


class FeatureText(msgspec.Struct, frozen=True):
    """What people type and read of one feature.

    Attributes:
        commands: its slash commands.
        events: what the others are told of its events, and the one who caused it, unless ``own_events`` says
            something else.
        own_events: what the one who caused it is told.
        replies: its replies in lines.
        refusals: why something of it is refused.
        audit: what the audit says of its events: one sentence without a time and without a full stop.
    """

    commands: tuple[SlashCommand, ...] = ()
    events: dict[type[Event], Sentence] = {}
    own_events: dict[type[Event], Sentence] = {}
    replies: dict[type[Reply], ReplyLines] = {}
    refusals: dict[type[Refusal], Sentence] = {}
    audit: dict[type[Event], AuditSentence] = {}


_EVENTS: dict[type[Event], Sentence] = {}
_OWN_EVENTS: dict[type[Event], Sentence] = {}
_REPLIES: dict[type[Reply], ReplyLines] = {}
_REFUSALS: dict[type[Refusal], Sentence] = {}
_AUDIT: dict[type[Event], AuditSentence] = {}

EVENTS: Mapping[type[Event], Sentence] = _EVENTS
OWN_EVENTS: Mapping[type[Event], Sentence] = _OWN_EVENTS
REPLIES: Mapping[type[Reply], ReplyLines] = _REPLIES
REFUSALS: Mapping[type[Refusal], Sentence] = _REFUSALS
AUDIT: Mapping[type[Event], AuditSentence] = _AUDIT


def register(feature: FeatureText) -> None:
    """Adds a feature's texts to the tables.

    Raises:
        ValueError: two features have the same slash command, or words for the same value.
    """
    slash.register(feature.commands)
    _add(_EVENTS, feature.events)
    _add(_OWN_EVENTS, feature.own_events)
    _add(_REPLIES, feature.replies)
    _add(_REFUSALS, feature.refusals)
    _add(_AUDIT, feature.audit)


def _add(table: dict[Any, Any], declared: Mapping[Any, Any]) -> None:
    for kind, words in declared.items():
        if kind in table:
            raise ValueError(f"{kind.__name__} has words twice")
        table[kind] = words


def untold(_event: Event) -> str:
    """Nothing: for an event that the others are told, but not the one who caused it."""
    return ""


def event_sentence(event: Event) -> str:
    """What the others are told of an event; empty: nothing."""
    words = EVENTS.get(type(event))
    return "" if words is None else words(event)


def own_event_sentence(event: Event) -> str:
    """What the one who caused an event is told; empty: nothing."""
    words = OWN_EVENTS.get(type(event))
    return event_sentence(event) if words is None else words(event)


def reply_lines(reply: Reply, zone: Zone) -> list[str]:
    """A reply in lines; none where it is not told."""
    words = REPLIES.get(type(reply))
    return [] if words is None else words(reply, zone)


def refusal_sentence(refusal: Refusal) -> str:
    """Why a command was refused."""
    return REFUSALS[type(refusal)](refusal)


def audit_sentence(event: Event, zone: Zone) -> str:
    """What an operator of the server did, in one clean line."""
    return shown(AUDIT[type(event)](event, zone))


def audit_line(record: Record, zone: Zone) -> str:
    """``Sun 22 Nov 2026 21:14 UTC  …``."""
    return f"{zone.moment(record.time)}  {audit_sentence(record.event, zone)}"
