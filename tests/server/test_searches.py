"""Searches over sockets: who may read what; and how many there are at once."""

import asyncio

import pytest

from asyncchat.log.base import Found, LogError, Query
from asyncchat.log.memory import MemoryLog
from asyncchat.server.searches import AT_ONCE, MOST_WAITING, Searches
from tests.log.chatter import asynchronous
from tests.server.harness import CODE, serving

QUERY = Query(("#lobby",), 1)


@pytest.fixture
def server():
    with serving() as server:
        yield server


def test_only_rooms_one_is_in_now_but_the_owner_may_name_any(server):
    anna, bob = server.person("anna"), server.person("bob")
    anna.send("needle in the lobby\n/join #tea\n")
    anna.until("goes to #tea now")
    anna.send("needle in tea\n/search needle\n")
    found = anna.until("[#tea] anna: needle in tea")
    assert "anna: needle in the lobby" in found
    bob.until("needle in the lobby")
    bob.send("/search needle\n/search needle in:#tea\n")
    found = bob.until("only rooms that you are in can be searched.")
    assert "anna: needle in the lobby" in found
    assert "in tea" not in found
    bob.send(f"/owner {CODE}\n/search needle in:#tea\n")
    assert "[#tea] anna: needle in tea" in bob.until("needle in tea")
    anna.send("/part\n/search needle in:#tea\n")
    anna.until("You are not in #tea: only rooms that you are in can be searched.")


def test_what_is_said_meanwhile_comes_after_the_answer_and_is_not_in_it(server):
    anna = server.irc("anna")
    anna.send("CAP REQ :batch\r\n")
    anna.until("ACK :batch")
    lines = "".join(f"PRIVMSG #lobby :needle {n}\r\nSEARCH text=needle\\s{n}\r\n" for n in range(5))
    anna.send(f"{lines}PING end\r\n")
    told = anna.until(":end\r\n")
    assert [line.rpartition(":")[2] for line in told.splitlines() if "PRIVMSG" in line] == [
        f"needle {n}" for n in range(5)
    ]


def test_times_counted_from_now(server):
    anna = server.person("anna")
    anna.send("needle\n/search needle after:1h\n")
    anna.until("anna: needle")
    anna.send("/search needle before:1h\n")
    anna.until("-- nothing found --")


@pytest.mark.parametrize(
    "line",
    [
        '/search "',
        "/search *",
        "/search " + '"' * 500,
        "/search " + "x" * 7000,
        "/search NEAR(a b) from:* in:*",
        "/search in:# x",
        "/search \U0010ffff",
    ],
)
def test_nothing_that_is_typed_breaks_it(server, line):
    anna = server.person("anna")
    anna.send(f"{line}\n/search after:0m before:0m\n")
    anna.until("-- nothing found --")


@asynchronous
async def test_so_many_at_once_and_so_many_wait():
    log = SlowLog()
    searches = Searches(log)
    tasks = [asyncio.create_task(searches.find(QUERY)) for _ in range(AT_ONCE + MOST_WAITING)]
    await log.busy.wait()
    await asyncio.sleep(0)
    assert log.now == AT_ONCE
    assert await searches.find(QUERY) is None
    log.go.set()
    assert await asyncio.gather(*tasks) == [Found((), None)] * len(tasks)
    assert log.most == AT_ONCE
    assert await searches.find(QUERY) == Found((), None)


@asynchronous
async def test_a_log_that_can_not_be_read():
    assert await Searches(DeafLog()).find(QUERY) is None


class SlowLog(MemoryLog):
    """Searches when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.busy = asyncio.Event()
        self.now = self.most = 0

    async def search(self, query: Query) -> Found:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == AT_ONCE:
            self.busy.set()
        await self.go.wait()
        self.now -= 1
        return await super().search(query)


class DeafLog(MemoryLog):
    """Can't be read."""

    async def search(self, query: Query) -> Found:
        raise LogError("the disk is gone")
