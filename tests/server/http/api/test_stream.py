"""The stream: each message once and in order, resumed by its ids, ended with its token."""

import json
import socket

import pytest

from asyncchat.core.features.bots import TokenRevoked
from asyncchat.core.features.room_modes import FlagChanged
from asyncchat.core.features.room_registration import RoomRegistered
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.server_bans import ServerBanChanged
from asyncchat.core.people import NOBODY, Person
from asyncchat.server import limits
from asyncchat.server.http.api import stream
from tests.server.harness import PATIENCE, serving
from tests.server.http.api.client import ask, give_login, give_token


@pytest.fixture
def server():
    with serving(limits=False) as running:
        give_token(running, "bot", "post", "read")
        yield running


class Stream:
    """A program that follows a room; it reads the chunks as HTTP has them."""

    def __init__(self, server, path, *headers, bearer="bot"):
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        server.clients.append(self)
        lines = (f"GET /api/v1{path} HTTP/1.1", "Host: localhost", *headers)
        if bearer:
            lines += (f"Authorization: Bearer {bearer}",)
        self.socket.sendall("\r\n".join((*lines, "", "")).encode())
        self.file = self.socket.makefile("rb")
        self.head = []
        while line := self.file.readline().strip():
            self.head.append(line.decode())
        self.text = ""
        if self.head[0].startswith("HTTP/1.1 200 "):
            self._read()  # when to come back: from then on it is told what is said

    def _read(self):
        """Reads one more chunk; False: it was the last one."""
        size = int(self.file.readline(), 16)
        self.text += self.file.read(size + 2)[:-2].decode()
        return size > 0

    def event(self):
        """The next event: its id, name and data; None at the end."""
        while True:
            block, end, self.text = self.text.partition("\n\n")
            if end:
                fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
                if "data" in fields:
                    return fields.get("id", ""), fields["event"], json.loads(fields["data"])
                continue
            self.text = block
            if not self._read():
                return None

    def close(self):
        self.file.close()
        self.socket.close()


def post(server, text):
    return ask(server, "POST", "/rooms/ci/messages", text, "bot").json["id"]


def test_what_is_said_comes_as_it_is_said(server):
    follower = Stream(server, "/rooms/ci/stream")
    assert follower.head[0] == "HTTP/1.1 200 OK"
    assert "Content-Type: text/event-stream" in follower.head
    first = post(server, "one")
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPRIVMSG #ci :two\r\nTOPIC #ci :news\r\nPRIVMSG #other :no\r\n")
    assert follower.event() == (
        first,
        "message",
        {**follower_message(server, first), "text": "one"},
    )
    assert follower.event()[2]["text"] == "two"
    assert follower.event() == ("", "topic", {"topic": "news", "name": "alice"})
    alice.send("PART #ci\r\n")
    alice.until("PART")
    last = post(server, "after the room was closed")
    assert follower.event()[0] == last


def follower_message(server, id):
    found = ask(server, "GET", "/rooms/ci/messages", bearer="bot").json["messages"]
    return next(message for message in found if message["id"] == id)


def test_a_stream_goes_on_where_it_was(server, monkeypatch):
    monkeypatch.setattr(stream, "PAGE", 3)
    ids = [post(server, f"{number}") for number in range(10)]
    for path, *headers in (
        (f"/rooms/ci/stream?after={ids[1]}",),
        ("/rooms/ci/stream", f"Last-Event-ID: {ids[1]}"),
    ):
        follower = Stream(server, path, *headers)
        assert [follower.event()[0] for _ in range(8)] == ids[2:]
    late = post(server, "late")
    assert follower.event()[0] == late
    never = f"{late.partition('-')[0]}-{10**9}"
    assert ask(server, "GET", f"/rooms/ci/stream?after={never}", bearer="bot").status == 404


