"""The bytes of others' events, encoded once for all sessions with the same capabilities.

Owns the fast way of a message to a room: three byte strings joined, two of them remembered. It is the hottest
path of the program. All other lines are the features' (``registry``).
"""

from dataclasses import dataclass, field
from typing import Final

from asyncchat.core.coalesce import CoalescedRecord
from asyncchat.core.events import Record, Stream
from asyncchat.core.features.messages import Said, Speech
from asyncchat.core.ids import Ids
from asyncchat.dialects.irc import features  # noqa: F401  # fills the tables
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import CAUSES, COALESCED, LINES, PLAYBACK, TAGGED
from asyncchat.dialects.irc.tokens import LINE_BYTES
from asyncchat.text.times import timestamp

MOST_REMEMBERED: Final = 4096
"""Heads of lines that are remembered: one for each who speaks, some 250 bytes; then it begins anew."""


@dataclass(slots=True)
class Heads:
    """Beginnings of lines and targets as bytes, which all encoders share."""

    origins: dict[str, bytes] = field(default_factory=dict)
    targets: dict[str, bytes] = field(default_factory=dict)


class CapabilityEncoder(EncoderBase):
    """The bytes of others' events for sessions with one set of capabilities.

    The arguments are those of ``EncoderBase``, and the heads that other encoders have made already.
    """

    __slots__ = (
        "__weakref__", "_heads", "_last", "_last_told", "_millisecond", "_tagged", "_tags_head", "_targets",
    )  # fmt: skip

    def __init__(self, source: str, ids: Ids, caps: int, heads: Heads | None = None) -> None:
        super().__init__(source, ids, caps)
        self._tagged = self._tags_time or self._tags_ids
        self._millisecond = -1
        self._last: Record | None = None
        self._last_told = b""
        self._tags_head = b"@msgid="
        heads = heads or Heads()
        self._heads = heads.origins
        self._targets = heads.targets

    def encode(self, record: Record) -> bytes:
        """The bytes of an event: whole lines, or nothing where IRC has no word for it."""
        if record is self._last:
            return self._last_told  # the echo to its sender
        event = record.event
        if type(event) is Said and event.speech is Speech.MESSAGE:
            text = event.text
            origin = event.person.origin
            head = self._heads.get(origin) or self._head(origin)
            target = self._targets.get(event.room) or self._target(event.room)
            raw = b"%b%b%b\r\n" % (head, target, text.encode())
            if len(raw) <= LINE_BYTES and "\n" not in text and "\r" not in text and not event.cuts:
                by = event.person
                if (
                    (self._tags_account and by.account)
                    or (self._tags_ids and by.bot)
                    or (self._tags_oper and by.oper)
                ):
                    whole = self.tags_of(record, by, event.tags) + raw
                elif not self._tagged:
                    return raw
                else:
                    tags = self.tags_of(record, by, event.tags) if event.tags else self._quick_tags(record)
                    whole = tags + raw
                self._last, self._last_told = record, whole
                return whole
        tagged = TAGGED.get(type(event))
        if tagged is not None and (told := tagged(self, record, event, "")) is not None:
            return told
        return self._lines(record, "")

    def past(self, record: Record, batch: str) -> bytes:
        """The bytes of an event in a page of the history (draft/event-playback)."""
        tagged = PLAYBACK.get(type(record.event))
        if tagged is not None:
            return tagged(self, record, record.event, batch) or b""
        return self._lines(record, batch)

    def _lines(self, record: Record, batch: str) -> bytes:
        """An event's lines behind tags; the id of one that the history gives again is on the first line."""
        event = record.event
        kind = type(event)
        if type(record) is CoalescedRecord:
            told = [one for one in COALESCED[kind]([one.event for one in record.records]) if one]
        elif kind in LINES:
            told = LINES[kind](self, event).splitlines(keepends=True)
        else:
            return b""
        if not told:
            return b""
        cause = CAUSES[kind](event)
        first = self.tags_of(record, cause, None if event.stream is Stream.NONE else (), batch)
        others = self.tags_of(record, cause, None, batch) if len(told) > 1 else b""
        return first + others.join(told)

    def _quick_tags(self, record: Record) -> bytes:
        """``tags_of`` without a batch; most messages share their millisecond with the one before."""
        millisecond = record.time // 1000
        if millisecond != self._millisecond and self._tags_time:
            self._millisecond = millisecond
            end = ";msgid=" if self._tags_ids else " "
            self._tags_head = f"@time={timestamp(record.time)}{end}".encode()
        if self._tags_ids:
            return b"%b%b " % (self._tags_head, self.ids.id_of(record.number).encode())
        return self._tags_head

    def _head(self, origin: str) -> bytes:
        if len(self._heads) >= MOST_REMEMBERED:
            self._heads.clear()
        head = self._heads[origin] = f":{origin} PRIVMSG ".encode("utf-8", "replace")
        return head

    def _target(self, room: str) -> bytes:
        if len(self._targets) >= MOST_REMEMBERED:
            self._targets.clear()
        target = self._targets[room] = f"{room} :".encode("utf-8", "replace")
        return target
