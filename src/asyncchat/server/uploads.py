"""Uploads: takes files, keeps them, and removes those that nothing refers to.

Owns who may upload how much, and the order in which a file, its fact in the history and its content come and
go: a content is on the disk before the history knows the file, and the history forgets the file before its
content goes. So no crash leaves a file without its content. Must not know HTTP.
"""

from __future__ import annotations

import asyncio
import enum
import errno
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.events import Event
from asyncchat.core.features.files import (
    ID_LENGTH,
    ID_LETTERS,
    Files,
    FilesRemoved,
    FileUploaded,
    KeepFile,
    RemoveFiles,
    StoredFile,
    linked_in_state,
)
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.people import Person, from_origin, network_of
from asyncchat.core.replies import AccountRefused, StorageDown
from asyncchat.log.base import LogError
from asyncchat.server import thumbnails
from asyncchat.server.file_store import THUMBNAIL
from asyncchat.server.file_types import IMAGES, FileType, file_type
from asyncchat.server.limits import LEAST_FILE_BYTES
from asyncchat.server.photo_metadata import stripped

if TYPE_CHECKING:
    from asyncchat.log.base import Log
    from asyncchat.server.cluster.shared_files import SharedFiles
    from asyncchat.server.file_store import FileStore, Incoming
    from asyncchat.server.session import Session, SessionContext

_logger = logging.getLogger("asyncchat.files")

SLICE_BYTES = 262_144
"""How much is gathered before a thread writes it."""

UNSAID_SECONDS = 3600
"""For how long a file stays to which no message has a link yet: somebody may still write the message."""

SWEEP_SECONDS = 600.0
"""How often it is looked for files that nothing refers to; after an erasure at once."""

REST_SECONDS = 1.0
"""The pause after a look."""

MOST_AT_ONCE = 64
"""Files that may come at a time: each has a slice in memory."""

MOST_FROM_NETWORK = 32
"""The same from one network: a class sends its pictures at the same moment."""

FREE_PART = 0.05
"""The part of the disk that files leave free: the history must not stop for a picture."""

SMALL_IMAGE = 200_000
"""Bytes of an image that is its own thumbnail: it loads quickly, and keeps its movement."""

_REMOVED_AT_ONCE = 500
"""Files that one record removes."""


class Refused(enum.Enum):
    """Why a file is not taken."""

    OFF = enum.auto()
    GUEST = enum.auto()
    TOO_LARGE = enum.auto()
    EMPTY = enum.auto()
    QUOTA = enum.auto()
    BUSY = enum.auto()
    FULL = enum.auto()
    DISK_FULL = enum.auto()
    BROKEN = enum.auto()
    DOWN = enum.auto()


class Refusal(msgspec.Struct, frozen=True):
    """A file is not taken; ``words`` say why, and what to do. ``seconds``: when to try again; 0: unknown."""

    why: Refused
    words: str
    seconds: int = 0


