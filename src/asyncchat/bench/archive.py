"""Histories of many messages, made without a server, by appends to the log; one is made once for all runs.

Owns what is in them. Must not know who reads them.
"""

import asyncio
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from asyncchat.bench.messages import STAMPED, paddings
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import person

ROOM = "#lobby"
"""The room that is read. One message in ``ROOMS`` is said there."""

ROOMS = 20
COMMON, RARE, ABSENT = "the", "zyzzyva", "qwxqwx"
"""Words: one that most messages have, one that ``RARE_COUNT`` of the room have, one that none has."""

RARE_COUNT = 10
APART = 1_000_000
"""Microseconds between two messages; the last was said when the archive was made."""

_PEOPLE = 200
_TEXT_BYTES = 60
_BATCH = 2000


class Archives:
    """The archives of one call of bench, in a folder.

    Args:
        folder: Where they are made.
        progress: Called with what is being done.
    """

    def __init__(self, folder: Path, progress: Callable[[str], None]) -> None:
        self._folder, self._progress = folder, progress

    def copy(self, rows: int, database: Path) -> None:
        """Put a history of so many messages, with its index, at a path."""
        made = self._folder / f"{rows}.db"
        if not made.exists():
            asyncio.run(_make(made, rows, self._progress))
        # With the lock file, in which the history is said to be closed cleanly.
        for end in ("", "-lock", "-search"):
            shutil.copyfile(f"{made}{end}", f"{database}{end}")


async def _make(path: Path, rows: int, progress: Callable[[str], None]) -> None:
    from asyncchat.log.sqlite import SqliteLog

    log = await SqliteLog.open(path)
    try:
        chance = random.Random(1)  # noqa: S311  # no secret
        texts = [pad.decode() for pad in paddings(STAMPED + _TEXT_BYTES, "words")]
        people = [person(number, f"person{number}", "bench", "192.0.2.1") for number in range(1, _PEOPLE)]
        rooms = [ROOM, *(f"#room{number}" for number in range(1, ROOMS))]
        rare = set(range(ROOMS, rows, max(1, rows // ROOMS // RARE_COUNT) * ROOMS)[:RARE_COUNT])
        at = time.time_ns() // 1000 - rows * APART
        for start in range(0, rows, _BATCH):
            records = []
            for number in range(start + 1, min(start + _BATCH, rows) + 1):
                text = f"{texts[chance.randrange(len(texts))]} {number % 10_000}"
                if number in rare:
                    text = f"{RARE} {text}"
                said = Said(rooms[number % ROOMS], people[number % len(people)], text)
                records.append(Record(number, at + number * APART, said))
            await log.append(start, records)
            if start % (_BATCH * 50) == 0:
                progress(f"{start:,} of {rows:,} messages are made")
        progress(f"the index of {rows:,} messages is made")
        await log.run_maintenance()
    finally:
        await log.close()
