"""``asyncchat token``: adds, lists and revokes tokens, with which programs use the HTTP API.

Owns the arguments, the output and the secret, which nobody else sees; must not know how tokens are stored.
"""

import secrets
from datetime import UTC, datetime

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._help import Group
from asyncchat.control import requests
from asyncchat.control.client import ask
from asyncchat.core.features.bots import ACTIONS, ADMIN, ALL_ROOMS, METRICS, digest_of

SECRET_BYTES = 24
"""Random bytes of a secret: far more than anyone can guess."""

MARK = "act_"
"""How a secret begins, so that scanners recognise one in the wrong place."""


@click.group("token", cls=Group)
def command() -> None:
    """Add, list and revoke tokens for the HTTP API.

    With a token, a program posts to rooms under the token's name, reads them or follows them. These commands
    work with and without a running server.
    """


@command.command("add")
@click.argument("name")
@click.option(
    "--room",
    "rooms",
    multiple=True,
    metavar="ROOM",
    help="Allow it in this room (repeatable); '*': in all rooms. Not needed for metrics and admin alone.",
)
@click.option(
    "--allow",
    "actions",
    multiple=True,
    type=click.Choice(list(ACTIONS)),
    help="Allow this action (repeatable).  [default: post]",
)
@database_options
def add(
    name: str, rooms: tuple[str, ...], actions: tuple[str, ...], db: str | None, config: str | None
) -> None:
    """Add the token NAME and print it. It is printed only now, because it is not stored.

    The program posts under NAME; nobody else can use that name. With “--allow admin” it may do what an
    operator of the server may: keep its secret like a password.

    \b
    asyncchat token add ci --room '#builds'
    curl -H 'Authorization: Bearer TOKEN' --json '{"text": "build 42 failed"}' \\
        http://127.0.0.1:1234/api/v1/rooms/builds/messages
    """
    secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
    wanted = tuple(room if room.startswith("#") or room == "*" else f"#{room}" for room in rooms)
    if not wanted and actions and {METRICS, ADMIN}.issuperset(actions):
        wanted = (ALL_ROOMS,)
    request = requests.AddToken(name, digest_of(secret), wanted, actions or ("post",))
    ask(named_database(db, config), request, requests.Done)
    click.echo(secret)


@command.command("list")
@database_options
def listing(db: str | None, config: str | None) -> None:
    """List all tokens: name, day of creation, allowed actions and rooms."""
    for token in ask(named_database(db, config), requests.GetTokens(), requests.TokenRows).tokens:
        day = datetime.fromtimestamp(token.time / 1_000_000, UTC).astimezone()
        click.echo(f"{token.name}  {day:%Y-%m-%d}  {','.join(token.actions)}  {' '.join(token.rooms)}")


@command.command("revoke")
@click.argument("name")
@database_options
def revoke(name: str, db: str | None, config: str | None) -> None:
    """Revoke the token NAME immediately."""
    ask(named_database(db, config), requests.RevokeToken(name), requests.Done)
    click.echo(f"Revoked {name}")
