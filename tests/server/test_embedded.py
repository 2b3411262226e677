"""A server as a part of another program, in asyncio's own loop and in uvloop."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path

import pytest
import uvloop

from asyncchat import AsyncChatError, AsyncClient, Client, Message, Server
from asyncchat.server import embedded

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine; what the loop complains of fails the test."""
    troubles = []

    def loop():
        made = request.param()
        made.set_exception_handler(lambda _loop, context: troubles.append(str(context)))
        return made

    with asyncio.Runner(loop_factory=loop) as runner:
        yield lambda scene: runner.run(asyncio.wait_for(scene, PATIENCE))
    assert troubles == []


def test_post_and_subscribe(run):
    async def scene():
        async with Server(port=0, db=":memory:") as server:
            assert server.url == f"http://{server.address}"
            assert repr(server) == f"<Server at {server.url}>"
            messages = server.subscribe("#CI")
            async with AsyncClient(server.address, nick="anna", rooms=["#ci"]) as anna:
                first = await server.post("#ci", "hi\r\nall\n", nick="app")
                heard = await anna.receive()
                while not isinstance(heard, Message):
                    heard = await anna.receive()
                assert (heard.id, heard.nick, heard.text) == (first, "app", "hi\nall")
                second = await (await anna.say("#ci", "waves", action=True, reply_to=first)).wait()
            await server.post("#tea", "elsewhere", nick="app")
            third = await server.post("#ci", "bye", nick="app", notice=True)
            found = [await anext(messages) for _ in range(3)]
            assert [message.id for message in found] == [first, second, third]
            assert [message.nick for message in found] == ["app", "anna", "app"]
            assert (found[1].action, found[1].reply_to, found[2].notice) == (True, first, True)
            assert found[0].time == heard.time
        assert [message async for message in messages] == []  # it ends with the server
        assert repr(server) == "<Server: not running>"

    run(scene())


def test_workers_are_for_the_program(run):
    async def scene():
        with pytest.raises(AsyncChatError, match="Only “asyncchat serve” starts workers"):
            await Server(workers=2).__aenter__()

    run(scene())


def test_what_is_refused(run):
    async def scene():
        server = Server()
        with pytest.raises(AsyncChatError, match="does not run"):
            server.subscribe("#ci")
        async with server, AsyncClient(server.address, nick="anna"):
            for room, text, nick, why in [
                ("#ci", "hi", "anna", "a person or an account has that name"),
                ("#ci", "hi", "a b", "that can't be a name: it has a space"),
                ("#ci", "", "app", "nothing to send"),
                ("#ci", "x" * 8193, "app", "8,?192"),
                ("ci", "hi", "app", "#"),
            ]:
                with pytest.raises(AsyncChatError, match=f"(?i){why}"):
                    await server.post(room, text, nick=nick)
            with pytest.raises(AsyncChatError, match="No room can be called so"):
                server.subscribe("#a b")
            with pytest.raises(AsyncChatError, match="runs already"):
                await server.__aenter__()

    run(scene())


def test_a_program_that_does_not_read_is_told_what_it_lost(run, monkeypatch):
    monkeypatch.setattr(embedded, "BACKLOG", 3)

    async def scene():
        async with Server() as server:
            messages = server.subscribe("#ci")
            for number in range(6):
                await server.post("#ci", f"{number}", nick="app")
            assert [(await anext(messages)).text for _ in range(4)] == ["0", "1", "2", "3"]
            with pytest.raises(AsyncChatError, match="3 messages waited"):
                await anext(messages)

    run(scene())


def test_a_subscription_that_nobody_has_ends(run):
    async def scene():
        async with Server() as server:
            members_of = server._server.delivery.members_of
            closed = server.subscribe("#ci")
            await server.post("#ci", "hi", nick="app")
            await server.post("#tea", "by now the first one is delivered", nick="app")
            closed.close()
            closed.close()
            assert [message.text async for message in closed] == ["hi"]
            forgotten = server.subscribe("#ci")
            assert members_of("#ci") == 1
            gone = weakref.ref(forgotten)
            del forgotten
            assert gone() is None
            await server.post("#ci", "hi", nick="app")
            assert members_of("#ci") == 0

    run(scene())


def test_several_in_one_program(run):
    async def scene():
        async with Server() as one, Server() as other:
            assert one.url != other.url
            messages = other.subscribe("#ci")
            await one.post("#ci", "one", nick="app")
            await other.post("#ci", "other", nick="app")
            assert (await anext(messages)).text == "other"

    run(scene())


