from asyncchat.core import commands, replies
from asyncchat.core.gone import REMEMBERED, Departures
from asyncchat.core.people import person
from tests.core.house import BOB, CAROL, NOW, do, house


def test_the_last_is_first():
    gone = Departures()
    for time, name in enumerate(("Ivan", "zoe", "IVAN")):
        gone.add(person(time, name, "u", "h"), time)
    assert [(found.person.name, found.time) for found in gone.of("ivan")] == [("IVAN", 2), ("Ivan", 0)]
    assert gone.of("anna") == []
    gone.clear()
    assert gone.of("ivan") == []


def test_it_forgets_the_first():
    gone = Departures()
    for time in range(REMEMBERED + 1):
        gone.add(person(time, f"n{time}", "u", "h"), time)
    assert gone.of("n0") == []
    assert len(gone.of("n1")) == 1


def test_who_leaves_or_takes_another_name_is_remembered():
    chat = house()
    do(chat, BOB, commands.Rename("rob"), NOW + 1)
    do(chat, BOB, commands.Quit(), NOW + 2)
    for name, time in (("bob", NOW + 1), ("rob", NOW + 2)):
        (view,) = do(chat, CAROL, commands.AskGone(name))
        assert isinstance(view, replies.GoneView)
        assert [(gone.person.name, gone.time) for gone in view.gone] == [(name, time)]
