"""``asyncchat rooms``: prints the rooms that one may read."""

import click

from asyncchat.cli._server import asking, json_option, opened


@click.command("rooms")
@json_option
@asking
def command(as_json: bool, server: str, token: str) -> None:
    """Print the rooms: name, number of members, topic. With --json also whether a room is public."""
    from asyncchat.client.transcript import clean, json_line

    for room in opened(server, token).rooms():
        if as_json:
            told = {"room": room["name"], **{key: room[key] for key in ("members", "topic", "public")}}
            click.echo(json_line(told))
        else:
            click.echo(f"{clean(room['name'])}  {room['members']}  {clean(room['topic'])}".rstrip())
