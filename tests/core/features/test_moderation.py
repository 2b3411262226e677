"""Moderating a room."""

import pytest

from asyncchat.core import rooms
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features import room_modes
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import Banned, Join, Part
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.redaction import Erase, Erased
from asyncchat.core.features.room_modes import (
    MaskChanged,
    RoleChanged,
    SetFlag,
    SetMask,
    SetRole,
    TooManyMasks,
    TooManyMasksFromNetwork,
)
from asyncchat.core.features.rooms import Kicked, RoomClosed
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import NoSuchPerson, NoSuchRoom, NotConnectedYet, NotMember, NotOperator, NotThere
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house

ASKED = [
    lambda room: Kick(room, "bob"),
    lambda room: SetRole(room, "bob"),
    lambda room: SetFlag(room, "topic-locked", on=False),
    lambda room: Ban(room, "bob"),
    lambda room: SetMask(room, "mute", "bob"),
    lambda room: Erase(room, ()),
]


def test_only_operators_of_the_server_erase_in_a_room_that_is_not_open():
    chat = house()
    assert do(chat, ANNA, Erase("#x", (1,))) == (NoSuchRoom("#x"),)
    erased = Erased("#x", chat.people[OLGA], (1,))
    assert do(chat, OLGA, Erase("#x", (1,))) == (erased, OperOverride(chat.people[OLGA], erased))


@pytest.mark.parametrize("make", ASKED)
@pytest.mark.parametrize(
    ("person_id", "room", "refusal"),
    [
        (NOBODY, "#tea", NotConnectedYet()),
        (BOB, "#TEA", NotOperator("#Tea")),
        (CAROL, "#tea", NotMember("#Tea")),
        (ANNA, "#x", NoSuchRoom("#x")),
        (OLGA, "#x", NoSuchRoom("#x")),
        (ANNA, LOBBY, NotOperator(LOBBY)),
    ],
)
def test_who_may_not(make, person_id, room, refusal):
    if isinstance(refusal, NotMember) and type(make(room)) not in (Kick, Erase):
        refusal = NotOperator(refusal.room)  # modes: an outsider is refused like a member without the right
    assert decide(house(), person_id, make(room), NOW) == (refusal,)


@pytest.mark.parametrize("make", ASKED)
@pytest.mark.parametrize("person_id", [ANNA, OLGA])
def test_who_may(make, person_id):
    chat = house()
    event, *audited = decide(chat, person_id, make("#TEA"), NOW)
    assert isinstance(event, Event)
    overrides = [] if person_id == ANNA else [OperOverride(chat.people[OLGA], event)]
    assert audited == overrides


def test_a_kick():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, Kick("#tea", "BOB", "spam")) == (Kicked("#Tea", bob, anna, "spam"),)
    assert chat.rooms.joined[BOB] == (LOBBY,)
    assert do(chat, ANNA, Kick("#tea", "bob")) == (NotThere("#Tea", "bob"),)
    assert do(chat, ANNA, Kick("#tea", "zoe")) == (NotThere("#Tea", "zoe"),)
    assert do(chat, OLGA, Kick("#tea", "anna"))[1:2] == (RoomClosed("#Tea"),)


def test_a_ban_that_removes_members():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    banned, kicked = do(chat, ANNA, Ban("#tea", "bob", out=True))
    assert isinstance(banned, MaskChanged)
    assert banned.listed == "ban"
    assert kicked == Kicked("#Tea", bob, anna, "banned")
    assert ANNA in chat.rooms["#tea"].member_blocks
    assert do(chat, BOB, Join("#tea")) == (Banned("#Tea"),)
    assert do(chat, ANNA, Ban("#tea", "*!*@*", out=True))[1:] == ()


def test_operators():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, SetRole("#tea", "bob")) == (RoleChanged("#Tea", bob, anna, on=True),)
    assert do(chat, ANNA, SetRole("#tea", "bob")) == ()
    assert do(chat, BOB, SetRole("#tea", "anna", on=False)) == (RoleChanged("#Tea", anna, bob, on=False),)
    assert set(chat.rooms["#tea"].roles) == {BOB}
    assert do(chat, BOB, SetRole("#tea", "carol")) == (NotThere("#Tea", "carol"),)
    assert do(chat, BOB, SetRole("#tea", "zoe")) == (NoSuchPerson("zoe"),)


def test_flags():
    chat = house()
    assert do(chat, ANNA, SetFlag("#tea", "topic-locked")) == ()
    assert do(chat, ANNA, SetFlag("#tea", "nonsense")) == ()
    assert len(do(chat, ANNA, SetFlag("#tea", "topic-locked", on=False))) == 1
    assert chat.rooms["#tea"].flags == {"no-outsiders"}


def muting(room: str, mask: str, on: bool = True) -> SetMask:
    return SetMask(room, "mute", mask, on)


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
@pytest.mark.parametrize(("kind", "listed"), [(Ban, "ban"), (muting, "mute")])
def test_the_mask_for_a_name(kind, listed, typed, mask):
    chat = house()
    (event,) = do(chat, ANNA, kind("#tea", typed))
    assert isinstance(event, MaskChanged)
    assert event.listed == listed
    assert event.mask == mask
    assert do(chat, ANNA, kind("#tea", typed)) == ()
    (lifted,) = do(chat, ANNA, kind("#tea", typed, on=False))
    assert isinstance(lifted, MaskChanged)
    assert lifted.listed == listed
    assert lifted.mask == mask
    assert do(chat, ANNA, kind("#tea", typed, on=False)) == ()
    assert not chat.rooms["#tea"].masks["ban"]
    assert not chat.rooms["#tea"].masks["mute"]


