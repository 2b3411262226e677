"""The metrics of a run, notes on what they mean, and the median of several runs.

Owns the computation from marks and samples; must not know sockets, files or the table.
"""

import itertools
import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from asyncchat.bench.load import HUB, NATS, NODES, Mark, Outcome
from asyncchat.bench.queries import Queries
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.search_index import Filling

PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)
_LATENCIES = (*(f"p{percentile:g}_ms" for percentile in PERCENTILES[:-1]), "max_ms")
_COSTS = ("cpu_us", "full_us", "server_busy", "generator_us", "deliveries_per_s")
# For the plot: enough points for a smooth curve, denser towards the end.
CURVE = tuple(100.0 - 100.0 / 2**half for half in (step / 2 for step in range(29)))
# One microsecond to an hour: what is outside counts at the end.
_LEAST, _MOST = 1, 3_600_000_000
# From this share on a core counts as fully busy: the kernel takes the rest.
_BUSY = 95.0
# In a closed loop the server or the generator is busy, unless both wait.
_WAITING = 60.0
# When all other programs use more of a core than this, they disturb; an idle system needs 1% or 2%.
_OTHERS = 10.0
# A rate counts as reached when at least this share of its messages was sent.
_KEPT = 0.98
# When an open loop's sender is later than this, the generator itself delayed it.
_LATE_SECONDS = 0.01
_BEHIND_SECONDS = 0.5


class Measure(NamedTuple):
    """One line of the report: its key in JSON, label, unit, digits, and which direction is better."""

    key: str
    label: str
    unit: str
    digits: int
    better: Literal["less", "more", "neither"]


MEASURES = (
    Measure("cpu_us", "server CPU a delivery", "us", 3, "less"),
    Measure("index_us", "search index CPU a delivery, later", "us", 3, "less"),
    Measure("full_us", "CPU a delivery with that", "us", 3, "less"),
    Measure("deliveries_per_s", "deliveries", "1/s", 0, "more"),
    Measure("bytes", "network bytes a delivery", "B", 1, "less"),
    Measure("messages_per_s", "messages", "1/s", 0, "more"),
    Measure("hub_us", "CPU of the hub's node a message", "us", 1, "less"),
    Measure("nodes_us", "CPU of another node a message", "us", 1, "less"),
    Measure("nats_us", "CPU of all NATS servers a message", "us", 1, "less"),
    Measure("takeover_ms", "take-over", "ms", 0, "less"),
    Measure("replay_per_s", "records that a new node takes over", "1/s", 0, "more"),
    Measure("posts_per_s", "posts", "1/s", 0, "more"),
    Measure("post_cpu_us", "server CPU a post", "us", 1, "less"),
    Measure("queries_per_s", "answers", "1/s", 1, "more"),
    Measure("query_cpu_us", "server CPU an answer", "us", 0, "less"),
    Measure("start_seconds", "start of the server", "s", 3, "less"),
    Measure("first_ms", "first answer", "ms", 3, "less"),
    *(
        Measure(f"{kind}_{percentile}_ms", f"{label} {percentile}", "ms", 3, "less")
        for kind, label in (
            ("newest", "newest page"),
            ("far", "page from far back"),
            ("common", "frequent word"),
            ("rare", "rare word"),
            ("absent", "word that nobody said"),
        )
        for percentile in ("p50", "p99")
    ),
    Measure("sessions_per_s", "sessions", "1/s", 0, "more"),
    Measure("session_cpu_us", "server CPU a session", "us", 1, "less"),
    Measure("p50_ms", "latency p50", "ms", 3, "less"),
    Measure("p90_ms", "latency p90", "ms", 3, "less"),
    Measure("p99_ms", "latency p99", "ms", 3, "less"),
    Measure("p99.9_ms", "latency p99.9", "ms", 3, "less"),
    Measure("max_ms", "latency max", "ms", 3, "less"),
    Measure("within_p50_ms", "within a node p50", "ms", 3, "less"),
    Measure("within_p99_ms", "within a node p99", "ms", 3, "less"),
    Measure("across_p50_ms", "across nodes p50", "ms", 3, "less"),
    Measure("across_p99_ms", "across nodes p99", "ms", 3, "less"),
    Measure("join_seconds", "all have joined after", "s", 3, "less"),
    Measure("join_cpu_seconds", "server CPU until then", "s", 3, "less"),
    Measure("memory_kib", "memory a connection", "KiB", 2, "less"),
    Measure("server_busy", "server's core busy", "%", 1, "neither"),
    Measure("generator_busy", "generator's core busy", "%", 1, "neither"),
    Measure("generator_us", "generator CPU a delivery", "us", 3, "neither"),
    Measure("generator_query_us", "generator CPU an answer", "us", 0, "neither"),
    Measure("generator_post_us", "generator CPU a post", "us", 1, "neither"),
)


