"""Searches over sockets: who may read what; and how many there are at once."""

import asyncio

import pytest

from asyncchat.log.base import LogError, SearchQuery, SearchResult
from asyncchat.log.memory import MemoryLog
from asyncchat.server import search
from asyncchat.server.search import AT_ONCE, MOST_WAITING, NETWORK_SHARE, Searcher
from tests.log.records import asynchronous
from tests.server.harness import CODE, serving
from tests.server.test_history import account, irc, opened, pong

QUERY = SearchQuery(("#lobby",), 1)


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
async def test_so_many_at_once_and_so_many_of_a_network_wait():
    log = SlowLog()
    searches = Searcher(log)
    crowd = [
        asyncio.create_task(searches.find(QUERY, person_id=n, network="192.0.2.1"))
        for n in range(NETWORK_SHARE + MOST_WAITING)
    ]
    await settle()
    assert log.now == NETWORK_SHARE
    assert await searches.find(QUERY, person_id=1000, network="192.0.2.1") is None
    others = [
        asyncio.create_task(searches.find(QUERY, person_id=2000 + n, network=f"10.0.0.{n}"))
        for n in range(2 * AT_ONCE)
    ]
    await settle()
    assert log.now == AT_ONCE  # of which the crowd has its share
    log.go.set()
    assert await asyncio.gather(*others, *crowd) == [SearchResult((), None)] * len(others + crowd)
    assert log.most == AT_ONCE
    assert await searches.find(QUERY, person_id=1000, network="192.0.2.1") == SearchResult((), None)


@asynchronous
async def test_the_others_do_not_wait_behind_a_crowd():
    log = SlowLog()
    searches = Searcher(log)
    ended: list[str] = []

    async def find(person_id, network):
        await searches.find(QUERY, person_id=person_id, network=network)
        ended.append(network)

    crowd = [asyncio.create_task(find(n, "crowd")) for n in range(30)]
    await settle()
    other = asyncio.create_task(find(1000, "other"))
    await settle()
    log.go.set()
    await asyncio.gather(other, *crowd)
    assert ended.index("other") <= NETWORK_SHARE


@asynchronous
async def test_a_person_searches_once_at_a_time_with_all_its_devices():
    log = SlowLog()
    searches = Searcher(log)
    tasks = [asyncio.create_task(searches.find(QUERY, person_id=1, network=f"10.0.0.{n}")) for n in range(5)]
    await settle()
    assert log.now == 1
    log.go.set()
    await asyncio.gather(*tasks)
    assert log.most == 1


async def settle():
    """Lets all tasks come as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynchronous
async def test_a_log_that_can_not_be_read():
    assert await Searcher(DeafLog()).find(QUERY, person_id=1, network="") is None


class SlowLog(MemoryLog):
    """Searches when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.now = self.most = 0

    async def search(self, query: SearchQuery) -> SearchResult:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.go.wait()
        self.now -= 1
        return await super().search(query)


class DeafLog(MemoryLog):
    """Can't be read."""

    async def search(self, query: SearchQuery) -> SearchResult:
        raise LogError("the disk is gone")


SEARCHING = "message-tags server-time batch echo-message soju.im/search"


@pytest.fixture(params=["memory", "sqlite"])
def kept(request, tmp_path):
    """A server with either log."""
    log = MemoryLog() if request.param == "memory" else asyncio.run(opened(tmp_path / "chat.db"))
    with serving(log) as running:
        yield running
        running.stop()


def found(client, attributes):
    """The texts that a search finds, or its FAIL."""
    client.send(f"SEARCH {attributes}\r\n")
    told = pong(client).splitlines()
    return [line.rpartition(" :")[2] for line in told if line.startswith("@batch=")] or [
        line.partition("FAIL ")[2] for line in told if "FAIL " in line
    ]


