"""``asyncchat serve``: flags to options."""

import click

from asyncchat.config import ServeConfig
from asyncchat.server.addresses import parse_listener

LEVELS = click.Choice(["debug", "info", "warning", "error"])


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Listen on this address; 0.0.0.0: on all."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=1234, show_default=True, help="And this port; 0: any."
)
@click.option(
    "--listen",
    "listen",
    metavar="URL",
    multiple=True,
    help="Listen here, too: tcp://… or unix:///…",
)
@click.option("--lan", is_flag=True, help="Listen on all private addresses of this machine.")
@click.option(
    "--db", metavar="FILE", default="", help="Keep the history here; :memory: forgets it at the end."
)
@click.option("--no-history", is_flag=True, help="Keep nothing of what is said.")
@click.option(
    "--name", metavar="SERVERNAME", default="asyncchat.local", show_default=True, help="The server's name."
)
@click.option("--motd", metavar="FILE", default="", help="Greet IRC clients with this text.")
@click.option("--no-limits", is_flag=True, help="No flood control: for load tests and trusted bots.")
@click.option(
    "--durable",
    type=click.Choice(["process", "power"]),
    default="process",
    show_default=True,
    help="What a message that was shown survives: the end of the process, or of the power too (slower).",
)
@click.option(
    "--log-level", type=LEVELS, default="info", show_default=True, help="What standard error shows."
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="And how."
)
def command(**options: object) -> None:
    """Start a chat server; nc, any IRC client and our own join it on one port.

    What is said, private messages too, is kept in a file of your state directory unless --no-history.
    """
    from asyncchat.server.running import run

    run(_config(options), lambda text: click.echo(text, nl=False))


def _config(options: dict[str, object]) -> ServeConfig:
    name = str(options["name"])
    if (
        not name
        or len(name) > 63
        or not all(char.isascii() and (char.isalnum() or char in "-.") for char in name)
    ):
        raise click.BadParameter("letters, digits, dots and dashes, 63 at most", param_hint="'--name'")
    listen = options["listen"]
    for url in listen if isinstance(listen, tuple) else ():
        try:
            parse_listener(url)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="'--listen'") from error
    if options["no_history"] and options["db"]:
        raise click.UsageError("--db and --no-history exclude each other")
    given = {name for name in ("host", "port", "lan") if _is_given(name)}
    if {"host", "lan"} <= given:
        raise click.UsageError("--host and --lan exclude each other")
    if options["listen"] and not given:
        options["host"] = ""
    return ServeConfig(**options)  # type: ignore[arg-type]  # click has checked each option's type


def _is_given(option: str) -> bool:
    return click.get_current_context().get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
