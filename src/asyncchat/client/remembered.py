"""What the clients of this person remember: servers, names, ignored people, highlight words.

Owns the file ``$XDG_CONFIG_HOME/asyncchat/client.toml``; must not know who reads or changes it. No program
keeps a password there; a person may write a token into it.
"""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from asyncchat.client.address import Address, parse_address
from asyncchat.client.errors import AddressError, ClientError
from asyncchat.client.remembered_path import remembered_file
from asyncchat.client.trust import Trust

SERVERS = 20
"""Most servers that are remembered: those joined last."""


class RememberedServer(msgspec.Struct, omit_defaults=True):
    """One server that was joined.

    Attributes:
        address: as ``client.address`` reads it, without a room.
        nick: the name that was used there.
        account: the account that was logged in to; '': none.
        rooms: the rooms that the person was in.
        token: with which the commands of the shell ask there; '': none.
        fingerprint: the SHA-256 of the certificate that the person trusts there; '': none.
    """

    address: str
    nick: str = ""
    account: str = ""
    rooms: list[str] = []
    token: str = ""
    fingerprint: str = ""

    def trust(self, stated: Trust) -> Trust:
        """Whom to trust there: what is stated, else the certificate that is known."""
        return stated if stated.ca or stated.fingerprint else replace(stated, fingerprint=self.fingerprint)


class Remembered(msgspec.Struct, omit_defaults=True):
    """All that is remembered.

    Attributes:
        theme: the colours of the terminal client; '': the default.
        ignored: names whose messages are not shown.
        highlights: words that are as important as one's own name.
        servers: the server joined last is the first.
    """

    theme: str = ""
    ignored: list[str] = []
    highlights: list[str] = []
    servers: list[RememberedServer] = []

    @property
    def last(self) -> RememberedServer | None:
        """The server joined last."""
        return self.servers[0] if self.servers else None

    def find(self, address: str) -> RememberedServer | None:
        """What is known of a server; ``address`` is without a room."""
        return next((server for server in self.servers if server.address == address), None)

    def trust(self, address: Address, stated: Trust) -> Trust:
        """Whom to trust there: what is stated, else the certificate that is known."""
        known = self.find(str(address))
        return stated if known is None else known.trust(stated)

    def pin(self, address: Address, fingerprint: str) -> None:
        """Notes that a server was joined, and that this certificate of it is trusted."""
        known = self.find(str(address)) or RememberedServer(str(address))
        known.fingerprint = fingerprint
        self.use(known)

    def use(self, server: RememberedServer) -> None:
        """Notes that a server was joined; its token and fingerprint stay."""
        known = self.find(server.address)
        if known is not None:
            server.token = server.token or known.token
            server.fingerprint = server.fingerprint or known.fingerprint
        others = [other for other in self.servers if other.address != server.address]
        self.servers = [server, *others][:SERVERS]


class RememberedError(ClientError):
    """The file can't be read or written; ``path`` is where it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def load(path: Path | None = None) -> Remembered:
    """Reads the file; without one, nothing is remembered.

    Raises:
        RememberedError: it can't be read, or is not valid.
    """
    path = remembered_file() if path is None else path
    try:
        remembered = msgspec.toml.decode(path.read_bytes(), type=Remembered)
        for server in remembered.servers:
            parse_address(server.address, only_http=True)
    except FileNotFoundError:
        return Remembered()
    except OSError as error:
        raise RememberedError(path, f"it can't be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, AddressError) as error:
        raise RememberedError(path, f"correct or remove this file: {error}") from error
    return remembered


def save(remembered: Remembered, path: Path | None = None) -> None:
    """Writes the file as a whole, so that a reader never sees half of one; only its owner can read it.

    Raises:
        RememberedError: it can't be written.
    """
    write_privately(remembered_file() if path is None else path, _toml(remembered))


def write_privately(path: Path, text: str) -> None:
    """Writes a file as a whole; only its owner can read it.

    Raises:
        RememberedError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".client-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise RememberedError(path, f"it can't be written: {error.strerror}") from error


def _toml(remembered: Remembered) -> str:
    """The file's text; ``tomllib`` only reads."""
    values = msgspec.to_builtins(remembered)
    tables = values.pop("servers", [])
    lines = [f"{key} = {_value(value)}" for key, value in values.items()]
    for table in tables:
        lines += ["", "[[servers]]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join([*lines, ""])


def _value(value: object) -> str:
    # JSON's strings and arrays of strings are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
