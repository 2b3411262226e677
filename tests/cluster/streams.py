"""What the tests of streams share."""

from contextlib import asynccontextmanager

from asyncchat.cluster.consumer import Message
from asyncchat.cluster.stream import Stream


@asynccontextmanager
async def opened(url, name="chat", **options):
    stream = await Stream.open(url, name, **options)
    try:
        yield stream
    finally:
        await stream.close()


async def api(stream, request, values=None):
    """What an administrator does with the `nats` command."""
    return await stream._connection.api(request, values or {})


async def fill(stream, count):
    for number in range(stream.last + 1, stream.last + count + 1):
        await stream.append(number - 1, b"batch %d" % number, f"1.{number}")


async def take(messages, count):
    return [await anext(messages) for _ in range(count)]


def batches(first, last):
    return [Message(number, b"batch %d" % number, f"1.{number}") for number in range(first, last + 1)]
