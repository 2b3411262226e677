"""Several nodes are one chat: who is on one meets who is on another."""

import asyncio
import gc
import logging
import pickle
import re
import threading
import time
import weakref
from contextlib import ExitStack, asynccontextmanager
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from asyncchat.config.options import ServeConfig
from asyncchat.core.chat import Chat
from asyncchat.core.features.bots import PostFromProgram
from asyncchat.core.features.files import RemoveFiles
from asyncchat.core.features.history import Window
from asyncchat.core.features.monitor import Monitor
from asyncchat.core.features.opers import Resign
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.ids import Ids
from asyncchat.core.registry import HANDLERS
from asyncchat.log.base import PageQuery, new_epoch
from asyncchat.log.lockfile import InUse, LockFile
from asyncchat.log.memory import MemoryLog
from asyncchat.server import keepalive, outbox
from asyncchat.server import server as server_module
from asyncchat.server.cluster import edge as edge_module
from asyncchat.server.cluster import failure_detector, leader, members, wire
from asyncchat.server.cluster import joining as joining_module
from asyncchat.server.cluster import node as node_module
from asyncchat.server.cluster import state as states
from asyncchat.server.cluster.joining import Joining
from asyncchat.server.cluster.leader import Position
from asyncchat.server.cluster.node import CutOff
from asyncchat.server.cluster.wire import Alive
from asyncchat.server.handover import HandoverFailed
from asyncchat.server.launch import Launched, end, launched
from asyncchat.server.reload import ServeError
from asyncchat.server.upgrade import Upgrade
from tests.client_programs import waits_for
from tests.log.records import asynchronous
from tests.server.harness import CODE, PATIENCE, serving
from tests.server.http.api.test_administration import admin

