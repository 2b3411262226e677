"""Nodes of two versions are one chat: what only some of them read is said when all do."""

import asyncio
import json
import time

import msgspec
import pytest

from asyncchat.cluster.consumer import Message
from asyncchat.cluster.envelope import encode
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.features import levels
from asyncchat.core.features.levels import AboveLevel, level_of
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.replies import Refusal, Reply
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import leader as leader_module
from asyncchat.server.cluster import node as node_module
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.reader import Reader, TooOld
from asyncchat.server.cluster.wire import Alive, Asked, Decided, Told
from tests.client_programs import waits_for
from tests.core.house import ANNA, house
from tests.server.cluster import forms
from tests.server.cluster.rolling import Rolling
from tests.server.cluster.test_node import soon, with_ids  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE


def below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_no_class_needs_a_higher_level_than_this_version_reads():
    kinds = [one for base in (Command, Event, Reply, Refusal) for one in below(base)]
    assert {one.__name__ for one in kinds if one.level > levels.LEVEL} == set()


def kept_forms(level):
    return json.loads(forms.file_of(level).read_text())


def test_what_nodes_say_to_each_other_is_that_of_the_level():
    kept, found = kept_forms(levels.LEVEL), forms.forms()
    differ = sorted(name for name in {**kept, **found} if kept.get(name) != found.get(name))
    assert differ == [], (
        f"Nodes say {differ} in another form now. If a version with level {levels.LEVEL} was released, raise "
        "LEVEL as docs/architecture.md says. Then write the forms: python -m tests.server.cluster.forms"
    )


def test_nodes_of_earlier_levels_read_what_is_said_and_say_what_is_read():
    found = forms.forms()
    assert {level: unfit(kept_forms(level), found, level) for level in range(1, levels.LEVEL + 1)} == {
        level: [] for level in range(1, levels.LEVEL + 1)
    }


def unfit(kept, found, level):
    """What of these forms nodes of an earlier level do not get along with."""
    levels_of = {one.__name__: one.level for base in (Command, Event, Reply, Refusal) for one in below(base)}
    wrong = [name for name in found.keys() - kept.keys() if levels_of.get(name, level + 1) <= level]
    for name, fields in kept.items():
        now = found.get(name, {})
        changed = [field for field, kind in fields.items() if not now.get(field, "").startswith(kind)]
        needed = [field for field in now.keys() - fields.keys() if not now[field].endswith("?")]
        wrong += [f"{name}.{field}" for field in changed + needed]
    return sorted(wrong)


def test_forms_that_earlier_nodes_do_not_get_along_with_are_found():
    kept = {"Said": {"room": "string", "tags": "[string]?"}, "Fault": {"": "WRONG FULL"}}
    later = {"Said": {**kept["Said"], "mood": "string?"}, "Fault": {"": "WRONG FULL LATE"}, "Mood": {}}
    assert unfit(kept, later, 1) == []
    assert unfit(kept, {**kept, "Said": {"room": "string"}}, 1) == ["Said.tags"]
    assert unfit(kept, {**kept, "Said": {"room": "integer", "tags": "[string]?"}}, 1) == ["Said.room"]
    assert unfit(kept, {**kept, "Said": {**kept["Said"], "mood": "string"}}, 1) == ["Said.mood"]
    assert unfit(kept, {**kept, "Fault": {"": "WRONG LATE FULL"}}, 1) == ["Fault."]
    assert unfit(kept, {**kept, "TopicChanged": {}}, 1) == ["TopicChanged"]
    assert unfit(kept, {"Said": kept["Said"]}, 1) == ["Fault."]


class _OldNode:
    """Says that a node is there that reads level 1, as long as it is wanted."""

    def __init__(self, node):
        self._node = node
        self._saying = node.call(lambda: asyncio.ensure_future(self._say(node.server.node.stream)))

    @staticmethod
    async def _say(stream):
        while True:
            await stream.send("alive", wire.encode(Alive(99, "old", 0, 0, 0)))
            await asyncio.sleep(node_module.ALIVE_EVERY)

    def leaves(self):
        self._node.call(self._saying.cancel)


def until_level(nodes, number):
    ends = time.monotonic() + PATIENCE
    while not all(level_of(node.server.hub.chat) == number for node in nodes.all):
        assert time.monotonic() < ends, "the level is not in force"
        time.sleep(0.02)