def test_the_mask_is_the_name_if_others_share_the_host():
    chat = house()
    do(chat, 6, Connect("twin", "u", "host2", rooms=("#tea",)))
    (event,) = do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert isinstance(event, MaskChanged)
    assert event.listed == "mute"
    assert event.mask == "bob!*@*"


def test_a_ban_removes_only_whom_it_matches():
    chat = house()
    do(chat, 6, Connect("twin", "u", "host2", rooms=("#tea",)))
    do(chat, ANNA, Kick("#tea", "bob"))
    (event,) = do(chat, ANNA, Ban("#tea", "bob"))
    assert isinstance(event, MaskChanged)
    assert event.listed == "ban"
    assert event.mask == "bob!*@*"


def test_a_mask_is_found_in_any_case():
    chat = house()
    do(chat, ANNA, Ban("#tea", "BAD!*@*"))
    (event,) = do(chat, ANNA, Ban("#tea", "bad!*@*", on=False))
    assert isinstance(event, MaskChanged)
    assert event.listed == "ban"
    assert event.mask == "BAD!*@*"


def test_limits(monkeypatch):
    chat = house()
    monkeypatch.setattr(room_modes, "MASKS_EACH", 1)
    assert do(chat, ANNA, Ban("#tea", "x" * 300)) == (TooManyMasks("#Tea", "x" * 300 + "!*@*", 1),)
    assert do(chat, ANNA, Ban("#tea", "\ud800" * 300)) != ()
    do(chat, ANNA, Ban("#tea", "a"))
    assert do(chat, ANNA, Ban("#tea", "b")) == (TooManyMasks("#Tea", "b!*@*", 1),)
    assert len(do(chat, ANNA, Ban("#tea", "a", on=False))) == 1


def test_the_rooms_of_a_network_have_so_many_masks_in_all(monkeypatch):
    monkeypatch.setattr(rooms, "MASKS_FROM_NETWORK", 3)
    monkeypatch.setattr(room_modes, "MASKS_FROM_NETWORK", 3)
    chat = Chat()
    chat.rooms.per_network = 500
    for person_id, address in ((1, "192.0.2.7"), (2, "192.0.2.7"), (3, "192.0.2.8")):
        do(chat, person_id, Connect(f"p{person_id}", "u", address))
        do(chat, person_id, Join(f"#r{person_id}"))
    do(chat, 1, Ban("#r1", "a"))
    do(chat, 1, SetMask("#r1", "exception", "b"))
    do(chat, 2, SetMask("#r2", "mute", "a"))
    refused = (TooManyMasksFromNetwork("#r1", "c!*@*", 3),)
    assert do(chat, 1, Ban("#r1", "c")) == refused
    assert len(do(chat, 1, SetMask("#r1", "ban", "a", seconds=60))) == 1  # it is there already
    assert len(do(chat, 3, Ban("#r3", "c"))) == 1  # another network's
    do(chat, 2, SetMask("#r2", "mute", "a", on=False))
    assert len(do(chat, 1, Ban("#r1", "c"))) == 1
    assert do(chat, 1, Ban("#r1", "d"))[0] == TooManyMasksFromNetwork("#r1", "d!*@*", 3)
    do(chat, 1, Part("#r1"))
    do(chat, 3, Join("#r1"))  # it is theirs to count now
    assert chat.rooms.masks_from == {"192.0.2.8": 4}
    assert len(do(chat, 2, Ban("#r2", "d"))) == 1


def test_bans_find_no_address_behind_a_cloak():
    """Who bans network after network, and sees who is put out, would find it in 32 steps."""
    chat = house()
    do(chat, 9, Connect("eve", "u", "a.b.c.ip", address="192.0.2.7", rooms=("#tea",)))
    eve, tea = chat.people[9], chat.rooms["#tea"]
    for mask in ("*!*@192.0.2.0/24", "*!*@192.*", "*!*@192.0.2.7"):
        assert [type(event) for event in do(chat, ANNA, Ban("#tea", mask, out=True))] == [MaskChanged]
        assert not tea.bans_person(eve)
    do(chat, ANNA, SetMask("#tea", "exception", "*!*@192.*"))
    do(chat, ANNA, SetMask("#tea", "mute", "*!*@192.*"))
    assert not tea.mutes_person(eve)
    assert not tea.lists("exception", eve)
    do(chat, ANNA, Ban("#tea", "*!*@*.b.c.ip"))
    assert tea.bans_person(eve)


def test_operators_of_the_server_ban_addresses_behind_cloaks():
    chat = house()
    chat.server_operators.add(ANNA)
    do(chat, 9, Connect("eve", "u", "a.b.c.ip", address="192.0.2.7", rooms=("#tea",)))
    eve = chat.people[9]
    *_, last = do(chat, ANNA, Ban("#tea", "*!*@192.0.2.0/24", out=True))
    assert last == Kicked("#Tea", eve, chat.people[ANNA], "banned")
    assert chat.rooms["#tea"].bans_person(eve)


def test_erasing():
    chat = house()
    assert do(chat, ANNA, Erase("#tea", (3, 4))) == (Erased("#Tea", chat.people[ANNA], (3, 4)),)


def test_a_ban_with_an_end_can_lose_its_end():
    chat = house()
    do(chat, ANNA, Ban("#tea", "carol!*@*", seconds=60))
    assert chat.rooms["#tea"].masks["ban"]["carol!*@*"].until
    do(chat, ANNA, Ban("#tea", "carol!*@*"))
    assert not chat.rooms["#tea"].masks["ban"]["carol!*@*"].until