TAGS = "CAP REQ :message-tags server-time echo-message batch draft/chathistory labeled-response\r\n"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What takes seconds takes tenths of them."""
    for module, names in (
        (
            node_module,
            (
                "ALIVE_EVERY",
                "HUB_SILENCE",
                "READ_ONLY_AFTER",
                "ASK_AGAIN",
            ),
        ),
        (members, ("HUB_SILENCE", "NODE_SILENCE", "NODE_ASKED_AFTER", "HEARS_ITSELF")),
        (failure_detector, ("HUB_ASKED_AFTER", "LOOK_EVERY", "HUB_SILENCE", "STAGGER", "HUB_PATIENCE")),
        (leader, ("BEAT",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / 5)


def with_ids(node, nick):
    client = node.connect()
    client.send(f"{TAGS}NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nCAP END\r\nJOIN #tea\r\nPING settled\r\n")
    client.until("PONG")
    client.until("\n")
    return client


def ids_of(lines):
    return re.findall(r"msgid=([^; ]+)\S* :\w+!\S+ PRIVMSG #tea :(.*)\r\n", lines)


def test_people_on_two_nodes_are_in_one_room_with_the_same_ids_and_history(nodes):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    anna.send("PRIVMSG #tea :from one\r\n")
    told = ben.until(":from one\r\n")
    ben.send("PRIVMSG #tea :from two\r\n")
    told += ben.until(":from two\r\n")
    heard = anna.until(":from two\r\n")
    assert ids_of(told) == ids_of(heard)
    assert [text for _, text in ids_of(told)] == ["from one", "from two"]
    for client in (anna, ben):
        client.send("@label=h CHATHISTORY LATEST #tea * 10\r\n")
        assert ids_of(client.until("BATCH -")) == ids_of(told)
    nc = two.person("carl")
    assert "anna" not in nc.unread.decode()  # she is in another room
    ben.send("WHOIS anna\r\n")
    assert "319 ben anna :@#tea" in ben.until(" 318 ")


@asynccontextmanager
async def counted_passes(count):
    """What ``count`` gave at each pass of the loop."""
    seen = [count()]

    async def look():
        while True:
            seen.append(count())
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        seen.append(count())


def test_what_a_hub_has_decided_is_folded_a_little_in_each_pass(monkeypatch):
    clock = count(0, edge_module.FOLD_SECONDS / 4)
    monkeypatch.setattr(edge_module, "perf_counter", lambda: next(clock))
    folded: list[object] = []
    outbox: Any = SimpleNamespace(put=lambda session, _outcome, _records: folded.append(session.id))

    async def run():
        edge = edge_module.Edge(1, Chat(), MemoryLog(), Position(0, 0), outbox, lambda: 0)
        told = [wire.Told(n, 1, n, n, (), ()) for n in range(1, 51)]  # of sessions of another node
        async with counted_passes(lambda: len(folded)) as seen:
            await edge.fold(told)
            for one in told:  # each in a message of its own
                await edge.fold((one,))
        assert folded == [*range(1, 51)] * 2
        assert all(now - before <= 5 for before, now in pairwise(seen))

    asyncio.run(run())


def test_the_chat_of_a_hub_that_is_deposed_is_freed_a_little_at_a_time(nodes, monkeypatch):
    monkeypatch.setattr(node_module, "FREED_AT_ONCE", 1)
    monkeypatch.setattr(leader, "BEAT", 0.001)  # it learns while it says that it is there
    copied, is_freed = threading.Event(), threading.Event()
    one, two = (node.server.node for node in (nodes.add(), nodes.add()))
    two.on_copied = copied.set
    for name in ("anna", "ben", "carl"):
        nodes.all[0].irc(name)
    part = weakref.ref(Monitor.of(one.leader.hub.chat))
    free = node_module._free
    found: list[Any] = []

    async def noted(contents):
        async with counted_passes(lambda: len(contents)) as seen:
            await free(contents)
        found.extend((part(), seen))
        is_freed.set()

    async def stand():
        term = one.term
        while two.hub != two.number:
            await two._try_to_lead(term)

    monkeypatch.setattr(node_module, "_free", noted)
    gc.disable()
    try:
        nodes.all[1].wait(stand())
        assert is_freed.wait(PATIENCE)
    finally:
        gc.enable()
    left, seen = found
    assert left is None
    assert seen[0] > 3
    assert seen[-1] == 0
    assert all(before - now <= 1 for before, now in pairwise(seen))
    assert copied.wait(PATIENCE)


def test_people_of_a_node_that_stops_are_told_a_few_in_each_pass(nodes, monkeypatch):
    monkeypatch.setattr(server_module, "DISMISSED_AT_ONCE", 2)
    node = nodes.add()
    clients = [node.irc(name) for name in ("anna", "ben", "carl", "dora", "eve")]
    sessions = list(node.server.context.sessions)

    async def run():
        async with counted_passes(lambda: sum(session.ended for session in sessions)) as seen:
            await node.server._dismiss_all()
        return seen

    seen = node.wait(run())
    assert seen[-1] == 5
    assert all(now - before <= 2 for before, now in pairwise(seen))
    for client in clients:
        assert "this server stops" in client.rest().decode()


def test_one_name_is_given_to_one_of_two_who_ask_on_two_nodes(nodes):
    one, two = nodes.add(), nodes.add()
    clients = [one.connect(), two.connect(), one.connect(), two.connect()]
    for client in clients:
        client.send("NICK anna\r\nUSER a 0 * :a\r\nPING settled\r\n")
    answers = [client.until(" PONG ") for client in clients]
    assert sum(" 001 anna " in answer for answer in answers) == 1
    assert sum(" 433 " in answer for answer in answers) == 3


def test_a_node_that_comes_later_knows_who_is_there_and_what_was_said(nodes):
    one = nodes.add()
    anna = with_ids(one, "anna")
    anna.send("TOPIC #tea :black\r\nPRIVMSG #tea :early\r\n")
    told = anna.until(":early\r\n")
    two = nodes.add()
    ben = with_ids(two, "ben")
    ben.send("TOPIC #tea\r\nNAMES #tea\r\nCHATHISTORY LATEST #tea * 10\r\n")
    answer = ben.until("BATCH -")
    assert " 332 ben #tea :black" in answer
    assert "353 ben = #tea :@anna ben" in answer
    assert ids_of(answer) == ids_of(told)


def test_people_of_a_node_that_stops_leave_and_of_one_that_comes_back_join(nodes):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    two.stop()
    assert "ben!ben@localhost QUIT" not in str(ben.rest())  # who is told that it has left does not come again
    anna.until("ben!ben@localhost QUIT :its server stopped\r\n")
    three = nodes.add()
    with_ids(three, "ben")
    anna.until("ben!ben@localhost JOIN #tea")


def test_when_all_nodes_stop_people_are_told_that_and_not_who_leaves(nodes, monkeypatch, caplog):
    monkeypatch.setattr(node_module, "TOGETHER", PATIENCE)
    monkeypatch.setattr(server_module, "DRAIN_SECONDS", PATIENCE)
    monkeypatch.setattr(outbox, "GATHER", 0.1)  # what is decided last is not kept at once
    monkeypatch.setattr(server_module, "all_offline", lambda _chat, _now: [NodeStarted("the end")])
    logs = [MemoryLog(), MemoryLog(), MemoryLog()]
    one, two, three = [nodes.add(log) for log in logs]
    people = [with_ids(one, "anna"), with_ids(two, "ben"), with_ids(three, "carl")]
    for client in people[:-1]:
        client.until("carl!carl@localhost JOIN #tea")
    before = logs[0].last
    stopping = [threading.Thread(target=node.stop) for node in nodes.all]
    for thread in stopping:
        thread.start()
    for client in people:
        last = client.rest().decode()
        assert "the server is stopping" in last
        assert "QUIT" not in last
    for thread in stopping:
        thread.join()
    assert logs[0].last == before + 1
    assert [one for one in caplog.records if one.name == "asyncchat.cluster"] == []


def test_people_of_a_node_that_is_taken_for_lost_are_not_told_that_they_left(nodes):
    one = nodes.add()
    ending = ExitStack()
    two = ending.enter_context(nodes.serving())
    ben = with_ids(two, "ben")
    one.wait(one.server.node.leader.remove(two.server.node.number))
    told = str(ben.rest())
    two.ended()
    with pytest.raises(CutOff, match="for lost"):
        ending.close()
    assert "QUIT" not in told
    assert "this node of the cluster can't go on" in told


def test_who_missed_that_the_last_other_one_stops_waits_for_no_word_of_it(nodes):
    one, two = nodes.add(), nodes.add()
    node, hub = two.server.node, one.server.node.number

    def is_waiting():
        return not node._left.is_set()

    two.call(setattr, node, "_leaving", True)
    assert two.call(is_waiting)
    two.call(node._lose, hub)
    assert not two.call(is_waiting)


def test_another_node_is_the_hub_when_the_hub_stops(nodes):
    one, two, three = nodes.add(), nodes.add(), nodes.add()
    anna, ben, carl = with_ids(one, "anna"), with_ids(two, "ben"), with_ids(three, "carl")
    for number in range(3):
        ben.send(f"PRIVMSG #tea :before {number}\r\n")
    carl.until("before 2")
    one.stop()
    assert anna.rest()
    ben.send("PRIVMSG #tea :after\r\n")
    told = carl.until(":after\r\n")
    assert told.count("anna!anna@localhost QUIT") == 1
    assert ids_of(ben.until(":after\r\n"))[-1] == ids_of(told)[-1]
    assert [node.server.node.leader is not None for node in (two, three)].count(True) == 1


def test_what_is_lost_on_the_way_to_the_hub_is_asked_again_and_said_once(nodes, monkeypatch):
    _one, two = nodes.add(), nodes.add()
    ben = with_ids(two, "ben")
    stream = two.server.node.stream
    send = stream.send
    lost: list[bytes] = []

    async def lose(subject, data):
        if subject == "commands" and len(lost) < 3:
            lost.append(data)
            if len(lost) == 2:
                await send(subject, data)  # and the next one is lost
        else:
            await send(subject, data)

    monkeypatch.setattr(stream, "send", lose)
    ben.send("PRIVMSG #tea :one\r\nPRIVMSG #tea :two\r\n")
    told = ben.until(":two\r\n")
    ben.send("PRIVMSG #tea :three\r\n")
    told += ben.until(":three\r\n")
    assert [text for _, text in ids_of(told)] == ["one", "two", "three"]
    assert len(lost) == 3


def history(client):
    client.send("CHATHISTORY LATEST #tea * 10\r\n")
    client.until(" chathistory #tea")
    return ids_of(client.until(" BATCH -"))


def test_a_single_servers_history_goes_on_and_anothers_is_refused(nodes):
    logs, single = {"a": MemoryLog(), "b": MemoryLog()}, {}
    for name, log in logs.items():
        with serving(log) as server:
            early = with_ids(server, "anna")
            early.send(f"PRIVMSG #tea :by {name}\r\n")
            early.until(f":by {name}\r\n")
            single[name] = history(early)
    again = pickle.loads(pickle.dumps(logs["a"]))  # noqa: S301  # our own
    ben, carl = with_ids(nodes.add(logs["a"]), "ben"), with_ids(nodes.add(again), "carl")
    ben.send("PRIVMSG #tea :more\r\n")
    ben.until(":more\r\n")
    carl.until(":more\r\n")
    assert history(ben) == history(carl)
    assert history(ben)[0] == single["a"][0]
    with pytest.raises(AssertionError, match="another chat's"):
        nodes.add(logs["b"])


def after_a_kill(log):
    """The history as a start finds it after a kill or in another boot: an epoch begins."""
    log = pickle.loads(pickle.dumps(log))  # noqa: S301  # our own
    log.ids = Ids([*log.ids.epochs, (log.last + 1, new_epoch())])
    return log


def test_a_cluster_of_which_all_nodes_were_killed_goes_on(nodes, monkeypatch):
    monkeypatch.setattr(joining_module, "STATE_SECONDS", 0.5)
    logs = [MemoryLog(), MemoryLog()]
    anna, _ben = with_ids(nodes.add(logs[0]), "anna"), with_ids(nodes.add(logs[1]), "ben")
    anna.send("PRIVMSG #tea :before\r\n")
    anna.until(":before\r\n")
    for node in nodes.all[::-1]:
        node.stop()
    anna, ben = (
        with_ids(nodes.add(after_a_kill(log)), nick) for log, nick in zip(logs, ("anna", "ben"), strict=True)
    )
    anna.send("PRIVMSG #tea :after\r\n")
    for client in (anna, ben):
        client.until(":after\r\n")
    assert history(anna) == history(ben)
    assert [text for _, text in history(anna)] == ["before", "after"]


def test_a_node_knows_the_others_and_the_hub(nodes):
    one, two = nodes.add(), nodes.add()
    clients = [with_ids(two, nick) for nick in ("anna", "ben")]
    want = [("n1", True, 0), ("n2", False, len(clients))]

    def known(node):
        return [(row.name, row.hub, row.sessions) for row in node.call(node.server.hub.cluster).nodes]

    for node in (one, two):
        waits_for(lambda node=node: known(node) == want, PATIENCE)  # type: ignore[misc]
        assert known(node) == want


def test_an_operator_is_told_who_is_connected_to_another_node(nodes):
    one, two = nodes.add(), nodes.add()
    olga, _ben = with_ids(one, "olga"), with_ids(two, "ben")
    olga.until("ben!ben@localhost JOIN #tea")
    olga.send(f"OPER owner {CODE}\r\nSESSIONKEY\r\n")
    key = olga.until(" :is supported").rpartition("asyncchat/KEY=")[2].split()[0]
    people = {
        person["name"]: person["clients"]
        for person in admin(one, "GET", "/people", bearer=key).json["people"]
    }
    assert people == {
        "ben": [{"kind": "elsewhere", "address": "127.0.0.1", "encrypted": False}],
        "olga": [{"kind": "irc", "address": "127.0.0.1", "encrypted": False}],
    }


def test_one_that_was_started_again_stands_for_the_one_of_its_name(nodes):
    one, two = nodes.add(), nodes.add()
    node, number = one.server.node, two.server.node.number

    def lost(name):
        """Whether the hub takes the second node for lost when one of this name comes."""
        alive, _ = node.members.all[number]
        node.members.all[number] = (alive, time.monotonic())
        node._hear(wire.encode(Alive(1, name, 0, 0, 0)), "")
        del node.members.all[1]
        _, heard = node.members.all[number]
        node.members.all[number] = (alive, time.monotonic())  # nothing becomes of it
        return time.monotonic() - heard >= members.NODE_SILENCE

    def heard():
        return number in node.members.all

    assert waits_for(lambda: one.call(heard), PATIENCE)
    assert one.call(lost, "n2") is False  # names may be the same where they say nothing
    one.call(setattr, node.members, "names_are_unique", True)
    assert one.call(lost, "n3") is False
    assert one.call(lost, "n2") is True


def test_the_log_tells_who_comes_on_this_node_only(nodes, caplog):
    caplog.set_level(logging.INFO)
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.until("ben!ben@localhost JOIN #tea")
    ben.send("QUIT\r\n")
    anna.until("ben!ben@localhost QUIT")
    two.left()
    text = caplog.text
    assert [text.count(f"{name} (127.0.0.1) is online") for name in ("anna", "ben")] == [1, 1]
    assert text.count("ben left chat") == 1


def test_a_node_is_not_upgraded_in_place(nodes):
    node = nodes.add()
    with_ids(node, "anna")
    attempt = node.call(lambda: Upgrade(Launched(node.server, [], None, owns_sockets=True), None))
    with pytest.raises(HandoverFailed, match="stop it, and start it anew"):
        node.wait(attempt.run())


@pytest.fixture
def node_with_a_file(nats_url, name, tmp_path):
    """Starts a node with a history in a file, as the program does."""

    @asynccontextmanager
    async def node(number):
        config = ServeConfig(
            port=0, db=str(tmp_path / f"{number}.db"), cluster=nats_url, cluster_name=name, node=f"n{number}"
        )
        async with launched(config, 100) as made:
            await made.server.start(made.listening)
            serving = asyncio.create_task(made.server.run())
            try:
                yield made.server
            finally:
                await end(made.server, serving, "the test is over")

    return node


async def said(server):
    page = await server.log.read(PageQuery("#lobby", server.log.last, Window(limit=100)))
    return [record.event.text for record in page.records]


@asynchronous
async def test_a_node_that_comes_later_begins_with_a_snapshot_when_the_stream_was_shortened(node_with_a_file):
    async with node_with_a_file(1) as one:
        for number in range(20):
            await one.hub.request(PostFromProgram("bot", "#lobby", f"line {number}"))
        await one.node.shortening.shorten()
        assert one.node.stream.first > 5
        async with node_with_a_file(2) as two:
            await two.hub.request(PostFromProgram("bot", "#lobby", "line 20"))
            await one.hub.request(PostFromProgram("bot", "#lobby", "line 21"))
            await two.hub.request(PostFromProgram("bot", "#lobby", "line 22"))  # each has 0 to 21 now
            lines = [f"line {number}" for number in range(22)]
            assert (await said(one))[:22] == (await said(two))[:22] == lines
            assert two.log.ids.epochs == one.log.ids.epochs


@asynchronous
async def test_what_a_history_that_was_put_away_has_left_is_not_taken_for_the_snapshots(
    node_with_a_file, tmp_path
):
    database, wal, kept = (tmp_path / f"2.db{end}" for end in ("", "-wal", "-wal.old"))
    async with node_with_a_file(1) as one:
        async with node_with_a_file(2) as two:
            await two.hub.request(PostFromProgram("bot", "#lobby", "before"))
            left = wal.read_bytes()  # as after a kill
        for number in range(5):
            await one.hub.request(PostFromProgram("bot", "#lobby", f"line {number}"))
        await one.node.shortening.shorten()
        database.unlink()
        wal.write_bytes(left)
        async with node_with_a_file(2) as two:
            assert await said(two) == await said(one)
        assert kept.read_bytes() == left


@asynchronous
async def test_a_node_that_is_started_twice_begins_once(node_with_a_file, tmp_path):
    async with node_with_a_file(1) as one:
        await one.node.shortening.shorten()
        lock = LockFile(tmp_path / "2.db")
        with pytest.raises(InUse):
            async with node_with_a_file(2):
                pass
        assert not (tmp_path / "2.db").exists()
        lock.abandon()
        async with node_with_a_file(2):
            pass


@pytest.mark.parametrize(
    ("place", "reason"), [("file/chat.db", "File exists"), ("x" * 300, "File name too long")]
)
def test_a_history_that_can_t_be_kept_there_is_refused(nats_url, name, tmp_path, place, reason):
    (tmp_path / "file").touch()

    async def run() -> None:
        config = ServeConfig(port=0, db=str(tmp_path / place), cluster=nats_url, cluster_name=name)
        with pytest.raises(ServeError, match=f"can't be kept: {reason}. Choose another: --db FILE"):
            async with launched(config, 100):
                pass

    asyncio.run(run())


def test_what_is_asked_at_the_same_moment_is_more_than_nats_takes_at_once(nodes):
    _one, two = nodes.add(), nodes.add()
    ids = tuple(f"{number:030}" for number in range(400))

    async def ask() -> list[Any]:
        return await asyncio.gather(*(two.server.hub.request(RemoveFiles(ids)) for _ in range(100)))

    assert len(two.wait(ask())) == 100


@pytest.mark.parametrize("half", [False, True])
def test_a_command_that_can_t_be_decided_for_a_bug_stops_nobody(nodes, monkeypatch, half):
    _one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(two, "anna"), with_ids(two, "ben")
    told: list[str] = []
    monkeypatch.setattr(leader._logger, "exception", told.append)
    decide = HANDLERS[SetTopic]

    def fails(*_: object):
        raise KeyError

    def decides_a_half(*asked: Any):
        return (*decide(*asked), Resign())

    monkeypatch.setitem(HANDLERS, Resign, fails)
    monkeypatch.setitem(HANDLERS, SetTopic, decides_a_half if half else fails)
    anna.send("TOPIC #tea :black\r\nPRIVMSG #tea :still here\r\n")
    anna.until(":still here\r\n")
    ben.send("PRIVMSG #tea :so am I\r\nTOPIC #tea\r\n")
    assert " 331 " in ben.until(" #tea :No topic")
    assert len(told) == 1


def test_a_node_that_ends_while_it_catches_up_joins_later(nodes, monkeypatch):
    anna = with_ids(nodes.add(), "anna")
    anna.send("PRIVMSG #tea :early\r\n")
    anna.until(":early\r\n")
    log = MemoryLog()
    with monkeypatch.context() as patch:
        patch.setattr(Joining, "_ask_for_state", None)  # it ends there
        with pytest.raises(AssertionError, match="not callable"):
            nodes.add(log)
    ben = with_ids(nodes.add(log), "ben")
    assert history(ben) == history(anna)


def test_a_ban_is_known_to_a_node_that_comes_and_to_the_next_hub(nodes):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    anna.send("MODE #tea +b eve!*@*\r\n")
    ben.until("MODE #tea +b eve!*@*")
    one.stop()
    assert anna.rest()
    ben.send("JOIN #new\r\n")
    ben.until("JOIN #new")  # there is a hub again
    three = nodes.add()
    eve = three.irc("eve")
    eve.send("JOIN #tea\r\n")
    assert " 474 eve #tea " in eve.until(" :Cannot join")


def test_what_is_asked_while_a_node_becomes_the_hub_is_decided(nodes, monkeypatch):
    copied = states.copy
    begun, go_on = threading.Event(), threading.Event()

    def copy(chat):
        begun.set()
        assert go_on.wait(PATIENCE)
        return copied(chat)

    one, *others = nodes.add(), nodes.add(), nodes.add()
    clients = [with_ids(node, nick) for node, nick in zip(others, ("ben", "carl"), strict=True)]
    monkeypatch.setattr(node_module, "ASK_AGAIN", 1000)
    monkeypatch.setattr(states, "copy", copy)
    one.stop()
    assert begun.wait(PATIENCE)
    hub = next(node.server.node for node in others if node.server.node._early is not None)
    (asker,) = (client for client, node in zip(clients, others, strict=True) if node.server.node is not hub)
    asker.send("PRIVMSG #tea :early\r\n")
    assert waits_for(lambda: hub._early, PATIENCE)
    go_on.set()
    for client in clients:
        client.until(":early\r\n")


def test_the_name_of_a_dead_client_on_another_node_is_given_to_its_address(nodes, monkeypatch):
    monkeypatch.setattr(keepalive, "NAME_SILENCE", 0.0)
    monkeypatch.setattr(keepalive, "NAME_ANSWER", 0.05)
    one, two = nodes.add(), nodes.add()
    dead, anna = with_ids(two, "ben"), with_ids(one, "anna")
    ben = one.connect()
    ben.send("NICK ben\r\nUSER b 0 * :b\r\n")
    ben.until(" 433 ")
    dead.until("PING")
    anna.until("ben!ben@localhost QUIT :no answer\r\n")
    ben.send("NICK ben\r\n")
    ben.until(" 001 ben ")
