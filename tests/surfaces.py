"""All ways into one room at once: ``python -m tests.surfaces``, as root, on Linux.

The terminal client, a browser, irssi, ``nc``, UDP, ``tail`` and an asyncio program are in a network
namespace, the server is outside. All of them talk. Then the server is killed and started again, and then
the network is down for 20 seconds while people go on to talk. In the end each must have shown every message
once, in the order of the history. A line for each says so, or what is missing.

Who reads without an echo of their own messages (``nc``, pipes) is asked for those of the others. ``nc`` ends
with its connection: its person starts it again.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from playwright.sync_api import sync_playwright

from asyncchat import AsyncClient, Message
from tests.client_programs import Irssi, Terminal, waits_for
from tests.server.harness import free_port
from tests.web.conftest import CHROMIUM

SPACE, OUTSIDE, INSIDE = "asyncchat-exam", "10.213.7.1", "10.213.7.2"
IN_SPACE = ("ip", "netns", "exec", SPACE)
TOKEN = re.compile(r"\b[a-z]+-\d-\d{3}\b")
"""A message: who, in which phase, which one."""

PROGRAM = (sys.executable, "-m", "asyncchat")


def system(line: str) -> None:
    subprocess.run(line.split(), check=True)


def make_network() -> None:
    remove_network()
    for line in (
        f"ip netns add {SPACE}",
        "ip link add exam0 type veth peer name exam1",
        f"ip link set exam1 netns {SPACE}",
        f"ip addr add {OUTSIDE}/24 dev exam0",
        "ip link set exam0 up",
        f"ip netns exec {SPACE} ip addr add {INSIDE}/24 dev exam1",
        f"ip netns exec {SPACE} ip link set exam1 up",
        f"ip netns exec {SPACE} ip link set lo up",
    ):
        system(line)


def remove_network() -> None:
    for line in (f"ip netns del {SPACE}", "ip link del exam0"):
        subprocess.run(line.split(), capture_output=True, check=False)


def set_network(state: str) -> None:
    system(f"ip netns exec {SPACE} ip link set exam1 {state}")


class Server:
    """The server, which may be killed and is started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.port, self.udp = free_port(), free_port()
        self._folder = folder
        self.start()

    def start(self) -> None:
        listen = (f"tcp://{OUTSIDE}:{self.port}", f"udp://{OUTSIDE}:{self.udp}")
        options = [word for address in listen for word in ("--listen", address)]
        log = (self._folder / "server.log").open("ab")
        command = (*PROGRAM, "serve", *options, "--db", str(self._folder / "chat.db"), "--no-limits")
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        assert waits_for(self._listens, 60), (self._folder / "server.log").read_text()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _listens(self) -> bool:
        return subprocess.run(("nc", "-z", OUTSIDE, str(self.port)), check=False).returncode == 0

    def said(self) -> list[str]:
        """The messages of the history, in its order."""
        lines = self._asked("history", "#lobby", "-n", "2000", "--json")
        return [token for line in lines for token in TOKEN.findall(json.loads(line)["text"])]

    def people(self) -> int:
        """How many are in the room."""
        return len(self._asked("who", "#lobby"))

    def _asked(self, *words: str) -> list[str]:
        command = (*PROGRAM, *words, "--server", f"{OUTSIDE}:{self.port}")
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


class Way:
    """A way into the room."""

    name = ""
    echoes = True
    """Whether what is said here is shown here."""

    talks = True

    repeats = False
    """Whether it may show last lines again after a crash: without ids or an account, the server can't know
    what somebody has seen."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server = server
        self.home = home / self.name
        self.home.mkdir()

    def start(self) -> None:
        raise NotImplementedError

    def say(self, text: str) -> None:
        raise NotImplementedError

    def text(self) -> str:
        """All that was shown, in order."""
        raise NotImplementedError

    def seen(self) -> list[str]:
        """The messages shown, but for its own if it can't tell when they were taken."""
        return self.countable(TOKEN.findall(self.text()))

    def countable(self, tokens: list[str]) -> list[str]:
        return [token for token in tokens if self.echoes or not token.startswith(f"{self.name}-")]

    def stop(self) -> None:
        """Ends it."""

    def server_was_killed(self) -> None:
        """Does what a person must do to come back."""


