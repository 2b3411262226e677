"""Runs scenarios on several servers in turn (A B A B), so that changes of the machine affect all alike.

Owns the order of the runs; must not know how one is made.
"""

from collections.abc import Sequence

from asyncchat.bench.clients import Progress
from asyncchat.bench.results import Comparison, Results, Series, machine, recorded
from asyncchat.bench.run import Settings, run
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.servers import Target


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
        targets: The servers; the first is compared with the others.
        settings: How runs are made.
        runs: How often each server is run.
        past: Earlier results to compare with.
        progress: Called with a line about what is being done.

    Raises:
        AsyncChatError: A server does not start, cannot be reached or refuses clients.
    """
    results = Results(conditions=_conditions(settings, runs))
    beside = [[recorded(past, scenario) for scenario in group] for group in groups]
    for group, series_past in zip(groups, beside, strict=True):
        table = [[Series(target.name, None, []) for target in targets] for _ in group]
        for number in range(runs):
            for column, target in enumerate(targets):

                def tell(text: str, number: int = number) -> None:
                    progress(f"run {number + 1} of {runs}: {text}")

                for row, (server, metrics) in enumerate(run(target, group, settings, tell)):
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
