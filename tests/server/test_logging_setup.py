"""What reaches standard error, and that nobody who does not read it holds anything up."""

import json
import logging
import os
import sys
import time

import pytest

from asyncchat.server import logging_setup
from asyncchat.server.logging_setup import JsonFormatter, TextFormatter, ThreadedHandler, visible

EVIL = "x\r\n2026-01-01 00:00:00,000 WARNING mallory became operator\x1b]52;c;ZXZpbA==\x07\u202e\x9b2J\ud800"


def record(message, *args, **more):
    made = logging.LogRecord("asyncchat", logging.WARNING, "", 0, message, args, None)
    vars(made).update(more)
    return made


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_what_a_peer_sent_is_shown_and_does_nothing():
    text = TextFormatter().format(record("%s left", EVIL))
    assert text.isprintable()
    assert "x\\r\\n2026" in text
    assert "\\x1b]52;" in text
    assert "\\u202e" in text
    assert visible("Иван 🎉 na\u00efve") == "Иван 🎉 na\u00efve"


def test_a_line_of_a_traceback_is_never_at_the_beginning_of_a_line():
    try:
        raise ValueError(EVIL)
    except ValueError:
        failed = record("it failed", exc_info=sys.exc_info())
    first, *lines = TextFormatter().format(failed).split("\n")
    assert first.endswith("WARNING it failed")
    assert all(line.startswith("  ") and line.isprintable() for line in lines)
    assert any("mallory" in line for line in lines)
    entry = json.loads(JsonFormatter().format(failed))
    assert all(line.isprintable() for line in entry["traceback"].split("\n"))


def test_json_has_no_control_characters_after_it_is_read():
    entry = json.loads(JsonFormatter().format(record("%s", EVIL)))
    assert entry["message"].isprintable()
    assert entry["message"].startswith("x\\r\\n2026")


def test_where_several_write_the_log_each_says_who_it_is():
    assert TextFormatter("worker-2").format(record("ready")).endswith("WARNING worker-2: ready")
    entry = json.loads(JsonFormatter("worker-2").format(record("ready")))
    assert (entry["worker"], entry["message"]) == ("worker-2", "ready")
    assert "worker" not in json.loads(JsonFormatter().format(record("ready")))


def test_who_does_not_read_blocks_nothing_and_is_told_what_was_lost(pipe):
    reading, writing = pipe
    handler = ThreadedHandler(writing, most=100_000, patience=0.0)
    for number in range(10_000):
        handler.handle(record("%s", f"{number} {'x' * 90}"))
    assert handler._waiting <= 100_000
    handler.flush()
    handler.close()
    # A gap is told where it is. While that waits for its turn, more may be lost: a further gap.
    read, expected, kept = b"", 0, 0
    while expected < 10_000:
        read += os.read(reading, 65_536)
        *lines, read = read.split(b"\n")
        for line in lines:
            if line.startswith(b"Lines lost here, because standard error took no more: "):
                expected += int(line.split()[-1])
            else:
                assert line.split()[0] == b"%d" % expected
                expected, kept = expected + 1, kept + 1
    assert expected == 10_000
    assert read == b""
    assert 1000 < kept < 10_000
    handler.handle(record("again"))
    assert os.read(reading, 100) == b"again\n"


def test_a_pipe_without_a_reader_is_no_trouble():
    reading, writing = os.pipe()
    os.close(reading)
    handler = ThreadedHandler(writing, patience=60.0)
    for _ in range(3):
        handler.handle(record("nobody reads this"))
        handler.flush()
    assert not handler._waiting
    os.close(writing)


def test_a_descriptor_that_does_not_block(pipe):
    reading, writing = pipe
    os.set_blocking(writing, False)
    handler = ThreadedHandler(writing, patience=60.0)
    handler.handle(record("x" * 200_000))
    read = 0
    while read < 200_001:
        read += len(os.read(reading, 65_536))
    handler.flush()


class CountingHandler(ThreadedHandler):
    """Keeps what it writes."""

    def __init__(self, descriptor):
        self.writes = []
        super().__init__(descriptor, patience=60.0)

    def _write(self, data):
        self.writes.append(data)
        return super()._write(data)


def test_lines_that_come_together_are_written_together(pipe):
    handler = CountingHandler(pipe[1])
    began = time.monotonic()
    for number in range(300):
        handler.handle(record("%s", number))
        time.sleep(0)  # the other thread may run
    handler.flush()
    took = time.monotonic() - began
    assert b"".join(handler.writes) == b"".join(b"%d\n" % number for number in range(300))
    assert len(handler.writes) <= 2 + took / logging_setup.GATHER_SECONDS
