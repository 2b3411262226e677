"""Maintenance: the work on the file behind the appends, and when it is done.

Owns the task that follows the appends, its thread and its connection. It reads while appends go on, and holds
them up, by ``turn``, only while it writes. The single steps belong to ``postings``, ``snapshot``,
``retention`` and ``schema``.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from functools import partial

from asyncchat.core.forgotten import Identity
from asyncchat.log import forgetting, postings, retention, schema, snapshot
from asyncchat.log.base import LogError, RetentionPolicy
from asyncchat.log.database import Database
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writer import Writer

_log = logging.getLogger(__name__)

_MAX_SLEEP = 3600.0
"""Seconds after which maintenance runs without an append."""

_PAGE_BYTES = 4096
"""Bytes of a page of the file, SQLite's default."""

_STREAM_FACTS = 1000
"""Facts whose stream postings are written in one step: each may be a row, and appends wait meanwhile."""

_FORGOTTEN_ROWS = 2000
"""Messages that one step forgets: as many as one event of an erasure has."""

_VACUUMED_ALWAYS = 256 * 1024 * 1024
"""Bytes up to which the file is written anew when somebody was forgotten: one or two seconds.

``secure_delete`` overwrites the rows that are deleted. But when SQLite moves rows between pages, it leaves
copies of them in the unused parts of pages, and only this removes these.
"""

_FORGET_STEPS = 20
"""Steps of forgetting between two checkpoints: else the write-ahead log grows by all that is changed."""

_TRIES = 5
"""How often it is tried to empty the write-ahead log while somebody waits for that."""


