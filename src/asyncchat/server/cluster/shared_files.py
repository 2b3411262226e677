"""Uploaded files on several nodes: NATS has the contents, and each node those that it was asked for.

Owns how contents go from a node to NATS and back. Must not know which files there are, or who asks.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable

from asyncchat.cluster.contents import Contents
from asyncchat.cluster.errors import StreamDown
from asyncchat.server.file_store import THUMBNAIL, FileStore, Incoming

_logger = logging.getLogger("asyncchat.cluster")

FETCHED_AT_ONCE = 8
"""Contents that come at a time; the others wait."""


class SharedFiles:
    """The contents of a cluster's files, as one node has them.

    Args:
        contents: those in NATS.
        store: the node's own.
        is_complete: whether this node gets all of them, not only those that it is asked for.
        is_private: whether NATS has nothing that is of use to anybody but this cluster as it is.
    """

    def __init__(
        self, contents: Contents, store: FileStore, *, is_complete: bool = False, is_private: bool = False
    ) -> None:
        self._is_private = is_private
        self.is_complete = is_complete
        self._contents = contents
        self._store = store
        self._coming: dict[str, asyncio.Task[bool]] = {}
        self._given: set[str] = set()
        """What ``mend`` gave NATS."""
        self._turns = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def share(self, incoming: Incoming, picture: bytes | None) -> None:
        """Keeps what has come in NATS, with its thumbnail.

        Raises:
            StreamDown: NATS can't take it now.
            OSError: the disk is full, or can't be read.
        """
        await self._contents.put(incoming.hash, incoming.path)
        if picture is None:
            return
        thumbnail = await asyncio.to_thread(self._store.receive)
        try:
            await asyncio.to_thread(thumbnail.write, picture)
            await self._contents.put(incoming.hash + THUMBNAIL, thumbnail.path)
        finally:
            await asyncio.shield(asyncio.to_thread(self._store.end, thumbnail))

    async def keep(self, hash: str) -> None:
        """Keeps a content of this node in NATS, if it is not there.

        Raises:
            StreamDown: NATS can't take it now.
            OSError: it can't be read.
        """
        await self._contents.put(hash, self._store.path(hash))

    async def fetch(self, name: str) -> bool:
        """Puts a content, or a thumbnail, into the node's folder; whether there is one.

        It comes once, however many wait for it.

        Raises:
            StreamDown: NATS can't give it now.
            OSError: it can't be written.
        """
        coming = self._coming.get(name)
        if coming is None:
            coming = self._coming[name] = asyncio.create_task(self._fetch(name), name="file")
            coming.add_done_callback(lambda _done: self._coming.pop(name))
        return await asyncio.shield(coming)

    async def _fetch(self, name: str) -> bool:
        async with self._turns:
            incoming = await asyncio.to_thread(self._store.receive)
            try:
                found = await self._contents.get(name, incoming.path)
                if found:
                    await asyncio.to_thread(self._store.put, incoming, name)
                return found
            finally:
                await asyncio.shield(asyncio.to_thread(self._store.end, incoming))

    async def remove(self, hashes: Iterable[str]) -> None:
        """Removes contents with their thumbnails; those that NATS does not remove now are removed later."""
        for hash in hashes:
            for name in (hash, hash + THUMBNAIL):
                try:
                    await self._contents.remove(name)
                except StreamDown as error:
                    _logger.warning("A content that no file has stays in NATS for now: %s", error)
                    return

    async def mend(self, known: Collection[str], until: asyncio.Event) -> None:
        """Gives NATS what it lacks and this node has: it was another server's, or NATS has lost it.

        A node that is to have all contents gets those that it lacks, too.

        Args:
            known: the hashes of contents that files have.
            until: when this is set, it goes on another time.

        Raises:
            StreamDown: NATS can't take it now.
            OSError: it can't be read or written.
        """
        own = await asyncio.to_thread(self._store.names)
        lacking = {name for name in own if name.removesuffix(THUMBNAIL) in known}
        there = await self._contents.names() if lacking or self.is_complete else set()
        if self.is_complete:
            for name in sorted(there - own):
                if until.is_set():
                    return
                if name.removesuffix(THUMBNAIL) in known:
                    await self.fetch(name)
        for name in sorted(lacking - there):
            if until.is_set():
                return
            self._given.add(name)
            try:
                await self._contents.put(name, self._store.path(name))
            except FileNotFoundError:
                continue  # it was removed meanwhile
            _logger.info("Gave the other nodes the content %s", name)

    async def take_back(self, known: Collection[str]) -> None:
        """Removes from NATS what ``mend`` gave it when this node had yet to read that its file is removed.

        Raises:
            StreamDown: NATS can't do it now.
        """
        for name in [name for name in self._given if name.removesuffix(THUMBNAIL) not in known]:
            await self._contents.remove(name)
            self._given.discard(name)

    async def remove_strays(self, known: Collection[str], older_than: float) -> None:
        """Removes from NATS what belongs to no file, and was left by a node that was ended.

        Raises:
            StreamDown: NATS can't do it now.
        """
        names = {*known, *(hash + THUMBNAIL for hash in known)}
        removed = await self._contents.remove_strays(names, older_than, of_all_epochs=self._is_private)
        if removed:
            _logger.info("Removed %d contents from NATS, which belong to no file", removed)

    async def close(self) -> None:
        """Nothing comes any more."""
        coming = list(self._coming.values())
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
