"""The histories of workers: those of all but the first are copies of the first one's.

Owns when such a copy is made, and when the stream begins anew. Must not know how workers are started.
"""

import asyncio
import logging
from pathlib import Path

from asyncchat.cluster.place import first_number
from asyncchat.cluster.stream import Stream
from asyncchat.log.backup import reading, restoring
from asyncchat.log.base import LogError
from asyncchat.log.database import last_record

_logger = logging.getLogger("asyncchat.cluster")


async def make_fit(stream: Stream, database: Path, first: Path) -> None:
    """Has a worker's history be one with which it can join the others.

    Args:
        stream: the stream, which only the workers use.
        database: the history of this worker.
        first: the history of the first one, which has joined; or it is this one's.

    Raises:
        LogError: it can't be read or written.
    """
    end = await stream.at_end()
    if database == first:
        last, epoch = await asyncio.to_thread(_end_of, database)
        if last and end.sequence and epoch != stream.epoch:
            _logger.warning("The history was used by a single server; the workers go on with it")
            await stream.renew()
    elif not await _is_fit(stream, database):
        _logger.info("This worker begins with a copy of the history of the first")
        await asyncio.to_thread(_copy, first, database)


async def _is_fit(stream: Stream, database: Path) -> bool:
    """Whether a history is one of the stream's that can go on with it."""
    try:
        last, epoch = await asyncio.to_thread(_end_of, database)
    except LogError as error:
        _logger.warning("%s", error)
        return False
    return epoch == stream.epoch and last + 1 >= await first_number(stream, stream.first)


def _end_of(database: Path) -> tuple[int, str]:
    """The last record's number and epoch; 0 where there is none."""
    if not database.exists():
        return 0, ""
    with reading(database) as connection:
        last, _ = last_record(connection)
        query = "SELECT name FROM epochs WHERE first <= ? ORDER BY place DESC LIMIT 1"
        (epoch,) = connection.execute(query, (last,)).fetchone() or ("",)
    return last, epoch


def _copy(first: Path, database: Path) -> None:
    with restoring(first, database, lambda _done, _of: None) as (_, before):
        if before is not None:
            for part in (before, Path(f"{before}-wal")):
                part.unlink(missing_ok=True)
