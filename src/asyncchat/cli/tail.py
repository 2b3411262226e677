"""``asyncchat tail``: prints the last messages of a room, and with ``--follow`` those to come."""

from typing import TYPE_CHECKING

import click

from asyncchat.cli._reading import part, show, since_option
from asyncchat.cli._server import asking, json_option, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi

_USUAL = 10

_NOTHING = [{"id": ""}]


@click.command("tail")
@click.argument("room")
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(0),
    help="The last N messages.  [default: 10, or all since]",
)
@since_option
@click.option(
    "-f", "--follow", is_flag=True, help="Go on with what is said, also after the connection was lost."
)
@json_option
@asking
def command(room: str, count: int | None, since: str, follow: bool, as_json: bool, api: "HttpApi") -> None:
    """Print the last messages of ROOM, and with --follow each one that comes.

    Each message comes once, also when the network or the server was away; where some are missing, it says so
    ({"kind": "gap"}).

    \b
    asyncchat tail ci -n 100
    asyncchat tail ci --follow --json | jq --unbuffered -r 'select(.kind == "message") | .text'
    """
    name = room_of(room)
    # Where to go on if nothing of what is asked for has been said yet.
    last = api.backwards(name, 1) if follow else []
    found = part(api, name, count, since, usual=_USUAL)
    for message in found:
        show(message, as_json)
    if follow:
        from asyncchat.client.follower import follow as followed

        after = (found or last or _NOTHING)[-1]["id"]
        for message in followed(
            api, name, after, on_break=lambda error: click.echo(f"{error} Trying again.", err=True)
        ):
            show(message, as_json)