class Pipe(Way):
    """A program that reads lines and writes lines."""

    echoes = False

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def start(self) -> None:
        self.output = (self.home / "output").open("ab")
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            (*IN_SPACE, *self.command()),
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=(self.home / "errors").open("ab"),
        )

    def say(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def text(self) -> str:
        return (self.home / "output").read_text(errors="replace")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Nc(Pipe):
    name = "nc"
    repeats = True

    def command(self) -> Sequence[str]:
        return ("nc", OUTSIDE, str(self.server.port))

    def start(self) -> None:
        super().start()
        assert waits_for(lambda: "name" in self.text(), 20)
        self.say("nora")

    def server_was_killed(self) -> None:
        self.stop()  # it waits for the end of its input
        self.start()


class Udp(Pipe):
    name = "udp"

    def command(self) -> Sequence[str]:
        return (*PROGRAM, "join", f"udp://{OUTSIDE}:{self.server.udp}", "--nick", "ula")


class Tail(Pipe):
    name = "tail"
    echoes = True
    talks = False

    def command(self) -> Sequence[str]:
        return (*PROGRAM, "tail", "#lobby", "--follow", "--json", "--server", f"{OUTSIDE}:{self.server.port}")


class InTerminal(Terminal):
    """A program in the namespace, in a terminal high enough for all that is said."""

    def start(self, password: str) -> None:
        self.configure(password)
        self.tmux("new-session", "-d", "-x", "120", "-y", "400", *IN_SPACE, *self.words(password))

    def environment(self, **more: str) -> dict[str, str]:
        config = str(self.home / "config")
        return super().environment(XDG_CONFIG_HOME=config, TERM="xterm-256color", **more)


class Full(InTerminal):
    command = f"{' '.join(PROGRAM)} join {OUTSIDE}:@PORT@ --nick tom"


class IrssiInSpace(InTerminal, Irssi):
    files: ClassVar[dict[str, str]] = {
        name: text.replace("127.0.0.1", OUTSIDE) for name, text in Irssi.files.items()
    }


class InTmux(Way):
    program: type[InTerminal]

    def start(self) -> None:
        self.terminal = self.program(self.home, self.server.port)
        self.terminal.start("")

    def say(self, text: str) -> None:
        self.terminal.type(text)

    def text(self) -> str:
        return self.terminal.tmux("capture-pane", "-p", "-J")

    def stop(self) -> None:
        (self.home / "screen").write_text(self.text())
        self.terminal.stop()


class TerminalClient(InTmux):
    name = "terminal"
    program = Full


class IrcClient(InTmux):
    name = "irssi"
    repeats = True
    program = IrssiInSpace
    echoes = False  # it shows what is typed at once, whatever the server makes of it

    def text(self) -> str:
        log = self.home / "all.log"
        return log.read_text(errors="replace") if log.exists() else ""


class Browser(Way):
    name = "browser"

    def start(self) -> None:
        assert CHROMIUM
        wrapper = self.home / "chromium"
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(IN_SPACE)} {CHROMIUM} "$@"\n')
        wrapper.chmod(0o755)
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path=wrapper, args=["--no-sandbox", "--disable-gpu"]
        )
        self.page = self.browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.goto(f"http://{OUTSIDE}:{self.server.port}/#lobby")
        self.page.get_by_label("Your name").fill("bea")
        self.page.get_by_role("button", name="Join", exact=True).click()
        self.page.wait_for_selector("#app[data-joined=true]")

    def say(self, text: str) -> None:
        field = self.page.locator("#composer textarea")
        field.fill(text)
        field.press("Enter")

    def text(self) -> str:
        # What is far back is loaded when one scrolls there, a page each time that it is asked for here.
        self.page.locator("#timeline").evaluate("(timeline) => { timeline.scrollTop = 0; }")
        return "\n".join(self.page.locator("#timeline .message .text").all_inner_texts())

    def stop(self) -> None:
        self.page.screenshot(path=self.home / "page.png")
        self.browser.close()
        self.playwright.stop()


class Program(Pipe):
    """A Python program on asyncio."""

    name = "python"
    echoes = True

    def command(self) -> Sequence[str]:
        return (sys.executable, "-m", "tests.surfaces", "--program", f"{OUTSIDE}:{self.server.port}")


async def program(address: str) -> None:
    """What ``Program`` runs: says what it reads, and prints what is said."""
    loop = asyncio.get_running_loop()
    async with AsyncClient(address, nick="pia", echo=True) as chat:

        async def talk() -> None:
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                await chat.say("#lobby", line.strip())

        talking = asyncio.create_task(talk())
        async for event in chat:
            if isinstance(event, Message):
                print(event.text, flush=True)  # noqa: T201
        await talking


WAYS: tuple[type[Way], ...] = (TerminalClient, Browser, IrcClient, Nc, Udp, Tail, Program)


