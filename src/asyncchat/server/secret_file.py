"""A secret that is kept in a file beside the database, readable by its owner only.

Must not know what the secret is for.
"""

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
        links: of links that only one session knows.
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
    path = database.with_name(database.name + suffix)
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        text = ""
    if is_secret(text):
        return text
    text = new_secret()
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text


def key_beside(database: Path, suffix: str) -> bytes:
    """The key kept beside a database, in hexadecimal, made when there is none.

    Raises:
        OSError: its file can't be read or made.
    """
    return bytes.fromhex(kept_beside(database, suffix, _is_key, lambda: secrets.token_hex(KEY_BYTES)))


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= KEY_BYTES
    except ValueError:
        return False
