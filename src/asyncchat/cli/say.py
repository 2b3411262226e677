"""``asyncchat say``: one message, from the arguments, standard input or a file.

Owns the arguments and how the text is put together; must not know how it is sent.
"""

import os
import sys
from typing import TYPE_CHECKING

import click

from asyncchat.cli._server import asking, json_option, nick_at, nick_option, room_of
from asyncchat.errors import AsyncChatError, Misuse

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi

_TEXT_BYTES = 8192
"""Bytes of the longest message, as everywhere."""

_KEY_LENGTH = 200
"""Characters of the longest key in a header."""


@click.command("say")
@click.argument("room")
@click.argument("text", nargs=-1)
@click.option("--code", is_flag=True, help="Show the text as a block of code.")
@click.option(
    "--id",
    "key",
    metavar="KEY",
    default="",
    help="Say it once: for 7 days a repetition with this key only prints the first message's id.",
)
@click.option("--file", metavar="PATH", help="Send this file (-: standard input) and say its link.")
@json_option
@nick_option
@asking
def command(
    room: str,
    text: tuple[str, ...],
    code: bool,
    key: str,
    file: str | None,
    as_json: bool,
    nick: str,
    api: "HttpApi",
) -> None:
    """Say something in ROOM and print the message's id. Without TEXT, standard input is one message.

    Nobody is told that you come or go. The room's # may be left out, because shells take it for a comment.

    \b
    asyncchat say ci "build 42 failed"
    make 2>&1 | tail -20 | asyncchat say ci --code
    asyncchat say ci "release 1.2 is out" --id release-1.2
    """
    from asyncchat.client.http_api import ApiError, key_header
    from asyncchat.client.http_exchange import ConnectionBroken

    if len(key_header(key)) > _KEY_LENGTH:
        raise Misuse(f"--id: a key has at most {_KEY_LENGTH} characters")
    name = room_of(room)
    said = " ".join(text) if text else "" if file is not None else _standard_input()
    if file is None and not said.strip():
        raise AsyncChatError(f"There is nothing to say: {'the text' if text else 'standard input'} is empty")
    if code:
        said = f"```\n{said}\n```"
    if file is not None:
        said = f"{said} {_sent(api, file, nick_at(api, nick))}".lstrip()
    if len(said.encode("utf-8", "replace")) > _TEXT_BYTES:
        raise AsyncChatError(
            f"The text is too long: at most {_TEXT_BYTES:,} bytes. Send it as a file: --file -"
        )
    try:
        message = api.post(name, said, nick_at(api, nick), key)
    except ConnectionBroken as error:
        raise AsyncChatError(f"{error} It may have been said; with --id it can be repeated.") from error
    except ApiError as error:
        if not (key and error.id):
            raise
        click.echo("Under this --id something else was said before; nothing is said now.", err=True)
        message = {"id": error.id, "room": name}
    if as_json:
        from asyncchat.client.transcript import as_json as form

        click.echo(form(message))
    else:
        click.echo(message["id"])


def _standard_input() -> str:
    """All of standard input, as far as one message may have it."""
    if sys.stdin is None or sys.stdin.isatty():
        raise Misuse("Give a text, or a pipe to read it from")
    # A little more than a message may have: what never ends is not read for ever.
    return sys.stdin.buffer.read(_TEXT_BYTES + 2).decode("utf-8", "replace").rstrip("\r\n")


def _sent(api: "HttpApi", path: str, nick: str) -> str:
    """Sends a file and gives its link."""
    if path == "-":
        return api.upload(sys.stdin.buffer, "output.txt", nick)
    try:
        with open(path, "rb") as file:
            return api.upload(file, os.path.basename(path), nick)
    except OSError as error:
        raise AsyncChatError(f"{path} can't be read: {error.strerror}") from error
