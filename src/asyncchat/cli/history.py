"""``asyncchat history``: prints a part of a room's history."""

import click

from asyncchat.cli._reading import part, show, since_option, until_option
from asyncchat.cli._server import asking, json_option, opened, room_of

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
def command(
    room: str, count: int | None, since: str, until: str, as_json: bool, server: str, token: str
) -> None:
    """Print the last messages of ROOM, or those of a time."""
    for message in part(opened(server, token), room_of(room), count, since, until, usual=_USUAL):
        show(message, as_json)
