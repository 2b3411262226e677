"""A place in the stream from which messages are read one after the other.

Owns a consumer of JetStream: how many messages are on their way, and when to ask anew. It must not know what
is in them, nor what a missing one means.
"""

import asyncio
import contextlib
from secrets import token_hex
from typing import NamedTuple

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from asyncchat.cluster.connection import ApiError, Connection
from asyncchat.cluster.errors import StreamDown

BATCH_ID = "Asyncchat-Batch"
"""The header with the name of a batch."""

_WINDOW = 100
"""Messages on their way: at most 25 MiB, less than the 64 MB that a server holds for a client."""
_EXPIRES_SECONDS = 20
_HEARTBEAT_SECONDS = 0.5
_SILENCE_SECONDS = 1.5
"""Without a message or a heartbeat for this long, the consumer is given up: its server may be lost. A node
takes its hub for lost after 3 s of silence, so this is less."""
_IDLE_SECONDS = 60
"""After which NATS forgets a consumer from which nothing is taken."""
_SECOND = 1_000_000_000

_HEARTBEAT = "100"
_EXPIRED = "408"


class Message(NamedTuple):
    """A message of the stream.

    Attributes:
        sequence: its place; 1 is the first.
        batch: what was appended; empty when there is no message.
        id: the name of the batch.
    """

    sequence: int
    batch: bytes
    id: str


class Consumer:
    """Reads a stream from one sequence on; opened with ``open``, closed with ``close``."""

    def __init__(self, connection: Connection, stream: str) -> None:
        self._connection = connection
        self._stream = stream
        self._name = token_hex(8)
        self._inbox = connection.inbox()
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._awaited = 0

    async def open(self, start: int) -> None:
        """Begins with a sequence.

        Raises:
            ApiError: there is no such stream.
            StreamDown: NATS can't do it now.
        """
        self._subscription = await self._connection.subscribe(self._inbox, self._take)
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": start,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": _IDLE_SECONDS * _SECOND,
            "num_replicas": 1,
            "mem_storage": True,
        }
        await self._connection.api(
            f"CONSUMER.CREATE.{self._stream}.{self._name}", {"stream_name": self._stream, "config": config}
        )
        self._connection.listeners.add(self.interrupt)

    def interrupt(self) -> None:
        """Lets ``next`` return None: NATS may have forgotten what was asked for."""
        self._queue.put_nowait(None)

    async def next(self) -> Message | None:
        """The next message, when there is one; None when it must be asked for anew, with another consumer.

        Raises:
            StreamDown: the connection is lost.
        """
        while True:
            if self._awaited <= _WINDOW // 2:
                await self._pull(_WINDOW - self._awaited)
            try:
                message = self._queue.get_nowait()
            except asyncio.QueueEmpty:
                try:
                    async with asyncio.timeout(_SILENCE_SECONDS):
                        message = await self._queue.get()
                except TimeoutError:
                    return None
            if message is None:
                return None
            status = message.headers.get("Status") if message.headers and not message.data else None
            if status is None:
                self._awaited -= 1
                return Message(
                    _sequence(message.reply), message.data, (message.headers or {}).get(BATCH_ID, "")
                )
            if status == _EXPIRED:
                self._awaited -= int((message.headers or {}).get("Nats-Pending-Messages", "0"))
            elif status != _HEARTBEAT:
                return None

    async def close(self) -> None:
        """Ends it. NATS forgets it by itself where it can't be told."""
        self._connection.listeners.discard(self.interrupt)
        if self._subscription is not None:
            with contextlib.suppress(Exception):
                await self._subscription.unsubscribe()
        with contextlib.suppress(ApiError, StreamDown):
            await self._connection.send(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}", b"")

    async def _pull(self, count: int) -> None:
        request = {
            "batch": count,
            "expires": _EXPIRES_SECONDS * _SECOND,
            "idle_heartbeat": int(_HEARTBEAT_SECONDS * _SECOND),
        }
        self._awaited += count
        await self._connection.send(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}",
            msgspec.json.encode(request),
            self._inbox,
        )

    async def _take(self, message: Msg) -> None:
        self._queue.put_nowait(message)


def _sequence(reply: str) -> int:
    """The place in the stream, from ``$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.…``."""
    tokens = reply.split(".")
    return int(tokens[5] if len(tokens) == 9 else tokens[7])
