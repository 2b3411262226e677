"""Whether this node has the same chat as the others.

Owns the hash of its state at the place where all nodes hash theirs, and what follows from that of the others.
Must not know how the place is chosen.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from time import monotonic

from asyncchat.core.chat import Chat
from asyncchat.log.base import LogError
from asyncchat.server.cluster.hashes import hash_of, right_one
from asyncchat.server.cluster.leader import Leader
from asyncchat.server.cluster.wire import Alive
from asyncchat.version import __version__

_logger = logging.getLogger("asyncchat.cluster")

_BUG = "The states of the nodes can't be compared; this is a bug of asyncchat"

PATIENCE = 10.0
"""Seconds after which a node is not waited for that says nothing of its state."""


class Differs(LogError):
    """This node has another chat than the others."""


class Comparison:
    """The last comparison.

    Args:
        number: this node's number.

    Attributes:
        place: the message of the stream at which the state was hashed; 0: at none.
        hash: the hash.
        equal: whether a node has the right state, by the nodes' numbers, of those who were compared.
    """

    def __init__(self, number: int) -> None:
        self.place = 0
        self.hash = ""
        self.equal: dict[int, bool] = {}
        self._number = number
        self._hashing: asyncio.Task[None] | None = None
        self._hashed_at = 0.0
        self._judged = 0

    def have_compared(self, leader: Leader) -> None:
        """Has all nodes compare their states; a bug in that ends no node.

        While the stream can't be written this waits for the last comparison: the hub notes one state alone.
        """
        if leader.noted:
            return
        try:
            leader.compare()
        except Exception:
            _logger.exception(_BUG)

    async def begin(self, place: int, chat: Chat, leader: Leader | None, tasks: asyncio.TaskGroup) -> None:
        """Notes the state at a place, while nothing changes it, and has it hashed while the chat goes on.

        Args:
            place: the message of the stream.
            chat: the chat there.
            leader: what decides, if this node is the hub: it has noted its own state there.
            tasks: has the work.
        """
        noted: Mapping[str, object] = {}
        if leader is not None:
            noted, leader.noted = leader.noted, {}
        if self._hashing is not None and not self._hashing.done():
            return
        pieces: dict[str, object] = {}
        try:
            for name, piece in chat.pieces().items():
                pieces[name] = piece()
                await asyncio.sleep(0)
        except Exception:
            _logger.exception(_BUG)
            return
        self._hashing = tasks.create_task(self._hash(place, pieces, noted, leader))

    async def _hash(
        self,
        place: int,
        pieces: Mapping[str, object],
        noted: Mapping[str, object],
        leader: Leader | None,
    ) -> None:
        try:
            hashes = {name: await hash_of(piece) for name, piece in pieces.items()}
            self.hash = await hash_of(hashes)
            self.place, self._hashed_at = place, monotonic()
            for name, piece in noted.items():
                if leader is not None and await hash_of(piece) != hashes[name]:
                    _logger.critical(
                        "This hub decides by other %s than the nodes have: this is a bug of asyncchat", name
                    )
                    leader.give_up()
        except Exception:
            _logger.exception(_BUG)

    def judge(self, nodes: Iterable[Alive], hub: int) -> None:
        """Compares what all have said, once they have.

        Args:
            nodes: what the nodes have said last.
            hub: the number of the node that is the hub.

        Raises:
            Differs: the others are right.
        """
        if self._judged == self.place:
            return
        # Other versions may keep something else.
        others = [one for one in nodes if one.version == __version__ and one.node != self._number]
        hashes = {one.node: one.hash for one in others if one.place == self.place}
        if len(hashes) < len(others) and monotonic() - self._hashed_at < PATIENCE:
            return
        self._judged = self.place
        hashes[self._number] = self.hash
        right = right_one(hashes, hub)
        self.equal = {node: found == right for node, found in hashes.items()} if right else {}
        if right and self.hash != right:
            raise Differs(
                f"This node's chat is not what the other nodes have (at message {self.place} of the stream "
                f"its state has the hash {self.hash}, and theirs {right}). Start it again: it gets their "
                "state. This is a bug of asyncchat, or the machine's memory is damaged: please report it"
            )
