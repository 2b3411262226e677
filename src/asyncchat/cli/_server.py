"""The server that a command asks, and who asks: flags, the environment, what is remembered, the login name.

Owns these options, which the commands of the shell share. It must load no more than a short command needs.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from asyncchat.core.fingerprints import parse_fingerprint
from asyncchat.errors import Misuse

if TYPE_CHECKING:
    from pathlib import Path

    from asyncchat.client.http_api import HttpApi
    from asyncchat.client.remembered import Remembered, RememberedServer

F = TypeVar("F", bound=Callable[..., Any])

server_option = click.option(
    "--server",
    metavar="ADDRESS",
    envvar="ASYNCCHAT_SERVER",
    default="",
    help="Ask this server: host:port, or the link of its page; several nodes of a cluster with commas.  "
    "[default: ASYNCCHAT_SERVER, the one joined last, 127.0.0.1:1234]",
)

token_option = click.option(
    "--token",
    metavar="TOKEN",
    envvar="ASYNCCHAT_TOKEN",
    default="",
    help="Ask as a bot, or as an account by a login token.  [default: ASYNCCHAT_TOKEN, that of the server in "
    "client.toml; else as a guest]",
)

nick_option = click.option(
    "--nick",
    metavar="NAME",
    envvar="ASYNCCHAT_NICK",
    default="",
    help="The name of a guest.  [default: ASYNCCHAT_NICK, the one used there last, your login name]",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def _fingerprint(_context: click.Context, _option: click.Parameter, text: str) -> str:
    fingerprint = parse_fingerprint(text)
    if text and not fingerprint:
        raise click.BadParameter("it is the SHA-256 of a certificate, 64 hexadecimal digits.")
    return fingerprint


def trusting(command: F) -> F:
    """Adds the options that say which server is trusted, the parameters ``ca`` and ``fingerprint``."""
    ca = click.option(
        "--ca",
        metavar="FILE",
        default="",
        help="Over TLS, trust servers for which these certificates vouch (PEM).  [default: the system's]",
    )
    fingerprint = click.option(
        "--fingerprint",
        metavar="SHA256",
        default="",
        callback=_fingerprint,
        help="Over TLS, trust only the certificate with this SHA-256, whoever signed it.",
    )
    return ca(fingerprint(command))


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of the server, and as its parameter ``api`` the server that is meant."""

    @wraps(command)
    def wrapped(server: str, token: str, ca: str, fingerprint: str, **others: Any) -> None:
        command(api=_api(server, token, ca, fingerprint), **others)

    return server_option(token_option(trusting(wrapped)))


def _api(server: str, token: str, ca: str, fingerprint: str) -> HttpApi:
    """The API of the server that is meant.

    Raises:
        Misuse: the address, the token or the fingerprint is not valid.
    """
    from asyncchat.client.address import DEFAULT_ADDRESS, parse_address
    from asyncchat.client.errors import AddressError
    from asyncchat.client.http_api import HttpApi
    from asyncchat.client.trust import Trust

    last = None if server else _remembered()
    try:
        text = server or (DEFAULT_ADDRESS if last is None else last.address)
        address = parse_address(text, only_http=True)
    except AddressError as error:
        raise Misuse(str(error)) from error
    if address.scheme == "plain":
        raise Misuse("A plain-text server can only be joined: asyncchat join")
    known = _remembered(str(address))
    token = token or (known.token if known is not None else "")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise Misuse("--token: that is no token")
    trust = Trust(ca, fingerprint)
    try:
        return HttpApi(address, trust=trust if known is None else known.trust(trust), token=token)
    except ValueError as error:
        raise Misuse(str(error)) from error


def nick_at(api: HttpApi, nick: str) -> str:
    """The name under which a guest speaks there."""
    known = None if nick else _remembered(str(api.address))
    return nick or (known.nick if known is not None else "") or login_name()


def login_name() -> str:
    """The name of the user, as far as a person can have it."""
    from asyncchat.core.names import name_fault

    try:
        name = "_".join(getpass.getuser().split())
    except (KeyError, OSError):  # no such user, as in a container
        return "guest"
    return name if name_fault(name) is None else "guest"


def room_of(text: str) -> str:
    """A room's name; its # may be left out, because shells take it for a comment.

    Raises:
        Misuse: no room can be called so.
    """
    from asyncchat.core.names import room_fault

    room = text if text.startswith("#") else f"#{text}"
    fault = room_fault(room)
    if fault is not None:
        raise Misuse(f"{text!r} is not a room: {fault}")
    return room


def _remembered(address: str = "") -> RememberedServer | None:
    """What is remembered of a server, or (no address) the one that was joined last."""
    from asyncchat.client.remembered_path import remembered_file

    path = remembered_file()
    if not path.exists():
        return None
    known = _loaded(path)
    return known.find(address) if address else known.last


@lru_cache(1)
def _loaded(path: Path) -> Remembered:
    from asyncchat.client.remembered import load

    return load(path)
