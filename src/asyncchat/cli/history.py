"""``asyncchat history``: prints a part of a room's history."""

from typing import TYPE_CHECKING

import click

from asyncchat.cli._reading import part, show, since_option, until_option
from asyncchat.cli._server import asking, json_option, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi

_USUAL = 50


@click.command("history")
@click.argument("room")
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(0),
    help="The last N messages.  [default: 50, or all since]",
)
@since_option
@until_option
@json_option
@asking
def command(room: str, count: int | None, since: str, until: str, as_json: bool, api: "HttpApi") -> None:
    """Print the last messages of ROOM, or those of a time."""
    for message in part(api, room_of(room), count, since, until, usual=_USUAL):
        show(message, as_json)
