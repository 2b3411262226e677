"""Searching what was said: SEARCH (https://soju.im/search), answered as a batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.features.history import Window
from asyncchat.core.features.search import MOST_TERMS, CutShort, NotSearched, Search, SearchPage, terms_of
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import ClientConnection
from asyncchat.dialects.irc.client_registry import batch_from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.features.history import page_limit
from asyncchat.dialects.irc.features.messages import message_lines
from asyncchat.dialects.irc.features.messages_client import replayed
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message, parse_tags
from asyncchat.text.times import milliseconds, timestamp

capability("soju.im/search", "https://soju.im/search", needs=("batch", "server-time", "message-tags"))

_FOUND = 100
"""Messages that a search gives which sets no limit; none gives more than CHATHISTORY."""


class SearchPurpose(msgspec.Struct, frozen=True):
    """Purpose of a search."""


@command(
    "SEARCH <attributes>",
    "Searches messages: SEARCH text=words;in=#channel;from=nick;after=time;before=time;limit=n, each "
    "of them optional; a space in words is \\s; in=nick searches what you and somebody wrote in "
    "private.",
    least=1,
)
def _search(session: IrcSession, message: Message) -> Sequence[Command]:
    asked = Search(window=Window(limit=_FOUND), context=SearchPurpose())
    for name, value in parse_tags(message.params[0]):
        read = _ATTRIBUTES.get(name)
        narrowed = read(asked, value) if read is not None and value else None
        if narrowed is None:
            text = _FORMS.get(name, f"The attributes are {', '.join(_ATTRIBUTES)}")
            return [session.fail_answer("SEARCH", "INVALID_PARAMS", middle(name), text=text)]
        asked = narrowed
    return [asked]


# Both ends are included, by the millisecond that a stamp shows.


def _after(asked: Search, value: str) -> Search | None:
    """With a first moment the search goes on from there (ibid., "Standard search attributes")."""
    time = milliseconds(value)
    return None if time is None else asked.bounded(after_time=time * 1000 - 1, newest=False)


def _before(asked: Search, value: str) -> Search | None:
    time = milliseconds(value)
    return None if time is None else asked.bounded(before_time=(time + 1) * 1000)


def _text(asked: Search, value: str) -> Search | None:
    terms = terms_of(value)
    return msgspec.structs.replace(asked, terms=terms) if 0 < len(terms) <= MOST_TERMS else None


def _limit(asked: Search, value: str) -> Search | None:
    limit = page_limit(value)
    return None if limit is None else asked.bounded(limit=limit)


_ATTRIBUTES: dict[str, Callable[[Search, str], Search | None]] = {
    "in": lambda asked, value: msgspec.structs.replace(asked, room=value),
    "from": lambda asked, value: msgspec.structs.replace(asked, name=value),
    "after": _after,
    "before": _before,
    "text": _text,
    "limit": _limit,
}

_FORMS = {
    "in": "A channel or what you and somebody wrote to each other is searched: in=#channel, in=nick",
    "from": "from=nick",
    "after": "A time is written YYYY-MM-DDThh:mm:ss.sssZ",
    "before": "A time is written YYYY-MM-DDThh:mm:ss.sssZ",
    "text": f'text= takes up to {MOST_TERMS} words and "phrases"',
    "limit": "The limit is a number from 1",
}
"""What is said of an attribute that is not of its form."""


_INCOMPLETE = "INCOMPLETE"

_REASONS = {
    CutShort.TIMEOUT: "It took too long",
    CutShort.INDEXING: "The search's index is being made",
    CutShort.FULL: "The page is full",
}


@reply(SearchPage)
def _say_found(session: IrcSession, page: SearchPage) -> Iterator[bytes]:
    if page.cut_short:
        # The batch can't say it, and whoever finds nothing must not think that there is nothing.
        time, why = timestamp(page.time), page.cut_short
        text = f"{_REASONS[why]}: nothing beyond {time} was looked at"
        yield line(f":{session.context.name} NOTE SEARCH {_INCOMPLETE} {time} {why.value}", text)
    encoder = session.encoder
    yield from session.in_batch(
        "s", "soju.im/search", lambda ref: (message_lines(encoder, record, ref) for record in page.records)
    )


@reply(NotSearched)
def _say_not_searched(session: IrcSession, refusal: NotSearched) -> bytes:
    if refusal.room:
        text = "You're not on that channel" if refusal.room[0] in ROOM_SIGNS else "There is no such nick"
        return session.fail("SEARCH", "INVALID_PARAMS", "in", text=text)
    return session.fail("SEARCH", "INTERNAL_ERROR", text="The search could not be run")


# The client's side.

wanted("soju.im/search", batch=True)


@batch_from_server("soju.im/search")
def _read_found(client: ClientConnection, batch: Batch, now: datetime) -> Iterable[values.Value]:
    if client.asked("SEARCH") is not None:
        question = client.answered()
        reached, why = _incomplete(question.note)
        yield values.HistoryPage(question.token, "", replayed(client, batch, now), reached, why)


def _incomplete(note: Sequence[str]) -> tuple[datetime | None, str]:
    """How far the search has looked, and why no further; None: everywhere."""
    if len(note) < 2 or note[0] != _INCOMPLETE or milliseconds(note[1]) is None:
        return None, ""
    return datetime.fromisoformat(note[1]), note[2] if len(note) > 3 else ""
