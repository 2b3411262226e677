"""``asyncchat invite``: makes, lists and revokes invitation codes, with a link and a QR code.

Owns the arguments, the output and the code, which nobody keeps; must not know how codes are stored.
"""

import secrets
import sys
from datetime import UTC, datetime

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.control import requests
from asyncchat.control.client import ask
from asyncchat.core.features.invite_codes import (
    CODE_BYTES,
    CODE_ROLES,
    DEFAULT_SECONDS,
    DEFAULT_USES,
    code_digest,
    link_to,
    spell,
)
from asyncchat.core.names import LOBBY
from asyncchat.errors import Misuse
from asyncchat.text.sanitize import shown
from asyncchat.text.sentences import counted
from asyncchat.text.slash import room_from
from asyncchat.text.times import lasting, seconds_in


@click.command("invite")
@click.option(
    "--room", metavar="ROOM", help=f"The room; one that does not exist is opened.  [default: {LOBBY}]"
)
@click.option(
    "--uses", type=int, default=DEFAULT_USES, show_default=True, metavar="N", help="Let in so many people."
)
@click.option(
    "--expires", default=lasting(DEFAULT_SECONDS), show_default=True, metavar="TIME",
    help="Let people in for so long: 45m, 2h, 7d.",
)  # fmt: skip
@click.option("--role", type=click.Choice(CODE_ROLES), help="Give them this role in the room.")
@click.option("--url", metavar="URL", help="The page's address, where people reach it by another one.")
@click.option("--list", "listing", is_flag=True, help="List all codes, or those of --room.")
@click.option("--revoke", type=int, metavar="NUMBER", help="Revoke the code of this number.")
@database_options
def command(
    room: str | None,
    uses: int,
    expires: str,
    role: str | None,
    url: str | None,
    listing: bool,
    revoke: int | None,
    db: str | None,
    config: str | None,
) -> None:
    """Make an invitation code, and print its link and its QR code.

    Whoever opens the link picks a name and is in the room, even if the room has a key, is full or only for
    invited people, and without the server's password. With nc, use the code with /join, in IRC as the key of
    JOIN. Who comes back under the same name is not counted again. This command works with and without a
    running server.

    \b
    asyncchat invite --room '#class' --uses 30 --expires 2h --role voice
    """
    database = named_database(db, config)
    name = room_from(room) if room else ""
    if listing:
        _list(ask(database, requests.GetInviteCodes(name), requests.InviteCodeRows).codes)
    elif revoke is not None:
        ask(database, requests.RevokeInviteCode(revoke), requests.Done)
        click.echo(f"Revoked {revoke}")
    else:
        seconds = seconds_in(expires, bare=False)
        if seconds is None:
            raise Misuse(f"--expires {expires}: use a time like 45m, 2h or 7d")
        code = spell(secrets.token_bytes(CODE_BYTES))
        request = requests.NewInviteCode(name or LOBBY, code_digest(code), uses, seconds, role or "")
        made = ask(database, request, requests.InviteCodeMade)
        _show(made, code, uses, role, f"{url.rstrip('/')}/" if url else made.page)


def _show(made: requests.InviteCodeMade, code: str, uses: int, role: str | None, page: str) -> None:
    gives = f", with the role {role}" if role else ""
    click.echo(
        f"Invitation {made.number} to {shown(made.room)}: {counted(uses, 'person', 'people')} until "
        f"{_moment(made.expires)}{gives}. The code is shown only now."
    )
    link = link_to(page, made.room, code)
    if link and sys.stdout.isatty():
        from asyncchat.server.banner import qr_code

        click.echo(qr_code(link), nl=False)
    click.echo(f"  a browser      {link or f'the page’s address, and then #{made.room[1:]}?invite={code}'}")
    click.echo(f"  nc             /join {shown(made.room)} {code}")
    click.echo(f"  an IRC client  JOIN {shown(made.room)} {code}")
    if link.startswith(("http://127.", "http://[::1]", "http://localhost")):
        click.echo("The link works only on this machine. For your network: asyncchat serve --lan")


def _list(codes: tuple[requests.InviteCodeRow, ...]) -> None:
    for code in codes:
        words = [
            f"{code.number}  {code.room}",
            f"{code.used} of {code.uses}",
            code.state or f"until {_moment(code.expires)}",
            *([code.role] if code.role else []),
            *([f"by {code.by}"] if code.by else []),
        ]
        click.echo(shown("  ".join(words)))


def _moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1_000_000, UTC).astimezone():%Y-%m-%d %H:%M}"
