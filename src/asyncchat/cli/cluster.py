"""``asyncchat cluster``: how the nodes of a cluster are.

Owns the arguments and the output; must not know how nodes meet.
"""

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._help import Group
from asyncchat.control.client import ask
from asyncchat.control.requests import ClusterStatus, GetCluster

_STATES = {True: "equal", False: "differs", None: "not compared"}


@click.group("cluster", cls=Group)
def command() -> None:
    """Show how the nodes of a cluster are. A running node on this machine is asked."""


@command.command("status")
@database_options
def status(db: str | None, config: str | None) -> None:
    """List the nodes: which is the hub, how many clients each serves, how far each is.

    "behind" are records that another node has told its clients already. A node that has not been heard for
    10 seconds is taken for lost. "state" says whether the nodes of one version have the same chat, which they
    compare every 30 seconds.
    """
    found = ask(named_database(db, config), GetCluster(), ClusterStatus)
    click.echo(
        f"stream {found.stream}, term {found.term}, level {found.level}"
        f"{'' if found.connected else ', NATS is not reached'}"
    )
    newest = max((node.last for node in found.nodes), default=0)
    for node in found.nodes:
        words = [f"{node.sessions} clients", f"{newest - node.last} behind", f"heard {node.silent:g} s ago"]
        words += [f"version {node.version}", f"state {_STATES[node.equal]}"]
        click.echo(f"{node.name}{' (hub)' if node.hub else ''}: {', '.join(words)}")
