"""The coverage page is of today, and names nothing that no test knows."""

import re

import pytest

from tests.dialects.irc.coverage import MARKER, PAGE, ROOT, made, rows


def without_tests(text: str) -> list[str]:
    """The lines without the last column: a test more somewhere makes no page stale."""
    return [line.rpartition(" | ")[0] if line.startswith("| `") else line for line in text.splitlines()]


def test_the_page_is_of_today():
    _, marker, there = PAGE.read_text("utf-8").partition(MARKER)
    assert without_tests(marker + there) == without_tests(made()), (
        "run: python -m tests.dialects.irc.coverage"
    )


def test_the_tests_that_it_names_are_there():
    named = set(re.findall(r"`([a-z_/]+\.py)`", PAGE.read_text("utf-8").partition(MARKER)[2]))
    assert named
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


@pytest.mark.parametrize(("what", "found"), [(row[0], row[3]) for _, row in rows()])
def test_nothing_is_there_without_a_test(what, found):
    assert found, f"no test says {what}"
