"""The figures of a run, what they mean in words, and the median of several runs.

Pure: knows marks, samples and names; nothing of sockets, files or the table.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from asyncchat.bench.check import Faults
from asyncchat.bench.churn import ChurnOutcome
from asyncchat.bench.latency import CURVE, PERCENTILES, percentiles
from asyncchat.bench.load import Mark, Outcome
from asyncchat.bench.scenario import Scenario

# From here on a core counts as busy all the time: the kernel takes the rest.
_BUSY = 95.0
# In a closed loop someone is always busy, unless all wait.
_WAITING = 60.0
# More than so much of a core for all other programs together disturbs; an idle system needs one or two.
_OTHERS = 10.0
# A rate counts as kept with at least this share of its messages.
_KEPT = 0.98
# Later than this, an open loop's sender was held up by the generator itself.
_LATE_SECONDS = 0.01
_BEHIND_SECONDS = 0.5


class Measure(NamedTuple):
    """One line of the report: its key in JSON, its words, its unit, its digits, and what is better."""

    key: str
    label: str
    unit: str
    digits: int
    better: Literal["less", "more", "neither"]


MEASURES = (
    Measure("cpu_us", "server CPU a delivery", "us", 3, "less"),
    Measure("deliveries_per_s", "deliveries", "1/s", 0, "more"),
    Measure("messages_per_s", "messages", "1/s", 0, "more"),
    Measure("sessions_per_s", "sessions", "1/s", 0, "more"),
    Measure("session_cpu_us", "server CPU a session", "us", 1, "less"),
    Measure("p50_ms", "latency p50", "ms", 3, "less"),
    Measure("p90_ms", "latency p90", "ms", 3, "less"),
    Measure("p99_ms", "latency p99", "ms", 3, "less"),
    Measure("p99.9_ms", "latency p99.9", "ms", 3, "less"),
    Measure("max_ms", "latency max", "ms", 3, "less"),
    Measure("join_seconds", "all have joined after", "s", 3, "less"),
    Measure("memory_kib", "memory a connection", "KiB", 2, "less"),
    Measure("server_busy", "server's core busy", "%", 1, "neither"),
    Measure("generator_busy", "generator's core busy", "%", 1, "neither"),
    Measure("generator_us", "generator CPU a delivery", "us", 3, "neither"),
)


@dataclass(slots=True)
class Figures:
    """What one run, or the median of several, says.

    Args:
        scenario: The scenario's name.
        values: By a measure's key; what could not be measured is missing.
        faults: What was wrong with deliveries, in plain words; empty: nothing.
        examples: Lines that show it.
        notes: What a reader must know to read the figures right.
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


def of_load(scenario: Scenario, outcome: Outcome) -> Figures:
    """Turn a load's outcome into figures."""
    figures = _figures(scenario, outcome.begin, outcome.end, outcome.faults)
    _add_latency(figures, [samples.latencies for samples in outcome.latencies])
    figures.notes += load_notes(scenario, outcome, figures.values)
    return figures


def of_churn(scenario: Scenario, outcome: ChurnOutcome) -> Figures:
    """Turn the outcome of a churn into figures."""
    figures = _figures(scenario, outcome.begin, outcome.end, outcome.faults)
    _add_latency(figures, [samples.latencies for samples in outcome.latencies])
    seconds = outcome.end.at - outcome.begin.at
    figures.values.pop("cpu_us", None)  # most of the time goes into coming and going
    figures.values["sessions_per_s"] = outcome.sessions / seconds
    cpu = _server_cpu(outcome.begin, outcome.end)
    if cpu is not None and outcome.sessions:
        figures.values["session_cpu_us"] = cpu / outcome.sessions * 1e6
    figures.notes += _busy_note(
        figures.values, closed=True, disturbed=bool(_others_note(outcome.begin, outcome.end))
    )
    return figures


def of_idle(scenario: Scenario, begin: float | None, end: float | None) -> Figures:
    """Say what a server does while nobody talks."""
    values = {}
    if begin is not None and end is not None:
        values["server_busy"] = (end - begin) / scenario.seconds * 100
    return Figures(scenario.name, values)