def test_each_message_comes_once_while_many_are_said(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\n")
    alice.until("366")
    begun = post(server, "begin")
    for number in range(300):
        alice.send(f"PRIVMSG #ci :{number}\r\n")
    follower = Stream(server, f"/rooms/ci/stream?after={begun}")
    for number in range(300, 600):
        alice.send(f"PRIVMSG #ci :{number}\r\n")
    assert [follower.event()[2]["text"] for _ in range(600)] == [str(number) for number in range(600)]


def test_what_is_erased_is_told(server):
    alice = server.irc("alice")
    alice.send("OPER owner 7KQ2-M9XD\r\nJOIN #ci\r\n")
    alice.until("366")
    follower = Stream(server, "/rooms/ci/stream")
    said = post(server, "oops")
    assert follower.event()[0] == said
    nc = server.person("olga")
    nc.send("/owner 7KQ2-M9XD\n/join #ci\n/clear bot\n")
    while (event := follower.event())[1] != "erased":
        pass
    assert event[2] == {"ids": [said]}


def test_reactions_and_another_name_are_told(server):
    alice = server.irc("alice")
    alice.send("CAP REQ :message-tags draft/channel-rename\r\nJOIN #ci\r\n")
    alice.until("366")
    follower = Stream(server, "/rooms/ci/stream")
    said = post(server, "done")
    assert follower.event()[0] == said
    alice.send(f"@+draft/react=👍;+draft/reply={said} TAGMSG #ci\r\nRENAME #ci #builds\r\n")
    assert follower.event() == (
        "", "reaction", {"id": said, "name": "alice", "reaction": "👍", "on": True},
    )  # fmt: skip
    assert follower.event() == ("", "renamed", {"room": "#builds"})


def test_a_stream_ends_with_its_token(server, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 2 * PATIENCE)
    follower = Stream(server, "/rooms/ci/stream")
    server.call(server.server.hub.declare, [TokenRevoked("bot", 0)])
    assert follower.event() is None
    assert server.call(lambda: server.server.delivery.subscribers_in("#ci")) is None


@pytest.mark.parametrize("to", ["#secret", "#CI", "#builds"])
def test_a_stream_ends_when_its_room_is_renamed_out_of_its_rights(server, monkeypatch, to):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 2 * PATIENCE)
    server.call(server.server.hub.declare, [TokenRevoked("bot", 0)])
    # A name that a token states is not free.
    give_token(server, "bot", "post", "read", rooms=("*",) if to == "#builds" else ("#ci",))
    alice = server.irc("alice")
    alice.send("CAP REQ draft/channel-rename\r\nJOIN #ci\r\n")
    alice.until("366")
    follower = Stream(server, "/rooms/ci/stream")
    assert follower.head
    post(server, "before")
    assert follower.event()[2]["text"] == "before"
    alice.send(f"RENAME #ci {to}\r\nPRIVMSG {to} :after\r\n")
    if to == "#secret":
        assert follower.event() is None
    else:
        assert follower.event() == ("", "renamed", {"room": to})
        assert follower.event()[2]["text"] == "after"


def test_a_stream_ends_when_its_address_is_banned_from_the_server(server, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 2 * PATIENCE)
    follower = Stream(server, "/rooms/ci/stream")
    assert follower.head
    root = Person(0, "root", "u", "h")
    server.call(server.server.hub.declare, [ServerBanChanged(root, "*!*@127.0.0.0/8", True, 0)])
    assert follower.file.readline() == b""
    assert ask(server, "GET", "/rooms/ci/messages", bearer="bot").status == 403


def test_who_goes_is_no_member_any_more(server):
    follower = Stream(server, "/rooms/ci/stream")
    said = post(server, "x")
    assert follower.event()[0] == said
    follower.close()
    server.left()
    assert server.call(lambda: server.server.delivery._subscribers_of("#ci").members) == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rooms/ci/stream?after=never-1", 404),
        ("/rooms/ci/stream?after=" + "x" * 65, 400),
    ],
)
def test_no_stream(server, path, status):
    assert ask(server, "GET", path, bearer="bot").status == status


def test_a_stream_needs_the_right_protocol(server):
    client = server.connect()
    client.send("GET /api/v1/rooms/ci/stream HTTP/1.0\r\nAuthorization: Bearer bot\r\n\r\n")
    assert client.rest().startswith(b"HTTP/1.1 505 ")


def test_a_network_has_so_many_streams(monkeypatch):
    monkeypatch.setattr(limits, "is_local", lambda _address: False)
    with serving(per_address=4, network_burst=1000) as server:
        give_token(server, "bot", "read")
        first, _second = Stream(server, "/rooms/ci/stream"), Stream(server, "/rooms/ci/stream")
        late = Stream(server, "/rooms/ci/stream")
        assert late.head[0] == "HTTP/1.1 429 Too Many Requests"
        late.close()
        first.close()
        server.left(1)
        assert Stream(server, "/rooms/ci/stream").head[0] == "HTTP/1.1 200 OK"


def test_what_a_stream_missed_is_charged_as_pages(monkeypatch):
    monkeypatch.setattr(stream, "PAGE", 3)
    monkeypatch.setattr(stream, "ANSWER_BYTES", 100)
    with serving(burst=1000, network_rate=0.001, rate=0.001) as server:
        give_token(server, "bot", "post", "read")
        ids = [post(server, "x" * 500) for _ in range(10)]

        def level():
            return server.call(lambda: network_budget(server).lines(server.server.context.now()))

        before = level()
        follower = Stream(server, f"/rooms/ci/stream?after={ids[0]}")
        assert [follower.event()[0] for _ in range(9)] == ids[1:]
        assert before - level() > 9 * 5 + 2


def network_budget(server):
    """The budget of this machine's clients."""
    return server.server.context.budgets._network("127.0.0.1")


