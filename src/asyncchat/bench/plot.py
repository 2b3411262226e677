"""The chart."""

from asyncchat.bench.results import Results


def svg(results: Results) -> str:
    """Return it."""
    return ""
