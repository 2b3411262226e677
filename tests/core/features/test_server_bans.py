from collections.abc import Iterator
from typing import Any

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features import server_bans
from asyncchat.core.features.accounts import LogInVerified, RegisterAccountVerified
from asyncchat.core.features.connect import Connect, Detach, Quit
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.features.server_bans import (
    BanFromServer,
    BannedFromServer,
    EndBanned,
    Killed,
    ServerBan,
    ServerBans,
    ServerBanTooWide,
    address_ban_on,
    server_mask,
)
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import SLICED_HANDLERS
from tests.core.house import ANNA, BOB, OLGA, do, house

PHONE = 20


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
        ("2001:DB8:0:0::1", "*!*@2001:db8::1"),
        ("2001:0DB8::/32", "*!*@2001:db8::/32"),
        ("u@2001:DB8::1", "*!u@2001:db8::1"),
        ("~account:mallory", "~account:mallory"),
    ],
)
def test_a_typed_mask_is_completed(typed, mask):
    assert server_mask(typed) == mask


@pytest.mark.parametrize(
    ("mask", "address", "banned"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.0/24", "192.0.2.9", True),
        ("*!*@192.0.2.*", "192.0.2.9", True),
        ("*!*@cloak", "192.0.2.9", True),
        ("2001:DB8:0::1", "2001:db8::1", True),
        ("2001:db8:1::/48", "2001:db8:1:2::3", True),
        ("2001:db8:1::/48", "2001:db8:2::3", False),
        ("name", "192.0.2.1", False),
        ("user@192.0.2.1", "192.0.2.1", False),
    ],
)
def test_a_ban_of_an_address_is_one_of_who_has_no_name(mask, address, banned):
    chat = Chat()
    ServerBans.of(chat)["x"] = ServerBan(server_mask(mask), "by", 5, 10, "why")
    assert address_ban_on(chat, "cloak", address, 9) == (BannedFromServer("why", 10) if banned else None)
    assert address_ban_on(chat, "cloak", address, 10) is None


def test_a_banned_account_neither_connects_nor_logs_in():
    chat = house()
    do(chat, SERVER, RegisterAccountVerified("mallory", "v"))
    do(chat, OLGA, BanFromServer("~account:Mallory", reason="spam"))
    banned = BannedFromServer("spam")
    assert do(chat, BOB, LogInVerified("mallory", True)) == (banned,)
    assert do(chat, PHONE, Connect("mal", "u", "h", account="mallory")) == (banned,)
    do(chat, OLGA, BanFromServer("~account:mallory", False))
    assert any(isinstance(item, LoggedIn) for item in do(chat, BOB, LogInVerified("mallory", True)))


def test_a_ban_ends():
    ban = ServerBan("m", "by", 5, until=10)
    assert (ban.is_active(9), ban.is_active(10)) == (True, False)
    assert ServerBan("m", "by", 5).is_active(10**18)


@pytest.fixture
def chat():
    """Anna has an account and a further device, whose address is another one."""
    chat = house()
    do(chat, ANNA, RegisterAccountVerified("Anna", "v"))
    do(chat, PHONE, Connect("Anna", "phone", "cloak.ip", account="Anna", address="198.51.100.7"))
    return chat


@pytest.mark.parametrize("mask", ["198.51.100.7", "198.51.100.0/24", "phone@*", "*!*@cloak.ip"])
def test_a_ban_ends_the_device_that_it_matches(chat, mask):
    killed = [event for event in do(chat, OLGA, BanFromServer(mask)) if isinstance(event, Killed)]
    assert [(event.person.name, event.sessions) for event in killed] == [("Anna", (PHONE,))]


@pytest.mark.parametrize("mask", ["Anna", "*@host1", "*!u@host1"])
def test_a_ban_of_the_person_ends_all(chat, mask):
    killed = [event for event in do(chat, OLGA, BanFromServer(mask)) if isinstance(event, Killed)]
    assert [(event.person.name, event.sessions) for event in killed] == [("Anna", ())]


def test_a_ban_of_the_only_device_that_is_left_ends_the_person(chat):
    do(chat, ANNA, Detach(ANNA))
    killed = [event for event in do(chat, OLGA, BanFromServer("198.51.100.7")) if isinstance(event, Killed)]
    assert [(event.person.name, event.sessions) for event in killed] == [("Anna", ())]


def test_a_banned_device_is_not_attached(chat):
    do(chat, OLGA, BanFromServer("203.0.113.0/24"))
    banned = do(chat, 21, Connect("Anna", "u", "h", account="Anna", address="203.0.113.5"))
    assert banned == (BannedFromServer(""),)


def test_a_ban_ends_who_comes_while_it_is_looked_for_whom_it_matches(chat):
    work = SLICED_HANDLERS[BanFromServer](chat, OLGA, BanFromServer("*!u@*"), 0)
    made: list[Any] = []

    def look() -> Iterator[None]:
        made.extend((yield from work))

    looking = look()
    next(looking)
    next(looking)
    do(chat, BOB, Quit(""))
    do(chat, 21, Connect("zoe", "u", "h"))
    do(chat, 22, Connect("yan", "other", "h"))
    list(looking)
    killed = [event.person.name for event in do(chat, OLGA, made[0]) if isinstance(event, Killed)]
    assert killed == ["Anna", "carol", "zoe"]


def test_a_ban_of_many_ends_a_part_of_them_at_once(monkeypatch):
    monkeypatch.setattr(server_bans, "ENDED_AT_ONCE", 2)
    chat = house()
    for number in range(30, 35):
        do(chat, number, Connect(f"n{number}", "bad", "h"))

    def ended() -> Iterator[list[str]]:
        work = SLICED_HANDLERS[BanFromServer](chat, OLGA, BanFromServer("n*!bad@*", reason="spam"), 0)
        made: list[Any] = []

        def look() -> Iterator[None]:
            made.extend((yield from work))

        list(look())
        for command in made:
            killed = [one for one in do(chat, OLGA, command) if isinstance(one, Killed)]
            assert all((one.by.name, one.reason) == ("olga", "spam") for one in killed)
            yield [one.person.name for one in killed]

    assert list(ended()) == [["n30", "n31"], ["n32", "n33"], ["n34"]]
    do(chat, OLGA, BanFromServer("n*!bad@*", False))
    assert do(chat, OLGA, EndBanned(chat.people[OLGA], "n*!bad@*", (30,))) == ()


def test_nobody_is_ended_by_a_ban_that_is_refused(monkeypatch):
    monkeypatch.setattr(server_bans, "ENDED_AT_ONCE", 1)
    assert do(house(), OLGA, BanFromServer("*!*@*")) == (ServerBanTooWide("*!*@*"),)
