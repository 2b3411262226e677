"""Renaming rooms."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.bots import TokenMade, TokenRevoked
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.history_access import HistoryHidden
from asyncchat.core.features.invites import Invite, Invites
from asyncchat.core.features.join import Forwarded, Join, Part, RoomHasMoved
from asyncchat.core.features.read_markers import SetReadMarker, read_marker_of
from asyncchat.core.features.rename import (
    LARGE,
    RENAME_INTERVAL,
    CannotRenameRoom,
    RenameRoomResolved,
    RoomNameTaken,
    RoomRenamed,
)
from asyncchat.core.features.room_modes import SetFlag, SetRole, SetSetting
from asyncchat.core.features.rooms import Joined, RoomOpened
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import NoSuchRoom, NotConnectedYet, NotMember, NotOperator, Refusal
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


@pytest.fixture
def chat():
    return house()


def rename(chat, to, person_id=ANNA, room="#tea", now=NOW):
    return do(chat, person_id, RenameRoomResolved(room, to), now)


def test_all_of_a_room_is_renamed(chat):
    do(chat, ANNA, SetTopic("#tea", "green"))
    do(chat, ANNA, SetRole("#tea", "bob", role="voice"))
    do(chat, ANNA, Invite("#tea", "carol"))
    do(chat, OLGA, Join("#hall"))
    do(chat, OLGA, Join("#tea"))
    do(chat, OLGA, SetSetting("#hall", "forward", "#tea"))
    before = chat.room_named("#tea").state()
    event, moved = rename(chat, "#Milk")
    assert event == RoomRenamed("#Tea", "#Milk", chat.people[ANNA], "", NOW)
    assert (moved.view.room, moved.view.size, moved.case_only) == ("#Milk", 3, False)
    assert chat.room_named("#tea") is None
    room = chat.room_named("#milk")
    assert room.state() == {**before, "name": "#Milk", "renamed": NOW, "former": ("#Tea",)}
    assert all(
        "#milk" in chat.rooms.joined[person_id] and "#tea" not in chat.rooms.joined[person_id]
        for person_id in room.member_blocks
    )
    assert Invites.of(chat).rooms == {CAROL: {"#milk": True}}
    assert chat.room_named("#hall").settings["forward"] == "#Milk"
    do(chat, BOB, Part("#milk"))
    assert BOB not in room.member_blocks


@pytest.mark.parametrize(
    ("person_id", "room", "to", "items"),
    [
        (NOBODY, "#tea", "#x", (NotConnectedYet(),)),
        (ANNA, "#none", "#x", (NoSuchRoom("#none"),)),
        (CAROL, "#tea", "#x", (NotMember("#Tea"),)),
        (BOB, "#tea", "#x", (NotOperator("#Tea"),)),
        (ANNA, "#tea", LOBBY, (RoomNameTaken("#Tea", LOBBY),)),
        (OLGA, LOBBY, "#x", (CannotRenameRoom(LOBBY, "#x", "the lobby keeps its name"),)),
        (ANNA, "#tea", "#Tea", (CannotRenameRoom("#Tea", "#Tea", "that is its name"),)),
        (ANNA, "#tea", "x", (CannotRenameRoom("#Tea", "x", "a room's name begins with #"),)),
    ],
)
def test_refusals(chat, person_id, room, to, items):
    assert rename(chat, to, person_id, room) == items


def test_a_change_of_case(chat):
    _event, moved = rename(chat, "#TEA")
    assert moved.case_only
    assert chat.room_named("#tea").name == "#TEA"
    assert chat.rooms.redirects == {}


def test_joining_the_old_name_joins_the_new_one(chat):
    rename(chat, "#milk")
    forwarded, joined, _view = do(chat, CAROL, Join("#tea"))
    assert forwarded == Forwarded("#tea", "#milk", renamed=True)
    assert joined == Joined("#milk", chat.people[CAROL])


def test_without_following_only_the_new_name_is_told(chat):
    rename(chat, "#milk")
    assert do(chat, CAROL, Join("#tea", follow=False)) == (RoomHasMoved("#tea", "#milk"),)


def test_a_member_who_joins_the_old_name_is_told_the_new_one(chat):
    rename(chat, "#milk")
    assert do(chat, BOB, Join("#tea")) == (Forwarded("#tea", "#milk", renamed=True),)
    assert do(chat, BOB, Join("#tea", follow=False)) == (RoomHasMoved("#tea", "#milk"),)
    assert chat.room_named("#tea") is None
    assert chat.rooms.redirects == {"#tea": "#milk"}


def test_a_name_that_others_have_a_right_to(chat):
    taken = (RoomNameTaken("#Tea", "#milk"),)
    asked = RenameRoomResolved("#tea", "#milk", taken=True)
    assert do(chat, ANNA, asked) == taken  # the history has messages under it
    chat.apply(TokenMade("bot", "d", ("#MILK",), ("post",), NOW))
    assert rename(chat, "#milk") == taken
    chat.apply(TokenRevoked("bot", NOW))
    chat.apply(TokenMade("bot", "d", ("#milk", "#tea"), ("post",), NOW))
    assert isinstance(rename(chat, "#milk")[0], RoomRenamed)
    chat.apply(HistoryHidden("#gone", NOW))
    assert rename(chat, "#gone", room="#milk") == (RoomNameTaken("#milk", "#gone"),)


def test_nothing_is_renamed_while_the_history_can_t_be_read(chat):
    (refused,) = do(chat, ANNA, RenameRoomResolved("#tea", "#milk", failed=True))
    assert refused == CannotRenameRoom("#Tea", "#milk", "the history can't be read now, try again")


def test_a_secret_room_does_not_tell_its_new_name(chat):
    do(chat, ANNA, SetFlag("#tea", "secret"))
    rename(chat, "#milk")
    opened, *_ = do(chat, CAROL, Join("#tea"))
    assert opened == RoomOpened("#tea", NOW)


def test_another_room_can_t_take_a_name_that_redirects(chat):
    rename(chat, "#milk")
    do(chat, CAROL, Join("#cake"))
    assert rename(chat, "#tea", CAROL, "#cake") == (RoomNameTaken("#cake", "#tea"),)
    rename(chat, "#tea", ANNA, "#milk")
    assert chat.rooms.redirects == {"#milk": "#tea"}


def test_a_large_room_is_not_renamed_often(chat):
    for person_id in range(100, 100 + LARGE):
        do(chat, person_id, Connect(f"p{person_id}", "u", "h", rooms=("#tea",)))
    rename(chat, "#milk")
    assert rename(chat, "#tea", room="#milk", now=NOW + RENAME_INTERVAL - 1) == (
        CannotRenameRoom("#milk", "#tea", "it was renamed a moment ago"),
    )
    assert len(rename(chat, "#tea", room="#milk", now=NOW + RENAME_INTERVAL)) == 2


def test_former_names_are_limited_and_end_with_the_room(chat):
    for name in ("#1", "#2", "#3", "#4", "#5"):
        rename(chat, name, room=chat.rooms_with(ANNA)[-1].name)
    assert chat.rooms.redirects == dict.fromkeys(("#1", "#2", "#3", "#4"), "#5")
    do(chat, ANNA, Part("#5"))
    do(chat, BOB, Part("#5"))
    assert chat.rooms.redirects == {}


def test_a_snapshot_restores_the_names(chat):
    few = snapshot(_state(chat))
    assert few is not None
    assert Chat.replay(few).rooms.redirects == {"#tea": "#cake", "#milk": "#cake"}


def _state(chat):
    """The state events that made these rooms."""
    anna = chat.people[ANNA]
    return (
        RoomOpened("#Tea", NOW),
        RoomRenamed("#Tea", "#Milk", anna, "", NOW),
        RoomRenamed("#Milk", "#Cake", anna, "", NOW),
        RoomRenamed("#Cake", "#cake", anna, "", NOW + 1),
        TopicChanged("#cake", anna, "x", NOW),
        RoomOpened("#hall", NOW),
        RoomRenamed("#hall", "#HALL", anna, "", NOW),
    )


def test_a_room_can_t_be_renamed_to_a_confusable_name():
    chat = house()
    (refusal,) = do(chat, ANNA, RenameRoomResolved("#tea", "#раul"))
    assert isinstance(refusal, Refusal)
    assert "#tea" in chat.rooms


def test_read_markers_follow_the_room():
    chat = house()
    do(chat, BOB, SetReadMarker("#tea", NOW - 5))
    do(chat, ANNA, RenameRoomResolved("#tea", "#coffee"))
    assert read_marker_of(chat, BOB, "#coffee") == NOW - 5
    assert read_marker_of(chat, BOB, "#tea") is None
