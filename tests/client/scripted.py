"""A server whose every byte a test writes: one script for each connection that is made to it."""

import socket
import struct
import threading
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which a test that waits for bytes that do not come fails."""

CAPS = "batch draft/chathistory echo-message message-tags server-time"


class Line:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._held = b""
        self.heard: list[str] = []
        """What the client said so far, for a test that fails."""

    def read(self) -> str:
        """The next line; '' at the end of the connection."""
        while b"\n" not in self._held:
            data = self.connection.recv(65536)
            if not data:
                return ""
            self._held += data
        raw, _, self._held = self._held.partition(b"\n")
        line = raw.rstrip(b"\r").decode()
        self.heard.append(line)
        return line

    def until(self, begin: str) -> str:
        """Reads on to a line that begins so; fails when the connection ends before."""
        while True:
            line = self.read()
            if line.startswith(begin):
                return line
            if not line:
                raise AssertionError(f"the client never said {begin!r}, only {self.heard!r}")

    def to_the_end(self) -> None:
        """Reads until the client closes."""
        while self.read():
            pass

    def send(self, *lines: str) -> None:
        self.send_raw("".join(f"{line}\r\n" for line in lines).encode())

    def send_raw(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Closes with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    # What every IRC server does.

    def welcome(self, caps: str = CAPS, nick: str = "me") -> None:
        self.until("USER")
        if caps:
            self.send(f":s CAP * LS :{caps}")
            wanted = self.until("CAP REQ").partition("REQ ")[2].removeprefix(":")
            self.send(f":s CAP * ACK :{wanted}")
            self.until("CAP END")
        self.send(f":s 001 {nick} :Hi {nick}!u@h", f":s 005 {nick} CHANTYPES=# CHATHISTORY=2 :ok")
        self.send(f":s 422 {nick} :no MOTD")

    def let_in(self, room: str = "#ci", nick: str = "me", time: str = "2026-11-22T12:00:00.000Z") -> None:
        self.until(f"JOIN {room}")
        self.send(
            f"@time={time} :{nick}!u@h JOIN {room}",
            f":s 353 {nick} = {room} :{nick} bob",
            f":s 366 {nick} {room} :End",
        )


def let_in_and_close(line: Line) -> None:
    """A server that goes away."""
    line.welcome()
    line.let_in()


Script = Callable[[Line], None]


class Scripted:
    """Runs scripts, one after the other, each on the next connection; an error in one fails the test."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _run(self) -> None:
        try:
            for script in self._scripts:
                connection, _ = self._listener.accept()
                connection.settimeout(PATIENCE)
                with connection:
                    script(Line(connection))
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self._error = error
        finally:
            self._listener.close()

    def __enter__(self) -> "Scripted":
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is not None:
            self._listener.close()
            return
        self._thread.join(PATIENCE)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive(), "a script is not at its end"


class Original:
    """A server as the original is one: it frames nothing, and one read is one message."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._people: dict[socket.socket, str] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"plain://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.sendall(b"Welcome! Enter your name or nickname: ")
        name = connection.recv(1024).decode()
        with self._lock:
            self._people[connection] = name
            names = list(self._people.values())
        here = "" if len(names) == 1 else f" {', '.join(names)} are in the chat"
        connection.sendall(f"Hello, {name}!{here}".encode())
        self._tell(f"{name} is online", connection)
        while data := connection.recv(1024):
            self._tell(f"{name}: {data.decode()}", connection)
        with self._lock:
            del self._people[connection]
        connection.close()
        self._tell(f"{name} left chat", connection)

    def _tell(self, text: str, but: socket.socket) -> None:
        with self._lock:
            for connection in self._people:
                if connection is not but:
                    connection.sendall(text.encode())

    def __enter__(self) -> "Original":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
