"""``AsyncClient`` for the tests of ``Client``: a thread calls it, and it runs in a loop of its own."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from asyncchat import AsyncClient, AsyncReceipt, NotConnected

PATIENCE = 60.0


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The loop of all of them."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loop of clients", daemon=True).start()
    return loop


class _OnLoop:
    """An object whose methods and properties are called in the loop."""

    def __init__(self, target: object) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        async def get() -> Any:
            return getattr(self._target, name)

        value = asyncio.run_coroutine_threadsafe(get(), _loop()).result(PATIENCE)
        return (lambda *args, **kwargs: self._call(value, *args, **kwargs)) if callable(value) else value

    def __repr__(self) -> str:
        return repr(self._target)

    @staticmethod
    def _call(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async def call() -> Any:
            result = method(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        result = asyncio.run_coroutine_threadsafe(call(), _loop()).result(PATIENCE)
        return _OnLoop(result) if isinstance(result, AsyncReceipt) else result


class ClientOnLoop(_OnLoop):
    """``AsyncClient`` with the methods of ``Client``."""

    def __init__(self, address: str, **settings: Any) -> None:
        super().__init__(AsyncClient(address, **settings))
        self.__aenter__()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *of_error: object) -> None:
        self.__aexit__(*of_error)

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                yield self.receive()
            except NotConnected:
                return
