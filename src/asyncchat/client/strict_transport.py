"""Hosts that have asked to be joined over TLS only (IRCv3 sts), as HSTS does for browsers.

Owns these policies and their file, ``strict.toml`` beside ``client.toml``; a person may remove a host there.
Must not know connections, nor how a host asks.
"""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from asyncchat.client.address import Address
from asyncchat.client.errors import ClientError
from asyncchat.client.remembered_path import remembered_file

_log = logging.getLogger(__name__)

LONGEST = timedelta(days=3650)
"""Longest policy that is kept: a larger number would be no date."""

_OVER_TLS = {"irc": "ircs", "udp": "ircs"}
"""What is spoken in place of IRC that is not encrypted. A Unix socket has no host, ``plain`` is no IRC."""


class StrictHost(msgspec.Struct, frozen=True):
    """A host that is joined over TLS only: at this port, until then."""

    host: str
    port: int
    until: datetime


class _File(msgspec.Struct):
    hosts: list[StrictHost] = []


def over_tls(address: Address, port: int) -> Address | None:
    """The same host over TLS at a port; None: this is over TLS already, or no host that speaks IRC."""
    scheme = _OVER_TLS.get(address.scheme)
    return None if scheme is None else replace(address, scheme=scheme, port=port)


def secured(address: Address) -> Address:
    """Where a host is to be joined: over TLS, if it has asked for that and the time is not over.

    Of several servers each is asked for alone.

    Raises:
        ClientError: the file can't be used.
    """
    if address.scheme not in _OVER_TLS or address.others:
        return address
    for one in _load():
        if one.host == _key(address.host):
            return over_tls(address, one.port) or address
    return address


def note(address: Address, seconds: int | None) -> None:
    """Notes that a host, joined over TLS, has asked to be joined so for so many seconds.

    ``seconds``: 0: no longer; None: it has not asked. What can't be noted is logged.
    """
    try:
        if seconds is not None:
            _note(address, seconds)
    except ClientError as error:
        _log.warning("Not remembered that %s is joined over TLS only: %s", address.host, error)


def _note(address: Address, seconds: int) -> None:
    host, before = _key(address.host), _load()
    after = [one for one in before if one.host != host]
    if seconds:
        until = datetime.now(UTC) + min(timedelta(seconds=min(seconds, 10**10)), LONGEST)
        after.append(StrictHost(host, address.port, until.replace(microsecond=0)))
    if after != before:
        from asyncchat.client.remembered import write_privately

        write_privately(_path(), "\n".join(map(_toml, after)))


def _key(host: str) -> str:
    return host.lower().removesuffix(".")


def _path() -> Path:
    return remembered_file().with_name("strict.toml")


def _load() -> list[StrictHost]:
    """The policies that hold."""
    path = _path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ClientError(f"{path}: it can't be read: {error.strerror}") from error
    try:
        hosts = msgspec.toml.decode(data, type=_File).hosts
        return [one for one in hosts if one.until > datetime.now(UTC)]
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:  # TypeError: a date without a zone
        raise ClientError(f"{path}: correct or remove this file: {error}") from error


def _toml(one: StrictHost) -> str:
    host = json.dumps(one.host, ensure_ascii=False)  # no control character is in a host
    return f"[[hosts]]\nhost = {host}\nport = {one.port}\nuntil = {one.until.isoformat()}\n"
