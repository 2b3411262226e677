"""The clients over real sockets, against servers that do what servers do on bad days.

Most tests are run with both of them; ``client`` is one that follows ``#ci`` as ``me``.
"""

import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

import asyncchat
from asyncchat import (
    Client,
    ClientError,
    Disconnected,
    Event,
    Gap,
    Joined,
    Left,
    LoginRefused,
    Message,
    NickError,
    NotConnected,
    NotDelivered,
    Present,
    Reconnected,
    Refused,
    Rejected,
    TimedOut,
    Told,
    Unreachable,
)
from asyncchat.client import irc_session
from tests.client.fronts import ClientOnLoop
from tests.client.scripted import PATIENCE, Line, Original, Scripted, let_in_and_close

SECRET = "plumotter41"  # noqa: S105
QUICK: dict[str, Any] = {"rooms": ["#ci"], "backoff": (0.01, 0.02), "nick": "me"}


@pytest.fixture(params=[Client, ClientOnLoop], ids=["threads", "asyncio"])
def joined(request):
    return request.param


@pytest.fixture
def client(joined):
    return lambda server, **settings: joined(server.address, **{**QUICK, **settings})


def followed(chat, last=Message, but=(Present, Joined, Told)):
    """The events up to the first of that kind."""
    found = []
    while True:
        event = chat.receive(PATIENCE)
        if not isinstance(event, but):
            found.append(event)
        if isinstance(event, last):
            return found


def normal(line: Line) -> None:
    """A server of the simplest kind, up to the client's end."""
    line.welcome(caps="")
    line.let_in()
    while said := line.read():
        if said.startswith("PING"):
            line.send(f":s PONG s {said.partition(' ')[2]}")


def test_say_and_hear(client):
    def script(line):
        line.welcome()
        line.let_in()
        assert line.until("PRIVMSG") == "PRIVMSG #ci :build 42 failed"
        line.send("@msgid=e1-1 :me!u@h PRIVMSG #ci :build 42 failed", "@msgid=e1-2 :bob!b@h PRIVMSG #ci why?")
        assert line.until("QUIT") == "QUIT"
        line.to_the_end()

    with Scripted(script) as server, client(server) as chat:
        assert chat.connected
        assert chat.rooms == ["#ci"]
        assert chat.members("#CI") == ["me", "bob"]
        receipt = chat.say("#ci", "build 42 failed")
        assert receipt.wait(PATIENCE) == "e1-1"
        (message,) = followed(chat)
        assert (message.id, message.room, message.nick, message.text) == ("e1-2", "#ci", "bob", "why?")


def test_server_without_capabilities(client):
    with Scripted(normal) as server, client(server, echo=True) as chat:
        receipts = [chat.say("#ci", f"{number}") for number in range(200)]
        chat.flush(PATIENCE)
        assert all(receipt.acknowledged for receipt in receipts)
        heard = [followed(chat)[-1].text for _ in range(200)]
        assert heard == [f"{number}" for number in range(200)]


def test_line_that_breaks_in_the_middle_of_a_line(client):
    def first(line):
        line.welcome()
        line.let_in()
        line.send("@msgid=e1-1 :bob!b@h PRIVMSG #ci one")
        line.send_raw(b"@msgid=e1-2 :bob!b@h PRIVMSG #ci tw")

    def second(line):
        line.welcome()
        line.let_in()
        assert line.until("CHATHISTORY") == "CHATHISTORY AFTER #ci msgid=e1-1 2"
        line.send("@msgid=e1-4 :bob!b@h PRIVMSG #ci four", "@msgid=e1-4 :bob!b@h PRIVMSG #ci four")
        line.send(
            ":s BATCH +b chathistory #ci",
            "@batch=b;msgid=e1-2 :bob!b@h PRIVMSG #ci two",
            "@batch=b;msgid=e1-3 :bob!b@h PRIVMSG #ci three",
            ":s BATCH -b",
        )
        assert line.until("CHATHISTORY") == "CHATHISTORY AFTER #ci msgid=e1-3 2"
        line.send(
            ":s BATCH +c chathistory #ci", "@batch=c;msgid=e1-4 :bob!b@h PRIVMSG #ci four", ":s BATCH -c"
        )
        line.send("@msgid=e1-3 :bob!b@h PRIVMSG #ci three", "@msgid=e1-5 :bob!b@h PRIVMSG #ci five")
        line.to_the_end()

    with Scripted(first, second) as server, client(server) as chat:
        events = [event for _ in range(5) for event in followed(chat)]
    kinds = [type(event) for event in events if not isinstance(event, Message)]
    assert kinds == [Disconnected, Reconnected]
    texts = [event.text for event in events if isinstance(event, Message)]
    assert texts == ["one", "two", "three", "four", "five"]
    ids = [event.id for event in events if isinstance(event, Message)]
    assert ids == [f"e1-{number}" for number in range(1, 6)]


