"""``asyncchat who``: prints who is in a room."""

from typing import TYPE_CHECKING

import click

from asyncchat.cli._server import asking, json_option, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi


@click.command("who")
@click.argument("room", default="lobby")
@json_option
@asking
def command(room: str, as_json: bool, api: "HttpApi") -> None:
    """Print who is in ROOM, one name a line; without ROOM who is in the lobby."""
    from asyncchat.client.transcript import clean, json_line

    name = room_of(room)
    for member in api.members(name):
        if as_json:
            told = {
                "nick": member["name"],
                "room": name,
                **{key: member[key] for key in ("roles", "away", "bot")},
            }
            click.echo(json_line(told))
        else:
            click.echo(clean(member["name"]))
