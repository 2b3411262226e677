"""``asyncchat token``: adds, lists and revokes the tokens of programs that use the HTTP API."""

import secrets
from datetime import UTC, datetime

import click

from asyncchat.cli._database import database_options, named_database

SECRET_BYTES = 24
"""Of randomness: far more than anyone tries."""

MARK = "act_"
"""How a secret begins, so that one in the wrong place is recognised."""


@click.group("token")
def command() -> None:
    """Add, list and revoke tokens for the HTTP API.

    With one a bot posts into rooms under the token's name, reads them, or follows them. It works beside a
    running server and without one.
    """


@command.command("add")
@click.argument("name")
@click.option(
    "--room", "rooms", multiple=True, metavar="ROOM", help="It is for this room (repeatable); '*': for all."
)
@click.option(
    "--allow",
    "actions",
    multiple=True,
    type=click.Choice(["post", "read", "who"]),
    help="It allows this (repeatable).  [default: post]",
)
@database_options
def add(
    name: str, rooms: tuple[str, ...], actions: tuple[str, ...], db: str | None, config: str | None
) -> None:
    """Add the token NAME and show its secret. It is shown only now: only a hash of it is kept.

    NAME is also the name under which its bot posts; nobody else can take it.

    \b
    asyncchat token add ci --room '#builds'
    curl -H 'Authorization: Bearer TOKEN' --json '{"text": "build 42 failed"}' \\
        http://127.0.0.1:1234/api/v1/rooms/builds/messages
    """
    from asyncchat.control.client import ask
    from asyncchat.control.requests import AddToken, Done
    from asyncchat.core.tokens import digest_of

    secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
    wanted = tuple(room if room.startswith("#") or room == "*" else f"#{room}" for room in rooms)
    request = AddToken(name, digest_of(secret), wanted, actions or ("post",))
    ask(named_database(db, config), request, Done)
    click.echo(secret)


@command.command("list")
@database_options
def listing(db: str | None, config: str | None) -> None:
    """List the tokens: name, day, what they allow, and where."""
    from asyncchat.control.client import ask
    from asyncchat.control.requests import AskTokens, TokenRows

    for token in ask(named_database(db, config), AskTokens(), TokenRows).tokens:
        day = datetime.fromtimestamp(token.time / 1_000_000, UTC).astimezone()
        click.echo(f"{token.name}  {day:%Y-%m-%d}  {','.join(token.actions)}  {' '.join(token.rooms)}")


@command.command("revoke")
@click.argument("name")
@database_options
def revoke(name: str, db: str | None, config: str | None) -> None:
    """Revoke the token NAME immediately."""
    from asyncchat.control.client import ask
    from asyncchat.control.requests import Done, RevokeToken

    ask(named_database(db, config), RevokeToken(name), Done)
    click.echo(f"Revoked {name}")
