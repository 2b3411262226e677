"""Clients that send no newline and print what each read brings (the original classroom client).

See docs/architecture.md, "Unframed clients".

Owns when silence shows that a client is one of them, and how text for it is cut; its session waits.
"""

import re

from asyncchat.core.text import cut

SILENCE = 0.3
"""Seconds after which a name without a newline is all there is to come."""

SILENCE_AFTER_ONE = 2.0
"""The same after a single character: the client may be a terminal that sends each key."""

WRITE_BYTES = 1024
"""The most that the original client reads at once; it fails on a character split over two reads."""

WRITE_PAUSE = 0.05
"""Seconds between two writes, so that the client reads each one separately."""

_OTHER_BEGUN = re.compile(
    rb"(?:CAP|NICK|USER|PASS|WEBIRC|AUTHENTICATE|PING|QUIT) |[@:]|PROXY "
    rb"|[!#$%&'*+.^_`|~0-9A-Za-z-]+ (?:/|\*|[a-z]+://)"
)
"""The beginning of a line of IRC, HTTP (RFC 9112, 3) or a proxy: such a client ends its lines."""


def silence_for(begun: bytes) -> float | None:
    """How many seconds of silence after its first data show that a client is unframed.

    Args:
        begun: all that it has sent.

    Returns:
        Seconds, or None if it is not: it has sent a newline, telnet's bytes, the beginning of another
        protocol's line, or nothing.
    """
    begun = begun.removeprefix(b"\xef\xbb\xbf")
    if not begun or b"\n" in begun or b"\xff" in begun or b"\r\0" in begun or _OTHER_BEGUN.match(begun):
        return None
    return SILENCE if len(begun.decode("utf-8", "ignore")) > 1 else SILENCE_AFTER_ONE


def unfinished(data: bytes | bytearray) -> int:
    """How many bytes at the end of the data begin a UTF-8 character that is not complete (0 to 3)."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < needed and byte < 0xF8 else 0
        if byte < 0x80:
            return 0
    return 0


class Pieces:
    """Cuts lines into the writes an unframed client gets: whole characters, at most ``WRITE_BYTES`` each.

    Waiting lines go together as far as they fit, cut between lines where possible. No piece ends with a
    newline, since the client prints one after each. The session writes one piece, waits ``WRITE_PAUSE``, and
    writes the next.
    """

    __slots__ = ("_open", "_waiting")

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._open = False

    @property
    def backlog(self) -> int:
        """Bytes not yet given out."""
        return len(self._waiting)

    def feed(self, data: bytes) -> None:
        """Takes UTF-8 to be sent; half a character waits for its end."""
        self._waiting += data

    def next(self) -> bytes:
        """The next write; empty when nothing waits."""
        waiting = self._waiting
        while waiting.startswith(b"\n"):
            del waiting[0]
            self._open = True
        if len(waiting) <= WRITE_BYTES:
            end = len(waiting) - unfinished(waiting[-3:])
        elif (end := waiting.rfind(b"\n", 0, WRITE_BYTES + 1)) < 0:
            # One line is longer than a write. It looks a little further, for the end of a word.
            ahead = bytes(waiting[: WRITE_BYTES * 2]).partition(b"\n")[0].decode("utf-8", "ignore")
            end = len(cut(ahead, WRITE_BYTES)[0].encode())
        piece = bytes(waiting[:end])
        del waiting[:end]
        if piece:
            self._open = piece.endswith(b"\n")
        return piece.rstrip(b"\n")

    def rest(self) -> bytes:
        """Everything that waits, for a client that turned out to be framed.

        It begins with the newline that the last piece was sent without, so it must be asked for once even
        when nothing waits.
        """
        rest = (b"\n" if self._open else b"") + bytes(self._waiting)
        self._waiting.clear()
        self._open = False
        return rest
