"""``kill -9`` while files are uploaded and posted: no message is left without its file.

``python -m tests.server.upload_kills 100`` kills a hundred times, ``test_upload_kills`` a few.
"""

import http.client
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlsplit

from tests.test_survival import start

UPLOADERS = 3
PATIENCE = 60
LOST = (OSError, http.client.HTTPException, EOFError)
"""How a client notices that the server was killed."""


class Member:
    """An IRC client that uploads files and says their links."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.upload = ""
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("rb")

    def enter(self, name: str) -> None:
        """Joins, and learns where files are uploaded."""
        self.send(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN #load")
        while " 366 " not in (line := self.line()):
            if found := re.search(r"soju\.im/FILEHOST=(\S+)", line):
                self.upload = urlsplit(found[1]).path

    def send(self, line: str) -> None:
        self._socket.sendall(f"{line}\r\n".encode())

    def line(self) -> str:
        line = self._file.readline()
        if not line:
            raise EOFError
        return line.decode()

    def share(self, content: bytes) -> str:
        """Uploads a file and says its link; gives the link."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote('a.bin')}"}
            connection.request("POST", self.upload, content, named)
            answer = connection.getresponse()
            if answer.status != 201:
                raise AssertionError(answer.read())
            link = answer.getheader("Location") or ""
        finally:
            connection.close()
        self.send(f"PRIVMSG #load :{link}")
        return link

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def upload_until_killed(server: Any, port: int, random: Random) -> None:
    """Uploads and says files of all sizes, some of them the same; kills the server in the middle of it."""
    left = [random.randrange(3, 20)]

    def one(name: str, seed: int) -> None:
        mine = Random(seed)  # noqa: S311  # it is to be the same each time
        member = Member(port)
        with closing(member), suppress(*LOST):
            member.enter(name)
            while True:
                member.share(mine.choice([b"the same", mine.randbytes(mine.choice([1, 70_000, 900_000]))]))
                left[0] -= 1
                if not left[0]:  # the others are anywhere in theirs
                    server.send_signal(signal.SIGKILL)

    threads = [
        threading.Thread(target=one, args=(f"u{number}", random.randrange(2**32)))
        for number in range(UPLOADERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    server.wait(PATIENCE)
    server.stdout.close()


def links_said(port: int) -> list[str]:
    """The links in all messages of the room."""
    found: list[str] = []
    before = "*"
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        file = connection.makefile("rb")
        caps = "batch server-time message-tags draft/chathistory"
        hello = f"CAP REQ :{caps}\r\nNICK reader\r\nUSER r 0 * :r\r\nCAP END\r\nJOIN #load\r\n"
        connection.sendall(hello.encode())
        while b" 366 " not in file.readline():
            pass
        while True:
            which = "LATEST #load *" if before == "*" else f"BEFORE #load msgid={before}"
            connection.sendall(f"CHATHISTORY {which} 100\r\nPING page\r\n".encode())
            page = []
            while b" PONG " not in (line := file.readline()):
                if b" PRIVMSG #load " in line and b"chathistory" not in line and b"batch=" in line:
                    page.append(line.decode())
            if not page:
                return found
            found += [link for line in page for link in re.findall(r"http://\S+", line)]
            (before,) = re.findall(r"msgid=([^; ]+)", page[0])


def check(port: int) -> int:
    """Reads the file of each message; gives how many there are."""
    links = links_said(port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for link in links:
        path = urlsplit(link).path
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        size = int(path.rpartition("/")[0].rpartition("-")[2])
        if answer.status != 200 or len(content) != size:
            raise AssertionError(f"a message is without its file: {link} gave {answer.status}")
    connection.close()
    return len(links)


def run(folder: Path, kills: int, seed: int = 1) -> int:
    """Kills so many times; gives how many messages have their files in the end."""
    random = Random(seed)  # noqa: S311  # it is to be the same each time
    database = folder / "chat.db"
    total = 0
    for number in range(kills):
        server, port = start(database)
        upload_until_killed(server, port, random)
        if number % 10 == 9 or number == kills - 1:
            server, port = start(database)
            try:
                total = check(port)
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(PATIENCE)
                server.stdout.close()
    left = [path.name for path in Path(f"{database}-files").iterdir() if path.suffix == ".part"]
    if left:
        raise AssertionError(f"uploads that did not end have left {left}")
    return total


if __name__ == "__main__":
    began = time.monotonic()
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name:
        messages = run(Path(name), times)
    print(  # noqa: T201  # a command's answer
        f"{times} kills in {time.monotonic() - began:.0f} s: {messages} messages, each with its file"
    )
