"""Posts over the HTTP API, so many at once, and reads back what was acknowledged: id, text and place.

Then it does the same while the server is killed in the middle (SIGKILL) and started again: a post whose
answer was lost is sent again under its key. Owns these requests and the checks; must not know how a server is
started.
"""

import json
import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from asyncchat.bench import messages, process
from asyncchat.bench.clients import CHUNK, Progress
from asyncchat.bench.load import Mark, Outcome
from asyncchat.bench.poller import Poller
from asyncchat.bench.protocols import Address
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.verify import Faults, Samples
from asyncchat.errors import AsyncChatError

# It posts for so many seconds before the kill, and as many after it, or as long as was measured.
_KILL_SECONDS = 1.0
_STUCK_SECONDS = 30.0
_PAGE = 200
_CREATED, _OK = 201, 200
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_EXAMPLE = 200


class _Message(msgspec.Struct, frozen=True):
    """What the API says of a message, as far as it is checked."""

    id: str
    text: str


class _Page(msgspec.Struct, frozen=True):
    messages: list[_Message]
    more: bool


@dataclass(slots=True)
class Post:
    """One post that was acknowledged; times are microseconds."""

    text: str
    sent: int
    acked: int


@dataclass(slots=True)
class _Poster:
    """One connection, which posts one message after the other."""

    number: int
    sock: socket.socket
    posts: int = 0
    text: str = ""
    sent: int = 0
    request: bytes = b""
    heard: bytes = b""
    done: bool = True
    """Whether its last post is acknowledged."""


@dataclass(frozen=True, slots=True)
class ApiSetup:
    """What the posts need.

    Args:
        address: The server.
        token: Lets it post and read in every room.
        scenario: How many post at once, and for how long.
        poller: Watches the sockets.
        server_cpu: Returns the server's processor time so far, if known.
        restart: Kills the server and starts it again with the same history; None: that is not possible.
        progress: Called with what was done.
    """

    address: Address
    token: str
    scenario: Scenario
    poller: Poller
    server_cpu: Callable[[], float | None]
    restart: Callable[[], None] | None
    progress: Progress


