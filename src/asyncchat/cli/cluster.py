"""``asyncchat cluster``: how the nodes of a cluster are, and one of them taken out.

Owns the arguments and the output; must not know how nodes meet.
"""

import time
from pathlib import Path

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._help import Group
from asyncchat.control.client import ask
from asyncchat.control.requests import ClusterStatus, Drain, Drained, GetCluster
from asyncchat.control.wire import Refused
from asyncchat.text.sentences import counted

_LOOK_SECONDS = 1.0

_END_LOOKS = 30
"""Looks without an answer after which it is said that a node does not end."""

_STATES = {True: "equal", False: "differs", None: "not compared"}


@click.group("cluster", cls=Group)
def command() -> None:
    """Show how the nodes of a cluster are, or take one out. A running node on this machine is asked."""


@command.command("status")
@database_options
def status(db: str | None, config: str | None) -> None:
    """List the nodes: which is the hub, how many clients each serves, how far each is.

    "clients" are its connections, those of browsers that load the page among them. "behind" are records that
    another node has told its clients already. A node that has not been heard for 10 seconds is taken for
    lost, and sooner if it has no connection to NATS. "state" says whether the nodes of one version have the
    same chat, which they compare every 30 seconds. "people can only read" is said where what the node's
    people say can't be kept at the moment, as without a majority of the servers of NATS.
    """
    found = ask(named_database(db, config), GetCluster(), ClusterStatus)
    click.echo(
        f"stream {found.stream}, term {found.term}, level {found.level}"
        f"{'' if found.connected else ', NATS is not reached'}"
        f"{', people can only read' if found.read_only else ''}"
    )
    newest = max((node.last for node in found.nodes), default=0)
    for node in found.nodes:
        words = [
            counted(node.sessions, "client", "clients"),
            f"{newest - node.last} behind",
            f"heard {node.silent:g} s ago",
        ]
        words += [f"version {node.version}", f"state {_STATES[node.equal]}"]
        click.echo(f"{node.name}{' (hub)' if node.hub else ''}: {', '.join(words)}")


@command.command("drain")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86_400),
    default=30.0,
    metavar="N",
    help="Have the clients go within this time, evenly.  [default: 30]",
)
@database_options
def drain(seconds: float, db: str | None, config: str | None) -> None:
    """Take a node out of service: its people go to other nodes, then it leaves the cluster and ends.

    It lets nobody new in; /readyz says so to load balancers (503). Its people are told, and disconnected
    one after the other: asyncchat's clients that know other nodes, and the page, go on there by themselves.
    This command waits until the server has ended.
    """
    database = named_database(db, config)
    request = Drain(seconds)
    told = ask(database, request, Drained)
    if not told.running:
        raise Refused("No server is running with this history, so it is no node of a cluster")
    click.echo(f"{counted(told.left, 'client is', 'clients are')} asked to go within {seconds:g} s.")
    while told.running:
        time.sleep(_LOOK_SECONDS)
        now = _look(database, request)
        if now.left != told.left and now.running:
            click.echo(f"{now.left} left.")
        told = now
    click.echo("The node has left the cluster, and its server has ended.")


def _look(database: Path, request: Drain) -> Drained:
    """How far it is; a server that is just ending does not answer."""
    for looks_left in range(_END_LOOKS, -1, -1):
        try:
            return ask(database, request, Drained)
        except Refused:
            if not looks_left:
                raise
            time.sleep(_LOOK_SECONDS)
    raise AssertionError("it has returned or raised")
