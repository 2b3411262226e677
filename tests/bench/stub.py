"""A tiny IRC server in a thread, that delivers as it is told: right, or with one fault."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Called for each delivery with (its number, the receiver's number, the line); returns the lines to send.
Fault = Callable[[int, int, bytes], list[bytes]]


@dataclass
class Client:
    number: int
    nick: str = "*"
    unread: bytes = b""
    room: str = ""
    gone: bool = False


class StubServer:
    """Registration, JOIN, PING, PRIVMSG to all others, QUIT."""

    def __init__(self, fault: Fault | None = None, hang_up_after: int = 0) -> None:
        self._fault = fault or (lambda number, receiver, line: [line])
        self._hang_up_after = hang_up_after
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._clients: dict[socket.socket, Client] = {}
        self._deliveries = self._accepted = self._messages = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for each in (self._listener, self._wake, self._woken, *self._clients):
            each.close()
        self._selector.close()

    def _serve(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    client, _ = self._listener.accept()
                    self._clients[client] = Client(self._accepted)
                    self._accepted += 1
                    self._selector.register(client, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._clients:
                    self._read(key.fileobj)

    def _read(self, client: socket.socket) -> None:
        try:
            data = client.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        state = self._clients[client]
        *lines, state.unread = (state.unread + data).split(b"\r\n")
        for line in lines:
            if client in self._clients and not state.gone:
                self._line(client, state, line.decode())

    def _line(self, client: socket.socket, state: Client, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "NICK":
            state.nick = rest
        elif word == "USER":
            self._send(
                client, f":stub 001 {state.nick} :hi\r\n:stub 004 {state.nick} stub stub-1 i n\r\n".encode()
            )
        elif word == "JOIN":
            state.room = rest
            self._send(client, f":stub 366 {state.nick} {rest} :End of NAMES\r\n".encode())
        elif word == "PING":
            self._send(client, f":stub PONG stub {rest}\r\n".encode())
        elif word == "QUIT":
            self._drop(client)
        elif word == "PRIVMSG":
            self._say(client, state, f":{state.nick}!u@h {line}\r\n".encode())

    def _say(self, client: socket.socket, state: Client, line: bytes) -> None:
        self._messages += 1
        if self._messages == self._hang_up_after:
            self._send(client, b"ERROR :Closing link: (Excess Flood)\r\n")
            # A close with unread input would be a reset, which takes the ERROR with it.
            client.shutdown(socket.SHUT_WR)
            state.gone, state.room = True, ""
            return
        for other, theirs in list(self._clients.items()):
            if other is not client and theirs.room == state.room:
                self._deliveries += 1
                for each in self._fault(self._deliveries, theirs.number, line):
                    self._send(other, each)

    def _send(self, client: socket.socket, data: bytes) -> None:
        try:
            client.sendall(data)
        except OSError:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        if self._clients.pop(client, None) is not None:
            self._selector.unregister(client)
            client.close()


@contextmanager
def stub(fault: Fault | None = None, hang_up_after: int = 0) -> Iterator[StubServer]:
    """Run a stub."""
    server = StubServer(fault, hang_up_after)
    server.start()
    try:
        yield server
    finally:
        server.stop()
