"""Skips telnet's negotiation: what is left is what the person typed (RFC 854 and 855).

Owns the few bytes of state between two chunks; it answers nothing, which every telnet client takes as a no.
"""

IAC = 0xFF
"""A byte that no UTF-8 text has (RFC 854: Interpret As Command)."""

SUBNEGOTIATION_BYTES = 1024
"""Longest subnegotiation that is skipped; an environment list is shorter, and junk must not hide all."""

HUSH = b"\xff\xfb\x01"
"""IAC WILL ECHO: the client shows no more of what is typed (RFC 857)."""

UNHUSH = b"\xff\xfc\x01"
"""IAC WONT ECHO: it shows it again."""

_SE, _SB, _WILL, _DONT = 0xF0, 0xFA, 0xFB, 0xFE

_TEXT, _COMMAND, _OPTION, _INSIDE, _INSIDE_COMMAND = range(5)


class Telnet:
    """Removes negotiation from a stream, however it is cut; ``IAC IAC`` stands for one byte 255."""

    __slots__ = ("_skipped", "_state")

    def __init__(self) -> None:
        self._state = _TEXT
        self._skipped = 0

    def feed(self, data: bytes) -> bytes:
        """The text in a chunk."""
        if self._state == _TEXT and IAC not in data:
            return data
        text = bytearray()
        at = 0
        while at < len(data):
            if self._state == _TEXT:
                found = data.find(IAC, at)
                end = len(data) if found < 0 else found
                text += data[at:end]
                at = end + 1
                if found >= 0:
                    self._state = _COMMAND
            else:
                text += self._negotiate(data[at])
                at += 1
        return bytes(text)

    def _negotiate(self, byte: int) -> bytes:
        state = self._state
        if state == _COMMAND:
            if byte == _SB:
                self._state, self._skipped = _INSIDE, 0
            else:
                self._state = _OPTION if _WILL <= byte <= _DONT else _TEXT
                return b"\xff" if byte == IAC else b""
        elif state == _OPTION:
            self._state = _TEXT
        else:
            self._skipped += 1
            if self._skipped > SUBNEGOTIATION_BYTES:
                self._state = _TEXT
            elif state == _INSIDE:
                self._state = _INSIDE_COMMAND if byte == IAC else _INSIDE
            else:
                self._state = _TEXT if byte == _SE else _INSIDE
        return b""
