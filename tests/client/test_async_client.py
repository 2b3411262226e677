"""What only the client for asyncio has: tasks, cancelling, loops. ``test_client`` has what both have."""

import asyncio
import socket

import pytest
import uvloop

from asyncchat import AsyncClient, Message, NotConnected, Present, TimedOut
from tests.client.scripted import PATIENCE, Original
from tests.server.harness import serving


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine, after which no task may be left, and of which the loop may not complain."""
    troubles = []

    async def whole(scene):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context))
        async with asyncio.timeout(PATIENCE):
            await scene
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda scene: runner.run(whole(scene))
    assert troubles == []


@pytest.fixture(scope="module")
def server():
    with serving(udp=0, limits=False) as running:
        yield running


async def texts(chat, count):
    found = []
    async for event in chat:
        if isinstance(event, Message):
            found.append(event.text)
            if len(found) == count:
                return found
    raise AssertionError(found)


def test_tasks_talk_over_tcp_and_udp(run, server):
    async def scene():
        async with (
            AsyncClient(f"udp://127.0.0.1:{server.udp_port}", nick="anna", rooms=["#talk"]) as anna,
            AsyncClient(f"http://127.0.0.1:{server.port}/#talk", nick="bert") as bert,
        ):
            said = [anna.say("#talk", f"message {number} " + "x" * 500) for number in range(50)]
            receipts = await asyncio.gather(*said)
            ids = await asyncio.gather(*[receipt.wait() for receipt in receipts])
            assert await texts(bert, 50) == [f"message {number} " + "x" * 500 for number in range(50)]
            assert [message.id for message in await bert.history("#talk", limit=50)] == ids
            assert ids[7] in [message.id for message in await anna.search("message 7")]
            assert sorted(bert.members("#talk")) == ["anna", "bert"]

    run(scene())


def test_each_event_goes_to_one_task(run, server):
    async def scene():
        async with (
            AsyncClient(f"127.0.0.1:{server.port}", nick="anna", rooms=["#one"]) as anna,
            AsyncClient(f"127.0.0.1:{server.port}", nick="bert", rooms=["#one"]) as bert,
        ):
            readers = [asyncio.create_task(texts(bert, 10)) for _ in range(2)]
            for number in range(19):
                await anna.say("#one", f"{number}")
            await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
            await anna.say("#one", "19")
            found = [text for reader in readers for text in await reader]
            assert sorted(found, key=int) == [f"{number}" for number in range(20)]

    run(scene())


def test_closing_in_another_task_ends_the_iteration(run, server):
    async def scene():
        async with AsyncClient(f"127.0.0.1:{server.port}", nick="anna") as anna:
            following = asyncio.create_task(texts(anna, 1))
            await asyncio.sleep(0)
            await anna.close()
            with pytest.raises(AssertionError):
                await following
            with pytest.raises(NotConnected, match="closed"):
                await anna.say("#lobby", "too late")

    run(scene())


def test_time_limits(run, server):
    async def scene():
        async with AsyncClient(f"127.0.0.1:{server.port}", nick="anna", rooms=["#quiet"]) as anna:
            while not isinstance(await anna.receive(), Present):
                pass
            with pytest.raises(TimedOut):
                await anna.receive(0.01)
            receipt = await anna.say("#quiet", "hello")
            with pytest.raises(TimedOut, match="not acknowledged after 0 s"):
                await receipt.wait(0)
            assert await receipt.wait()
            assert receipt.acknowledged

    run(scene())


def test_a_task_that_is_cancelled_leaves(run, server):
    async def scene():
        joined = asyncio.Event()

        async def stay():
            async with AsyncClient(f"127.0.0.1:{server.port}", nick="anna") as anna:
                joined.set()
                await texts(anna, 1)

        task = asyncio.create_task(stay())
        await joined.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())
    assert server.people() == []


def test_connecting_that_is_cancelled(run):
    async def cancelled(address, asked):
        task = asyncio.create_task(AsyncClient(address, nick="anna").__aenter__())
        await asked
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def accepted(listener):
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        connection.close()

    async def scene():
        with socket.create_server(("127.0.0.1", 0)) as tcp:
            tcp.setblocking(False)
            await cancelled(f"127.0.0.1:{tcp.getsockname()[1]}", accepted(tcp))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            await cancelled(f"udp://127.0.0.1:{udp.getsockname()[1]}", asyncio.to_thread(udp.recv, 2000))

    run(scene())


def test_it_is_entered_once(run, server):
    async def scene():
        anna = AsyncClient(f"127.0.0.1:{server.port}", nick="anna")
        await anna.say("#lobby", "waits until it is entered")
        async with anna:
            await anna.flush()
            with pytest.raises(RuntimeError, match="once"):
                await anna.__aenter__()
        with pytest.raises(RuntimeError, match="once"):
            await anna.__aenter__()
        never = AsyncClient(f"127.0.0.1:{server.port}", nick="bert")
        await never.say("#lobby", "nobody hears it")
        assert await never.close(0) == [("#lobby", "nobody hears it")]

    run(scene())


def test_a_plain_server(run):
    async def scene(address):
        async with AsyncClient(address, nick="amy") as amy, AsyncClient(address, nick="bob") as bob:
            await bob.say("#lobby", "one")
            await bob.say("#lobby", "two")
            assert await texts(amy, 2) == ["one", "two"]

    with Original() as original:
        run(scene(original.address))
