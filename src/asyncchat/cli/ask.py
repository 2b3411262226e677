"""``asyncchat ask``: asks a question in a room and prints the first answer."""

import time
from typing import TYPE_CHECKING

import click

from asyncchat.cli._server import asking, json_option, nick_at, nick_option, room_of

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi


@click.command("ask")
@click.argument("room")
@click.argument("question")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, 86_400, min_open=True),
    default=300.0,
    show_default=True,
    help="Wait so long for an answer.",
)
@json_option
@nick_option
@asking
def command(room: str, question: str, timeout: float, as_json: bool, nick: str, api: "HttpApi") -> None:
    """Ask QUESTION in ROOM and print the first answer. The exit status is 3 if none comes in time.

    An answer is what somebody else says next, or a reply to the question; replies to other messages and
    notices, with which programs speak, are none.

    \b
    answer=$(asyncchat ask ops "Deploy 1.2? (yes/no)" --timeout 600) && [ "$answer" = yes ] && ./deploy
    """
    from asyncchat.client.follower import follow
    from asyncchat.client.transcript import as_json as form
    from asyncchat.client.transcript import text_of

    until = time.monotonic() + timeout
    name = room_of(room)
    asked = api.post(name, question, nick_at(api, nick))
    for message in follow(api, asked["room"], asked["id"], left=lambda: until - time.monotonic()):
        if (
            message["kind"] in ("message", "action")
            and message["name"] != asked["name"]
            and message["reply_to"] in ("", asked["id"])
        ):
            click.echo(form(message) if as_json else text_of(message))
            return
