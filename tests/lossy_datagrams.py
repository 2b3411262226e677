"""A proxy between UDP clients and a server that loses, doubles and reorders datagrams, in a thread."""

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count


class LossyDatagrams:
    """Passes datagrams on to a port, badly; each client has a socket of its own there, as behind a NAT.

    Args:
        target: the server's port.
        seed: of what goes wrong when.
        lost: the part that is lost.
        doubled: the part that arrives twice.
        seconds: the longest delay; what is delayed less overtakes.
    """

    def __init__(
        self, target: int, seed: int, lost: float = 0.2, doubled: float = 0.2, seconds: float = 0.01
    ) -> None:
        self.target = target
        self.cut = False
        """Whether nothing passes."""
        self._chance = random.Random(seed)  # noqa: S311  # reproducible
        self._lost, self._doubled, self._seconds = lost, doubled, seconds
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self.port = self._near.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ, None)
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._due: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._numbers = count()
        self._over = False

    def rebind(self) -> None:
        """Gives all clients another address, as a NAT does that was started anew."""
        old, self._far = self._far, {}
        for far in old.values():
            self._selector.unregister(far)
            far.close()

    def run(self) -> None:
        while not self._over:
            wait = self._due[0][0] - time.monotonic() if self._due else 0.05
            for key, _ in self._selector.select(max(0.0, min(wait, 0.05))):
                with suppress(OSError, KeyError):
                    self._read(key.fileobj, key.data)
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, out, data, where = heapq.heappop(self._due)
                with suppress(OSError):
                    out.sendto(data, where)
        for one in (self._near, *self._far.values()):
            one.close()

    def stop(self) -> None:
        self._over = True

    def _read(self, source: object, client: tuple[str, int] | None) -> None:
        assert isinstance(source, socket.socket)
        data, sender = source.recvfrom(4096)
        if client is not None:
            self._pass(self._near, data, client)
            return
        far = self._far.get(sender)
        if far is None:
            far = self._far[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            far.bind(("127.0.0.1", 0))
            self._selector.register(far, selectors.EVENT_READ, sender)
        self._pass(far, data, ("127.0.0.1", self.target))

    def _pass(self, out: socket.socket, data: bytes, where: tuple[str, int]) -> None:
        copies = 2 if self._chance.random() < self._doubled else 1
        for _ in range(copies):
            if not self.cut and self._chance.random() >= self._lost:
                at = time.monotonic() + self._chance.uniform(0, self._seconds)
                heapq.heappush(self._due, (at, next(self._numbers), out, data, where))


@contextmanager
def lossy(target: int, seed: int = 1, **chances: float) -> Iterator[LossyDatagrams]:
    """A lossy way to a port."""
    way = LossyDatagrams(target, seed, **chances)
    thread = threading.Thread(target=way.run, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        way.stop()
        thread.join(10)
