"""Nodes compare what they have made of the stream: one that has another chat stops."""

import asyncio
import math
import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant

from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.features.monitor import Monitor
from asyncchat.core.people import Account, with_bot
from asyncchat.core.roles import OPERATOR
from asyncchat.core.rooms import Topic
from asyncchat.server.cluster import comparison
from asyncchat.server.cluster import node as node_module
from asyncchat.server.cluster import state as states
from asyncchat.server.cluster.hashes import entries, hash_of, right_one
from tests.client_programs import waits_for
from tests.core.house import ANNA, BOB, house
from tests.core.test_chat import ManyClients
from tests.server.cluster.test_node import soon, with_ids  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE, logged


def hashed(state):
    return asyncio.run(hash_of(state))


class Copies(ManyClients):
    """Whatever people do."""

    @invariant()
    def a_copy_is_the_same_and_has_the_same_hash(self):
        copy = states.copy(self.chat)
        assert copy.state() == self.chat.state()
        assert sorted(entries(copy.state())) == sorted(entries(self.chat.state()))


TestCopies = Copies.TestCase
TestCopies.settings = settings(max_examples=20, stateful_step_count=20)


def test_the_pieces_of_a_chat_are_its_state():
    pieces = {name: piece() for name, piece in house().pieces().items()}
    state: dict[str, Any] = house().state()
    assert pieces == state.pop("parts") | state


def test_the_order_in_which_it_came_about_makes_no_difference():
    one = {"a": {1: (2, "x"), 3: frozenset("abc")}, "b": [1, 2], "c": {("x", 1): {1, 2}}}
    other = {"c": {("x", 1): {2, 1}}, "b": [1, 2], "a": {3: frozenset("cab"), 1: (2, "x")}}
    assert hashed(one) == hashed(other)
    assert hashed(one) != hashed({**one, "b": [2, 1]})
    assert hashed({"a": {}}) != hashed({"a": set()} | {"b": 1})
    assert hashed({"a": {}, "b": 1}) != hashed({"b": 1})


def _spoil_topic(chat):
    chat.rooms["#tea"].topic = Topic("black", "x", 1)


def _spoil_person(chat):
    chat.replace_person(with_bot(chat.people[BOB], True))


def _spoil_role(chat):
    chat.rooms["#tea"].replace_member(chat.people[BOB], OPERATOR.bit)


def _spoil_account(chat):
    chat.accounts["anna"] = Account("anna", "v", 1)


def _spoil_list(chat):
    Monitor.of(chat).names[ANNA] = {"bob": "bob"}


def _spoil_metadata(chat):
    Metadata.of(chat).guests[ANNA] = {"avatar": "x"}


@pytest.mark.parametrize(
    "spoil", [_spoil_topic, _spoil_person, _spoil_role, _spoil_account, _spoil_list, _spoil_metadata]
)
def test_any_difference_is_seen(spoil):
    chat = house()
    same = hashed(chat.state())
    spoil(chat)
    assert hashed(chat.state()) != same
    assert hashed(house().state()) == same


