"""The table that bench prints.

Owns the layout; must not know how the results were measured.
"""

from asyncchat.bench.metrics import MEASURES, Measure, Metrics
from asyncchat.bench.results import Comparison, Results


def table(results: Results) -> str:
    """Return all comparisons as text."""
    return "\n".join(_comparison(each) for each in results.comparisons)


def _comparison(comparison: Comparison) -> str:
    metrics = [series.median for series in comparison.series]
    first = metrics[0]
    head = [""] + [series.title for series in comparison.series]
    head += [f"to {series.server}" for series in comparison.series[1:]]
    rows = [head]
    for measure in MEASURES:
        if any(measure.key in each.values for each in metrics):
            values = [each.values.get(measure.key) for each in metrics]
            cells = ["-" if value is None else f"{value:,.{measure.digits}f}" for value in values]
            rows.append([f"{measure.label}, {measure.unit}", *cells, *_ratios(first, metrics[1:], measure)])
    rows.append(["deliveries", *("all once, in order" if not each.faults else "FAULTY" for each in metrics)])
    if comparison.scenario.kind == "idle":
        rows.pop()
    runs = len(comparison.series[0].runs)
    said = f"; median of {runs} runs" if runs > 1 else ""
    lines = [f"{comparison.scenario.name}: {comparison.scenario.describe()}{said}", "", *_columns(rows), ""]
    for series, each in zip(comparison.series, metrics, strict=True):
        if each.faults:
            lines.append(f"! {series.title}: {each.faults}")
            lines += [f"    {example}" for example in each.examples]
        lines += [f"  {series.title}: {note}" for note in each.notes]
    return "\n".join(lines).rstrip() + "\n"


def _ratios(first: Metrics, others: list[Metrics], measure: Measure) -> list[str]:
    """Divide the first server's value by each other's; a share of a core has no ratio."""
    cells = []
    for other in others:
        mine, theirs = first.values.get(measure.key), other.values.get(measure.key)
        known = mine is not None and theirs and measure.better != "neither"
        cells.append(f"{mine / theirs:.2f}" if known and mine is not None and theirs else "")
    return cells


def _columns(rows: list[list[str]]) -> list[str]:
    width = max(len(row) for row in rows)
    padded = [row + [""] * (width - len(row)) for row in rows]
    widths = [max(len(row[column]) for row in padded) for column in range(width)]
    lines = []
    for row in padded:
        cells = [row[0].ljust(widths[0])] + [row[column].rjust(widths[column]) for column in range(1, width)]
        lines.append("   ".join(cells).rstrip())
    return ["  " + line for line in lines]
