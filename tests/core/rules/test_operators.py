import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.commands import BanFromServer
from asyncchat.core.rules.operators import SERVER_BANS
from tests.core.house import ANNA, BOB, NOBODY, NOW, OLGA, do, house

MINUTE = 60_000_000


@pytest.mark.parametrize(
    "command",
    [
        commands.Kill("bob", "x"),
        commands.Announce("x"),
        commands.ChangeHost("bob", "b.example"),
        BanFromServer("m"),
        commands.AskServerBans(),
        commands.NeedOwner(),
    ],
)
def test_the_owner_alone(command):
    assert do(house(), ANNA, command) == (replies.NotServerOperator(),)
    assert do(house(), NOBODY, command) == (replies.NotEntered(),)


def test_somebody_is_put_out():
    chat = house()
    assert do(chat, OLGA, commands.Kill("BOB", "spam")) == (
        events.Killed(chat.people[BOB], chat.people[OLGA], "spam"),
    )
    assert do(chat, OLGA, commands.Kill("zoe", "x")) == (replies.NoSuchPerson("zoe"),)


def test_who_wants_it_is_told():
    chat = house()
    do(chat, BOB, commands.SetPersonFlag("wallops", True))
    assert do(chat, OLGA, commands.Announce("hear")) == (
        events.Announced(chat.people[OLGA], "hear", (BOB, OLGA)),
    )
    assert do(chat, OLGA, commands.Announce("")) == (replies.NoText(),)
    assert do(chat, OLGA, commands.Announce("x" * 400)) == (replies.TextTooLong(270),)


def test_a_ban_puts_out_whom_it_means_and_keeps_out():
    chat = house()
    olga = chat.people[OLGA]
    banned, killed = do(chat, OLGA, BanFromServer("*@host2", True, 60, "spam"))
    assert banned == events.ServerBanChanged(olga, "*!*@host2", True, NOW, NOW + MINUTE, "spam")
    assert killed == events.Killed(chat.people[BOB], olga, "spam")
    again = commands.Enter("rob", "u", "host2")
    assert do(chat, 9, again) == (replies.BannedFromServer("spam", NOW + MINUTE),)
    assert isinstance(do(chat, 9, again, NOW + MINUTE)[0], events.Entered)


def test_owners_are_not_meant():
    chat = house()
    assert len(do(chat, OLGA, BanFromServer("o*"))) == 1


def test_a_ban_is_lifted_in_any_case():
    chat = house()
    do(chat, OLGA, BanFromServer("Eve"))
    assert do(chat, OLGA, BanFromServer("EVE", False)) == (
        events.ServerBanChanged(chat.people[OLGA], "Eve!*@*", False, NOW),
    )
    assert do(chat, OLGA, BanFromServer("eve", False)) == (replies.NoSuchServerBan("eve!*@*"),)


def test_bans_that_are_over_make_room_and_are_not_listed():
    chat = house()
    for number in range(SERVER_BANS):
        do(chat, OLGA, BanFromServer(f"n{number}", seconds=60))
    assert do(chat, OLGA, BanFromServer("more")) == (replies.TooManyServerBans("more!*@*", SERVER_BANS),)
    later = NOW + MINUTE
    (view,) = do(chat, OLGA, commands.AskServerBans("why"), later)
    assert view == replies.ServerBansView((), "why")
    assert len(do(chat, OLGA, BanFromServer("more"), later)) == SERVER_BANS + 1
    assert list(chat.server_bans) == ["more!*@*"]


@pytest.mark.parametrize("mask", ["*", "*!*@*", "*@*", "?*", "0.0.0.0/0", "::/0"])
def test_nobody_bans_everybody(mask):
    (refusal,) = do(house(), OLGA, BanFromServer(mask))
    assert isinstance(refusal, replies.ServerBanTooWide)


def test_what_only_the_owner_is_told():
    assert do(house(), OLGA, commands.NeedOwner("x")) == (replies.OwnerOnly("x"),)
