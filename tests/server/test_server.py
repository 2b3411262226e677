"""The server over real sockets: what each kind of client meets, and what the others notice of it."""

import asyncio
import socket
import struct
import threading
import time
from contextlib import suppress

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import IoCommand
from asyncchat.core.features.preferences import IGNORED_EACH
from asyncchat.log.memory import MemoryLog
from asyncchat.server import auth, keepalive, limits, protocol_detection
from asyncchat.server import server as server_module
from asyncchat.server.clock import wall_clock
from asyncchat.server.protocol_detection import NO_PROXY
from asyncchat.server.proxy_protocol import BINARY
from tests.core.test_chat import leaves
from tests.server.harness import PATIENCE, serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


def test_every_io_command_has_a_handler(server):
    assert set(server.server.context.io_handlers) == leaves(IoCommand)


def test_who_goes_before_saying_anything_harms_nobody(server):
    alice = server.person("alice")
    for _ in range(3):
        stranger = server.connect()
        stranger.end_input()
        assert stranger.rest() == b""
    bob = server.person("bob")
    assert alice.line() == "bob is online"
    bob.send("still here\n")
    assert alice.line() == "bob: still here"


def test_the_end_of_input_posts_and_is_answered(server):
    alice = server.person("alice")
    job = server.connect()
    job.send("ci\nbuild 42 failed\n/who")
    job.end_input()
    told = job.rest().decode()
    assert "Hello, ci! alice, ci are in the chat" in told
    assert "alice, ci" in told.partition("are in the chat")[2]
    assert [alice.line() for _ in range(3)] == ["ci is online", "ci: build 42 failed", "ci left chat"]


def test_a_last_gate_is_answered_before_the_end_of_input_leaves(server):
    alice = server.person("alice")
    alice.send("first\n/who\n")
    alice.until("In the lobby")
    alice.until("\n")
    bob = server.connect()
    bob.send("bob\n/history")
    bob.end_input()
    assert bob.rest().decode().count("alice: first") == 2
    assert [alice.line() for _ in range(2)] == ["bob is online", "bob left chat"]


@pytest.mark.parametrize("way", ["end_input", "close", "abort"])
@pytest.mark.parametrize("half_a_line", [b"", b"PRIVMSG #lobby :ha"])
def test_an_irc_client_whose_connection_ends_leaves(server, way, half_a_line):
    alice = server.person("alice")
    carol = server.irc("carol")
    assert alice.line() == "carol is online"
    carol.send(half_a_line)
    getattr(carol, way)()
    assert alice.line() in ("carol left chat (connection closed)", "carol left chat (connection lost)")
    assert server.people() == ["alice"]


@pytest.mark.usefixtures("prompted")
def test_everyone_is_told_of_the_stop_after_all_that_was_accepted():
    with serving() as server:
        alice, carol = server.person("alice"), server.irc("carol")
        prompted = server.connect()
        prompted.until("nickname: ")
        for number in range(50):
            alice.send(f"{number}\n")
        for number in range(50):
            carol.until(f":{number}\r\n")
        server.stop("the server is stopping")
        assert alice.rest().decode() == "carol is online\nthe server is stopping\n"
        assert carol.rest().decode().startswith("ERROR :Closing link: ")
        assert prompted.rest() == b""


def test_a_name_refused_is_asked_for_again_on_the_same_line(server):
    server.person("alice")
    bob = server.connect()
    bob.send("alice\n")
    assert bob.until("another name: ") == (
        "Welcome! Enter your name or nickname: alice is already in use. Enter another name: "
    )
    bob.send("#bob\n")
    assert bob.until("another name: ") == ("That name is not allowed: it begins with #. Enter another name: ")
    bob.send("b o b\n")
    assert bob.line() == "Hello, b_o_b! alice, b_o_b are in the chat"


@pytest.mark.usefixtures("prompted")
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\0"])
def test_each_line_end_names_and_names_again(server, end):
    server.person("alice")
    bob = server.connect()
    bob.until("nickname: ")
    bob.send(b"alice" + end)
    bob.until("alice is already in use. Enter another name: ")
    bob.send(b"bob" + end)
    assert bob.line() == "Hello, bob! alice, bob are in the chat"
    bob.send(b"/me" + end)
    assert bob.line() == "Usage: /me TEXT"


