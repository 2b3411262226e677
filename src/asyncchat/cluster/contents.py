"""The contents of uploaded files in JetStream's object store, by their names: each node gets them from there.

Owns how one is kept, found and removed there, and what an interrupted node has left. It must not know which
files there are.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from asyncchat.cluster.connection import ApiError, Connection, Tries, apart, result
from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.objects import (
    UNCLEAR,
    Progress,
    find_store,
    get_file,
    info_of,
    make_store,
    put_file,
    while_active,
)

T = TypeVar("T")

_EPOCH = "Asyncchat-Epoch"

_NO_STREAM = 10059
_NO_MESSAGE = 10037
"""Codes of JetStream's errors."""


class Contents:
    """The contents that the nodes of one stream share.

    Args:
        connection: to NATS.
        stream: the stream's name.
        epoch: the stream's epoch. Contents of one before it are given, but are no strays unless it is said.
        replicas: on how many servers the stream is kept.
        patience: seconds for which a content is tried to be put or got while NATS is connected: its servers
            may be without a leader for a moment.
    """

    def __init__(
        self, connection: Connection, stream: str, epoch: str, replicas: int, patience: float
    ) -> None:
        self._connection = connection
        self._bucket = f"{stream}-files"
        self._stream = f"OBJ_{self._bucket}"
        self._names = f"$O.{self._bucket}.M."
        self._pieces = f"$O.{self._bucket}.C."
        self._epoch = epoch
        self._replicas = replicas
        self._patience = patience

    async def put(self, name: str, file: Path) -> None:
        """Keeps a file, if there is none of this name.

        Raises:
            StreamDown: NATS can't take it now.
            OSError: it can't be read.
        """

        async def put(progress: Progress) -> None:
            store = await make_store(self._connection, self._bucket, self._replicas)
            if await info_of(store, name) is None:
                await put_file(store, name, file, {_EPOCH: self._epoch}, progress)

        await self._tried(put)

    async def get(self, name: str, file: Path) -> bool:
        """Writes the content of this name to a file; whether there is one.

        Raises:
            StreamDown: NATS can't give it now.
            OSError: the file can't be written.
        """

        async def get(progress: Progress) -> bool:
            store = await find_store(self._connection, self._bucket)
            if store is None or await info_of(store, name) is None:
                return False
            await get_file(store, name, file, progress)
            return True

        return await self._tried(get)

    async def remove(self, name: str) -> None:
        """Removes a content, if there is one.

        Raises:
            StreamDown: NATS can't do it now.
        """
        await self._done(self._remove(name))

    async def names(self) -> set[str]:
        """The names of all contents.

        Raises:
            StreamDown: NATS can't tell now.
        """
        found = await self._done(self._subjects(self._names))
        return await asyncio.to_thread(_names_in, found, len(self._names))

    async def remove_strays(
        self, known: Collection[str], older_than: float, *, of_all_epochs: bool = False
    ) -> int:
        """Removes what nodes have left that were ended in the middle.

        Args:
            known: the names of contents that belong to files.
            older_than: seconds for which something has been there.
            of_all_epochs: also what streams before this one had.

        Returns:
            How many there were.

        Raises:
            StreamDown: NATS can't do it now.
        """
        return await self._done(self._remove_strays(known, timedelta(seconds=older_than), of_all_epochs))

    async def _remove(self, name: str) -> None:
        store = await find_store(self._connection, self._bucket)
        info = None if store is None else await info_of(store, name)
        if info is not None:
            await self._purge(self._subject(name))  # first: without its pieces it could not be read
            await self._purge(f"{self._pieces}{info.nuid}")

    async def _remove_strays(self, known: Collection[str], age: timedelta, of_all_epochs: bool) -> int:
        removed = 0
        before = datetime.now(UTC) - age
        for name in await self.names() - set(known):
            store = await find_store(self._connection, self._bucket)
            info = None if store is None else await info_of(store, name)
            epoch = None if info is None else (info.headers or {}).get(_EPOCH)
            if (of_all_epochs or epoch == [self._epoch]) and await self._time(self._subject(name)) < before:
                await self._remove(name)
                removed += 1
        return removed + await self._remove_pieces(before)

    async def _remove_pieces(self, before: datetime) -> int:
        """Removes old pieces that belong to no content."""
        pieces = await self._subjects(self._pieces)
        names = await self.names()
        store = await find_store(self._connection, self._bucket)
        if store is None or len(pieces) <= len(names):
            return 0
        for name in names:
            info = await info_of(store, name)
            if info is not None:
                pieces.discard(f"{self._pieces}{info.nuid}")
        left = [subject for subject in pieces if await self._time(subject) < before]
        for subject in left:
            await self._purge(subject)
        return len(left)

    async def _subjects(self, prefix: str) -> set[str]:
        """All subjects that begin so."""
        found: set[str] = set()
        while True:
            asked = {"subjects_filter": f"{prefix}>", "offset": len(found)}
            try:
                answer = await self._connection.ask(
                    f"$JS.API.STREAM.INFO.{self._stream}", msgspec.json.encode(asked)
                )
                info = await asyncio.to_thread(result, answer)  # it may be long
            except ApiError as error:
                if error.code != _NO_STREAM:
                    raise
                return found
            before = len(found)
            found.update(info["state"].get("subjects") or {})
            if len(found) >= info.get("total", 0) or len(found) == before:
                return found

    async def _time(self, subject: str) -> datetime:
        """When the last message of a subject came; now, if it is gone."""
        try:
            found: dict[str, Any] = await self._connection.api(
                f"STREAM.MSG.GET.{self._stream}", {"last_by_subj": subject}
            )
        except ApiError as error:
            if error.code != _NO_MESSAGE:
                raise
            return datetime.now(UTC)
        return datetime.fromisoformat(found["message"]["time"][:19] + "+00:00")

    async def _purge(self, subject: str) -> None:
        await self._connection.api(f"STREAM.PURGE.{self._stream}", {"filter": subject})

    def _subject(self, name: str) -> str:
        return f"{self._names}{base64.urlsafe_b64encode(name.encode()).decode()}"

    async def _tried(self, job: Callable[[Progress], Awaitable[T]]) -> T:
        tries = Tries(self._connection, self._patience)
        while True:
            try:
                return await self._done(while_active(job))
            except StreamDown as error:
                if not self._connection.connected:
                    raise
                await tries.pause(error)

    async def _done(self, doing: Awaitable[T]) -> T:
        try:
            return await apart(doing)
        except UNCLEAR as error:
            text = str(error) or type(error).__name__
            raise StreamDown(f"NATS does not give or take files now ({text})") from error


def _names_in(subjects: Iterable[str], prefix: int) -> set[str]:
    """For a thread: the names of contents, of their subjects."""
    return {base64.urlsafe_b64decode(subject[prefix:]).decode() for subject in subjects}
