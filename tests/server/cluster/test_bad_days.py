"""What goes wrong around a cluster: what people see of it, and what each node does."""

import time
from contextlib import ExitStack

import pytest

from asyncchat.server.cluster import node as node_module
from tests.cluster.conftest import name, server  # noqa: F401  # fixtures
from tests.server.cluster.conftest import Nodes
from tests.server.cluster.test_node import soon, with_ids  # noqa: F401  # a fixture


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
