"""A short look by each fuzzer, at the first of the inputs that ``tox -e fuzz`` gives them.

Longer: ``python -m tests.fuzz DIALECT --minutes 10``.
"""

from collections.abc import Iterator
from itertools import islice

import pytest

from tests.fuzz.__main__ import DIALECTS
from tests.fuzz.mutation import inputs
from tests.fuzz.targets import TARGETS, stop

INPUTS = 50


@pytest.fixture(scope="module", autouse=True)
def _server_ends() -> Iterator[None]:
    yield
    stop()


def test_every_dialect_has_its_name_on_the_command_line():
    assert set(DIALECTS) == set(TARGETS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_bytes_do_harm(dialect):
    target = TARGETS[dialect]
    seeds = target.seeds()
    assert len(seeds) >= 3
    for data in islice(inputs(seeds, target.words, 1), len(seeds), len(seeds) + INPUTS):
        target.check(data)


DEEP = b"".join(b"@batch=%d BATCH +%d x\r\nBATCH -%d\r\n" % (n + 1, n, n - 1) for n in range(1500))
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
ONCE_HARMFUL = [
    ("sniffing", b"NICK J\xf6rg\r\n"),
    ("http", POST + b"abc\r\n" + GET),
    ("http", 2 * GET + POST + b"abc\r\n" + GET),
    ("control", b'{"x":' + b"[" * 50_000 + b'\n{"do":"\xff"}\n'),
    ("irc", b"@label=\0 \r\n@label=\rQUIT PING x\r\n"),
    ("irc", 2 * b"HELP\r\n"),
    ("irc", b"PRIVMSG NickServ :SET PASSWORD \x10hunter2secret\r\n"),
    ("irc-client", b":s CAP * LS :batch\r\n"),
    ("irc-client", b"@label=" + b"9" * 5000 + b" :s ACK\r\n"),
    ("irc-client", DEEP),
    ("irc-client", b"BATCH +2 x\r\n" + 4 * b"@batch=2 :s 341 me you\r\n" + b"\r"),
]


@pytest.mark.parametrize(("dialect", "data"), ONCE_HARMFUL, ids=[name for name, _ in ONCE_HARMFUL])
def test_what_once_did_harm(dialect, data):
    TARGETS[dialect].check(data)