@pytest.mark.parametrize(
    "first",
    [
        b"bob\n",
        b"\xef\xbb\xbfbob\n",
        b"\xff\xfb\x1f\xff\xfb\x18bob\r\n",
        b"\xff\xfa\x1f\x00\x50\x00\x0a\xff\xf0bob\r\n",
    ],
)
def test_marks_and_negotiation_are_no_part_of_a_name(server, first):
    bob = server.connect()
    bob.send(first)
    bob.until("Hello, bob!")
    whole = server.connect()
    whole.send(first.replace(b"bob", b"byte"))
    whole.until("Hello, byte!")


@pytest.mark.usefixtures("prompted")
def test_silence_and_negotiation_alone_show_the_prompt(server):
    begun = (b"", b"\xff\xfb\x18", b"\xef\xbb\xbf", b"\xff\xfa\x1f")
    clients = [server.connect() for _ in begun]
    for client, first in zip(clients, begun, strict=True):
        client.send(first)
    for client in clients:
        assert client.until("name: ") == "Welcome! Enter your name or nickname: "


def test_a_silent_connection_of_a_browser_that_loads_the_page_gets_no_prompt(server, monkeypatch):
    browser = server.connect()
    browser.send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
    browser.until("</html>")
    monkeypatch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)
    spare = server.connect()
    server.connect(source="127.0.0.2").until("name: ")
    spare.send("GET /js/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert spare.rest().startswith(b"HTTP/1.1 200 OK\r\n")


REQUEST = "GET /js/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def test_a_spare_connection_gets_no_prompt_when_the_page_is_loaded_over_another_one(server, monkeypatch):
    monkeypatch.setattr(protocol_detection, "PROMPT_SECONDS", 2.0)

    def open_together():
        spare, browser = server.connect(), server.connect()
        browser.send(REQUEST)
        return spare, browser

    spare, browser = server.call(open_together)
    assert browser.rest().startswith(b"HTTP/1.1 200 OK\r\n")
    server.connect(source="127.0.0.2").until("name: ")  # the spare one has been silent for longer
    spare.send(REQUEST)
    assert spare.rest().startswith(b"HTTP/1.1 200 OK\r\n")


def test_what_came_while_the_loop_was_held_up_is_no_silence(server, monkeypatch):
    monkeypatch.setattr(protocol_detection, "PROMPT_SECONDS", 1.0)

    def hold_up(client):
        client.send(REQUEST)
        time.sleep(2 * protocol_detection.PROMPT_SECONDS)

    async def be_held_up():
        client = server.connect()
        for _ in range(100):  # passes of the loop, until the server waits for input
            await asyncio.sleep(0)
        hold_up(client)
        return client

    assert server.wait(be_held_up()).rest().startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.usefixtures("prompted")
def test_an_irc_client_after_the_prompt_begins_on_a_line_of_its_own(server):
    server.person("alice")
    carol = server.connect()
    carol.until("nickname: ")
    carol.send("alice\n")
    carol.until("another name: ")
    carol.send("NICK carol\r\nUSER c 0 * :c\r\n")
    assert carol.until("\r\n") == "\r\n"
    assert carol.line().split()[1:3] == ["001", "carol"]


def test_a_browser_is_told_how_to_join(server):
    browser = server.connect()
    browser.send("GET / HTTP/1.1\r\nHo")
    browser.send("st: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = browser.rest().decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert body.startswith(f"Join #lobby with\n  nc             nc 127.0.0.1 {server.port}\n")
    rebinding = server.connect()
    rebinding.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert rebinding.rest().startswith(b"HTTP/1.1 421 ")


def test_a_web_page_can_t_talk_through_a_post(server):
    alice = server.person("alice")
    page = server.connect()
    body = "mallory\nhello from the web\nNICK mallory\r\nUSER m 0 * :m\r\nPRIVMSG #lobby :hi\r\n" * 200
    page.send(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    page.end_input()
    assert page.rest().startswith(b"HTTP/1.1 405 ")
    server.person("bob")
    assert alice.line() == "bob is online"


@pytest.mark.usefixtures("prompted")
def test_http_after_the_prompt_is_closed_without_an_answer(server):
    browser = server.connect()
    browser.until("nickname: ")
    browser.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert browser.rest() == b""


@pytest.mark.parametrize(
    ("first", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 500, b"\x15\x03\x01\x00\x02\x02\x28"),
        (b"a\x00b", b""),
        (b"\x1b[31mred\n", b""),
        (b"\xc3\x28", b""),
        (BINARY + b"\x21\x11\x00\x0c", NO_PROXY),
        (b"x" * 20_000, b""),
    ],
)
def test_who_speaks_something_else_is_closed_at_once(server, first, answer):
    client = server.connect()
    client.send(first)
    assert client.rest() == answer


@pytest.mark.usefixtures("prompted")
@pytest.mark.parametrize("name", ["Иван".encode("cp1251") + b"\n", b"bell\x07\n"])
def test_who_was_asked_for_a_name_and_sends_something_else_is_told_so(server, name):
    client = server.connect()
    client.until("nickname: ")
    client.send(name)
    assert client.rest() == b"That name is not allowed: it is not plain text in UTF-8.\n"


def test_ssh_is_told_what_this_is(server):
    client = server.connect()
    client.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert client.rest().decode() == (
        f"This is asyncchat, not an ssh server. Join with: nc 127.0.0.1 {server.port}\r\n"
    )


def test_half_a_line_waits_for_its_end_and_then_the_deadline(monkeypatch):
    monkeypatch.setattr(protocol_detection, "REGISTRATION_SECONDS", 0.5)
    with serving() as server:
        half = server.connect()
        half.send("NICK ca")
        assert half.rest() == b""
        monkeypatch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)
        assert server.connect().rest() == b"Welcome! Enter your name or nickname: "


def test_half_a_line_has_a_shorter_deadline_than_silence(monkeypatch):
    monkeypatch.setattr(protocol_detection, "FIRST_LINE_SECONDS", 0.1)
    with serving() as server:
        half, other, nobody = server.connect(), server.connect(), server.connect()
        half.send("NICK ca")
        assert half.rest() == b""
        other.send("#\n")
        other.until("Enter another name: ")
        other.send("GET")  # a line that may be HTTP yet
        assert b"no name in time" in other.rest()
        nobody.send("nobody\n")
        nobody.until("Hello, nobody!")


def test_an_irc_client_without_a_name_meets_the_deadline(monkeypatch):
    monkeypatch.setattr(keepalive, "ROUND", 0.05)
    with serving() as server:
        carol = server.connect()
        carol.send("CAP LS 302\r\nNICK carol\r\n")
        carol.until(" LS ")
        monkeypatch.setattr(keepalive, "REGISTRATION_SECONDS", 0.0)
        assert "no name in time" in carol.rest().decode()


@pytest.mark.usefixtures("prompted")
def test_the_original_client_chats(server):
    """No newline at all; each read of up to 1,024 bytes is printed as it is."""
    alice = server.person("alice")
    names = ["Борис", "Vera"]
    originals = []
    for name in names:
        client = server.connect()
        assert client.socket.recv(1024) == b"Welcome! Enter your name or nickname: "
        client.send(name)
        alice.until(f"{name} is online\n")
        assert client.socket.recv(1024).decode().startswith(f"Hello, {name}! alice")
        originals.append(client)
    boris, vera = originals
    assert boris.socket.recv(1024) == b"Vera is online"
    long = "ж" * 2000
    alice.send(f"{long}\n")
    expected, heard = f"alice: {long}".encode(), b""
    while len(heard) < len(expected):
        heard += vera.socket.recv(1024)
    assert heard == expected
    vera.send("привет")
    alice.until("Vera: привет\n")
    boris.until("Vera: привет")
    vera.close()
    assert alice.line() == "Vera left chat"


def test_flood_control_slows_one_and_nobody_else():
    with serving(rate=0.001) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.until("bob is online\n")
        alice.send("".join(f"{number}\n" for number in range(130)))
        for number in range(80):
            bob.until(f"alice: {number}\n")
        bob.send("not slowed\n")
        alice.until("bob: not slowed\n")
        bob.send("/me\n")
        assert "alice: 129" not in bob.until("Usage: /me")


def test_without_limits_nobody_is_slowed():
    with serving(limits=False, burst=1) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.send("".join(f"{number}\n" for number in range(5000)))
        for number in range(5000):
            bob.until(f"alice: {number}\n")


def test_who_floods_with_pings_is_slowed_too(server):
    carol = server.irc("carol")
    carol.send("PING x\r\n" * 110)
    for _ in range(80):
        carol.until(" PONG ")
    assert server.people() == ["carol"]


def test_what_is_over_the_rate_is_left_unread_and_nobody_is_ended():
    with serving(burst=20, rate=10_000.0, network_rate=10_000.0) as server:
        alice = server.person("alice")
        flooder = server.person("flooder")
        alice.until("flooder is online\n")
        paste = "".join(f"{number} {'y' * 200}\n" for number in range(2000))
        sender = threading.Thread(target=flooder.send, args=(paste,))
        sender.start()
        for number in range(2000):
            alice.until(f"flooder: {number} ")
        sender.join()
        flooder.send("exit\n")
        alice.until("flooder left chat\n")


def test_a_flood_waits_with_its_sender():
    with serving(burst=20, rate=0.1) as server:
        alice = server.person("alice")
        flooder = server.person("flooder")
        alice.until("flooder is online\n")
        flooder.socket.settimeout(0.5)
        sent = 0
        with suppress(TimeoutError):
            while True:
                sent += flooder.socket.send(b"ab\n" * 10_000)
        assert sent < 8_000_000  # what the kernels hold of it
        alice.send("not slowed\n")
        flooder.until("alice: not slowed\n")


def test_what_waits_of_somebody_who_is_gone_is_not_said():
    with serving(burst=5, rate=5.0) as server:
        alice = server.person("alice")
        ghost = server.person("ghost")
        ghost.send("boo\n" * 500)
        alice.until("ghost: boo\n")
        ghost.socket.shutdown(socket.SHUT_WR)
        ghost.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ghost.close()
        assert alice.until("ghost left chat (connection lost)\n").count("boo") < 400


def test_who_sends_single_lines_does_not_wait_for_those_who_send_many():
    with serving(server_burst=1, server_rate=0.01) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.until("bob is online\n")
        bob.send("many\n" * 200)
        alice.until("bob: many\n")
        for number in range(5):
            alice.send(f"{number}\n")
            bob.until(f"alice: {number}\n")
        assert alice.unread.count(b"bob: many\n") < 100


def test_a_message_costs_by_the_members_of_its_room(monkeypatch):
    monkeypatch.setattr(limits, "LINE_MEMBERS", 1)
    with serving(burst=45, rate=0.01) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.until("bob is online\n")
        bob.send("".join(f"{number}\n" for number in range(25)))
        alice.until("bob: 24\n")
        bob.send("it is in debt now\n")
        for number in range(5):
            alice.send(f"{number}\n")
            bob.until(f"alice: {number}\n")
        assert b"debt" not in alice.unread


def test_what_many_are_told_costs_like_a_message(monkeypatch):
    with serving(burst=30, rate=0.01) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.until("bob is online\n")
        with monkeypatch.context() as patch:
            patch.setattr(limits, "LINE_MEMBERS", 0.05)
            bob.send("/nick carl\n")
            alice.until("bob is now carl\n")
        bob.send("it is in debt now\n")
        for number in range(5):
            alice.send(f"{number}\n")
            bob.until(f"alice: {number}\n")
        assert b"debt" not in alice.unread


def test_who_comes_again_has_no_new_budget():
    with serving(burst=50, rate=0.01, network_burst=100, network_rate=0.01, trusted=("127.0.0.2",)) as server:
        watcher = server.connect(source="127.0.0.2")
        watcher.send("watcher\n/me\n")
        watcher.until("Usage: /me")
        said = 0
        for number in range(4):
            comer = server.connect()
            comer.send(f"NICK comer{number}\r\nUSER u 0 * :u\r\nJOIN #lobby\r\n")
            comer.send("PRIVMSG #lobby :again\r\n" * 40)
            comer.socket.shutdown(socket.SHUT_WR)
            if number == 0:
                for _ in range(40):
                    watcher.until("comer0: again\n")
                said = 40
        watcher.send("over\n/me\n")
        said += watcher.until("Usage: /me").count("again")
        assert said <= 100


@pytest.mark.usefixtures("prompted")
def test_a_full_server_says_so(server):
    with serving(most_sessions=2) as small:
        one, two = small.person("one"), small.person("two")
        assert small.connect().rest() == b"The chat is full. Try again later.\r\n"
        two.send("exit\n")
        assert one.line() == "two is online"
        assert one.line() == "two left chat"
        two.rest()
        three = small.connect()
        three.until("nickname: ")


@pytest.mark.usefixtures("prompted")
def test_one_address_has_so_many_connections(monkeypatch):
    monkeypatch.setattr(limits, "is_local", lambda _address: False)
    with serving(per_address=2) as server:
        one, two = server.person("one"), server.person("two")
        assert server.connect().rest().startswith(b"Too many connections from your address. ")
        two.send("exit\n")
        two.rest()
        three = server.connect()
        three.until("nickname: ")
        one.send("still here\n")
    with serving(per_address=1, limits=False) as server:
        server.person("one")
        server.person("two")


def test_a_reader_that_drains_a_burst_at_its_pace_stays():
    """95 lines of 8 KB and more wait at once; it reads them in small pieces through a small buffer."""
    with serving(limits=False) as server:
        alice = server.person("alice")
        reader = server.connect(receive_buffer=4096)
        reader.send("reader\n")
        alice.until("reader is online\n")
        for number in range(300):
            alice.send(f"{number} {'z' * 8000}\n")
        alice.send("/me\n")
        alice.until("Usage: /me")
        told = b""
        while b"alice: 299 z" not in told or not told.endswith(b"z\n"):
            told = told[-20_000:] + reader.socket.recv(16_384)
        assert server.people() == ["alice", "reader"]


def test_who_never_reads_is_disconnected_while_the_others_go_on():
    with serving(limits=False, slow_seconds=0) as server:
        alice, bob = server.person("alice"), server.person("bob")
        slow = server.connect(receive_buffer=4096)
        slow.send("NICK slow\r\nUSER s 0 * :s\r\nJOIN #lobby\r\n")
        bob.until("slow is online\n")
        text = "z" * 8000
        sent = 0
        heard = ""
        while "slow left chat" not in heard:
            alice.send(f"{text}\n")
            sent += len(text)
            heard = bob.until(f"alice: {text}\n")
            assert sent < 4_000_000
        assert "slow left chat (too slow)\n" in heard
        assert server.people() == ["alice", "bob"]


def test_who_asks_for_history_and_never_reads_is_not_answered_without_end():
    with serving(limits=False) as server:
        server.irc("talker").send(f"PRIVMSG #lobby :{'x' * 400}\r\n" * 100 + "QUIT\r\n")
        deaf = server.connect(receive_buffer=4096)
        deaf.send("NICK deaf\r\nUSER d 0 * :d\r\nJOIN #lobby\r\n")
        deaf.until(" 366 ")
        deaf.send("CHATHISTORY LATEST #lobby * 100\r\n" * 500)

        def unsent() -> int:
            return max(session.waiting() for session in server.server.context.sessions)

        # What it gets has ended when others get several answers, and it no more.
        other = server.irc("other")
        waits = [0]
        while not waits[-1] or len(set(waits[-5:])) > 1:
            other.send("CHATHISTORY LATEST #lobby * 100\r\nPING answered\r\n")
            other.until(" PONG ")
            waits.append(server.call(unsent))
        assert waits[-1] < 250_000
        deaf.abort()  # or the server would wait at its end for what it does not read


def test_a_newcomer_reads_the_last_lines_first(server):
    alice = server.person("alice")
    for number in range(30):
        alice.send(f"{number}\n")
    alice.send("/me\n")
    alice.until("Usage")
    bob = server.connect()
    bob.send("bob\n/me\n")
    told = bob.until("Usage: /me")
    assert "alice: 29\n" in told
    assert "alice: 10\n" in told
    assert "alice: 9\n" not in told
    assert "10 earlier messages: /history" in told


def test_the_owner_code_claims(server):
    alice = server.person("alice")
    alice.send("/owner 7kq2m9xd\n")
    alice.line()
    assert server.call(lambda: server.server.hub.chat.owner_code_used)


def test_a_wrong_owner_code_costs_its_asker_alone_time(server, monkeypatch):
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.2)
    alice, bob = server.person("alice"), server.person("bob")
    alice.until("bob is online\n")
    alice.send("/owner 2222-2222\nand then\n")
    bob.send("meanwhile\n")
    told = {alice.line(), alice.line()}
    assert told == {"bob: meanwhile", "That is not the owner code."}
    assert bob.line() == "alice: and then"


