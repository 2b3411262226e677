"""Files in JetStream's object stores: how one goes there and comes from there, in pieces.

Owns for how long that is waited for, and that a file on the disk is whole. It must not know what the files
are.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar

import nats.errors
import nats.js.errors
from nats.js import api
from nats.js.object_store import ObjectStore

from asyncchat.cluster.connection import ApiError, Connection, apart

T = TypeVar("T")

_PIECE = 128 * 1024
"""Bytes of one message, as the object stores of NATS have them."""

BLOCK_BYTES = 8_400_000
"""A bit more than a file of NATS has of a stream. NATS removes such a file when nothing in it is needed."""

_SILENCE_SECONDS = 10.0
"""Without a piece of the file for this long, it is given up."""

UNCLEAR = (TimeoutError, nats.errors.Error, ApiError)
"""What is raised when NATS does not do it. nats-py's errors of JetStream are among them."""

Progress = Callable[[], None]


class _WatchedFile:
    """A file; each read and write, in nats-py's thread, tells that there is progress."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
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


async def find_store(connection: Connection, bucket: str) -> ObjectStore | None:
    """The object store of this name; None: there is none."""
    try:
        return await connection.jetstream().object_store(bucket)
    except nats.js.errors.NotFoundError:
        return None


async def make_store(connection: Connection, bucket: str, replicas: int) -> ObjectStore:
    """The object store of this name, which is made if there is none."""
    found = await find_store(connection, bucket)
    if found is not None:
        return found
    config = api.ObjectStoreConfig(replicas=replicas, storage=api.StorageType.FILE)
    return await connection.jetstream().create_object_store(bucket, config)


async def info_of(store: ObjectStore, name: str) -> api.ObjectInfo | None:
    """What is known of an object; None: there is none."""
    try:
        return await store.get_info(name)
    except nats.js.errors.NotFoundError:
        return None


async def put_file(
    store: ObjectStore, name: str, file: Path, headers: Mapping[str, str], progress: Progress
) -> api.ObjectInfo:
    """Keeps a file; it replaces an older one of the same name when it is whole.

    Raises:
        OSError: it can't be read.
    """
    meta = api.ObjectMeta(
        name=name,
        headers={header: [value] for header, value in headers.items()},
        options=api.ObjectMetaOptions(max_chunk_size=_PIECE),
    )
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        return await store.put(name, _WatchedFile(opened, progress), meta)  # type: ignore[arg-type]
    finally:
        opened.close()


async def get_file(store: ObjectStore, name: str, file: Path, progress: Progress) -> api.ObjectInfo:
    """Writes an object to a file, which only its owner can read, and the disk keeps.

    Raises:
        OSError: it can't be written.
    """
    opened = await asyncio.to_thread(open, file, "wb", opener=_private)
    try:
        found = await store.get(name, _WatchedFile(opened, progress))  # type: ignore[arg-type]
        await asyncio.to_thread(_sync, opened)
        size = opened.tell()
    finally:
        opened.close()
    if size != found.info.size:
        raise nats.js.errors.DigestMismatchError
    return found.info


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


async def while_active(job: Callable[[Progress], Awaitable[T]]) -> T:
    """Runs what may take long, for as long as it tells of progress; raises TimeoutError else."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_SILENCE_SECONDS) as limit:
        ended = False

        def progress() -> None:
            if not ended and not limit.expired():
                limit.reschedule(loop.time() + _SILENCE_SECONDS)

        try:
            return await apart(job(progress))
        finally:
            ended = True
