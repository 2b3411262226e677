"""Without a server: takes the lock, and does for a command what the hub would.

Owns the history while it is open; must not know sockets.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from asyncchat.control.backup import files_folder, remove_content
from asyncchat.control.operations import carry_out
from asyncchat.control.requests import ClusterStatus, Drained, Result
from asyncchat.control.wire import Refused
from asyncchat.core.commands import Command
from asyncchat.core.engine import Engine
from asyncchat.core.events import Record
from asyncchat.core.features.files import Files, RemoveFiles
from asyncchat.core.permissions import SERVER
from asyncchat.log.base import Log, check_own
from asyncchat.log.sqlite import SqliteLog


class FileExecutor:
    """A history that no server has.

    Args:
        log: it; this does not close it.
        files: the folder of uploaded files.
    """

    running = False
    page = ""

    def __init__(self, log: Log, files: Path | None = None) -> None:
        self.log = log
        self._folder = files
        self.chat = log.chat()
        self._engine = Engine(self.chat, log.last, log.last_time)

    async def request(self, command: Command) -> Sequence[object]:
        """Executes a command, and appends its records; see ``CommandExecutor.request``.

        Raises:
            LogError: it can't be written, or is a copy of a cluster's stream.
        """
        last = self._engine.number
        self._engine.at(time.time_ns() // 1000)
        outcome, _ = self._engine.execute(SERVER, command)
        records = [item for item in outcome if type(item) is Record]
        if records:
            check_own(self.log)
        await self.log.append(last, records)
        return outcome

    async def drop_files(self, ids: Sequence[str]) -> None:
        """Removes uploaded files; see ``CommandExecutor.drop_files``."""
        files = Files.of(self.chat)
        hashes = {files.by_id[id].hash for id in ids if id in files.by_id}
        await self.request(RemoveFiles(tuple(ids)))
        for hash in hashes - files.uses.keys():
            if self._folder is not None:
                await asyncio.to_thread(remove_content, self._folder, hash)

    def cluster(self) -> ClusterStatus:
        """Nobody serves; see ``CommandExecutor.cluster``."""
        raise Refused("No server is running with this history, so it is no node of a cluster")

    def drain(self, _seconds: float) -> Drained:
        """Nobody serves; see ``CommandExecutor.drain``."""
        return Drained(0, running=False)

    async def upgrade(self) -> int:
        """Nobody serves; see ``CommandExecutor.upgrade``."""
        raise Refused("No server is running with this history: start one with asyncchat serve")


async def carry_out_offline(database: Path, line: bytes) -> Result:
    """Does what a request's line asks, on a file that this opens and closes.

    Raises:
        InUse: somebody has it.
        LogError: it can't be used.
        Refused: it can't be done.
    """
    log = await SqliteLog.open(database)
    try:
        return await carry_out(FileExecutor(log, files_folder(log.path)), line)
    finally:
        await log.close()
