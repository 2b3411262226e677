"""What goes wrong around a cluster: what people see of it, and what each node does."""

import asyncio
import re
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from asyncchat.cluster.stream import Stream
from asyncchat.log.base import LogError
from asyncchat.log.memory import MemoryLog
from asyncchat.server import outbox
from asyncchat.server.clock import SteadyClock
from asyncchat.server.cluster import edge, failure_detector, joining, leader, members
from asyncchat.server.cluster import node as node_module
from asyncchat.server.outbox import StorageLost
from tests.cluster.conftest import name, server  # noqa: F401  # fixtures
from tests.cluster.nats import Proxy
from tests.cluster.streams import api
from tests.server.cluster.conftest import Nodes
from tests.server.cluster.test_node import history, ids_of, soon, with_ids  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE
from tests.server.test_outbox import UnsureLog


@pytest.fixture
def over(server, name, tmp_path):  # noqa: F811
    """Nodes over a server of NATS of their own."""
    with ExitStack() as stack:
        yield Nodes(server.url, name, tmp_path, stack)


def until(node, condition):
    """Waits for something in a node that nobody is told."""
    ends = time.monotonic() + PATIENCE
    while not node.call(condition):
        assert not node.serving.done()
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_nobody_leaves_when_nats_was_away_for_longer_than_a_lost_node_is_waited_for(over, server):  # noqa: F811
    one, two = over.add(), over.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    hub = one.server.node
    until(one, lambda: two.server.node.number in hub.members.all)
    server.kill()
    anna.send("PRIVMSG #tea :said while NATS is away\r\n")
    until(one, lambda: hub.members._heard_itself < time.monotonic() - members.NODE_SILENCE)
    server.start()
    ben.until(":said while NATS is away\r\n")
    silence = hub.members._heard_itself
    until(one, lambda: hub.members._heard_itself > silence + node_module.ALIVE_EVERY)
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
    assert one.call(one.server.hub.cluster).read_only
    anna.send("PRIVMSG #tea :not now\r\n")
    anna.until(" 400 anna * :Not accepted")
    server.start()
    told = anna.until(":so do I\r\n")
    assert [text for _, text in ids_of(told)] == ["waits", "so do I"]
    until(one, lambda: not one.server.outbox.failing)
    assert not one.call(one.server.hub.cluster).read_only
    anna.send("PRIVMSG #tea :now\r\n")
    told = ben.until(":now\r\n")
    assert [text for _, text in ids_of(told)] == ["waits", "so do I", "now"]