def _threads():
    """All but those of the loop's own pool."""
    names = ("asyncio_", "uvloop_")
    return [thread for thread in threading.enumerate() if not thread.name.startswith(names)]


def of_process():
    """What a server may change of a process."""
    return (
        {thread.name for thread in _threads()},
        {task.get_name() for task in asyncio.all_tasks()},
        len(os.listdir("/proc/self/fd")),
        sorted(Path(tempfile.gettempdir()).glob("asyncchat*")),
        [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        (logging.root.level, list(logging.root.handlers), logging.getLogger("asyncchat").level),
        resource.getrlimit(resource.RLIMIT_NOFILE),
        (gc.get_threshold(), gc.get_freeze_count()),
    )


async def visit(database):
    async with Server(db=database, listen=["udp://127.0.0.1:0"]) as server:
        async with AsyncClient(server.address, nick="anna") as anna:
            await (await anna.say("#lobby", "hi")).wait()
        assert {"asyncchat server"} <= {task.get_name() for task in asyncio.all_tasks()}


async def visits(folder):
    """Nothing of a server is left in a process but its history."""
    await visit(":memory:")  # what is made once for all
    before = of_process()
    for database in (":memory:", folder / "chat.db"):
        await visit(database)
        gc.collect()
        for thread in _threads():
            if thread.name not in before[0]:
                thread.join(PATIENCE)  # it is at its end
        assert of_process() == before
    async with Server(db=folder / "chat.db") as server, AsyncClient(server.address, nick="anna") as anna:
        assert [message.text for message in await anna.history("#lobby")] == ["hi"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_nothing_of_it_is_left(loop, tmp_path):
    """In a process of its own: what other tests have left may go meanwhile."""
    program = f"""if True:
        import {loop}
        from pathlib import Path
        from tests.server.test_embedded import visits
        {loop}.run(visits(Path.cwd()))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "chat.db-wal").exists()


def test_a_program_that_fails_ends_the_server(run):
    server = Server()

    async def fail():
        async with server:
            raise ZeroDivisionError

    async def scene():
        async with server:
            return await server.post("#ci", "hi", nick="app")

    with pytest.raises(ZeroDivisionError):
        run(fail())
    assert repr(server) == "<Server: not running>"
    assert run(scene())  # it may be entered again


def test_a_port_in_use(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        async def scene():
            async with Server(port=port):
                pass

        with pytest.raises(AsyncChatError, match=f"Port {port} is in use"):
            run(scene())


def test_a_history_in_use(run, tmp_path):
    async def scene():
        async with Server(db=tmp_path / "chat.db"), Server(db=tmp_path / "chat.db"):
            pass

    with pytest.raises(AsyncChatError, match="is in use"):
        run(scene())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"prot": 1}, "There is no option prot: did you mean port?"),
        ({"burst": 2}, "There is no option burst: did you mean limits_burst?"),
        ({"limits_burst": 0}, "limits_burst: "),
        ({"port": "x"}, "port: expected int, got str"),
        ({"name": "a b"}, "name: it can have only letters"),
        ({"rooms": {}}, "rooms is a table: state it in a configuration file"),
        ({"config": "/nowhere.toml"}, "can't be read"),
    ],
)
def test_an_option_that_is_not_valid(options, why):
    with pytest.raises(AsyncChatError) as raised:
        Server(**options)
    assert why in str(raised.value)


def test_a_configuration_file(run, tmp_path, monkeypatch):
    (tmp_path / "chat.toml").write_text('password = "plumotter41"\n[rooms."#ci"]\ntopic = "builds"\n')
    monkeypatch.setenv("ASYNCCHAT_PASSWORD", "not read")

    async def scene():
        async with (
            Server(config=tmp_path / "chat.toml", history=False) as server,
            AsyncClient(server.address, nick="anna", rooms=["#ci"], password="plumotter41") as anna,  # noqa: S106
        ):
            assert anna.topic("#ci") == "builds"

    run(scene())


def test_a_client_in_threads_meets_it(run):
    def talk(address):
        with Client(address, nick="anna", rooms=["#ci"]) as anna:
            return anna.say("#ci", "hi").wait(PATIENCE)

    async def scene():
        async with Server() as server:
            messages = server.subscribe("#ci")
            said = await asyncio.to_thread(talk, server.address)
            assert (await anext(messages)).id == said

    run(scene())


def test_ctrl_c_is_the_programs_own():
    program = """if True:
        import asyncio, os, signal
        from asyncchat import Server

        # Whoever runs the tests may ignore it, as a shell does for what it runs in the background.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        async def main():
            async with Server() as server:
                await server.post("#ci", "hi", nick="app")
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(60)

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("mine")
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")
