"""Small values that all nodes share, by name: in NATS's key-value store.

Owns how one is kept, and how nodes that come at the same moment agree on one. It must not know what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nats.errors
import nats.js.errors
from nats.js import api

from asyncchat.cluster.connection import ApiError, Tries, apart
from asyncchat.cluster.errors import StreamDown

if TYPE_CHECKING:
    from nats.js.kv import KeyValue

    from asyncchat.cluster.connection import Connection


class Values:
    """The values of one stream. One that is made again under the same name has none of them.

    Args:
        connection: to NATS.
        stream: the stream's name.
        epoch: the stream's epoch.
        replicas: on how many servers the stream is kept.
        patience: seconds for which each call tries before it raises ``StreamDown``.
    """

    def __init__(
        self, connection: Connection, stream: str, epoch: str, replicas: int, patience: float
    ) -> None:
        self._connection = connection
        self._bucket = f"{stream}-shared"
        self._epoch = epoch
        self._replicas = replicas
        self._patience = patience

    async def get(self, name: str) -> bytes | None:
        """The value of this name; None: there is none.

        Raises:
            StreamDown: NATS can't tell now.
        """
        return await self._tried(name, None, keep=False)

    async def put(self, name: str, value: bytes) -> None:
        """Keeps a value, in the place of the one before.

        Raises:
            StreamDown: it is not known whether it is kept.
        """
        await self._tried(name, value, keep=False)

    async def agree(self, name: str, own: bytes) -> bytes:
        """Keeps a value if there is none of this name; gives the one that is kept then.

        Raises:
            StreamDown: NATS can't tell now.
        """
        return await self._tried(name, own, keep=True) or own

    async def _tried(self, name: str, value: bytes | None, *, keep: bool) -> bytes | None:
        tries = Tries(self._connection, self._patience)
        while True:
            try:
                return await apart(self._once(f"{self._epoch}.{name}", value, keep=keep))
            except (TimeoutError, nats.errors.Error, ApiError) as error:
                text = str(error) or type(error).__name__
            await tries.pause(StreamDown(f"NATS does not give or take the value '{name}' now ({text})"))

    async def _once(self, key: str, value: bytes | None, *, keep: bool) -> bytes | None:
        store = await self._store(make=value is not None)
        if store is None:
            return None
        if value is not None and not keep:
            await store.put(key, value)
            return value
        while True:
            try:
                return (await store.get(key)).value
            except nats.js.errors.KeyNotFoundError:
                if value is None:
                    return None
            try:
                await store.create(key, value)
            except nats.js.errors.KeyWrongLastSequenceError:
                continue  # another node was faster
            return value

    async def _store(self, *, make: bool) -> KeyValue | None:
        jetstream = self._connection.jetstream()
        try:
            return await jetstream.key_value(self._bucket)
        except nats.js.errors.NotFoundError:
            if not make:
                return None
        config = api.KeyValueConfig(
            bucket=self._bucket, replicas=self._replicas, storage=api.StorageType.FILE
        )
        return await jetstream.create_key_value(config)
