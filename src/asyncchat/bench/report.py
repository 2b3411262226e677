"""The table that bench prints, and the one for a document.

Owns the layout; must not know how the results were measured.
"""

from asyncchat.bench.metrics import MEASURES, Measure, Metrics
from asyncchat.bench.results import Comparison, Results, Series
from asyncchat.bench.scenario import QUERIES


def table(results: Results) -> str:
    """Return all comparisons as text."""
    return "\n".join(_comparison(each) for each in results.comparisons)


_IN_DOCUMENT = (
    "cpu_us",
    "full_us",
    "post_cpu_us",
    "session_cpu_us",
    "p50_ms",
    "p99_ms",
    "join_seconds",
    "memory_kib",
)
"""The measures of a document's table."""

_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""Between these lines of a document its table stands."""


def in_document(results: Results, document: str) -> str:
    """Return a document with all comparisons as Markdown between its marks; without them, the table."""
    made = _markdown(results)
    before, begin, rest = document.partition(f"{_BEGIN}\n")
    _, end, after = rest.partition(_END)
    return f"{before}{begin}{made}{end}{after}" if begin and end else made


def _markdown(results: Results) -> str:
    """Return a table with a row for each scenario and measure, then where and how it was measured."""
    servers = list(dict.fromkeys(series.title for each in results.comparisons for series in each.series))
    first = servers[0] if servers else ""
    head = ["scenario", "measure", first]
    for other in servers[1:]:
        head += [other, "ratio"]
    rows = [head, ["---"] * len(head)]
    for comparison in results.comparisons:
        series = {each.title: each for each in comparison.series}
        said = f"`{comparison.scenario.name}`: {comparison.scenario.describe()}"
        for measure in MEASURES:
            if measure.key not in _IN_DOCUMENT or not any(
                measure.key in each.median.values for each in comparison.series
            ):
                continue
            cells = [said, f"{measure.label}, {measure.unit}", _cell(series.get(first), measure)]
            for other in servers[1:]:
                ratio = _ratios(series[first], [series[other]], measure) if other in series else ["-"]
                cells += [_cell(series.get(other), measure), *ratio]
            rows.append(cells)
            said = ""
    conditions = (f"{name} {value}" for name, value in results.conditions.items() if value)
    faulty = "" if not results.faulty() else " **Some runs had faults.**"
    return (
        "\n".join(f"| {' | '.join(row)} |" for row in rows)
        + f"\n\nMeasured with {', '.join(conditions)}.{faulty} A ratio below 1 is in favour of {first}.\n"
    )


def _cell(series: Series | None, measure: Measure) -> str:
    value = None if series is None else series.median.values.get(measure.key)
    return "-" if value is None else f"{value:,.{measure.digits}f}"


def _comparison(comparison: Comparison) -> str:
    metrics = [series.median for series in comparison.series]
    head = [""] + [series.title for series in comparison.series]
    head += [f"to {series.server}" for series in comparison.series[1:]]
    rows = [head]
    for measure in MEASURES:
        if any(measure.key in each.values for each in metrics):
            values = [each.values.get(measure.key) for each in metrics]
            cells = ["-" if value is None else f"{value:,.{measure.digits}f}" for value in values]
            ratios = _ratios(comparison.series[0], comparison.series[1:], measure)
            rows.append([f"{measure.label}, {measure.unit}", *cells, *ratios])
    rows.append(["deliveries", *("all once, in order" if not each.faults else "FAULTY" for each in metrics)])
    if comparison.scenario.kind == "idle":
        rows.pop()
    elif comparison.scenario.kind in QUERIES:
        rows[-1][0] = "answers"
        rows[-1][1:] = ["FAULTY" if each.faults else "complete" for each in metrics]
    runs = len(comparison.series[0].runs)
    said = f"; median of {runs} runs" if runs > 1 else ""
    lines = [f"{comparison.scenario.name}: {comparison.scenario.describe()}{said}", "", *_columns(rows), ""]
    for series, each in zip(comparison.series, metrics, strict=True):
        if each.faults:
            lines.append(f"! {series.title}: {each.faults}")
            lines += [f"    {example}" for example in each.examples]
        lines += [f"  {series.title}: {note}" for note in each.notes]
    return "\n".join(lines).rstrip() + "\n"


def _ratios(first: Series, others: list[Series], measure: Measure) -> list[str]:
    """Divide the first server's median by each other's, and run by run: that is the spread.

    A share of a core has no ratio.
    """
    cells = []
    for other in others:
        ratio = _ratio(first.median, other.median, measure)
        if ratio is None:
            cells.append("")
            continue
        pairs = zip(first.runs, other.runs, strict=False)
        each = [found for pair in pairs if (found := _ratio(*pair, measure)) is not None]
        spread = f" ({min(each):.2f} to {max(each):.2f})" if len(each) > 1 else ""
        cells.append(f"{ratio:.2f}{spread}")
    return cells


def _ratio(mine: Metrics, theirs: Metrics, measure: Measure) -> float | None:
    """One ratio; None where there is none."""
    above, below = mine.values.get(measure.key), theirs.values.get(measure.key)
    return None if above is None or not below or measure.better == "neither" else above / below


def _columns(rows: list[list[str]]) -> list[str]:
    width = max(len(row) for row in rows)
    padded = [row + [""] * (width - len(row)) for row in rows]
    widths = [max(len(row[column]) for row in padded) for column in range(width)]
    lines = []
    for row in padded:
        cells = [row[0].ljust(widths[0])] + [row[column].rjust(widths[column]) for column in range(1, width)]
        lines.append("   ".join(cells).rstrip())
    return ["  " + line for line in lines]