def test_the_server_s_stop_ends_it():
    with serving() as server:
        give_token(server, "bot", "read")
        follower = Stream(server, "/rooms/ci/stream")
        assert follower.text == "retry: 3000\n\n"
        server.stop()
        assert follower.file.read() == b""


def visit(server, path="/rooms/ci/stream", *headers):
    """The stream of somebody who has no token."""
    return Stream(server, path, *headers, bearer="")


def test_a_visitor_follows_a_public_room(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPRIVMSG #ci :before\r\nPING done\r\n")
    alice.until("done")
    visitor = visit(server)
    assert visitor.head[0] == "HTTP/1.1 200 OK"
    alice.send("PRIVMSG #ci :live\r\n")
    assert visitor.event()[2]["text"] == "live"


def test_a_visitor_who_reconnects_reads_what_it_missed(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPING done\r\n")
    alice.until("done")
    first = post(server, "0")
    alice.send("".join(f"PRIVMSG #ci :{number}\r\n" for number in range(1, 61)) + "PING end\r\n")
    alice.until("end")
    visitor = visit(server, "/rooms/ci/stream", f"Last-Event-ID: {first}")
    assert [visitor.event()[2]["text"] for _ in range(60)] == [str(number) for number in range(1, 61)]


@pytest.mark.parametrize("mode", ["+i", "+s", "+k tea"])
def test_a_visitor_s_stream_ends_with_the_public_room(server, mode):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPING done\r\n")
    alice.until("done")
    visitor, bot = visit(server), Stream(server, "/rooms/ci/stream")
    alice.send(f"MODE #ci +t-n\r\nMODE #ci {mode}\r\nPRIVMSG #ci :among us\r\n")
    assert visitor.event() is None
    assert bot.event()[2]["text"] == "among us"
    assert visit(server).head[0].startswith("HTTP/1.1 404 ")


def test_a_visitor_s_stream_ends_with_its_name_and_with_the_room(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nJOIN #tea\r\nPING done\r\n")
    alice.until("done")
    renamed, closed = visit(server), visit(server, "/rooms/tea/stream")
    alice.send("RENAME #ci #builds\r\nPART #tea\r\n")
    assert renamed.event() is None
    assert closed.event() is None


def test_a_visitor_follows_no_other_room(server):
    for room in ("nowhere", "%23x%20y"):
        assert visit(server, f"/rooms/{room}/stream").head[0].startswith("HTTP/1.1 404 ")
    assert visit(server, "/rooms/lobby/stream").head[0] == "HTTP/1.1 200 OK"


def test_where_the_server_has_a_password_a_token_is_needed():
    with serving(limits=False, password="plum-otter-41") as server:  # noqa: S106  # a test's
        assert visit(server, "/rooms/lobby/stream").head[0].startswith("HTTP/1.1 401 ")


def test_a_visitor_s_stream_ends_when_it_is_banned(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPING done\r\n")
    alice.until("done")
    visitor, bot = visit(server), Stream(server, "/rooms/ci/stream")
    alice.send("MODE #ci +b gus!*@*\r\nPRIVMSG #ci :one\r\n")
    assert visitor.event()[2]["text"] == "one"
    alice.send("MODE #ci +b *!guest@*\r\nPRIVMSG #ci :two\r\n")
    assert visitor.event() is None
    assert [bot.event()[2]["text"] for _ in range(2)] == ["one", "two"]


def test_an_account_s_stream_tells_nothing_once_it_may_not_read(server):
    token = give_login(server, "ella")
    server.call(server.server.hub.declare, [RoomOpened("#ci", 0), RoomRegistered("#ci", "ella")])
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nPRIVMSG #ci :zero\r\nPING done\r\n")
    alice.until("done")
    server.call(server.server.hub.declare, [FlagChanged("#ci", NOBODY, "invite-only", True)])
    mine, bot = Stream(server, "/rooms/ci/stream", bearer=token), Stream(server, "/rooms/ci/stream")
    alice.send("PRIVMSG #ci :one\r\nPING done\r\n")
    alice.until("done")
    server.call(server.server.hub.declare, [RoomRegistered("#ci", "")])
    alice.send("PRIVMSG #ci :two\r\nPING done\r\n")
    alice.until("done")
    server.call(server.server.hub.declare, [RoomRegistered("#ci", "ella")])
    alice.send("PRIVMSG #ci :three\r\n")
    assert [mine.event()[2]["text"] for _ in range(2)] == ["one", "three"]
    assert [bot.event()[2]["text"] for _ in range(3)] == ["one", "two", "three"]


def test_a_visitor_follows_a_room_that_is_not_open(server):
    first = post(server, "before")
    visitor = visit(server, "/rooms/ci/stream", f"Last-Event-ID: {first}")
    post(server, "live")
    assert visitor.event()[2]["text"] == "live"
