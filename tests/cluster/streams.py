"""What the tests of streams share."""

import asyncio
from contextlib import asynccontextmanager, contextmanager

from asyncchat.cluster.connection import FIRST_PAUSE, Tries
from asyncchat.cluster.consumer import Message
from asyncchat.cluster.stream import Stream
from tests.server.harness import PATIENCE


@asynccontextmanager
async def opened(url, name="chat", **options):
    stream = await Stream.open(url, name, **options)
    try:
        yield stream
    finally:
        await stream.close()


@contextmanager
def hasty(stream, seconds=0.2):
    """Has a stream give up soon: for what NATS does not do meanwhile, however long it is waited for."""
    patience, stream._patience = stream._patience, seconds
    try:
        yield
    finally:
        stream._patience = patience


async def api(stream, request, values=None):
    """What an administrator does with the `nats` command; waits while the servers of NATS have no leader."""
    return await stream._call(Tries(stream._connection, PATIENCE), request, values)


async def leader(stream, name, *others):
    """The server of NATS that leads a stream, when one leads that is none of these."""
    while True:
        info = await api(stream, f"STREAM.INFO.{name}")
        found = info["cluster"].get("leader")
        if found and found not in others:
            return found
        await asyncio.sleep(FIRST_PAUSE)  # nobody is told


async def fill(stream, count):
    for number in range(stream.last + 1, stream.last + count + 1):
        await stream.append(number - 1, b"batch %d" % number, f"1.{number}")


async def take(messages, count):
    return [await anext(messages) for _ in range(count)]


def batches(first, last):
    return [Message(number, b"batch %d" % number, f"1.{number}") for number in range(first, last + 1)]
