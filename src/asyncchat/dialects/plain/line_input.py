"""What a client types, as lines: telnet's negotiation taken out, and framed or unframed.

Owns the bytes between two reads; must not know what a line means.
"""

from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.plain.telnet import Telnet
from asyncchat.dialects.plain.unframed import unfinished


class LineInput:
    """Turns reads into lines.

    Args:
        limit: longest line in bytes.
        framed: False for a client that ends no message with a newline: each read is a message. Its first
            newline or telnet byte makes it True, for good.
    """

    __slots__ = ("_cr", "_lines", "_tail", "_telnet", "framed")

    def __init__(self, limit: int, framed: bool) -> None:
        self.framed = framed
        self._lines = LineFramer(limit)
        self._telnet: Telnet | None = None
        self._tail = b""
        self._cr = False

    @property
    def telnet(self) -> bool:
        """Whether the client speaks telnet."""
        return self._telnet is not None

    @property
    def backlog(self) -> int:
        """Bytes not taken as lines."""
        return self._lines.backlog + len(self._tail)

    @property
    def ready(self) -> int:
        """Complete lines not taken."""
        return self._lines.ready

    def take(self, most: int) -> list[bytes | None]:
        """The next lines; None for one that was too long."""
        return self._lines.take(most)

    def put_back(self, lines: list[bytes | None]) -> None:
        """Returns lines that were taken last."""
        self._lines.put_back(lines)

    def feed(self, data: bytes) -> None:
        """Takes one read."""
        if self._telnet is not None or b"\xff" in data:
            if self._telnet is None:
                self._telnet = Telnet()
            data = self._telnet.feed(data)
            self._become_framed()
        if b"\0" in data:
            # RFC 854: a carriage return is followed by LF or NUL; either ends a line here.
            if self._cr and data.startswith(b"\0"):
                data = b"\n" + data[1:]
            data = data.replace(b"\r\0", b"\r\n")
        if data:
            self._cr = data.endswith(b"\r")
        if not self.framed and b"\n" in data:
            self._become_framed()
        if self.framed:
            self._lines.feed(data)
        elif data:
            data = self._tail + data
            whole = len(data) - unfinished(data)
            self._tail = data[whole:]
            if whole:
                self._lines.add(data[:whole])

    def end(self) -> None:
        """No more comes: an unfinished line becomes a line."""
        rest = self._tail or self._lines.take_rest().removesuffix(b"\r")
        self._tail = b""
        if rest:
            self._lines.add(rest)

    def _become_framed(self) -> None:
        if not self.framed:
            self.framed = True
            self._lines.feed(self._tail)
            self._tail = b""
