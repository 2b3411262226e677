"""What a soak says of its samples; the soak itself takes long: ``python -m tests.soak --minutes 60``."""

import pytest

from tests.soak import TOLERANCES, verdict


def samples(**rises):
    """Ninety samples of a server that uses less in its first third, and then rises by so much in all."""
    level = {"memory": 40e6, "resident": 50e6, "descriptors": 90.0, "tasks": 70.0, "threads": 9.0}
    return [
        {
            "time": 10.0 * number,
            **{key: value / 2 if number < 30 else value for key, value in level.items()},
            **{key: level[key] + rise * max(0, number - 30) / 60 for key, rise in rises.items()},
            "people": float(number),
        }
        for number in range(90)
    ]


def test_what_stays_level_is_well():
    said, level = verdict(samples())
    assert level
    assert not any("RISES" in line for line in said)


@pytest.mark.parametrize("key", TOLERANCES)
def test_what_rises_is_found(key):
    rise = {"memory": 12e6, "resident": 12e6}.get(key, 30.0)
    said, level = verdict(samples(**{key: rise}))
    assert not level
    assert [line.split()[0] for line in said if "RISES" in line] == [key]
