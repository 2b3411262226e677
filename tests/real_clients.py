"""IRC clients that we did not write, as people have them: ``python -m tests.real_clients irssi hexchat …``.

Each registers an account, logs in, joins, reads what was said before, talks, and sees the server restart.
A line for each check says whether it was seen. At last its windows are searched for what it could not read.
Without names it tries all that are installed; ``--keep FOLDER`` leaves what they showed there. The
variables KIWI and GAMJA name the folders of their built pages, NODE_PATH the one in which irc-framework is.
CI runs only test_real_clients.py, with irssi and WeeChat.
"""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.client_programs import (
    NAME,
    PASSWORD,
    Catgirl,
    Eggdrop,
    Emacs,
    Epic,
    IrcFramework,
    Irssi,
    Limnoria,
    Program,
    Sopel,
    WeeChat,
    Znc,
    answers,
    waits_for,
)
from tests.client_windows import Gamja, HexChat, Kiwi, Lounge, Quassel
from tests.server.harness import free_port

FIRST, MISSED = "said before anyone came", "said after the restart"


class Server:
    """A server with its history in a file, which is stopped and started again at the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        words = f"-m asyncchat serve --host 127.0.0.1 --port {self.port} --name irc.example.org"
        self._command = (sys.executable, *words.split(), "--db", str(folder / "chat.db"), *options)
        self._log = (folder / "server.log").open("ab")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        assert answers(self.port)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Person:
    """Somebody else in the lobby, by raw lines, who sees what the client does."""

    def __init__(self, port: int, name: str = "bob") -> None:
        self.seen = ""
        self._socket = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self._read, daemon=True).start()
        self.send(
            f"CAP REQ :extended-join account-notify\r\nNICK {name}\r\nUSER b 0 * :b\r\nCAP END\r\nJOIN #lobby"
        )
        assert self.sees(" 366 ")

    def send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")

    def say(self, text: str, target: str = "#lobby") -> None:
        self.send(f"PRIVMSG {target} :{text}")

    def sees(self, pattern: str, seconds: float = 20, *, after: int = 0) -> bool:
        return waits_for(lambda: re.search(pattern, self.seen[after:], re.M | re.I), seconds)

    def account(self) -> bool:
        """Whether the client is logged in."""
        before = len(self.seen)
        self.send(f"WHOIS {NAME}")
        self.sees(" 318 ", after=before)
        answer = self.seen[before:]
        return f" 330 bob {NAME} {NAME} " in answer and "#lobby" in answer

    def _read(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(65536):
                for line in data.decode(errors="replace").splitlines():
                    if line.startswith("PING"):
                        self.send("PONG" + line[4:])
                self.seen += data.decode(errors="replace")


def tried(kind: type[Program], home: Path, say: Callable[[str, bool, str], None]) -> None:
    """Goes through all checks with one client."""
    server = Server(home, *kind.options)
    program = kind(home / "client", server.port)
    program.home.mkdir()
    bob = Person(server.port)
    joined = rf"^:{NAME}!\S+ JOIN #lobby {{}}"

    def talks(text: str) -> bool:
        before = len(bob.seen)
        if kind.bot:
            bob.say(kind.ask)
            return bob.sees(rf"^:{NAME}!\S+ PRIVMSG #lobby :.*pong", after=before)
        program.type(text)
        return bob.sees(rf"^:{NAME}!\S+ PRIVMSG #lobby :{text}", after=before)

    def hears(text: str, seconds: float = 20) -> bool:
        return waits_for(lambda: text in program.look(), seconds)

    try:
        if kind.bot:
            maker = Person(server.port, NAME)
            maker.say(f"REGISTER {PASSWORD}", "NickServ")
            assert maker.sees(" 900 ")
            maker.send("QUIT")
        else:
            program.start("")
            say("joins", bob.sees(joined.format(r"\*"), 40), "without an account")
            program.type(f"/msg NickServ REGISTER {PASSWORD}")
            say("registers", bob.sees(rf"^:{NAME}!\S+ ACCOUNT {NAME}"), "/msg NickServ REGISTER")
            if kind.has_certificate:
                program.type("/msg NickServ CERT ADD")
                say("adds a certificate", hears("over TLS log in to"), "/msg NickServ CERT ADD")
            program.stop()
            bob.sees(rf"^:{NAME}!\S+ QUIT", 60)
        before = len(bob.seen)
        bob.say(FIRST)
        program.start(PASSWORD)
        say("logs in", bob.sees(joined.format(NAME), 60, after=before), "and joins, with its account")
        if kind.bot:
            say("is told nothing old", not hears(FIRST, 3), "it said that it is a bot")
        else:
            say("reads what was said", hears(FIRST), "before it came")
        say("talks", talks("hello from a real client"), "")
        bob.say("hello to you")
        say("hears", hears("hello to you"), "")
        time.sleep(6)  # irc-framework does not come back if it was there for less than five seconds
        server.stop()
        server.start()
        bob = Person(server.port)
        bob.say(MISSED)
        if not kind.returns:
            program.stop()
            program.start(PASSWORD)
        say("returns", waits_for(bob.account, kind.returns or 60), "after the restart, with its account")
        if not kind.bot:
            say("reads what was missed", hears(MISSED), "after the restart")
        say("talks again", talks("hello again"), "after the restart")
        bob.say("until soon")
        hears("until soon")
        unread = [line for line in program.look().splitlines() if re.search(program.unread, line)]
        say("could read all", not unread, " / ".join(dict.fromkeys(unread))[:300])
    finally:
        (home / "windows.txt").write_text(program.look())
        program.stop()
        server.stop()


KINDS: dict[str, type[Program]] = {
    "irssi": Irssi,
    "weechat": WeeChat,
    "hexchat": HexChat,
    "quassel": Quassel,
    "catgirl": Catgirl,
    "znc": Znc,
    "erc": Emacs,
    "epic5": Epic,
    "irc-framework": IrcFramework,
    "thelounge": Lounge,
    "kiwi": Kiwi,
    "gamja": Gamja,
    "limnoria": Limnoria,
    "sopel": Sopel,
    "eggdrop": Eggdrop,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.real_clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(KINDS))
    parser.add_argument("--keep", type=Path, help="leave what the clients showed in this folder")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="clients-") as folder:
        for name in arguments.names or KINDS:
            kind = KINDS[name]
            if not kind.installed():
                print(f"{name}: not installed")  # noqa: T201
                continue

            def say(check: str, seen: bool, more: str, name: str = name) -> None:
                nonlocal failed
                failed += not seen
                line = f"{name:14} {check:24} {'seen' if seen else 'NOT SEEN':9} {more}"
                print(line.rstrip(), flush=True)  # noqa: T201

            home = (arguments.keep or Path(folder)).resolve() / name
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            tried(kind, home, say)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
