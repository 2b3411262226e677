"""What the program behind ``asyncchat serve`` does beside serving."""

import asyncio
import ctypes
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from asyncchat.control.requests import Drained
from asyncchat.errors import Misuse
from asyncchat.server import serve


def libc(**functions: Any) -> Any:
    """Stands for ``ctypes.CDLL``."""
    return lambda _name: SimpleNamespace(**functions)


def test_memory_is_given_back_after_many_have_left(monkeypatch):
    class Sessions(list[int]):
        def __len__(self) -> int:
            looked.set()
            return super().__len__()

    async def two_looks() -> None:
        for _ in range(2):  # the first may have begun before
            looked.clear()
            await looked.wait()

    given = threading.Semaphore(0)
    looked = asyncio.Event()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", libc(malloc_trim=lambda _pad: given.release()))
    monkeypatch.setattr(serve, "TRIM_SECONDS", 0.001)
    sessions = Sessions(range(serve.TRIM_SESSIONS))

    async def scene() -> None:
        task = asyncio.create_task(serve._give_back_memory(sessions))
        await two_looks()
        del sessions[1:]
        await two_looks()
        assert not given.acquire(blocking=False)
        sessions.clear()
        assert await asyncio.to_thread(given.acquire, timeout=30)
        sessions.append(1)
        await two_looks()
        assert not given.acquire(blocking=False)
        task.cancel()

    asyncio.run(scene())


def test_the_collector_passes_over_what_was_made_before_and_the_copy_of_a_hub(monkeypatch):
    done: list[object] = []
    collector = SimpleNamespace(
        collect=lambda: done.append("collect"),
        freeze=lambda: done.append("freeze"),
        enable=lambda: done.append("enable"),
        set_threshold=lambda *most: done.append(most),
    )
    monkeypatch.setattr(serve, "gc", collector)
    node: Any = SimpleNamespace()
    serve._tune_memory(node)
    assert done == ["collect", "freeze", "enable", (10_000, 1_000, 5)]
    node.on_copied()
    assert done[-1] == "freeze"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_system_without_glibc_goes_on_as_it_is(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", libc())
    asyncio.run(serve._give_back_memory([]))


def test_a_node_is_drained_once_and_stops_and_only_where_others_are():
    async def scene() -> None:
        node = SimpleNamespace(is_alone=True)
        context = SimpleNamespace(sessions={}, now=asyncio.get_running_loop().time)
        made: Any = SimpleNamespace(
            server=SimpleNamespace(node=node, context=context, hub=SimpleNamespace(drainer=None))
        )
        stopping = asyncio.Event()
        serve._drain_when_asked(made, stopping)
        begin = made.server.hub.drainer
        with pytest.raises(Misuse, match="No other node of the cluster is there"):
            begin(0)
        node.is_alone = False
        assert begin(0) == begin(9) == Drained(0, running=True)
        await stopping.wait()
        assert context.draining

    asyncio.run(scene())