@dataclass(slots=True)
class Metrics:
    """The metrics of one run, or the median of several.

    Args:
        scenario: The scenario's name.
        values: By a measure's key; a value that could not be measured is missing.
        faults: What was wrong with deliveries, in words; empty: nothing.
        examples: Lines that show the faults.
        notes: What a reader must know to understand the metrics.
        curve: Percentile and latency in milliseconds, for the plot.
        version: What the server calls itself.
    """

    scenario: str
    values: dict[str, float]
    faults: str = ""
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    version: str | None = None


def load_metrics(scenario: Scenario, outcome: Outcome) -> Metrics:
    """Return the metrics of a load."""
    metrics = _metrics(scenario, outcome)
    if scenario.kind == "takeover":
        metrics.values["takeover_ms"] = metrics.values["max_ms"]
        for name in (*_LATENCIES, *_COSTS):
            metrics.values.pop(name, None)  # they have the pause in them
        return metrics
    metrics.notes += _load_notes(scenario, outcome, metrics)
    _add_nodes(metrics, outcome)
    return metrics


def _add_nodes(metrics: Metrics, outcome: Outcome) -> None:
    """Add what several nodes cost, and how long messages take within one and across."""
    begin, end = outcome.begin, outcome.end
    messages, values = end.sent - begin.sent, metrics.values
    used = {part: cpu - begin.cpu_by_part[part] for part, cpu in end.cpu_by_part.items()}
    if used and messages:
        values["hub_us"] = used[HUB] / messages * 1e6
        values["nats_us"] = used[NATS] / messages * 1e6
        if used[NODES]:
            values["nodes_us"] = used[NODES] / messages * 1e6
    for way, samples in (("within", outcome.within), ("across", outcome.across)):
        names = (f"{way}_p50_ms", f"{way}_p99_ms")
        values.update(zip(names, percentiles(samples, (50.0, 99.0)), strict=False))


def add_index(metrics: Metrics, filling: Filling | None, messages: int) -> None:
    """Add what the search's index did and costs; None: the server has none.

    Args:
        metrics: Those of a load.
        filling: How the index was filled afterwards.
        messages: How many were sent in the whole run.
    """
    values, later = metrics.values, 0.0
    if filling is not None:
        metrics.notes.append(filling.describe())
        values["index_lacked"], values["index_seconds"] = float(filling.lacked), filling.seconds
        if filling.row_us is not None and values["deliveries_per_s"] and messages:
            values["index_row_us"] = filling.row_us
            # What it did during the run is in the server's CPU already.
            share = min(1.0, filling.lacked / messages) * values["messages_per_s"]
            later = values["index_us"] = filling.row_us * share / values["deliveries_per_s"]
    if "cpu_us" in values:
        values["full_us"] = values["cpu_us"] + later


