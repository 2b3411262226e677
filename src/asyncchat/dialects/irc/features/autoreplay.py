"""History for clients without CHATHISTORY: on joining, by HISTORY, and by HistServ.

Owns which part of the past that is, and how a message of it looks among those of today: with its time as a
tag or before its text. A client's questions to clients (CTCP) are left out, it would answer them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.autoreplay import AutoreplayStatus
from asyncchat.core.features.history import HistoryPage, HistoryUnreadable, ReadHistory, ReadMissed
from asyncchat.core.features.last_seen import LastSeen
from asyncchat.core.features.messages import Said, SaidInPrivate, Speech
from asyncchat.core.features.redaction import EraseFrom
from asyncchat.core.names import HISTSERV, fold
from asyncchat.dialects.irc.capabilities import BATCH, CHATHISTORY, ECHO_MESSAGE, SERVER_TIME
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.features.messages import message_lines
from asyncchat.dialects.irc.features.services import ServicePurpose, notice
from asyncchat.dialects.irc.registry import command, reply, service
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.features.autoreplay import autoreplay_status
from asyncchat.text.features.history import (
    HistoryCursor,
    LeftRooms,
    earlier,
    missed,
    newcomers,
    next_cursor,
    parse_history,
)
from asyncchat.text.times import Zone


class AutoreplayPurpose(msgspec.Struct, frozen=True):
    """Purpose of a page that is told among today's messages; ``joined``: when it joined, or 0."""

    cursor: HistoryCursor
    joined: int = 0


@dataclass(slots=True)
class Absence:
    """The absence of a person: the number of the record that ended it, and what it missed."""

    number: int
    seen: LastSeen | None = None
    rooms: set[str] = field(default_factory=set)
    """Those where that was told."""

    def since(self, room: str) -> int | None:
        """Since when it was not in a room, told once; None: that is not known."""
        key = fold(room)
        seen = self.seen
        if seen is None or key in self.rooms or (seen.rooms is not None and key not in seen.rooms):
            return None
        self.rooms.add(key)
        return seen.time


def comes(session: IrcSession, record: Record, account: str) -> None:
    """Remembers the record by which a person came that may have missed something and can't ask for it."""
    if account and session.context.server.newcomers and not session.caps_in & CHATHISTORY:
        session.keep(Absence(record.number))


class QueuedReplays(list[Command]):
    """Pages to be read once the rooms that a line names are joined."""


def joined(session: IrcSession, room: str, record: Record) -> None:
    """Reads what was said in a room that was just joined, once all of the line's rooms are."""
    if not session.context.server.newcomers or session.caps_in & CHATHISTORY:
        return
    queued = session.state(QueuedReplays) or QueuedReplays()
    queued.append(on_joining(session, room, record.number, record.time))
    session.keep(queued)


def present(session: IrcSession, room: str, time: int) -> None:
    """Reads what was said in a room that the person was in before this session; ``time``: of the join."""
    absence = session.state(Absence)
    if absence is not None:
        session.ask_next(on_joining(session, room, absence.number, time))


def welcomed(session: IrcSession, seen: LastSeen | None) -> None:
    """Reads what was said in private to an account that came back, and was last ``seen`` then.

    A guest has no private history, but is told only what was missed of its rooms.
    """
    if seen is None or not session.context.server.newcomers or session.caps_in & CHATHISTORY:
        return
    absence = session.state(Absence)
    if absence is None:
        session.keep(Absence(0, seen))
    else:
        session.ask_next(on_return(absence, seen))


def left(session: IrcSession, record: Record) -> None:
    """Remembers a room that the session is not in any more: if it comes again, it is told what it missed."""
    if not session.context.server.newcomers or session.caps_in & CHATHISTORY:
        return
    rooms = session.state(LeftRooms) or LeftRooms()
    rooms.note(session.id, record)
    if rooms:
        session.keep(rooms)


class StartReplay(msgspec.Struct, frozen=True):
    """Comes after a line's joins: then what was said before is read."""


@reply(StartReplay)
def _start_replay(session: IrcSession, _value: StartReplay) -> bytes:
    """Says nothing; the pages are read next."""
    queued = session.state(QueuedReplays)
    if queued is not None:
        session.forget(QueuedReplays)
        session.ask_next(*queued)
    return b""


def on_joining(session: IrcSession, room: str, number: int, time: int) -> ReadHistory:
    """The first page for a session that joined a room: what it missed, else the last lines before that."""
    absence = session.state(Absence)
    since = None if absence is None else absence.since(room)
    left_rooms = session.state(LeftRooms)
    after = None if left_rooms is None else left_rooms.pop(fold(room), None)
    asked = newcomers(room, number, True, session.context.server.newcomers)
    if since is not None or after is not None:
        asked = missed(room, number, since, framed=True, after=after)
    return msgspec.structs.replace(asked.command(), context=AutoreplayPurpose(asked, time))


def on_return(absence: Absence, seen: LastSeen) -> ReadMissed:
    """The page of what was said in private since then."""
    absence.seen = seen
    asked = missed("", absence.number, seen.time, framed=True)
    return ReadMissed(asked.command().window, AutoreplayPurpose(asked))


PURPOSE = ServicePurpose(HISTSERV)

_USAGE = "HISTORY <#channel|nickname> [30m|2h|2026-11-22|N]"


class HistServNotice(msgspec.Struct, frozen=True):
    """A sentence of HistServ."""

    text: str


