"""Batches that a client sends: what of one has come so far (IRCv3 client-batch, draft/multiline).

Owns the lines that wait for their end, their limits, and which lines belong to a batch that failed; must not
know sessions. A session has at most one batch open, as the specification has it, and no object without one.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import msgspec

from asyncchat.core.names import fold
from asyncchat.core.text import TEXT_BYTES, size
from asyncchat.dialects.irc.tokens import Message, Tags

MULTILINE: Final = "draft/multiline"
"""The one type that clients may send."""

CONCAT: Final = "draft/multiline-concat"
"""The tag of a line that goes on where the one before it ended."""

MOST_BYTES: Final = TEXT_BYTES
"""Longest text of a batch (max-bytes): that of any message."""

MOST_LINES: Final = 256
"""Most lines of a batch (max-lines): what people paste of a log or of code. Each costs some 100 bytes more
for every reader."""

OPEN_SECONDS: Final = 30.0
"""How long a batch may be open: a client sends it at once."""

_REFUSED: Final = 8
"""BatchFailure batches whose further lines are known for such; a client that has more made them itself."""

_REF = re.compile(r"[A-Za-z0-9-]{1,64}")
"""A reference tag (IRCv3 batch); the length is ours, since it is remembered."""

_SAYING: Final = ("PRIVMSG", "NOTICE")

_BESIDE: Final = ("PING", "PONG", "QUIT")
"""What may come while a batch is open without breaking it: signs of life, and the end."""


class BatchFailure(msgspec.Struct, frozen=True):
    """A batch is refused: the code of its FAIL, context, words, and the label of its beginning."""

    code: str
    context: tuple[str, ...]
    text: str
    label: str = ""


class MultilineText(msgspec.Struct, frozen=True):
    """A whole message; at ``cuts`` its lines were joined without a break."""

    target: str
    notice: bool
    text: str
    cuts: tuple[int, ...]
    tags: Tags
    label: str


@dataclass(slots=True)
class OpenBatch:
    """A batch that waits for its end."""

    ref: str
    target: str
    tags: Tags
    label: str
    command: str = ""
    lines: list[tuple[str, bool]] = field(default_factory=list)
    size: int = 0
    since: float | None = None

    def take(self, message: Message) -> BatchFailure | None:
        """Takes a line, or says why the batch fails by it."""
        if message.command not in _SAYING or len(message.params) != 2:
            return _invalid("A multiline batch holds PRIVMSG or NOTICE lines only", self.label)
        if self.command and message.command != self.command:
            return _invalid("A multiline batch can't mix PRIVMSG and NOTICE", self.label)
        self.command = message.command
        target, text = message.params
        if fold(target) != fold(self.target):
            return self.fail(
                "MULTILINE_INVALID_TARGET", self.target, target or "*", text="Invalid multiline target"
            )
        joined = message.tag(CONCAT) is not None
        if joined and not text:
            return _invalid("Invalid multiline batch with concatenated blank line", self.label)
        self.size += size(text) + (bool(self.lines) and not joined)
        if self.size > MOST_BYTES:
            return self.fail(
                "MULTILINE_MAX_BYTES", str(MOST_BYTES), text="Multiline batch max-bytes exceeded"
            )
        if len(self.lines) >= MOST_LINES:
            return self.fail(
                "MULTILINE_MAX_LINES", str(MOST_LINES), text="Multiline batch max-lines exceeded"
            )
        self.lines.append((text, joined and bool(self.lines)))
        return None

    def whole(self) -> MultilineText | BatchFailure:
        """The message that its lines make."""
        if not any(text for text, _ in self.lines):
            return _invalid("Invalid multiline batch with blank lines only", self.label)
        pieces: list[str] = []
        cuts: list[int] = []
        at = 0
        for text, joined in self.lines:
            if joined:
                cuts.append(at)
            elif pieces:
                pieces.append("\n")
                at += 1
            pieces.append(text)
            at += len(text)
        notice = self.command == "NOTICE"
        return MultilineText(self.target, notice, "".join(pieces), tuple(cuts), self.tags, self.label)

    def fail(self, code: str, *context: str, text: str) -> BatchFailure:
        """The failure of this batch, with its label."""
        return BatchFailure(code, context, text, self.label)


@dataclass(slots=True)
class ClientBatches:
    """The batch that is open, and the failed ones whose further lines are ignored."""

    open: OpenBatch | None = None
    refused: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether nothing is remembered, so that no object is needed."""
        return self.open is None and not self.refused

    def begin(self, message: Message, allowed: bool, tags: Tags) -> BatchFailure | None:
        """Opens a batch by ``BATCH +ref type target``.

        Args:
            message: the line.
            allowed: whether its sender negotiated draft/multiline, and batch.
            tags: those of the message, for its readers.
        """
        ref = message.params[0][1:]
        kind = message.param(1)
        label = message.tag("label") or ""
        if not _REF.fullmatch(ref):
            failed = BatchFailure(
                "INVALID_REFTAG", (ref or "*",), "Letters, digits and hyphens, at most 64", label
            )
        elif message.tag("batch") is not None or self.open is not None:
            failed = _invalid("Batches can't be nested: end the open one first", label)
            self.drop()
        elif kind != MULTILINE or not allowed:
            failed = BatchFailure("UNKNOWN_TYPE", (ref, kind or "*"), "Unknown batch type", label)
        elif len(message.params) != 3 or not message.params[2] or "," in message.params[2]:
            failed = _invalid("A multiline batch has one target", label)
        else:
            self.forget(ref)
            self.open = OpenBatch(ref, message.params[2], tags, label)
            return None
        self.refuse(ref)
        return failed

    def end(self, message: Message) -> MultilineText | BatchFailure | None:
        """Ends a batch by ``BATCH -ref``; None for one that had failed before."""
        ref = message.params[0][1:]
        if self.forget(ref):
            return None
        opened = self.open
        if opened is None or opened.ref != ref:
            return _invalid("There is no such batch open", message.tag("label") or "")
        self.open = None
        return opened.whole()

    def take(self, message: Message) -> BatchFailure | bool:
        """Takes any other line. True: it is in the batch, or in one that failed. False: it is in none.

        A line outside of the open batch breaks the batch; the line itself is then obeyed.
        """
        ref = message.tag("batch")
        opened = self.open
        if ref is None:
            return False
        if opened is not None and opened.ref == ref:
            failed = opened.take(message)
            if failed is None:
                return True
            self.drop()
            return failed
        if ref in self.refused:
            return True
        self.drop()
        self.refuse(ref)
        return _invalid("There is no such batch open")

    def broken_by(self, message: Message) -> BatchFailure | None:
        """Breaks the open batch by a line outside: clients must not send others before its end."""
        if self.open is None or message.command in _BESIDE:
            return None
        return self.broken("Only lines of the batch may come before its end")

    def broken(self, text: str) -> BatchFailure | None:
        """Ends the open batch, if there is one, as a failed one."""
        opened = self.drop()
        return None if opened is None else _invalid(text, opened.label)

    def on_tick(self, now: float) -> BatchFailure | None:
        """Looked at now and then (seconds of any clock): ends a batch that was open for too long."""
        opened = self.open
        if opened is None:
            return None
        if opened.since is None:
            opened.since = now
        if now - opened.since < OPEN_SECONDS:
            return None
        self.drop()
        return opened.fail("TIMEOUT", opened.ref, text="The batch was left open for too long")

    def drop(self) -> OpenBatch | None:
        """Gives up the open batch; its further lines are ignored."""
        opened, self.open = self.open, None
        if opened is not None:
            self.refuse(opened.ref)
        return opened

    def refuse(self, ref: str) -> None:
        """Ignores further lines of a batch."""
        self.forget(ref)
        self.refused.append(ref)
        del self.refused[:-_REFUSED]

    def forget(self, ref: str) -> bool:
        """Forgets that a batch failed; whether it had."""
        if ref not in self.refused:
            return False
        self.refused.remove(ref)
        return True


def _invalid(text: str, label: str = "") -> BatchFailure:
    return BatchFailure("MULTILINE_INVALID", (), text, label)
