"""Batches as a client receives them (IRCv3 batch).

Owns open batches and their limits, and making one line of several (draft/multiline); must not know what the
lines in them mean.
"""

from dataclasses import dataclass, field

import msgspec

from asyncchat.dialects.irc.batches import CONCAT, MULTILINE
from asyncchat.dialects.irc.tokens import Message

OPEN = 32
"""Most batches open at a time; a server of ours has one."""

LINES = 20_000
"""Most lines held in open batches: the largest page of a history many times over."""

CHARACTERS = 8_000_000
"""Most characters in them: a thousand of the longest lines. A character takes up to four bytes."""


@dataclass(slots=True)
class Batch:
    """A batch with the lines that came for it so far; those of nested ones stand where these ended."""

    opening: Message
    held: list[Message] = field(default_factory=list)
    size: int = 0
    """Characters of them."""

    @property
    def kind(self) -> str:
        """Its type."""
        return self.opening.param(1)

    @property
    def params(self) -> tuple[str, ...]:
        """What followed the type."""
        return self.opening.params[2:]

    @property
    def label(self) -> str:
        """The label of what it answers; '' for none."""
        return self.opening.tag("label") or ""

    @property
    def parent(self) -> str:
        """The reference of the batch that it stands in; '' for none."""
        return self.opening.tag("batch") or ""

    def lines(self) -> list[Message]:
        """Its lines and those of the batches in it, in order; a message of several lines is one of them."""
        return [_joined(self.opening, self.held)] if self.kind == MULTILINE and self.held else self.held


class Batches:
    """The batches that are open."""

    def __init__(self) -> None:
        self._open: dict[str, Batch] = {}
        self._held = 0
        self._size = 0

    def take(self, line: Message) -> bool:
        """Puts a line into its batch. False: it is in none, and means what it means at once."""
        batch = self._open.get(line.tag("batch") or "")
        if batch is None:
            return False
        size = _size(line)
        if self._held < LINES and self._size + size <= CHARACTERS:
            batch.held.append(line)
            batch.size += size
            self._held += 1
            self._size += size
        return True

    def boundary(self, line: Message) -> Batch | None:
        """Takes a BATCH line; gives the outermost batch that it ends, complete."""
        ref = line.param(0)
        if ref.startswith("+") and len(self._open) < OPEN:
            self._end(ref[1:])  # whoever opens it again has given it up
            self._open[ref[1:]] = Batch(line)
        elif ref.startswith("-") and (batch := self._end(ref[1:])) is not None:
            parent = self._open.get(batch.parent)
            if parent is None:
                return batch
            lines = batch.lines()
            parent.held += lines
            parent.size += batch.size
            self._held += len(lines)
            self._size += batch.size
        return None

    def _end(self, ref: str) -> Batch | None:
        """Takes out a batch, with its lines."""
        batch = self._open.pop(ref, None)
        if batch is not None:
            self._held -= len(batch.held)
            self._size -= batch.size
        return batch


def _size(line: Message) -> int:
    """Characters of a line."""
    size = len(line.source) + sum(map(len, line.params))
    for key, value in line.tags:
        size += len(key) + len(value)
    return size


def _joined(opening: Message, lines: list[Message]) -> Message:
    """The one line that the lines of a draft/multiline batch make: its text has their breaks.

    What is said of the whole stands on the batch; ids of servers that put them on the first line are taken.
    """
    text = lines[0].param(1)
    for line in lines[1:]:
        text += line.param(1) if line.tag(CONCAT) is not None else f"\n{line.param(1)}"
    known = dict((*lines[0].tags, *opening.tags))
    known.pop("batch", None)
    known.pop(CONCAT, None)
    return msgspec.structs.replace(
        lines[0],
        params=(lines[0].param(0), text),
        source=lines[0].source or opening.source,
        tags=tuple(known.items()),
    )
