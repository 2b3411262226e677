"""One end of a connection: a stream of bytes in each direction, in numbered packets that may be lost.

Owns numbers, acknowledgements, repeats, the send window and the keep-alive; must not know sockets or
addresses. Time is an argument. Both ends use it.

What is not acknowledged is repeated, at first after about the time of an answer and then ever more seldom.
How much is under way grows while all arrives, and is halved where something was lost (RFC 8085, 3.1.1): as
TCP does it, with what RFC 9002 says of when something is lost. What a slow reader does not take is held, 64
packets at the most, and its sender waits.
"""

import msgspec

from asyncchat.dialects.udp.datagrams import RANGES, TEXT_BYTES, Gone, Packet, encode

WINDOW = 64
"""Most packets that are under way, or held by a receiver that does not take them: 61 KB."""

FIRST_WINDOW = 10.0
"""Packets under way at the beginning (RFC 6928)."""

LEAST_WINDOW = 2.0
"""Packets under way, however much is lost."""

FIRST_TIMEOUT = 1.0
"""Seconds until the first repeat while the time of an answer is not known (RFC 6298, 2.1)."""

LEAST_TIMEOUT = 0.2
"""Seconds until a repeat at the least, as Linux has it: an answer may wait for a busy machine."""

MOST_TIMEOUT = 8.0
"""Seconds between repeats at the most: several are tried before the other end counts as lost."""

REORDERED = 3
"""A packet is lost if one was acknowledged that was sent so many later (RFC 9002, 6.1.1)."""

REORDERED_SECONDS = 0.01
"""Or one that was sent so long after it, or an eighth longer than an answer takes (RFC 9002, 6.1.2)."""

KEEPALIVE = 20.0
"""Seconds of silence after which the other end is asked whether it is there."""

ASK_AGAIN = 5.0
"""Seconds until it is asked again."""

PATIENCE = 60.0
"""Seconds of silence after which it is lost, as over TCP."""


class _Sent(msgspec.Struct):
    """A packet that is not acknowledged."""

    number: int
    text: bytes
    is_last: bool
    at: float = 0.0
    order: int = 0
    """The place of its last sending among all sendings."""
    times: int = 0
    lost: bool = False


class _Held(msgspec.Struct, frozen=True):
    """A packet that came and is not taken."""

    text: bytes
    is_last: bool


