"""``kill -9`` and a full disk in the middle of a load: what anyone has seen, the history has, once, in the
same order. Where the end of the write-ahead log is torn, only the end is missing, and the next start says so.

``ASYNCCHAT_KILLS=20 pytest tests/test_survival.py`` kills twenty times; three by default.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from random import Random

import pytest

KILLS = int(os.environ.get("ASYNCCHAT_KILLS", "3"))
SPEAKERS = 4
PAGE = 200

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")


class Server(subprocess.Popen[str]):
    """Ends with a test that fails, which would wait for it for ever."""

    def __exit__(self, kind, *of_error):
        if kind is not None:
            self.kill()
        super().__exit__(kind, *of_error)


def start(database, errors=None):
    server = Server(
        [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", str(database), "--no-limits"],
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    first = server.stdout.readline()
    return server, int(first.rsplit(":", 1)[1])


class Voice:
    """An IRC connection that notes the id and text of each message it is told, its own among them."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self.heard: list[tuple[str, str]] = []

    @classmethod
    async def enter(cls, port, nick):
        voice = cls(*await asyncio.open_connection("127.0.0.1", port))
        voice.send("CAP REQ :message-tags server-time echo-message batch draft/chathistory", f"NICK {nick}")
        voice.send(f"USER {nick} 0 * :{nick}", "CAP END", "JOIN #load")
        await voice.until(" 366 ")
        return voice

    def send(self, *lines):
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def line(self):
        raw = await self._reader.readline()
        line = raw.decode().rstrip("\r\n")
        said = re.match(r"@(\S+) :\S+ PRIVMSG #load :(.*)", line)
        if raw.endswith(b"\n") and said:
            tags = dict(tag.partition("=")[::2] for tag in said[1].split(";"))
            self.heard.append((tags["msgid"], said[2]))
        return line if raw else None

    async def until(self, word):
        while (line := await self.line()) is not None:
            if word in line:
                return line
        raise ConnectionError(f"closed before {word!r}")

    async def speak(self, word):
        """Says things, some ahead of what it has heard back, until the connection is lost."""
        for count in range(1_000_000):
            self.send(f"PRIVMSG #load :{word} {count}")
            if count >= 5 and await self.line() is None:
                return

    def close(self):
        self._writer.close()


async def load_until_killed(server, port, round_, enough):
    voices = [await Voice.enter(port, f"v{index}") for index in range(SPEAKERS)]
    listener = await Voice.enter(port, "listener")

    async def listen():
        while await listener.line() is not None:
            if len(listener.heard) == enough:
                server.send_signal(signal.SIGKILL)

    talking = (voice.speak(f"r{round_}v{index}") for index, voice in enumerate(voices))
    await asyncio.gather(listen(), *talking, return_exceptions=True)
    for voice in (*voices, listener):
        voice.close()
    return [voice.heard for voice in (*voices, listener)]


async def history(port):
    """All of the room's history, page by page, oldest first."""
    reader = await Voice.enter(port, "historian")
    reader.heard.clear()
    reader.send(f"CHATHISTORY LATEST #load * {PAGE}")
    await reader.until("BATCH -")
    pages = [reader.heard]
    while len(pages[-1]) == PAGE:
        reader.heard = []
        reader.send(f"CHATHISTORY BEFORE #load msgid={pages[-1][0][0]} {PAGE}")
        await reader.until("BATCH -")
        pages.append(reader.heard)
    reader.close()
    return [message for page in reversed(pages) for message in page]


def places_of(kept):
    """Where each message is in the history, which has no id twice."""
    assert len({id_ for id_, _ in kept}) == len(kept)
    places = {message: place for place, message in enumerate(kept)}
    assert len(places) == len(kept)
    return places


def in_order(heard, places):
    """What somebody heard is in the history, once and in the same order."""
    order = [places[message] for message in heard]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def size(path):
    return os.path.getsize(path)


async def load_on_a_full_disk(server, port, database):
    """Speaks while there is no room in the files, and on when there is again; then stops the server."""
    import resource

    voices = [await Voice.enter(port, f"v{index}") for index in range(SPEAKERS)]
    listener = await Voice.enter(port, "listener")
    grown = size(f"{database}-wal") + 50_000
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (grown, resource.RLIM_INFINITY))

    def failing():
        return any("The history can't be written" in line for line in server.stderr)

    async def mend():
        assert await asyncio.to_thread(failing)
        heard = len(listener.heard)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return heard

    async def listen():
        mending = asyncio.create_task(mend())
        while await listener.line() is not None:
            if mending.done() and len(listener.heard) == mending.result() + 300:
                server.terminate()
        await mending

    talking = (voice.speak(f"v{index}") for index, voice in enumerate(voices))
    listened, *_ = await asyncio.gather(listen(), *talking, return_exceptions=True)
    assert listened is None, listened
    for voice in (*voices, listener):
        voice.close()
    return [voice.heard for voice in (*voices, listener)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_every_message_that_anyone_saw_outlives_a_full_disk(tmp_path):
    server, port = start(tmp_path / "chat.db", subprocess.PIPE)
    with server:
        seen = asyncio.run(load_on_a_full_disk(server, port, tmp_path / "chat.db"))
        assert server.wait() == 0
    server, port = start(tmp_path / "chat.db")
    with server:
        kept = asyncio.run(history(port))
        server.terminate()
        assert server.wait() == 0
    places = places_of(kept)
    assert all(seen)
    for heard in seen:
        in_order(heard, places)


@pytest.mark.parametrize("round_", range(KILLS))
def test_a_torn_log_loses_its_end_only_and_the_start_says_so(tmp_path, round_):
    database = tmp_path / "chat.db"
    server, port = start(database)
    with server:
        seen = asyncio.run(load_until_killed(server, port, round_, 150 + 211 * (round_ % 7)))
        server.wait()
    whole = size(f"{database}-wal")
    torn = Random(round_).randrange(1, whole // 2)  # noqa: S311  # where it is torn
    os.truncate(f"{database}-wal", whole - torn)
    with (tmp_path / "errors").open("w") as errors:
        server, port = start(database, errors)
        with server:
            kept = asyncio.run(history(port))
            server.terminate()
            assert server.wait() == 0
    places = places_of(kept)
    lost = 0
    for heard in seen:
        there = [message in places for message in heard]
        assert there == sorted(there, reverse=True), "a message is missing before one that is there"
        lost = max(lost, there.count(False))
        in_order(heard[: there.count(True)], places)
    told = re.search(r"lacks what was written to it last: (\d+) records", (tmp_path / "errors").read_text())
    # None where the file was used anew and what was cut off was of before.
    assert lost <= (int(told[1]) if told is not None else 0)


def test_every_message_that_anyone_saw_outlives_kills(tmp_path):
    seen: list[list[tuple[str, str]]] = []
    for round_ in range(KILLS):
        server, port = start(tmp_path / "chat.db")
        with server:
            # A different moment each time: early in the first batches, late in a busy phase.
            seen += asyncio.run(load_until_killed(server, port, round_, 40 + 237 * (round_ % 7)))
            assert server.wait() == -signal.SIGKILL
    server, port = start(tmp_path / "chat.db")
    with server:
        kept = asyncio.run(history(port))
        server.terminate()
        assert server.wait() == 0
    places = places_of(kept)
    assert all(seen)
    for heard in seen:
        in_order(heard, places)
