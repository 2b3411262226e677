"""``asyncchat export``: writes a room's history as a document."""

from itertools import chain
from typing import TYPE_CHECKING

import click

from asyncchat.cli._reading import moment, since_option
from asyncchat.cli._server import asking, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi


@click.command("export")
@click.argument("room")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json", "html"]),
    default="md",
    show_default=True,
    help="Markdown, one JSON object a line, or a page that needs nothing else.",
)
@since_option
@asking
def command(room: str, form: str, since: str, api: "HttpApi") -> None:
    """Print the whole history of ROOM as a document.

    \b
    asyncchat export ci --format html > ci.html
    """
    from asyncchat.client import transcript

    name = room_of(room)
    found = api.forwards(name, *moment(since))
    # The first page, so that a failure comes before anything is written.
    messages = chain([first] if (first := next(found, None)) is not None else [], found)
    forms = {"md": transcript.markdown, "html": transcript.html}
    for line in forms[form](name, messages) if form in forms else map(transcript.as_json, messages):
        click.echo(line)
