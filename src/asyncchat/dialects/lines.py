"""Bounded line framing: chunks of bytes in, lines out.

Owns the limit and the half line that waits; must not know what a line means. No byte is scanned twice.
"""

OVERLONG = None
"""Stands in the list for a line over the limit; its bytes are dropped up to its newline."""


class Lines:
    """Cuts a stream at LF; a CR before it is not part of the line.

    Args:
        limit: longest line in bytes without its end. A line in the making is never held beyond that.
    """

    __slots__ = ("_held", "_limit", "_pieces", "_ready", "_ready_bytes", "_skipping")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._held = 0
        self._skipping = False
        self._ready: list[bytes | None] = []
        self._ready_bytes = 0

    @property
    def backlog(self) -> int:
        """Bytes held: complete lines not taken, and the unfinished one."""
        return self._ready_bytes + self._held

    @property
    def ready(self) -> int:
        """Complete lines not taken."""
        return len(self._ready)

    @property
    def unfinished(self) -> int:
        """Bytes of the unfinished line."""
        return self._held

    def feed(self, data: bytes) -> None:
        """Takes a chunk."""
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            lines = head.split(b"\n")
            if self._pieces or self._skipping:
                lines[0] = b"".join((*self._pieces, lines[0]))
                self._pieces.clear()
                self._held = 0
            for line in lines:
                if self._skipping:
                    self._skipping = False
                    continue
                if line.endswith(b"\r"):
                    line = line[:-1]
                self._ready.append(line if len(line) <= self._limit else OVERLONG)
                self._ready_bytes += len(line) + 1
        if tail and not self._skipping:
            self._pieces.append(tail)
            self._held += len(tail)
            if self._held > self._limit + 1:
                self._pieces.clear()
                self._held = 0
                self._skipping = True
                self._ready.append(OVERLONG)

    def take(self, limit: int) -> list[bytes | None]:
        """The next lines, at most ``limit``; ``OVERLONG`` in the place of one that was too long."""
        if len(self._ready) <= limit:
            taken, self._ready = self._ready, []
            self._ready_bytes = 0
        else:
            taken = self._ready[:limit]
            del self._ready[:limit]
            self._ready_bytes -= sum(len(line) + 1 for line in taken if line is not None)
        return taken

    def put_back(self, lines: list[bytes | None]) -> None:
        """Returns lines taken but not used to the front."""
        self._ready[:0] = lines
        self._ready_bytes += sum(len(line) + 1 for line in lines if line is not None)

    def take_rest(self) -> bytes:
        """The unfinished line, which then is gone."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return rest