def test_half_open_line_is_found_dead(client):
    def first(line):
        line.welcome(caps="")
        line.let_in()
        assert line.until("PING") == "PING alive"
        line.to_the_end()

    with Scripted(first, normal) as server, client(server, keepalive=0.05, timeout=2.0) as chat:
        events = followed(chat, Gap)
        assert [type(event) for event in events] == [Disconnected, Reconnected, Gap]
        assert events[0].reason.startswith("no answer for")


def test_reset_and_server_that_is_away_for_a_while(client):
    def refuse(line):
        line.reset()

    def break_off(line):
        line.welcome(caps="")
        line.let_in()
        line.reset()

    with Scripted(break_off, refuse, refuse, normal) as server, client(server) as chat:
        events = followed(chat, Gap)
        breaks = [event for event in events if isinstance(event, Disconnected)]
        assert [event.attempt for event in breaks] == [0, 1, 2]
        assert all(event.retry_in for event in breaks)
        chat.say("#ci", "all is well again").wait(PATIENCE)


def test_garbage_and_bytes_one_by_one(client):
    def script(line):
        line.until("USER")
        line.send_raw(b"\x00\xff\xfe\r\n\r\n: \r\n@\r\n:x\r\n" + b"y" * 30_000 + b"\n")
        for byte in b":s 001 me :Hi\r\n:s 422 me :no MOTD\r\n":
            line.send_raw(bytes((byte,)))
        line.let_in()
        line.send_raw(b":bob!b@h PRIVMSG #ci :caf\xe9\r\n:bob!b@h PRIVMSG #ci :na\xc3")
        line.send_raw(b"\xafve\r\n")
        line.to_the_end()

    with Scripted(script) as server, client(server) as chat:
        assert followed(chat)[-1].text == "café"
        assert followed(chat)[-1].text == "naïve"


def test_refused_message(client):
    def script(line):
        line.welcome()
        line.let_in()
        line.until("PRIVMSG")
        line.send(":s 404 me #nope :Cannot send")
        line.to_the_end()

    with Scripted(script) as server, client(server) as chat:
        receipt = chat.say("#nope", "x")
        with pytest.raises(NotDelivered, match="#nope: Cannot send") as raised:
            receipt.wait(PATIENCE)
        assert not raised.value.uncertain
        (refused,) = followed(chat, Refused)
        assert (refused.about, refused.text) == ("#nope", "x")


def test_closing_waits_for_acknowledgements(client):
    def script(line):
        line.welcome(caps="")
        line.let_in()
        said = [line.read() for _ in range(4)]
        assert said == ["PRIVMSG #ci 1", "PRIVMSG #ci 2", "PRIVMSG #ci 3", "PING said-1"]
        line.send(":s PONG s said-1")
        assert line.read() == "QUIT bye"
        line.to_the_end()

    with Scripted(script) as server:
        chat = client(server)
        chat.say("#ci", "1\n2\n\n3")
        assert chat.close(PATIENCE, reason="bye") == []
        assert chat.close() == []
        with pytest.raises(NotConnected, match="closed"):
            chat.say("#ci", "x")


def test_closing_tells_what_was_given_up(client):
    def script(line):
        line.welcome()
        line.let_in()
        line.to_the_end()

    with Scripted(script) as server:
        chat = client(server)
        receipt = chat.say("#ci", "never answered")
        assert chat.close(timeout=0.0) == [("#ci", "never answered")]
        with pytest.raises(NotDelivered):
            receipt.wait(PATIENCE)


def test_close_ends_following_in_another_thread(client):
    with Scripted(normal) as server:
        chat = client(server)
        events: list[Event] = []
        thread = threading.Thread(target=lambda: events.extend(chat))
        thread.start()
        chat.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert all(not thread.name.startswith("asyncchat") for thread in threading.enumerate())


def test_close_while_the_line_is_down(client):
    with Scripted(let_in_and_close) as server:
        chat = client(server, backoff=(60.0, 60.0))
        followed(chat, Disconnected)
        chat.say("#ci", "too late")
        assert chat.close() == [("#ci", "too late")]


def test_without_reconnect_following_ends(client):
    with Scripted(let_in_and_close) as server:
        chat = client(server, reconnect=False)
        events = [event for event in chat if isinstance(event, Disconnected)]
        assert [event.retry_in for event in events] == [None]
        with pytest.raises(NotConnected):
            chat.receive()


