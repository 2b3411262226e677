"""Turns for hashing: one at a time, and networks take turns."""

import asyncio

from asyncchat.server.hash_queue import HashQueue


def test_networks_take_turns():
    order = []

    async def hash_one(queue, network):
        async with queue.turn(network):
            await asyncio.sleep(0)
            order.append(network)

    async def run():
        queue = HashQueue()
        await asyncio.gather(*(hash_one(queue, network) for network in "aaaaaab"))
        assert order.index("b") == 2  # after the one that is being hashed, and the first that waits
        order.clear()
        await asyncio.gather(*(hash_one(queue, network) for network in "ab"))
        assert order == ["a", "b"]

    asyncio.run(run())


def test_one_at_a_time_also_when_who_waits_is_gone():
    busy = 0
    most = []

    async def hash_one(queue, network):
        nonlocal busy
        async with queue.turn(network):
            busy += 1
            most.append(busy)
            await asyncio.sleep(0)
            busy -= 1

    async def run():
        queue = HashQueue()
        tasks = [asyncio.create_task(hash_one(queue, str(number % 3))) for number in range(30)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert max(most) == 1
        async with asyncio.timeout(60), queue.turn("last"):
            assert not queue._waiting

    asyncio.run(run())
