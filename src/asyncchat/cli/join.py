"""``asyncchat join``: reads its options, and runs the full-screen client, the line mode, or the pipe.

Owns the arguments and where the password comes from; must not know what is sent or shown.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from asyncchat.cli._passwords import password_in
from asyncchat.cli._server import login_name, trusting
from asyncchat.client.address import DEFAULT_ADDRESS, Address, parse_address
from asyncchat.client.client import Client
from asyncchat.client.errors import AddressError, NickError, PasswordNeeded, Untrusted
from asyncchat.client.remembered import Remembered, load, save
from asyncchat.client.strict_transport import secured
from asyncchat.client.trust import Trust
from asyncchat.core.names import LOBBY
from asyncchat.errors import Misuse

if TYPE_CHECKING:
    from asyncchat.tui.join_screen import JoinRequest

_HISTORY = 50
"""Messages of a room's history that a terminal shows when it joins."""


@click.command("join")
@click.argument("address", default="", required=False)
@click.option("--nick", metavar="NAME", default="", help="Your name.  [default: your login name]")
@click.option(
    "--room",
    "rooms",
    metavar="ROOM",
    multiple=True,
    help="Join this room (repeatable).  [default: #lobby]",
)
@click.option("--account", metavar="NAME", default="", help="Log in to this account. Needs the password.")
@click.option(
    "--password-file",
    metavar="FILE",
    help="Read the password of the server, or with --account of the account, from this file's first line.  "
    "[default: ASYNCCHAT_PASSWORD]",
)
@trusting
@click.option(
    "--cert",
    metavar="FILE",
    default="",
    help="Over TLS, show this certificate, whose key is in the same file (PEM).",
)
@click.option(
    "--no-exit", is_flag=True, help="On a pipe: send a line that is just “exit” instead of leaving."
)
@click.option("--line", "line_mode", is_flag=True, help="At a terminal: a line mode, as for a screen reader.")
@click.pass_context
def command(
    context: click.Context,
    address: str,
    nick: str,
    rooms: tuple[str, ...],
    account: str,
    password_file: str | None,
    ca: str,
    fingerprint: str,
    cert: str,
    no_exit: bool,
    line_mode: bool,
) -> None:
    """Join a chat, from a terminal or on a pipe.

    ADDRESS is host:port of an asyncchat or IRC server, irc://host:port/room, ircs://host:port/room over TLS,
    udp://host:port/room for an asyncchat server over UDP, plain://host:port for a server that speaks only
    plain text, or the page's link http://host:port/#room. Nodes of a cluster are host:port,host:port. Without
    one it is the server joined last, or 127.0.0.1:1234.

    At a terminal it is a full-screen client, which asks what it must know; F1 shows its keys. Where Textual
    is not installed, and with --line, each line that you type is a message. /help lists the commands.

    On a pipe, each line of the input is sent as a message, and each message of others is one line “NAME:
    text” of the output; notices go to standard error. At the end of the input it leaves when the server has
    acknowledged all messages.
    """
    is_encrypted = bool(address) and _address(address).tls
    password = _password(password_file)
    trust = Trust(ca, fingerprint, cert)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if at_terminal and not line_mode and _can_be_full_screen():
        from asyncchat.tui.join_screen import JoinRequest

        _join_full_screen(JoinRequest(address, nick or account, rooms, account, password, trust))
        return
    remembered = load() if at_terminal or is_encrypted or not address else Remembered()
    known = remembered.last if not address else None
    place = _address(address or (known.address if known is not None else DEFAULT_ADDRESS))
    wanted = _rooms(place, rooms)
    nick = nick or account or (known.nick if known is not None else "") or login_name()
    if account and not (password or cert):
        raise Misuse(
            "--account needs the password: --password-file FILE, or ASYNCCHAT_PASSWORD; or over TLS --cert"
        )
    connect = partial(
        Client,
        place,
        nick=nick,
        rooms=wanted,
        history=_HISTORY if at_terminal else 0,
        echo=at_terminal,
        password=password,
        account=account,
    )
    try:
        chat = _connected(connect, place, trust, remembered, can_ask=at_terminal)
    except NickError as error:
        raise Misuse(f"--nick: {error}") from error
    except PasswordNeeded as error:
        hint = "" if error.given else " Give it with --password-file FILE or in ASYNCCHAT_PASSWORD."
        raise click.ClickException(f"{error}.{hint}") from error
    if at_terminal:
        from asyncchat.client import terminal

        terminal.run(
            chat,
            wanted[0],
            commands_go_through=place.scheme == "plain",
            remembered=remembered,
        )
        return
    from asyncchat.client import pipe

    if not pipe.run(chat, wanted[0], nick, exit_leaves=not no_exit):
        context.exit(1)


