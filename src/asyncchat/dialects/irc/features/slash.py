"""Slash commands over IRC: SLASH, and refusals in sentences, of no specification.

A client that shows text to people sends what they type as they type it. What it means is the table's
(``text.slash``), and what is answered are the sentences that people read everywhere.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from asyncchat.core.coalesce import CoalescedRecord, coalesce
from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.history import HistoryPage, ReadHistory
from asyncchat.core.features.join import RoomView
from asyncchat.core.features.search import Search, SearchPage
from asyncchat.core.names import fold
from asyncchat.core.replies import NoSuchRoom, Refusal
from asyncchat.core.text import cut
from asyncchat.dialects.base import Outcome
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.registry import COMMANDS, command, reply
from asyncchat.dialects.irc.serialize import BODY_BYTES, line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.features import history, search
from asyncchat.text.features.history import HistoryCursor
from asyncchat.text.features.search import SearchCursor
from asyncchat.text.features.server import SLASH_NOTE, kept_note
from asyncchat.text.sentences import (
    ALREADY_SO,
    CHANGES,
    REPLIES,
    own_event_sentence,
    refusal_sentence,
    reply_lines,
)
from asyncchat.text.slash import is_room, name_and_rest, parse_slash
from asyncchat.text.times import Zone

SENTENCES: Final = capability(
    "asyncchat/sentences",
    "",
    needs=("batch", "labeled-response", "standard-replies"),
)
"""SLASH, and in each refusal the sentence that people read elsewhere."""


class SlashPages(msgspec.Struct, frozen=True):
    """Where ``/history`` and ``/search`` go on."""

    history: HistoryCursor | None = None
    search: SearchCursor | None = None


class TypedLine:
    """What a slash command may know of its session (``text.slash.SlashContext``)."""

    __slots__ = ("_session", "room")

    def __init__(self, session: IrcSession, room: str) -> None:
        self._session = session
        self.room = room

    @property
    def calendar(self) -> Zone:
        """Where days begin: in the server's zone."""
        return _zone(self._session)

    @property
    def is_confidential(self) -> bool:
        """Whether nobody listens on the way."""
        return self._session.is_confidential

    @property
    def notes(self) -> tuple[str, ...]:
        """The last lines of the help."""
        return SLASH_NOTE, kept_note(self._session.context.server.keeps_history)

    def next_history(self, room: str) -> ReadHistory | None:
        """The next page of the history that is being read there, if any."""
        cursor = _pages(self._session).history
        return cursor.command() if cursor is not None and fold(cursor.room) == fold(room) else None

    def next_search(self) -> Search | None:
        """The next page of the search that is being read, if any."""
        cursor = _pages(self._session).search
        return None if cursor is None else cursor.command()


def _pages(session: IrcSession) -> SlashPages:
    return session.state(SlashPages) or SlashPages()


def _zone(session: IrcSession) -> Zone:
    server = session.context.server
    return Zone(server.zone, server.utc_offset)


class SlashStart(msgspec.Struct, frozen=True):
    """Stands before what a typed line asks: the answers to that are sentences."""

    asked: Sequence[Command]


class SlashAnswer(msgspec.Struct, frozen=True):
    """What a typed line is answered at once."""

    text: str


@command(
    "SLASH <target> :<line>",
    "Does what a line asks that a person types, such as /kick bob, in a channel or with somebody. With a "
    "label it is answered in sentences, each in a NOTE; one that is too long for a line goes on in the next.",
    least=2,
    needs=SENTENCES,
)
def _slash(session: IrcSession, message: Message) -> Sequence[Command]:
    room, typed = message.params[:2]
    typed = typed if typed.startswith("/") else f"/{typed}"
    asked = _modes(session, room, typed)
    if not asked:
        command = parse_slash(TypedLine(session, room), typed)
        asked = [DialectReply(SlashAnswer(command)) if isinstance(command, str) else command]
    return [DialectReply(SlashStart(asked)), *asked]


