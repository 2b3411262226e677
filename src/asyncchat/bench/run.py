"""Runs scenarios on several servers in turn (A B A B), so that changes of the machine affect all alike.

A run is a fresh server, clients that join, the load, the metrics. Owns the order of these; must not know the
command line or the report.
"""

import gc
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from asyncchat.bench import process
from asyncchat.bench.api import ApiSetup, Posts
from asyncchat.bench.archive import Archives
from asyncchat.bench.churn import Churn
from asyncchat.bench.clients import Clients, Progress
from asyncchat.bench.load import Load, Setup
from asyncchat.bench.metrics import (
    Metrics,
    add_index,
    churn_metrics,
    idle_metrics,
    load_metrics,
    post_metrics,
    query_metrics,
)
from asyncchat.bench.poller import Poller, make_poller
from asyncchat.bench.protocols import make_dialect
from asyncchat.bench.queries import ArchiveIrc, Queries, pages, searches
from asyncchat.bench.results import Comparison, Results, Series, machine, recorded
from asyncchat.bench.scenario import QUERIES, Scenario, ScenarioError, Surface
from asyncchat.bench.search_index import IndexWatch
from asyncchat.bench.servers import Own, Running, Target

# With fewer records, the start of the process would be measured.
_LEAST_REPLAYED = 10_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How runs are made.

    Args:
        caps: IRC capabilities that each client asks for.
        server_cpu: The processor of the server.
        client_cpu: The processor of the generator.
    """

    caps: tuple[str, ...] = ()
    server_cpu: int | None = None
    client_cpu: int | None = None


def compare(
    groups: Sequence[Sequence[Scenario]],
    targets: Sequence[Target],
    settings: Settings,
    *,
    runs: int,
    past: Sequence[Results] = (),
    progress: Progress,
) -> Results:
    """Run each group of scenarios on each server, as often as asked.

    Args:
        groups: Scenarios of one group run one after the other on the same server.
        targets: The servers; the first is compared with the others, as far as they speak what is spoken.
        settings: How runs are made.
        runs: How often each server is run.
        past: Earlier results to compare with.
        progress: Called with a line about what is being done.

    Raises:
        AsyncChatError: A server does not start, cannot be reached or refuses clients.
    """
    results = Results(conditions=_conditions(settings, runs))
    beside = [[recorded(past, scenario) for scenario in group] for group in groups]
    with tempfile.TemporaryDirectory(prefix="asyncchat-bench-") as folder:
        archives = Archives(Path(folder), progress)
        for group, series_past in zip(groups, beside, strict=True):
            able = [target for target in targets if all(target.speaks(each.surface) for each in group)]
            if not able:
                raise ScenarioError(f"scenario {group[0].name}: none of these servers can be loaded so")
            table = [[Series(target.name, None, []) for target in able] for _ in group]
            for number in range(runs):
                for column, target in enumerate(able):

                    def tell(text: str, number: int = number) -> None:
                        progress(f"run {number + 1} of {runs}: {text}")

                    for row, (server, metrics) in enumerate(run(target, group, settings, tell, archives)):
                        series = table[row][column]
                        series.version = metrics.version or server.version
                        series.runs.append(metrics)
            for scenario, row_series, old in zip(group, table, series_past, strict=True):
                results.comparisons.append(Comparison(scenario, row_series + old))
    return results


def _conditions(settings: Settings, runs: int) -> dict[str, str]:
    said = {**machine(), "runs": str(runs), "caps": " ".join(settings.caps)}
    for name, cpu in (("server_cpu", settings.server_cpu), ("client_cpu", settings.client_cpu)):
        said[name] = "any" if cpu is None else str(cpu)
    return said


def run(
    target: Target,
    scenarios: Sequence[Scenario],
    settings: Settings,
    progress: Progress,
    archives: Archives | None = None,
) -> Iterator[tuple[Running, Metrics]]:
    """Start a server, load it with one scenario after another, and stop it.

    Raises:
        AsyncChatError: The server does not start, cannot be reached or refuses clients.
    """
    process.raise_file_limit(max(scenario.clients for scenario in scenarios))
    if settings.client_cpu is not None:
        process.pin(0, settings.client_cpu)
    rows = max(scenario.rows for scenario in scenarios)
    if isinstance(target, Own) and target.rows is not None:
        rows = target.rows
    archive = partial(archives.copy, rows) if rows and archives is not None else None
    surfaces = [each.surface for each in scenarios]
    surface: Surface = next((each for each in surfaces if each in ("websocket", "tls")), surfaces[0])
    with target.running(settings.server_cpu, settings.caps, archive, surface) as server:
        for scenario in scenarios:
            progress(f"{scenario.name}: {target.name}")
            poller = make_poller()
            # The load makes no cycles, and a collection would be measured as the server's latency.
            gc.collect()
            gc.freeze()
            gc.disable()
            try:
                yield server, _one(server, scenario, settings, poller, progress)
            finally:
                gc.enable()
                gc.unfreeze()
                poller.close()


def _one(
    server: Running, scenario: Scenario, settings: Settings, poller: Poller, progress: Progress
) -> Metrics:
    if scenario.kind == "post":
        return _posts(server, scenario, poller, progress)
    if scenario.kind in QUERIES:
        return _queries(server, scenario, poller, progress)
    caps = settings.caps if server.caps is None else server.caps
    dialect = make_dialect(server.address.dialect, caps, scenario.surface)
    if dialect.one_room and scenario.rooms > 1:
        raise ScenarioError(f"scenario {scenario.name}: the plain dialect has one room only")
    pid = server.pid
    before = server.memory_bytes()
    staying = scenario.clients - scenario.senders if scenario.kind == "churn" else scenario.clients
    rooms = [number % scenario.rooms for number in range(staying)]

    def tell(text: str) -> None:
        progress(f"{scenario.name}: {server.version or server.address}: {text}")

    outcome = None
    address = server.address
    if scenario.surface == "websocket" and server.web_port:
        address = replace(address, port=server.web_port)
    if scenario.surface == "tls":
        address = replace(address, tls=True)
    with Clients(address, dialect, rooms, poller, tell, server.others) as clients:
        came = server.cpu_seconds()
        join_seconds = clients.join()
        clients.settle()
        joined = server.cpu_seconds()
        after = server.memory_bytes()
        setup = Setup(clients, scenario, dialect, poller, server.cpu_seconds, tell, server.cpu_by_part)
        if scenario.kind == "takeover":
            setup = replace(setup, on_begin=server.kill_hub)
        watch = IndexWatch(server.database, pid) if server.database is not None and pid else None
        if scenario.kind == "idle":
            clients.stay(scenario.warmup)
            begin = server.cpu_seconds()
            clients.stay(scenario.seconds)
            metrics = idle_metrics(scenario, begin, server.cpu_seconds())
            clients.settle()  # all of them are still connected
        elif scenario.kind == "churn":
            metrics = churn_metrics(scenario, Churn(setup).run())
        else:
            outcome = Load(setup).run()
            metrics = load_metrics(scenario, outcome)
        clients.leave()
    if outcome is not None and not server.parts:
        add_index(metrics, watch.filled(tell) if watch is not None else None, outcome.end.sent)
    if outcome is not None and server.replay is not None and scenario.kind == "load":
        tell("one more node begins")
        records, seconds = server.replay()
        if records >= _LEAST_REPLAYED:
            metrics.values["replay_per_s"] = records / seconds
    metrics.version = server.version or clients.version
    metrics.values["join_seconds"] = join_seconds
    if came is not None and joined is not None:
        metrics.values["join_cpu_seconds"] = joined - came
    if before is not None and after is not None and after > before and scenario.kind != "churn":
        metrics.values["memory_kib"] = (after - before) / 1024 / staying
    return metrics


def _queries(server: Running, scenario: Scenario, poller: Poller, progress: Progress) -> Metrics:
    def tell(text: str) -> None:
        progress(f"{scenario.name}: {server.version or server.address}: {text}")

    if server.database is not None and server.pid:
        IndexWatch(server.database, server.pid).filled(tell)  # an older version makes it anew
    dialect = ArchiveIrc()
    with Clients(server.address, dialect, [0] * scenario.clients, poller, tell) as clients:
        clients.join()
        clients.settle()
        setup = Setup(clients, scenario, dialect, poller, server.cpu_seconds, tell)
        asked = (searches if scenario.kind == "search" else pages)(scenario.rows)
        queries = Queries(setup, asked)
        outcome = queries.run()
        metrics = query_metrics(scenario, outcome, queries)
        clients.leave()
    metrics.version = server.version or clients.version
    if server.start_seconds is not None:
        metrics.values["start_seconds"] = server.start_seconds
    return metrics


def _posts(server: Running, scenario: Scenario, poller: Poller, progress: Progress) -> Metrics:
    def tell(text: str) -> None:
        progress(f"{scenario.name}: {server.version or server.address}: {text}")

    cpu = server.cpu_seconds
    setup = ApiSetup(server.address, server.token(), scenario, poller, cpu, server.restart, tell)
    outcome, notes = Posts(setup).run()
    metrics = post_metrics(scenario, outcome)
    metrics.notes += notes
    metrics.version = server.version
    return metrics
