"""An exam of a cluster: people on all nodes claim the same names, while nodes and servers of NATS are killed.

``python -m tests.server.cluster.claims 10`` has ten faults (``faults``). Everybody takes names of a few,
gives them back, and sets the topic, one thing after the other. What all of them saw must be explained by one
order, that of the numbers in the ids of events:

- who saw an event of a number saw the same as everybody else;
- nobody got a name that somebody had;
- who was refused a name asked while somebody had it;
- what was asked after something else was done has a greater number.
"""

import asyncio
import contextlib
import re
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import msgspec

from tests.server.cluster.faults import KINDS, PATIENCE, Exam, Node, main, say

NAMES = ("ada", "bob", "cyd", "dan", "eve")
"""What all want."""

EVENT = re.compile(r"^@\S*msgid=[^-;]+-(\d+)\S* :(\w+)!\S+ (NICK|TOPIC|QUIT) :?(.*)$")
MSGID = re.compile(r"msgid=([^;\s]+)")
PAGE = 200
SERVER = "asyncchat.local"
TAKEN = " 433 "
NO_OPERATOR = " 482 "

ANSWER_SECONDS = 6.0
"""Who is not answered for so long comes anew: nothing could be said, or it went away with the node."""


class Done(msgspec.Struct):
    """What somebody asked; times are those of one clock. ``number``: of its event; 0: the name is taken."""

    began: float
    ended: float
    number: int
    name: str = ""


class Claims(Exam):
    """People who want the same names."""

    def __init__(self, folder: Path, writers: int, seed: int = 0, kinds: Sequence[str] = KINDS) -> None:
        super().__init__(folder, writers, seed, kinds)
        self.events: dict[int, tuple[str, str, str]] = {}
        """By number: who, what, and the name or the topic."""
        self.done: list[Done] = []

    async def _visit(self, reader, writer, nick, texts) -> None:
        mine = nick
        writer.write(
            b"CAP REQ :message-tags server-time batch draft/chathistory draft/event-playback\r\nCAP END\r\n"
            b"NICK %s\r\nUSER x 0 * :x\r\nJOIN #exam\r\nMODE #exam -t\r\n" % nick.encode()
        )
        lines: asyncio.Queue[str] = asyncio.Queue()
        async with asyncio.timeout(10):
            while b" 366 " not in (line := await reader.readline()):
                if not line or b" 433 " in line:
                    return
        reading = asyncio.create_task(self._note(reader, lines))
        try:
            while self.talking and not reading.done():
                if self.quiet:
                    await asyncio.sleep(0.1)
                    continue
                await asyncio.sleep(self.random.uniform(0, 0.02))
                topic = f"{nick}-{len(self.events)}-{self.random.randrange(10**9)}"
                name = self.random.choice((*NAMES, nick))
                what = "TOPIC" if self.random.random() < 0.3 or name == mine else "NICK"
                value = topic if what == "TOPIC" else name
                began = time.monotonic()
                writer.write(f"{'TOPIC #exam :' if what == 'TOPIC' else 'NICK '}{value}\r\n".encode())
                async with asyncio.timeout(ANSWER_SECONDS):
                    while (line := await lines.get()) != "":
                        found = EVENT.match(line)
                        if found and found[2] == mine and found[3] == what and found[4].endswith(value):
                            self.done.append(Done(began, time.monotonic(), int(found[1])))
                            mine = value if what == "NICK" else mine
                            break
                        if what == "NICK" and TAKEN in line:
                            self.done.append(Done(began, time.monotonic(), 0, value))
                            break
                        if what == "TOPIC" and NO_OPERATOR in line:  # until whoever opened it lets all do it
                            break
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await reading

    async def _note(self, reader: asyncio.StreamReader, lines: asyncio.Queue[str]) -> None:
        """Notes all events, and passes lines on; the empty one is the end."""
        try:
            while line := (await reader.readline()).decode():
                now = time.monotonic()
                self._silence = max(self._silence, now - self.seen_at)
                self.seen_at = now
                line = line.rstrip("\r\n")
                if found := EVENT.match(line):
                    event = (found[2], found[3], found[4])
                    if self.events.setdefault(int(found[1]), event) != event:
                        self.wrong.append(f"{found[1]} is {self.events[int(found[1])]} and {event}")
                lines.put_nowait(line)
        finally:
            lines.put_nowait("")

    async def _read_all(self) -> None:
        """Reads all events from the history: while nothing can be said, all who watch may be away."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.nodes[0].port)
        writer.write(
            b"CAP REQ :message-tags batch draft/chathistory draft/event-playback\r\nCAP END\r\n"
            b"NICK reader\r\nUSER x 0 * :x\r\nJOIN #exam\r\n"
        )
        after, more = "timestamp=2000-01-01T00:00:00.000Z", True
        async with asyncio.timeout(PATIENCE):
            while more:
                writer.write(f"CHATHISTORY AFTER #exam {after} {PAGE}\r\n".encode())
                more = False
                while not (line := (await reader.readline()).decode()).startswith(f":{SERVER} BATCH -"):
                    assert line
                    if id := MSGID.search(line):
                        after, more = f"msgid={id[1]}", True
                        if found := EVENT.match(line.rstrip("\r\n")):
                            self.events.setdefault(int(found[1]), (found[2], found[3], found[4]))
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()

    async def _judge(self) -> bool:
        await self._read_all()
        holders: dict[str, str] = {}
        held: dict[str, list[tuple[int, bool]]] = {name: [(0, False)] for name in NAMES}
        for number, (who, what, value) in sorted(self.events.items()):
            if what == "TOPIC":
                continue
            if who in held and holders.pop(who, ""):
                held[who].append((number, False))
            if what == "NICK" and value in held:
                if value in holders:
                    self.wrong.append(f"{number}: {value} was given to {who}, and {holders[value]} had it")
                holders[value] = who
                held[value].append((number, True))
        by_end = sorted(self.done, key=lambda one: one.ended)
        ends = [one.ended for one in by_end]
        newest = list(accumulate((one.number for one in by_end), max, initial=0))
        by_begin = sorted((one for one in self.done if one.number), key=lambda one: -one.began)
        begins = [-one.began for one in by_begin]
        last = max(self.events, default=0) + 1
        oldest = list(accumulate((one.number for one in by_begin), min, initial=last))
        for one in self.done:
            before = newest[bisect_left(ends, one.began)]
            after = oldest[bisect_left(begins, -one.ended)]
            if one.number and one.number < before:
                self.wrong.append(f"{one.number} was asked after {before} was done")
            if one.name in held and not _was_held(held[one.name], before, after):
                self.wrong.append(f"{one.name} was refused between {before} and {after}, and nobody had it")
        refused = sum(not one.number for one in self.done)
        say(f"{len(self.done)} things asked and answered, {refused} names refused, {len(self.events)} events")
        say(f"not explained by one order: {len(self.wrong)} {self.wrong[:5]}")
        return not self.wrong and len(self.done) > 100

    @staticmethod
    def _history(node: Node) -> list[tuple[int, str]]:
        return []


def _was_held(held: list[tuple[int, bool]], after: int, before: int) -> bool:
    """Whether somebody had a name at some moment between two numbers."""
    state = False
    for number, on in held:
        if number > before:
            break
        state = on if number <= after else state or on
    return state


if __name__ == "__main__":
    asyncio.run(main(Claims, __doc__, 5))
