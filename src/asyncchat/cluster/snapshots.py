"""A snapshot of a node's history in JetStream's object store, for a node that begins.

Owns how a file is kept there, replaced when it is whole, and checked. It must not know what is in the file.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TypeVar

import nats.errors
import nats.js.errors
from nats.js import api
from nats.js.object_store import ObjectStore

from asyncchat.cluster.connection import ApiError, Connection
from asyncchat.cluster.errors import StreamDown
from asyncchat.log.base import LogError

T = TypeVar("T")

_OBJECT = "history"
_EPOCH = "Asyncchat-Epoch"
_SEQUENCE = "Asyncchat-Sequence"

_PIECE = 128 * 1024
"""Bytes of one message, as the object stores of NATS have them."""
_SILENCE_SECONDS = 10.0
"""Without a piece of the file for this long, it is given up."""
_READS = 3
"""A snapshot may be replaced while it is read: then the new one is read."""
_LEFTOVER_AGE = timedelta(minutes=10)
"""Pieces of this age that belong to no snapshot were left by a node that was ended while it wrote."""

_UNCLEAR = (TimeoutError, nats.errors.Error, ApiError)
"""nats-py's errors of JetStream are among them."""


class _WatchedFile:
    """A file; each read and write, in nats-py's thread, tells that there is progress."""

    def __init__(self, file: IO[bytes], progress: Callable[[], None]) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._progress = progress

    def write(self, data: bytes) -> int:
        """Writes to the file."""
        self._loop.call_soon_threadsafe(self._progress)
        return self._file.write(data)

    def readinto(self, buffer: bytearray) -> int:
        """Reads from the file."""
        self._loop.call_soon_threadsafe(self._progress)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Snapshots:
    """The one snapshot of a stream."""

    def __init__(self, connection: Connection, stream: str) -> None:
        self._connection = connection
        self._bucket = f"{stream}-snapshot"

    async def put(self, epoch: str, sequence: int, file: Path, replicas: int) -> None:
        """Keeps a file; see ``Stream.put_snapshot``."""

        async def put(progress: Callable[[], None]) -> str:
            store = await self._connection.jetstream().create_object_store(
                self._bucket, api.ObjectStoreConfig(replicas=replicas, storage=api.StorageType.FILE)
            )
            kept = await _info(store)
            if kept is not None and _place(kept)[0] == epoch and _place(kept)[1] >= sequence:
                return kept.nuid
            meta = api.ObjectMeta(
                name=_OBJECT,
                headers={_EPOCH: [epoch], _SEQUENCE: [str(sequence)]},
                options=api.ObjectMetaOptions(max_chunk_size=_PIECE),
            )
            opened = await asyncio.to_thread(file.open, "rb")
            try:
                info = await store.put(_OBJECT, _WatchedFile(opened, progress), meta)  # type: ignore[arg-type]
            finally:
                opened.close()
            return info.nuid

        try:
            nuid = await _while_active(put)
            await self._remove_leftovers(nuid)
        except OSError as error:
            raise LogError(f"The snapshot {file} can't be read ({error})") from error
        except _UNCLEAR as error:
            raise StreamDown(f"NATS does not take the snapshot now ({error})") from error

    async def get(self, epoch: str, file: Path) -> int | None:
        """Writes the snapshot to a file; see ``Stream.get_snapshot``."""
        part = file.with_name(f"{file.name}.part")

        async def get(progress: Callable[[], None]) -> int | None:
            try:
                store = await self._connection.jetstream().object_store(self._bucket)
            except nats.js.errors.NotFoundError:
                return None
            info = await _info(store)
            if info is None or _place(info)[0] != epoch:
                return None
            opened = await asyncio.to_thread(part.open, "wb")
            try:
                found = await store.get(_OBJECT, _WatchedFile(opened, progress))  # type: ignore[arg-type]
                await asyncio.to_thread(os.fsync, opened.fileno())
                size = opened.tell()
            finally:
                opened.close()
            if size != found.info.size:
                raise nats.js.errors.DigestMismatchError
            os.replace(part, file)
            return _place(found.info)[1]

        failed: Exception | None = None
        for _ in range(_READS):
            try:
                return await _while_active(get)
            except OSError as error:
                if not isinstance(error, TimeoutError):
                    raise LogError(f"The snapshot can't be written to {file} ({error})") from error
                failed = error
            except _UNCLEAR as error:
                failed = error
            finally:
                part.unlink(missing_ok=True)
        if isinstance(failed, nats.js.errors.DigestMismatchError):
            raise LogError("The snapshot in NATS is damaged: let a node that runs make a new one") from failed
        raise StreamDown(f"NATS does not give the snapshot now ({failed})") from failed

    async def _remove_leftovers(self, current: str) -> None:
        """Removes old pieces that belong to no snapshot."""
        stream, pieces = f"OBJ_{self._bucket}", f"$O.{self._bucket}.C."
        info = await self._connection.api(f"STREAM.INFO.{stream}", {"subjects_filter": f"{pieces}>"})
        for subject in info["state"].get("subjects") or {}:
            if subject != pieces + current:
                found = await self._connection.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
                time = datetime.fromisoformat(found["message"]["time"][:19] + "+00:00")
                if datetime.now(UTC) - time > _LEFTOVER_AGE:
                    await self._connection.api(f"STREAM.PURGE.{stream}", {"filter": subject})


async def _while_active(job: Callable[[Callable[[], None]], Awaitable[T]]) -> T:
    """Runs what may take long, for as long as it tells of progress; raises TimeoutError else."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_SILENCE_SECONDS) as limit:
        ended = False

        def progress() -> None:
            if not ended and not limit.expired():
                limit.reschedule(loop.time() + _SILENCE_SECONDS)

        try:
            return await job(progress)
        finally:
            ended = True


async def _info(store: ObjectStore) -> api.ObjectInfo | None:
    try:
        return await store.get_info(_OBJECT)
    except nats.js.errors.NotFoundError:
        return None


def _place(info: api.ObjectInfo) -> tuple[str, int]:
    """The epoch and the sequence of a snapshot."""
    headers = info.headers or {}
    return headers.get(_EPOCH, [""])[0], int(headers.get(_SEQUENCE, ["0"])[0])
