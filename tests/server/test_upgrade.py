"""An upgrade drops nobody: in whatever state a client is, the new process goes on with it.

``python -m tests.server.upgrades 50`` does it under load.
"""

import asyncio
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Coroutine
from random import Random
from typing import Any

import msgspec
import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.features.presence import Connected, Left
from asyncchat.core.features.whowas import Whowas
from asyncchat.core.people import person
from asyncchat.log.base import PageQuery
from asyncchat.log.memory import MemoryLog
from asyncchat.server import handover
from asyncchat.server.handover import Handover, HandoverFailed, Taken
from asyncchat.server.http.messages import Response, problem
from asyncchat.server.launch import Launched
from asyncchat.server.secret_file import RunKeys
from asyncchat.server.serve import _upgrade_when_asked
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode
from asyncchat.server.upgrade import Upgrade
from tests.server.harness import CODE, Client, serving
from tests.server.upgrades import Examination

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="connections can't be handed over there")

STREAM = "GET /api/v1/rooms/%23lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def exam(tmp_path):
    made = Examination(tmp_path, 0, 0, 1, Random(1))  # noqa: S311  # no secret
    asyncio.run(made.start())
    yield made
    made.stop()


def reload(exam) -> subprocess.CompletedProcess[str]:
    """Upgrades by the command line."""
    return subprocess.run(
        [sys.executable, "-m", "asyncchat", "reload", "--db", str(exam.folder / "chat.db")],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_new_process_goes_on_with_each_client_where_it_is(exam):
    port = exam.port
    with (
        Client(port) as talker,
        Client(port) as reader,
        Client(port) as plain,
        Client(port) as gate,
    ):
        talker.send(
            "CAP REQ :batch draft/multiline message-tags\r\nNICK talker\r\nUSER u 0 * :u\r\nCAP END\r\n"
            "JOIN #lobby\r\n"
        )
        talker.until(" 366 ")
        reader.send("NICK reader\r\nUSER u 0 * :u\r\nJOIN #lobby\r\n")
        reader.until(" 366 ")
        plain.until("name or nickname: ")
        plain.send("plain\n")
        plain.until("are in the chat\n")
        gate.until("name or nickname: ")
        half, stream = Client(port), Client(port)
        half.send("NICK ha")
        stream.send(STREAM)
        stream.until("retry: 3000\n\n\r\n")
        browser = http.client.HTTPConnection("127.0.0.1", port)
        browser.request("GET", "/api/v1/rooms")
        assert browser.getresponse().read()
        talker.send("BATCH +b draft/multiline #lobby\r\n@batch=b PRIVMSG #lobby :first\r\n@batch=b PRIV")

        done = reload(exam)
        assert done.returncode == 0, done.stderr + exam.log.read_text()
        told = re.fullmatch(r"Process (\d+) serves now\.\n", done.stdout)
        assert told is not None
        before, exam.pid = exam.pid, int(told[1])
        assert exam.pid != before

        talker.send("MSG #lobby :second\r\nBATCH -b\r\n")
        assert "first" in reader.until("second\r\n")
        assert '"text":"first\\nsecond"' in stream.until("}\n\n\r\n")
        gate.send("gate\n")
        gate.until("are in the chat\n")
        half.send("lf\r\nUSER u 0 * :u\r\nJOIN #lobby\r\n")
        half.until(" 366 ")
        plain.until("half is online\n")
        plain.send("hello\n")
        reader.until("plain!plain@localhost PRIVMSG #lobby :hello\r\n")
        sock = browser.sock
        browser.request("GET", "/api/v1/rooms")
        assert browser.getresponse().read()
        assert browser.sock is sock  # the same connection
        for one in (browser, half, stream):
            one.close()

        exam.config.write_text("limits = 7\n")
        failed = reload(exam)
        assert failed.returncode == 1
        assert failed.stderr == "Error: the new process ended; its log says why\n"
        assert "a table is expected" in exam.log.read_text()
        plain.send("still there\n")
        reader.until("still there\r\n")
        with Client(port) as newcomer:
            newcomer.send("NICK newcomer\r\nUSER u 0 * :u\r\n")
            newcomer.until(" 001 ")


def test_under_load_nothing_is_lost_or_doubled(tmp_path):
    async def run() -> None:
        exam = Examination(tmp_path, 16, 4, 40, Random(2))  # noqa: S311  # no secret
        try:
            await exam.start("--no-limits")
            await exam.examine(2, lambda at: at == 1)
            assert (exam.dropped, dict(exam.faults), exam.failed) == (0, {}, 1)
        finally:
            exam.stop()

    asyncio.run(run())


def test_the_new_process_knows_what_was_used_of_the_limits(tmp_path):
    exam = Examination(tmp_path, 0, 0, 1, Random(1))  # noqa: S311  # no secret
    exam.config.write_text("[limits]\nburst = 5\nrate = 1e-6\n")
    asyncio.run(exam.start())

    def status(token: str = "") -> int:
        browser = http.client.HTTPConnection("127.0.0.1", exam.port)
        browser.request("GET", "/api/v1/rooms", headers={"Authorization": f"Bearer {token}"} if token else {})
        found = browser.getresponse().status
        browser.close()
        return found

    try:
        assert [status() for _ in range(6)] == [200] * 5 + [429]
        assert [status("wrong") for _ in range(11)] == [401] * 10 + [429]
        done = reload(exam)
        assert done.returncode == 0, done.stderr + exam.log.read_text()
        exam.pid = int(done.stdout.split()[1])
        assert (status(), status("wrong")) == (429, 429)
    finally:
        exam.stop()


def test_a_new_process_that_is_killed_while_it_has_the_history(exam):
    with Client(exam.port) as talker, Client(exam.port) as reader:
        for name, client in (("talker", talker), ("reader", reader)):
            client.send(f"NICK {name}\r\nUSER u 0 * :u\r\nJOIN #lobby\r\n")
            client.until(" 366 ")
        talker.until(" JOIN ")

        async def kill() -> None:
            async with exam.holding_the_history() as process:
                talker.send("PRIVMSG #lobby :meanwhile\r\n")
                os.kill(process, signal.SIGKILL)
                await exam.logged(rb"(The upgrade failed, and this process serves on)")

        asyncio.run(kill())
        talker.send("PRIVMSG #lobby :after\r\n")
        assert reader.until("after\r\n").count("PRIVMSG") == 2
        exam.pid = int(re.findall(r"Process (\d+) serves now", reload(exam).stdout)[0])
        talker.send("PRIVMSG #lobby :with another\r\n")
        assert reader.until("with another\r\n").count("PRIVMSG") == 1


def stop_sessions(server: Server) -> Coroutine[None, None, None]:
    return Upgrade(Launched(server, [], None, owns_sockets=True), None)._stop_sessions()


def test_nothing_is_read_before_the_other_process_has_ended():
    with serving() as running:
        anna, ben = running.irc("anna"), running.irc("ben")

        async def hand_over_in_vain() -> list[bytes]:
            server = running.server
            await stop_sessions(server)
            sessions = list(server.context.sessions)
            anna.send("PRIVMSG #lobby :for whoever serves\r\n")
            assert isinstance(server.log, MemoryLog)
            handed = Handover(server.log.last, server.hub.chat, 9, [], True, server.keys, CODE, server.log)
            data = handover.pack(handed, [session.state(is_unsent=False) for session in sessions])
            taken = Taken(data, [os.dup(session.descriptor) for session in sessions])
            log = taken.server.log
            assert log is not None
            other = Server(server.options, log, OwnerCode(CODE), keys=server.keys, chat=taken.server.chat)
            restored = [session for _, session in await other.take_over(taken)]
            for _ in range(100):  # passes of the loop, in which it would be read
                await asyncio.sleep(0)
            read = [session.unread for session in restored]
            for one in restored:
                one._writer.transport.abort()
            server.context.stopping = False
            assert server.outbox.held is not None
            server.outbox.held.set_result(None)
            for session in sessions:
                session.go_on(server.detector(session.rest or b"", None))
            return read

        assert running.wait(hand_over_in_vain()) == [b"", b""]
        assert ben.until("for whoever serves\r\n").count("PRIVMSG") == 1


def test_a_stream_is_told_what_is_delivered_while_it_stops_and_after_that(monkeypatch):
    with serving() as running:
        anna, stream = running.irc("anna"), running.connect()
        stream.send("GET /api/v1/rooms/%23lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.until("retry: 3000\n\n\r\n")
        server, append = running.server, running.server.log.append

        async def append_late(*records) -> None:
            while any(session.rest is None for session in server.context.sessions):  # noqa: ASYNC110
                await asyncio.sleep(0)
            await append(*records)

        async def stop_in_vain() -> str:
            before = server.hub.number
            anna.send("PRIVMSG #lobby :said before\r\n")
            while server.hub.number == before:  # noqa: ASYNC110
                await asyncio.sleep(0)
            made = Upgrade(Launched(server, [], None, owns_sockets=True), None)
            await made._stop_sessions()
            goes_on: Any
            (goes_on,) = [one.how_to_go_on for one in server.context.sessions if one.how_to_go_on is not None]
            last = str(goes_on().request.header("last-event-id"))
            server.listeners.close()
            await made._serve_on([])
            return last

        monkeypatch.setattr(server.log, "append", append_late)
        last = running.wait(stop_in_vain())
        assert f'"id":"{last}"' in stream.until('"text":"said before"')
        monkeypatch.undo()
        anna.send("PRIVMSG #lobby :said after\r\n")
        assert "said before" not in stream.until('"text":"said after"')


def test_a_stream_that_may_not_go_on_after_an_upgrade_in_vain_ends_once(monkeypatch):
    with serving() as running:
        stream, server = running.connect(), running.server
        stream.send("GET /api/v1/rooms/%23lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.until("retry: 3000\n\n\r\n")
        (session,) = running.call(lambda: list(server.context.sessions))
        network = session.budget.network

        async def refuse(*_: object) -> Response:
            return problem(429, "Too many requests.")

        async def stop_in_vain() -> None:
            made = Upgrade(Launched(server, [], None, owns_sockets=True), None)
            await made._stop_sessions()
            server.listeners.close()
            await made._serve_on([])

        monkeypatch.setattr(server.app, "respond", refuse)
        assert network.streams == 1
        running.wait(stop_in_vain())
        assert stream.rest() == b"0\r\n\r\n"
        running.left()
        assert network.streams == 0


def test_a_request_that_still_comes_is_told_to_come_again(tmp_path):
    with serving(database=tmp_path / "chat.db") as running:
        uploads = [running.connect() for _ in range(2)]
        for client, length in zip(uploads, ("Content-Length: 9", "Transfer-Encoding: chunked"), strict=True):
            client.send(
                f"POST /upload HTTP/1.1\r\nHost: localhost\r\n{length}\r\nExpect: 100-continue\r\n\r\n"
            )
            client.until(" 100 Continue\r\n\r\n")
        post = running.connect()
        post.send(
            "POST /api/v1/rooms/%23lobby/messages HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nx"
        )
        person = running.irc("anna")
        running.wait(stop_sessions(running.server))
        for client in (*uploads, post):
            answer = client.rest().decode()
            assert answer.startswith("HTTP/1.1 503 "), answer
            assert "Retry-After: 1\r\n" in answer
            assert "Send that again." in answer
        [stopped] = [
            one for one in running.call(lambda: list(running.server.context.sessions)) if one.dialect
        ]
        assert stopped.rest == b""
        person.close()


def test_of_two_upgrades_at_once_one_is_refused():
    with serving() as running:

        async def ask_in_the_middle() -> None:
            made = Launched(running.server, [], None, owns_sockets=True)
            async with _upgrade_when_asked(made, None, asyncio.Event()):
                assert running.server.hub.upgrader is not None
                with pytest.raises(HandoverFailed, match="upgraded already"):
                    await running.server.hub.upgrader()
            asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR2)

        asyncio.run(ask_in_the_middle())


def test_without_a_server_there_is_nothing_to_upgrade(tmp_path):
    made = Examination(tmp_path, 0, 0, 1, Random(1))  # noqa: S311  # no secret
    (tmp_path / "chat.db").touch()
    done = reload(made)
    assert done.returncode == 1
    assert done.stderr == "Error: No server is running with this history: start one with asyncchat serve\n"


def packed(log: MemoryLog | None = None) -> bytes:
    chat = Chat.replay([Connected(person(1, "anna", "a", "h"), 1)])
    keys = RunKeys()
    return handover.pack(Handover(1, chat, 2, [], True, keys, "CODE", log), [])


def test_what_is_handed_over_is_the_same():
    taken = Taken(packed(), [])
    assert taken.server.chat.people[1].name == "anna"
    assert (taken.listening, taken.connections) == ([], [])


def test_a_feature_that_the_other_version_did_not_have_begins_empty():
    chat = Chat.replay([Connected(person(1, "anna", "a", "h"), 1)])
    del chat.parts[Whowas]
    chat.parts_of_people = ()
    data = handover.pack(Handover(1, chat, 2, [], True, RunKeys(), "CODE", None), [])
    taken = Taken(data, []).server.chat
    assert taken.state() == Chat.replay([Connected(person(1, "anna", "a", "h"), 1)]).state()
    taken.apply(Left(taken.people[1]))
    assert not taken.people


def test_a_history_in_memory_is_handed_over():
    async def run() -> None:
        log = MemoryLog()
        await log.append(0, [Record(1, 1, Said("#lobby", person(1, "anna", "a", "h"), "hello"))])
        taken = Taken(packed(log), []).server.log
        assert taken is not None
        assert (taken.last, taken.ids.id_of(1)) == (1, log.ids.id_of(1))
        await taken.append(1, [Record(2, 2, Said("#lobby", person(1, "anna", "a", "h"), "again"))])
        page = await taken.read(PageQuery("#lobby", 2))
        assert [record.number for record in page.records] == [1, 2]

    asyncio.run(run())


def test_a_process_refuses_what_it_would_read_in_another_form():
    head, _, rest = packed().partition(b"\n")
    layouts = msgspec.json.decode(head)
    layouts["asyncchat.core.people.Person"].reverse()
    layouts["asyncchat.core.people.Gone"] = ["a"]
    with pytest.raises(HandoverFailed, match=r"another form: asyncchat\.core\.people\.Gone, .*Person$"):
        Taken(msgspec.json.encode(layouts) + b"\n" + rest, [])


def test_a_process_refuses_what_means_something_else_to_it(monkeypatch):
    data = packed()
    monkeypatch.setattr(handover, "LEVEL", handover.LEVEL + 1)
    with pytest.raises(HandoverFailed, match="means something else"):
        Taken(data, [])


def test_data_and_files_go_from_one_process_to_another():
    mine, others = socket.socketpair()
    with mine, others, socket.socket() as listener:
        handover.send(mine, b"x" * 50_000, [listener.fileno()] * 3)
        data, files = handover.receive(others)
        assert (data, len(files)) == (b"x" * 50_000, 3)
        for file in files:
            socket.socket(fileno=file).close()
        mine.close()
        with pytest.raises(HandoverFailed, match="gone"):
            handover.receive(others)
