"""Which nodes of a cluster are there.

Owns what follows from their signs of life, and from the lack of them. Must not know who decides, nor
what becomes of a lost node's people.
"""

from collections.abc import Iterable, Iterator
from time import monotonic

from asyncchat.cluster.stream import Stream
from asyncchat.server.cluster.failure_detector import HUB_SILENCE, has_connection
from asyncchat.server.cluster.wire import Alive

NODE_SILENCE = 10.0
"""Seconds without a word of a node after which its people leave."""

NODE_ASKED_AFTER = 5.0
"""Seconds without a word of a node after which the hub looks whether it has a connection to NATS: more than a
node needs to leave a server of NATS whose machine is dead. If it has none twice, its process is gone."""

HEARS_ITSELF = 3.0
"""Seconds without its own sign of life after which a hub does not judge who is lost: it hears nobody."""

NODE = "node"
"""Where a node answers, followed by its number."""


class Members:
    """The nodes that are there, this one among them.

    Args:
        number: this node's number.
        stream: where nodes answer.

    Attributes:
        all: what each said last, by its number, and when that was heard (monotonic).
        gone: the numbers of nodes that are no more. What they said last may come late.
        names_are_unique: whether one that comes with the name of another is that one, started again.
    """

    def __init__(self, number: int, stream: Stream) -> None:
        self.all: dict[int, tuple[Alive, float]] = {}
        self.gone: set[int] = set()
        self.names_are_unique = False
        self._number = number
        self._stream = stream
        self._removed: set[int] = set()
        self._absent: set[int] = set()
        """Nodes that had no connection to NATS when it was looked last."""
        self._heard_itself = 0.0
        """When this node's own sign of life was heard: then others' reach it, too (monotonic)."""
        self._returned = 0.0
        """When it heard itself again, after NATS was away: others come back then, too (monotonic)."""

    def __iter__(self) -> Iterator[Alive]:
        return (alive for alive, _heard in self.all.values())

    def hear(self, alive: Alive) -> bool:
        """Takes a sign of life; whether it is that of a node that is there."""
        if alive.node in self.gone:
            return False
        now = monotonic()
        if alive.node == self._number:
            if now - self._heard_itself > HEARS_ITSELF:  # NATS was away for all, or this node was
                self._hear_all(now)
                self._returned = now
            self._heard_itself = now
        if self.names_are_unique:
            for number, (other, _heard) in self.all.items():
                if other.name == alive.name and number != alive.node:
                    self.all[number] = (other, now - NODE_SILENCE)  # it was started again
        self.all[alive.node] = (alive, now)
        self._absent.discard(alive.node)
        return True

    def expect(self, numbers: Iterable[int]) -> None:
        """These nodes should be there, and may not have said so yet."""
        for number in numbers:
            if number not in self.gone:
                self.all.setdefault(number, (Alive(number, "?", 0, 0, 0), monotonic()))

    def remove(self, number: int) -> None:
        """A node is no more."""
        self.gone.add(number)
        self.all.pop(number, None)
        self._absent.discard(number)

    def begin_to_judge(self) -> None:
        """This node is to say from now on who is lost; all have some time first."""
        self._hear_all(monotonic())
        self._removed.clear()

    def _hear_all(self, now: float) -> None:
        self.all = {number: (alive, now) for number, (alive, _heard) in self.all.items()}

    def others(self) -> list[Alive]:
        """The other nodes, as far as they were heard lately."""
        now = monotonic()
        return [
            alive
            for number, (alive, heard) in self.all.items()
            if number != self._number and now - heard <= HUB_SILENCE
        ]

    def lost(self) -> Iterator[Alive]:
        """Nodes that are to be removed: they have left, or are silent; each is given once."""
        if self._hears_nobody():
            return
        for number, (alive, heard) in list(self.all.items()):
            if number == self._number or number in self._removed:
                continue
            if (alive.leaving and not alive.sessions) or monotonic() - heard > NODE_SILENCE:
                self._removed.add(number)
                yield alive

    def doubtful(self) -> list[int]:
        """Nodes that are silent, but not for so long that they are lost: ``look_for`` may tell more."""
        now = monotonic()
        if self._hears_nobody() or now - self._returned <= NODE_SILENCE:
            return []
        return [
            number
            for number, (_alive, heard) in self.all.items()
            if number not in {self._number, *self._removed} and now - heard > NODE_ASKED_AFTER
        ]

    async def look_for(self, number: int) -> None:
        """Takes a node that is silent for lost if it had no connection the last time either."""
        if await has_connection(self._stream, f"{NODE}.{number}"):
            self._absent.discard(number)
        elif number not in self._absent:
            self._absent.add(number)
        elif number in self.all:
            alive, heard = self.all[number]
            self.all[number] = (alive, heard - NODE_SILENCE)

    def _hears_nobody(self) -> bool:
        return monotonic() - self._heard_itself > HEARS_ITSELF
