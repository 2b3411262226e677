"""What the program behind ``asyncchat serve`` does beside serving."""

import asyncio
import ctypes
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from asyncchat.server import serve


def libc(**functions: Any) -> Any:
    """Stands for ``ctypes.CDLL``."""
    return lambda _name: SimpleNamespace(**functions)


def test_memory_is_given_back_after_many_have_left(monkeypatch):
    given = threading.Semaphore(0)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", libc(malloc_trim=lambda _pad: given.release()))
    monkeypatch.setattr(serve, "TRIM_SECONDS", 0.001)
    sessions = list(range(serve.TRIM_SESSIONS))

    async def scene() -> None:
        task = asyncio.create_task(serve._give_back_memory(sessions))
        await asyncio.sleep(0.05)
        del sessions[1:]
        await asyncio.sleep(0.05)
        assert not given.acquire(blocking=False)
        sessions.clear()
        assert await asyncio.to_thread(given.acquire, timeout=30)
        sessions.append(1)
        await asyncio.sleep(0.05)
        assert not given.acquire(blocking=False)
        task.cancel()

    asyncio.run(scene())


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_system_without_glibc_goes_on_as_it_is(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", libc())
    asyncio.run(serve._give_back_memory([]))
