from asyncchat.core.features.connect import Quit, Rename
from asyncchat.core.features.whowas import MAX_ENTRIES, GetWhowas, Whowas, WhowasView
from asyncchat.core.people import person
from tests.core.house import BOB, CAROL, NOW, do, house


def test_the_newest_entry_comes_first():
    whowas = Whowas()
    for time, name in enumerate(("Ivan", "zoe", "IVAN")):
        whowas.add(person(time, name, "u", "h"), time)
    assert [(found.person.name, found.time) for found in whowas.named("ivan")] == [("IVAN", 2), ("Ivan", 0)]
    assert whowas.named("anna") == []
    whowas.end_run()
    assert whowas.named("ivan") == []


def test_the_oldest_entry_is_forgotten():
    whowas = Whowas()
    for time in range(MAX_ENTRIES + 1):
        whowas.add(person(time, f"n{time}", "u", "h"), time)
    assert whowas.named("n0") == []
    assert len(whowas.named("n1")) == 1


def test_leaving_and_renaming_add_entries():
    chat = house()
    do(chat, BOB, Rename("rob"), NOW + 1)
    do(chat, BOB, Quit(), NOW + 2)
    for name, time in (("bob", NOW + 1), ("rob", NOW + 2)):
        (view,) = do(chat, CAROL, GetWhowas(name))
        assert isinstance(view, WhowasView)
        assert [(entry.person.name, entry.time) for entry in view.entries] == [(name, time)]
