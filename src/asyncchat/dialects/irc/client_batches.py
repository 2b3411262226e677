"""Batches as a client receives them (IRCv3 batch).

Owns open batches and their limits; must not know what the lines in them mean.
"""

from dataclasses import dataclass, field

from asyncchat.dialects.irc.tokens import Message

OPEN = 32
"""Most batches open at a time; a server of ours has one."""

LINES = 20_000
"""Most lines held in open batches: the largest page of a history many times over."""


@dataclass(slots=True)
class Batch:
    """A batch with the lines that came for it so far; nested ones stand where they ended."""

    ref: str
    kind: str
    params: tuple[str, ...]
    label: str
    parent: str
    items: "list[Message | Batch]" = field(default_factory=list)

    def lines(self) -> list[Message]:
        """Its lines and those of the batches in it, in order."""
        found: list[Message] = []
        for item in self.items:
            found.extend(item.lines() if isinstance(item, Batch) else (item,))
        return found


class Batches:
    """The batches that are open."""

    def __init__(self) -> None:
        self._open: dict[str, Batch] = {}
        self._held = 0

    def take(self, line: Message) -> bool:
        """Puts a line into its batch. False: it is in none, and means what it means at once."""
        batch = self._open.get(line.tag("batch") or "")
        if batch is None:
            return False
        if self._held < LINES:
            batch.items.append(line)
            self._held += 1
        return True

    def boundary(self, line: Message) -> Batch | None:
        """Takes a BATCH line; gives the outermost batch that it ends, complete."""
        ref = line.param(0)
        if ref.startswith("+") and len(self._open) < OPEN:
            self._open[ref[1:]] = Batch(
                ref[1:],
                line.param(1),
                line.params[2:],
                line.tag("label") or "",
                line.tag("batch") or "",
            )
        elif ref.startswith("-") and (batch := self._open.pop(ref[1:], None)) is not None:
            parent = self._open.get(batch.parent)
            if parent is None:
                self._held -= len(batch.lines())
                return batch
            parent.items.append(batch)
        return None
