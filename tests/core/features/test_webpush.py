"""Subscriptions: of an account and a device, as long as both are; and whom a text calls."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    DropAccountVerified,
    LogInVerified,
    NewPasswordVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.login_tokens import (
    UNUSED_MICROSECONDS,
    NewLoginToken,
    RevokeLoginTokens,
)
from asyncchat.core.features.webpush import (
    SUBSCRIPTIONS_EACH,
    DeviceSubscribed,
    DeviceUnsubscribed,
    PushEnded,
    PushSubscribed,
    SubscribeVerified,
    Subscription,
    Subscriptions,
    Unsubscribe,
    called,
    is_valid,
)
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused
from tests.core.house import ANNA, BOB, NOW, do, house

PHONE = "1a2b3c4d" * 8


@pytest.fixture
def chat() -> Chat:
    """The house; Anna and Bob are logged in to their accounts, and Anna's phone stays signed in."""
    chat = house()
    for person, name in ((ANNA, "anna"), (BOB, "bob")):
        do(chat, SERVER, RegisterAccountVerified(name, "v"))
        do(chat, person, LogInVerified(name, True))
    do(chat, ANNA, NewLoginToken("phone", "secret", PHONE))
    return chat


def at(path: str, token: str = "") -> Subscription:
    return Subscription(f"https://push.example/{path}", "key", "auth", ("server-time",), token)


def of(chat: Chat, account: str = "anna") -> list[str]:
    return [endpoint.rpartition("/")[2] for endpoint in Subscriptions.of(chat).of_account(account)]


def subscribe(chat: Chat, *paths: str, token: str = "") -> None:
    for path in paths:
        do(chat, ANNA, SubscribeVerified(at(path, token)))


def test_a_device_is_subscribed_once(chat):
    items = do(chat, ANNA, SubscribeVerified(at("a")))
    assert items == (PushSubscribed("anna", at("a")), DeviceSubscribed(at("a").endpoint))
    assert do(chat, ANNA, SubscribeVerified(at("a"))) == (DeviceSubscribed(at("a").endpoint),)
    subscribe(chat, "a", token=PHONE)  # another token
    assert of(chat) == ["a"]
    again = Chat()
    do(again, SERVER, RegisterAccountVerified("anna", "v"))
    for event in Subscriptions.of(chat).facts(chat):
        again.apply(event)
    assert Subscriptions.of(again).state() == Subscriptions.of(chat).state()


def test_only_who_is_logged_in(chat):
    do(chat, SERVER, DropAccountVerified("bob", verified=True))
    refused = AccountRefused(AccountFault.LOGGED_OUT, context="p")
    assert do(chat, BOB, SubscribeVerified(at("a"), "p")) == (refused,)


def test_one_too_many_replaces_the_oldest(chat):
    subscribe(chat, *map(str, range(SUBSCRIPTIONS_EACH + 2)))
    assert of(chat) == [str(n) for n in range(2, SUBSCRIPTIONS_EACH + 2)]


def test_another_account_on_the_same_device_takes_it_over(chat):
    subscribe(chat, "a", "b")
    do(chat, BOB, SubscribeVerified(at("a")))
    assert (of(chat), of(chat, "bob")) == (["b"], ["a"])


def test_a_device_that_asks_is_told_no_more(chat):
    subscribe(chat, "a", "b")
    assert do(chat, ANNA, Unsubscribe(at("a").endpoint)) == (
        PushEnded((at("a").endpoint,)),
        DeviceUnsubscribed(at("a").endpoint),
    )
    assert of(chat) == ["b"]
    assert do(chat, BOB, Unsubscribe(at("b").endpoint)) == (DeviceUnsubscribed(at("b").endpoint),)
    assert of(chat) == ["b"]


def test_it_ends_with_the_token_of_its_device(chat):
    subscribe(chat, "a")
    subscribe(chat, "b", token=PHONE)
    do(chat, ANNA, RevokeLoginTokens(PHONE[:8]))
    assert of(chat) == ["a"]


def test_it_is_of_no_use_with_a_token_that_nobody_used_for_long(chat):
    assert is_valid(chat, "anna", at("a", PHONE), NOW)
    assert not is_valid(chat, "anna", at("a", PHONE), NOW + UNUSED_MICROSECONDS + 1)
    assert not is_valid(chat, "bob", at("a", PHONE), NOW)
    assert is_valid(chat, "bob", at("a"), NOW + UNUSED_MICROSECONDS + 1)


def test_a_new_password_and_the_end_of_the_account_end_all(chat):
    subscribe(chat, "a")
    do(chat, ANNA, NewPasswordVerified("anna", "w"))
    assert of(chat) == []
    subscribe(chat, "a")
    do(chat, SERVER, DropAccountVerified("anna", verified=True))
    assert of(chat) == []
    assert Subscriptions.of(chat).state() == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Anna", "a"), ("hi ANNA!", "a"), ("@anna,bob", "ab"), ("anna-maria", "ac"), ("Anna's", "a"),
        ("banana hannah annas", ""), ("d[x]: look", "d"), ("ÄNNE?", "e"), ("_anna_", "a"),
        ("", ""), ("https://x.example/anna", "a"),
    ],
)  # fmt: skip
def test_whom_a_text_calls(text, found):
    names = {"anna": "a", "bob": "b", "anna-maria": "c", "d[x]": "d", "änne": "e"}
    assert "".join(sorted(called(text, names))) == found
