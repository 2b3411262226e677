"""The index of monitored names has no entry that nobody monitors."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.monitor import Monitor
from asyncchat.core.names import fold

NAMES = st.lists(st.sampled_from(["a", "A", "b", "ж", "Ж"]), max_size=4)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["add", "remove", "forget"]), NAMES)))
def test_both_indexes_agree(steps):
    monitor = Monitor()
    model: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    for person_id, what, names in steps:
        keys = {fold(name) for name in names}
        if what == "add" and names:
            monitor.add(person_id, names)
            model[person_id] |= keys
        elif what == "remove":
            monitor.remove(person_id, names)
            model[person_id] -= keys
        elif what == "forget":
            monitor.forget_person(person_id, (person_id,))
            model[person_id] = set()
    assert {person_id: set(names) for person_id, names in monitor.names.items()} == {
        w: k for w, k in model.items() if k
    }
    pairs = {(key, person_id) for key, watchers in monitor.watchers.items() for person_id in watchers}
    assert pairs == {(key, person_id) for person_id, keys in model.items() for key in keys}
    assert all(monitor.watchers.values())
