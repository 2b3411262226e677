"""One of several processes that serve one chat on one port, as that process knows it.

Owns what it is told by the process that started it, and how it tells that it is ready. Must not know how many
there are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from asyncchat.server.addresses import Address

VARIABLE = "_ASYNCCHAT_WORKER"
"""The environment's variable with the ``Place`` of a worker."""


class Place(msgspec.Struct, frozen=True):
    """What a worker is told.

    Attributes:
        name: what logs call it.
        first: the history of the first worker, beside which is what all have in common.
        listening: the numbers of its sockets, by what was asked for; they are bound.
        ready: where it writes what is shown to people when it is ready; its end is the sign.
        is_start: whether the whole starts, and this is the first worker.
    """

    name: str
    first: str
    listening: Sequence[tuple[Address, list[int]]]
    ready: int
    is_start: bool


class Worker:
    """This process as a worker.

    Args:
        place: what it was told.
    """

    def __init__(self, place: Place) -> None:
        self.name = place.name
        self.first = Path(place.first)
        self.is_start = place.is_start
        self.sockets = [
            (address, [_socket(number) for number in numbers]) for address, numbers in place.listening
        ]
        self._ready = place.ready
        os.set_inheritable(self._ready, False)

    @classmethod
    def of_environment(cls) -> Worker | None:
        """The worker that this process is; None: it is none."""
        text = os.environ.pop(VARIABLE, "")
        return cls(msgspec.json.decode(text, type=Place)) if text else None

    def announce(self, text: str) -> None:
        """Says that it is ready, with the text for people."""
        with contextlib.suppress(BrokenPipeError), open(self._ready, "wb") as sink:
            sink.write(text.encode())

    def ask_restart(self) -> None:
        """Has all workers started anew, one after another."""
        os.kill(os.getppid(), signal.SIGUSR2)

    def ask_reload(self) -> None:
        """Has all workers read the configuration again."""
        os.kill(os.getppid(), signal.SIGHUP)


def _socket(number: int) -> socket.socket:
    found = socket.socket(fileno=number)
    found.set_inheritable(False)
    found.setblocking(False)
    return found
