from asyncchat.core.features.connect import Quit, Rename
from asyncchat.core.features.whowas import MAX_ENTRIES, GetWhowas, Whowas, WhowasView
from asyncchat.core.people import person
from tests.core.house import BOB, CAROL, NOW, do, house


def test_the_last_is_first():
    gone = Whowas()
    for time, name in enumerate(("Ivan", "zoe", "IVAN")):
        gone.add(person(time, name, "u", "h"), time)
    assert [(found.person.name, found.time) for found in gone.named("ivan")] == [("IVAN", 2), ("Ivan", 0)]
    assert gone.named("anna") == []
    gone.end_run()
    assert gone.named("ivan") == []


def test_it_forgets_the_first():
    gone = Whowas()
    for time in range(MAX_ENTRIES + 1):
        gone.add(person(time, f"n{time}", "u", "h"), time)
    assert gone.named("n0") == []
    assert len(gone.named("n1")) == 1


def test_who_leaves_or_takes_another_name_is_remembered():
    chat = house()
    do(chat, BOB, Rename("rob"), NOW + 1)
    do(chat, BOB, Quit(), NOW + 2)
    for name, time in (("bob", NOW + 1), ("rob", NOW + 2)):
        (view,) = do(chat, CAROL, GetWhowas(name))
        assert isinstance(view, WhowasView)
        assert [(gone.person.name, gone.time) for gone in view.entries] == [(name, time)]