def test_a_command_of_a_new_version_works_when_all_nodes_read_it(nodes, monkeypatch):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    old = _OldNode(one)
    monkeypatch.setattr(levels, "LEVEL", 2)
    for kind in (SetTopic, TopicChanged):
        monkeypatch.setattr(kind, "level", 2)
    for client, mine in ((anna, "a"), (ben, "b")):
        client.send(f"TOPIC #tea :early\r\nPRIVMSG #tea :said by {mine}\r\n")
        assert "when all nodes of this chat have the new version" in client.until(f" :said by {mine}\r\n")
    assert level_of(one.server.hub.chat) == 1
    old.leaves()
    until_level(nodes, 2)
    anna.send("TOPIC #tea :late\r\n")
    assert " TOPIC #tea :late" in ben.until(" :late\r\n")
    found = two.call(two.server.hub.cluster)
    assert found.level == 2
    three = nodes.add()
    assert level_of(three.server.hub.chat) == 2


def test_a_late_word_of_a_node_that_has_left_keeps_no_level_back(nodes):
    one, two = nodes.add(), nodes.add()
    left = two.server.node.number
    anna = with_ids(one, "anna")
    with_ids(two, "ben")
    two.stop()
    anna.until("ben!ben@localhost QUIT")
    assert waits_for(lambda: one.call(lambda: left in one.server.node.members.gone), PATIENCE)
    one.call(lambda: one.server.node._hear(wire.encode(Alive(left, "n2", 0, 0, 0, leaving=True)), ""))
    assert [row.name for row in one.call(one.server.hub.cluster).nodes] == ["n1"]


def test_an_event_above_the_level_in_force_is_decided_by_no_hub(monkeypatch):
    chat = house()
    engine = leader_module._AskingEngine(chat)
    topic = SetTopic("#tea", "black")
    monkeypatch.setattr(TopicChanged, "level", 2)
    monkeypatch.setattr(levels, "LEVEL", 2)
    assert engine.execute(ANNA, topic) == ([AboveLevel()], 0)
    assert chat.rooms["#tea"].topic is None
    levels.Level.of(chat).number = 2
    (record,), _ = engine.execute(ANNA, topic)
    assert isinstance(record, Record)
    assert type(record.event) is TopicChanged


def test_a_node_that_reads_less_stops_and_says_what_to_do():
    reader = Reader(0, 1)
    assert reader.take(Message(1, encode(wire.envelope(Decided(1), 1, 1, level=1)), "")) == Decided(1)
    with pytest.raises(TooOld, match="upgrade asyncchat on this node"):
        reader.take(Message(2, encode(wire.envelope(Decided(1), 2, 1, level=levels.LEVEL + 1)), ""))


def test_a_node_that_reads_less_does_not_come_back_and_its_history_stays(nodes, monkeypatch):
    log = MemoryLog()
    with monkeypatch.context() as newer:
        newer.setattr(levels, "LEVEL", 2)
        one = nodes.add()
        anna = with_ids(one, "anna")
        anna.send("PRIVMSG #tea :new\r\n")
        anna.until(":new\r\n")
        one.stop()
    with pytest.raises(AssertionError, match=r"level 2, this one reads 1\): upgrade asyncchat on this node"):
        nodes.add(log)
    assert log.last == 0


def test_fields_that_a_later_version_adds_are_passed_over():
    class LaterAlive(Alive, frozen=True):
        mood: str = "good"

    class LaterAsked(Asked, frozen=True, array_like=True):
        mood: str = "good"

    class LaterTold(Told, frozen=True, array_like=True):
        mood: str = "good"

    alive = {"node": 1, "name": "one", "sequence": 2, "last": 3, "sessions": 4}
    assert wire.alive_in(msgspec.msgpack.encode(alive)) == Alive(1, "one", 2, 3, 4, level=1)
    assert wire.alive_in(wire.encode(LaterAlive(1, "one", 2, 3, 4, level=2))).level == 2
    (asked,) = wire.asked_in(wire.encode((LaterAsked(1, 2, 3, 4, (SetTopic("#tea", "x"),)),)))
    assert asked.commands == (SetTopic("#tea", "x"),)
    later = wire.encode({"type": "decided", "term": 3, "told": [LaterTold(1, 2, 3, 4, (), ())], "mood": 1})
    read = wire.message_in(msgspec.structs.replace(wire.envelope(Decided(3), 1, 1, 1), payload=later))
    assert read == Decided(3, (Told(1, 2, 3, 4, (), ()),))


def test_nothing_that_was_seen_is_lost_or_doubled_by_a_rolling_upgrade(tmp_path):
    async def run():
        exam = Rolling(tmp_path, writers=1)
        try:
            return await exam.run()
        finally:
            await exam.close()

    assert asyncio.run(run())
