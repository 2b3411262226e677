from asyncchat.dialects.base import Way
from asyncchat.dialects.irc import capabilities
from asyncchat.dialects.irc.capabilities import BATCH, CAPABILITIES, Offer, changing, gathered
from tests.dialects.driver import server_info


def test_each_has_a_bit_of_its_own():
    bits = [capability.bit for capability in CAPABILITIES]
    assert len(set(bits)) == len(bits)
    assert all(bit.bit_count() == 1 for bit in bits)
    assert sum(capability.bit for capability in CAPABILITIES if capability.changes) == changing()
    assert changing() & capabilities.SERVER_TIME
    assert changing() & capabilities.MULTILINE
    assert not changing() & capabilities.BATCH


def test_requests():
    offer = Offer(server_info(), Way.OPEN)
    assert offer.requested(0, " batch  -echo-message ") == BATCH
    assert offer.requested(BATCH, "-batch") == 0
    assert offer.requested(BATCH, "") == BATCH
    assert offer.requested(0, "batch=x") is None
    assert offer.requested(0, "--batch") is None
    assert offer.requested(0, "-") is None


def test_no_values_before_302():
    offer = Offer(server_info(), Way.OPEN)
    assert all("=" not in word for word in offer.listed(301))
    assert sorted(word.partition("=")[0] for word in offer.listed(302)) == sorted(offer.listed(0))


def test_gathering():
    assert gathered([], 10) == [""]
    assert gathered(["aa", "bb", "cc"], 5) == ["aa bb", "cc"]
    assert gathered(["ж" * 9, "b"], 6) == ["жжж", "b"]
