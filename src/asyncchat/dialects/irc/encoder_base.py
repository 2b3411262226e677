"""The tags before the lines of others' events, for one set of capabilities.

Owns ``EncoderBase``, which the features' encoders of events are given; must not know any kind of event.
"""

from typing import Final

from asyncchat.core.events import Record
from asyncchat.core.ids import Ids
from asyncchat.core.people import Person
from asyncchat.dialects.irc.capabilities import ACCOUNT_TAG, MESSAGE_TAGS, OPER_TAG, SERVER_TIME
from asyncchat.dialects.irc.tokens import Tags, format_tags
from asyncchat.text.times import timestamp

OPER: Final = "draft/oper"
"""The tag of what an operator of the server does (IRCv3 oper-tag), without saying which one."""


class EncoderBase:
    """Encodes others' events for sessions with one set of capabilities.

    Args:
        source: the server's name, for what it says itself.
        ids: gives the msgid.
        caps: the capabilities, of which those that change bytes count.
    """

    __slots__ = ("_tags_account", "_tags_ids", "_tags_oper", "_tags_time", "caps", "ids", "source")

    join = staticmethod(b"".join)

    def __init__(self, source: str, ids: Ids, caps: int) -> None:
        self.source = source
        self.ids = ids
        self.caps = caps
        self._tags_time = bool(caps & SERVER_TIME)
        self._tags_ids = bool(caps & MESSAGE_TAGS)
        self._tags_account = bool(caps & ACCOUNT_TAG)
        self._tags_oper = bool(caps & OPER_TAG)

    def encode(self, record: Record) -> bytes:
        """The bytes of an event: whole lines, or nothing where IRC has no word for it."""
        raise NotImplementedError

    def past(self, record: Record, batch: str) -> bytes:
        """The bytes of an event in a page of the history (draft/event-playback).

        Args:
            record: what it was.
            batch: the reference tag of the page's batch; empty for none.
        """
        raise NotImplementedError

    def tags_of(
        self, record: Record, by: Person | None, tags: Tags | None, batch: str = "", *, first: bool = True
    ) -> bytes:
        """The tags of an event's line, ``@`` and space included.

        Args:
            record: the event.
            by: whoever caused it; None: the server.
            tags: the sender's, which a message has beside its id; None: it is no message.
            batch: the reference of the batch that it stands in.
            first: whether it is the message's first line, which alone has the id (multiline, "Message ids").
        """
        pieces = []
        if batch:
            pieces.append(f"batch={batch}")
        if self._tags_time:
            pieces.append(f"time={timestamp(record.time)}")
        if by is not None:
            if self._tags_account and by.account:
                pieces.append(format_tags((("account", by.account),)))
            if self._tags_ids and by.bot:
                pieces.append("bot")
            if self._tags_oper and by.oper:
                pieces.append(OPER)
        if tags is not None and self._tags_ids:
            if record.number and first:
                pieces.append(f"msgid={self.ids.id_of(record.number)}")
            if tags:
                # Last: what the server adds must not be pushed out of the limit (message-tags).
                pieces.append(format_tags(tags))
        return f"@{';'.join(pieces)} ".encode() if pieces else b""
