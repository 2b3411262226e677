"""The hub of a cluster: the one node that decides what all nodes ask, while it is elected.

Owns the order of commands from many nodes, and that each is decided once; its state runs ahead of the stream.
Must not know sessions: it answers into the stream alone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

from asyncchat.cluster.envelope import Envelope, encode, padding
from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.stream import Stream
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.engine import Engine
from asyncchat.core.events import Event
from asyncchat.core.features import levels
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.levels import AboveLevel, Level, level_of
from asyncchat.core.registry import Items
from asyncchat.dialects.base import Outcome
from asyncchat.log.base import Log
from asyncchat.server.clock import SteadyClock
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.wire import Asked, Asks, Compare, Decided, Lost, Told
from asyncchat.server.hub import Hub
from asyncchat.server.recipients import Recipient, SilentRecipient
from asyncchat.server.slices import SLICE_SECONDS

_logger = logging.getLogger("asyncchat.cluster")

BEAT = 0.5
"""Seconds after which the hub says that it is there, where it has nothing else to say."""

GATHER = 0.002
"""Least seconds between two messages to the stream: what comes meanwhile shares one."""

BATCH_BYTES = 160 * 1024
"""About how many bytes of outcomes one message of the stream has."""

RETRY = 0.25
"""Seconds between two tries to reach the stream."""

LEAVING_AT_ONCE = 50
"""People of a lost node who leave in one turn of the loop."""

ENDED_KEPT = 20_000
"""Sessions that ended last whose numbers are remembered."""

NODE_BITS = 32
"""A session's number is its node's, and so many bits that count its node's sessions."""


def node_of(session_id: int) -> int:
    """The node that serves a session."""
    return session_id >> NODE_BITS


def note_ended(ended: dict[int, None], queue: int) -> None:
    """Remembers that nothing more is asked in a queue: what is sent again comes late."""
    ended[queue] = None
    if len(ended) > ENDED_KEPT:
        del ended[next(iter(ended))]