def test_many_threads_say_at_once(client):
    said: list[str] = []

    def script(line):
        line.welcome()
        line.let_in()
        while len(said) < 400:
            text = line.until("PRIVMSG").rpartition(" ")[2]
            said.append(text)
            line.send(f"@msgid=e1-{len(said)} :me!u@h PRIVMSG #ci {text}")
        line.to_the_end()

    def speak(chat, name):
        for number in range(50):
            chat.say("#ci", f"{name}{number}")

    with Scripted(script) as server, client(server) as chat:
        threads = [threading.Thread(target=speak, args=(chat, name)) for name in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        chat.flush(PATIENCE)
        for name in "abcdefgh":
            assert [text for text in said if text[0] == name] == [f"{name}{number}" for number in range(50)]


def test_reading_the_history(client):
    def script(line):
        line.welcome()
        line.let_in()
        assert line.until("CHATHISTORY") == "CHATHISTORY LATEST #ci * 2"
        line.send(
            ":s BATCH +b chathistory #ci", "@batch=b;msgid=e1-1 :bob!b@h PRIVMSG #ci one", ":s BATCH -b"
        )
        assert line.until("CHATHISTORY") == "CHATHISTORY BEFORE #ci msgid=e1-1 2"
        line.send(":s FAIL CHATHISTORY MESSAGE_ERROR BEFORE #ci :no")
        assert line.until("CHATHISTORY") == "CHATHISTORY AROUND #ci msgid=e1-1 2"
        line.send(":s BATCH +b chathistory #ci", ":s BATCH -b")
        line.to_the_end()

    with Scripted(script) as server, client(server) as chat:
        assert [message.text for message in chat.history("#ci")] == ["one"]
        with pytest.raises(ClientError, match="The history of #ci can't be read: no"):
            chat.history("#ci", before="e1-1")
        with pytest.raises(ValueError, match="only one of"):
            chat.history("#ci", before="e1-1", after="e1-0")
        assert chat.history("#ci", around="e1-1") == []


def test_commands(client):
    def script(line):
        line.welcome()
        line.let_in()
        said = [line.read() for _ in range(6)]
        assert said == [
            "JOIN #x",
            "PART #ci bye",
            "NICK you",
            "TOPIC #x :a b",
            "KICK #x bob",
            "MODE #x +o amy",
        ]
        line.send(":me!u@h JOIN #x", ":me!u@h PART #ci :bye", ":me!u@h NICK you", ":s 332 you #x :a b")
        line.to_the_end()

    with Scripted(script) as server, client(server) as chat:
        chat.join("#x")
        chat.part("#ci", "bye")
        chat.set_nick("you")
        chat.set_topic("#x", "a b")
        chat.kick("#x", "bob")
        chat.command("MODE", "#x", "+o", "amy")
        followed(chat, Left)
        followed(chat, asyncchat.Renamed)
        assert chat.nick == "you"
        assert chat.rooms == ["#x"]
        with pytest.raises(ValueError, match="one line"):
            chat.set_topic("#x", "two\nlines")
        with pytest.raises(ValueError, match="is not a room"):
            chat.join("x")
        with pytest.raises(ValueError, match="neither a room nor a person"):
            chat.say("a b", "x")


def test_what_is_shown_of_a_client_and_its_events(client):
    with Scripted(normal) as server, client(server, password=SECRET) as chat:
        kind = "AsyncClient" if isinstance(chat, ClientOnLoop) else "Client"
        assert repr(chat) == f"<{kind} 'me' at {server.address}: connected>"
        joined, present = followed(chat, Present, ())
        assert repr(joined).startswith("Joined(time=datetime.datetime(")
        assert repr(joined).endswith("room='#ci', nick='me', own=True)")
        assert repr(present).endswith("room='#ci', nicks=('me', 'bob'))")  # what is usual is left out
        receipt = chat.say("#ci", "hello")
        chat.flush(PATIENCE)
        assert repr(receipt).endswith("Receipt: acknowledged>")
        assert SECRET not in repr(vars(chat))
    assert repr(chat).endswith(": closed>")


def test_nothing_happens(client):
    with Scripted(normal) as server, client(server) as chat:
        followed(chat, Present, ())
        with pytest.raises(TimedOut):
            chat.receive(0.01)


# What is wrong from the start.


def test_nobody_is_there(joined):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable) as raised:
        joined(f"127.0.0.1:{port}", nick="me")
    expected = f"Can't reach 127.0.0.1:{port}: connection refused. Is a server running there? asyncchat serve"
    assert str(raised.value) == expected


def test_room_that_refuses(client):
    def script(line):
        line.welcome()
        line.until("JOIN")
        line.send(":s 474 me #ci :You are banned")
        line.to_the_end()

    with Scripted(script) as server, pytest.raises(Rejected, match="Can't join #ci: You are banned"):
        client(server)


