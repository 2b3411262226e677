from asyncchat.dialects.irc import capabilities
from asyncchat.dialects.irc.capabilities import BATCH, CAPABILITIES, CHANGING, gathered, offered, requested


def test_each_has_a_bit_of_its_own():
    bits = [capability.bit for capability in CAPABILITIES]
    assert sum(bits) == (1 << len(bits)) - 1
    assert CHANGING == capabilities.SERVER_TIME | capabilities.MESSAGE_TAGS


def test_requests():
    assert requested(0, " batch  -echo-message ") == BATCH
    assert requested(BATCH, "-batch") == 0
    assert requested(BATCH, "") == BATCH
    assert requested(0, "batch=x") is None
    assert requested(0, "--batch") is None
    assert requested(0, "-") is None


def test_no_values_before_302():
    assert all("=" not in word for word in offered(301))
    assert [word.partition("=")[0] for word in offered(302)] == offered(0)


def test_gathering():
    assert gathered([], 10) == [""]
    assert gathered(["aa", "bb", "cc"], 5) == ["aa bb", "cc"]
    assert gathered(["ж" * 9, "b"], 6) == ["жжж", "b"]
