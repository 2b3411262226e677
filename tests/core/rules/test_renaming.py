"""Rooms' names."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.chat import Chat
from asyncchat.core.names import LOBBY
from asyncchat.core.rules import renaming
from asyncchat.core.rules.marks import mark_of
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


@pytest.fixture
def chat():
    return house()


def rename(chat, to, who=ANNA, room="#tea", now=NOW):
    return do(chat, who, commands.RenameRoom(room, to), now)


def test_all_of_a_room_moves(chat):
    do(chat, ANNA, commands.SetTopic("#tea", "green"))
    do(chat, ANNA, commands.SetRole("#tea", "bob", role="voice"))
    do(chat, ANNA, commands.Invite("#tea", "carol"))
    do(chat, OLGA, commands.Join("#hall"))
    do(chat, OLGA, commands.Join("#tea"))
    do(chat, OLGA, commands.SetSetting("#hall", "forward", "#tea"))
    before = chat.room_named("#tea").state()
    event, moved = rename(chat, "#Milk")
    assert event == events.RoomRenamed("#Tea", "#Milk", chat.people[ANNA], "", NOW)
    assert (moved.view.room, moved.view.size, moved.case_only) == ("#Milk", 3, False)
    assert chat.room_named("#tea") is None
    room = chat.room_named("#milk")
    assert room.state() == {**before, "name": "#Milk", "renamed": NOW, "former": ("#Tea",)}
    assert all("#milk" in chat.rooms_of[who] and "#tea" not in chat.rooms_of[who] for who in room.seats)
    assert chat.invitations == {CAROL: {"#milk": True}}
    assert chat.room_named("#hall").settings["forward"] == "#Milk"
    do(chat, BOB, commands.Part("#milk"))
    assert BOB not in room.seats


@pytest.mark.parametrize(
    ("who", "room", "to", "items"),
    [
        (NOBODY, "#tea", "#x", (replies.NotEntered(),)),
        (ANNA, "#none", "#x", (replies.NoSuchRoom("#none"),)),
        (CAROL, "#tea", "#x", (replies.NotMember("#Tea"),)),
        (BOB, "#tea", "#x", (replies.NotOperator("#Tea"),)),
        (ANNA, "#tea", LOBBY, (replies.RoomNameTaken("#Tea", LOBBY),)),
        (OLGA, LOBBY, "#x", (replies.CannotRenameRoom(LOBBY, "#x", "the lobby keeps its name"),)),
        (ANNA, "#tea", "#Tea", (replies.CannotRenameRoom("#Tea", "#Tea", "that is its name"),)),
        (ANNA, "#tea", "x", (replies.CannotRenameRoom("#Tea", "x", "a room's name begins with #"),)),
    ],
)
def test_who_may_not_and_what_not(chat, who, room, to, items):
    assert rename(chat, to, who, room) == items


def test_a_change_of_case(chat):
    _event, moved = rename(chat, "#TEA")
    assert moved.case_only
    assert chat.room_named("#tea").name == "#TEA"
    assert chat.moved == {}


def test_who_comes_by_the_old_name_is_led_to_the_new_one(chat):
    rename(chat, "#milk")
    forwarded, joined, _view = do(chat, CAROL, commands.Join("#tea"))
    assert forwarded == replies.Forwarded("#tea", "#milk", renamed=True)
    assert joined == events.Joined("#milk", chat.people[CAROL])


def test_who_finds_its_way_alone_is_told_it(chat):
    rename(chat, "#milk")
    assert do(chat, CAROL, commands.Join("#tea", follow=False)) == (replies.RoomHasMoved("#tea", "#milk"),)


def test_members_may_open_the_old_name_anew(chat):
    rename(chat, "#milk")
    do(chat, BOB, commands.Join("#tea"))
    assert chat.room_named("#tea").roles == {BOB: 4} or BOB in chat.room_named("#tea").roles
    assert chat.moved == {}
    assert chat.room_named("#milk").former == ()
    assert rename(chat, "#tea", room="#milk") == (replies.RoomNameTaken("#milk", "#tea"),)


def test_a_secret_room_does_not_tell_its_new_name(chat):
    do(chat, ANNA, commands.SetFlag("#tea", "secret"))
    rename(chat, "#milk")
    opened, *_ = do(chat, CAROL, commands.Join("#tea"))
    assert opened == events.RoomOpened("#tea", NOW)


def test_another_room_may_not_take_a_name_that_leads_elsewhere(chat):
    rename(chat, "#milk")
    do(chat, CAROL, commands.Join("#cake"))
    assert rename(chat, "#tea", CAROL, "#cake") == (replies.RoomNameTaken("#cake", "#tea"),)
    rename(chat, "#tea", ANNA, "#milk")
    assert chat.moved == {"#milk": "#tea"}


def test_a_large_room_keeps_a_name_for_a_while(chat):
    for who in range(100, 100 + renaming.LARGE):
        do(chat, who, commands.Enter(f"p{who}", "u", "h", rooms=("#tea",)))
    rename(chat, "#milk")
    assert rename(chat, "#tea", room="#milk", now=NOW + renaming.REST - 1) == (
        replies.CannotRenameRoom("#milk", "#tea", "it was renamed a moment ago"),
    )
    assert len(rename(chat, "#tea", room="#milk", now=NOW + renaming.REST)) == 2


def test_the_names_that_lead_to_a_room_are_few_and_end_with_it(chat):
    for name in ("#1", "#2", "#3", "#4", "#5"):
        rename(chat, name, room=chat.rooms_with(ANNA)[-1].name)
    assert chat.moved == dict.fromkeys(("#1", "#2", "#3", "#4"), "#5")
    do(chat, ANNA, commands.Part("#5"))
    do(chat, BOB, commands.Part("#5"))
    assert chat.moved == {}


def test_a_snapshot_knows_the_names(chat):
    few = snapshot(_state(chat))
    assert few is not None
    assert Chat.replay(few).moved == {"#tea": "#cake", "#milk": "#cake"}


def _state(chat):
    """The facts of state that made these rooms."""
    anna = chat.people[ANNA]
    return (
        events.RoomOpened("#Tea", NOW),
        events.RoomRenamed("#Tea", "#Milk", anna, "", NOW),
        events.RoomRenamed("#Milk", "#Cake", anna, "", NOW),
        events.RoomRenamed("#Cake", "#cake", anna, "", NOW + 1),
        events.TopicChanged("#cake", anna, "x", NOW),
        events.RoomOpened("#hall", NOW),
        events.RoomRenamed("#hall", "#HALL", anna, "", NOW),
    )


def test_a_room_gets_no_name_by_renaming_that_could_not_be_opened():
    chat = house()
    (refusal,) = do(chat, ANNA, commands.RenameRoom("#tea", "#раul"))
    assert isinstance(refusal, replies.Refusal)
    assert "#tea" in chat.rooms


def test_read_marks_go_with_the_room():
    chat = house()
    do(chat, BOB, commands.MarkRead("#tea", NOW - 5))
    do(chat, ANNA, commands.RenameRoom("#tea", "#coffee"))
    assert mark_of(chat, BOB, "#coffee") == NOW - 5
    assert mark_of(chat, BOB, "#tea") is None
