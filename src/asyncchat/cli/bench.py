"""``asyncchat bench``: reads its options, runs the comparison and prints it."""

import sys
import tempfile
from functools import partial
from pathlib import Path

import click

from asyncchat.bench import plot, report, results, scenario
from asyncchat.bench.clusters import Cluster
from asyncchat.bench.protocols import parse_url
from asyncchat.bench.run import Settings, compare
from asyncchat.bench.servers import PEERS, Own, Peer, Remote, Target, WithCapabilities, source_at
from asyncchat.cli._help import SectionedCommand
from asyncchat.errors import AsyncChatError

_ALL = "all"
_COMPARED_RUNS = 3
_MOST_RUNS = 100
_MOST_NODES = 16


def _url(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            parse_url(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


def _scenarios(
    names: tuple[str, ...], script: Path | None, seconds: float | None, warmup: float | None, first: Target
) -> list[tuple[scenario.Scenario, ...]]:
    if script is not None and names:
        raise click.UsageError("give scenarios or --script, not both")
    try:
        if script is not None:
            groups = [scenario.load_script(script)]
        else:
            wanted = tuple(scenario.SCENARIOS) if _ALL in names else names or ("room",)
            groups = [(scenario.find(name),) for name in wanted]
            if _ALL in names:
                groups = [group for group in groups if first.speaks(group[0].surface)]
        return [tuple(each.timed(seconds, warmup) for each in group) for group in groups]
    except scenario.ScenarioError as error:
        raise click.UsageError(str(error)) from error


def _first(
    url: str | None,
    pid: int | None,
    token: str,
    serve_options: tuple[str, ...],
    no_history: bool,
    cluster: Cluster | None,
) -> Target:
    if pid is not None and url is None:
        raise click.UsageError("--pid needs --url")
    if url is not None and (serve_options or no_history):
        raise click.UsageError("--serve-option and --no-history are for our own server, not for --url")
    if cluster is not None and (url is not None or no_history):
        raise click.UsageError(
            "--nodes starts our own servers, with a history: leave out --url, --no-history"
        )
    if cluster is not None:
        return cluster
    return Remote(url, pid, token) if url is not None else Own(serve_options, not no_history)


def _others(
    peers: tuple[str, ...], against: tuple[str, ...], pids: tuple[int, ...]
) -> tuple[list[Target], list[results.Results]]:
    targets: list[Target] = [Peer(peer) for peer in peers]
    past = []
    waiting = list(pids)
    for each in against:
        if "://" in each:
            try:
                parse_url(each)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="--against") from error
            targets.append(Remote(each, waiting.pop(0) if waiting else None))
        else:
            past.append(results.load(Path(each)))
    if waiting:
        raise click.UsageError("--against-pid needs an --against URL of its own")
    return targets, past


def _read_document(path: Path | None) -> str:
    try:
        return path.read_text("utf-8") if path is not None and path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise AsyncChatError(f"cannot read {path}: {error}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise AsyncChatError(f"cannot write {path}: {error.strerror or error}") from error


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text[:100]}", nl=False, err=True)


_SECTIONS = {
    "What is run": ("script", "seconds", "warmup", "rows", "caps", "runs"),
    "Which server": ("url", "pid", "token", "no_history", "serve_options", "server_cpu", "client_cpu"),
    "Several nodes": ("nodes", "against_nodes", "nats_servers", "nats_syncs", "hub_apart"),
    "Compared with": (
        "peers", "against", "against_pids", "revisions", "against_rows", "against_unindexed", "against_caps",
        "against_options",
    ),
    "Results": ("json_path", "markdown_path", "plot_path"),
}  # fmt: skip
"""The options by what they are about."""


@click.command(
    "bench", cls=SectionedCommand, sections=_SECTIONS, short_help="Load a chat server and measure it."
)
@click.argument("names", metavar="[SCENARIO]...", nargs=-1)
@click.option("--script", type=click.Path(path_type=Path), help="Run the phases of this TOML file instead.")
@click.option("--seconds", type=float, help="Measured time in seconds.")
@click.option(
    "--rows",
    type=click.IntRange(scenario.LEAST_ROWS, scenario.MOST_ROWS),
    help="Messages of our server's history before the load.  [default: search, history: 1000000, else 0]",
)
@click.option(
    "--against-rows",
    type=click.IntRange(scenario.LEAST_ROWS, scenario.MOST_ROWS),
    help="Compare with our server with so many messages in its history before the load.",
)
@click.option(
    "--against-unindexed",
    is_flag=True,
    help="Compare with our server when it makes the search's index of the --rows meanwhile.",
)
@click.option("--warmup", type=float, help="Seconds of the same load before that, not measured.")
@click.option(
    "--url", callback=_url, help="Load this server instead of ours: irc://HOST:PORT or plain://HOST:PORT."
)
@click.option(
    "--pid",
    type=click.IntRange(1),
    help="Process id of the --url server, if it is not the process that listens there.",
)
@click.option(
    "--token", default="", help="A token of the --url server that may post and read in every room, for api."
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    type=click.Choice(PEERS),
    help="Load this installed server in turn with ours (repeatable).",
)
@click.option(
    "--against",
    multiple=True,
    metavar="FILE|URL",
    help="Compare with the --json file of an earlier run, or with a running server (repeatable).",
)
@click.option(
    "--against-pid",
    "against_pids",
    multiple=True,
    type=click.IntRange(1),
    help="Process id of an --against URL, in the same order (repeatable).",
)
@click.option(
    "--against-revision",
    "revisions",
    multiple=True,
    metavar="REV",
    help="Compare with our server as it was at this git revision, in a checkout (repeatable).",
)
@click.option(
    "--runs",
    type=click.IntRange(1, _MOST_RUNS),
    help="Runs of each server.  [default: 3 if servers are compared, else 1]",
)
@click.option("--server-cpu", type=click.IntRange(0), help="Pin the server to this processor.")
@click.option("--client-cpu", type=click.IntRange(0), help="Pin the load generator to this processor.")
@click.option("--caps", default="", help="IRC capabilities that clients request, separated by spaces.")
@click.option("--against-caps", help="Compare with clients that request these capabilities; '' for none.")
@click.option("--no-history", is_flag=True, help="Start our server without history.")
@click.option(
    "--serve-option",
    "serve_options",
    multiple=True,
    metavar="OPTION",
    help="Pass this argument to our server, for example --serve-option=--ascii-names (repeatable).",
)
@click.option(
    "--against-serve-option",
    "against_options",
    multiple=True,
    metavar="OPTION",
    help="Compare with our server as it is with this argument instead (repeatable: one server with all).",
)
@click.option(
    "--nodes",
    type=click.IntRange(1, _MOST_NODES),
    help="Start a cluster of so many nodes, and spread the clients over them.",
)
@click.option(
    "--against-nodes",
    "against_nodes",
    multiple=True,
    type=click.IntRange(1, _MOST_NODES),
    help="Compare with a cluster of so many nodes (repeatable).",
)
@click.option(
    "--nats-servers",
    type=click.Choice(["1", "3"]),
    default="1",
    show_default=True,
    help="Servers of NATS that keep a cluster's stream.",
)
@click.option("--nats-syncs", is_flag=True, help="These sync each write.")
@click.option("--hub-apart", is_flag=True, help="No client is on the node that decides.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write all results to this JSON file."
)
@click.option(
    "--markdown",
    "markdown_path",
    type=click.Path(path_type=Path),
    help="Write a Markdown table to this file; in a document with <!-- bench: begin --> and <!-- bench: end "
    "--> only between these lines.",
)
@click.option("--plot", "plot_path", type=click.Path(path_type=Path), help="Write a chart to this SVG file.")
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    script: Path | None,
    seconds: float | None,
    warmup: float | None,
    rows: int | None,
    against_rows: int | None,
    against_unindexed: bool,
    url: str | None,
    pid: int | None,
    token: str,
    peers: tuple[str, ...],
    against: tuple[str, ...],
    against_pids: tuple[int, ...],
    revisions: tuple[str, ...],
    runs: int | None,
    server_cpu: int | None,
    client_cpu: int | None,
    caps: str,
    against_caps: str | None,
    no_history: bool,
    serve_options: tuple[str, ...],
    against_options: tuple[str, ...],
    nodes: int | None,
    against_nodes: tuple[int, ...],
    nats_servers: str,
    nats_syncs: bool,
    hub_apart: bool,
    json_path: Path | None,
    markdown_path: Path | None,
    plot_path: Path | None,
) -> None:
    """Load a chat server, check every delivery, and report how much processor time it used.

    SCENARIO is room (the default), big-room, huge-room, rooms, steady, tls, light, idle, churn, web,
    huge-web, api, search, history, take-over, or all. Without --url it starts its own server, without limits
    and with an empty history; search and history read one that is made before, and take-over needs --nodes.
    The exit status is 1 if a delivery was lost, duplicated or out of order, or if the server disconnected a
    client.
    """
    of_nodes = partial(
        Cluster,
        options=serve_options,
        nats_servers=int(nats_servers),
        syncs=nats_syncs,
        hub_apart=hub_apart,
    )
    cluster = None if nodes is None else of_nodes(nodes)
    first = _first(url, pid, token, serve_options, no_history, cluster)
    groups = [
        tuple(each.sized(rows) for each in group)
        for group in _scenarios(names, script, seconds, warmup, first)
    ]
    others, past = _others(peers, against, against_pids)
    if revisions and url is not None:
        raise click.UsageError("--against-revision is for our own server, not for --url")
    if against_options and url is not None:
        raise click.UsageError("--against-serve-option: these are for our own server, not for --url")
    for revision in revisions:
        folder = context.with_resource(tempfile.TemporaryDirectory(prefix="asyncchat-bench-"))
        source = source_at(revision, Path(folder))
        others.append(Own(serve_options, not no_history, f"asyncchat at {revision}", source))
    if against_options:
        others.append(Own(against_options, not no_history, f"asyncchat {' '.join(against_options)}"))
    if (against_rows is not None or against_unindexed) and url is not None:
        raise click.UsageError("--against-rows and --against-unindexed are for our own server, not for --url")
    if against_rows is not None:
        others.append(Own(serve_options, name=f"asyncchat with {against_rows:,} messages", rows=against_rows))
    if against_unindexed:
        if rows is None:
            raise click.UsageError("--against-unindexed needs --rows")
        others.append(Own(serve_options, name="asyncchat, indexing", rows=rows, indexed=False))
    others += [of_nodes(count) for count in against_nodes]
    if against_caps is not None:
        others.append(WithCapabilities(first, tuple(against_caps.split())))
    document = _read_document(markdown_path)
    settings = Settings(tuple(caps.split()), server_cpu, client_cpu)
    try:
        found = compare(
            groups,
            [first, *others],
            settings,
            runs=runs or (_COMPARED_RUNS if others else 1),
            past=past,
            progress=_show_progress,
        )
    finally:
        _show_progress("")
    click.echo(report.table(found), nl=False)
    if json_path is not None:
        _write(json_path, found.dump())
    if markdown_path is not None:
        _write(markdown_path, report.in_document(found, document))
    if plot_path is not None:
        _write(plot_path, plot.svg(found))
    context.exit(1 if found.faulty() else 0)