@command(
    "HISTORY <target> [30m|2h|2026-11-22|N]",
    "Shows what was said in a channel or between you and somebody: the last messages, those since a "
    "time or of a day, or N of them. Repeat it for earlier ones.",
    least=1,
)
def _history(session: IrcSession, message: Message) -> Sequence[Command]:
    """Shows what was said in a room or a private conversation; asked again, it goes further back."""
    return _ask(session, message.params[0], " ".join(message.params[1:]))


@service(fold(HISTSERV))
def _heard(session: IrcSession, text: str) -> Sequence[Command]:
    verb, *words = text.split() or [""]
    if verb.upper() in ("HISTORY", "PLAY") and words:
        return _ask(session, words[0], " ".join(words[1:]))
    if verb.upper() == "CLEAR" and len(words) == 2:
        return [EraseFrom(words[0], "" if words[1] == "*" else words[1])]
    return [DialectReply(HistServNotice(f"Syntax: {_USAGE}, or CLEAR <#channel> <nickname>|* (operators)"))]


def _ask(session: IrcSession, target: str, text: str) -> Sequence[Command]:
    asked = parse_history(target, text, _zone(session), session.state(HistoryCursor))
    if asked is None:
        return [DialectReply(HistServNotice(f"Syntax: {_USAGE}"))]
    return [msgspec.structs.replace(asked.command(), context=AutoreplayPurpose(asked))]


def _zone(session: IrcSession) -> Zone:
    return Zone(session.context.server.zone, session.context.server.utc_offset)


def told_lines(
    session: IrcSession, page: HistoryPage, asked: AutoreplayPurpose, batch: str
) -> Iterator[bytes]:
    """A page's messages."""
    encoder = session.encoder
    records = _told_of(session, page)
    if session.caps_out & SERVER_TIME:
        yield from (message_lines(encoder, record, batch) for record in records)
        return
    zone = _zone(session)
    today = zone.day(asked.joined or (page.records[-1].time if page.records else 0))
    for record in records:
        day, when = zone.day(record.time), zone.clock(record.time)
        if day != today:
            when = f"{zone.day_name(day)[4:]} {when}"
        message: Any = record.event
        stamped = "\n".join(f"[{when}] {part}" for part in message.text.split("\n"))
        event = msgspec.structs.replace(message, text=stamped, cuts=())
        yield message_lines(encoder, msgspec.structs.replace(record, event=event), batch)


def _told_of(session: IrcSession, page: HistoryPage) -> list[Record]:
    """The messages of a page that the client is told."""
    return [record for record in page.records if _is_told(session, page, record)]


def _is_told(session: IrcSession, page: HistoryPage, record: Record) -> bool:
    """Whether a client can show it: its own words to another only if it knows echoes."""
    if page.room or session.caps_out & ECHO_MESSAGE or session.person is None:
        return _is_for_people(record)
    message: Any = record.event
    return _is_for_people(record) and message.person.account != session.person.account


def _is_for_people(record: Record) -> bool:
    event = record.event
    return isinstance(event, Said | SaidInPrivate) and event.speech not in (
        Speech.CTCP_QUERY,
        Speech.CTCP_REPLY,
    )


def around(session: IrcSession, page: HistoryPage, asked: AutoreplayPurpose) -> tuple[bytes, bytes]:
    """The notices before and behind a page: what it does not show, and where it is."""
    going_on = next_cursor(msgspec.structs.replace(page, context=asked.cursor))
    room = page.room
    if room:
        if going_on is None:
            session.forget(HistoryCursor)
        else:
            session.keep(going_on)
    told_apart = SERVER_TIME | BATCH  # a client without either may take what is old for new
    marked = session.caps_out & told_apart != told_apart and bool(_told_of(session, page))
    place = f" in {room}" if room else ""
    begins = notice(session, PURPOSE, f"Earlier messages{place} begin here.") if marked else b""
    ends = notice(session, PURPOSE, f"Earlier messages{place} end here.") if marked else b""
    if asked.cursor.newcomer:
        if not page.more:
            return begins, ends
        text = f"{earlier(page.more, asked.cursor)}: /msg {HISTSERV} HISTORY {room or '<nickname>'}"
        return notice(session, PURPOSE, text) + begins, ends
    zone = session.context.server.zone
    if not page.records:
        return b"", notice(session, PURPOSE, f"There are no messages in {room} for that.")
    text = f"The times are {zone}." if not session.caps_out & SERVER_TIME else ""
    if going_on is not None:
        text = f"{text} There are earlier ones: /msg {HISTSERV} HISTORY {room}".strip()
    return begins, ends + notice(session, PURPOSE, text or f"That is all of {room} for that.")


def say_replay_unreadable(session: IrcSession, refusal: HistoryUnreadable, asked: AutoreplayPurpose) -> bytes:
    """The history can't be read; a session that only joined has not asked for it and is told nothing."""
    if asked.cursor.newcomer:
        return b""
    when = " now" if refusal.failed else ""
    return notice(session, PURPOSE, f"The history of {middle(refusal.room)} can't be read{when}.")


@reply(AutoreplayStatus)
def _say_status(session: IrcSession, reply: AutoreplayStatus) -> bytes:
    return notice(session, reply.context, autoreplay_status(reply))


@reply(HistServNotice)
def _say(session: IrcSession, told: HistServNotice) -> bytes:
    return notice(session, PURPOSE, told.text)


# The client's side.

to_server(EraseFrom)(lambda _, c: ("PRIVMSG", HISTSERV, f"CLEAR {c.room} {c.name or '*'}"))
