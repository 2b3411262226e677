"""The state of a cluster as bytes."""

import gc
import pickle
import subprocess
import sys
import weakref
from types import ModuleType
from typing import Any

import msgspec
import pytest

from asyncchat.core import people
from asyncchat.core.chat import Chat, Part
from asyncchat.core.features.join import Join
from asyncchat.core.features.messages import Say
from asyncchat.core.features.monitor import Monitor
from asyncchat.core.features.room_modes import SetMask
from asyncchat.core.features.server_bans import BanFromServer, DecideServerBan, ServerBans
from asyncchat.core.features.whowas import Whowas
from asyncchat.core.modes import BANS
from asyncchat.core.people import Account, Person
from asyncchat.server.cluster import state as states
from asyncchat.server.cluster.state import BadState, State, copy, pack, unpack
from tests.core.house import ANNA, BOB, CAROL, OLGA, do, house


def of(chat: Chat) -> State:
    return State(7, 5, 3, term=2, hub=8, counters={9: 4}, epochs=[(1, "abcdef")], chat=chat)


def lived_in() -> Chat:
    """A chat with something of all sorts."""
    chat = house()
    do(chat, ANNA, SetMask("#tea", BANS, "eve!*@192.0.2.0/24", on=True))
    do(chat, ANNA, Say("#tea", "hello"))
    chat.rooms["#tea"].bans_person(chat.people[CAROL])
    chat.rooms["#tea"].blocks[0].encoded["x"] = object()  # a dialect's own
    chat.people.last_spoke[ANNA] = 5
    for number in range(states._AT_ONCE * 2 + 1):
        chat.accounts[f"a{number}"] = Account(f"a{number}", "", number)
    return chat


def test_a_state_comes_back_as_it_was():
    state = of(lived_in())
    back = unpack(pack(state))
    assert back.chat is not state.chat
    assert back.chat.state() == state.chat.state()
    assert back.chat.people.last_spoke == state.chat.people.last_spoke
    assert msgspec.structs.replace(back, chat=state.chat) == state
    assert copy(state.chat).state() == state.chat.state()


def test_a_copy_is_freed_when_nobody_has_it_any_more():
    gc.collect()
    gc.disable()
    try:
        part = weakref.ref(Monitor.of(copy(lived_in())))
        assert part() is None
    finally:
        gc.enable()


def test_what_has_come_goes_on_as_the_other_does():
    chat, same = (chat := lived_in()), copy(chat)
    for one in (chat, same):
        do(one, BOB, Say("#tea", "here"))
        do(one, CAROL, Join("#tea"))
        do(one, CAROL, Join("#cake"))
    assert same.state() == chat.state()
    assert same.people[ANNA] is next(same.rooms["#tea"].members()).person
    assert set(same.parts) == set(Part.kinds)


def test_a_later_version_may_have_more_fields_and_features(monkeypatch):
    chat = house()
    before = chat.state()
    later_person: Any = msgspec.defstruct("Person", [("mood", str, "good")], bases=(Person,), frozen=True)
    later_person.__module__ = Person.__module__
    moods = ModuleType("asyncchat.core.features.moods")
    moods.Mood = msgspec.defstruct("Mood", ["what"], module=moods.__name__)  # type: ignore[attr-defined]

    class Moods(Part):
        def __init__(self) -> None:
            self.of_people = {ANNA: moods.Mood("bad")}

    Part.kinds.remove(Moods)
    Moods.__module__ = moods.__name__
    with monkeypatch.context() as later:
        later.setattr(people, "Person", later_person)
        later.setitem(sys.modules, moods.__name__, moods)
        for number in chat.people:
            chat.replace_person(later_person(*msgspec.structs.astuple(chat.people[number]), mood="bad"))
        chat.parts[Moods] = Moods()
        vars(Monitor.of(chat))["moods"] = {}
        data = pack(of(chat))
    back = unpack(data).chat
    assert back.state() == before
    assert set(back.parts) == set(Part.kinds)
    assert not hasattr(Monitor.of(back), "moods")


def test_an_earlier_version_may_have_fewer_fields_and_features(monkeypatch):
    chat = house()
    fields = [(name, object) for name in Person.__struct_fields__[:-1]]
    earlier_person: Any = msgspec.defstruct("Person", fields, frozen=True)
    earlier_person.__module__ = Person.__module__
    with monkeypatch.context() as earlier:
        earlier.setattr(people, "Person", earlier_person)
        for number in chat.people:
            chat.replace_person(earlier_person(*msgspec.structs.astuple(chat.people[number])[:-1]))
        del Monitor.of(chat).watchers
        del chat.parts[Whowas], chat.parts[ServerBans]
        data = pack(of(chat))
    own = house()
    do(own, OLGA, DecideServerBan(BanFromServer("eve!*@*"), (), 0))
    back = unpack(data, lambda: own).chat
    assert Monitor.of(back).watchers == {}
    assert list(ServerBans.of(back)) == ["eve!*@*"]
    assert [one.name for one in back.people.values()] == ["Anna", "bob", "carol", "olga"]
    assert {type(one) for one in back.people.values()} == {Person}
    assert [one.person.name for one in back.rooms["#tea"].members()] == ["Anna", "bob"]


def test_a_state_in_another_form_is_refused_with_what_to_do():
    head, _, rest = b"".join(pack(of(house()))).partition(b"\n")
    found = msgspec.json.decode(head)
    found["version"] = "9.9"
    found["layouts"]["asyncchat.core.people.Person"].reverse()
    changed = [msgspec.json.encode(found) + b"\n", rest]
    with pytest.raises(BadState, match=r"version 9.9 .*Person is kept in another form.*stop all nodes"):
        unpack(changed)


class Evil:
    def __reduce__(self):
        return subprocess.call, (["true"],)


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x05.", pickle.dumps(Evil()), pickle.dumps([1]), pickle.dumps(eval)]
)
def test_other_bytes_are_refused_and_run_nothing(data):
    with pytest.raises(BadState):
        unpack([b'{"version":"1","layouts":{}}\n', data])
    with pytest.raises(BadState):
        unpack([data])


def test_a_class_that_is_not_the_cores_is_not_made():
    made = pickle.dumps(of(house()))  # as an older version wrote it
    with pytest.raises(BadState):
        unpack(
            [b'{"version":"1","layouts":{}}\n', made.replace(b"asyncchat.core.chat", b"asyncchat.cor2.chat")]
        )
