"""The line of each key in a TOML file, which ``tomllib`` does not give.

Owns the splitting of a document into its expressions (TOML 1.0, "Spec": each is a table header, or a key with
its value); must not know what the keys mean.
"""

import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]
"""A key after the tables that it is in."""


def lines_of(text: str) -> dict[Path, int]:
    """The first line (from 1) of each table and key of a valid document."""
    found: dict[Path, int] = {}
    table: Path = ()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start = at
        expression = lines[at]
        at += 1
        while (stated := _parsed(expression)) is None and at < len(lines):
            # A part of a value of several lines; the document is valid, so its end comes.
            expression += "\n" + lines[at]
            at += 1
        is_header = expression.lstrip().startswith("[")
        paths = list(_paths(stated or {}))
        if is_header and paths:
            table = paths[-1]
        for path in paths:
            found.setdefault(path if is_header else (*table, *path), start + 1)
    return found


def _parsed(expression: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(expression)
    except tomllib.TOMLDecodeError:
        return None


def _paths(stated: object, above: Path = ()) -> Iterator[Path]:
    if isinstance(stated, list) and len(stated) == 1:
        stated = stated[0]  # an array of tables
    if isinstance(stated, dict):
        for key, value in stated.items():
            yield (*above, key)
            yield from _paths(value, (*above, key))
