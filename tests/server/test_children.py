"""Processes that are kept running, with plain programs in the place of workers."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from asyncchat.server import children, systemd
from asyncchat.server.children import Child, Signs, spawn
from asyncchat.server.reload import ServeError
from tests.client_programs import waits_for
from tests.server.harness import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")


class Program(Child):
    """Runs one of these shell scripts after the other, then the last one again and again.

    It is ready when it has written a line.
    """

    def __init__(self, *scripts: str, signs: Signs | None = None) -> None:
        super().__init__("program", signs)
        self._scripts = list(scripts)
        self.started = 0
        self._all: list[Process] = []

    async def start(self) -> Process:
        script = self._scripts[min(self.started, len(self._scripts) - 1)]
        self.started += 1
        self._all.append(await spawn(["/bin/sh", "-c", script], dict(os.environ), stdout=PIPE))
        return self._all[-1]

    async def closed(self) -> None:
        """Reads what is left, so that nothing stays open."""
        for process in self._all:
            assert process.stdout is not None
            await process.stdout.read()
            await process.wait()
        await asyncio.sleep(0)

    async def wait_ready(self, process: Process) -> bool:
        assert process.stdout is not None
        return bool(await process.stdout.readline())


RUNS = "echo ready; exec sleep 1000"
STUBBORN = "trap '' TERM; " + RUNS


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(children, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(children, "LONGEST_PAUSE", 0.001)


def run(scene):
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await scene()

    asyncio.run(bounded())


def test_one_that_ends_is_started_again(caplog):
    async def scene() -> None:
        program = Program("echo ready", "echo ready; kill -9 $$", RUNS)
        keeping = asyncio.create_task(program.keep())
        while program.started < 3 or not program.ready.is_set():  # noqa: ASYNC110  # that is what it waits for
            await asyncio.sleep(0.01)
        keeping.cancel()
        await program.end(PATIENCE)
        await program.closed()

    run(scene)
    assert caplog.messages == [
        "program has ended with status 0: it is started again",
        "program was ended by SIGKILL: it is started again",
    ]


def test_one_that_could_not_start_at_all_is_not_tried_again():
    async def scene() -> None:
        program = Program("exit 1", RUNS)
        with pytest.raises(ServeError, match="program could not start; what it wrote above says why"):
            await program.keep()
        await program.closed()
        assert program.started == 1

    run(scene)


def test_one_that_ends_again_and_again_is_given_up():
    async def scene() -> None:
        program = Program("echo ready", "exit 1")
        with pytest.raises(ServeError, match="program ended 6 times in a row, so all stopped"):
            await program.keep()
        await program.closed()
        assert program.started == children.MOST_FAILURES + 1

    run(scene)


def test_one_is_started_anew_when_that_is_wanted(caplog):
    async def scene() -> None:
        program = Program(RUNS)
        keeping = asyncio.create_task(program.keep())
        await program.ready.wait()
        before = program.process
        await program.renew()
        assert program.process is not before
        keeping.cancel()
        await program.end(PATIENCE)
        await program.closed()

    run(scene)
    assert caplog.messages == []


def test_a_signal_may_wait_until_it_is_ready(caplog):
    async def scene() -> None:
        program = Program("trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done", RUNS)
        keeping = asyncio.create_task(program.keep())
        sending = asyncio.create_task(program.send_when_ready(signal.SIGUSR1))
        await sending
        while program.started < 2 or not program.ready.is_set():  # noqa: ASYNC110  # that is what it waits for
            await asyncio.sleep(0.01)
        keeping.cancel()
        await program.end(PATIENCE)
        await program.closed()

    run(scene)
    assert caplog.messages == ["program has ended with status 7: it is started again"]


def test_one_that_does_not_stop_is_killed(caplog):
    async def scene() -> None:
        program = Program(STUBBORN)
        keeping = asyncio.create_task(program.keep())
        await program.ready.wait()
        keeping.cancel()
        process = program.process
        assert process is not None
        await program.end(0.01)
        await program.closed()
        assert process.returncode == -signal.SIGKILL

    run(scene)
    assert caplog.messages == ["program does not stop within 0.01 s: it is killed"]


def test_one_that_gives_no_sign_of_life_is_killed_and_started_again(caplog, monkeypatch):
    monkeypatch.setattr(children, "SILENCE_SECONDS", 0.05)

    async def scene() -> None:
        program = Program(RUNS, signs=Signs())
        keeping = asyncio.create_task(program.keep())
        while program.started < 2 or not program.ready.is_set():  # noqa: ASYNC110  # that is what it waits for
            await asyncio.sleep(0.01)
        keeping.cancel()
        await program.end(PATIENCE)
        await program.closed()
        program.close()

    run(scene)
    assert caplog.messages[:2] == [
        "program has given no sign of life for 0.05 s: it is killed",
        "program was ended by SIGKILL: it is started again",
    ]


def test_signs_of_life_are_those_of_systemd(monkeypatch):
    signs = Signs()
    for name, value in signs.environment.items():
        monkeypatch.setenv(name, value)
    assert systemd.watchdog_seconds() == children.SILENCE_SECONDS

    async def scene() -> None:
        monkeypatch.setattr(children, "SILENCE_SECONDS", PATIENCE)
        waiting = asyncio.create_task(signs.wait_silence())
        for _ in range(3):
            systemd.notify("WATCHDOG=1")
            while not is_taken():  # noqa: ASYNC110  # that is what it waits for
                await asyncio.sleep(0.01)
        assert not waiting.done()
        waiting.cancel()

    def is_taken() -> bool:
        try:
            signs._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False

    run(scene)
    monkeypatch.setattr(children, "SILENCE_SECONDS", 0.01)
    run(signs.wait_silence)
    signs.close()


STARTER = """
import asyncio, os, sys
from asyncchat.server.children import spawn

async def main():
    process = await spawn(["/bin/sleep", "1000"], dict(os.environ))
    print(process.pid, flush=True)
    await process.wait()

asyncio.run(main())
"""


def test_one_ends_with_the_process_that_started_it():
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        number = int(starter.stdout.readline())
        os.kill(number, 0)
        starter.kill()

    def is_gone() -> bool:
        try:
            with open(f"/proc/{number}/stat") as stat:
                return stat.read().rpartition(") ")[2].startswith("Z")
        except FileNotFoundError:
            return True

    assert waits_for(is_gone, PATIENCE)
