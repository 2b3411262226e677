"""Without a server: takes the lock, and does for a command what the hub would.

Owns the history while it is open; must not know sockets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from asyncchat.control.executor import CONSOLE
from asyncchat.control.operations import carry_out
from asyncchat.control.requests import Result
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Question
from asyncchat.core.events import Event, Kept, Record
from asyncchat.log.base import Log
from asyncchat.log.sqlite import SqliteLog


class FileExecutor:
    """A history that no server has.

    Args:
        log: it; the desk does not close it.
    """

    running = False

    def __init__(self, log: Log) -> None:
        self.log = log
        self.chat = Chat.replay(log.state())

    async def submit(self, command: Command) -> Sequence[object]:
        """Decides, applies and appends; see ``CommandExecutor.submit``."""
        now = max(self.log.last_time, time.time_ns() // 1000)
        last = self.log.last
        outcome: list[object] = []
        records: list[Record] = []
        for item in self.chat.decide(CONSOLE, command, now):
            if isinstance(item, Event):
                if item.kept is not Kept.NEVER:
                    self.chat.apply(item)
                    records.append(Record(last + len(records) + 1, now, item))
                    outcome.append(records[-1])
            else:
                outcome.append(self.chat.answer(CONSOLE, item) if isinstance(item, Question) else item)
        await self.log.append(last, records)
        return outcome


async def carry_out_offline(database: Path, line: bytes) -> Result:
    """Does what a request's line asks, on a file that this opens and closes.

    Raises:
        InUse: somebody has it.
        LogError: it can't be used.
        Refused: it can't be done.
    """
    log = await SqliteLog.open(database)
    try:
        return await carry_out(FileExecutor(log), line)
    finally:
        await log.close()