class Maintenance:
    """Keeps a database in order while its log is open.

    Args:
        database: the file.
        writer: the one that writes to it.
        turn: held by whoever uses the writer.
        writer_thread: the thread for it.
        tuning: when to do what.
        clear_index: has everything leave the search's index.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        turn: asyncio.Lock,
        writer_thread: Worker,
        tuning: Tuning,
        clear_index: Callable[[], Awaitable[None]],
    ) -> None:
        self._connection = database.connect()
        schema.replace_bad_text(self._connection)
        self._thread = Worker("history-maintenance")
        self._database = database
        self._writer = writer
        self._turn = turn
        self._writer_thread = writer_thread
        self._tuning = tuning
        self._indexed_upto = database.indexed_upto
        self._checkpointed = 0
        """``writer.written`` at the last checkpoint."""
        self._certain = 0
        """``writer.written`` after the last checkpoint: what was written since is not yet in the database."""
        self._erased = 0
        """``writer.erasures`` when the write-ahead log was last emptied."""
        self._forgotten = 0
        """``writer.forgotten`` when all records had forgotten them."""
        self._forget_steps = 0
        self._clear_index = clear_index
        self._snapshot_at = tuning.snapshot_at
        self._policy = RetentionPolicy()
        self._awake = False
        self._wake = asyncio.Event()
        self._due = asyncio.Event()
        self._running = asyncio.Lock()
        self._task = asyncio.create_task(self._run(), name="history-maintenance")

    def set_retention(self, policy: RetentionPolicy) -> None:
        """Removes from now on what the policy does not keep."""
        self._policy = policy
        self._wake.set()

    def appended(self) -> None:
        """Something was appended."""
        if not self._awake:
            self._awake = True
            self._wake.set()
        writer, tuning = self._writer, self._tuning
        if (
            writer.last - self._indexed_upto >= tuning.lag
            or writer.written - self._checkpointed >= tuning.checkpoint_at
            or writer.erasures != self._erased
        ):
            self._due.set()

    async def run_now(self) -> None:
        """Does all that there is to do.

        Raises:
            LogError, sqlite3.Error: the disk does not allow it.
        """
        await self._run_once(quiet=True)

    async def forget(self, *, vacuum: bool) -> bool:
        """Has all records forget those who are to be forgotten, which else waits for a quiet moment.

        Args:
            vacuum: whether the file is written anew even if it is large.

        Returns:
            Whether it was, and the write-ahead log is empty. It is emptied later while somebody reads.

        Raises:
            LogError, sqlite3.Error: it can't be done now.
        """
        async with self._running:
            await self._forget()
            is_vacuumed = await self._vacuum(whatever_size=vacuum)
        for _ in range(_TRIES):
            await self._run_once(quiet=True)
            if self._writer.erasures == self._erased:
                return is_vacuumed
            await asyncio.sleep(self._tuning.quiet)
        return False

    async def _forget(self) -> None:
        forgotten = self._writer.forgotten
        for number, event in await self._thread.run(forgetting.pending, self._connection):
            who = event.whom
            if not await self._take_snapshot(at_once=True):
                raise LogError("The history can't forget anybody: no snapshot of its state can be made")
            messages = await self._forget_said(who, number)
            await self._forget_facts(who, number, messages)
            await self._forget_step(partial(forgetting.forget_streams, who=who))
            await self._clear_index()
            await self._forget_step(partial(forgetting.end, number=number, event=event))
        self._forgotten = forgotten

    async def _forget_said(self, who: Identity, upto: int) -> set[int]:
        """Gives the numbers of what was said."""
        messages: set[int] = set()
        for after in range(0, upto, forgetting.SAID_STEP):
            end = min(upto, after + forgetting.SAID_STEP)
            found = await self._thread.run(forgetting.said_by, self._connection, who, after, end)
            messages.update(number for number, *_ in found)
            for at in range(0, len(found), _FORGOTTEN_ROWS):
                part = found[at : at + _FORGOTTEN_ROWS]
                await self._forget_step(partial(forgetting.forget_said, found=part))
        return messages

    async def _forget_facts(self, who: Identity, upto: int, messages: set[int]) -> None:
        sessions = forgetting.Sessions()
        for is_first in (True, False):
            after = 0
            while found := await self._thread.run(forgetting.facts, self._connection, after, upto):
                after = found[-1][0]
                if is_first:
                    await self._thread.run(forgetting.note_sessions, found, who, sessions)
                elif changed := await self._thread.run(
                    forgetting.changed_facts, found, who, sessions, messages
                ):
                    await self._forget_step(partial(forgetting.forget_facts, changed=changed))

    async def _forget_step(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Changes older rows, as an erasure does; appends have their turn between two steps."""
        async with self._turn:
            await self._write(step)
            self._writer.erasures += 1
        self._forget_steps += 1
        if self._forget_steps % _FORGET_STEPS == 0:
            await self._checkpoint(quiet=False)

    async def _vacuum(self, *, whatever_size: bool) -> bool:
        """Writes the file anew, unless it is large; whether it did."""
        if not whatever_size and self._database.path.stat().st_size > _VACUUMED_ALWAYS:
            return False
        async with self._turn:
            await self._writer_thread.run(self._writer.vacuum)
            self._writer.erasures += 1
        return True

    async def close(self) -> None:
        """Ends the task, its thread and its connection."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            await self._task
        async with self._running:
            await self._thread.run(self._connection.close)
        self._thread.close()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_MAX_SLEEP):  # records grow old without an append
                    await self._wake.wait()
            self._wake.clear()
            await self._run_until_quiet()
            self._awake = False

    async def _run_until_quiet(self) -> None:
        quiet, last = False, -1
        # Erased texts stay in the write-ahead log until it can be emptied, which another reader may prevent.
        while not quiet or self._writer.last != last or self._writer.erasures != self._erased:
            last = self._writer.last
            try:
                async with asyncio.timeout(self._tuning.quiet):
                    await self._due.wait()
            except TimeoutError:
                quiet = last == self._writer.last
            self._due.clear()
            try:
                await self._run_once(quiet)
            except (sqlite3.Error, LogError) as error:
                # Nothing is lost: the next append starts maintenance again.
                _log.warning("The history's maintenance has to wait: %s", error)
                return
            except Exception:  # noqa: BLE001  # the task's edge: a bug must not end all maintenance
                _log.exception("The history's maintenance failed")
                return

    async def _run_once(self, quiet: bool) -> None:
        async with self._running:
            self._writer.check_file()
            await self._index_messages(quiet)
            await self._index_streams(quiet)
            await self._take_snapshot()
            if quiet and self._writer.forgotten != self._forgotten:  # it came from another node
                await self._forget()
                await self._vacuum(whatever_size=False)
            await self._sweep_presence(quiet)
            await self._apply_retention(quiet)
            await self._checkpoint(quiet)

    async def _index_messages(self, quiet: bool) -> None:
        writer = self._writer
        last = writer.last  # what comes meanwhile is left: else appends of a bulk would keep checkpoints off
        while last - self._indexed_upto >= self._tuning.least(quiet):
            erasures = writer.erasures
            upto = min(self._indexed_upto + self._tuning.lag, last)
            part = await self._thread.run(postings.read_slice, self._connection, self._indexed_upto, upto)
            async with self._turn:
                if writer.erasures == erasures:  # else the slice may have what was erased meanwhile
                    await self._write(partial(postings.add_slice, part=part))
                    self._indexed_upto = upto

    async def _index_streams(self, quiet: bool) -> None:
        writer = self._writer
        last = writer.last
        reached = -1
        # A rename of a room moves the watermark too.
        while reached < (base := await self._thread.run(postings.streams_indexed_upto, self._connection)):
            if last - base < self._tuning.least(quiet):
                return
            erasures, reached = writer.erasures, base
            found, upto = await self._thread.run(
                postings.read_stream_postings, self._connection, base, last, _STREAM_FACTS
            )
            async with self._turn:
                if writer.erasures == erasures:
                    await self._write(
                        partial(postings.add_stream_postings, postings=found, base=base, upto=upto)
                    )

    async def _take_snapshot(self, *, at_once: bool = False) -> bool:
        """Takes a snapshot if it is due, or at once; whether there is no hindrance."""
        if not at_once and self._writer.states < self._snapshot_at:
            return True
        states = self._writer.states
        try:
            number, count, facts = await self._thread.run(snapshot.new_snapshot, self._connection)
        except snapshot.NoSnapshot as error:
            self._snapshot_at = 2 * states
            _log.error(
                "No snapshot of the history was made: %s. Nothing is lost, but the next start takes longer; "
                "please report this",
                error,
            )
            return False
        async with self._turn:
            await self._write(partial(snapshot.keep_snapshot, number=number, facts=facts))
            self._writer.states -= states
        self._snapshot_at = max(self._tuning.snapshot_at, count)
        return True

    async def _sweep_presence(self, quiet: bool) -> None:
        await self._remove(
            lambda: retention.old_presence(self._connection, self._policy, self._writer.last_time),
            retention.sweep,
            lambda: quiet or self._is_too_large(),
        )

    async def _apply_retention(self, quiet: bool) -> None:
        def find() -> tuple[int, int] | None:
            now = max(self._writer.last_time, time.time_ns() // 1000)
            return retention.next_slice(self._connection, self._policy, now)

        await self._remove(find, retention.remove, lambda: quiet or self._is_too_large())
        if quiet:
            await self._apply_retention_in_rooms()

    async def _apply_retention_in_rooms(self) -> None:
        def find() -> tuple[str, list[int]] | None:
            now = max(self._writer.last_time, time.time_ns() // 1000)
            return retention.next_in_rooms(self._connection, self._policy, now)

        while (found := await self._thread.run(find)) is not None:
            async with self._turn:
                await self._write(partial(retention.remove_in_room, stream=found[0], numbers=found[1]))

    def _is_too_large(self) -> bool:
        """Whether the history has more than it may keep: then it can't wait for a quiet moment."""
        return retention.is_too_large(self._connection, self._policy)

    async def _remove(
        self,
        find: Callable[[], tuple[int, int] | None],
        remove: Callable[..., None],
        goes_on: Callable[[], bool],
    ) -> None:
        """Removes what is found, in slices, between which appends have their turn; at least one."""
        while (part := await self._thread.run(find)) is not None:
            async with self._turn:
                await self._write(partial(remove, after=part[0], upto=part[1]))
            if not await self._thread.run(goes_on):
                return

    async def _write(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Does a step as one transaction; the caller has the turn."""
        await self._writer_thread.run(self._writer.transact, step)

    async def _checkpoint(self, quiet: bool) -> None:
        writer = self._writer
        if not (
            writer.erasures != self._erased
            or writer.written - self._checkpointed >= self._tuning.checkpoint_at
            or (quiet and writer.written != self._checkpointed)
        ):
            return
        written = writer.written
        # SQLite before 3.51.3 mixes up its write-ahead log if an append begins it anew at the instant at
        # which a checkpoint begins (its "WAL-reset bug"): later reads are old, and appends are lost. One
        # does so only where all is in the database already: where that may be, none is let in meanwhile.
        async with nullcontext() if written != self._certain else self._turn:
            _, pages = await self._thread.run(
                self._database.checkpoint, self._connection, "PASSIVE", writer.last
            )
        async with self._turn:
            self._certain = writer.written
        self._checkpointed = written
        if not (quiet or writer.erasures != self._erased or pages * _PAGE_BYTES >= self._tuning.rewind_at):
            return
        async with self._turn:
            written, erasures = writer.written, writer.erasures
            mode = "PASSIVE" if erasures == self._erased else "TRUNCATE"
            done, _ = await self._thread.run(self._database.checkpoint, self._connection, mode, writer.last)
            if done:
                self._checkpointed, self._erased = written, erasures
                await self._write(schema.rewind)
