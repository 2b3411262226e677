"""Always-on accounts: how many places one network has."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.always_on import AlwaysOnAccounts, AlwaysOnStatus, SetAlwaysOn
from asyncchat.core.features.connect import Connect
from asyncchat.core.replies import AccountFault, AccountRefused
from tests.core.house import NOW, do


def stay(chat: Chat, number: int, address: str) -> bool:
    """Whether an account becomes always on, from an address; its person has another name."""
    account = f"a{number}"
    chat.apply(AccountMade(account, "", NOW))
    do(chat, number, Connect(f"p{number}", "u", address, account=account))
    answer = do(chat, number, SetAlwaysOn(True))[-1]
    if isinstance(answer, AccountRefused):
        assert answer.fault is AccountFault.TOO_MANY_ALWAYS_ON
        return False
    return isinstance(answer, AlwaysOnStatus)


@pytest.mark.parametrize(
    ("address", "most"),
    [("192.0.2.7", 3), ("2001:db8:7:{:x}::1", 3), ("2001:db8:{:x}::1", 6), ("127.0.0.1", 6)],
)
def test_one_network_has_half_of_the_places(address, most):
    chat = Chat()
    AlwaysOnAccounts.of(chat).max_accounts = 6
    assert [stay(chat, number, address.format(number)) for number in range(1, 9)] == [True] * most + [
        False
    ] * (8 - most)


def test_a_place_is_free_again_and_a_snapshot_counts_the_same():
    chat = Chat()
    AlwaysOnAccounts.of(chat).max_accounts = 2
    assert stay(chat, 1, "192.0.2.7")
    assert not stay(chat, 2, "192.0.2.7")
    facts = list(AlwaysOnAccounts.of(chat).facts(chat))
    do(chat, 1, SetAlwaysOn(False))
    assert isinstance(do(chat, 2, SetAlwaysOn(True))[-1], AlwaysOnStatus)
    do(chat, 2, SetAlwaysOn(False))
    for fact in facts:
        chat.apply(fact)
    assert isinstance(do(chat, 2, SetAlwaysOn(True))[-1], AccountRefused)
