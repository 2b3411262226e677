"""Searching what was said: SEARCH (https://soju.im/search), answered as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.commands import Direction
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.core.searching import MOST_TERMS, terms_of
from asyncchat.dialects.irc.capabilities import BATCH
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, fail
from asyncchat.dialects.irc.limits import PAGE
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.timestamps import milliseconds, timestamp
from asyncchat.dialects.irc.tokens import Message, parse_tags

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_FOUND = 100
"""Messages that a search gives which sets no limit; none gives more than CHATHISTORY."""


class SearchPurpose(msgspec.Struct, frozen=True):
    """Purpose of a search."""


def search(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Searches the rooms that the client is in, or one of them, or a private conversation."""
    wanted: dict[str, object] = {"limit": _FOUND, "purpose": SearchPurpose()}
    for name, value in parse_tags(message.params[0]):
        read = _ATTRIBUTES.get(name)
        understood = read(value) if read is not None and value else None
        if understood is None:
            return [session.said(fail("SEARCH", "INVALID_PARAMS", middle(name), text=_faulty(name)))]
        wanted |= understood
    session.pause()
    return [core.Search(**wanted)]  # type: ignore[arg-type]  # the readers below name its fields


def _faulty(name: str) -> str:
    return _FORMS.get(name, f"The attributes are {', '.join(_ATTRIBUTES)}")


def _in(value: str) -> dict[str, object] | None:
    return {"room": value}


def _from(value: str) -> dict[str, object] | None:
    return {"name": value}


# Both ends are included, by the millisecond that a stamp shows.


def _after(value: str) -> dict[str, object] | None:
    """With a first moment the search goes on from there (ibid., "Standard search attributes")."""
    time = milliseconds(value)
    return None if time is None else {"after_time": time * 1000 - 1, "end": Direction.OLDEST}


def _before(value: str) -> dict[str, object] | None:
    time = milliseconds(value)
    return None if time is None else {"before_time": (time + 1) * 1000}


def _text(value: str) -> dict[str, object] | None:
    terms = terms_of(value)
    return {"terms": terms} if 0 < len(terms) <= MOST_TERMS else None


def _limit(value: str) -> dict[str, object] | None:
    if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
        return None
    return {"limit": min(int(value[:9]), PAGE)}


_ATTRIBUTES = {"in": _in, "from": _from, "after": _after, "before": _before, "text": _text, "limit": _limit}

_FORMS = {
    "in": "A channel or what you and somebody wrote to each other is searched: in=#channel, in=nick",
    "from": "from=nick",
    "after": "A time is written YYYY-MM-DDThh:mm:ss.sssZ",
    "before": "A time is written YYYY-MM-DDThh:mm:ss.sssZ",
    "text": f'text= takes up to {MOST_TERMS} words and "phrases"',
    "limit": "The limit is a number from 1",
}
"""What is said of an attribute that is not of its form."""


def say_found(session: IrcDialect, page: replies.SearchPage) -> bytes:
    """What was found, as a batch where the client has batches."""
    session.resume()
    batch = f"s{session.batches}" if session.caps_out & BATCH else ""
    said = session.encoder.said
    lines = [said(record, batch) for record in page.records]
    if batch:
        session.batches += 1
        lines.insert(0, line(f":{session.context.name} BATCH +{batch} soju.im/search"))
        lines.append(line(f":{session.context.name} BATCH -{batch}"))
    if page.cut_short:
        # The batch can't say it, and whoever finds nothing must not think that there is nothing.
        text = f"It took too long: nothing beyond {timestamp(page.time)} was looked at"
        lines.insert(0, line(f":{session.context.name} NOTE SEARCH INCOMPLETE {timestamp(page.time)}", text))
    return b"".join(lines)


def say_not_searched(session: IrcDialect, refusal: replies.NotSearched) -> bytes:
    """That there is no search in this channel, or none just now."""
    session.resume()
    if refusal.room:
        text = "You're not on that channel" if refusal.room[0] in ROOM_SIGNS else "There is no such nick"
        said = fail("SEARCH", "INVALID_PARAMS", "in", text=text)
    else:
        said = fail("SEARCH", "INTERNAL_ERROR", text="The search could not be run")
    return b":%b %b\r\n" % (session.context.name.encode(), said)


COMMANDS: dict[str, CommandSpec] = {
    "SEARCH": CommandSpec(
        search,
        1,
        params="<attributes>",
        about="Finds what was said: SEARCH text=words;in=#channel;from=nick;after=time;before=time;limit=n, "
        "each of them optional; a space in words is \\s; in=nick is what you and somebody wrote in private.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.SearchPage: say_found,
    replies.NotSearched: say_not_searched,
}