def test_only_so_many_names_are_ignored_and_only_names():
    with serving(limits=False) as server:
        alice = server.person("alice")
        alice.send(f"/ignore {'x' * 4000}\n")
        assert "it is longer than 32 letters" in alice.until("letters.")
        alice.send("".join(f"/ignore n{number}\n" for number in range(IGNORED_EACH)))
        alice.until(f"n{IGNORED_EACH - 1}")
        alice.send("/ignore another\n")
        assert "/unignore one of them first" in alice.until("first.")


def test_hiding_somebody_hides_their_words_alone(server):
    alice, bob, carol = server.person("alice"), server.person("bob"), server.person("carol")
    alice.until("carol is online\n")
    alice.send("/ignore bob\n")
    alice.line()
    bob.send("/me waves\nhidden\n")
    carol.send("seen\n")
    assert alice.line() == "carol: seen"
    bob.send("exit\n")
    assert alice.line() == "bob left chat"


def test_a_stop_under_load_ends_in_order():
    with serving(limits=False) as server:
        alice, bob = server.person("alice"), server.person("bob")
        ending = threading.Event()

        def talk() -> None:
            with suppress(OSError):
                while not ending.is_set():
                    alice.send("on and on\n" * 10)

        talker = threading.Thread(target=talk)
        talker.start()
        try:
            bob.until("alice: on and on\n")
            reader = threading.Thread(target=bob.rest)
            reader.start()
            server.stop()
            server.stop()
            reader.join(PATIENCE)
            assert not reader.is_alive()
        finally:
            ending.set()
            talker.join(PATIENCE)


