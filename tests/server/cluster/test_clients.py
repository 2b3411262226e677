"""Clients that know several nodes go on at another one: nothing lost, nothing twice, the same ids."""

import itertools
import threading

import pytest

from asyncchat import Client, Disconnected, Gap, Message, Reconnected, Unconfirmed
from asyncchat.client.address import parse_address
from asyncchat.client.follower import follow
from asyncchat.client.http_api import ApiError, HttpApi
from asyncchat.server.drain import drain
from tests.client.fronts import ClientOnLoop
from tests.server.cluster.test_node import soon  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE


def address(*nodes):
    return ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def client(kind, nick, *nodes, **options):
    return kind(address(*nodes), nick=nick, rooms=["#tea"], backoff=(0.01, 0.1), **options)


def until(chat, text):
    """The events up to the message with this text."""
    found = []
    while True:
        event = chat.receive(PATIENCE)
        found.append(event)
        if isinstance(event, Message) and event.text == text:
            return found


def messages(events):
    return [(event.id, event.text) for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("kind", [Client, ClientOnLoop], ids=["threads", "asyncio"])
def test_a_client_goes_on_at_another_node(nodes, kind):
    one, two = nodes.add(), nodes.add()
    with client(kind, "anna", two, one, echo=True) as anna, client(Client, "ben", one, echo=True) as ben:
        ben.say("#tea", "before").wait()
        events = until(anna, "before")
        talking = threading.Thread(
            target=lambda: [ben.say("#tea", str(number)).wait() for number in range(100)]
        )
        talking.start()
        events += until(anna, "20")
        said = [anna.say("#tea", f"anna {number}") for number in range(20)]
        two.stop()
        ids = [receipt.wait(PATIENCE) for receipt in said]
        talking.join()
        ben.say("#tea", "last").wait()
        events += until(anna, "last")
        assert anna.server == address(one)
        heard = messages(until(ben, "last"))
        assert messages(events) == heard == [(one.id, one.text) for one in ben.history("#tea", limit=200)]
        assert [id for id, text in heard if text.startswith("anna")] == ids
        assert [text for _, text in heard if text.startswith("anna")] == [f"anna {n}" for n in range(20)]
        kinds = [type(event) for event in events]
        assert kinds.count(Disconnected) == kinds.count(Reconnected) == 1
        assert not {Gap, Unconfirmed} & set(kinds)


def test_a_room_is_followed_over_two_nodes(nodes):
    one, two = nodes.add(), nodes.add()
    api = HttpApi(parse_address(address(two, one)))
    first = api.post("#tea", "first", "gus")["id"]
    heard = follow(api, "#tea", first, sleep=lambda _: None)
    texts = [str(number) for number in range(20)]
    for text in texts[:10]:
        api.post("#tea", text, "gus")
    found = list(itertools.islice(heard, 10))
    two.stop()
    for text in texts[10:]:
        api.post("#tea", text, "gus")
    found += itertools.islice(heard, 10)
    heard.close()  # type: ignore[attr-defined]  # it is a generator
    assert [message["text"] for message in found] == texts
    assert api.backwards("#tea", 20) == found


def test_a_client_goes_on_when_its_node_is_drained(nodes):
    one, two = nodes.add(), nodes.add()
    with client(Client, "anna", two, one) as anna, client(Client, "ben", one) as ben:
        ben.say("#tea", "before").wait()
        until(anna, "before")
        two.wait(drain(two.server.context, 0.1))
        ben.say("#tea", "after").wait()
        events = until(anna, "after")
        assert anna.server == address(one)
        assert [text for _, text in messages(events)] == ["after"]
        assert not any(isinstance(event, Gap) for event in events)


def test_a_node_that_is_behind_says_so_to_who_follows_a_room(nodes):
    api = HttpApi(parse_address(address(nodes.add())))
    epoch = api.post("#tea", "first", "gus")["id"].partition("-")[0]
    with pytest.raises(ApiError, match="does not have that message yet"):
        next(follow(api, "#tea", f"{epoch}-{10**9}"))
