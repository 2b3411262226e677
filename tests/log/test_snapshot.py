"""Snapshots give the same chat."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.read_markers import ReadUpTo
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.room_modes import SettingChanged
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.names import fold
from asyncchat.log.snapshot import NoSnapshot, snapshot
from asyncchat.log.sqlite import SqliteLog
from tests.log.records import ANNA, asynchronous, fact, state_facts
from tests.log.sqlite_files import HASTY


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
    assert Chat.replay(few).state() == chat.state()
    assert len(few) <= len(applied)


def test_facts_that_make_no_chat_have_no_snapshot():
    with pytest.raises(NoSnapshot, match="contradict"):
        snapshot([TopicChanged("#nowhere", ANNA, "t", 1)])


@pytest.mark.parametrize(
    "later",
    [ReadUpTo("anna", "#old", 5), SettingChanged("#a", ANNA, "forward", "#old")],
    ids=["read", "forward"],
)
def test_what_names_a_room_as_it_was_called_once_does_not_follow_its_renames(later):
    """Markers and settings with a former name came before the renames in the snapshot, and were moved."""
    facts = [
        AccountMade("anna", "verifier", 1),
        RoomOpened("#a", 1),
        RoomOpened("#old", 1),
        RoomRenamed("#old", "#new", ANNA, "", 2),
        later,
    ]
    assert Chat.replay(snapshot(facts)).state() == Chat.replay(facts).state()


@asynchronous
async def test_a_snapshot_that_would_lose_something_is_an_error_in_the_log(path, caplog):
    log = await SqliteLog.open(path, tuning=HASTY)
    await log.append(0, [fact(number, TopicChanged("#nowhere", ANNA, "t", 1)) for number in range(1, 10)])
    await log.run_maintenance()
    assert [line for line in caplog.messages if re.match("No snapshot .*: its facts contradict", line)]
    assert [record.exc_info for record in caplog.records] == [None]
    await log.run_maintenance()
    assert len(caplog.records) == 1
    await log.close()
