import pytest

from asyncchat.core.features.server_bans import ServerBan, server_mask


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("bad", "bad!*@*"),
        ("bad*", "bad*!*@*"),
        ("*@192.0.2.1", "*!*@192.0.2.1"),
        ("u@h", "*!u@h"),
        ("n!u@h", "n!u@h"),
        ("192.0.2.1", "*!*@192.0.2.1"),
        ("192.0.2.0/24", "*!*@192.0.2.0/24"),
        ("2001:db8::/32", "*!*@2001:db8::/32"),
        ("*.example.org", "*!*@*.example.org"),
    ],
)
def test_a_typed_mask_is_completed(typed, mask):
    assert server_mask(typed) == mask


def test_a_ban_ends():
    ban = ServerBan("m", "by", 5, until=10)
    assert (ban.is_active(9), ban.is_active(10)) == (True, False)
    assert ServerBan("m", "by", 5).is_active(10**18)
