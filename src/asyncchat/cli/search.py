"""``asyncchat search``: prints the messages of a room that have certain words."""

from typing import TYPE_CHECKING

import click

from asyncchat.cli._reading import show
from asyncchat.cli._server import asking, json_option, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi


@click.command("search")
@click.argument("room")
@click.argument("words", nargs=-1, required=True)
@click.option("--from", "name", metavar="NAME", default="", help="Only messages of this person.")
@click.option(
    "-n", "count", metavar="N", type=click.IntRange(1), default=50, show_default=True, help="The last N."
)
@json_option
@asking
def command(room: str, words: tuple[str, ...], name: str, count: int, as_json: bool, api: "HttpApi") -> None:
    """Print the messages of ROOM that have all WORDS, in any order; "words in quotes" are a phrase.

    The exit status is 1 if nothing was found.
    """
    text = " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)
    found, more = api.search(room_of(room), text, name, count)
    for message in found:
        show(message, as_json)
    if more:
        click.echo(f"There may be more: -n {2 * count}", err=True)
    if not found:
        click.get_current_context().exit(1)
