"""The client's one thread: it connects, reads, writes and waits for a chat.

Owns the socket and the lock; must not know the dialect, or when to try again (``lifecycle``).
"""

from __future__ import annotations

import logging
import selectors
import threading
import time
from typing import TYPE_CHECKING

from asyncchat.client import sockets
from asyncchat.client.errors import ClientError, reason_of
from asyncchat.client.lifecycle import Lifecycle
from asyncchat.client.strict_transport import note
from asyncchat.client.udp_socket import UdpSocket

if TYPE_CHECKING:
    pass

_log = logging.getLogger(__name__)

_JOIN_THREAD = 2.0
"""Seconds that ``stop`` waits for the thread; only the resolution of a name takes longer."""


class Transport:
    """Connects a chat with the network.

    ``lock`` guards the chat; it is never held while user code runs or a system call waits. ``changed`` is
    notified of events, answers and states.

    Args:
        life: the chat.
        timeout: seconds for a connection.
    """

    def __init__(self, life: Lifecycle, timeout: float) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self._life = life
        self._timeout = timeout
        self._waker = sockets.Waker()
        self._thread = threading.Thread(target=self._run, name=f"asyncchat {life.address}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Makes the thread look at the session."""
        self._waker.ring()

    def stop(self, reason: str = "", *, wait: bool = True) -> None:
        """Ends the chat: sends the goodbye, and by default waits for the thread."""
        with self.changed:
            self._life.stop(reason)
            self.changed.notify_all()
        self._waker.ring()
        if wait and self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_THREAD)

    # The thread.

    def _run(self) -> None:
        failure: ClientError | None = None
        try:
            while (pause := self._attempt()) is not None:
                with self.changed:
                    self.changed.notify_all()
                    if self.changed.wait_for(lambda: self._life.stopping, pause):
                        return
        except sockets.Interrupted:
            pass
        except Exception as error:  # noqa: BLE001 - the edge of the thread; it logs the traceback
            # A bug of ours: nothing may wait forever for a thread that has ended.
            _log.exception("the client's thread failed")
            failure = ClientError(f"The client failed: {error!r}")
        finally:
            with self.changed:
                self._life.end(failure)
                self.changed.notify_all()
            self._waker.close()

    def _attempt(self) -> float | None:
        """One connection, from its start to its end; returns the pause before the next, if there is one."""
        life = self._life
        life.begin()
        kind = UdpSocket if life.address.scheme == "udp" else sockets.TcpSocket
        try:
            connection = sockets.connect(
                kind, life.address, life.tls, self._timeout, self._waker, lambda: life.stopping
            )
        except OSError as error:
            with self.lock:
                return life.unreachable(error)
        except ClientError as error:
            with self.lock:
                return life.after(error)
        last_words = b""
        try:
            with self.lock:
                life.session.connected()
            failure = self._exchange(connection)
            if life.stopping:
                with self.lock:
                    last_words = life.last_words()
        except OSError as error:
            failure = ClientError(reason_of(error))
        finally:
            if life.stopping:
                connection.close_politely(last_words)
            else:
                connection.close()
            with self.changed:
                life.lost()
                self.changed.notify_all()
        note(life.address, life.take_policy())
        with self.lock:
            return life.after(failure)

    def _exchange(self, connection: sockets.Connection) -> ClientError:
        """Reads and writes until something ends the connection; returns what did."""
        out = bytearray()
        life = self._life
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._waker.receiver, selectors.EVENT_READ)
            writing = False
            while True:
                with self.changed:
                    out += life.turn()
                    wait, failure, policy = life.wait(), life.session.failure, life.take_policy()
                    self.changed.notify_all()
                note(life.address, policy)
                connection.send(out)
                if failure is not None or life.stopping:
                    return failure or ClientError("closed")
                if writing != bool(out):
                    writing = bool(out)
                    write = selectors.EVENT_WRITE if writing else 0
                    selector.modify(connection, selectors.EVENT_READ | write)
                timer = connection.deadline()
                if timer is not None:
                    left = max(0.0, timer - time.monotonic())
                    wait = left if wait is None else min(wait, left)
                ready = {key.fileobj for key, mask in selector.select(wait) if mask & selectors.EVENT_READ}
                if self._waker.receiver in ready:
                    self._waker.hush()
                if connection in ready or timer is not None:
                    data = connection.receive()
                    if data is not None:
                        with self.lock:
                            ended = life.receive(data)
                        if ended is not None:
                            return ended
