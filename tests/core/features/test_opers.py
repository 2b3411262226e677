import pytest

from asyncchat.core.features.connect import Connect
from asyncchat.core.features.host import ChangeHost
from asyncchat.core.features.opers import Announce, Announced, OperOnly, RequireOper
from asyncchat.core.features.presence import Connected
from asyncchat.core.features.server_bans import (
    MAX_SERVER_BANS,
    BanFromServer,
    BannedFromServer,
    GetServerBans,
    Kill,
    Killed,
    NoSuchServerBan,
    ServerBanChanged,
    ServerBans,
    ServerBansView,
    ServerBanTooWide,
    TooManyServerBans,
)
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.replies import NoSuchPerson, NotConnectedYet, NoText, NotServerOperator, TextTooLong
from tests.core.house import ANNA, BOB, NOBODY, NOW, OLGA, do, house

MINUTE = 60_000_000


@pytest.mark.parametrize(
    "command",
    [
        Kill("bob", "x"),
        Announce("x"),
        ChangeHost("bob", "b.example"),
        BanFromServer("m"),
        GetServerBans(),
        RequireOper(),
    ],
)
def test_only_server_operators_may(command):
    assert do(house(), ANNA, command) == (NotServerOperator(),)
    assert do(house(), NOBODY, command) == (NotConnectedYet(),)


def test_a_person_is_disconnected():
    chat = house()
    assert do(chat, OLGA, Kill("BOB", "spam")) == (Killed(chat.people[BOB], chat.people[OLGA], "spam"),)
    assert do(chat, OLGA, Kill("zoe", "x")) == (NoSuchPerson("zoe"),)


def test_people_with_the_flag_get_announcements():
    chat = house()
    do(chat, BOB, SetPersonFlag("wallops", True))
    assert do(chat, OLGA, Announce("hear")) == (Announced(chat.people[OLGA], "hear", (BOB, OLGA)),)
    assert do(chat, OLGA, Announce("")) == (NoText(),)
    assert do(chat, OLGA, Announce("x" * 400)) == (TextTooLong(270),)


def test_a_ban_disconnects_matching_people_and_refuses_them():
    chat = house()
    olga = chat.people[OLGA]
    banned, killed = do(chat, OLGA, BanFromServer("*@host2", True, 60, "spam"))
    assert banned == ServerBanChanged(olga, "*!*@host2", True, NOW, NOW + MINUTE, "spam")
    assert killed == Killed(chat.people[BOB], olga, "spam")
    again = Connect("rob", "u", "host2")
    assert do(chat, 9, again) == (BannedFromServer("spam", NOW + MINUTE),)
    assert isinstance(do(chat, 9, again, NOW + MINUTE)[0], Connected)


def test_a_ban_spares_server_operators():
    chat = house()
    assert len(do(chat, OLGA, BanFromServer("o*"))) == 1


def test_a_ban_is_lifted_in_any_case():
    chat = house()
    do(chat, OLGA, BanFromServer("Eve"))
    assert do(chat, OLGA, BanFromServer("EVE", False)) == (
        ServerBanChanged(chat.people[OLGA], "Eve!*@*", False, NOW),
    )
    assert do(chat, OLGA, BanFromServer("eve", False)) == (NoSuchServerBan("eve!*@*"),)


def test_expired_bans_are_removed_and_not_listed():
    chat = house()
    for number in range(MAX_SERVER_BANS):
        do(chat, OLGA, BanFromServer(f"n{number}", seconds=60))
    assert do(chat, OLGA, BanFromServer("more")) == (TooManyServerBans("more!*@*", MAX_SERVER_BANS),)
    later = NOW + MINUTE
    (view,) = do(chat, OLGA, GetServerBans("why"), later)
    assert view == ServerBansView((), "why")
    assert len(do(chat, OLGA, BanFromServer("more"), later)) == MAX_SERVER_BANS + 1
    assert list(ServerBans.of(chat)) == ["more!*@*"]


@pytest.mark.parametrize("mask", ["*", "*!*@*", "*@*", "?*", "0.0.0.0/0", "::/0"])
def test_nobody_bans_everybody(mask):
    (refusal,) = do(house(), OLGA, BanFromServer(mask))
    assert isinstance(refusal, ServerBanTooWide)


def test_what_only_server_operators_are_told():
    assert do(house(), OLGA, RequireOper("x")) == (OperOnly("x"),)
