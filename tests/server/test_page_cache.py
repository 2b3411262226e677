"""The last lines of a room, read once for many newcomers, and never out of date."""

import asyncio
import re

import pytest

from asyncchat.core.features.history import MORE_COUNTED, Window
from asyncchat.log.base import PageQuery
from asyncchat.log.memory import MemoryLog
from asyncchat.server.page_cache import FRESH, PageCache
from asyncchat.server.recipients import Subscribers
from tests.server.harness import CODE, serving


class CountingLog(MemoryLog):
    """A log that counts how often it is read."""

    def __init__(self):
        super().__init__()
        self.reads = 0
        self.counted_to = 0

    async def read(self, wanted, count_to=0):
        self.reads += 1
        self.counted_to = count_to
        return await super().read(wanted, count_to)


@pytest.fixture
def log():
    return CountingLog()


@pytest.fixture
def server(log):
    with serving(log, limits=False) as running:
        yield running


def comer(server, name, room="#tea"):
    """What a newcomer is told of a room."""
    client = server.connect()
    client.send(f"NICK {name}\r\nUSER u 0 * :x\r\nJOIN {room}\r\nPING done\r\n")
    return client.until("PONG")


def test_many_newcomers_cost_one_read(server, log):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nPRIVMSG #tea :it is ready\r\nPING x\r\n")
    iris.until("PONG")
    before = log.reads
    assert all("it is ready" in comer(server, f"n{number}") for number in range(20))
    assert log.reads == before + 1


def test_pages_of_an_earlier_run_are_not_taken_for_each_other(log):
    with serving(log, limits=False) as server:
        iris = server.irc("iris")
        for number in range(30):
            iris.send(f"PRIVMSG #lobby :cup {number}\r\n")
        iris.send("PING x\r\n")
        iris.until("PONG")
    with serving(log, limits=False) as server:
        iris = server.connect()
        iris.send("CAP REQ :batch draft/chathistory message-tags server-time\r\n")
        iris.send("NICK iris\r\nUSER u 0 * :x\r\nCAP END\r\nJOIN #lobby\r\n")
        iris.until(" 366 ")
        before = "*"
        read: list[str] = []
        while before:
            iris.send(f"CHATHISTORY {'LATEST' if before == '*' else 'BEFORE'} #lobby {before} 10\r\n")
            page = iris.until("BATCH -")
            iris.until("\n")
            read = re.findall(r"cup (\d+)", page) + read
            first = re.search(r"msgid=(\S+?)[; ]", page)
            before = f"msgid={first[1]}" if first else ""
        assert read == [str(number) for number in range(30)]


def test_each_reads_what_was_said_before_it_came(server):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\n")
    for number in range(5):
        iris.send(f"PRIVMSG #tea :cup {number}\r\nPING x{number}\r\n")
        iris.until(f"x{number}\r\n")
        told = comer(server, f"n{number}")
        assert [cup for cup in range(9) if f"cup {cup}" in told] == list(range(number + 1))


def test_what_was_erased_is_not_remembered(server):
    iris = server.irc("iris")
    iris.send(f"OPER owner {CODE}\r\nJOIN #tea\r\nPRIVMSG #tea :secret\r\nPING x\r\n")
    iris.until("PONG")
    assert "secret" in comer(server, "anna")
    olga = server.person("olga")
    olga.send(f"/owner {CODE}\n/join #tea\n/clear iris\n/me\n")
    olga.until("erased 1 message")
    assert "secret" not in comer(server, "bob")


def test_a_page_that_names_a_number_to_come_is_not_remembered_beyond_now(server):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nPRIVMSG #tea :first\r\n")
    iris.send("CAP REQ :batch draft/chathistory message-tags server-time\r\n")
    iris.until("ACK")
    epoch = server.call(lambda: server.server.log.ids.id_of(1)).rpartition("-")[0]
    iris.send(f"CHATHISTORY BEFORE #tea msgid={epoch}-999999999999 20\r\n")
    iris.until("BATCH -")
    iris.send("PRIVMSG #tea :second\r\nPING x\r\n")
    iris.until("PONG")
    assert "second" in comer(server, "anna")


