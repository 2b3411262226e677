"""Keeping a room in order."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.names import LOBBY
from asyncchat.core.rules import modes
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house

ASKED = [
    lambda room: commands.Kick(room, "bob"),
    lambda room: commands.SetRole(room, "bob"),
    lambda room: commands.SetFlag(room, "topic-locked", on=False),
    lambda room: commands.Ban(room, "bob"),
    lambda room: commands.Mute(room, "bob"),
    lambda room: commands.Erase(room, (1,)),
]


@pytest.mark.parametrize("make", ASKED)
@pytest.mark.parametrize(
    ("who", "room", "refusal"),
    [
        (NOBODY, "#tea", replies.NotEntered()),
        (BOB, "#TEA", replies.NotOperator("#Tea")),
        (CAROL, "#tea", replies.NotMember("#Tea")),
        (ANNA, "#x", replies.NoSuchRoom("#x")),
        (OLGA, "#x", replies.NoSuchRoom("#x")),
        (ANNA, LOBBY, replies.NotOperator(LOBBY)),
    ],
)
def test_who_may_not(make, who, room, refusal):
    if isinstance(refusal, replies.NotMember) and type(make(room)) not in (commands.Kick, commands.Erase):
        refusal = replies.NotOperator(refusal.room)  # modes: who is outside lacks the right
    assert house().decide(who, make(room), NOW) == (refusal,)


@pytest.mark.parametrize("make", ASKED)
@pytest.mark.parametrize("who", [ANNA, OLGA])
def test_who_may(make, who):
    chat = house()
    event, *noted = chat.decide(who, make("#TEA"), NOW)
    assert isinstance(event, events.Event)
    overruled = [] if who == ANNA else [events.Overruled(chat.people[OLGA], event)]  # type: ignore[arg-type]
    assert noted == overruled


def test_a_kick():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, commands.Kick("#tea", "BOB", "spam")) == (events.Kicked("#Tea", bob, anna, "spam"),)
    assert chat.rooms_of[BOB] == (LOBBY,)
    assert do(chat, ANNA, commands.Kick("#tea", "bob")) == (replies.NotThere("#Tea", "bob"),)
    assert do(chat, ANNA, commands.Kick("#tea", "zoe")) == (replies.NotThere("#Tea", "zoe"),)
    assert do(chat, OLGA, commands.Kick("#tea", "anna"))[1:2] == (events.RoomClosed("#Tea"),)


def test_a_ban_that_puts_out():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    banned, kicked = do(chat, ANNA, commands.Ban("#tea", "bob", out=True))
    assert isinstance(banned, events.BanChanged)
    assert kicked == events.Kicked("#Tea", bob, anna, "banned")
    assert ANNA in chat.rooms["#tea"].seats
    assert do(chat, BOB, commands.Join("#tea")) == (replies.Banned("#Tea"),)
    assert do(chat, ANNA, commands.Ban("#tea", "*!*@*", out=True))[1:] == ()


def test_operators():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, commands.SetRole("#tea", "bob")) == (
        events.RoleChanged("#Tea", bob, anna, on=True),
    )
    assert do(chat, ANNA, commands.SetRole("#tea", "bob")) == ()
    assert do(chat, BOB, commands.SetRole("#tea", "anna", on=False)) == (
        events.RoleChanged("#Tea", anna, bob, on=False),
    )
    assert set(chat.rooms["#tea"].roles) == {BOB}
    assert do(chat, BOB, commands.SetRole("#tea", "carol")) == (replies.NotThere("#Tea", "carol"),)
    assert do(chat, BOB, commands.SetRole("#tea", "zoe")) == (replies.NoSuchPerson("zoe"),)


def test_flags():
    chat = house()
    assert do(chat, ANNA, commands.SetFlag("#tea", "topic-locked")) == ()
    assert do(chat, ANNA, commands.SetFlag("#tea", "nonsense")) == ()
    assert len(do(chat, ANNA, commands.SetFlag("#tea", "topic-locked", on=False))) == 1
    assert chat.rooms["#tea"].flags == {"no-outsiders"}


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("bob", "*!*@host2"),
        ("BOB", "*!*@host2"),
        ("zoe", "zoe!*@*"),
        ("bob!*", "bob!*@*"),
        ("*@host9", "*!*@host9"),
        ("", "*!*@*"),
    ],
)
@pytest.mark.parametrize("kind", [commands.Ban, commands.Mute])
def test_what_is_meant_by_a_name(kind, typed, mask):
    chat = house()
    (event,) = do(chat, ANNA, kind("#tea", typed))
    assert isinstance(event, events.BanChanged | events.MuteChanged)
    assert event.mask == mask
    assert do(chat, ANNA, kind("#tea", typed)) == ()
    (lifted,) = do(chat, ANNA, kind("#tea", typed, on=False))
    assert isinstance(lifted, events.BanChanged | events.MuteChanged)
    assert lifted.mask == mask
    assert do(chat, ANNA, kind("#tea", typed, on=False)) == ()
    assert not chat.rooms["#tea"].masks["ban"]
    assert not chat.rooms["#tea"].masks["mute"]


def test_a_name_is_meant_where_others_share_the_host():
    chat = house()
    do(chat, 6, commands.Enter("twin", "u", "host2", rooms=("#tea",)))
    (event,) = do(chat, ANNA, commands.Mute("#tea", "bob"))
    assert isinstance(event, events.MuteChanged)
    assert event.mask == "bob!*@*"


def test_who_stayed_is_not_meant_with_who_was_put_out():
    chat = house()
    do(chat, 6, commands.Enter("twin", "u", "host2", rooms=("#tea",)))
    do(chat, ANNA, commands.Kick("#tea", "bob"))
    (event,) = do(chat, ANNA, commands.Ban("#tea", "bob"))
    assert isinstance(event, events.BanChanged)
    assert event.mask == "bob!*@*"


def test_a_mask_is_found_in_any_case():
    chat = house()
    do(chat, ANNA, commands.Ban("#tea", "BAD!*@*"))
    (event,) = do(chat, ANNA, commands.Ban("#tea", "bad!*@*", on=False))
    assert isinstance(event, events.BanChanged)
    assert event.mask == "BAD!*@*"


def test_limits(monkeypatch):
    chat = house()
    monkeypatch.setattr(modes, "MASKS_EACH", 1)
    assert do(chat, ANNA, commands.Ban("#tea", "x" * 300)) == (
        replies.TooManyMasks("#Tea", "x" * 300 + "!*@*", 1),
    )
    assert do(chat, ANNA, commands.Ban("#tea", "\ud800" * 300)) != ()
    do(chat, ANNA, commands.Ban("#tea", "a"))
    assert do(chat, ANNA, commands.Ban("#tea", "b")) == (replies.TooManyMasks("#Tea", "b!*@*", 1),)
    assert len(do(chat, ANNA, commands.Ban("#tea", "a", on=False))) == 1


def test_erasing():
    chat = house()
    assert do(chat, ANNA, commands.Erase("#tea", (3, 4))) == (
        events.Erased("#Tea", chat.people[ANNA], (3, 4)),
    )


def test_a_ban_for_a_time_can_be_made_one_for_good():
    chat = house()
    do(chat, ANNA, commands.Ban("#tea", "carol!*@*", seconds=60))
    assert chat.rooms["#tea"].masks["ban"]["carol!*@*"].until
    do(chat, ANNA, commands.Ban("#tea", "carol!*@*"))
    assert not chat.rooms["#tea"].masks["ban"]["carol!*@*"].until