def _connected(
    connect: Callable[..., Client], place: Address, stated: Trust, remembered: Remembered, *, can_ask: bool
) -> Client:
    """Joins; at a terminal a certificate for which nobody vouches is shown, and remembered if trusted."""
    trust = remembered.trust(secured(place), stated)
    try:
        try:
            chat = connect(**asdict(trust))
        except Untrusted as error:
            # A host that asks for TLS by itself must show a certificate that is valid (IRCv3 sts).
            if not (can_ask and error.is_new and place.tls):
                raise
            click.echo(error.question, err=True)
            click.confirm("Trust it from now on?", abort=True, err=True)
            trust = replace(trust, fingerprint=error.fingerprint)
            chat = connect(**asdict(trust))
    except ValueError as error:
        raise Misuse(str(error)) from error
    known = remembered.find(str(place))
    if can_ask and trust.fingerprint != (known.fingerprint if known is not None else "") and not trust.ca:
        remembered.pin(place, trust.fingerprint)
        save(remembered)
    return chat


def _can_be_full_screen() -> bool:
    # Textual draws on standard error.
    if os.environ.get("TERM", "dumb") == "dumb" or not sys.stderr.isatty():
        return False
    try:
        import textual  # noqa: F401 - whether it is there
    except ImportError:
        click.echo(
            "For the full-screen client: pip install 'asyncchat[terminal]'. This is the line mode.", err=True
        )
        return False
    return True


def _join_full_screen(given: "JoinRequest") -> None:
    from asyncchat.tui.run import completed, run

    remembered = load()
    rooms = given.rooms and tuple(_rooms(_address(given.address or DEFAULT_ADDRESS), given.rooms))
    request = completed(replace(given, rooms=rooms), remembered)
    # Who was here before need not be asked again, but for the password.
    has_password = bool(request.password or request.trust.cert or not request.account)
    is_complete = bool(request.address and request.nick and has_password)
    address, nick = request.address or DEFAULT_ADDRESS, request.nick or login_name()
    run(replace(request, address=address, nick=nick, is_complete=is_complete), remembered)


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except AddressError as error:
        raise Misuse(str(error)) from error


def _rooms(address: Address, given: tuple[str, ...]) -> list[str]:
    if given and address.scheme == "plain":
        raise Misuse("--room: a plain-text server has only one room, without a name")
    rooms = [room if room.startswith(("#", "&")) else f"#{room}" for room in given]
    for room in rooms:
        if len(room) == 1 or any(char in " ,\r\n\0\x07" for char in room):
            raise Misuse(f"--room: {room!r} is not a valid room name")
    return list(dict.fromkeys(([address.room] if address.room else []) + rooms)) or [LOBBY]


def _password(file: str | None) -> str:
    if file is None:
        text, where = os.environ.get("ASYNCCHAT_PASSWORD", ""), "ASYNCCHAT_PASSWORD"
    else:
        text, where = password_in(file), file
        if not text:
            raise Misuse(f"{file} has no password: its first line is empty")
    if not text.isprintable():
        raise Misuse(f"{where}: a password can't have control characters")
    return text
