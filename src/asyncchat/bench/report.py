"""The table that bench prints.

Owns the layout; must not know how the results were measured.
"""

from asyncchat.bench.metrics import MEASURES, Measure, Metrics
from asyncchat.bench.results import Comparison, Results, Series


def table(results: Results) -> str:
    """Return all comparisons as text."""
    return "\n".join(_comparison(each) for each in results.comparisons)


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
