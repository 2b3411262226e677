"""Values that all nodes share."""

import asyncio

import pytest

from asyncchat.cluster.errors import StreamDown
from tests.cluster.streams import hasty, opened


def test_nodes_that_come_at_once_agree_on_one_value(nats_url, name):
    async def run():
        async with opened(nats_url, name) as one, opened(nats_url, name) as two:
            streams = (one, two) * 5
            assert await one.values.get("a") is None
            agreed = await asyncio.gather(
                *(stream.values.agree("a", b"value %d" % at) for at, stream in enumerate(streams))
            )
            assert len(set(agreed)) == 1
            assert await two.values.get("a") == agreed[0]
            assert await two.values.get("b") is None
            await two.values.put("a", b"other")
            assert await one.values.agree("a", b"own") == b"other"

    asyncio.run(run())


def test_a_stream_that_is_made_again_has_none(nats_url, name):
    async def run():
        async with opened(nats_url, name) as one:
            await one.values.put("a", b"value")
            await one._connection.api(f"STREAM.DELETE.{name}", {})
        async with opened(nats_url, name) as two:
            assert await two.values.get("a") is None

    asyncio.run(run())


def test_a_value_is_kept_nowhere_while_nats_is_away(server, name):
    async def run():
        async with opened(server.url, name) as stream:
            server.kill()
            with hasty(stream), pytest.raises(StreamDown):
                await stream.values.put("a", b"value")

    asyncio.run(run())