def churn_metrics(scenario: Scenario, outcome: Outcome) -> Metrics:
    """Return the metrics of a churn."""
    metrics = _metrics(scenario, outcome)
    metrics.values.pop("cpu_us", None)  # most of the time is spent on joining and leaving
    metrics.values["sessions_per_s"] = outcome.sessions / (outcome.end.at - outcome.begin.at)
    cpu = _server_cpu(outcome.begin, outcome.end)
    if cpu is not None and outcome.sessions:
        metrics.values["session_cpu_us"] = cpu / outcome.sessions * 1e6
    metrics.notes += _busy_note(metrics, closed=True)
    return metrics


def post_metrics(scenario: Scenario, outcome: Outcome) -> Metrics:
    """Return the metrics of posts over HTTP: what is a delivery elsewhere is an acknowledged post here."""
    metrics = _metrics(scenario, outcome)
    values = metrics.values
    values["posts_per_s"] = values.pop("deliveries_per_s")
    del values["messages_per_s"]
    for each, named in (("cpu_us", "post_cpu_us"), ("generator_us", "generator_post_us")):
        if each in values:
            values[named] = values.pop(each)
    metrics.notes += _busy_note(metrics, closed=True)
    return metrics


def query_metrics(scenario: Scenario, outcome: Outcome, queries: Queries) -> Metrics:
    """Return the metrics of searches or pages of the history, each answered before the next is asked."""
    metrics = _metrics(scenario, outcome)
    values = metrics.values
    values["queries_per_s"] = values.pop("deliveries_per_s")
    del values["messages_per_s"]
    for each, named in (("cpu_us", "query_cpu_us"), ("generator_us", "generator_query_us")):
        if each in values:
            values[named] = values.pop(each)
    for name in _LATENCIES:
        values.pop(name, None)  # of questions that are not alike
    values["first_ms"] = queries.first_ms
    for kind, samples in queries.samples.items():
        found = percentiles([samples.latencies], (50.0, 99.0))
        values.update(zip((f"{kind}_p50_ms", f"{kind}_p99_ms"), found, strict=False))
    if queries.incomplete:
        metrics.notes.append(f"{queries.incomplete:,} searches could not look everywhere in their time")
    return metrics


def idle_metrics(scenario: Scenario, begin: float | None, end: float | None) -> Metrics:
    """Return the metrics of a server while nobody sends."""
    values = {}
    if begin is not None and end is not None:
        values["server_busy"] = (end - begin) / scenario.seconds * 100
    return Metrics(scenario.name, values)


def _metrics(scenario: Scenario, outcome: Outcome) -> Metrics:
    # A delivery is one message to one member.
    begin, end, faults = outcome.begin, outcome.end, outcome.faults
    seconds, delivered = end.at - begin.at, end.delivered - begin.delivered
    generator = end.generator_cpu - begin.generator_cpu
    values = {
        "deliveries_per_s": delivered / seconds,
        "messages_per_s": (end.sent - begin.sent) / seconds,
        "generator_busy": generator / seconds * 100,
    }
    cpu = _server_cpu(begin, end)
    if cpu is not None:
        values["server_busy"] = cpu / seconds * 100
    if delivered > 0:
        if end.received > begin.received:
            values["bytes"] = (end.received - begin.received) / delivered
        values["generator_us"] = generator / delivered * 1e6
        if cpu is not None:
            values["cpu_us"] = cpu / delivered * 1e6
    samples = [each.latencies for each in outcome.latencies]
    values.update(zip(_LATENCIES, percentiles(samples, PERCENTILES), strict=False))
    curve = list(zip(CURVE, percentiles(samples, CURVE), strict=False))
    notes = _others_note(begin, end)
    return Metrics(scenario.name, values, faults.describe(), list(faults.examples), notes, curve)


def _others_note(begin: Mark, end: Mark) -> list[str]:
    """Say when other programs used much of the processors, which distorts times."""
    server = _server_cpu(begin, end)
    if server is None or begin.machine_cpu is None or end.machine_cpu is None:
        return []
    generator = end.generator_cpu - begin.generator_cpu + end.spun - begin.spun
    used = end.machine_cpu - begin.machine_cpu - server - generator
    share = used / (end.at - begin.at) * 100
    if share < _OTHERS:
        return []
    return [f"other programs used {share:.0f}% of a core meanwhile, which distorts rates and latencies"]


