"""``asyncchat who``: prints who is in a room."""

import click

from asyncchat.cli._server import asking, json_option, opened, room_of


@click.command("who")
@click.argument("room", default="lobby")
@json_option
@asking
def command(room: str, as_json: bool, server: str, token: str) -> None:
    """Print who is in ROOM, one name a line; without ROOM who is in the lobby."""
    from asyncchat.client.transcript import clean, json_line

    name = room_of(room)
    for member in opened(server, token).members(name):
        if as_json:
            told = {
                "nick": member["name"],
                "room": name,
                **{key: member[key] for key in ("roles", "away", "bot")},
            }
            click.echo(json_line(told))
        else:
            click.echo(clean(member["name"]))
