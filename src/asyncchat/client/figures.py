"""The figures of a server, and how they change: what ``asyncchat top`` shows.

Pure: the text of ``/metrics`` in, lines out. Must not know terminals or the network.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

_SAMPLE = re.compile(r"asyncchat_(\w+?)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

_MEASURED = {
    "delivery": "delivery_delay_seconds",
    "commits": "commit_seconds",
    "loop lag": "loop_lag_seconds",
    "HTTP": "http_request_seconds",
}
"""What is shown of histograms, by the names of these."""

_LIMITS = {
    "lines": "waits for lines",
    "connections": "too many connections",
    "server_full": "server full",
    "guests": "guests' quota",
}

MOST_ROOMS = 8

_GAP = "   "


class Figures:
    """One answer of ``/metrics``.

    Args:
        text: the answer.
        at: when it was asked, in seconds.
    """

    def __init__(self, text: str, at: float) -> None:
        self.at = at
        self.version = ""
        self.values: dict[str, float] = {}
        self.limits: dict[str, float] = {}
        self._buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for line in text.splitlines():
            found = None if line.startswith("#") else _SAMPLE.fullmatch(line)
            if found is None:
                continue
            name, value = found[1], float(found[3])
            labels = dict(_LABEL.findall(found[2] or ""))
            if "le" in labels:
                self._buckets[name.removesuffix("_bucket")][float(labels["le"])] += value
            elif "limit" in labels:
                self.limits[labels["limit"]] = value
            elif name == "info":
                self.version = labels.get("version", "")
            elif not labels:
                self.values[name] = value

    def get(self, name: str) -> float:
        """A value; 0 where the server has none of this name."""
        return self.values.get(name, 0.0)

    def rate(self, name: str, before: "Figures") -> float:
        """By how much a counter grew in a second."""
        return max(0.0, self.get(name) - before.get(name)) / max(self.at - before.at, 1e-9)

    def quantiles(self, name: str, before: "Figures", *shares: float) -> tuple[float, list[float]]:
        """How many a second were measured, and the bounds below which these shares of them are."""
        earlier = before._buckets[name]
        counts = {bound: count - earlier[bound] for bound, count in sorted(self._buckets[name].items())}
        count = max(counts.values(), default=0.0)
        if count <= 0:
            return 0.0, []
        bounds = [
            next(bound for bound, up_to in counts.items() if up_to >= share * count) for share in shares
        ]
        return count / max(self.at - before.at, 1e-9), bounds


def as_values(now: Figures, before: Figures) -> dict[str, Any]:
    """What a program may want of two answers."""
    told: dict[str, Any] = {"version": now.version, **{name: round(now.get(name)) for name in _THERE}}
    told |= {
        f"{name}_per_second": round(now.rate(f"{name}_total", before), 1) for name in ("records", "writes")
    }
    for title, name in _MEASURED.items():
        per_second, bounds = now.quantiles(name, before, 0.5, 0.99)
        p50, p99 = bounds or (None, None)
        finite = [None if bound in (None, float("inf")) else bound for bound in (p50, p99)]
        key = title.lower().replace(" ", "_")
        told[key] = {"per_second": round(per_second, 1), "p50": finite[0], "p99": finite[1]}
    told["limits_hit"] = {name: round(count) for name, count in now.limits.items()}
    return told


_THERE = (
    "people", "sessions", "rooms", "slow_readers_total", "loop_blocks_total", "resident_memory_bytes",
)  # fmt: skip


def as_lines(
    now: Figures, before: Figures, place: str, rooms: Sequence[Mapping[str, Any]], clock: float
) -> list[str]:
    """What a person reads of two answers.

    Args:
        now: the last one.
        before: the one before it.
        place: where the server is.
        rooms: those that may be seen, as the API gives them.
        clock: seconds since 1970.
    """
    there = (
        f"people {now.get('people'):,.0f}",
        f"connections {now.get('sessions'):,.0f}",
        f"rooms {now.get('rooms'):,.0f}",
        f"memory {_bytes(now.get('resident_memory_bytes'))}",
        f"descriptors {now.get('open_descriptors'):,.0f}",
    )
    lines = [
        f"asyncchat {now.version} at {place}, up {_duration(clock - now.get('start_time_seconds'))}",
        "",
        _GAP.join(there),
        "",
        f"{'':<12}{'a second':>10}{'p50':>12}{'p99':>12}",
        *(f"{name:<12}{now.rate(f'{name}_total', before):>10,.1f}" for name in ("records", "writes")),
    ]
    for title, name in _MEASURED.items():
        per_second, bounds = now.quantiles(name, before, 0.5, 0.99)
        lines.append(f"{title:<12}{per_second:>10,.1f}" + "".join(f"{_seconds(one):>12}" for one in bounds))
    hits = [f"{words} {now.limits.get(name, 0.0):,.0f}" for name, words in _LIMITS.items()]
    lines += [
        "",
        f"since the start   {_GAP.join(hits)}",
        f"                  slow readers {now.get('slow_readers_total'):,.0f}   "
        f"standstills {now.get('loop_blocks_total'):,.0f} ({now.get('loop_blocked_seconds_total'):,.2f} s)",
    ]
    if now.get("storage_failing"):
        lines += ["", "The history can't be written."]
    crowded = sorted(rooms, key=lambda room: (-room["members"], room["name"]))[:MOST_ROOMS]
    if crowded:
        lines += ["", _GAP.join(f"{room['name']} {room['members']:,}" for room in crowded)]
    return lines


def _seconds(bound: float) -> str:
    if bound == float("inf"):
        return "more"
    return f"≤ {bound:g} s" if bound >= 1 else f"≤ {bound * 1000:g} ms"


def _bytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _duration(seconds: float) -> str:
    minutes = int(max(0.0, seconds)) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
