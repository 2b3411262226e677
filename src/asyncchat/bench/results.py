"""The result of a whole bench: servers side by side in each scenario.

Owns its form as JSON; must not know how it was measured.
"""

import json
import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from asyncchat.bench.metrics import Metrics, median
from asyncchat.bench.scenario import Scenario
from asyncchat.errors import AsyncChatError

_FORMAT = 1


@dataclass(slots=True)
class Series:
    """One server's runs of one scenario."""

    server: str
    version: str | None
    runs: Annotated[list[Metrics], msgspec.Meta(min_length=1)]

    @property
    def median(self) -> Metrics:
        """Return the median of the runs."""
        return median(self.runs)

    @property
    def title(self) -> str:
        """Return the heading of its column."""
        if not self.version or self.version.lower().startswith(self.server.lower()):
            return self.version or self.server
        return f"{self.server} {self.version}"


@dataclass(slots=True)
class Comparison:
    """One scenario with all servers that ran it; the others are compared with the first."""

    scenario: Scenario
    series: list[Series]


@dataclass(slots=True)
class Results:
    """All comparisons of one call.

    Args:
        conditions: Processors, options and machine: values by name.
    """

    comparisons: list[Comparison] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)

    def faulty(self) -> bool:
        """Tell whether any run had a fault."""
        return any(run.faults for each in self.comparisons for series in each.series for run in series.runs)

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def machine() -> dict[str, str]:
    """Return what describes this machine and this day, in which results may differ."""
    processors = os.cpu_count() or 1
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": f"{processors} {_processor()}".rstrip(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _processor() -> str:
    """Return the processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def parse(text: str) -> Results:
    """Read what ``dump`` wrote.

    Raises:
        ValueError: It is no such text.
    """
    try:
        raw = json.loads(text)
        if raw["format"] != _FORMAT:
            raise ValueError(f"its format is {raw['format']}, this version reads {_FORMAT}")
        return msgspec.convert(raw, Results)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError("it is not a result of asyncchat bench") from error


def load(path: Path) -> Results:
    """Read a file that ``--json`` wrote.

    Raises:
        AsyncChatError: It cannot be read, or is something else.
    """
    try:
        return parse(path.read_text("utf-8"))
    except OSError as error:
        raise AsyncChatError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise AsyncChatError(f"cannot read {path}: {error}") from error


def recorded(results: Sequence[Results], scenario: Scenario) -> list[Series]:
    """Find the first series of the same scenario in each earlier result, however long it ran.

    Raises:
        AsyncChatError: An earlier result does not have it.
    """
    found = []
    for each in results:
        same = [
            past
            for past in each.comparisons
            if past.scenario.timed(scenario.seconds, scenario.warmup) == scenario
        ]
        if not same:
            raise AsyncChatError(f"the file to compare with has no scenario {scenario.name} of the same size")
        series = same[0].series[0]
        found.append(Series(f"{series.server} (recorded)", series.version, series.runs))
    return found
