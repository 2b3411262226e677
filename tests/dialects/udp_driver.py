"""A network in memory that loses, doubles and reorders, with a clock of its own, between two ends."""

import heapq
import itertools
import random
from dataclasses import dataclass, field

from asyncchat.dialects.udp.client import UdpClientConnection
from asyncchat.dialects.udp.connection import UdpConnection
from asyncchat.dialects.udp.datagrams import Gone, Packet, decode, encode

ID = "ABCDEFGHIJKLMNOP"


def seeded(seed: int) -> random.Random:
    """The same chances at each run."""
    return random.Random(seed)  # noqa: S311  # no secret


@dataclass
class Network:
    """What happens to a datagram, with these chances; the delay of each is another."""

    lost: float = 0.0
    doubled: float = 0.0
    delay: tuple[float, float] = (0.001, 0.002)
    chance: random.Random = field(default_factory=lambda: seeded(1))

    def fates(self) -> list[float]:
        """When the copies of a datagram arrive, in seconds from now."""
        copies = 2 if self.chance.random() < self.doubled else 1
        return [self.chance.uniform(*self.delay) for _ in range(copies) if self.chance.random() >= self.lost]


class Pair:
    """Two ends of a connection that is open, and what each has taken."""

    def __init__(self, network: Network | None = None) -> None:
        self.network = network or Network()
        self.now = 100.0
        client = UdpClientConnection(ID, self.now)
        client.receive_datagram(encode(Packet(ID)), self.now)
        self.ends: tuple[UdpConnection, UdpConnection] = (client, UdpConnection(ID, self.now))
        self.taken = [b"", b""]
        self.paused: set[int] = set()
        self.sent = 0
        self.most = [0, 0]
        """The most bytes that an end held."""
        self._arriving: list[tuple[float, int, int, bytes]] = []
        self._count = itertools.count()

    def flush(self) -> None:
        """Sends what is due, and has both ends take what came."""
        for index, end in enumerate(self.ends):
            self.most[index] = max(self.most[index], sum(len(held.text) for held in end._held.values()))
            if index not in self.paused:
                self.taken[index] += end.take()
            for datagram in end.data_to_send(self.now):
                self._send(1 - index, datagram)

    def _send(self, index: int, datagram: bytes) -> None:
        assert len(datagram) <= 1200
        self.sent += 1
        for after in self.network.fates():
            heapq.heappush(self._arriving, (self.now + after, next(self._count), index, datagram))

    def step(self) -> None:
        """Goes on to the next moment at which something happens."""
        self.flush()
        times = [end.deadline() for end in self.ends if end.over is None]
        times += [self._arriving[0][0]] if self._arriving else []
        self.now = max(self.now, min(times)) + 1e-6
        while self._arriving and self._arriving[0][0] <= self.now:
            _, _, index, datagram = heapq.heappop(self._arriving)
            packet = decode(datagram)
            end = self.ends[index]
            if isinstance(packet, Gone):
                end.gone()
            elif end.over is not None:
                self._send(1 - index, encode(Gone(ID)))
            else:
                assert isinstance(packet, Packet)
                end.receive(packet, self.now)
        self.flush()

    def run(self, seconds: float) -> None:
        """Runs for so long, or until both ends are over."""
        until = self.now + seconds
        while self.now < until and any(end.over is None for end in self.ends):
            self.step()
