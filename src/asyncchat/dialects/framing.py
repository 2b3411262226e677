"""Bounded line framing: chunks of bytes in, lines out.

Owns the limit and the half line that waits; must not know what a line means. No byte is scanned twice.
"""

OVERLONG = None
"""Stands for a line over the limit; its bytes are dropped up to its newline."""


class LineFramer:
    """Cuts a stream at LF; a CR before it is not part of the line.

    Args:
        limit: longest line in bytes without its end. No more than that is held of an unfinished line.
    """

    __slots__ = ("_held", "_limit", "_pieces", "_ready", "_ready_bytes", "_skipping", "_taken")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._held = 0
        self._skipping = False
        self._ready: list[bytes | None] = []
        self._taken = 0
        self._ready_bytes = 0

    @property
    def backlog(self) -> int:
        """Bytes held: complete lines not taken, each with an end of one byte, and the unfinished line."""
        return self._ready_bytes + self._held

    @property
    def ready(self) -> int:
        """Complete lines not taken."""
        return len(self._ready) - self._taken

    @property
    def unfinished(self) -> int:
        """Bytes of the unfinished line."""
        return self._held

    @property
    def idle(self) -> bool:
        """Whether nothing is held and the next byte begins a line: a new object would do as well."""
        return not (self._held or self._skipping or self.ready)

    def feed(self, data: bytes) -> None:
        """Takes a chunk."""
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            lines = head.split(b"\n")
            if self._pieces:
                lines[0] = b"".join((*self._pieces, lines[0]))
                self._pieces.clear()
                self._held = 0
            if self._skipping:
                self._skipping = False
                del lines[0]
            limit = self._limit
            for line in lines:
                if line.endswith(b"\r"):
                    line = line[:-1]
                if len(line) <= limit:
                    self._ready.append(line)
                    self._ready_bytes += len(line) + 1
                else:
                    self._put(OVERLONG)
        if tail and not self._skipping:
            self._pieces.append(tail)
            self._held += len(tail)
            # One more than the limit: it may be the CR.
            if self._held > self._limit + 1:
                self._pieces.clear()
                self._held = 0
                self._skipping = True
                self._put(OVERLONG)

    def add(self, line: bytes) -> None:
        """Puts a line that came whole, without its end, behind those that are ready."""
        self._put(line if len(line) <= self._limit else OVERLONG)

    def take(self, limit: int) -> list[bytes | None]:
        """The next lines, at most ``limit``; ``OVERLONG`` in the place of one that was too long."""
        if self.ready <= limit:
            taken = self._ready[self._taken :] if self._taken else self._ready
            self._ready = []
            self._taken = 0
            self._ready_bytes = 0
        else:
            taken = self._ready[self._taken : self._taken + limit]
            self._taken += limit
            self._ready_bytes -= _size(taken)
            # What was taken goes only when it is the larger half: a long list is not moved at each call.
            if self._taken * 2 > len(self._ready):
                del self._ready[: self._taken]
                self._taken = 0
        return taken

    def put_back(self, lines: list[bytes | None]) -> None:
        """Returns lines taken but not used to the front."""
        start = max(0, self._taken - len(lines))
        self._ready[start : self._taken] = lines
        self._taken = start
        self._ready_bytes += _size(lines)

    def take_rest(self) -> bytes:
        """Takes the unfinished line."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return rest

    def _put(self, line: bytes | None) -> None:
        self._ready.append(line)
        self._ready_bytes += 1 if line is None else len(line) + 1


def _size(lines: list[bytes | None]) -> int:
    return sum([1 if line is None else len(line) + 1 for line in lines])
