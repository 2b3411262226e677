"""``asyncchat rooms``: prints the rooms that one may read."""

from typing import TYPE_CHECKING

import click

from asyncchat.cli._server import asking, json_option

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi


@click.command("rooms")
@json_option
@asking
def command(as_json: bool, api: "HttpApi") -> None:
    """Print the rooms: name, number of members, topic. With --json also whether a room is public."""
    from asyncchat.client.transcript import clean, json_line

    for room in api.rooms():
        if as_json:
            told = {"room": room["name"], **{key: room[key] for key in ("members", "topic", "public")}}
            click.echo(json_line(told))
        else:
            click.echo(f"{clean(room['name'])}  {room['members']}  {clean(room['topic'])}".rstrip())
