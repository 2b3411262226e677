"""Ids and times as people type them."""

from datetime import UTC, datetime

import pytest

from asyncchat.client.moments import MomentError, parse_moment

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("abcdef-17", ("abcdef-17", "")),
        ("2h", ("", "2026-11-30T10:00:00.000Z")),
        ("1d12h", ("", "2026-11-29T00:00:00.000Z")),
        ("2026-11-30T11:14:05.25Z", ("", "2026-11-30T11:14:05.250Z")),
        ("2026-11-30T11:14:05+02:00", ("", "2026-11-30T09:14:05.000Z")),
    ],
)
def test_what_is_meant(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "ab-", "-1", "99999999999d"])
def test_what_is_neither(text):
    with pytest.raises(MomentError) as raised:
        parse_moment(text, NOW)
    assert raised.value.exit_code == 2
