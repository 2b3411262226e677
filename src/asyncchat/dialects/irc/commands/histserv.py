"""What was said before, for clients that can't ask by CHATHISTORY: on joining, by HISTORY, and by HistServ.

Owns how a message of the past looks among those of today: with its time as a tag or before its text. A
client's questions to clients (CTCP) are left out, it would answer them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.events import Record, Said, Speech, Whispered
from asyncchat.core.names import HISTSERV
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, SERVER_TIME
from asyncchat.dialects.irc.commands.accounts import ServicePurpose, notice
from asyncchat.dialects.irc.commands.autoreplay import AutoreplayPurpose
from asyncchat.dialects.irc.commands.spec import CommandSpec
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.features.history import earlier, next_cursor, parse_history
from asyncchat.text.times import Zone

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

PURPOSE = ServicePurpose(HISTSERV)

_USAGE = "HISTORY <#channel|nickname> [30m|2h|2026-11-22|N]"


class Told(msgspec.Struct, frozen=True):
    """A sentence of HistServ."""

    text: str


def history(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Shows what was said in a room or a private conversation; again without more it goes further back."""
    return _ask(session, message.params[0], " ".join(message.params[1:]))


def heard(session: IrcDialect, text: str) -> Sequence[core.Command]:
    """What a message to HistServ asks."""
    verb, *words = text.split() or [""]
    if verb.upper() in ("HISTORY", "PLAY") and words:
        return _ask(session, words[0], " ".join(words[1:]))
    if verb.upper() == "CLEAR" and len(words) == 2:
        session.pause()
        return [core.EraseFrom(words[0], "" if words[1] == "*" else words[1])]
    return [core.Answer(Told(f"Syntax: {_USAGE}, or CLEAR <#channel> <nickname>|* (operators)"))]


def _ask(session: IrcDialect, target: str, text: str) -> Sequence[core.Command]:
    asked = parse_history(target, text, _zone(session), session.reading)
    if asked is None:
        return [core.Answer(Told(f"Syntax: {_USAGE}"))]
    session.pause()
    return [msgspec.structs.replace(asked.command(), purpose=AutoreplayPurpose(asked))]


def _zone(session: IrcDialect) -> Zone:
    return Zone(session.context.server.zone, session.context.server.utc_offset)


def told_lines(
    session: IrcDialect, page: replies.HistoryPage, asked: AutoreplayPurpose, batch: str
) -> list[bytes]:
    """A page's messages."""
    encoder = session.encoder
    if session.caps_out & SERVER_TIME:
        return [encoder.said(record, batch) for record in page.records if _is_told(session, page, record)]
    zone = _zone(session)
    today = zone.day(asked.joined or (page.records[-1].time if page.records else 0))
    lines = []
    for record in page.records:
        if not _is_told(session, page, record):
            continue
        day = zone.day(record.time)
        when = (
            zone.clock(record.time) if day == today else f"{zone.day_name(day)[4:]} {zone.clock(record.time)}"
        )
        text: str = record.event.text  # type: ignore[union-attr]  # a message
        stamped = "\n".join(f"[{when}] {part}" for part in text.split("\n"))
        event = msgspec.structs.replace(record.event, text=stamped, cuts=())
        lines.append(encoder.said(msgspec.structs.replace(record, event=event), batch))
    return lines


def _is_told(session: IrcDialect, page: replies.HistoryPage, record: Record) -> bool:
    """Whether a client can show it: its own words to another only if it knows echoes."""
    if page.room or session.caps_out & ECHO_MESSAGE or session.person is None:
        return _is_for_people(record)
    return _is_for_people(record) and record.event.person.account != session.person.account  # type: ignore[union-attr]


def _is_for_people(record: Record) -> bool:
    event = record.event
    return isinstance(event, Said | Whispered) and event.speech not in (Speech.PROBE, Speech.PROBE_ANSWER)


def around(session: IrcDialect, page: replies.HistoryPage, asked: AutoreplayPurpose) -> tuple[bytes, bytes]:
    """What is said before and behind a page: what it does not show."""
    going_on = next_cursor(msgspec.structs.replace(page, purpose=asked.wish))
    room = page.room
    if room:
        session.reading = going_on
    if asked.wish.newcomer:
        if not page.more:
            return b"", b""
        text = f"{earlier(page.more, asked.wish)}: /msg {HISTSERV} HISTORY {room or '<nickname>'}"
        return notice(session, PURPOSE, text), b""
    zone = session.context.server.zone
    if not page.records:
        return b"", notice(session, PURPOSE, f"There are no messages in {room} for that.")
    text = f"The times are {zone}." if not session.caps_out & SERVER_TIME else ""
    if going_on is not None:
        text = f"{text} There are earlier ones: /msg {HISTSERV} HISTORY {room}".strip()
    return b"", notice(session, PURPOSE, text or f"That is all of {room} for that.")


def say_unreadable(
    session: IrcDialect, refusal: replies.HistoryUnreadable, asked: AutoreplayPurpose
) -> bytes:
    """That a history can't be read; who only joined has not asked for it."""
    if asked.wish.newcomer:
        return b""
    when = " now" if refusal.failed else ""
    return notice(session, PURPOSE, f"The history of {middle(refusal.room)} can't be read{when}.")


def say(session: IrcDialect, told: Told) -> bytes:
    """A notice."""
    return notice(session, PURPOSE, told.text)


COMMANDS: dict[str, CommandSpec] = {
    "HISTORY": CommandSpec(
        history,
        1,
        params="<target> [30m|2h|2026-11-22|N]",
        about="Shows what was said last in a channel or between you and somebody, since then, that day, or N "
        "messages; again: what was before.",
    ),
}

REPLIES = {Told: say}
