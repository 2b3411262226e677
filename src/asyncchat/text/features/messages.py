"""Messages: what is said in rooms, to a person, and to the members with a role.

Owns their slash commands and sentences, and messages of the past with their times.
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.history import ReplyTo, Which
from asyncchat.core.features.messages import (
    CannotSpeak,
    Said,
    SaidInPrivate,
    SaidToRole,
    Say,
    Speech,
)
from asyncchat.core.replies import NoText, TextTooLong
from asyncchat.text.sentences import FeatureText, in_room, is_lobby, place, spoken, untold
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash(
    "msg",
    "NAME TEXT",
    "Sends a message to one person only.",
    Section.BASICS,
    aliases=("m", "query", "whisper"),
)
def _msg(_session: SlashContext, text: str) -> Command | None:
    target, said = name_and_rest(text)
    return Say(target, said) if said else None


@slash("me", "TEXT", "Says what you do: * NAME waves.", Section.BASICS)
def _me(session: SlashContext, text: str) -> Command | None:
    return Say(session.room, text, Speech.ACTION) if text else None


@slash("reply", "NAME TEXT", "Answers a person's last message.", Section.MESSAGES)
def _reply(session: SlashContext, text: str) -> Command | None:
    name, said = name_and_rest(text)
    return ReplyTo(Which(session.room, name=name), said) if said else None


def _said(event: Said) -> str:
    return spoken(in_room(event.room, ""), event.person.name, event.text, event.speech)


def _said_in_private(event: SaidInPrivate) -> str:
    return spoken("[private] ", event.person.name, event.text, event.speech)


def _said_in_private_by_me(event: SaidInPrivate) -> str:
    if event.speech in (Speech.CTCP_QUERY, Speech.CTCP_REPLY):
        return ""
    start = f"[private to {event.to.name}] " + ("* " if event.speech is Speech.ACTION else "")
    return "\n".join(start + part for part in event.text.split("\n"))


def _said_to_role(event: SaidToRole) -> str:
    start = f"[{event.role}s] " if is_lobby(event.room) else f"[{event.role}s of {event.room}] "
    return spoken(start, event.person.name, event.text, event.speech)


def _said_to_role_by_me(event: SaidToRole) -> str:
    return in_room(event.room, f"Only the {event.role}s read that.")


def spoken_lines(records: Sequence[Record], zone: Zone) -> list[str]:
    """Messages with their times, a mark before each day; the first one names the zone."""
    lines = []
    shown_day = None
    for record in records:
        event = record.event
        words = ""
        if isinstance(event, Said):
            words = _said(event)
        elif isinstance(event, SaidInPrivate):
            words = _said_in_private(event)
        if not words:
            continue
        day = zone.day(record.time)
        if day != shown_day:
            lines.append(f"-- {zone.day_name(day)}{f' ({zone.name})' if shown_day is None else ''} --")
            shown_day = day
        clock = zone.clock(record.time)
        lines += [f"{clock} {part}" for part in words.split("\n")]
    return lines


TEXT = FeatureText(
    commands=slash,
    events={Said: _said, SaidInPrivate: _said_in_private, SaidToRole: _said_to_role},
    own_events={
        Said: untold,  # the terminal shows it already
        SaidInPrivate: _said_in_private_by_me,
        SaidToRole: _said_to_role_by_me,
    },
    refusals={
        CannotSpeak: lambda r: f"Not sent to {place(r.room)}: {r.why}.",
        NoText: lambda _: "There is nothing to send.",
        TextTooLong: lambda r: f"Not accepted: the text is longer than {r.limit:,} bytes.",
    },
)
