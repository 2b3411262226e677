"""The state of a cluster as bytes."""

import pickle
import subprocess

import pytest

from asyncchat.server.cluster.state import BadState, State, copy, pack, unpack
from tests.core.house import house


def test_a_state_comes_back_as_it_was():
    state = State(
        sequence=7, last=5, last_time=3, term=2, hub=8, counters={9: 4}, epochs=[(1, "abcdef")], chat=house()
    )
    back = unpack(pack(state))
    assert back.chat is not state.chat
    assert back.chat.state() == state.chat.state()
    assert (back.sequence, back.last, back.last_time, back.term, back.hub, back.counters) == (
        7,
        5,
        3,
        2,
        8,
        {9: 4},
    )
    assert copy(state.chat).state() == state.chat.state()


class Evil:
    def __reduce__(self):
        return subprocess.call, (["true"],)


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x05.", pickle.dumps(Evil()), pickle.dumps([1]), pickle.dumps(eval)]
)
def test_other_bytes_are_refused_and_run_nothing(data):
    with pytest.raises(BadState):
        unpack(data)
