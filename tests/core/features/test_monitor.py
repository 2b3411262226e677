"""The index of monitored names has no entry that nobody monitors."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.connect import Connect, Detach
from asyncchat.core.features.monitor import (
    GetMonitored,
    Monitor,
    MonitorAdd,
    MonitorListView,
    MonitorOnline,
    MonitorRemove,
)
from asyncchat.core.names import fold
from tests.core.house import ANNA, do, house

PHONE = 20

NAMES = st.lists(st.sampled_from(["a", "A", "b", "ж", "Ж"]), max_size=4)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["add", "remove", "forget"]), NAMES)))
def test_both_indexes_agree(steps):
    monitor = Monitor()
    model: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    for person_id, what, names in steps:
        keys = {fold(name) for name in names}
        if what == "add" and names:
            monitor.add(person_id * 10, person_id, names)
            model[person_id] |= keys
        elif what == "remove":
            monitor.remove(person_id, names)
            model[person_id] -= keys
        elif what == "forget":
            monitor.forget_person(person_id * 10, (person_id,))
            model[person_id] = set()
    assert {person_id: set(names) for person_id, names in monitor.names.items()} == {
        w: k for w, k in model.items() if k
    }
    pairs = {(key, person_id) for key, watchers in monitor.watchers.items() for person_id in watchers}
    of_sessions = {pair for watchers in monitor.watchers.values() for pair in watchers.items()}
    assert all(person == 10 * session for session, person in of_sessions)
    assert pairs == {(key, person_id) for person_id, keys in model.items() for key in keys}
    assert all(monitor.watchers.values())


def test_each_device_has_its_own_list():
    chat = house()
    do(chat, ANNA, RegisterAccountVerified("Anna", "v"))
    do(chat, PHONE, Connect("Anna", "phone", "h", account="Anna"))
    do(chat, ANNA, MonitorAdd(("dora", "eve"), PHONE))
    do(chat, ANNA, MonitorAdd(("dora",), ANNA))
    do(chat, ANNA, MonitorRemove(all=True, session=ANNA))
    assert chat.parts[Monitor].state() == {PHONE: {"dora": "dora", "eve": "eve"}}
    assert do(chat, ANNA, GetMonitored(False, ANNA)) == (MonitorListView(()),)
    told = do(chat, 30, Connect("Dora", "u", "h"))
    assert MonitorOnline(chat.people[30], (ANNA,), (PHONE,)) in told
    do(chat, ANNA, Detach(PHONE))
    assert not Monitor.of(chat).watchers
