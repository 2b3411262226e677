"""Answers from the state."""

import pytest

from asyncchat.core import commands, replies
from asyncchat.core.commands import AskPeople, AskPerson, AskRooms, AskWho, Question
from asyncchat.core.names import LOBBY
from asyncchat.core.rules import ANSWERS
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


def ask(who, question):
    (answer,) = do(house(), who, question)
    return answer


@pytest.mark.parametrize("kind", ANSWERS)
def test_who_has_no_name_gets_no_answer(kind):
    question = kind(*(("x",) if kind.__struct_fields__ and kind not in (AskRooms, AskWho) else ()))
    assert isinstance(question, Question)
    assert house().decide(NOBODY, question, NOW) == (replies.NotEntered(),)


def test_counts():
    assert ask(ANNA, commands.AskCounts()) == replies.Counts(4, 2, 1, 4)
    chat = house()
    do(chat, CAROL, commands.Quit())
    assert do(chat, ANNA, commands.AskWelcome()) == (
        replies.Welcome(chat.people[ANNA], replies.Counts(3, 2, 1, 4)),
    )


def test_a_room():
    view = ask(CAROL, commands.AskRoom("#TEA"))
    assert isinstance(view, replies.RoomView)
    members = [(member.person.name, member.operator) for block in view.blocks for member in block.members]
    assert members == [("Anna", True), ("bob", False)]
    assert (view.room, view.topic, view.size, view.joining) == ("#Tea", None, 2, False)
    assert ask(ANNA, commands.AskRoom("#x")) == replies.NoRoomView("#x")


def test_topic_flags_masks():
    assert ask(ANNA, commands.AskTopic("#tea")) == replies.TopicView("#Tea", None)
    assert ask(ANNA, commands.AskFlags("#tea")) == replies.FlagsView(
        "#Tea", frozenset({"no-outsiders", "topic-locked"}), NOW
    )
    for question in (commands.AskTopic, commands.AskFlags, commands.AskMasks):
        assert ask(ANNA, question("#x")) == replies.NoSuchRoom("#x")
    chat = house()
    do(chat, ANNA, commands.Mute("#tea", "bob"))
    assert do(chat, CAROL, commands.AskMasks("#tea", ("mute",))) == (
        replies.MasksView("#Tea", ("mute",), (replies.MaskView("*!*@host2", "Anna!u@host1", NOW, "mute"),)),
    )
    assert do(chat, CAROL, commands.AskMasks("#tea")) == (replies.MasksView("#Tea", ("ban",), ()),)


def test_rooms_the_fullest_first():
    view = ask(BOB, AskRooms())
    assert isinstance(view, replies.RoomsView)
    assert view.rooms == (replies.RoomLine(LOBBY, 4, ""), replies.RoomLine("#Tea", 2, ""))
    assert view.mine == {LOBBY, "#tea"}
    named = ask(CAROL, AskRooms(("#x", "#TEA")))
    assert isinstance(named, replies.RoomsView)
    assert named.rooms == (replies.RoomLine("#Tea", 2, ""),)


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
    assert isinstance(view, replies.WhoView)
    assert [seen.person.name for seen in view.people] == names


def test_one_person():
    chat = house()
    do(chat, BOB, commands.SetAway("lunch"))
    (view,) = do(chat, CAROL, AskPerson("BOB"))
    assert isinstance(view, replies.PersonView)
    assert view.seen == replies.Seen(chat.people[BOB], "lunch", False, LOBBY, False)
    assert view.rooms == ((LOBBY, False), ("#Tea", False))
    assert view.entered == NOW
    assert ask(ANNA, AskPerson("zoe")) == replies.NoSuchPerson("zoe")


def test_people_by_name():
    view = ask(ANNA, AskPeople(("olga", "zoe", "ANNA"), "why"))
    assert isinstance(view, replies.PeopleView)
    assert [(seen.person.id, seen.owner) for seen in view.people] == [(OLGA, True), (ANNA, False)]
    assert view.purpose == "why"


def test_the_time():
    assert ask(ANNA, commands.AskTime()) == replies.TimeNow(NOW)
    assert ask(NOBODY, commands.AskTime()) == replies.NotEntered()
