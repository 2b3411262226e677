import pickle

import pytest

from asyncchat.core.masks import Description, Mask, describes
from asyncchat.core.people import person


@pytest.mark.parametrize(
    ("mask", "host", "means"),
    [
        ("*!*@192.0.2.1", "192.0.2.1", True),
        ("*!*@192.0.2.1", "192.0.2.10", False),
        ("*!*@192.0.2.0/24", "192.0.2.77", True),
        ("*!*@192.0.2.0/24", "192.0.3.1", False),
        ("*!*@192.0.2.9/24", "192.0.2.77", True),
        ("*!*@192.0.2.0/24", "2001:db8::1", False),
        ("*!*@2001:db8::/32", "2001:db8:1::1", True),
        ("*!*@192.0.2.0/24", "localhost", False),
        ("EVE!*@192.0.2.0/24", "192.0.2.77", True),
        ("bob!*@192.0.2.0/24", "192.0.2.77", False),
        ("*!u@10/x", "10/x", True),
    ],
)
def test_whom_a_mask_matches(mask, host, means):
    assert describes(mask, person(1, "Eve", "u", host)) is means


@pytest.mark.parametrize(
    ("mask", "means"),
    [
        ("*!*@a.b.c.ip", True),
        ("*!*@*.b.c.ip", True),
        ("*!*@*.x.c.ip", False),
        ("*!*@192.0.2.7", True),
        ("*!*@192.0.2.*", True),
        ("*!*@192.0.2.0/24", True),
        ("*!*@192.0.3.0/24", False),
        ("eve!*@192.0.2.7", True),
        ("bob!*@192.0.2.7", False),
        ("*!root@192.0.2.0/24", False),
        ("bob!*@*", False),
    ],
)
def test_whom_a_mask_matches_behind_a_cloak(mask, means):
    assert describes(mask, person(1, "Eve", "u", "a.b.c.ip", address="192.0.2.7")) is means


def test_a_mask_for_a_real_name_does_not_match_an_address():
    assert not describes("~realname:*192*", person(1, "Eve", "u", "a.b.c.ip", "Eve", address="192.0.2.7"))
    assert describes("~realname:eve", person(1, "Bob", "u", "a.b.c.ip", "Eve", address="192.0.2.7"))


@pytest.mark.parametrize("mask", ["eve!*@*", "*!*@192.0.2.0/24", "e?e!*@*", "eve", "~realname:e*"])
def test_a_mask_goes_to_another_process(mask):
    eve = Description(person(1, "Eve", "u", "192.0.2.7", "Eve"))
    again = pickle.loads(pickle.dumps(Mask(mask)))  # noqa: S301  # our own
    assert again.describes(eve) is Mask(mask).describes(eve)
