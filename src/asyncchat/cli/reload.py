"""``asyncchat reload``: has a new process take over from a running server, which drops nobody.

Owns the arguments and the output; what is done is the server's.
"""

import click

from asyncchat.cli._database import database_options, named_database


@click.command("reload")
@database_options
def command(db: str | None, config: str | None) -> None:
    """Upgrade a running server, and drop nobody: a new process takes over its connections.

    It is started like the old one, with the program and the configuration as they are now. Connections over
    TLS and UDP are told to connect again. If the new process fails, the old one serves on, and this says why.

    Workers (--workers) are started anew, one after another: their clients connect again.
    """
    from asyncchat.control.client import ask
    from asyncchat.control.requests import Upgrade, Upgraded

    done = ask(named_database(db, config), Upgrade(), Upgraded)
    if done.process:
        click.echo(f"Process {done.process} serves now.")
    else:
        click.echo("The workers are started anew, one after another; the log says when that is done.")
