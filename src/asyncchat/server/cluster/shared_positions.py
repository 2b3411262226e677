"""How far each webhook of a cluster came, in NATS: the hub's node posts, and the next one goes on from there.

Owns the value there. Must not know how messages are posted.
"""

import asyncio
import logging
from pathlib import Path

import msgspec

from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.values import Values
from asyncchat.server.webhook_positions import Position, Positions

_logger = logging.getLogger("asyncchat.webhooks")

ANSWER_SECONDS = 3.0
"""How long NATS may take; it is tried again."""

_NAME = "webhooks"


class SharedPositions(Positions):
    """The positions of a cluster's webhooks.

    Args:
        values: those that the nodes share.
        path: the file of a server that was alone before; None: there was none.
    """

    def __init__(self, values: Values, path: Path | None) -> None:
        super().__init__(path)
        self._path = None  # it is read only
        self._values = values
        self._is_down = False

    async def load(self) -> None:
        """Reads how far the node before came.

        Raises:
            StreamDown: NATS can't tell now.
        """
        kept = await self._values.get(_NAME)
        if kept is None:
            return
        self.clear()
        try:
            self.update(msgspec.json.decode(kept, type=dict[str, Position]))
        except msgspec.MsgspecError as error:
            _logger.error(
                "NATS has no valid positions of webhooks (%s): they begin with what comes now", error
            )

    async def keep(self, content: bytes) -> bool:
        """Keeps them in NATS; whether it has taken them."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._values.put(_NAME, content)
        except (StreamDown, TimeoutError) as error:
            if not self._is_down:
                text = str(error) or "NATS does not answer"
                _logger.error("How far webhooks came is not kept for now: %s", text)
            self._is_down = True
            return False
        self._is_down = False
        return True