def _figures(scenario: Scenario, begin: Mark, end: Mark, faults: Faults) -> Figures:
    # A delivery is one message to one member.
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
        values["generator_us"] = generator / delivered * 1e6
        if cpu is not None:
            values["cpu_us"] = cpu / delivered * 1e6
    notes = _others_note(begin, end)
    return Figures(scenario.name, values, faults.describe(), list(faults.examples), notes)


def _others_note(begin: Mark, end: Mark) -> list[str]:
    """Say when other programs had a good part of the processors: then times are theirs too."""
    server = _server_cpu(begin, end)
    if server is None or begin.machine_cpu is None or end.machine_cpu is None:
        return []
    generator = end.generator_cpu - begin.generator_cpu + end.spun - begin.spun
    used = end.machine_cpu - begin.machine_cpu - server - generator
    share = used / (end.at - begin.at) * 100
    if share < _OTHERS:
        return []
    return [f"other programs used {share:.0f}% of a core meanwhile: rates and latencies suffer from it"]


def _server_cpu(begin: Mark, end: Mark) -> float | None:
    if begin.server_cpu is None or end.server_cpu is None:
        return None
    return end.server_cpu - begin.server_cpu


def _add_latency(figures: Figures, samples: Sequence[Sequence[int]]) -> None:
    names = [f"p{percentile:g}_ms" for percentile in PERCENTILES[:-1]] + ["max_ms"]
    figures.values.update(zip(names, percentiles(samples, PERCENTILES), strict=False))
    figures.curve = list(zip(CURVE, percentiles(samples, CURVE), strict=False))


def load_notes(scenario: Scenario, outcome: Outcome, values: dict[str, float]) -> list[str]:
    """Say what limits the meaning of a load's figures."""
    notes = []
    if outcome.sampled:
        notes.append(f"latency of all messages to {outcome.sampled} of {scenario.clients} clients")
    if scenario.rate is not None:
        reached = values["messages_per_s"]
        if reached < scenario.rate * _KEPT:
            notes.append(
                f"the rate was not reached: {reached:,.0f} of {scenario.rate:,.0f} messages/s were sent"
            )
        elif outcome.late > _LATE_SECONDS:
            notes.append(
                f"the generator sent up to {outcome.late * 1000:.0f} ms late; that is in the latency"
            )
        if outcome.behind > _BEHIND_SECONDS:
            notes.append(
                f"the server was {outcome.behind:.1f} s behind at the end: it does not keep this rate"
            )
    disturbed = bool(_others_note(outcome.begin, outcome.end))
    notes += _busy_note(values, closed=scenario.rate is None, disturbed=disturbed)
    if outcome.separate > 0:
        notes.append(f"{outcome.separate} clients saw the senders' messages in an order of their own")
    return notes


def _busy_note(values: dict[str, float], *, closed: bool, disturbed: bool = False) -> list[str]:
    generator, server = values["generator_busy"], values.get("server_busy", 0.0)
    if closed and server and max(generator, server) < _WAITING and not disturbed:
        return [
            f"neither the server ({server:.0f}% of a core) nor the generator ({generator:.0f}%) was busy: "
            "the rate is that of waiting, for each other, for a timer or for TCP's delayed acknowledgements"
        ]
    if generator < _BUSY or server >= _BUSY:
        return []
    said = f"the generator was the bottleneck (its core {generator:.0f}% busy, the server's {server:.0f}%): "
    if closed:
        return [
            said
            + "deliveries/s and latency are the generator's; the CPU a delivery is the server's, at this pace"
        ]
    return [said + "the latency includes its queue"]


def median(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure over the runs that have it, with the faults and notes of all."""
    keys = dict.fromkeys(key for run in runs for key in run.values)
    values = {key: statistics.median(run.values[key] for run in runs if key in run.values) for key in keys}
    faults = "; ".join(dict.fromkeys(run.faults for run in runs if run.faults))
    # Of notes that differ in their numbers only, the last run's is enough.
    notes = list({_shape(note): note for run in runs for note in run.notes}.values())
    curves = [dict(run.curve) for run in runs if run.curve]
    curve = [(at, statistics.median(each[at] for each in curves)) for at in (curves[0] if curves else ())]
    examples = [example for run in runs for example in run.examples]
    return Figures(runs[0].scenario, values, faults, examples[:3], notes, curve, runs[-1].version)


def _shape(note: str) -> str:
    return "".join(letter for letter in note if not letter.isdigit() and letter not in ".,")
