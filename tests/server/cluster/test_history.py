"""The history of a node is a copy of the stream: one that has something else is refused."""

import asyncio
import pickle

import pytest

from asyncchat.control.offline import FileExecutor
from asyncchat.control.operations import carry_out
from asyncchat.control.requests import AccountList, AddAccount, GetAccounts
from asyncchat.control.wire import line_of
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import Person
from asyncchat.log.base import LogError
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import state as states
from tests.server.cluster.test_node import with_ids


def with_a_record_of_its_own(log):
    """The history, in which something was recorded that the cluster does not know."""
    log = pickle.loads(pickle.dumps(log))  # noqa: S301  # our own
    said = Said("#tea", Person(1, "x", "x", "h"), "y")
    asyncio.run(log.append(log.last, [Record(log.last + 1, log.last_time + 1, said)]))
    return log


@pytest.mark.parametrize("more", [0, 2], ids=["ahead of the cluster", "behind the cluster"])
def test_a_history_with_a_record_of_its_own_does_not_join(nodes, more):
    log = MemoryLog()
    anna, two = with_ids(nodes.add(), "anna"), nodes.add(log)
    two.stop()
    changed = with_a_record_of_its_own(log)
    for number in range(more):
        anna.send(f"PRIVMSG #tea :{number}\r\n")
        anna.until(f":{number}\r\n")
    with pytest.raises(AssertionError, match=rf"record {changed.last} .* put its file away"):
        nodes.add(changed)
    with_ids(nodes.add(log), "ben")


@pytest.mark.parametrize("more", [1, 3])
def test_a_history_that_goes_on_behind_the_stream_does_not_begin_the_cluster(nodes, more):
    """A loss of power does this to a stream, where NATS does not sync."""
    log = MemoryLog()
    one = nodes.add(log)
    with_ids(one, "anna")
    one.stop()
    changed = log
    for _ in range(more):
        changed = with_a_record_of_its_own(changed)
    with pytest.raises(AssertionError, match=f"up to {changed.last}, .* only up to {log.last}: NATS lost"):
        nodes.add(changed)
    with_ids(nodes.add(log), "ben")


@pytest.mark.parametrize("more", [0, 1], ids=["nothing is said", "something is said"])
def test_a_history_that_ends_before_the_stream_begins_does_not_join(nodes, more):
    one, log = nodes.add(), MemoryLog()
    anna, two = with_ids(one, "anna"), nodes.add(log)
    two.stop()
    anna.send("PRIVMSG #tea :meanwhile\r\n")
    anna.until(":meanwhile\r\n")
    one.wait(cut_off(one.server.node))
    for number in range(more):
        anna.send(f"PRIVMSG #tea :{number}\r\n")
        anna.until(f":{number}\r\n")
    with pytest.raises(AssertionError, match=f"ends with record {log.last}, and NATS has removed some"):
        nodes.add(log)


async def cut_off(node):
    """Removes all that the stream has but its last message, which has nothing."""
    await node.leader.pad(1)
    await node.stream.cut((await node.stream.at_end()).sequence)


def test_a_node_comes_while_the_hub_has_not_folded_what_is_in_the_stream(nodes, monkeypatch):
    pack, packed = states.pack, []

    def kept(state):
        packed.append(pack(state))
        return packed[0]

    anna = with_ids(nodes.add(), "anna")
    monkeypatch.setattr(states, "pack", kept)
    nodes.add()
    anna.send("PRIVMSG #tea :early\r\n")
    anna.until(":early\r\n")

    def late(state):
        packed.append(pack(state))
        return packed[0] if len(packed) == 2 else packed[-1]

    monkeypatch.setattr(states, "pack", late)
    ben = with_ids(nodes.add(), "ben")
    assert len(packed) == 3
    ben.send("PRIVMSG #tea :late\r\n")
    anna.until(":late\r\n")


def test_a_command_beside_no_server_does_not_write_into_a_nodes_history(nodes):
    log = MemoryLog()
    two = nodes.add(log)
    with_ids(two, "anna")
    two.stop()
    last = log.last
    executor = FileExecutor(log)
    with pytest.raises(LogError, match="a node's of a cluster"):
        asyncio.run(carry_out(executor, line_of(AddAccount("carla", "plum-otter-41"))))
    assert log.last == last
    assert asyncio.run(carry_out(FileExecutor(log), line_of(GetAccounts()))) == AccountList(())
    nodes.add(log)
