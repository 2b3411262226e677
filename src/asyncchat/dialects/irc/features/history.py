"""The history: CHATHISTORY (IRCv3 chathistory), answered as a batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from asyncchat.core.coalesce import coalesce
from asyncchat.core.commands import Command
from asyncchat.core.features.history import (
    HistoryPage,
    HistoryUnreadable,
    ReadHistory,
    ReadTargets,
    TargetsUnreadable,
    TargetsView,
    Window,
)
from asyncchat.core.ids import Ids
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.replies import Done
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import capability, token
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import READERS, batch_from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.features import autoreplay
from asyncchat.dialects.irc.features.autoreplay import AutoreplayPurpose
from asyncchat.dialects.irc.features.messages_client import PLAYBACK, edit, read, replayed
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.times import milliseconds, timestamp

PAGE: Final = 200
"""Messages one CHATHISTORY gives (CHATHISTORY); fewer where their texts are long."""

EVENT_PLAYBACK: Final = capability(
    "draft/event-playback", "extensions/chathistory", needs=("draft/chathistory",)
)

END: Final = "draft/chathistory-end"
"""The tag of a batch behind which there is nothing more in its direction (chathistory)."""

token("CHATHISTORY", PAGE)
token("MSGREFTYPES", "msgid,timestamp")

_NOT_RETRIEVED = "Messages could not be retrieved"


class Ref(msgspec.Struct, frozen=True):
    """A place in the history: a message's number, or a time (milliseconds since 1970); ``*`` is neither."""

    number: int | None = None
    time: int | None = None


class ChathistoryPurpose(msgspec.Struct, frozen=True):
    """Purpose of a page: the CHATHISTORY that it answers."""

    subcommand: str
    target: str
    events: bool = False


class Fault(msgspec.Struct, frozen=True):
    """A CHATHISTORY that can't be answered: code, context after the subcommand, words."""

    code: str
    context: tuple[str, ...]
    text: str


@command(
    "CHATHISTORY <subcommand> <target> ... <limit>",
    "Gives earlier messages of a channel or between you and somebody. Subcommands: LATEST, BEFORE, "
    "AFTER, AROUND, BETWEEN, TARGETS.",
)
def _chathistory(session: IrcSession, message: Message) -> Sequence[Command]:
    subcommand = message.param(0).upper()
    selectors = _SELECTORS.get(subcommand)
    if subcommand == "TARGETS":
        asked: Command | Fault = _targets(message)
    elif selectors is None:
        asked = Fault("INVALID_PARAMS", (), "Unknown command" if subcommand else "Insufficient parameters")
    else:
        asked = _wanted(session, message, subcommand, *selectors)
    if not isinstance(asked, Fault):
        return [asked]
    context = [word for word in (message.param(0), *asked.context) if word and " " not in word]
    return [session.fail_answer("CHATHISTORY", asked.code, *context, text=asked.text)]


_Windows = tuple[Window, Window | None]
"""What is read, and what follows in the same answer."""


def _wanted(
    session: IrcSession, message: Message, subcommand: str, refs: int, windows: Callable[..., _Windows]
) -> ReadHistory | Fault:
    params = message.params[1:]
    fault = _count_fault(params, refs + 2)
    if fault is not None:
        return fault
    target, limit = params[0], params[-1]
    places = []
    for text in params[1:-1]:
        place = _ref(text, session.context.server.ids, star=subcommand == "LATEST")
        if isinstance(place, str):
            return Fault(place, (target, text), _REF_FAULTS[place])
        places.append(place)
    most = page_limit(limit)
    if most is None:
        return Fault("INVALID_PARAMS", (limit,), _BAD_LIMIT)
    events = bool(session.caps_out & EVENT_PLAYBACK)
    window, then = windows(most, *places)
    purpose = ChathistoryPurpose(subcommand, target, events)
    # The answer does not say how many there are.
    return ReadHistory(target, window, events=events, then=then, count_to=1, context=purpose)


def _targets(message: Message) -> ReadTargets | Fault:
    params = message.params[1:]
    fault = _count_fault(params, 3)
    if fault is not None:
        return fault
    times = []
    for text in params[:2]:
        kind, equals, value = text.partition("=")
        time = milliseconds(value) if kind == "timestamp" and equals else None
        if time is None:
            code = "INVALID_MSGREFTYPE" if equals and kind != "timestamp" else "INVALID_PARAMS"
            return Fault(code, (text,), "Give a timestamp= of the form YYYY-MM-DDThh:mm:ss.sssZ")
        times.append(time)
    most = page_limit(params[2])
    if most is None:
        return Fault("INVALID_PARAMS", (params[2],), _BAD_LIMIT)
    first, second = times
    early, late = min(times), max(times)
    return ReadTargets(
        early * 1000 + 999, late * 1000, most, first > second, ChathistoryPurpose("TARGETS", "*")
    )


def _count_fault(params: Sequence[str], wanted: int) -> Fault | None:
    if len(params) == wanted:
        return None
    what = "Insufficient" if len(params) < wanted else "Too many"
    return Fault("INVALID_PARAMS", (), f"{what} parameters")


