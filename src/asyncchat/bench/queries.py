"""Searches, and pages of the history, asked over IRC one after the other by each client; answers are counted.

Owns the questions and what their answers must hold; must not know how the history was made.
"""

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncchat.bench import archive, messages, process
from asyncchat.bench.clients import CHUNK, Connection
from asyncchat.bench.load import Mark, Outcome, Setup
from asyncchat.bench.protocols import Irc
from asyncchat.bench.verify import Faults, Samples
from asyncchat.errors import AsyncChatError

CAPS = ("batch", "server-time", "message-tags", "draft/chathistory", "soju.im/search")
PAGE = 50

_STUCK_SECONDS = 60.0
_MESSAGE = re.compile(rb" PRIVMSG %b " % archive.ROOM.encode())
_BEGIN = re.compile(rb" BATCH \+(\S+) (?:soju\.im/search|chathistory)\b")
_FAILURE = re.compile(rb"(?m)^(?:@\S+ )?:\S+ FAIL .*$")
_INCOMPLETE = b" NOTE SEARCH INCOMPLETE "


@dataclass(slots=True)
class ArchiveIrc(Irc):
    """IRC in the room of an archive."""

    caps: tuple[str, ...] = CAPS

    def room(self, _room: int) -> str:
        """Return that room."""
        return archive.ROOM


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how many messages the answer must have."""

    kind: str
    line: str
    expected: int


def searches(rows: int) -> Iterator[Question]:
    """Yield searches in turn: a word in most messages, one in a few, one in none."""
    found = min(PAGE, rows // archive.ROOMS)
    rare = min(archive.RARE_COUNT, (rows - 1) // archive.ROOMS)
    while True:
        for kind, word, expected in (
            ("common", archive.COMMON, found),
            ("rare", archive.RARE, rare),
            ("absent", archive.ABSENT, 0),
        ):
            yield Question(kind, f"SEARCH in={archive.ROOM};text={word};limit={PAGE}", expected)


def pages(rows: int) -> Iterator[Question]:
    """Yield pages of the history in turn: the newest, and one from anywhere."""
    chance = random.Random(1)  # noqa: S311  # no secret
    newest = datetime.now(UTC)
    whole = min(PAGE, rows // archive.ROOMS // 2)
    while True:
        yield Question("newest", f"CHATHISTORY LATEST {archive.ROOM} * {PAGE}", whole)
        ago = timedelta(microseconds=chance.randrange(rows // 10, rows // 2) * archive.APART)
        at = f"{newest - ago:%Y-%m-%dT%H:%M:%S.000Z}"
        yield Question("far", f"CHATHISTORY BEFORE {archive.ROOM} timestamp={at} {PAGE}", whole)


@dataclass(slots=True)
class _Asker:
    connection: Connection
    question: Question | None = None
    end: bytes = b""
    sent: int = 0
    heard: bytearray = field(default_factory=bytearray)


class Queries:
    """The questions of a scenario.

    Args:
        setup: The clients, which have joined.
        questions: What is asked.
    """

    def __init__(self, setup: Setup, questions: Iterator[Question]) -> None:
        self._setup, self._questions = setup, questions
        self._askers = {each.fd: _Asker(each) for each in setup.clients.connections}
        self.faults = Faults()
        self.samples: dict[str, Samples] = {}
        """By kind."""
        self.first_ms = 0.0
        """How long the first answer took: nothing was read before."""
        self.incomplete = 0
        self._answered = self._last_us = 0

    def run(self) -> Outcome:
        """Ask one question, warm up, measure.

        Raises:
            AsyncChatError: The server closes a connection, or does not answer for a minute.
        """
        scenario = self._setup.scenario
        asker = next(iter(self._askers.values()))
        self._ask(asker)
        self._until_all_answered()
        self.first_ms = self._last_us / 1000
        began = time.monotonic()
        self._until(began + scenario.warmup)
        begin = self._mark()
        self._until(begin.at + scenario.seconds)
        end = self._mark()
        self._until_all_answered()
        self.samples = {kind: each.between(begin.at, end.at) for kind, each in self.samples.items()}
        return Outcome(begin, end, self.faults, list(self.samples.values()))

    def _mark(self) -> Mark:
        poller = self._setup.poller
        generator = time.process_time() - poller.spun
        return Mark(time.monotonic(), self._setup.server_cpu(), generator, self._answered, self._answered,
                    process.machine_seconds(), poller.spun)  # fmt: skip

    def _until(self, end: float) -> None:
        told = time.monotonic()
        while (now := time.monotonic()) < end:
            for asker in self._askers.values():
                if asker.question is None:
                    self._ask(asker)
            self._turn(min(end - now, 0.1))
            if now - told > 1:
                told = now
                self._setup.progress(f"{self._answered:,} questions were answered")

    def _until_all_answered(self) -> None:
        until = time.monotonic() + _STUCK_SECONDS
        while any(asker.question is not None for asker in self._askers.values()):
            self._turn(0.1)
            if time.monotonic() > until:
                raise AsyncChatError(f"the server did not answer within {_STUCK_SECONDS:.0f} s")

    def _ask(self, asker: _Asker) -> None:
        asker.question = next(self._questions)
        asker.end = b""
        asker.heard.clear()
        asker.sent = messages.now()
        asker.connection.send(asker.question.line.encode() + b"\r\n")

    def _turn(self, seconds: float) -> None:
        for fd, _ in self._setup.poller.wait(seconds):
            asker = self._askers[fd]
            while chunk := asker.connection.read():
                asker.heard += chunk
                if len(chunk) < CHUNK:
                    break
            if not asker.end and (begin := _BEGIN.search(asker.heard)):
                asker.end = b" BATCH -" + begin[1] + b"\r\n"
            over = asker.heard.endswith(asker.end) if asker.end else _FAILURE.search(asker.heard)
            if asker.question is not None and over:
                self._take(asker, asker.question)

    def _take(self, asker: _Asker, question: Question) -> None:
        at = messages.now()
        self._answered += 1
        asker.question = None
        self._last_us = at - asker.sent
        self.samples.setdefault(question.kind, Samples()).add(asker.sent, at)
        answer = bytes(asker.heard)
        self.incomplete += _INCOMPLETE in answer
        found = len(_MESSAGE.findall(answer))
        if failed := _FAILURE.search(answer):
            self.faults.refused += 1
            self.faults.note(failed[0].decode("utf-8", "replace"))
        elif found != question.expected and _INCOMPLETE not in answer:
            self.faults.altered += 1
            self.faults.note(f"{question.line}: {found} messages, not {question.expected}")
