"""``asyncchat top``: shows how a server is, again and again."""

import sys
import time
from typing import TYPE_CHECKING

import click

from asyncchat.cli._server import asking, json_option

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi

_OTHER_SCREEN, _BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_FROM_THE_TOP, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


@click.command("top")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    show_default=True,
    help="How often it looks.",
)
@click.option("--count", metavar="N", type=click.IntRange(0), default=0, help="End after N times.")
@json_option
@asking
def command(interval: float, count: int, as_json: bool, api: "HttpApi") -> None:
    """Show how the server is: people, rates, delays, the largest rooms, limits that were hit. Ctrl-C ends it.

    Beside the server nothing is needed; elsewhere its --metrics-from, or a token with --allow metrics.

    \b
    asyncchat top --json --count 1 | jq .delivery.p99
    """
    from asyncchat.client.figures import Figures, as_lines, as_values
    from asyncchat.client.transcript import clean, json_line

    before = Figures(api.metrics(), time.monotonic())
    is_live = sys.stdout.isatty() and not as_json
    left = count
    try:
        if is_live:
            click.echo(_OTHER_SCREEN, nl=False)
        while True:
            time.sleep(interval)
            now = Figures(api.metrics(), time.monotonic())
            if as_json:
                click.echo(json_line(as_values(now, before)))
            else:
                lines = list(map(clean, as_lines(now, before, str(api.address), api.rooms(), time.time())))
                ends = f"{_REST_OF_LINE}\n" if is_live else "\n"
                screen = "".join(f"{line}{ends}" for line in lines)
                click.echo(f"{_FROM_THE_TOP}{screen}{_REST_OF_SCREEN}" if is_live else screen)
            before = now
            left -= 1
            if left == 0:
                return
    finally:
        if is_live:
            click.echo(_BACK, nl=False)