class Posts:
    """The posts of a scenario."""

    def __init__(self, setup: ApiSetup) -> None:
        self._setup = setup
        scenario, address = setup.scenario, setup.address
        letters = "abcdefghijklmnopqrstuvwxyz"
        self._tag = "".join(random.choices(letters, k=6))  # noqa: S311  # no secret
        self._pads = messages.paddings(scenario.payload, scenario.filler)
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._path = f"/api/v1/rooms/bench{self._tag}/messages"
        self._head = f"Host: {host}:{address.port}\r\nAuthorization: Bearer {setup.token}\r\n"
        self._keyed = False
        self.faults = Faults()
        self.acked: dict[str, Post] = {}
        """By id."""
        self._samples = Samples()
        self._posters: dict[int, _Poster] = {}
        self._told = time.monotonic()

    def run(self) -> tuple[Outcome, list[str]]:
        """Warm up, measure, read back; then once more with a kill. Return the outcome, and notes.

        Raises:
            AsyncChatError: The server cannot be reached, or nothing happens for 30 s.
        """
        scenario = self._setup.scenario
        try:
            for number in range(scenario.clients):
                self._add(_Poster(number, self._connected()))
            began = time.monotonic()
            self._until(began + scenario.warmup)
            begin = self._mark()
            self._until(begin.at + scenario.seconds)
            end = self._mark()
            self._finish()
            self._check()
            notes = [f"{len(self.acked):,} posts were read back"]
            if self._setup.restart is not None:
                notes.append(self._kill(self._setup.restart))
        finally:
            for poster in self._posters.values():
                poster.sock.close()
        samples = self._samples.between(begin.at, end.at)
        return Outcome(begin, end, self.faults, [samples]), notes

    def _kill(self, restart: Callable[[], None]) -> str:
        """Post on, with keys, while the server is killed and started again."""
        self._keyed = True
        before = len(self.acked)
        seconds = min(_KILL_SECONDS, self._setup.scenario.seconds)
        self._until(time.monotonic() + seconds)
        for poster in self._posters.values():
            self._setup.poller.remove(poster.sock.fileno())
        open_posts = sum(not poster.done for poster in self._posters.values())
        restart()
        posters, self._posters = list(self._posters.values()), {}
        for poster in posters:
            poster.sock.close()
            poster.sock = self._connected()
            poster.heard = b""
            self._add(poster)
            if not poster.done:
                self._send(poster)
        self._until(time.monotonic() + seconds)
        self._finish()
        self._check()
        return (
            f"the server was killed with {open_posts} posts under way, which were sent again under their "
            f"keys: {len(self.acked) - before:,} more were read back"
        )

    def _connected(self) -> socket.socket:
        address = self._setup.address
        try:
            sock = socket.create_connection((address.host, address.port), _STUCK_SECONDS)
        except OSError as error:
            raise AsyncChatError(f"cannot connect to {address}: {error.strerror or error}") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _add(self, poster: _Poster) -> None:
        poster.sock.setblocking(False)
        self._posters[poster.sock.fileno()] = poster
        self._setup.poller.add(poster.sock.fileno())

    def _mark(self) -> Mark:
        poller, posted = self._setup.poller, len(self.acked)
        generator = time.process_time() - poller.spun
        return Mark(time.monotonic(), self._setup.server_cpu(), generator, posted, posted,
                    process.machine_seconds(), poller.spun)  # fmt: skip

    def _until(self, end: float) -> None:
        """Keep each connection posting."""
        heard = time.monotonic()
        while (now := time.monotonic()) < end:
            for poster in self._posters.values():
                if poster.done:
                    self._next(poster)
            if self._turn(min(end - now, 0.1)):
                heard = now
            self._patience(heard, now)
            if now - self._told > 1:
                self._told = now
                self._setup.progress(f"{len(self.acked):,} posts")

    def _finish(self) -> None:
        """Wait for the last answers."""
        heard = time.monotonic()
        while not all(poster.done for poster in self._posters.values()):
            now = time.monotonic()
            if self._turn(0.1):
                heard = now
            self._patience(heard, now)

    def _patience(self, heard: float, now: float) -> None:
        if now - heard > _STUCK_SECONDS:
            raise AsyncChatError(f"{self._setup.address}: no post was answered for {_STUCK_SECONDS:.0f} s")

    def _next(self, poster: _Poster) -> None:
        poster.posts += 1
        poster.sent = messages.now()
        poster.text = messages.text(poster.number, poster.posts, poster.sent, self._pads).decode().rstrip()
        body = json.dumps({"text": poster.text})
        key = f"Idempotency-Key: {self._tag}-{poster.number}-{poster.posts}\r\n" if self._keyed else ""
        poster.request = (
            f"POST {self._path} HTTP/1.1\r\n{self._head}{key}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        poster.done = False
        self._send(poster)

    def _send(self, poster: _Poster) -> None:
        try:
            poster.sock.send(poster.request)  # a few hundred bytes, when all before them have been answered
        except OSError as error:
            raise AsyncChatError(f"{self._setup.address} closes a connection: {error.strerror}") from error

    def _turn(self, seconds: float) -> bool:
        answered = False
        for fd, _ in self._setup.poller.wait(seconds):
            poster = self._posters[fd]
            try:
                data = poster.sock.recv(CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise AsyncChatError(
                    f"{self._setup.address} closes a connection: {error.strerror}"
                ) from error
            if not data:
                raise AsyncChatError(f"{self._setup.address} closes a connection: {_example(poster.heard)}")
            poster.heard += data
            found = answer(poster.heard)
            if found is not None:
                status, body, poster.heard = found
                self._answered(poster, status, body)
                answered = True
        return answered

    def _answered(self, poster: _Poster, status: int, body: bytes) -> None:
        at = messages.now()
        poster.done = True
        if status != _CREATED:
            self.faults.refused += 1
            self.faults.note(f"a post is refused: {status} {_example(body)}")
            return
        said = msgspec.json.decode(body, type=_Message)
        self._samples.add(poster.sent, at)
        if said.text != poster.text:
            self.faults.altered += 1
            self.faults.note(f"another text was acknowledged: {_example(body)}")
        if said.id in self.acked:
            self.faults.duplicated += 1
            self.faults.note(f"two posts were acknowledged as {said.id}")
        self.acked[said.id] = Post(poster.text, poster.sent, at)

    # Reading back.

    def _check(self) -> None:
        check(self.acked, list(self._history()), self.faults)

    def _history(self) -> Iterator[tuple[str, str]]:
        """The ids and texts of the room, oldest first."""
        pages = []
        before = ""
        with self._connected() as sock:
            while True:
                page = self._page(sock, before)
                pages.append(page.messages)
                if not page.more or not page.messages:
                    break
                before = f"&before={page.messages[0].id}"
        for read in reversed(pages):
            for said in read:
                yield said.id, said.text

    def _page(self, sock: socket.socket, before: str) -> _Page:
        sock.sendall(f"GET {self._path}?limit={_PAGE}{before} HTTP/1.1\r\n{self._head}\r\n".encode())
        data = b""
        while (found := answer(data)) is None:
            piece = sock.recv(CHUNK)
            if not piece:
                raise AsyncChatError(f"{self._setup.address} closes the connection in the middle of a page")
            data += piece
        status, body, _ = found
        if status != _OK:
            raise AsyncChatError(f"{self._setup.address} gives no page: {status} {_example(body)}")
        return msgspec.json.decode(body, type=_Page)


def answer(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Read an HTTP answer: its status, its body, and what follows; None while it is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(data, 0, end + 2)
    begin = end + 4
    size = 0 if length is None else int(length[1])
    if len(data) < begin + size:
        return None
    return int(data[9:12]), data[begin : begin + size], data[begin + size :]


def check(acked: dict[str, Post], history: list[tuple[str, str]], faults: Faults) -> None:
    """Check what was read back: each acknowledged post is there once, with its text, in its place.

    A post that was sent after another had been acknowledged must come after it.
    """
    wanted = {post.text for post in acked.values()}
    ids: set[str] = set()
    texts: set[str] = set()
    for id, text in history:
        if id in ids or (text in wanted and text in texts):
            faults.duplicated += 1
            faults.note(f"{id} is there twice: {text}")
        elif id in acked and acked[id].text != text:
            faults.altered += 1
            faults.note(f"{id} has another text: {text}")
        ids.add(id)
        texts.add(text)
    for id, post in acked.items():
        if id not in ids:
            faults.lost += 1
            faults.note(f"{id} was acknowledged and is not there: {post.text}")
    first_later = float("inf")
    for id, _ in reversed(history):
        if (found := acked.get(id)) is not None:
            if found.sent > first_later:
                faults.reordered += 1
                faults.note(f"{id} was sent after the next one had been acknowledged")
            first_later = min(first_later, found.acked)


def _example(data: bytes) -> str:
    return data.decode(errors="replace")[:_EXAMPLE] or "it does not say why"
