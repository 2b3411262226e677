"""A person with ``nc -u``: each datagram is a line, or several; what is told goes out as bare text.

Owns how a stream becomes datagrams and back without numbers, its pace, and the question whether somebody is
still there; must not know sockets, addresses or names. Nothing is acknowledged or repeated. Time is an
argument.
"""

from asyncchat.core.text import cut
from asyncchat.dialects.udp.datagrams import DATAGRAM_BYTES

BURST = 16
"""Datagrams that may go out at once: 19 KB, the last messages of some rooms."""

PER_SECOND = 20.0
"""Datagrams a second after that, 24 KB. Nobody says whether they arrive (RFC 8085, 3.1.3), so there is one
pace for all. It is that of a very busy room: lines that wait go together."""

HELD_BYTES = 16_384
"""Most bytes that are held while its lines are not read: it is over its budgets."""

SILENCE = 300.0
"""Seconds of silence after which a person is asked whether it is there. Nothing else tells."""

ANSWER = 120.0
"""Seconds that it has to answer."""

NAME_ANSWER = 30.0
"""Seconds that it has to answer if somebody at its address asks for its name: most likely its ``nc`` has
ended, and that is the same person again, who comes from another port."""

STILL_THERE = b"Are you still there? Press Enter within 2 minutes to stay.\n"
NAME_WANTED = b"Somebody at your address asks for your name. Press Enter within 30 seconds to keep it.\n"
LEFT = b"You have left the chat, because you did not answer.\n"
TOO_LONG = f"Not sent: a datagram has more than {DATAGRAM_BYTES:,} bytes. Send shorter lines.\n".encode()
TOO_FAST = b"Not sent: you send faster than your lines are read.\n"


class BareConnection:
    """The server's end for a person with ``nc -u``; used like ``UdpConnection``.

    Args:
        opening: the datagram by which the person came; it is no line if it comes again.
        now: seconds of any clock that does not go back.
    """

    def __init__(self, opening: bytes, now: float) -> None:
        self.over: str | None = None
        self.ended = False
        self.heard_at = now
        self._opening = opening
        self._unsent = bytearray()
        self._closing = False
        self._credit = float(BURST)
        self._credited_at = now
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._was_too_fast = False
        self._judge_at = 0.0
        """When it is gone unless it answers; 0: it was asked nothing."""

    # What comes in.

    def receive(self, data: bytes, now: float) -> None:
        """Takes a datagram: whole lines."""
        self.heard_at = now
        self._judge_at = 0.0
        if data == self._opening:
            return
        if len(data) > DATAGRAM_BYTES:
            if not self._unsent.endswith(TOO_LONG):  # else who sends faster than it reads fills it
                self.write(TOO_LONG)
        elif self._held_bytes + len(data) > HELD_BYTES:
            if not self._was_too_fast:
                self._was_too_fast = True
                self.write(TOO_FAST)
        elif data:
            line = data if data.endswith(b"\n") else data + b"\n"
            self._held.append(line)
            self._held_bytes += len(line)

    def take(self) -> bytes:
        """What came since."""
        taken = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._was_too_fast = False
        return taken

    # What goes out.

    def write(self, data: bytes) -> None:
        """Takes bytes to be sent."""
        if not self._closing:
            self._unsent += data

    def end(self) -> None:
        """Nothing more is written; the connection is over when all of it is sent."""
        self._closing = True

    def abort(self) -> bytes:
        """Ends it at once; there is no last datagram."""
        self.over = ""
        return b""

    @property
    def waiting(self) -> int:
        """Bytes that are not sent."""
        return len(self._unsent)

    @property
    def unfinished(self) -> bool:
        """Whether something is not sent."""
        return bool(self._unsent)

    def expect(self, _seconds: float, now: float) -> None:
        """Asks whether it is there; a person needs longer than the few seconds that a program has."""
        if not self._judge_at:
            self._judge_at = now + NAME_ANSWER
            self.write(NAME_WANTED)

    def data_to_send(self, now: float) -> list[bytes]:
        """The datagrams to be sent now."""
        if self.over is not None:
            return []
        if self._judge_at and now >= self._judge_at:
            self.over = f"no answer for {int(now - self.heard_at)} seconds"
            return [LEFT]
        if not self._judge_at and now >= self.heard_at + SILENCE:
            self._judge_at = now + ANSWER
            self.write(STILL_THERE)
        self._credit = min(float(BURST), self._credit + (now - self._credited_at) * PER_SECOND)
        self._credited_at = now
        sent = []
        while self._unsent and self._credit > 0.99:  # a timer may be a little early
            sent.append(self._next_datagram())
            self._credit -= 1
        if self._closing and not self._unsent:
            self.over = ""
        return sent

    def deadline(self) -> float:
        """When ``data_to_send`` must be called next at the latest."""
        alive = self._judge_at or self.heard_at + SILENCE
        if self._unsent:
            return min(alive, self._credited_at + max(0.0, 1 - self._credit) / PER_SECOND)
        return self._credited_at if self._closing else alive

    # Details.

    def _next_datagram(self) -> bytes:
        """The next lines, as many as fit; one that does not fit is cut between grapheme clusters."""
        unsent = self._unsent
        end = len(unsent)
        if end > DATAGRAM_BYTES and (end := unsent.rfind(b"\n", 0, DATAGRAM_BYTES) + 1) == 0:
            # It looks a little further: the next character may belong to the last one that fits.
            ahead = bytes(unsent[: DATAGRAM_BYTES * 2]).partition(b"\n")[0].decode("utf-8", "ignore")
            end = len(cut(ahead, DATAGRAM_BYTES)[0].encode()) or DATAGRAM_BYTES
        datagram = bytes(unsent[:end])
        del unsent[:end]
        return datagram