def test_nick_that_is_refused(client):
    def script(line):
        line.until("USER")
        line.send(":s 432 * me :Erroneous nickname")
        line.to_the_end()

    with Scripted(script) as server, pytest.raises(Rejected, match="nick me: Erroneous nickname"):
        client(server)


def test_server_that_closes_with_a_reason(client):
    def script(line):
        line.until("USER")
        line.send("ERROR :Closing transport: you are banned")

    with Scripted(script) as server, pytest.raises(Unreachable, match="you are banned"):
        client(server)


def test_server_that_says_nothing(client):
    with Scripted(Line.to_the_end) as server, pytest.raises(Unreachable, match="registration did not finish"):
        client(server, timeout=PATIENCE, nick_patience=0.1 - PATIENCE)  # of which both are waited for


def test_server_that_speaks_no_irc(joined, monkeypatch):
    monkeypatch.setattr(irc_session, "_PATIENCE_WITH_PROMPT", 0.1)
    with Original() as server, pytest.raises(Unreachable, match=r"does not speak IRC.*plain://"):
        joined(server.address.removeprefix("plain://"), nick="me")


@pytest.mark.parametrize("nick", ["", " ", "two words", "#room", ":x", "\x1b[31m"])
def test_nick_that_is_none(joined, nick):
    with pytest.raises(NickError):
        joined("127.0.0.1:1", nick=nick)


def test_account_without_a_password(joined):
    with pytest.raises(LoginRefused, match="the password is empty"):
        joined("127.0.0.1:1", nick="me", account="me")


def test_one_room_as_it_is(joined):
    with Scripted(normal) as server, joined(server.address, nick="me", rooms="#ci") as chat:
        assert chat.rooms == ["#ci"]


# A plain-text server.


def test_original_server(joined):
    with (
        Original() as server,
        joined(server.address, nick="amy", echo=True) as amy,
        joined(server.address, nick="Борис") as boris,
    ):
        assert amy.rooms == ["#lobby"]
        assert [followed(amy, Joined, (Present,))[0].nick for _ in range(2)] == ["amy", "Борис"]
        for text in ("привет", "one\ntwo", "/help"):
            boris.say("#lobby", text)
        boris.flush(PATIENCE)
        heard = [followed(amy)[-1] for _ in range(4)]
        assert [(m.nick, m.text, m.own) for m in heard] == [
            ("Борис", "привет", False),
            ("Борис", "one", False),
            ("Борис", "two", False),
            ("Борис", "/help", False),
        ]
        amy.say("#lobby", "mine").wait(PATIENCE)
        assert followed(amy)[-1].own
        boris.close()
        (left,) = followed(amy, Left)
        assert left.nick == "Борис"
        with pytest.raises(ClientError, match="one room"):
            amy.join("#x")
        with pytest.raises(ClientError, match="has none"):
            amy.history("#lobby")


def test_original_server_that_goes_away(joined):
    def first(line):
        line.send_raw(b"Welcome! Enter your name or nickname: ")
        assert line.connection.recv(1024) == b"me"
        line.send_raw(b"Hello, me!")
        assert line.connection.recv(1024) == b"one"

    def second(line):
        line.send_raw(b"Welcome! Enter your name or nickname: ")
        assert line.connection.recv(1024) == b"me"
        line.send_raw(b"Hello, me! bob, me are in the chat")
        assert line.connection.recv(1024) == b"two"
        line.to_the_end()

    with (
        Scripted(first, second) as server,
        joined(f"plain://{server.address}", nick="me", backoff=(0.01, 0.01)) as chat,
    ):
        doubtful = chat.say("", "one")
        followed(chat, Disconnected)
        chat.say("", "two")
        assert [type(event) for event in followed(chat, Gap)] == [Reconnected, Gap]
        chat.flush(PATIENCE)
        assert chat.members("") == ["bob", "me"]
        assert doubtful.done


# The interpreter.


def test_client_never_closed_does_not_hold_up_the_exit():
    with Scripted(normal) as server:
        code = f"""if True:
            from asyncchat import Client
            chat = Client({server.address!r}, nick='me', rooms=['#ci'])
            print(chat.nick)
        """
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "me\n", "")


def test_client_that_is_forgotten_ends_its_thread():
    with Scripted(normal) as server:
        chat = Client(server.address, **QUICK)
        thread = chat._transport._thread
        del chat
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_package_loads_no_client_until_it_is_asked_for():
    code = """if True:
        import asyncchat, sys
        print("socket" in sys.modules)
        asyncchat.Client
        print("socket" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "False\nTrue\n"
    assert all(hasattr(asyncchat, name) for name in asyncchat.__all__)
    assert set(asyncchat.__all__) <= set(dir(asyncchat))
    with pytest.raises(AttributeError):
        asyncchat.nothing  # noqa: B018 - that is the test
