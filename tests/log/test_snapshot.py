"""Snapshots give the same chat."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.names import fold
from asyncchat.log.snapshot import snapshot
from tests.log.records import ANNA, state_facts


@given(st.lists(state_facts, max_size=30))
def test_the_few_facts_give_the_same_chat_as_the_many(facts):
    chat = Chat()
    applied: list[Event] = []
    for event in facts:
        room = getattr(event, "room", None)
        if room is None or isinstance(event, RoomOpened) != (fold(room) in chat.rooms):
            chat.apply(event)
            applied.append(event)
    few = snapshot(applied)
    assert few is not None
    assert Chat.replay(few).state() == chat.state()
    assert len(few) <= len(applied)


def test_facts_that_make_no_chat_have_no_snapshot():
    assert snapshot([TopicChanged("#nowhere", ANNA, "t", 1)]) is None