def test_a_client_that_takes_nothing_does_not_trouble_the_stop(monkeypatch):
    monkeypatch.setattr(server_module, "DRAIN_SECONDS", 0.2)
    with serving(limits=False) as server:
        talker = server.connect(receive_buffer=4096)
        talker.send("NICK talker\r\nUSER t 0 * :t\r\nJOIN #lobby\r\n")
        talker.until(" 366 ")
        stuck = server.call(lambda: next(iter(server.server.context.sessions)))
        talker.socket.settimeout(0.2)
        while not server.call(stuck.is_crowded):
            with suppress(TimeoutError):
                talker.send("HELP\r\n" * 4000)
        server.stop()


def test_an_auditorium_hides_its_members_from_each_other():
    with serving() as server:
        op, ann, bob = (server.irc(nick) for nick in ("op", "ann", "bob"))
        op.send("JOIN #hall\r\nMODE #hall +uv op\r\n")
        op.until("MODE #hall +uv op\r\n")
        for client in (ann, bob):
            client.send("JOIN #hall\r\n")
            client.until(" 366 ")
            client.until("\n")
            op.until(" JOIN #hall\r\n")
        bob.send("NICK bobby\r\n")
        op.until(" NICK bobby\r\n")
        bob.send("PART #hall\r\nJOIN #hall\r\n")
        op.until(" PART #hall\r\n")
        op.until(" JOIN #hall\r\n")
        op.send("MODE #hall +h bobby\r\nPRIVMSG #hall :now\r\n")
        bob.until(":now\r\n")
        bob.send("PART #hall\r\n")
        told = ann.until(" PART #hall\r\n")
        assert told.count("#hall") == 3  # the mode, the message and this
        assert "NICK bobby" in told  # they are both in the lobby
        op.send("MODE #hall -u\r\n")
        ann.until(" MODE #hall -u\r\n")
        bob.send("JOIN #hall\r\n")
        ann.until(" JOIN #hall\r\n")


def test_a_ban_for_a_time_that_ended_while_nothing_ran_is_lifted_at_the_start():
    log = MemoryLog()
    with serving(log) as server:
        op = server.irc("op")
        op.send("JOIN #r\r\nTBAN #r 1 x\r\nTBAN #r 1h y\r\n")
        op.until("+b y!*@*\r\n")
        end = max(entry.until for entry in server.server.hub.chat.rooms["#r"].masks["ban"].values())
    (first,) = [
        entry.until
        for entry in Chat.replay(log.state()).rooms["#r"].masks["ban"].values()
        if entry.until < end
    ]
    while wall_clock() <= first:
        threading.Event().wait((first - wall_clock()) / 1_000_000 + 0.001)
    with serving(log) as server:
        assert list(server.server.hub.chat.rooms["#r"].masks["ban"]) == ["y!*@*"]


def test_a_ban_for_a_time_ends_by_itself(monkeypatch):
    monkeypatch.setattr(keepalive, "ROUND", 0.05)
    with serving() as server:
        op = server.irc("op")
        op.send("JOIN #r\r\nTBAN #r 1 x\r\n")
        op.until(":asyncchat.local MODE #r -b x!*@*\r\n")