def _modes(session: IrcSession, room: str, typed: str) -> Sequence[Command]:
    """What ``/rule +m`` asks: modes as IRC writes them; nothing for any other line."""
    word, text = name_and_rest(typed[1:])
    if word.lower() not in ("rule", "mode") or text[:1] not in ("+", "-"):
        return []
    if not is_room(room):
        return [DialectReply(NoSuchRoom(room))]
    return COMMANDS["MODE"].handler(session, Message("MODE", (room, *text.split())))


@reply(SlashStart)
def _say_start(session: IrcSession, start: SlashStart) -> bytes:
    session.answer_in_sentences(start.asked)
    return b""


@reply(SlashAnswer)
def _say_answer(session: IrcSession, answer: SlashAnswer) -> bytes:
    return _notes(session, answer.text.split("\n"))


def in_sentences(session: IrcSession, asked: Sequence[Command], outcome: Outcome) -> bytes:
    """What became of a command, as people read it.

    Events are told in the lines that IRC has for them, and in a sentence where those are only numerics.
    """
    told = b"".join([_sentences(session, item) for item in coalesce(outcome)])
    if not outcome and any(isinstance(command, CHANGES) for command in asked):
        return _notes(session, (ALREADY_SO,))
    return told


def _sentences(session: IrcSession, item: object) -> bytes:
    if isinstance(item, Record):
        lines = session.say((item,))
        if _is_seen(session, lines):
            return lines
        records = item.records if isinstance(item, CoalescedRecord) else (item,)
        return lines + _notes(session, [own_event_sentence(record.event) for record in records])
    if isinstance(item, Refusal):
        session.say((item,))  # it may end what was to be asked next
        return session.fail("SLASH", "REFUSED", text=refusal_sentence(item))
    if isinstance(item, HistoryPage):
        session.keep(msgspec.structs.replace(_pages(session), history=history.next_cursor(item)))
    elif isinstance(item, SearchPage):
        session.keep(msgspec.structs.replace(_pages(session), search=search.next_cursor(item)))
    if type(item) not in REPLIES or (isinstance(item, RoomView) and item.joining):
        return session.say((item,))
    return _notes(session, reply_lines(item, _zone(session)))  # type: ignore[arg-type]  # it is in the table


_SEEN = frozenset(
    (
        b"INVITE",
        b"JOIN",
        b"KICK",
        b"MODE",
        b"NICK",
        b"NOTICE",
        b"PART",
        b"PRIVMSG",
        b"REDACT",
        b"RENAME",
        b"TAGMSG",
        b"TOPIC",
    )
)
"""The commands of lines that a client shows among messages."""


def _is_seen(session: IrcSession, lines: bytes) -> bool:
    """Whether a client shows lines by itself: they are of a room, or of what people write to each other."""
    source, nick = f":{session.context.name}".encode(), session.nick.encode()
    for one in lines.split(b"\r\n"):
        words = (one.partition(b" ")[2] if one[:1] == b"@" else one).split(b" ", 3)
        is_own = words[2:3] == [nick] and (words[0] == source or words[1] == b"MODE")
        if words[1:2] and words[1] in _SEEN and not is_own:
            return True
    return False


def _notes(session: IrcSession, sentences: Sequence[str]) -> bytes:
    """A NOTE for each; what does not fit goes on in the next one."""
    heads = [f":{session.context.name} NOTE SLASH {code}" for code in ("PART", "LINE")]
    most = BODY_BYTES - len(heads[0].encode()) - 2
    lines = []
    for sentence in filter(None, sentences):
        parts = cut(sentence, most)
        lines += [line(heads[0], part) for part in parts[:-1]]
        lines.append(line(heads[1], parts[-1]))
    return b"".join(lines)


def reworded(told: bytes, refusal: Refusal) -> bytes:
    """The line of a refusal with the sentence that people read elsewhere in place of its text."""
    head, colon, text = told.partition(b" :")
    if not colon or text.find(b"\r\n") != len(text) - 2:
        return told
    return line(head.decode(), refusal_sentence(refusal))


# The client's side.

wanted("asyncchat/sentences", batch=True)