def page_limit(text: str) -> int | None:
    """How many messages are wanted, at most a page; None: it is no number from 1."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        return None
    return min(int(text[:9]), PAGE)


_BAD_LIMIT = "The limit is a number from 1"

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


def _window(
    limit: int,
    after: Ref | None = None,
    before: Ref | None = None,
    *,
    newest: bool = True,
    including: bool = False,
) -> Window:
    """A window between two places, exclusive; ``including`` takes the one it is before with it."""
    after = after or Ref()
    before = before or Ref()
    return Window(
        after=after.number,
        before=None if before.number is None else before.number + including,
        after_time=None if after.time is None else after.time * 1000 + 999,
        before_time=None if before.time is None else (before.time + including) * 1000,
        limit=limit,
        newest=newest,
    )


def _around(limit: int, place: Ref) -> _Windows:
    """Up to the place and with it, then from it on."""
    newer = limit // 2
    until = _window(limit - newer, before=place, including=True)
    return until, _window(newer, after=place, newest=False) if newer else None


def _between(limit: int, first: Ref, second: Ref) -> _Windows:
    """Counted from the first place, whichever of them is earlier; a number and a time can't be compared, so
    there the first is taken for the earlier one.
    """
    backwards = (
        first.number > second.number
        if first.number is not None and second.number is not None
        else first.time is not None and second.time is not None and first.time > second.time
    )
    early, late = (second, first) if backwards else (first, second)
    return _window(limit, after=early, before=late, newest=backwards), None


_SELECTORS: dict[str, tuple[int, Callable[..., _Windows]]] = {
    "LATEST": (1, lambda limit, place: (_window(limit, after=place), None)),
    "BEFORE": (1, lambda limit, place: (_window(limit, before=place), None)),
    "AFTER": (1, lambda limit, place: (_window(limit, after=place, newest=False), None)),
    "AROUND": (1, _around),
    "BETWEEN": (2, _between),
}
"""How many places each subcommand names, and what it reads."""


@reply(HistoryPage)
def _say_page(session: IrcSession, page: HistoryPage) -> Iterator[bytes]:
    asked = page.context
    if isinstance(asked, AutoreplayPurpose):
        before, behind = autoreplay.around(session, page, asked)
        yield before
        if page.records and not page.room:  # of several conversations
            yield from autoreplay.told_lines(session, page, asked, "")
        elif page.records:
            yield from session.in_batch(
                "h",
                f"chathistory {page.room}",
                lambda name: autoreplay.told_lines(session, page, asked, name),
            )
        yield behind
    elif isinstance(asked, ChathistoryPurpose):
        past = session.encoder.past
        # A person is called as the client spelled the name: it looks for the conversation under that.
        private = page.room[:1] not in ROOM_SIGNS
        target = asked.target if private and fold(asked.target) == fold(page.room) else page.room
        records: Sequence[Any] = coalesce(page.records)
        # A page around a place goes on in both directions: how far is not said.
        ended = not page.more and asked.subcommand != "AROUND"
        yield from session.in_batch(
            "h",
            f"chathistory {target}",
            lambda name: (past(record, name) for record in records),
            END if ended else "",
        )


@reply(TargetsView)
def _say_targets(session: IrcSession, view: TargetsView) -> Iterator[bytes]:
    source = session.context.name

    def told(batch: str) -> list[bytes]:
        head = f"@batch={batch} :{source}" if batch else f":{source}"
        return [
            line(f"{head} CHATHISTORY TARGETS {target.name} {timestamp(target.time)}")
            for target in view.targets
        ]

    return session.in_batch("h", "draft/chathistory-targets", told, "" if view.more else END)


@reply(HistoryUnreadable)
def _say_unreadable(session: IrcSession, refusal: HistoryUnreadable) -> bytes:
    asked = refusal.context
    if isinstance(asked, AutoreplayPurpose):
        return autoreplay.say_replay_unreadable(session, refusal, asked)
    if not isinstance(asked, ChathistoryPurpose):
        return b""
    code = "MESSAGE_ERROR" if refusal.failed else "INVALID_TARGET"
    target = [asked.target] if asked.target and " " not in asked.target else ["*"]
    return session.fail("CHATHISTORY", code, asked.subcommand, *target, text=_NOT_RETRIEVED)


@reply(TargetsUnreadable)
def _say_targets_unreadable(session: IrcSession, refusal: TargetsUnreadable) -> bytes:
    return session.fail("CHATHISTORY", "MESSAGE_ERROR", "TARGETS", "*", text=_NOT_RETRIEVED)


@reply(Done)
def _say_done(session: IrcSession, reply: Done) -> bytes:
    return b""


# The client's side.

wanted("draft/chathistory", "chathistory", batch=True)


@batch_from_server("chathistory")
def _read_page(client: ClientConnection, batch: Batch, now: datetime) -> Iterable[values.Value]:
    """A page of the history: one that we asked for, or one that the server sends by itself."""
    messages = replayed(client, batch, now)
    target = batch.params[0] if batch.params else ""
    question = client.asked("CHATHISTORY")
    room = "" if question is None else question.room
    if room and client.server.fold(room) == client.server.fold(target):
        ended = batch.opening.tag(END) is not None
        page = values.HistoryPage(client.answered().token, room, messages, ended=ended)
        told = [ServerLine.of(each, batch.label, now) for each in batch.lines()]
        known = [each for each in told if each.tag("msgid")]
        if known and PLAYBACK in client.server.capabilities:
            page = msgspec.structs.replace(
                page,
                changes=tuple(_changes(client, room, told)),
                oldest=known[0].tag("msgid"),
                newest=known[-1].tag("msgid"),
                until=known[-1].time,
            )
        yield page
    else:
        yield from messages


def _changes(client: ClientConnection, room: str, told: Iterable[ServerLine]) -> Iterator[values.MemberEvent]:
    """What happened to messages, of the lines of a page."""
    for each in told:
        found: Iterable[values.Value | None] = ()
        if each.command in ("TAGMSG", "REDACT"):
            found = READERS[each.command](client, each)
        elif each.command in ("PRIVMSG", "NOTICE"):
            found = (edit(client, each, read(client, each, head=None, replayed=True)),)
        for one in found:
            if isinstance(one, values.Reacted | values.Redacted | values.Edited):
                yield msgspec.structs.replace(one, room=room)