class Uploads:
    """The uploaded files of a server.

    Args:
        context: what sessions share.
        log: knows which texts have links to files.
        store: has the contents.
        shared: has those of all nodes of a cluster; None: this server is alone.
    """

    def __init__(
        self, context: SessionContext, log: Log, store: FileStore, shared: SharedFiles | None = None
    ) -> None:
        self.store = store
        self._shared = shared
        self._context = context
        self._log = log
        self._files = Files.of(context.hub.chat)
        self._coming: dict[object, tuple[str, int]] = {}
        """The network and the greatest size of each file that is coming."""
        self._examiner = ThreadPoolExecutor(1, "examiner")
        """Looks at one file at a time, and leaves the loop's threads to others: passwords wait for these."""
        self._changing = asyncio.Lock()
        """Held while a content and its fact come or go: they must not cross."""
        self._changed = asyncio.Event()
        context.delivery.observe(Erased, self._note_change)
        context.delivery.observe(RedactedInPrivate, self._note_change)
        self._had: set[str] = set()
        """Contents that files had: another node may have removed them since."""
        if shared is not None:
            context.delivery.observe(FilesRemoved, self._note_change)
            if shared.is_complete:
                context.delivery.observe(FileUploaded, self._note_change)

    @property
    def most_bytes(self) -> int:
        """Bytes of the largest file; 0: none is taken."""
        options = self._context.options
        return options.file_megabytes * 1_000_000 if options.file_uploads else 0

    def find(self, id: str) -> StoredFile | None:
        """The file with this id."""
        return self._files.by_id.get(id)

    async def take(
        self, parts: AsyncIterator[bytes], size: int, uploader: Person, session: Session
    ) -> StoredFile | Refusal:
        """Takes a file as it comes.

        Args:
            parts: gives it; raises what the caller knows if it does not come whole.
            size: its bytes; negative: that is not known.
            uploader: who sends it.
            session: over which connection.
        """
        refusal = self._refusal(size, uploader)
        if refusal is not None:
            return refusal
        most = size if size >= 0 else self.most_bytes
        charged = max(most, LEAST_FILE_BYTES)
        address, account = session.address, uploader.account or (uploader.name if uploader.bot else "")
        budgets = self._context.budgets
        network = network_of(address)
        if (
            len(self._coming) >= MOST_AT_ONCE
            or sum(one == network for one, _ in self._coming.values()) >= MOST_FROM_NETWORK
        ):
            return Refusal(Refused.BUSY, "Too many files are being sent at the moment. Try again.", 5)
        wait = budgets.reserve_upload(address, account, charged)
        if wait:
            whose = "your account" if account else "your network"
            words = f"Too much was uploaded from {whose} in a day. Try again in {_duration(wait)}."
            return Refusal(Refused.QUOTA, words, int(wait) + 1)
        mark = object()
        self._coming[mark] = (network, most)
        taken = 0
        try:
            full = await self._disk_refusal()
            if full is not None:
                return full
            incoming = await asyncio.to_thread(self.store.receive)
            try:
                kept = await self._receive(incoming, parts, uploader)
            finally:
                taken = max(incoming.size, LEAST_FILE_BYTES)
                await asyncio.shield(asyncio.to_thread(self.store.end, incoming))
            return kept
        except ConnectionError:
            raise  # of the uploader
        except OSError as error:
            return self._disk_failed(error)
        finally:
            del self._coming[mark]
            budgets.reserve_upload(address, account, taken - charged)

    def _refusal(self, size: int, uploader: Person) -> Refusal | None:
        options = self._context.options
        if not options.file_uploads:
            return Refusal(Refused.OFF, "This server takes no files.")
        if not options.file_guests and not uploader.account and not uploader.bot:
            return Refusal(Refused.GUEST, "Only people with an account can upload files here. Log in first.")
        if size > self.most_bytes:
            return self.too_large()
        return Refusal(Refused.EMPTY, "The file is empty.") if size == 0 else None

    def too_large(self) -> Refusal:
        """The refusal of a file that is too large."""
        most = self._context.options.file_megabytes
        return Refusal(Refused.TOO_LARGE, f"The file is too large: at most {most:,} MB are taken here.")

    async def _disk_refusal(self) -> Refusal | None:
        """Why there is no room for all that is coming."""
        total = self._context.options.file_total_megabytes * 1_000_000
        coming = sum(size for _, size in self._coming.values())
        if total and self._files.bytes + coming > total:
            _logger.warning("A file was refused: all files together have reached files.total_megabytes")
            return Refusal(
                Refused.FULL,
                "The server has as many files as it may keep. Its operator can raise files.total_megabytes, "
                "or delete messages with files.",
            )
        try:
            free, whole = await asyncio.to_thread(self.store.free)
        except OSError as error:
            return self._disk_failed(error)
        if free - coming < whole * FREE_PART:
            _logger.warning("A file was refused: the disk of the files is nearly full")
            return Refusal(Refused.DISK_FULL, "The server's disk is nearly full, so it takes no files now.")
        return None

    def _disk_failed(self, error: OSError) -> Refusal:
        _logger.error("A file can't be kept: %s", error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Refusal(Refused.DISK_FULL, "The server's disk is full, so the file was not kept.")
        return Refusal(Refused.BROKEN, "The server can't keep the file now; its log says more.")

    async def _receive(
        self, incoming: Incoming, parts: AsyncIterator[bytes], uploader: Person
    ) -> StoredFile | Refusal:
        gathered = bytearray()
        async for part in parts:
            gathered += part
            if incoming.size + len(gathered) > self.most_bytes:
                return self.too_large()
            if len(gathered) >= SLICE_BYTES:
                data, gathered = bytes(gathered), bytearray()
                await asyncio.to_thread(incoming.write, data)
        if gathered:
            await asyncio.to_thread(incoming.write, bytes(gathered))
        if not incoming.size:
            return Refusal(Refused.EMPTY, "The file is empty.")
        return await self._clean(incoming, uploader)

    async def _clean(self, received: Incoming, uploader: Person) -> StoredFile | Refusal:
        """Keeps what has come whole, without what a photograph tells beside its picture."""
        loop = self._context.loop
        incoming = await loop.run_in_executor(self._examiner, _without_metadata, self.store, received)
        try:
            return await self._keep(incoming, uploader)
        finally:
            if incoming is not received:
                await asyncio.shield(asyncio.to_thread(self.store.end, incoming))

    async def _keep(self, incoming: Incoming, uploader: Person) -> StoredFile | Refusal:
        """First the content, then the fact."""
        loop = self._context.loop
        found, picture = await loop.run_in_executor(self._examiner, _examined, incoming)
        id = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
        asked = KeepFile(id, uploader, found.type, incoming.size, incoming.hash, found.width, found.height)
        if self._shared is not None:
            try:
                await self._shared.share(incoming, picture)
            except LogError as error:
                _logger.error("A file can't be kept for all nodes: %s", error)
                words = "The file can't be kept for all nodes of this chat now. Try again later."
                return Refusal(Refused.DOWN, words, 5)
        async with self._changing:
            await asyncio.to_thread(self._store, incoming, picture)
            outcome = await self._context.hub.request(asked)
            kept = self.find(id)
            if kept is None or any(isinstance(item, StorageDown) for item in outcome):
                await self._drop_contents({asked.hash})
                if any(isinstance(item, AccountRefused) for item in outcome):
                    return Refusal(Refused.GUEST, "The account was removed meanwhile.")
                return Refusal(Refused.DOWN, "The history can't be written now. Try again later.", 5)
        if self._shared is not None:
            self._had.add(kept.hash)
            with suppress(LogError, OSError):  # the next look does it
                # Another node may have removed the same content when this was already on its way.
                await self._shared.keep(kept.hash)
        return kept

    def _store(self, incoming: Incoming, picture: bytes | None) -> None:
        """For a thread: keeps a content, with its thumbnail."""
        self.store.keep(incoming)
        if picture is not None:
            with suppress(OSError):  # the image is there without it
                self.store.keep_thumbnail(incoming.hash, picture)

    # What goes.

    async def fetch(self, name: str) -> bool:
        """Gets a content, or a thumbnail, that other nodes of the cluster have; whether there is one.

        Raises:
            LogError: it can't be had now.
            OSError: it can't be written.
        """
        if self._shared is None or not await self._shared.fetch(name):
            return False
        hash = name.removesuffix(THUMBNAIL)
        self._had.add(hash)
        if hash not in self._files.uses:  # it was removed meanwhile
            await asyncio.to_thread(self.store.remove, hash)
        return True

    def _note_change(self, _event: Event) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Removes what nothing refers to, until cancelled."""
        try:
            while True:
                try:
                    await self.sweep()
                except (LogError, OSError) as error:
                    _logger.warning("Files that nothing refers to have to stay for now: %s", error)
                except Exception:  # the task's edge: a bug must not end the chat
                    _logger.exception("Files that nothing refers to could not be removed")
                await asyncio.sleep(REST_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_SECONDS):
                        await self._changed.wait()
                self._changed.clear()
        finally:
            self._examiner.shutdown(wait=False, cancel_futures=True)
            if self._shared is not None:
                await self._shared.close()
            self.store.close()

    async def sweep(self) -> None:
        """Removes the files that nothing refers to, and what crashes have left in the folder.

        In a cluster the hub's node looks for such files; each node removes their contents.

        Raises:
            LogError: the history can't be read, or NATS can't be reached.
            OSError: the folder can't be read.
        """
        is_leading = self._context.hub.is_leading
        unlinked = await self._unlinked(tuple(self._files.by_id)) if is_leading else []
        for at in range(0, len(unlinked), _REMOVED_AT_ONCE):
            await self._remove(unlinked[at : at + _REMOVED_AT_ONCE])
        async with self._changing:
            known = frozenset(self._files.uses)
            gone = self._had - known
            await asyncio.to_thread(_remove_strays, self.store, known, gone)
        if self._shared is not None:
            self._had = set(known)
            if is_leading:
                await self._shared.remove_strays(known, UNSAID_SECONDS)
            await self._shared.take_back(known)
            await self._shared.mend(known, self._changed)

    async def _unlinked(self, ids: tuple[str, ...]) -> list[str]:
        """Which of these files nothing refers to, and nobody may be about to refer to."""
        if not ids:
            return []
        links = await self._log.links(ids)
        since = self._context.hub.now() - UNSAID_SECONDS * 1_000_000
        in_state = linked_in_state(self._context.hub.chat)
        found = []
        for id in ids:
            file = self.find(id)
            if file is None or links.get(id) or id in in_state:
                continue
            if id in links or file.time < since:
                found.append(id)
        return found

    async def _remove(self, ids: list[str]) -> None:
        files = [file for id in ids if (file := self.find(id)) is not None]
        async with self._changing:
            hub = self._context.hub
            if any(isinstance(item, StorageDown) for item in await hub.request(RemoveFiles(tuple(ids)))):
                return
            # What was said before the removal and after the look is in the history now.
            again = await self._log.links(ids)
            back = [file for file in files if again.get(file.id)]
            hub.declare([_as_uploaded(file) for file in back])
            await self._drop_contents({file.hash for file in files} - {file.hash for file in back})
        if len(files) > len(back):
            _logger.info("Removed %d files that nothing refers to", len(files) - len(back))

    async def remove(self, ids: Sequence[str]) -> None:
        """Removes files, whatever refers to them."""
        async with self._changing:
            hashes = {file.hash for id in ids if (file := self.find(id)) is not None}
            for at in range(0, len(ids), _REMOVED_AT_ONCE):
                await self._context.hub.request(RemoveFiles(tuple(ids[at : at + _REMOVED_AT_ONCE])))
            await self._drop_contents(hashes)

    async def _drop_contents(self, hashes: set[str]) -> None:
        """Removes those of these contents that no file has."""
        gone = [hash for hash in hashes if hash not in self._files.uses]
        for hash in gone:
            await asyncio.to_thread(self.store.remove, hash)
        if self._shared is not None:
            await self._shared.remove(gone)


def _without_metadata(store: FileStore, received: Incoming) -> Incoming:
    """For a thread: the file, or another one without the place where a photograph was taken and the like."""
    kind = file_type(received.head).type
    if kind not in IMAGES:
        return received
    with open(received.path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        parts = stripped(kind, data)
        if parts is None:
            return received
        incoming = store.receive()
        try:
            for part in parts:
                if isinstance(part, bytes):
                    incoming.write(part)
                    continue
                for at in range(part.start, part.stop, SLICE_BYTES):
                    incoming.write(data[at : min(at + SLICE_BYTES, part.stop)])
        except OSError:
            store.end(incoming)
            raise
    return incoming


def _examined(incoming: Incoming) -> tuple[FileType, bytes | None]:
    """For a thread: what a file is, and the thumbnail of an image that is not small."""
    found = file_type(incoming.head)
    incoming.head = b""
    is_large_image = found.type in IMAGES and incoming.size > SMALL_IMAGE
    return found, thumbnails.thumbnail(incoming.path) if is_large_image else None


def _remove_strays(store: FileStore, known: frozenset[str], gone: set[str]) -> None:
    for path in list(store.strays(known, UNSAID_SECONDS, gone)):
        _logger.info("Removed %s, which belongs to no file", path)
        path.unlink(missing_ok=True)


def _as_uploaded(file: StoredFile) -> FileUploaded:
    return FileUploaded(
        file.id, from_origin(file.by), file.type, file.size, file.hash, file.width, file.height, file.time
    )


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60 + 1} h"