class Script:
    """``asyncchat say`` for each message, outside the namespace: it talks on while the network is down."""

    def __init__(self, server: Server) -> None:
        self._address = f"{OUTSIDE}:{server.port}"

    def say(self, text: str) -> None:
        command = (*PROGRAM, "say", "#lobby", text, "--server", self._address, "--nick", "sam")
        subprocess.run(command, check=True, capture_output=True)


class Exam:
    """The phases, and what each way must have shown."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.server = Server(folder)
        self.script = Script(self.server)
        self.ways = [kind(self.server, folder) for kind in WAYS if not names or kind.name in names]
        self.failed = 0

    def enter(self) -> None:
        for way in self.ways:
            way.start()
        waits_for(lambda: self.server.people() >= sum(way.talks for way in self.ways), 60)
        time.sleep(2)  # who only reads is not seen

    def talk(self, phase: int, each: int, first: int = 0) -> None:
        """Everybody says so much, in turn, faster than one is answered."""
        for count in range(first, first + each):
            for way in self.ways:
                if way.talks:
                    way.say(f"{way.name}-{phase}-{count:03}")
            self.script.say(f"say-{phase}-{count:03}")

    def wait(self, expected: int) -> None:
        def all_there() -> bool:
            history = self.server.said()
            return len(history) >= expected and all(
                set(way.countable(history)) <= set(way.seen()) for way in self.ways
            )

        waits_for(all_there, 120)

    def report(self, phase: str) -> None:
        history = self.server.said()
        twice = [token for token, count in Counter(history).items() if count > 1]
        self._line(phase, "history", len(history), [], twice, in_order=True)
        for way in self.ways:
            seen, wanted = way.seen(), way.countable(history)
            missing = [token for token in wanted if token not in set(seen)]
            again = [token for token, count in Counter(seen).items() if count > 1]
            twice = [] if way.repeats else again
            in_order = [token for token in wanted if token in set(seen)] == list(dict.fromkeys(seen))
            self._line(phase, way.name, len(set(seen)), missing, twice, in_order=in_order)
            if again and way.repeats:
                print(f"{phase:8} {way.name:9} {len(again)} lines again")  # noqa: T201

    def _line(
        self, phase: str, name: str, count: int, missing: list[str], twice: list[str], *, in_order: bool
    ) -> None:
        good = not missing and not twice and in_order
        self.failed += not good
        more = f"  missing {missing[:5]}, twice {twice[:5]}, in order: {in_order}" if not good else ""
        print(f"{phase:8} {name:9} {count:4} {'good' if good else 'BAD'}{more}", flush=True)  # noqa: T201

    def run(self, each: int, cut: float) -> None:
        talkers = sum(way.talks for way in self.ways) + 1
        self.enter()
        self.talk(1, each)
        total = talkers * each
        self.wait(total)
        self.report("all")

        self.server.kill()
        self.server.start()
        for count in range(each):  # those who come back later read it then
            self.script.say(f"say-2-{count:03}")
        for way in self.ways:
            way.server_was_killed()
        total += each
        self.wait(total)
        self.talk(2, each, first=100)
        total += talkers * each
        self.wait(total)
        self.report("killed")

        set_network("down")
        speaking = threading.Thread(target=self._speak_outside, args=(each, cut))
        speaking.start()
        time.sleep(2)
        for count in range(each):
            for way in self.ways:
                if way.talks:
                    with suppress(OSError):
                        way.say(f"{way.name}-3-{count:03}")
        speaking.join()
        set_network("up")
        total += talkers * each
        self.wait(total)
        self.report("cut")

    def _speak_outside(self, each: int, cut: float) -> None:
        for count in range(each):
            self.script.say(f"say-3-{count:03}")
            time.sleep(cut / each)

    def end(self) -> None:
        for way in self.ways:
            with suppress(Exception):
                way.stop()
        self.server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.surfaces", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="WAY", help=", ".join(kind.name for kind in WAYS))
    parser.add_argument("--each", type=int, default=10, help="messages of each person in each phase")
    parser.add_argument("--cut", type=float, default=20.0, help="seconds without network")
    parser.add_argument("--keep", type=Path, help="leave what was shown in this folder")
    parser.add_argument("--program", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.program:
        asyncio.run(program(arguments.program))
        return
    if os.geteuid():
        sys.exit("It makes a network namespace: run it as root.")
    with tempfile.TemporaryDirectory(prefix="surfaces-") as folder:
        home = arguments.keep or Path(folder)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        make_network()
        exam: Any = None
        try:
            exam = Exam(home.resolve(), arguments.names)
            exam.run(arguments.each, arguments.cut)
        finally:
            if exam is not None:
                exam.end()
            remove_network()
    sys.exit(bool(exam.failed))


if __name__ == "__main__":
    main()
