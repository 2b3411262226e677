"""The lines that other people's events become: bytes that all plain sessions share.

Owns the line's end, and that every line is clean; must not know a session.
"""

from collections.abc import Iterable

from asyncchat.core.coalesce import CoalescedRecord
from asyncchat.core.events import Record
from asyncchat.text.sanitize import shown
from asyncchat.text.sentences import EVENTS


class PlainEncoder:
    """Lines with one kind of end. Making a line costs less than keeping it would: nothing is remembered."""

    __slots__ = ("end",)

    join = staticmethod(b"".join)

    def __init__(self, end: str) -> None:
        self.end = end

    def encode(self, record: Record) -> bytes:
        """The line of another person's event; a text of several lines has several, some events have none."""
        if type(record) is CoalescedRecord:
            return b"".join([self.encode(one) for one in record.records])
        event = record.event
        sentence = EVENTS.get(type(event))
        if sentence is None:
            return b""
        words = sentence(event)
        if words.isprintable():
            return (words + self.end).encode() if words else b""
        # A line break is meant only in a text, where each line has its speaker.
        return self.lines(words.split("\n") if event.multiline else (words,))

    def lines(self, lines: Iterable[str]) -> bytes:
        """Lines made clean, each with its end; empty ones are left out."""
        end = self.end
        return "".join([shown(line) + end for line in lines if line]).encode()