def _server_cpu(begin: Mark, end: Mark) -> float | None:
    if begin.server_cpu is None or end.server_cpu is None:
        return None
    return end.server_cpu - begin.server_cpu


def percentiles(samples: Iterable[Sequence[int]], wanted: Sequence[float]) -> list[float]:
    """Return the wanted percentiles in milliseconds, of samples in microseconds; empty without samples.

    A percentile is the sample with the nearest rank, exact over all samples. Latencies are whole
    microseconds, so counting them by value needs little memory even for millions of samples.
    """
    counts: Counter[int] = Counter()
    for values in samples:
        counts.update(values)
    if not counts:
        return []
    values = sorted(counts)
    ranks = list(itertools.accumulate(counts[value] for value in values))
    found = (values[bisect_left(ranks, max(1, int(part / 100 * ranks[-1] + 0.5)))] for part in wanted)
    return [min(max(value, _LEAST), _MOST) / 1000 for value in found]


def _load_notes(scenario: Scenario, outcome: Outcome, metrics: Metrics) -> list[str]:
    notes = []
    if outcome.sampled:
        notes.append(f"latency of all messages to {outcome.sampled} of {scenario.clients} clients")
    if scenario.rate is not None:
        reached = metrics.values["messages_per_s"]
        if reached < scenario.rate * _KEPT:
            notes.append(
                f"the rate was not reached: {reached:,.0f} of {scenario.rate:,.0f} messages/s were sent"
            )
        elif outcome.late > _LATE_SECONDS:
            notes.append(
                f"the generator sent up to {outcome.late * 1000:.0f} ms late; the latency includes that"
            )
        if outcome.behind > _BEHIND_SECONDS:
            notes.append(
                f"the server was {outcome.behind:.1f} s behind at the end: it cannot sustain this rate"
            )
    notes += _busy_note(metrics, closed=scenario.rate is None)
    if outcome.separate > 0:
        notes.append(f"{outcome.separate} clients received the senders' messages in another order")
    return notes


def _busy_note(metrics: Metrics, *, closed: bool) -> list[str]:
    generator, server = metrics.values["generator_busy"], metrics.values.get("server_busy", 0.0)
    disturbed = bool(metrics.notes)  # by other programs
    if closed and server and max(generator, server) < _WAITING and not disturbed:
        return [
            f"neither the server ({server:.0f}% of a core) nor the generator ({generator:.0f}%) was busy: "
            "both waited, for each other, for a timer or for TCP's delayed acknowledgements"
        ]
    if generator < _BUSY or server >= _BUSY:
        return []
    said = f"the generator was the bottleneck (its core {generator:.0f}% busy, the server's {server:.0f}%): "
    if closed:
        return [said + "it limits deliveries/s and latency; the CPU a delivery is the server's at this rate"]
    return [said + "the latency includes its queue"]


def median(runs: Sequence[Metrics]) -> Metrics:
    """Return the median of each figure over the runs that have it, with the faults and notes of all."""
    keys = dict.fromkeys(key for run in runs for key in run.values)
    values = {key: statistics.median(run.values[key] for run in runs if key in run.values) for key in keys}
    faults = "; ".join(dict.fromkeys(run.faults for run in runs if run.faults))
    # When notes differ only in their numbers, the last run's is enough.
    notes = list({_shape(note): note for run in runs for note in run.notes}.values())
    curves = [dict(run.curve) for run in runs if run.curve]
    curve = [(at, statistics.median(each[at] for each in curves)) for at in (curves[0] if curves else ())]
    examples = [example for run in runs for example in run.examples]
    return Metrics(runs[0].scenario, values, faults, examples[:3], notes, curve, runs[-1].version)


def _shape(note: str) -> str:
    return "".join(letter for letter in note if not letter.isdigit() and letter not in ".,")