class UdpConnection:
    """One end of a connection.

    Whoever runs it calls ``receive`` for each packet, ``take`` when it wants more, then sends what
    ``data_to_send`` gives, at the latest when ``deadline`` has come.

    Args:
        id: the connection's; whoever knows it is the other end.
        now: seconds of any clock that does not go back.
        keepalive: seconds of silence after which the other end is asked whether it is there.

    Attributes:
        over: why the connection is over; '' if it ended in order; None: it is not.
        ended: whether the other end's last byte has been taken.
        heard_at: when something came from the other end.
    """

    def __init__(self, id: str, now: float, keepalive: float = KEEPALIVE) -> None:
        self.id = id
        self.over: str | None = None
        self.ended = False
        self.heard_at = now
        # Out.
        self._unsent = bytearray()
        self._closing = False
        self._last_sent = False
        self._next = 1
        self._flight: dict[int, _Sent] = {}
        self._flight_bytes = 0
        self._lost = 0
        self._received = 0
        self._orders = 0
        self._window = FIRST_WINDOW
        self._threshold = float(WINDOW)
        self._recovery = 0
        """What was sent up to this place is known to have had a loss: it counts once."""
        self._round_trip: float | None = None
        self._variation = 0.0
        self._back_off = 0
        self._waits_since = now
        # In.
        self._taken = 0
        self._held: dict[int, _Held] = {}
        self._owes = False
        # Is the other end there?
        self._asks = False
        self._keepalive = keepalive
        self._ask_at = now + keepalive
        self._judge_at = 0.0

    # What comes in.

    def receive(self, packet: Packet, now: float) -> None:
        """Takes a packet of this connection."""
        self.heard_at = now
        self._ask_at = now + self._keepalive
        self._judge_at = 0.0
        if packet.received < self._next:
            self._acknowledge(packet, now)
        if packet.asks or packet.number:
            self._owes = True
        number = packet.number
        if self._taken < number <= self._taken + WINDOW and number not in self._held:
            self._held[number] = _Held(packet.text, packet.is_last)

    def moved(self, now: float) -> None:
        """The other end has another address: what was sent to the old one is sent again, at first slowly."""
        if self._flight:
            self._time_out(now)
        self._back_off = 0

    def gone(self) -> None:
        """The other end says that it has no such connection."""
        if self.over is None:
            self.over = "" if self._last_sent else "connection lost"

    def take(self) -> bytes:
        """What came since, in order. What is not taken is not acknowledged as such, so its sender waits."""
        taken = []
        while (held := self._held.pop(self._taken + 1, None)) is not None:
            self._taken += 1
            self._owes = True
            if not self.ended:
                taken.append(held.text)
                self.ended = held.is_last
        return b"".join(taken)

    # What goes out.

    def write(self, data: bytes) -> None:
        """Takes bytes to be sent."""
        if not self._closing:
            self._unsent += data

    def end(self) -> None:
        """Nothing more is written; the connection is over when both ends have all that was written."""
        self._closing = True

    def abort(self) -> bytes:
        """Ends it at once; gives a last datagram, which may be lost."""
        self.over = ""
        return encode(Gone(self.id))

    @property
    def waiting(self) -> int:
        """Bytes that are not sent, or not acknowledged."""
        return len(self._unsent) + self._flight_bytes

    @property
    def unfinished(self) -> bool:
        """Whether something, if only the end, is not sent or not acknowledged."""
        return bool(self._flight) or self._has_more()

    def expect(self, seconds: float, now: float) -> None:
        """Asks the other end whether it is there; it is lost if nothing comes in this time."""
        self._asks = True
        if not self._judge_at:
            self._judge_at = now + seconds
        self._ask_at = now + min(1.0, seconds / 4)

    def data_to_send(self, now: float) -> list[bytes]:
        """The datagrams to be sent now."""
        self._look_at_the_clock(now)
        if self.over is not None:
            return []
        sent: list[bytes] = []
        while len(self._flight) - self._lost < int(self._window):
            packet = self._next_packet()
            if packet is None:
                break
            if len(self._flight) == 1 and not packet.times:
                self._waits_since = now
            sent.append(self._send(packet, now))
        if (self._owes and not sent) or self._asks:
            sent.append(encode(self._packet(asks=self._asks)))
        self._owes = self._asks = False
        if self.ended and self._closing and not self.unfinished:
            self.over = ""
        return sent

    def deadline(self) -> float:
        """When ``data_to_send`` must be called next at the latest."""
        times = [self.heard_at + PATIENCE, self._ask_at]
        if self._judge_at:
            times.append(self._judge_at)
        if self._flight or self._has_more():
            times.append(self._waits_since + self._timeout())
        return min(times)

    # Details.

    def _has_more(self) -> bool:
        return bool(self._unsent) or (self._closing and not self._last_sent)

    def _next_packet(self) -> _Sent | None:
        """The packet to be sent next: one that was lost, else a new one if the other end can hold it."""
        if self._lost:
            return next(packet for packet in self._flight.values() if packet.lost)
        if not self._has_more() or self._next > self._received + WINDOW:
            return None
        text = bytes(self._unsent[:TEXT_BYTES])
        if len(self._unsent) > TEXT_BYTES:
            text = text[: text.rfind(b"\n") + 1] or text
        del self._unsent[: len(text)]
        self._last_sent = self._closing and not self._unsent
        packet = _Sent(self._next, text, self._last_sent)
        self._flight[packet.number] = packet
        self._flight_bytes += len(text)
        self._next += 1
        return packet

    def _send(self, packet: _Sent, now: float) -> bytes:
        self._orders += 1
        if packet.lost:
            packet.lost = False
            self._lost -= 1
        packet.at, packet.order = now, self._orders
        packet.times += 1
        return encode(self._packet(number=packet.number, is_last=packet.is_last, text=packet.text))

    def _packet(
        self, *, number: int = 0, asks: bool = False, is_last: bool = False, text: bytes = b""
    ) -> Packet:
        return Packet(self.id, number, self._taken, self._ranges(), asks, is_last, text)

    def _ranges(self) -> tuple[tuple[int, int], ...]:
        """The ranges of what is held, the first ones."""
        ranges: list[tuple[int, int]] = []
        for number in sorted(self._held):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            elif len(ranges) < RANGES:
                ranges.append((number, number))
            else:
                break
        return tuple(ranges)

    def _acknowledge(self, packet: Packet, now: float) -> None:
        """Forgets what the other end has, and finds what was lost."""
        self._received = max(self._received, packet.received)
        arrived = [
            sent
            for number, sent in self._flight.items()
            if number <= packet.received or any(first <= number <= last for first, last in packet.ranges)
        ]
        if not arrived:
            return
        for sent in arrived:
            del self._flight[sent.number]
            self._flight_bytes -= len(sent.text)
            self._lost -= sent.lost
            if self._window < self._threshold:
                self._window += 1
            else:
                self._window += 1 / self._window
        self._window = min(self._window, float(WINDOW))
        newest = max(arrived, key=lambda sent: sent.order)
        if newest.times == 1:  # else nobody knows which sending was answered (RFC 6298, 3)
            self._measure(now - newest.at)
        self._back_off = 0
        self._waits_since = now
        self._find_lost(newest.order, now)

    def _measure(self, seconds: float) -> None:
        """Learns how long an answer takes (RFC 6298, 2)."""
        if self._round_trip is None:
            self._round_trip, self._variation = seconds, seconds / 2
        else:
            self._variation += (abs(self._round_trip - seconds) - self._variation) / 4
            self._round_trip += (seconds - self._round_trip) / 8

    def _find_lost(self, order: int, now: float) -> None:
        """Finds what was sent well before a packet that arrived, and did not."""
        late = now - max(REORDERED_SECONDS, (self._round_trip or 0.0) * 9 / 8)
        lost_order = 0
        for sent in self._flight.values():
            if not sent.lost and sent.order < order and (sent.order <= order - REORDERED or sent.at <= late):
                sent.lost = True
                self._lost += 1
                lost_order = max(lost_order, sent.order)
        if lost_order > self._recovery:
            self._recovery = self._orders
            self._threshold = self._window = max(LEAST_WINDOW, self._window / 2)

    def _timeout(self) -> float:
        if self._round_trip is None:
            first = FIRST_TIMEOUT
        else:
            first = max(LEAST_TIMEOUT, self._round_trip + 4 * self._variation)
        return min(MOST_TIMEOUT, first * 2.0 ** min(self._back_off, 10))

    def _look_at_the_clock(self, now: float) -> None:
        if self.over is not None:
            return
        if now >= self.heard_at + PATIENCE or (self._judge_at and now >= self._judge_at):
            self.over = f"no answer for {int(now - self.heard_at)} seconds"
            return
        if now >= self._ask_at:
            self._asks = True
            self._ask_at = now + (1.0 if self._judge_at else ASK_AGAIN)
        is_late = now >= self._waits_since + self._timeout()
        if is_late and self._flight:
            self._time_out(now)
        elif is_late and self._has_more() and self._next > self._received + WINDOW:
            # The other end holds as much as it can. That it takes more now may have been lost.
            self._asks = True
            self._back_off += 1
            self._waits_since = now

    def _time_out(self, now: float) -> None:
        """Nothing of what is under way was acknowledged in time: all of it counts as lost (RFC 8985, 6.3)."""
        for sent in self._flight.values():
            sent.lost = True
        self._lost = len(self._flight)
        if not self._back_off:
            self._threshold = max(LEAST_WINDOW, self._window / 2)
        self._window = LEAST_WINDOW
        self._back_off += 1
        self._recovery = self._orders
        self._waits_since = now