class _Asker(SilentRecipient):
    """Stands for the session of some node that asks."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.session, asked.person)
        self.queue = asked.queue
        self.counter = asked.counter
        self.ends = bool(asked.commands) and type(asked.commands[0]) is Quit


class _AskingEngine(Engine):
    """Leaves queries to the nodes that ask: their state is the same when they read the outcome.

    What is above the level in force is refused.
    """

    __slots__ = ()

    def answer(self, person_id: int, query: Query) -> Asks:  # type: ignore[override]  # the node answers it
        """What the node is to answer."""
        return Asks(person_id, query)

    def execute(self, person_id: int, command: Command) -> tuple[list[object], int]:
        """Decides a command and applies its events; see ``Engine.execute``."""
        if level_of(self.chat) < levels.LEVEL and self.decide(person_id, command) == _ABOVE_LEVEL:
            return [*_ABOVE_LEVEL], 0
        return super().execute(person_id, command)

    def decide(self, person_id: int, command: Command) -> Items:
        """What a command results in; see ``Engine.decide``."""
        items = super().decide(person_id, command)
        level = level_of(self.chat)
        return _ABOVE_LEVEL if level < levels.LEVEL and any(item.level > level for item in items) else items


_ABOVE_LEVEL: Items = (AboveLevel(),)


class _Gathered:
    """In the place of an outbox: what waits for the stream."""

    failing = full = False

    def __init__(self) -> None:
        self.waiting: list[Told | Lost | Compare] = []
        self.filled = asyncio.Event()

    def put(self, asker: Recipient, outcome: Outcome, _records: int) -> None:
        """Adds an outcome at the end."""
        if isinstance(asker, _Asker):
            told = wire.told(asker.queue, asker.counter, asker.id, asker.person_id, outcome, ends=asker.ends)
        else:
            told = wire.told(0, 0, asker.id, asker.person_id, outcome)
        self.add(told)

    async def room(self) -> None:
        """It is never full: what it holds is what its nodes may ask at a time."""

    def add(self, told: Told | Lost | Compare) -> None:
        """Adds what waits for the stream."""
        self.waiting.append(told)
        self.filled.set()


class Position(NamedTuple):
    """Where a log ends."""

    last: int
    last_time: int


class Leader:
    """Decides what nodes ask.

    Args:
        log: the node's history.
        stream: takes what is decided.
        sequence: the last message of the stream: that of its election.
        term: its own.
        chat: the state up to there; the leader's own, which nobody else changes or reads.
        end: the last record.
        counters: by queue, how much was decided.
        ended: the queues that ended last.
    """

    def __init__(
        self,
        log: Log,
        stream: Stream,
        sequence: int,
        term: int,
        chat: Chat,
        end: Position,
        counters: dict[int, int],
        ended: dict[int, None],
    ) -> None:
        self.term = term
        self._stream = stream
        self._sequence = sequence
        self._counters = counters
        self._ended = ended
        self._lost: set[int] = set()
        self._asked: deque[Asked] = deque()
        """What is to be decided."""
        self._is_deciding = False
        self._is_broken = False
        """Whether its state has what no outcome has: then somebody else is to decide."""
        self._gathered = _Gathered()
        self._batch = 0
        self._padding = 0
        self._padded: asyncio.Future[int]
        self._next = end.last + 1
        self._level = Level.of(chat)
        self.noted: dict[str, object] = {}
        """Pieces of its state at the place where nodes compare theirs, until they are compared: the rooms
        each second time, else all others, since nothing may hold the loop for long."""
        self._compared = 0
        self.hub = Hub(chat, log, self._gathered, SteadyClock(end.last_time), end=end, engine=_AskingEngine)

    def take(self, asked: Iterable[Asked]) -> None:
        """Decides what a node asks, in its order; what was decided before is passed over.

        It is done at once, if little is asked, else a little in each pass of the loop.
        """
        self._asked += asked
        if not self._is_deciding:
            self._take_some()

    def _take_some(self) -> None:
        asked, counters, ended = self._asked, self._counters, self._ended
        self._is_deciding = bool(asked)
        if not asked:
            return
        asyncio.get_running_loop().call_soon(self._take_some)
        end = perf_counter() + SLICE_SECONDS
        while asked and perf_counter() < end:
            one = asked.popleft()
            if self._is_broken or one.queue in ended or node_of(one.queue) in self._lost:
                continue
            if one.counter != counters.get(one.queue, 0) + 1:
                continue  # it was decided, or something before it is still to come: it is sent again
            counters[one.queue] = one.counter
            asker = _Asker(one)
            self._decide(asker, one)
            if asker.ends:
                del counters[one.queue]
                note_ended(ended, one.queue)

    def _decide(self, asker: _Asker, asked: Asked) -> None:
        """Decides one command. After a bug its outcome is empty; where that left a part of it behind, the
        state goes away with this leader: the stream has nothing of it."""
        hub, put, waiting = self.hub, self._gathered.put, self._gathered.waiting
        before, number = len(waiting), hub.number
        try:
            if asked.commands:
                hub.submit(asker, (wire.incoming(asked),))
            elif asked.facts:
                put(asker, hub.record(asked.facts), len(asked.facts))
        except Exception:
            _logger.exception("What somebody asked could not be decided; this is a bug of asyncchat")
            self._is_broken = len(waiting) == before and hub.number != number
        if len(waiting) == before:
            put(asker, (), 0)

    @property
    def level(self) -> int:
        """The level in force in what it says from now on."""
        return self._level.number

    def raise_level(self, level: int) -> None:
        """Has a higher level in force, which all nodes read."""
        _logger.info("All nodes read level %d: it is in force now", level)
        self._level.number = level

    def compare(self) -> None:
        """Has all nodes hash their state, and notes a half of its own at this place."""
        self._compared += 1
        pieces = self.hub.chat.pieces()
        self.noted = {
            name: piece() for name, piece in pieces.items() if (name == "rooms") == bool(self._compared % 2)
        }
        self._gathered.add(Compare(self.term))

    def give_up(self) -> None:
        """Decides nothing more: another node is to be the hub."""
        self._is_broken = True
        self._gathered.filled.set()

    async def remove(self, node: int, *, is_last: bool = False) -> None:
        """A node is no more: its people leave, a few at a time. ``is_last``: it is the leader's own."""
        self._lost.add(node)
        chat = self.hub.chat
        gone = [
            (one, session)
            for one in chat.people
            for session in chat.sessions.of(one)
            if node_of(session) == node
        ]
        for at, (person, session) in enumerate(gone, 1):
            self.hub.submit(SilentRecipient(session, person), [Quit("connection lost", automatic=True)])
            if at % LEAVING_AT_ONCE == 0:
                await asyncio.sleep(0)
        for queue in [queue for queue in self._counters if node_of(queue) == node]:
            del self._counters[queue]
        self._gathered.add(Lost(self.term, node, is_hub=is_last))

    def end(self, node: int, ending: Callable[[Chat, int], Iterable[Event]]) -> None:
        """All nodes stop: records that, and that this node is no more."""
        self.hub.declare(list(ending(self.hub.chat, self.hub.now())))
        self._gathered.add(Lost(self.term, node, is_hub=True))

    async def pad(self, size: int) -> int:
        """Writes bytes that mean nothing, between what is decided; gives the place of the last ones.

        NATS keeps what it has removed in a file of some size until it begins the next one.

        Raises:
            StreamDown: another node is the hub before they are written.
        """
        if self._padding <= 0:
            self._padded = asyncio.get_running_loop().create_future()
        self._padding = size
        self._gathered.filled.set()
        return await asyncio.shield(self._padded)

    async def run(self) -> None:
        """Writes what is decided, until cancelled, or until it can decide no more.

        Raises:
            Deposed: another node is the hub.
        """
        try:
            await self._write()
        finally:
            self._asked.clear()
            if self._padding > 0:
                self._padding = 0
                self._padded.set_exception(StreamDown("This node is not the hub any more"))

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        gathered = self._gathered
        while True:
            # Nothing waits in an "except": the error would keep this frame, and so the state, after its end.
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await gathered.filled.wait()
            if not gathered.filled.is_set():
                await self._append(Decided(self.term))
                continue
            began = loop.time()
            gathered.filled.clear()
            waiting = gathered.waiting[:]
            del gathered.waiting[:]
            for message in self._messages(waiting):
                await self._append(message)
                if isinstance(message, Lost) and message.is_hub:
                    return
            if self._is_broken:
                return
            if self._padding > 0:
                await self._append_padding()
            if (early := began + GATHER - loop.time()) > 0:
                await asyncio.sleep(early)

    def _messages(self, waiting: Iterable[Told | Lost | Compare]) -> Iterator[wire.Message]:
        """What waits as messages of some size; nearly always it is one."""
        part: list[Told] = []
        size = 0
        for one in waiting:
            length = _size(one) if isinstance(one, Told) else 0
            if part and (not length or size + length > BATCH_BYTES):
                yield Decided(self.term, tuple(part))
                part, size = [], 0
            if isinstance(one, Told):
                part.append(one)
                size += length
            else:
                yield one
        if part:
            yield Decided(self.term, tuple(part))

    async def _append(self, message: wire.Message) -> None:
        self._batch += 1
        for part in wire.envelope(message, self._batch, self._next, self.level).split():
            await self._append_part(part)
        if isinstance(message, Decided):
            self._next = max(self._next, wire.last_number(message.told) + 1)

    async def _append_padding(self) -> None:
        self._batch += 1
        part = padding(self.term, self._batch, self._next, wire.KIND, self.level)
        await self._append_part(part)
        self._padding -= len(part.payload)
        if self._padding > 0:
            self._gathered.filled.set()
        else:
            self._padded.set_result(self._sequence)

    async def _append_part(self, part: Envelope) -> None:
        failing = False
        while True:
            try:
                self._sequence = await self._stream.append(self._sequence, encode(part), part.id)
            except StreamDown as error:
                if not failing:
                    _logger.error("The stream can't be written, trying again: %s", error)
                failing = True
                await asyncio.sleep(RETRY)
            else:
                if failing:
                    _logger.warning("The stream is written again")
                return


def _size(told: Told) -> int:
    """About how many bytes an outcome takes."""
    return sum(len(getattr(item, "text", "")) + 64 for item in told.items) + 64
