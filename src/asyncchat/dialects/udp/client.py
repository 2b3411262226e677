"""The client's end: proves its address with the server's cookie, then is a connection like the other end's.

Owns the way to an open connection, and to another address; must not know sockets.
"""

from asyncchat.dialects.udp.connection import UdpConnection
from asyncchat.dialects.udp.datagrams import Cookie, Datagram, Gone, Hello, Move, Open, Packet, decode, encode

KEEPALIVE = 10.0
"""Seconds of silence after which the server is asked. So long the client does not notice that the server was
started anew, or that its own address has changed. Many NATs forget an address after 30 s (RFC 4787, 4.3, asks
for 120)."""

FIRST_REPEAT = 0.5
"""Seconds until the first repeat of a hello; each further one takes twice as long."""

MOST_REPEAT = 4.0
"""Seconds between two of them at the most."""


class UdpClientConnection(UdpConnection):
    """The client's end of a connection.

    Args:
        id: of the connection: 16 letters A–Z and digits 2–7, at random.
        now: seconds of any clock that does not go back.

    Attributes:
        is_open: whether the server has the connection.
    """

    def __init__(self, id: str, now: float) -> None:
        super().__init__(id, now, KEEPALIVE)
        self.is_open = False
        self._cookie = ""
        self._answer: Datagram | None = Hello()
        """What is sent next on the way to an open connection, or to another address."""
        self._repeat_at = now
        self._repeat_after = FIRST_REPEAT
        self._asked_at: float | None = None
        """When the only hello was sent; None: there was none, or several."""

    def receive_datagram(self, data: bytes, now: float) -> None:
        """Takes a datagram from the server; what is none of its own is ignored."""
        match decode(data):
            case Packet() as packet if packet.id == self.id:
                self.is_open = True
                self._answer = None
                self.receive(packet, now)
            case Cookie(cookie) if self.is_open:
                self._answer = Move(cookie, self.id)
            case Cookie(cookie) if cookie != self._cookie:
                if self._asked_at is not None:
                    self._measure(now - self._asked_at)
                self._cookie = cookie
                self._answer = Open(cookie, self.id)
                self._repeat_at, self._repeat_after = now, FIRST_REPEAT
            case Gone(id) if id == self.id:
                self.gone()

    def data_to_send(self, now: float) -> list[bytes]:
        """The datagrams to be sent now."""
        if self.is_open:
            sent = super().data_to_send(now)
            if self._answer is not None and self.over is None:
                sent.insert(0, encode(self._answer))
                self._answer = None
            return sent
        if self._answer is None or now < self._repeat_at:
            return []
        if self._cookie and self._repeat_after == MOST_REPEAT:
            self._cookie, self._answer = "", Hello()  # it is too old, or the server has started anew
        self._asked_at = now if self._asked_at is None and self._repeat_after == FIRST_REPEAT else None
        self._repeat_at = now + self._repeat_after
        self._repeat_after = min(MOST_REPEAT, self._repeat_after * 2)
        return [encode(self._answer)]

    def deadline(self) -> float:
        """When ``data_to_send`` must be called next at the latest."""
        return super().deadline() if self.is_open else self._repeat_at
