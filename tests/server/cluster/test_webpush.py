"""Pushes of a cluster: one node sends each."""

import pytest

from tests.server.cluster.test_node import soon  # noqa: F401  # a fixture
from tests.server.test_push import (  # noqa: F401  # fixtures
    HERE,
    Device,
    nobody_waits,
    owner,
    service,
)


def say(client, text):
    client.send(f"PRIVMSG anna :{text}\r\nPING said\r\n")
    client.until(" PONG ")


@pytest.mark.parametrize("subscribed_on", [0, 1])
def test_each_message_is_pushed_once_also_when_another_node_is_the_hub(nodes, service, subscribed_on):  # noqa: F811
    running = [nodes.add(limits=False, outgoing_networks=HERE) for _ in range(3)]
    anna, ben = owner(running[subscribed_on]), running[2].irc("ben")
    device = Device(service)
    device.subscribe(anna)
    anna.send("NS SET ALWAYSON ON\r\nPING done\r\n")
    anna.until(" PONG ")
    for text in ("one", "two"):
        say(ben, text)
        assert device.read().endswith(f":{text}")
    running[0].stop()
    for text in ("three", "four"):
        say(ben, text)
        assert device.read().endswith(f":{text}")
    assert service.pushes.empty()
