"""A secret that is kept in a file beside the database, readable by its owner only.

Must not know what the secret is for.
"""

import itertools
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

KEY_BYTES = 32


def _new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


class RunKeys(msgspec.Struct, frozen=True):
    """The keys of a run; those that nothing keeps are made for it.

    Attributes:
        cloaks: of what hides addresses.
        accounts: of what is derived for accounts.
        pushes: of which the key of pushes is made.
        links: of links that only one session knows; on all nodes of a cluster the same.
        admission: of what proves addresses over UDP.
    """

    cloaks: bytes = msgspec.field(default_factory=_new_key)
    accounts: bytes = msgspec.field(default_factory=_new_key)
    pushes: bytes = msgspec.field(default_factory=_new_key)
    links: bytes = msgspec.field(default_factory=_new_key)
    admission: bytes = msgspec.field(default_factory=_new_key)


"""A key as long as the hash that it is for (RFC 2104, 3)."""


def kept_beside(
    database: Path, suffix: str, is_secret: Callable[[str], bool], new_secret: Callable[[], str]
) -> str:
    """The secret in the file beside a database (mode 0600), made anew if the file holds none.

    Args:
        database: the file of the history.
        suffix: what the secret's file is called after the database's name.
        is_secret: whether a text can be such a secret.
        new_secret: makes one.

    Raises:
        OSError: the file can't be read or made.
    """
    text = read_beside(database, suffix)
    if is_secret(text):
        return text
    text = new_secret()
    path = _path(database, suffix)
    path.unlink(missing_ok=True)
    _write(path, text)
    return text


def read_beside(database: Path, suffix: str) -> str:
    """What is in the file beside a database; empty: there is none.

    Raises:
        OSError: it can't be read.
    """
    try:
        return _path(database, suffix).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


def replace_beside(database: Path, suffix: str, text: str) -> Path | None:
    """Puts another secret into the file beside a database; what was there is kept under another name.

    Returns:
        The new name of the old file; None: there was none.

    Raises:
        OSError: it can't be written.
    """
    path = _path(database, suffix)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    _write(new, text)
    aside = None
    if path.exists():
        names = (path.with_name(f"{path.name}.old{number}") for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        path.rename(aside)
    new.replace(path)
    return aside


def _path(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")


def key_beside(database: Path, suffix: str) -> bytes:
    """The key kept beside a database, in hexadecimal, made when there is none.

    Raises:
        OSError: its file can't be read or made.
    """
    return bytes.fromhex(kept_beside(database, suffix, is_key, new_key_text))


def new_key_text() -> str:
    """A new key as it stands in its file."""
    return secrets.token_hex(KEY_BYTES)


def is_key(text: str) -> bool:
    """Whether a text can be a key in its file."""
    try:
        return len(bytes.fromhex(text)) >= KEY_BYTES
    except ValueError:
        return False
