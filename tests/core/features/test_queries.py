"""Answers from the state."""

import pytest

from asyncchat.core.commands import Query
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import GetWelcome, Quit, Welcome
from asyncchat.core.features.join import GetRoom, NoRoomView, RoomView
from asyncchat.core.features.queries import (
    Counts,
    GetCounts,
    GetPeople,
    GetPerson,
    GetRooms,
    GetWho,
    PeopleView,
    PersonSummary,
    PersonView,
    RoomSummary,
    RoomsView,
    WhoView,
)
from asyncchat.core.features.room_modes import FlagsView, GetFlags, GetMasks, MasksView, MaskView, SetMask
from asyncchat.core.features.server import GetTime, TimeNow
from asyncchat.core.features.topic import GetTopic, TopicView
from asyncchat.core.names import LOBBY
from asyncchat.core.registry import QUERY_HANDLERS
from asyncchat.core.replies import NoSuchPerson, NoSuchRoom, NotConnectedYet
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house


def ask(person_id, question):
    (answer,) = do(house(), person_id, question)
    return answer


@pytest.mark.parametrize("kind", QUERY_HANDLERS)
def test_a_session_that_is_not_connected_gets_no_answer(kind):
    question = kind(*(("x",) if kind.__struct_fields__ and kind not in (GetRooms, GetWho) else ()))
    assert isinstance(question, Query)
    assert decide(house(), NOBODY, question, NOW) == (NotConnectedYet(),)


def test_counts():
    assert ask(ANNA, GetCounts()) == Counts(4, 2, 1, 4)
    chat = house()
    do(chat, CAROL, Quit())
    assert do(chat, ANNA, GetWelcome()) == (Welcome(chat.people[ANNA], Counts(3, 2, 1, 4)),)


def test_a_room():
    view = ask(CAROL, GetRoom("#TEA"))
    assert isinstance(view, RoomView)
    members = [(member.person.name, member.operator) for block in view.blocks for member in block.members]
    assert members == [("Anna", True), ("bob", False)]
    assert (view.room, view.topic, view.size, view.joining) == ("#Tea", None, 2, False)
    assert ask(ANNA, GetRoom("#x")) == NoRoomView("#x")


def test_topic_flags_masks():
    assert ask(ANNA, GetTopic("#tea")) == TopicView("#Tea", None)
    assert ask(ANNA, GetFlags("#tea")) == FlagsView("#Tea", frozenset({"no-outsiders", "topic-locked"}), NOW)
    for question in (GetTopic, GetFlags, GetMasks):
        assert ask(ANNA, question("#x")) == NoSuchRoom("#x")
    chat = house()
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert do(chat, CAROL, GetMasks("#tea", ("mute",))) == (
        MasksView("#Tea", ("mute",), (MaskView("*!*@host2", "Anna!u@host1", NOW, "mute"),)),
    )
    assert do(chat, CAROL, GetMasks("#tea")) == (MasksView("#Tea", ("ban",), ()),)


def test_rooms_the_largest_first():
    view = ask(BOB, GetRooms())
    assert isinstance(view, RoomsView)
    assert view.rooms == (RoomSummary(LOBBY, 4, ""), RoomSummary("#Tea", 2, ""))
    assert view.mine == {LOBBY, "#tea"}
    named = ask(CAROL, GetRooms(("#x", "#TEA")))
    assert isinstance(named, RoomsView)
    assert named.rooms == (RoomSummary("#Tea", 2, ""),)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (GetWho(), ["Anna", "bob", "carol", "olga"]),
        (GetWho("#tea"), ["Anna", "bob"]),
        (GetWho("#x"), []),
        (GetWho("BOB"), ["bob"]),
        (GetWho("*o*", fields=("name",)), ["bob", "carol", "olga"]),
        (GetWho("*@host3"), ["carol"]),
        (GetWho("zoe"), []),
        (GetWho("", server_operators_only=True), ["olga"]),
    ],
)
def test_who(question, names):
    view = ask(ANNA, question)
    assert isinstance(view, WhoView)
    assert [seen.person.name for seen in view.people] == names


def test_one_person():
    chat = house()
    do(chat, BOB, SetAway("lunch"))
    (view,) = do(chat, CAROL, GetPerson("BOB"))
    assert isinstance(view, PersonView)
    assert view.seen == PersonSummary(chat.people[BOB], "lunch", False, LOBBY, False)
    assert view.rooms == ((LOBBY, False), ("#Tea", False))
    assert view.connected_at == NOW
    assert ask(ANNA, GetPerson("zoe")) == NoSuchPerson("zoe")


def test_people_by_name():
    view = ask(ANNA, GetPeople(("olga", "zoe", "ANNA"), "why"))
    assert isinstance(view, PeopleView)
    assert [(seen.person.id, seen.server_operator) for seen in view.people] == [(OLGA, True), (ANNA, False)]
    assert view.context == "why"


def test_the_time():
    assert ask(ANNA, GetTime()) == TimeNow(NOW)
    assert ask(NOBODY, GetTime()) == NotConnectedYet()
