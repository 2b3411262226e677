"""The client's one thread: it connects, reads, writes and waits for a session.

Owns the socket, the lock and the attempts; must not know the dialect.
"""

import logging
import selectors
import threading
import time

from asyncchat.client import sockets
from asyncchat.client.address import Address
from asyncchat.client.errors import ClientError, Unreachable, reason_of
from asyncchat.client.event_queue import EventQueue
from asyncchat.client.events import Disconnected, Event
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.udp_socket import UdpSocket

_log = logging.getLogger(__name__)

_START_HINT = "Is a server running there? asyncchat serve"
_UDP_HINT = "Is a server running there? asyncchat serve --listen udp://HOST:PORT"

_JOIN_THREAD = 2.0
"""Seconds that ``stop`` waits for the thread; only the resolution of a name takes longer."""


class Transport:
    """Connects a session with the network.

    ``lock`` guards the session and the event queue; it is never held while user code runs or a system call
    waits. ``changed`` is notified of events, answers and states.

    Attributes:
        over: whether no more events will come.
        failure: why it is over, unless somebody asked for it.
        given_up: (room, text) of each message that was never acknowledged.
    """

    def __init__(self, address: Address, session: ClientSession, settings: Settings) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.session = session
        self.event_queue = EventQueue()
        self.over = False
        self.failure: ClientError | None = None
        self.given_up: list[tuple[str, str]] = []
        self._address = address
        self._settings = settings
        self._stopping = False
        self._goodbye = ""
        self._waker = sockets.Waker()
        self._thread = threading.Thread(target=self._run, name=f"asyncchat {address}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Makes the thread look at the session."""
        self._waker.ring()

    def stop(self, reason: str = "", *, wait: bool = True) -> None:
        """Ends the chat: sends the goodbye, and by default waits for the thread."""
        with self.changed:
            self._stopping = True
            self._goodbye = reason
            self.changed.notify_all()
        self._waker.ring()
        if wait and self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_THREAD)

    # The thread.

    def _run(self) -> None:
        try:
            self._attempts()
        except sockets.Interrupted:
            pass
        except Exception as error:  # noqa: BLE001 - the edge of the thread; it logs the traceback
            # A bug of ours: nothing may wait forever for a thread that has ended.
            _log.exception("the client's thread failed")
            self.failure = ClientError(f"The client failed: {error!r}")
        finally:
            with self.changed:
                self.given_up = self.session.waiting()
                self.session.give_up("the chat is closed")
                self.over = True
                self.changed.notify_all()
            self._waker.close()

    def _attempts(self) -> None:
        attempt = 0
        while not self._stopping:
            was_ready = self.session.was_ready
            failure = self._attempt()
            if self._stopping:
                return
            if not self.session.was_ready:
                self.failure = failure
                return
            attempt = 0 if not was_ready or self._became_ready else attempt + 1
            again = self._settings.reconnect
            wait = self._wait_before(attempt) if again else None
            reason = failure.reason if isinstance(failure, Unreachable) else str(failure)
            self._publish([Disconnected(self._settings.clock.now(), reason, wait, attempt)])
            if wait is None:
                self.failure = failure
                return
            with self.changed:
                self.changed.wait_for(lambda: self._stopping, wait)

    def _attempt(self) -> ClientError:
        """One connection, from its start to its end; returns what ended it."""
        self._became_ready = False
        try:
            kind = UdpSocket if self._address.scheme == "udp" else sockets.TcpSocket
            connection = sockets.connect(
                kind, self._address, self._settings.timeout, self._waker, lambda: self._stopping
            )
        except OSError as error:
            hint = _START_HINT if isinstance(error, ConnectionRefusedError) else ""
            hint = _UDP_HINT if self._address.scheme == "udp" else hint
            return Unreachable(str(self._address), reason_of(error), hint)
        last_words = b""
        try:
            with self.lock:
                self.session.connected()
            failure = self._exchange(connection)
            if self._stopping:
                with self.lock:
                    last_words = self.session.goodbye(self._goodbye)
        except OSError as error:
            failure = ClientError(reason_of(error))
        finally:
            if self._stopping:
                connection.close_politely(last_words)
            else:
                connection.close()
            with self.changed:
                self.session.lost()
                self.event_queue.put(self.session.take_events())
                self.changed.notify_all()
        if not self.session.was_ready and type(failure) is ClientError:
            return Unreachable(str(self._address), str(failure))
        return failure

    def _exchange(self, connection: sockets.Connection) -> ClientError:
        out = bytearray()
        session = self.session
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._waker.receiver, selectors.EVENT_READ)
            writing = False
            while True:
                with self.changed:
                    session.wake()
                    out += session.data_to_send()
                    self.event_queue.put(session.take_events())
                    self._became_ready = self._became_ready or session.ready
                    deadline = session.deadline()
                    failure = session.failure
                    self.changed.notify_all()
                connection.send(out)
                if failure is not None or self._stopping:
                    return failure or ClientError("closed")
                timer = connection.deadline()
                if timer is None and writing != bool(out):
                    writing = bool(out)
                    write = selectors.EVENT_WRITE if writing else 0
                    selector.modify(connection, selectors.EVENT_READ | write)
                waits = [] if deadline is None else [deadline - self._settings.clock.monotonic()]
                waits += [] if timer is None else [timer - time.monotonic()]
                wait = max(0.0, min(waits)) if waits else None
                ready = {key.fileobj for key, mask in selector.select(wait) if mask & selectors.EVENT_READ}
                if self._waker.receiver in ready:
                    self._waker.hush()
                if connection in ready or timer is not None:
                    data = connection.receive()
                    if data is None:
                        continue
                    with self.lock:
                        if not data:
                            return ClientError(session.ended_by() or "the server closed the connection")
                        session.receive_data(data)

    def _publish(self, events: list[Event]) -> None:
        with self.changed:
            self.event_queue.put(events)
            self.changed.notify_all()

    def _wait_before(self, attempt: int) -> float:
        first, longest = self._settings.backoff
        return min(longest, first * 2.0 ** min(attempt, 30)) * (0.5 + self._settings.clock.random() / 2)
