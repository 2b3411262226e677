"""Webhooks of a cluster: the hub's node posts, and where another one is the hub it goes on."""

import asyncio
import json
import queue

import pytest

from asyncchat.config.webhooks import Webhook
from asyncchat.server import webhooks
from asyncchat.server.cluster import shared_positions
from asyncchat.server.cluster.shared_positions import SharedPositions
from asyncchat.server.webhook_positions import Position, Positions
from tests.client_programs import waits_for
from tests.cluster.conftest import server  # noqa: F401  # a fixture
from tests.cluster.streams import opened
from tests.log.records import asynchronous
from tests.server.cluster.test_node import soon  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE
from tests.server.test_webhooks import SECRET, receiver  # noqa: F401  # a fixture


def say(client, *texts):
    client.send("".join(f"PRIVMSG #lobby :{text}\r\n" for text in texts) + "PING said\r\n")
    client.until(" PONG ")


def message_posted(receiver):  # noqa: F811
    """The next message that was taken."""
    while (found := receiver.next())[3] != 204:
        pass
    return json.loads(found[2])["message"]


def posted(receiver):  # noqa: F811
    """The text of the next one."""
    return message_posted(receiver)["text"]


def is_kept(node, id):
    """Whether NATS knows that the webhook came so far."""
    kept = node.wait(node.server.node.stream.values.get("webhooks"))
    return kept is not None and json.loads(kept)["log"]["after"] == id


@pytest.mark.parametrize("kept", [True, False], ids=["stopped", "lost"])
def test_the_next_hub_goes_on_where_the_last_one_was(nodes, receiver, monkeypatch, kept):  # noqa: F811
    monkeypatch.setattr(webhooks, "SAVE_SECONDS", 0.0)
    hook = {"log": Webhook(receiver.url, ("#lobby",), SECRET)}
    running = [nodes.add(limits=False, webhooks=hook) for _ in range(3)]
    ben = running[2].irc("ben")
    say(ben, "one", "two")
    assert posted(receiver) == "one"
    last = message_posted(receiver)
    assert last["text"] == "two"
    if not kept:  # as if it were killed
        assert waits_for(lambda: is_kept(running[0], last["id"]), PATIENCE)

        async def nothing():
            pass

        monkeypatch.setattr(running[0].server.webhooks, "hand_over", nothing)
    receiver.answers = [503] * 10_000
    say(ben, "three", "four")
    assert receiver.next()[3] == 503
    running[0].stop()
    receiver.drain()
    say(ben, "five")
    texts = [posted(receiver)]
    while texts[-1] != "five":
        texts.append(posted(receiver))
    assert texts == ["three", "four", "five"]
    running[1].stop()
    say(ben, "six")
    # The node may have stopped before it knew that the last one had arrived.
    assert next(text for text in iter(lambda: posted(receiver), "") if text != "five") == "six"
    with pytest.raises(queue.Empty):
        receiver.posts.get_nowait()


def test_one_node_posts_what_is_said_on_each(nodes, receiver):  # noqa: F811
    hook = {"log": Webhook(receiver.url, ("#lobby",), SECRET)}
    running = [nodes.add(limits=False, webhooks=hook) for _ in range(2)]
    for number, node in enumerate(running):
        say(node.irc(f"eye{number}"), f"from {number}")
        assert posted(receiver) == f"from {number}"
    on = [node.call(lambda one=node: set(one.server.webhooks._running)) for node in running]
    assert on == [{"log"}, set()]
    assert receiver.posts.empty()


@asynchronous
async def test_positions_of_a_server_that_was_alone_are_the_first(nats_url, name, tmp_path):
    path = tmp_path / "positions"
    alone = Positions(path)
    alone["log"] = Position("epoch-1", ("#lobby",))
    alone.write(alone.encoded())
    before = path.read_bytes()
    async with opened(nats_url, name) as stream:
        shared = SharedPositions(stream.values, path)
        await shared.load()
        assert shared == alone
        shared["log"] = Position("epoch-2", ("#lobby",))
        assert await shared.keep(shared.encoded())
        again = SharedPositions(stream.values, path)
        await again.load()
        assert again == shared
        shared.write(b"")
    assert path.read_bytes() == before


@asynchronous
async def test_what_is_not_kept_is_tried_again(server, name, caplog, monkeypatch):  # noqa: F811
    async with opened(server.url, name) as stream:
        shared = SharedPositions(stream.values, None)
        shared["log"] = Position("epoch-1", ("#lobby",))
        monkeypatch.setattr(shared_positions, "ANSWER_SECONDS", 0.2)
        server.freeze()
        async with asyncio.timeout(PATIENCE):
            assert not await shared.keep(shared.encoded())
            assert not await shared.keep(shared.encoded())
        server.thaw()
        while not await shared.keep(shared.encoded()):
            pass
        await stream.values.put("webhooks", b"[]")
        await shared.load()
        assert shared == {}
    assert caplog.text.count("How far webhooks came is not kept for now") == 1
    assert "NATS has no valid positions" in caplog.text