def test_another_process_has_the_same_hash():
    code = (
        "import asyncio; from tests.core.house import house;"
        "from asyncchat.server.cluster.hashes import hash_of; print(asyncio.run(hash_of(house().state())))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.strip() == hashed(house().state())


@pytest.mark.parametrize(
    ("hashes", "hub", "right"),
    [
        ({1: "a"}, 1, "a"),
        ({1: "a", 2: "a"}, 1, "a"),
        ({1: "a", 2: "b"}, 1, "a"),
        ({1: "a", 2: "b", 3: "b"}, 1, "b"),
        ({1: "a", 2: "a", 3: "b"}, 3, "a"),
        ({1: "a", 2: "b", 3: "c"}, 2, "b"),
        ({1: "a", 2: "a", 3: "b", 4: "b"}, 3, "b"),
        ({1: "a", 2: "b"}, 9, ""),
        ({1: "a", 2: "b", 3: "b"}, 9, "b"),
    ],
)
def test_most_nodes_are_right_and_of_as_many_those_with_the_hub(hashes, hub, right):
    assert right_one(hashes, hub) == right


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(node_module, "COMPARE_EVERY", 0.5)


def until_equal(node, count):
    """Waits until so many nodes are known to have the same chat."""
    ends = time.monotonic() + PATIENCE
    while [row.equal for row in node.call(node.server.hub.cluster).nodes] != [True] * count:
        assert time.monotonic() < ends, node.call(node.server.hub.cluster)
        time.sleep(0.02)


def ended(node):
    """Why a node has ended."""
    node._thread.join(PATIENCE)
    failure, node.failure = node.failure, None
    return str(failure)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_node_whose_chat_is_not_the_others_stops_and_says_what_to_do(nodes, often, wrong):
    for nick in ("anna", "ben", "carl"):
        with_ids(nodes.add(), nick)
    for node in nodes.all:
        until_equal(node, 3)
    spoilt = nodes.all[wrong]
    others = [node for node in nodes.all if node is not spoilt]
    with logged("Stopped: This node's chat is not what the other nodes have"):
        spoilt.call(lambda: spoilt.server.hub.chat.accounts.__setitem__("x", Account("x", "", 1)))
        assert "Start it again: it gets their state" in ended(spoilt)
    dora = with_ids(others[0], "dora")
    dora.send("PRIVMSG #tea :goes on\r\n")
    dora.until(":goes on\r\n")
    nodes.add()
    for node in others:
        until_equal(node, 3)


def test_a_hub_that_decides_by_another_chat_than_its_nodes_have_is_not_the_hub_any_more(nodes, often):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    until_equal(one, 2)
    leader = one.server.node.leader
    with logged("This hub decides by other accounts than the nodes have") as said:
        one.call(lambda: leader.hub.chat.accounts.__setitem__("x", Account("x", "", 1)))
        assert said.wait(PATIENCE)
    ben.send("PRIVMSG #tea :goes on\r\n")
    anna.until(":goes on\r\n")
    assert any(node.server.node.leader not in (None, leader) for node in (one, two))
    until_equal(two, 2)


def test_a_hub_that_could_not_write_for_long_compares_one_state(nodes, monkeypatch):
    monkeypatch.setattr(node_module, "COMPARE_EVERY", math.inf)
    one = nodes.add()
    node, ben = one.server.node, with_ids(one, "ben")
    leader, compared, append = node.leader, node._comparison, node.stream.append
    written = one.call(asyncio.Event)

    async def wait(*message):
        await written.wait()
        return await append(*message)

    monkeypatch.setattr(node.stream, "append", wait)
    one.call(compared.have_compared, leader)
    ben.close()
    assert waits_for(lambda: one.call(lambda: not leader.hub.chat.people), PATIENCE)
    one.call(compared.have_compared, leader)
    one.call(written.set)
    assert waits_for(lambda: one.call(lambda: compared.place and compared._hashing.done()), PATIENCE)
    assert not leader._is_broken


def test_what_is_said_while_a_state_is_hashed_makes_no_difference(nodes, often, monkeypatch):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    begun, go_on = threading.Event(), threading.Event()
    hashes = type(two.server.node._comparison)._hash

    async def late(comparison, *values):
        begun.set()
        await asyncio.to_thread(go_on.wait, PATIENCE)
        await hashes(comparison, *values)

    monkeypatch.setattr(type(two.server.node._comparison), "_hash", late)
    assert begun.wait(PATIENCE)
    anna.send("TOPIC #tea :black\r\nNICK anne\r\n")
    ben.until("NICK anne")
    go_on.set()
    until_equal(one, 2)
    until_equal(two, 2)


@pytest.mark.parametrize("where", ["noting", "hashing"])
def test_a_state_that_can_t_be_compared_for_a_bug_ends_no_node(nodes, often, monkeypatch, where):
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    told: list[str] = []
    monkeypatch.setattr(comparison._logger, "exception", told.append)
    until_equal(one, 2)

    def fails(*_: object):
        raise KeyError

    if where == "noting":
        monkeypatch.setattr(Monitor, "state", fails)
    else:
        monkeypatch.setattr(comparison, "hash_of", fails)
    ends = time.monotonic() + PATIENCE
    while not told:
        assert time.monotonic() < ends
        anna.send("PRIVMSG #tea :one more\r\n")
        ben.until(":one more\r\n")
    anna.send("PRIVMSG #tea :goes on\r\n")
    ben.until(":goes on\r\n")
