"""The charts, as SVG: for each scenario the latency percentiles and the cost of a delivery; values over time.

Owns the drawing; must not know how the results were measured.
"""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from asyncchat.bench.metrics import MEASURES, Metrics
from asyncchat.bench.results import Comparison, Results, Series

_WIDTH, _HEIGHT = 880, 300
_CURVE_LEFT, _CURVE_RIGHT = 70, 520
_BARS_LEFT, _BARS_RIGHT = 600, 860
_TOP, _BOTTOM = 50, 250
# Okabe and Ito's palette: colour-blind people can tell these colours apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_NINES = (0.0, 90.0, 99.0, 99.9, 99.99)
_MOST_NINES = 4.2
# The bars show the first of these that the scenario has.
_PRICES = ("cpu_us", "session_cpu_us", "memory_kib", "join_seconds")


def svg(results: Results) -> str:
    """Return the chart of all comparisons, one below the other."""
    height = _HEIGHT * max(len(results.comparisons), 1)
    parts = _open(height)
    for number, comparison in enumerate(results.comparisons):
        parts += [f'<g transform="translate(0 {number * _HEIGHT})">', *_panel(comparison), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


_STRIP = 110
"""The height of one value's strip."""


def over_time(lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return the chart of values over time, one below the other: for each its (minute, value)."""
    height = _STRIP * max(len(lines), 1) + 30
    parts = _open(height)
    for number, (name, points) in enumerate(lines.items()):
        parts += [f'<g transform="translate(0 {number * _STRIP})">', *_strip(name, points), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _strip(name: str, points: Sequence[tuple[float, float]]) -> list[str]:
    top, bottom = 24.0, _STRIP - 8.0
    most = max((value for _, value in points), default=0.0) or 1.0
    last = max((minute for minute, _ in points), default=0.0) or 1.0
    wide, high = (_BARS_RIGHT - _CURVE_LEFT) / last, (bottom - top) / most
    places = " ".join(
        f"{_CURVE_LEFT + minute * wide:.1f},{bottom - value * high:.1f}" for minute, value in points
    )
    return [
        _text(_CURVE_LEFT, 16, f"{name}, over {last:,.1f} minutes", "start"),
        _line(str(_CURVE_LEFT), str(bottom), str(_BARS_RIGHT), str(bottom)),
        _text(_CURVE_LEFT - 6, bottom, "0"),
        _text(_CURVE_LEFT - 6, top + 4, f"{most:,.0f}"),
        f'<polyline points="{places}" fill="none" stroke="{_colour(0)}" stroke-width="1.5"/>',
    ]


def _open(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]


def _panel(comparison: Comparison) -> list[str]:
    metrics = [series.median for series in comparison.series]
    parts = [_text(_CURVE_LEFT, 20, f"{comparison.scenario.name}: {comparison.scenario.describe()}", "start")]
    for number, series in enumerate(comparison.series):
        parts.append(
            _text(_CURVE_LEFT + 200 * number, 38, f"\u25a0 {series.title}", "start", _colour(number))
        )
    return [*parts, *_curves(metrics), *_bars(comparison.series, metrics)]


def _curves(metrics: Sequence[Metrics]) -> list[str]:
    values = [value for each in metrics for _, value in each.curve if value > 0]
    if not values:
        return []
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def place(percentile: float, value: float) -> str:
        share = min(_nines(percentile) / _MOST_NINES, 1.0)
        x = _CURVE_LEFT + share * (_CURVE_RIGHT - _CURVE_LEFT)
        rise = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return f"{x:.1f},{_BOTTOM - rise * (_BOTTOM - _TOP):.1f}"

    parts = []
    for exponent in range(low, high + 1):
        x, y = place(0, 10.0**exponent).split(",")
        parts += [
            _line(x, y, str(_CURVE_RIGHT), y),
            _text(_CURVE_LEFT - 6, float(y) + 4, f"{10.0**exponent:g} ms"),
        ]
    for percentile in _NINES:
        x = place(percentile, 10.0**low).split(",")[0]
        parts += [
            _line(x, str(_TOP), x, str(_BOTTOM)),
            _text(float(x), _BOTTOM + 16, f"{percentile:g}%", "middle"),
        ]
    for number, each in enumerate(metrics):
        points = " ".join(place(*point) for point in each.curve)
        if points:
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{_colour(number)}" stroke-width="2"/>'
            )
    return [*parts, _text((_CURVE_LEFT + _CURVE_RIGHT) / 2, _BOTTOM + 34, "latency, percentiles", "middle")]


def _bars(servers: Sequence[Series], metrics: Sequence[Metrics]) -> list[str]:
    price = next((key for key in _PRICES if any(key in each.values for each in metrics)), None)
    if price is None:
        return []
    measure = next(each for each in MEASURES if each.key == price)
    values = [each.values.get(price, 0.0) for each in metrics]
    most = max(*values, 1e-9)
    step = (_BARS_RIGHT - _BARS_LEFT) / len(servers)
    parts = [_line(str(_BARS_LEFT), str(_BOTTOM), str(_BARS_RIGHT), str(_BOTTOM))]
    for number, value in enumerate(values):
        height = value / most * (_BOTTOM - _TOP - 16)
        x = _BARS_LEFT + step * (number + 0.2)
        parts += [
            f'<rect x="{x:.1f}" y="{_BOTTOM - height:.1f}" width="{step * 0.6:.1f}" height="{height:.1f}" '
            f'fill="{_colour(number)}"/>',
            _text(x + step * 0.3, _BOTTOM - height - 4, f"{value:,.{measure.digits}f}", "middle"),
        ]
    said = f"{measure.label}, {measure.unit}"
    return [*parts, _text((_BARS_LEFT + _BARS_RIGHT) / 2, _BOTTOM + 34, said, "middle")]


def _nines(percentile: float) -> float:
    """Return 0 for 0%, 1 for 90%, 2 for 99%: the end, which matters, is as wide as the rest."""
    return _MOST_NINES if percentile >= 100 else -math.log10(1 - percentile / 100)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _line(x1: str, y1: str, x2: str, y2: str) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#ddd"/>'


def _text(x: float, y: float, said: str, anchor: str = "end", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(said)}</text>'
