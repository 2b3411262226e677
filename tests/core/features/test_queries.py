"""Answers from the state."""

import pytest

from asyncchat.core.commands import Question
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import AskWelcome, Quit, Welcome
from asyncchat.core.features.join import AskRoom, NoRoomView, RoomView
from asyncchat.core.features.moderation import Mute
from asyncchat.core.features.queries import (
    AskCounts,
    AskPeople,
    AskPerson,
    AskRooms,
    AskWho,
    Counts,
    PeopleView,
    PersonView,
    RoomLine,
    RoomsView,
    Seen,
    WhoView,
)
from asyncchat.core.features.room_modes import AskFlags, AskMasks, FlagsView, MasksView, MaskView
from asyncchat.core.features.server import AskTime, TimeNow
from asyncchat.core.features.topic import AskTopic, TopicView
from asyncchat.core.names import LOBBY
from asyncchat.core.registry import QUERY_HANDLERS
from asyncchat.core.replies import NoSuchPerson, NoSuchRoom, NotEntered
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house


def ask(who, question):
    (answer,) = do(house(), who, question)
    return answer


@pytest.mark.parametrize("kind", QUERY_HANDLERS)
def test_who_has_no_name_gets_no_answer(kind):
    question = kind(*(("x",) if kind.__struct_fields__ and kind not in (AskRooms, AskWho) else ()))
    assert isinstance(question, Question)
    assert decide(house(), NOBODY, question, NOW) == (NotEntered(),)


def test_counts():
    assert ask(ANNA, AskCounts()) == Counts(4, 2, 1, 4)
    chat = house()
    do(chat, CAROL, Quit())
    assert do(chat, ANNA, AskWelcome()) == (Welcome(chat.people[ANNA], Counts(3, 2, 1, 4)),)


def test_a_room():
    view = ask(CAROL, AskRoom("#TEA"))
    assert isinstance(view, RoomView)
    members = [(member.person.name, member.operator) for block in view.blocks for member in block.members]
    assert members == [("Anna", True), ("bob", False)]
    assert (view.room, view.topic, view.size, view.joining) == ("#Tea", None, 2, False)
    assert ask(ANNA, AskRoom("#x")) == NoRoomView("#x")


def test_topic_flags_masks():
    assert ask(ANNA, AskTopic("#tea")) == TopicView("#Tea", None)
    assert ask(ANNA, AskFlags("#tea")) == FlagsView("#Tea", frozenset({"no-outsiders", "topic-locked"}), NOW)
    for question in (AskTopic, AskFlags, AskMasks):
        assert ask(ANNA, question("#x")) == NoSuchRoom("#x")
    chat = house()
    do(chat, ANNA, Mute("#tea", "bob"))
    assert do(chat, CAROL, AskMasks("#tea", ("mute",))) == (
        MasksView("#Tea", ("mute",), (MaskView("*!*@host2", "Anna!u@host1", NOW, "mute"),)),
    )
    assert do(chat, CAROL, AskMasks("#tea")) == (MasksView("#Tea", ("ban",), ()),)


def test_rooms_the_fullest_first():
    view = ask(BOB, AskRooms())
    assert isinstance(view, RoomsView)
    assert view.rooms == (RoomLine(LOBBY, 4, ""), RoomLine("#Tea", 2, ""))
    assert view.mine == {LOBBY, "#tea"}
    named = ask(CAROL, AskRooms(("#x", "#TEA")))
    assert isinstance(named, RoomsView)
    assert named.rooms == (RoomLine("#Tea", 2, ""),)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (AskWho(), ["Anna", "bob", "carol", "olga"]),
        (AskWho("#tea"), ["Anna", "bob"]),
        (AskWho("#x"), []),
        (AskWho("BOB"), ["bob"]),
        (AskWho("*o*", fields=("name",)), ["bob", "carol", "olga"]),
        (AskWho("*@host3"), ["carol"]),
        (AskWho("zoe"), []),
        (AskWho("", owners_only=True), ["olga"]),
    ],
)
def test_who(question, names):
    view = ask(ANNA, question)
    assert isinstance(view, WhoView)
    assert [seen.person.name for seen in view.people] == names


def test_one_person():
    chat = house()
    do(chat, BOB, SetAway("lunch"))
    (view,) = do(chat, CAROL, AskPerson("BOB"))
    assert isinstance(view, PersonView)
    assert view.seen == Seen(chat.people[BOB], "lunch", False, LOBBY, False)
    assert view.rooms == ((LOBBY, False), ("#Tea", False))
    assert view.entered == NOW
    assert ask(ANNA, AskPerson("zoe")) == NoSuchPerson("zoe")


def test_people_by_name():
    view = ask(ANNA, AskPeople(("olga", "zoe", "ANNA"), "why"))
    assert isinstance(view, PeopleView)
    assert [(seen.person.id, seen.owner) for seen in view.people] == [(OLGA, True), (ANNA, False)]
    assert view.purpose == "why"


def test_the_time():
    assert ask(ANNA, AskTime()) == TimeNow(NOW)
    assert ask(NOBODY, AskTime()) == NotEntered()