@pytest.mark.parametrize("hub", [True, False])
def test_the_others_go_on_when_one_node_can_t_write_its_history(nodes, hub):
    log = UnsureLog()
    first, second = (log, None) if hub else (None, log)
    full, other = (nodes.add(first), nodes.add(second))[:: 1 if hub else -1]
    anna, ben = with_ids(full, "anna"), with_ids(other, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    log.failure = LogError("the disk is full")
    ben.send("PRIVMSG #tea :one\r\nPRIVMSG #tea :two\r\n")
    ben.until(":two\r\n")
    until(full, lambda: full.server.outbox.failing)
    anna.send("PRIVMSG #tea :not now\r\n")
    assert "PRIVMSG" not in anna.until(" 400 anna * :Not accepted")
    log.failure = None
    told = anna.until(":two\r\n")
    ben.send("PRIVMSG #tea :three\r\n")
    told += anna.until(":three\r\n")
    assert [text for _, text in ids_of(told)] == ["one", "two", "three"]
    assert history(anna) == history(ben)


def test_a_node_stops_that_can_t_write_its_history_for_long_and_another_is_the_hub(nodes, monkeypatch):
    monkeypatch.setattr(outbox, "GIVE_UP", 0.5)
    log, stack = UnsureLog(), ExitStack()
    full = stack.enter_context(nodes.serving(log))
    nodes.all.append(full)
    other = nodes.add()
    anna, ben = with_ids(full, "anna"), with_ids(other, "ben")
    log.failure = LogError("the disk is full")
    ben.send("PRIVMSG #tea :one\r\n")
    assert "the history can't be written" in str(anna.rest())
    full.ended()
    with pytest.raises(StorageLost, match="the disk is full"):
        stack.close()
    ben.send("PRIVMSG #tea :two\r\n")
    ben.until(":two\r\n")
    assert other.server.node.leader is not None


def lead(node):
    """Has a node be the hub. It is not elected if the hub says something just when it stands."""
    of_node = node.server.node
    while node.call(lambda: of_node.hub) != of_node.number:
        node.wait(of_node._try_to_lead(of_node.term))
    until(node, lambda: of_node.leader is not None)


def test_two_that_miss_the_hub_elect_one(nodes, monkeypatch):
    _one, two, three = (nodes.add() for _ in range(3))
    second = two.server.node
    stream, hub = second.stream, three.server.node.number
    at_end = stream.at_end

    async def later():
        if second.hub != hub:
            await asyncio.to_thread(lead, three)
            await asyncio.to_thread(until, two, lambda: second.hub == hub)
        return await at_end()

    monkeypatch.setattr(stream, "at_end", later)
    two.wait(second._try_to_lead(second.term))
    with_ids(two, "ben")  # it has read what came until then
    assert second.hub == hub


@pytest.fixture
def cut(nodes, nats_url):
    """Two nodes with a proxy between the second one, which is the hub, and NATS; and what ends that node."""
    one, stack, proxy = nodes.add(), ExitStack(), Proxy(nats_url)
    one.wait(proxy.__aenter__())
    two = stack.enter_context(nodes.serving(cluster=proxy.url))
    nodes.all.append(two)
    with_ids(one, "olga")  # the hub knows that both are there
    until(one, lambda: two.server.node.number in one.server.node.members.all)
    until(two, lambda: one.server.node.number in two.server.node.members.all)
    lead(two)
    yield one, two, proxy, stack
    one.call(proxy.heal)
    stack.close()
    one.wait(proxy.__aexit__())


@pytest.mark.parametrize(
    "passes", [{}, {"to_client": False}, {"to_server": False}], ids=["nothing", "to the hub", "from the hub"]
)
def test_a_hub_that_is_cut_off_for_a_moment_goes_on_as_a_node(cut, passes, monkeypatch):
    monkeypatch.setattr(members, "NODE_SILENCE", 3600.0)
    one, two, proxy, _stack = cut
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    ben.send("PRIVMSG #tea :before\r\n")
    anna.until(":before\r\n")
    one.call(lambda: proxy.part(**passes))
    ben.send("PRIVMSG #tea :from the one that was cut off\r\n")
    anna.send("PRIVMSG #tea :from the other\r\n")
    until(one, lambda: one.server.node.leader is not None)
    monkeypatch.setattr(failure_detector, "HUB_ASKED_AFTER", 3600.0)  # it stays the hub
    anna.until(":from the other\r\n")
    one.call(proxy.heal)
    ben.send("PRIVMSG #tea :after\r\n")
    anna.until(":after\r\n")
    ben.until(":after\r\n")
    assert two.server.node.leader is None
    texts = [text for _, text in history(anna)]
    assert sorted(texts) == ["after", "before", "from the one that was cut off", "from the other"]
    assert history(ben) == history(anna)


def test_a_node_without_a_connection_is_not_waited_for(cut, monkeypatch):
    """As that of a process that was killed."""
    one, two, proxy, _stack = cut
    monkeypatch.setattr(members, "NODE_SILENCE", 3600.0)
    one.call(lambda: setattr(one.server.node.members, "_returned", -1e9))  # NATS was never away
    lead(one)
    anna = with_ids(one, "anna")
    with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    one.wait(proxy.__aexit__())
    anna.until("ben!ben@localhost QUIT")


def test_a_node_that_is_cut_off_for_long_stops_and_says_why(cut):
    one, two, proxy, stack = cut
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    one.call(proxy.part)
    anna.until("ben!ben@localhost QUIT")
    one.call(proxy.heal)
    assert "QUIT" not in str(ben.rest())
    assert "taken this one for lost" in ended_with(stack, two)


def set_clocks(monkeypatch, *minutes):
    """Has the clocks of nodes be so much ahead, in the order in which they come."""
    left, of_thread = iter(minutes), dict[threading.Thread, int]()

    def steady(last):
        thread = threading.current_thread()
        ahead = of_thread[thread] if thread in of_thread else of_thread.setdefault(thread, next(left))
        return SteadyClock(last, wall=lambda: time.time_ns() + ahead * 60_000_000_000)

    for module in (joining, node_module, leader):
        monkeypatch.setattr(module, "SteadyClock", steady)


def test_times_go_on_when_the_next_hub_has_another_clock(nodes, monkeypatch):
    set_clocks(monkeypatch, 5, 0, -5)
    three = [nodes.add() for _ in range(3)]
    clients = [with_ids(node, nick) for node, nick in zip(three, ("anna", "ben", "carl"), strict=True)]
    told = ""
    for number, (node, client) in enumerate(zip(three, clients, strict=True)):
        client.send(f"PRIVMSG #tea :{number}\r\n")
        told += clients[-1].until(f":{number}\r\n")
        if node is not three[-1]:
            node.stop()
    times = re.findall(r"time=(\S+?Z)\S* :\w+!\S+ PRIVMSG #tea :\d", told)
    assert len(times) == 3
    assert times == sorted(times)
    assert times[0] > datetime.now(UTC).isoformat()  # a hub that is ahead, followed by others


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


@pytest.mark.parametrize("data", [b"hello", b"", b"\x01\xff\xff"], ids=["text", "nothing", "nearly"])
def test_all_nodes_stop_when_somebody_else_has_written_into_the_stream(nodes, data):
    stacks = [ExitStack(), ExitStack()]
    one, two = (stack.enter_context(nodes.serving()) for stack in stacks)
    with_ids(two, "ben")
    stream = one.server.node.stream
    one.wait(stream._connection.send(stream._subject, data))
    for stack, node in zip(stacks, (one, two), strict=True):
        assert re.search(r"Message \d+ of the stream .* somebody else", ended_with(stack, node))


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
