"""Backups of all that belongs to a history: its file, the files that people uploaded, and secrets.

Owns what is taken along, and in which order. Must not know how a database is copied, nor the command line.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asyncchat.control.wire import Refused
from asyncchat.log import backup
from asyncchat.log.backup import Contents, Progress

SECRETS = (".cloak", ".owner", ".push", ".secret", ".tls")
"""What is kept beside a history for its server alone, by how the names end."""

WEBHOOKS = "-webhooks"
"""How far each webhook came."""

FILES = "-files"
"""The folder of uploaded files."""

THUMBNAIL = ".thumb"
"""Ends the name of a content's small picture."""

_CONTENT = re.compile(r"[0-9a-f]{64}(\.thumb)?")
"""The name of a file that has come completely."""


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        history: the history's copy, or the history that was restored.
        files: the number of uploaded files, without small pictures.
        file_bytes: their bytes.
        small: the small files beside the history, by how their names end.
        before: where the history is that a restored one replaced; None: there was none.
    """

    history: Contents
    files: int
    file_bytes: int
    small: tuple[str, ...]
    before: Path | None = None


def files_folder(database: Path) -> Path:
    """The folder of a history's files."""
    return _beside(database, FILES)


def remove_content(folder: Path, hash: str) -> None:
    """Removes the content of a file, with its small picture."""
    for name in (hash, hash + THUMBNAIL):
        (folder / name).unlink(missing_ok=True)


def back_up(database: Path, copy: Path, progress: Progress) -> Copied:
    """Copies a history with all that belongs to it; a server may have it.

    Webhooks are copied before the history, so that they are not further than it is; files after it, so that
    each is there that it knows.

    Raises:
        AsyncChatError: it can't be done; the text says why.
    """
    webhooks = _beside(database, WEBHOOKS)
    positions = webhooks.read_bytes() if webhooks.exists() else b""
    history = backup.back_up(database, copy, progress)
    try:
        if positions:
            _write(positions, _beside(copy, WEBHOOKS))
        files, file_bytes = _copy_files(_beside(database, FILES), _beside(copy, FILES))
        return Copied(history, files, file_bytes, tuple(_copy_small(database, copy, SECRETS)))
    except OSError as error:
        raise Refused(f"{copy} has the history, but what belongs to it can't be copied: {error}") from error


def restore(copy: Path, database: Path, progress: Progress) -> Copied:
    """Puts a copy, with all that is beside it, in the place of a history that no server has.

    What the copy lacks stays as it is: uploaded files and secrets. What is replaced stays beside the history
    that was there, under its new name.

    Raises:
        AsyncChatError: it can't be done; the text says why.
    """
    with backup.restoring(copy, database, progress) as (history, before):
        changed = [end for end in SECRETS if _beside(copy, end).exists() and not _same(copy, database, end)]
        for end in (*changed, WEBHOOKS):
            with suppress(FileNotFoundError):
                if before is not None:
                    _beside(database, end).replace(_beside(before, end))
        small = tuple(_copy_small(copy, database, [*changed, WEBHOOKS]))
        files, file_bytes = _copy_files(_beside(copy, FILES), _beside(database, FILES))
        return Copied(history, files, file_bytes, small, before)


def files_of(database: Path) -> tuple[int, int]:
    """The number of uploaded files, and their bytes."""
    folder = _beside(database, FILES)
    if not folder.is_dir():
        return 0, 0
    with os.scandir(folder) as entries:
        sizes = [
            one.stat().st_size
            for one in entries
            if (is_content := _CONTENT.fullmatch(one.name)) and not is_content[1]
        ]
    return len(sizes), sum(sizes)


def _beside(database: Path, end: str) -> Path:
    return database.with_name(f"{database.name}{end}")


def _same(one: Path, other: Path, end: str) -> bool:
    file = _beside(other, end)
    return file.exists() and file.read_bytes() == _beside(one, end).read_bytes()


def _copy_small(database: Path, to: Path, ends: tuple[str, ...] | list[str]) -> Iterator[str]:
    for end in ends:
        file = _beside(database, end)
        if file.exists():
            _write(file.read_bytes(), _beside(to, end))
            yield end


def _copy_files(folder: Path, to: Path) -> tuple[int, int]:
    """Copies what is not there yet: a content has the same name everywhere."""
    files = size = 0
    if not folder.is_dir():
        return files, size
    to.mkdir(mode=0o700, exist_ok=True)
    for file in folder.iterdir():
        if not _CONTENT.fullmatch(file.name):
            continue
        copy = to / file.name
        with suppress(FileNotFoundError):  # it was erased meanwhile
            if not copy.exists():
                part = copy.with_suffix(".part")
                with file.open("rb") as source, open(_new(part), "wb") as target:
                    shutil.copyfileobj(source, target)
                part.replace(copy)
            if not copy.suffix:
                files += 1
                size += copy.stat().st_size
    return files, size


def _write(content: bytes, to: Path) -> None:
    part = to.with_name(f"{to.name}.part")
    with open(_new(part), "wb") as file:
        file.write(content)
    part.replace(to)


def _new(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
