"""Answers that carry the label of what was asked (IRCv3 labeled-response).

Owns how the lines of one answer become one response: a tag on the only one, a batch of several, an ``ACK``
for none. Labels never leave the session's dialect: a ``LabelStart`` stands before the commands of a labelled
line, and the answers to so many commands after it are gathered.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command
from asyncchat.dialects.irc.tokens import escape, parse_tags

LABEL_BYTES: Final = 64
"""Longest label (labeled-response, "Tag value"); a longer one is ignored."""


LONG_BYTES: Final = 16_384
"""Bytes of an answer from which on its beginning is told before its end is made."""


class LabelStart(msgspec.Struct, frozen=True):
    """Stands before what a labelled line asks: the label, and how many commands it covers."""

    label: str
    commands: int


class LabeledResponse:
    """The answer to a labelled line while it is being gathered.

    ``left`` counts the commands that have no answer yet; ``beside`` is what the session is told meanwhile
    that is no answer: its own message to itself.
    """

    __slots__ = ("_begun", "_label", "_reference", "_told", "_waiting", "beside", "left", "slash")

    def __init__(self, start: LabelStart) -> None:
        self.slash: Sequence[Command] | None = None
        """What a slash command asked; then the answer is sentences."""
        self._label = escape(start.label).encode()
        self.left = start.commands
        self._told: list[bytes] = []
        self._waiting = 0
        self._begun = False
        self._reference = b""
        """Of the batch that a long response has begun; empty where the answer is a batch itself."""
        self.beside = b""

    def add(self, data: bytes) -> None:
        """Takes the answer to one more command."""
        self.left -= 1
        if data:
            self._told.append(data)

    def add_piece(self, data: bytes) -> None:
        """Takes a part of an answer that is not complete."""
        self._told.append(data)
        self._waiting += len(data)

    @property
    def is_long(self) -> bool:
        """Whether so much waits that the beginning of the response should be told now."""
        return self._waiting >= LONG_BYTES and len(self._told) > 1

    def beginning(self, server: str, reference: str) -> bytes:
        """The lines so far of a response that has several, which then goes on.

        The arguments are those of ``response``.
        """
        lines = b"".join(self._told).split(b"\r\n")[:-1]
        self._told = []
        self._waiting = 0
        if not self._begun:
            self._begun = True
            if self.left > 1 or not _begins_batch(lines[0]):
                self._reference = reference.encode()
                lines.insert(0, b":%b BATCH +%b labeled-response" % (server.encode(), self._reference))
            lines[0] = _tagged(b"label=" + self._label, lines[0])
            return self._tag(lines[:1], b"") + self._tag(lines[1:], self._reference)
        return self._tag(lines, self._reference)

    @staticmethod
    def _tag(lines: list[bytes], reference: bytes) -> bytes:
        if reference:
            lines = [line if _in_batch(line) else _tagged(b"batch=" + reference, line) for line in lines]
        return b"\r\n".join(lines) + b"\r\n" if lines else b""

    def response(self, server: str, reference: str) -> bytes:
        """The response, or the rest of one that has begun, then what is beside it.

        Args:
            server: the server's name.
            reference: of the batch, should there be one.
        """
        if self._begun:
            rest = self.beginning(server, reference)
            end = b":%b BATCH -%b\r\n" % (server.encode(), self._reference) if self._reference else b""
            return rest + end + self.beside
        lines = b"".join(self._told).split(b"\r\n")[:-1]
        if not lines:
            lines = [f":{server} ACK".encode()]
        elif len(lines) > 1 and not _is_batch(lines):
            name, source = reference.encode(), server.encode()
            lines = [line if _in_batch(line) else _tagged(b"batch=" + name, line) for line in lines]
            lines.insert(0, b":%b BATCH +%b labeled-response" % (source, name))
            lines.append(b":%b BATCH -%b" % (source, name))
        lines[0] = _tagged(b"label=" + self._label, lines[0])
        return b"\r\n".join(lines) + b"\r\n" + self.beside


def label_of(raw: bytes | None) -> str:
    """The label of a line, even of one that can't be read; empty for none."""
    if raw is None or raw[:1] != b"@" or b"label" not in raw:
        return ""
    read = raw[1:].partition(b" ")[0]
    if b"\0" in read or b"\r" in read:  # it would go out again in the answer
        return ""
    try:
        tags = read.decode()
    except UnicodeDecodeError:
        return ""
    label = dict(parse_tags(tags)).get("label", "")
    return label if len(label.encode()) <= LABEL_BYTES else ""


def with_label(label: str, line: bytes) -> bytes:
    """A line with a label."""
    return _tagged(b"label=" + escape(label).encode(), line)


def _tagged(tag: bytes, line: bytes) -> bytes:
    """A line with one more tag, before all others."""
    return b"@%b;%b" % (tag, line[1:]) if line[:1] == b"@" else b"@%b %b" % (tag, line)


def _in_batch(line: bytes) -> bool:
    """Whether a line is in a batch already."""
    if line[:1] != b"@":
        return False
    tags = line[: line.index(b" ")]
    return tags.startswith(b"@batch=") or b";batch=" in tags


def _is_batch(lines: list[bytes]) -> bool:
    """Whether the lines are one batch as a whole, whose beginning may carry the label."""
    if not _begins_batch(lines[0]):
        return False
    words = lines[0].split(b" ")
    return lines[-1].endswith(b" BATCH -" + words[2 + (lines[0][:1] == b"@")][1:])


def _begins_batch(line: bytes) -> bool:
    """Whether a line begins a batch that stands in no other."""
    words = line.split(b" ", 3)
    at = 1 + (line[:1] == b"@")
    return words[at : at + 1] == [b"BATCH"] and not _in_batch(line)