class TestPrivate:
    def test_both_find_what_they_wrote_to_each_other_and_nobody_else_does(self, kept):
        anna, bob, eve = (irc(kept, name, SEARCHING) for name in ("anna", "bob", "eve"))
        for client, name in ((anna, "anna"), (bob, "bob"), (eve, "eve")):
            account(kept, client, name)
        anna.send("PRIVMSG bob :the needle is here\r\nPRIVMSG eve :no thing\r\n")
        pong(anna)
        bob.send("PRIVMSG anna :which needle?\r\nPRIVMSG #lobby :a needle for all\r\n")
        pong(bob)
        both = ["the needle is here", "which needle?"]
        assert found(anna, "in=bob;text=needle") == both
        assert found(bob, "in=ANNA;text=needle") == both
        assert found(bob, "in=anna;text=needle;from=bob") == both[1:]
        assert found(bob, "in=anna;text=needle;limit=1") == both[1:]
        assert found(anna, "in=bob;text=nowhere") == []
        assert found(anna, "text=needle") == ["a needle for all"]
        for name in ("anna", "bob", "eve"):
            assert found(eve, f"in={name};text=needle") == []
        assert found(eve, "in=anna;text=thing") == ["no thing"]
        eve.send(f"OPER owner {CODE}\r\n")
        eve.until(" 381 ")
        assert found(eve, "in=bob;text=needle") == []
        assert found(eve, "in=anna;text=needle") == []

    def test_by_account_whatever_the_name_and_not_by_the_name(self, kept):
        anna, bob = irc(kept, "anna", SEARCHING), irc(kept, "bob", SEARCHING)
        account(kept, anna, "anna")
        account(kept, bob, "bob")
        anna.send("PRIVMSG bob :the needle\r\n")
        bob.until("the needle\r\n")
        bob.send("NICK robert\r\n")
        bob.until("NICK robert\r\n")
        assert found(bob, "in=anna;text=needle") == ["the needle"]
        assert found(anna, "in=robert;text=needle") == ["the needle"]
        anna.send("QUIT\r\n")
        anna.rest()
        assert found(bob, "in=anna;text=needle") == ["the needle"]

    def test_who_takes_a_name_later_finds_nothing(self, kept):
        anna, bob = irc(kept, "anna", SEARCHING), irc(kept, "bob", SEARCHING)
        anna.send("PRIVMSG bob :the needle\r\n")
        bob.until("the needle\r\n")
        assert found(bob, "in=anna;text=needle") == ["the needle"]
        bob.send("QUIT\r\n")
        bob.rest()
        again = irc(kept, "bob", SEARCHING)
        assert found(again, "in=anna;text=needle") == []

    def test_what_is_taken_back_is_not_found(self, kept):
        anna, bob = (irc(kept, name, f"{SEARCHING} draft/message-redaction") for name in ("anna", "bob"))
        anna.send("PRIVMSG bob :the needle\r\n")
        id = bob.until("the needle\r\n").rpartition("msgid=")[2].split(" ")[0]
        anna.send(f"REDACT bob {id}\r\n")
        bob.until("REDACT")
        assert found(bob, "in=anna;text=needle") == []

    def test_a_long_conversation_in_both_directions(self, kept, monkeypatch):
        monkeypatch.setattr(search, "PRIVATE_PAGE", 4)
        anna, bob = irc(kept, "anna", SEARCHING), irc(kept, "bob", SEARCHING)
        anna.send("".join(f"PRIVMSG bob :{'needle' if n % 5 == 0 else 'hay'} {n}\r\n" for n in range(20)))
        bob.until("hay 19\r\n")
        all = [f"needle {n}" for n in (0, 5, 10, 15)]
        assert found(bob, "in=anna;text=needle") == all
        assert found(bob, "in=anna;text=needle;after=2020-01-01T00:00:00.000Z;limit=2") == all[:2]
        assert found(bob, "in=anna;text=needle;before=2020-01-01T00:00:00.000Z") == []
        monkeypatch.setattr(search, "PRIVATE_SECONDS", 0.0)
        bob.send("SEARCH in=anna;text=needle\r\n")
        assert "NOTE SEARCH INCOMPLETE" in pong(bob)

    def test_a_page_that_is_full_says_how_far_it_came(self, kept, monkeypatch):
        monkeypatch.setattr(search, "PAGE_BYTES", 10)
        anna = irc(kept, "anna", SEARCHING)
        anna.send("PRIVMSG #lobby :the first needle\r\nPRIVMSG #lobby :the second needle\r\n")
        anna.until("second needle\r\n")
        anna.send("SEARCH text=needle\r\n")
        answer = pong(anna)
        assert "the second needle" in answer
        assert "the first needle" not in answer
        assert " full :The page is full" in answer

    def test_a_terminal(self, kept):
        anna, bob = kept.person("anna"), kept.person("bob")
        anna.send("/msg bob the needle\n")
        bob.until("the needle\n")
        bob.send("/search needle with:anna\n")
        assert "[private] anna: the needle" in bob.until("the needle\n")
        bob.send("/search needle with:a,b\n")
        bob.until("Nobody has the name a,b.")