def test_what_is_read_while_a_room_moves_is_not_remembered():
    class Rooms:
        def subscribers_in(self, _key):
            return Subscribers()  # another room's each time

    cache = PageCache(MemoryLog(), Rooms())
    asyncio.run(cache.read(PageQuery("#tea", 9, Window(before=9, limit=20))))
    assert not cache._pages


def test_pages_that_nobody_asks_for_again_are_forgotten():
    rooms = {f"#r{number}": Subscribers() for number in range(50)}

    class Rooms:
        def subscribers_in(self, key):
            return rooms[key]

    now = [0.0]
    cache = PageCache(MemoryLog(), Rooms(), lambda: now[0])
    for room in rooms:
        asyncio.run(cache.read(PageQuery(room, 9, Window(before=9, limit=20))))
        now[0] += FRESH / 4
    assert len(cache._pages) == 4


def test_a_form_of_a_page_is_made_once_until_something_is_said(server, log):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nPRIVMSG #tea :it is ready\r\nPING x\r\n")
    iris.until("PONG")
    made: list[int] = []

    def form(page):
        made.append(len(page.records))
        return f"{len(page.records)} messages"

    async def read(limit=20):
        upto = log.last
        wanted = PageQuery("#tea", upto, Window(before=upto + 1, limit=limit))
        cache = server.server.app._api._context.pages
        return [await cache.read_as(wanted, "count", form) for _ in range(3)]

    assert server.wait(read()) == ["1 messages"] * 3
    assert made == [1]
    assert server.wait(read(limit=1)) == ["1 messages"] * 3
    assert made == [1, 1]
    iris.send("PRIVMSG #tea :drink it\r\nPING y\r\n")
    iris.until("PONG")
    assert server.wait(read()) == ["2 messages"] * 3
    assert made == [1, 1, 2]


def test_of_an_older_page_in_another_form_only_one_message_before_it_is_counted(server, log):
    """To count a thousand takes as long as to read the page."""
    iris = server.irc("iris")
    iris.send("".join(f"PRIVMSG #lobby :cup {number}\r\n" for number in range(9)) + "PING x\r\n")
    iris.until("PONG")
    pages, last = server.server.app._api._context.pages, server.call(lambda: log.last)
    for before, limit, counted_to in ((last + 1, 5, MORE_COUNTED), (last, 5, 1), (last + 1, 200, 1)):
        wanted = PageQuery("#lobby", last, Window(before=before, limit=limit))
        assert server.wait(pages.read_as(wanted, "more", lambda page: page.more > 0)) == (limit < 9)
        assert log.counted_to == counted_to


def test_older_messages_are_counted_for_whoever_is_told_how_many_there_are(server, log):
    iris = server.irc("iris")
    iris.send("".join(f"PRIVMSG #lobby :cup {number}\r\n" for number in range(9)))
    iris.send("CAP REQ :batch draft/chathistory\r\nPING said\r\n")
    iris.until("said\r\n")
    last = log.ids.id_of(server.call(lambda: log.last))
    iris.send(f"CHATHISTORY BEFORE #lobby msgid={last} 5\r\nPING read\r\n")
    iris.until("read\r\n")
    assert log.counted_to == 1
    iris.send("PRIVMSG HistServ :HISTORY #lobby 5\r\nPING read\r\n")
    assert "cup 8" in iris.until("read\r\n")
    assert log.counted_to == MORE_COUNTED


def test_a_renamed_room_has_its_lines_under_both_names(server):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nPRIVMSG #tea :about tea\r\nPING x\r\n")
    iris.until("PONG")
    assert "about tea" in comer(server, "anna")
    iris.send("CAP REQ draft/channel-rename\r\nRENAME #tea #coffee\r\nPING y\r\n")
    iris.until("PONG")
    assert "about tea" in comer(server, "bob", "#coffee")
    iris.send("JOIN #tea\r\n")
    iris.until("CHANNEL_RENAMED")  # no other room opens under the former name
    assert "about tea" in comer(server, "carol", "#tea")
