"""The folder of uploaded files: contents by their hashes, thumbnails, and what is being received.

Owns the names in the folder and what survives a crash. Must not know what refers to a file. All of it blocks,
so it is for threads.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from asyncchat.server.file_types import HEAD_BYTES

_CONTENT = re.compile(r"([0-9a-f]{64})(?:\.thumb)?")
_RECEIVING = ".part"

THUMBNAIL = ".thumb"
"""Ends the name of a thumbnail, which begins with the hash of its content."""


def folder_beside(database: Path) -> Path:
    """The folder of a history's files. Like those of SQLite it has the whole name of the file in its own."""
    return database.with_name(f"{database.name}-files")


class Incoming:
    """A file that is being received. No descriptor is kept open, however many there are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        """Its first ``HEAD_BYTES``."""
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Adds to it.

        Raises:
            OSError: the disk is full, or can't be written.
        """
        if self.size < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - self.size]
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(data)
        self._hash.update(data)
        self.size += len(data)

    @property
    def hash(self) -> str:
        """The SHA-256 of what has come."""
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Removes it."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


class FileStore:
    """The files of a server.

    Args:
        folder: where they are; None: in a temporary folder, which goes with the server.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._is_temporary = folder is None
        self._receiving: set[str] = set()

    @property
    def folder(self) -> Path:
        """The folder, which is made where there is none; only its owner can read it.

        Raises:
            OSError: it can't be made.
        """
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="asyncchat-files-"))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def free(self) -> tuple[int, int]:
        """The bytes that are free on its disk, and those of the whole disk."""
        usage = shutil.disk_usage(self.folder)
        return usage.free, usage.used + usage.free

    def receive(self) -> Incoming:
        """A file begins to come."""
        name = f"{secrets.token_hex(8)}{_RECEIVING}"
        self._receiving.add(name)
        return Incoming(self.folder / name)

    def end(self, incoming: Incoming) -> None:
        """It comes no more; what was not kept of it is removed."""
        self._receiving.discard(incoming.path.name)
        incoming.discard()

    def keep(self, incoming: Incoming) -> Path:
        """Keeps what has come under its hash: after this it survives a loss of power, too.

        Raises:
            OSError: the disk is full, or can't be written.
        """
        path = self.path(incoming.hash)
        _sync(incoming.path)
        incoming.path.replace(path)
        _sync(path.parent)
        return path

    def put(self, incoming: Incoming, name: str) -> None:
        """Puts a content, or a thumbnail, that came from another node where it belongs."""
        incoming.path.replace(self.path(name))

    def names(self) -> set[str]:
        """The names of all contents and thumbnails."""
        if self._folder is None or not self._folder.is_dir():
            return set()
        return {name for name in os.listdir(self._folder) if _CONTENT.fullmatch(name)}

    def keep_thumbnail(self, hash: str, data: bytes) -> None:
        """Keeps a small picture of an image."""
        path = self.path(hash)
        begun = path.with_suffix(_RECEIVING)
        self._receiving.add(begun.name)
        try:
            begun.write_bytes(data)
            begun.chmod(0o600)
            begun.replace(path.with_suffix(THUMBNAIL))
        finally:
            self._receiving.discard(begun.name)

    def path(self, hash: str) -> Path:
        """Where a content is."""
        return self.folder / hash

    def thumbnail(self, hash: str) -> Path:
        """Where its small picture is, if there is one."""
        return self.path(hash).with_suffix(THUMBNAIL)

    def remove(self, hash: str) -> None:
        """Removes a content with its thumbnail."""
        for path in (self.path(hash), self.thumbnail(hash)):
            path.unlink(missing_ok=True)

    def strays(self, known: Collection[str], older_than: float, gone: Collection[str] = ()) -> Iterator[Path]:
        """What is in the folder and belongs to no known content: what a crash left.

        Args:
            known: the hashes of contents.
            older_than: seconds for which a content has been there; a backup may come back a little later.
            gone: contents that belonged to files a moment ago: they need not be old.
        """
        if self._folder is None or not self._folder.is_dir():
            return
        before = time.time() - older_than
        with os.scandir(self._folder) as entries:
            for entry in entries:
                found = _CONTENT.fullmatch(entry.name)
                is_left = entry.name.endswith(_RECEIVING) and entry.name not in self._receiving
                if found is not None:
                    is_old = found[1] in gone or entry.stat().st_mtime < before
                    is_left = found[1] not in known and is_old
                if is_left:
                    yield Path(entry.path)

    def close(self) -> None:
        """Removes a temporary folder."""
        if self._is_temporary and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _sync(path: Path) -> None:
    """Has the disk keep a file, or the names in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # a folder can't be opened there
    number = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def read_piece(path: Path, at: int, size: int) -> bytes:
    """A piece of a file.

    Raises:
        OSError: it is gone, or can't be read.
    """
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(size)
