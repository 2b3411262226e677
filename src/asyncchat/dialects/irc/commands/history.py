"""What was said before: CHATHISTORY (IRCv3 chathistory), answered as a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.commands import Direction
from asyncchat.core.ids import Ids
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.dialects.irc.capabilities import BATCH
from asyncchat.dialects.irc.commands.word import Answerer, Word, fail
from asyncchat.dialects.irc.limits import PAGE
from asyncchat.dialects.irc.line import line
from asyncchat.dialects.irc.stamps import milliseconds
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_NOT_RETRIEVED = "Messages could not be retrieved"


class Ref(msgspec.Struct, frozen=True):
    """A place in the history: a message's number, or a time (milliseconds since 1970); ``*`` is neither."""

    number: int | None = None
    time: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """Purpose of a page: which part of a CHATHISTORY's answer it is."""

    subcommand: str
    target: str
    first: bool = True
    last: bool = True


class Fault(msgspec.Struct, frozen=True):
    """Why a CHATHISTORY can't be answered: code, context after the subcommand, words."""

    code: str
    context: tuple[str, ...]
    text: str


def chathistory(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Reads a page of a room's history."""
    subcommand = message.params[0].upper()
    selectors = _SELECTORS.get(subcommand)
    if selectors is None:
        fault = Fault("INVALID_PARAMS", (), "Unknown command")
    else:
        read = _wanted(message, subcommand, *selectors, session.irc.server.ids)
        if not isinstance(read, Fault):
            session.pause(read[1:])
            return read[:1]
        fault = read
    context = [word for word in (message.params[0], *fault.context) if word and " " not in word]
    return [session.said(fail("CHATHISTORY", fault.code, *context, text=fault.text))]


def _wanted(
    message: Message, subcommand: str, refs: int, ranges: Callable[..., list[core.ReadHistory]], ids: Ids
) -> list[core.ReadHistory] | Fault:
    params = message.params[1:]
    if len(params) < refs + 2:
        return Fault("INVALID_PARAMS", (), "Insufficient parameters")
    if len(params) > refs + 2:
        return Fault("INVALID_PARAMS", (), "Too many parameters")
    target, limit = params[0], params[-1]
    places = []
    for text in params[1:-1]:
        place = _ref(text, ids, star=subcommand == "LATEST")
        if isinstance(place, str):
            return Fault(place, (target, text), _REF_FAULTS[place])
        places.append(place)
    if not (limit.isascii() and limit.isdigit() and int(limit[:9]) > 0):
        return Fault("INVALID_PARAMS", (limit,), "The limit is a number from 1")
    if target[:1] not in ROOM_SIGNS:
        return Fault("INVALID_TARGET", (target,), _NOT_RETRIEVED)
    return ranges(Asked(subcommand, target), min(int(limit[:9]), PAGE), *places)


_REF_FAULTS = {
    "INVALID_PARAMS": "Neither a msgid= nor a timestamp= of the form YYYY-MM-DDThh:mm:ss.sssZ",
    "INVALID_MSGREFTYPE": "Messages are referred to by msgid= or timestamp=",
    "MESSAGE_ERROR": "There is no such message",
}


def _ref(text: str, ids: Ids, *, star: bool) -> Ref | str:
    """The place that a parameter means, or the code of its fault."""
    if text == "*" and star:
        return Ref()
    kind, equals, value = text.partition("=")
    if kind == "msgid" and equals:
        number = ids.number_of(value)
        return "MESSAGE_ERROR" if number is None else Ref(number)
    if kind == "timestamp" and equals:
        time = milliseconds(value)
        return "INVALID_PARAMS" if time is None else Ref(None, time)
    return "INVALID_MSGREFTYPE" if equals else "INVALID_PARAMS"


# Times are exclusive by the millisecond that a stamp shows, records have microseconds.


def _reading(
    asked: Asked,
    limit: int,
    end: Direction,
    after: Ref | None = None,
    before: Ref | None = None,
    *,
    including: bool = False,
) -> core.ReadHistory:
    """A page between two places, exclusive; ``including`` takes the one it is before with it."""
    after = after or Ref()
    before = before or Ref()
    return core.ReadHistory(
        asked.target,
        after=after.number,
        before=None if before.number is None else before.number + including,
        after_time=None if after.time is None else after.time * 1000 + 999,
        before_time=None if before.time is None else (before.time + including) * 1000,
        limit=limit,
        end=end,
        purpose=asked,
    )


def _latest(asked: Asked, limit: int, place: Ref) -> list[core.ReadHistory]:
    return [_reading(asked, limit, Direction.NEWEST, after=place)]


def _before(asked: Asked, limit: int, place: Ref) -> list[core.ReadHistory]:
    return [_reading(asked, limit, Direction.NEWEST, before=place)]


def _after(asked: Asked, limit: int, place: Ref) -> list[core.ReadHistory]:
    return [_reading(asked, limit, Direction.OLDEST, after=place)]


def _around(asked: Asked, limit: int, place: Ref) -> list[core.ReadHistory]:
    """Two pages in one answer: up to the place and with it, then from it on."""
    newer = limit // 2
    if not newer:
        return [_reading(asked, limit, Direction.NEWEST, before=place, including=True)]
    older = Asked(asked.subcommand, asked.target, last=False)
    rest = Asked(asked.subcommand, asked.target, first=False)
    return [
        _reading(older, limit - newer, Direction.NEWEST, before=place, including=True),
        _reading(rest, newer, Direction.OLDEST, after=place),
    ]


def _between(asked: Asked, limit: int, first: Ref, second: Ref) -> list[core.ReadHistory]:
    """Counted from the first place, whichever of them is earlier; a number and a time can't be compared, so
    there the first is taken for the earlier one.
    """
    backwards = (
        first.number > second.number
        if first.number is not None and second.number is not None
        else first.time is not None and second.time is not None and first.time > second.time
    )
    if backwards:
        return [_reading(asked, limit, Direction.NEWEST, after=second, before=first)]
    return [_reading(asked, limit, Direction.OLDEST, after=first, before=second)]


_SELECTORS: dict[str, tuple[int, Callable[..., list[core.ReadHistory]]]] = {
    "LATEST": (1, _latest),
    "BEFORE": (1, _before),
    "AFTER": (1, _after),
    "AROUND": (1, _around),
    "BETWEEN": (2, _between),
}
"""How many places each subcommand names, and what it reads."""


def say_page(session: IrcDialect, page: replies.HistoryPage) -> bytes:
    """A page, or one of the two, of a batch."""
    asked = page.purpose
    session.resume()
    if not isinstance(asked, Asked):
        return b""
    batch = f"h{session.batches}" if session.held & BATCH else ""
    said = session.variant.said
    lines = [said(record, batch) for record in page.records]
    if batch and asked.first:
        lines.insert(0, line(f":{session.irc.name} BATCH +{batch} chathistory {page.room}"))
    if batch and asked.last:
        lines.append(line(f":{session.irc.name} BATCH -{batch}"))
        session.batches += 1
    return b"".join(lines)


def say_unreadable(session: IrcDialect, refusal: replies.HistoryUnreadable) -> bytes:
    """That the history may not be read; a batch begun is ended first."""
    asked = refusal.purpose
    session.resume()
    if not isinstance(asked, Asked):
        return b""
    if not asked.first:
        if not session.held & BATCH:
            return b""
        session.batches += 1
        return line(f":{session.irc.name} BATCH -h{session.batches - 1}")
    session.drop_queued()
    said = fail("CHATHISTORY", "INVALID_TARGET", asked.subcommand, asked.target, text=_NOT_RETRIEVED)
    return b":%b %b\r\n" % (session.irc.name.encode(), said)


def say_done(session: IrcDialect, reply: replies.Done) -> bytes:
    """Nothing; reading goes on."""
    session.resume()
    return b""


WORDS: dict[str, Word] = {
    "CHATHISTORY": Word(
        chathistory,
        1,
        params="<subcommand> <target> ... <limit>",
        about="Gives what was said earlier. Subcommands: LATEST, BEFORE, AFTER, AROUND, BETWEEN.",
    ),
}

ANSWERS: dict[type, Answerer] = {
    replies.HistoryPage: say_page,
    replies.HistoryUnreadable: say_unreadable,
    replies.Done: say_done,
}
