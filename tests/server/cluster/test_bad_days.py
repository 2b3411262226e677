"""What goes wrong around a cluster: what people see of it, and what each node does."""

import re
import time
from contextlib import ExitStack

import pytest

from asyncchat.cluster.stream import Stream
from asyncchat.log.base import LogError
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import edge
from asyncchat.server.cluster import node as node_module
from tests.cluster.conftest import name, server  # noqa: F401  # fixtures
from tests.cluster.streams import api
from tests.server.cluster.conftest import Nodes
from tests.server.cluster.test_node import history, ids_of, soon, with_ids  # noqa: F401  # a fixture


@pytest.fixture
def over(server, name, tmp_path):  # noqa: F811
    """Nodes over a server of NATS of their own."""
    with ExitStack() as stack:
        yield Nodes(server.url, name, tmp_path, stack)


def until(node, condition):
    """Waits for something in a node that nobody is told."""
    while not node.call(condition):
        assert not node.serving.done()
        time.sleep(0.02)


def test_nobody_leaves_when_nats_was_away_for_longer_than_a_lost_node_is_waited_for(over, server):  # noqa: F811
    one, two = over.add(), over.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    hub = one.server.node
    until(one, lambda: two.server.node.number in hub.nodes)
    server.kill()
    anna.send("PRIVMSG #tea :said while NATS is away\r\n")
    until(one, lambda: hub._heard_itself < time.monotonic() - node_module.NODE_SILENCE)
    server.start()
    ben.until(":said while NATS is away\r\n")
    silence = hub._heard_itself
    until(one, lambda: hub._heard_itself > silence + node_module.ALIVE_EVERY)
    ben.send("PRIVMSG #tea :still here\r\n")
    assert "QUIT" not in anna.until(":still here\r\n")


def test_what_waits_for_the_hub_is_bounded_and_said_once(over, server, monkeypatch):  # noqa: F811
    most, sent = 40, 4000
    monkeypatch.setattr(edge, "MOST_UNANSWERED", most)
    monkeypatch.setattr(node_module, "READ_ONLY_AFTER", 3600.0)  # so nobody is refused
    one, two = over.add(limits=False), over.add(limits=False)
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    asking = two.server.hub
    server.kill()
    ben.send("".join(f"PRIVMSG #tea :{number}\r\n" for number in range(sent)))
    until(two, lambda: asking.unanswered > most)
    until(two, lambda: two.server.node._detector.silence > 1.0)
    assert asking.unanswered < sent / 2  # what one session reads in one turn, and no more
    server.start()
    for client in (anna, ben):
        told = client.until(f":{sent - 1}\r\n")
        assert [text for _, text in ids_of(told)] == [str(number) for number in range(sent)]
    assert not two.server.outbox.full


def test_people_are_told_that_what_they_said_waits_or_is_refused(over, server):  # noqa: F811
    one, two = over.add(), over.add()
    anna, ben, carl = with_ids(one, "anna"), with_ids(two, "ben"), two.person("carl")
    carl.send("/join #tea\n")
    ben.until(":carl!")
    ben.until("JOIN #tea")
    server.kill()
    ben.send("PRIVMSG #tea :waits\r\n")
    carl.send("so do I\n")
    ben.until("NOTICE ben :The servers of this chat do not reach each other at the moment. You can read.")
    carl.until("What you said last waits, and is said when they do.")
    until(one, lambda: one.server.outbox.failing)
    anna.send("PRIVMSG #tea :not now\r\n")
    anna.until(" 400 anna * :Not accepted")
    server.start()
    told = anna.until(":so do I\r\n")
    assert [text for _, text in ids_of(told)] == ["waits", "so do I"]
    until(one, lambda: not one.server.outbox.failing)
    anna.send("PRIVMSG #tea :now\r\n")
    told = ben.until(":now\r\n")
    assert [text for _, text in ids_of(told)] == ["waits", "so do I", "now"]


async def remade(stream):
    """Another stream of the same name."""
    other = await Stream.open(f"nats://{stream._connection.address}", stream.name)
    await other.close()


def ended_with(stack, node):
    """The text with which a node has ended by itself."""
    node.ended()
    with pytest.raises(LogError) as ended:
        stack.close()
    return str(ended.value)


@pytest.mark.parametrize("made_again", [False, True])
def test_the_nodes_stop_when_the_stream_is_deleted_and_begin_a_new_one_with_their_history(nodes, made_again):
    logs, stacks = [MemoryLog(), MemoryLog()], [ExitStack(), ExitStack()]
    one, two = (stack.enter_context(nodes.serving(log)) for stack, log in zip(stacks, logs, strict=True))
    anna = with_ids(one, "anna")
    ben = with_ids(two, "ben")
    anna.send("PRIVMSG #tea :before\r\n")
    before = ids_of(ben.until(":before\r\n"))
    stream = one.server.node.stream
    one.wait(api(stream, f"STREAM.DELETE.{stream.name}"))
    if made_again:
        one.wait(remade(stream))
    for stack, node in zip(stacks, (one, two), strict=True):
        assert re.search("was deleted|deleted and made again", ended_with(stack, node))
    again = [nodes.add(log) for log in logs]
    anna, ben = with_ids(again[0], "anna"), with_ids(again[1], "ben")
    anna.send("PRIVMSG #tea :after\r\n")
    told = ids_of(ben.until(":after\r\n"))
    for client in (anna, ben):
        assert history(client) == before + told
