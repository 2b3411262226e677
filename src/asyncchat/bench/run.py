"""One run: a fresh server, clients that join, the load, the metrics.

Owns the order of these; must not know the command line or the report.
"""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asyncchat.bench import process
from asyncchat.bench.churn import Churn
from asyncchat.bench.clients import Clients, Progress
from asyncchat.bench.load import Load
from asyncchat.bench.metrics import Metrics, churn_metrics, idle_metrics, load_metrics
from asyncchat.bench.poller import Poller, make_poller
from asyncchat.bench.protocols import make_dialect
from asyncchat.bench.scenario import Scenario, ScenarioError
from asyncchat.bench.servers import Running, Target


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


def run(
    target: Target, scenarios: Sequence[Scenario], settings: Settings, progress: Progress
) -> Iterator[tuple[Running, Metrics]]:
    """Start a server, load it with one scenario after another, and stop it.

    Raises:
        AsyncChatError: The server does not start, cannot be reached or refuses clients.
    """
    process.raise_file_limit(max(scenario.clients for scenario in scenarios))
    if settings.client_cpu is not None:
        process.pin(0, settings.client_cpu)
    with target.running(settings.server_cpu, settings.caps) as server:
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
    dialect = make_dialect(server.address.dialect, settings.caps if server.caps is None else server.caps)
    if dialect.one_room and scenario.rooms > 1:
        raise ScenarioError(f"scenario {scenario.name}: the plain dialect has one room only")
    pid = server.pid
    before = process.memory_bytes(pid) if pid else None
    staying = scenario.clients - scenario.senders if scenario.kind == "churn" else scenario.clients
    rooms = [number % scenario.rooms for number in range(staying)]

    def server_cpu() -> float | None:
        return process.cpu_seconds(pid) if pid else None

    def tell(text: str) -> None:
        progress(f"{scenario.name}: {server.version or server.address}: {text}")

    with Clients(server.address, dialect, rooms, poller, tell) as clients:
        join_seconds = clients.join()
        clients.settle()
        after = process.memory_bytes(pid) if pid else None
        if scenario.kind == "idle":
            clients.stay(scenario.warmup)
            begin = server_cpu()
            clients.stay(scenario.seconds)
            metrics = idle_metrics(scenario, begin, server_cpu())
            clients.settle()  # all of them are still connected
        elif scenario.kind == "churn":
            metrics = churn_metrics(
                scenario, Churn(clients, scenario, dialect, poller, server_cpu, tell).run()
            )
        else:
            metrics = load_metrics(scenario, Load(clients, scenario, dialect, poller, server_cpu, tell).run())
        clients.leave()
    metrics.version = server.version or clients.version
    metrics.values["join_seconds"] = join_seconds
    if before is not None and after is not None and after > before and scenario.kind != "churn":
        metrics.values["memory_kib"] = (after - before) / 1024 / staying
    return metrics
