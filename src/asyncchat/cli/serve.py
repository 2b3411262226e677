"""``asyncchat serve``: file, environment and flags to options."""

import click

from asyncchat.cli._options import loaded, serve_options, sources


@click.command("serve")
@serve_options
@click.pass_context
def command(context: click.Context, /, file: str | None, **_flags: object) -> None:
    """Start a chat server; nc, any IRC client and our own join it on one port.

    What is said, private messages too, is kept in a file of your state directory unless --no-history.

    Each option can also stand in the file of --config, and in the environment (ASYNCCHAT_PORT, …); "asyncchat
    config show" lists them with their values. A password for the server and its operators stand there only.
    """
    from asyncchat.server.serve import run

    source = sources(context, file)
    run(source, loaded(source), lambda text: click.echo(text, nl=False))
