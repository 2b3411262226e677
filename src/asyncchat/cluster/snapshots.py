"""A snapshot of a node's history in JetStream's object store, for a node that begins.

Owns how a file is kept there, replaced when it is whole, and checked. It must not know what is in the file.
"""

import asyncio
import os
import secrets
from base64 import urlsafe_b64encode as b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats.js.errors
from nats.js import api

from asyncchat.cluster.connection import Connection
from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.objects import (
    BLOCK_BYTES,
    UNCLEAR,
    Progress,
    find_store,
    get_file,
    info_of,
    make_store,
    put_file,
    while_active,
)
from asyncchat.log.base import LogError

_OBJECT = "history"
_PADDING = "padding"
_EPOCH = "Asyncchat-Epoch"
_SEQUENCE = "Asyncchat-Sequence"

_READS = 3
"""A snapshot may be replaced while it is read: then the new one is read."""
_LEFTOVER_AGE = timedelta(minutes=10)
"""Pieces of this age that belong to no snapshot were left by a node that was ended while it wrote."""


class Snapshots:
    """The one snapshot of a stream."""

    def __init__(self, connection: Connection, stream: str) -> None:
        self._connection = connection
        self._bucket = f"{stream}-snapshot"

    async def put(
        self, epoch: str, sequence: int, file: Path, replicas: int, *, is_apart: bool = False
    ) -> None:
        """Keeps a file; see ``Stream.put_snapshot``."""

        async def put(progress: Progress) -> str | None:
            store = await make_store(self._connection, self._bucket, replicas)
            kept = await info_of(store, _OBJECT)
            if kept is not None and _place(kept)[0] == epoch and _place(kept)[1] >= sequence:
                return kept.nuid
            if is_apart:
                await store.put(_PADDING, await asyncio.to_thread(secrets.token_bytes, BLOCK_BYTES))
            headers = {_EPOCH: epoch, _SEQUENCE: str(sequence)}
            nuid = (await put_file(store, _OBJECT, file, headers, progress)).nuid
            if is_apart:
                await store.delete(_PADDING)
                meta = f"$O.{self._bucket}.M.{b64encode(_PADDING.encode()).decode()}"
                await self._connection.api(f"STREAM.PURGE.OBJ_{self._bucket}", {"filter": meta})
            return nuid

        try:
            nuid = await while_active(put)
            await self._remove_leftovers(nuid)
        except UNCLEAR as error:  # a time-out is an OSError, too
            raise StreamDown(f"NATS does not take the snapshot now ({error})") from error
        except OSError as error:
            raise LogError(f"The snapshot {file} can't be read ({error})") from error

    async def get(self, epoch: str, file: Path) -> int | None:
        """Writes the snapshot to a file; see ``Stream.get_snapshot``."""
        part = file.with_name(f"{file.name}.part")

        async def get(progress: Progress) -> int | None:
            store = await find_store(self._connection, self._bucket)
            info = None if store is None else await info_of(store, _OBJECT)
            if store is None or info is None or _place(info)[0] != epoch:
                return None
            found = await get_file(store, _OBJECT, part, progress)
            os.replace(part, file)
            return _place(found)[1]

        failed: Exception | None = None
        for _ in range(_READS):
            try:
                return await while_active(get)
            except OSError as error:
                if not isinstance(error, TimeoutError):
                    raise LogError(f"The snapshot can't be written to {file} ({error})") from error
                failed = error
            except UNCLEAR as error:
                failed = error
            finally:
                part.unlink(missing_ok=True)
        if isinstance(failed, nats.js.errors.DigestMismatchError):
            raise LogError("The snapshot in NATS is damaged: let a node that runs make a new one") from failed
        raise StreamDown(f"NATS does not give the snapshot now ({failed})") from failed

    async def _remove_leftovers(self, current: str | None) -> None:
        """Removes old pieces that belong to no snapshot."""
        stream, pieces = f"OBJ_{self._bucket}", f"$O.{self._bucket}.C."
        info = await self._connection.api(f"STREAM.INFO.{stream}", {"subjects_filter": f"{pieces}>"})
        for subject in info["state"].get("subjects") or {}:
            if subject != f"{pieces}{current}":
                found = await self._connection.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
                time = datetime.fromisoformat(found["message"]["time"][:19] + "+00:00")
                if datetime.now(UTC) - time > _LEFTOVER_AGE:
                    await self._connection.api(f"STREAM.PURGE.{stream}", {"filter": subject})


def _place(info: api.ObjectInfo) -> tuple[str, int]:
    """The epoch and the sequence of a snapshot."""
    headers = info.headers or {}
    return headers.get(_EPOCH, [""])[0], int(headers.get(_SEQUENCE, ["0"])[0])
