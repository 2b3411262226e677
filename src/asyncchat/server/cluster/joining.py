"""How a node joins a cluster: it gets what its history lacks, and the state of those who are there.

Owns whether a history is the cluster's, and who begins where nobody is there. Must not know
what a node does then.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from time import monotonic
from typing import NamedTuple

from asyncchat.cluster.envelope import decode, encode
from asyncchat.cluster.errors import Deposed, NoAnswer, StreamDown
from asyncchat.cluster.place import place_of
from asyncchat.cluster.stream import Stream
from asyncchat.core.chat import Chat
from asyncchat.core.engine import Engine
from asyncchat.core.events import Event, Record
from asyncchat.core.features import levels
from asyncchat.core.features.levels import Level
from asyncchat.log.base import Log, LogError
from asyncchat.server.clock import SteadyClock
from asyncchat.server.cluster import state as states
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.leader import Position
from asyncchat.server.cluster.reader import Reader, level_in
from asyncchat.server.cluster.state import State
from asyncchat.server.cluster.wire import Decided, Elected, Lost, Told

STATE_SECONDS = 5.0
"""How long a node that comes waits for each piece of the state, and for a hub of others that are there."""

ANSWER_SECONDS = 0.3
"""How long it waits each time for the hub to say that it sends the state …"""

ASK_EVERY = 0.1
"""… and until it asks again."""

QUIET = 3.0
"""Seconds without a message after which a stream has no hub, where no node is connected to NATS at all …"""

RETURN_SECONDS = 1.5
"""… and they had so many to come back, if NATS was away just now."""

STATE = "state"
"""Where a node that comes asks for the state."""


class Joined(NamedTuple):
    """What a node begins with.

    Attributes:
        reader: where it is in the stream.
        chat: the state there.
        term: counts the hubs.
        hub: the number of the node that is the hub.
        counters: by queue, how much of it is decided.
        last: the last record there.
    """

    reader: Reader
    chat: Chat
    term: int
    hub: int
    counters: dict[int, int]
    last: Position


async def stand(stream: Stream, sequence: int, elected: Elected, level: int) -> int:
    """Stands for election; gives the place of that in the stream.

    Args:
        stream: the stream.
        sequence: its last message, as the node knows it.
        elected: what is said if it wins.
        level: the level in force.

    Raises:
        Deposed: somebody else was faster.
        StreamDown: it is not known.
    """
    data = encode(wire.envelope(elected, 0, elected.first, level))
    return await stream.append(sequence, data, f"{elected.term}.{elected.node}")


class Joining:
    """A node that joins.

    Args:
        stream: the stream.
        log: the node's history.
        number: the node's number.
        name: its name, for people.
    """

    def __init__(self, stream: Stream, log: Log, number: int, name: str) -> None:
        self._stream = stream
        self._log = log
        self._number = number
        self._name = name
        self._term = 0
        self._has_ended = False
        """Whether the hub has said that it stops, and nothing came after that."""
        self._stream_number = 0
        """The number of the last record that the stream has, as far as it was read."""
        self._reader: Reader
        self._last = Position(log.last, log.last_time)
        self._joined_with, self._joined_time = self._last

    async def join(self, beginning: Callable[[Chat, int], Sequence[Event]]) -> Joined:
        """Gets the state of the cluster, and what the history lacks.

        Args:
            beginning: gives what is recorded if no other node is there.

        Raises:
            LogError: the history and the stream do not fit together; the text says what to do.
        """
        newest = await self._stream.at_end()
        # Known before anything of the stream gets into the history.
        level = level_in(decode(newest.sequence, newest.batch)) if newest.batch else levels.LEVEL
        end = newest.sequence
        self._reader = Reader(await place_of(self._stream, self._last.last, end) - 1, level)
        is_copy = not self._joined_with or self._own_epochs()[-1][1] == self._stream.epoch
        if is_copy:  # what the stream gives has its epoch, also if this node ends in the middle
            await self._log.set_epochs(self._epochs())
            await self._catch_up(end)
        moved = monotonic()
        while True:
            state, is_alone = None, False
            try:
                state = await self._ask_for_state() if end else None
            except NoAnswer:
                is_alone = True
            if state is not None:
                if state.sequence < self._reader.sequence:
                    await asyncio.sleep(ASK_EVERY)
                    continue  # the hub has not folded yet what this node has read
                self._check_history(state.epochs)
                await self._log.set_epochs(state.epochs)
                await self._catch_up(state.sequence)
                if self._last.last < state.last:
                    raise _lacks(self._last.last)
                if self._last.last != state.last:
                    raise _differs(self._last.last)
                Level.of(state.chat).number = self._reader.level
                return Joined(self._reader, state.chat, state.term, state.hub, state.counters, self._last)
            before, end = end, (await self._stream.at_end()).sequence
            if end != before:  # there is a hub, or was a moment ago
                if is_copy:
                    await self._catch_up(end)
                moved = monotonic()
                continue
            if end and not await self._is_over(is_alone, monotonic() - moved):
                await asyncio.sleep(ASK_EVERY)
                continue
            if end and not is_copy:
                raise _another_chats()
            if is_copy and self._joined_with > self._stream_number:
                raise _goes_on(self._joined_with, self._stream_number)
            try:
                return await self._begin_anew(beginning)
            except Deposed:
                continue

    async def _is_over(self, is_alone: bool, seconds: float) -> bool:
        """Whether there will be no hub unless this node begins anew.

        Args:
            is_alone: no other node is connected to NATS.
            seconds: for how long the stream has had no new message while this node has watched.
        """
        if not is_alone:
            return seconds > STATE_SECONDS
        if self._stream.came_late and seconds < RETURN_SECONDS:
            return False
        return self._has_ended or seconds > QUIET or await self._stream.quiet() > QUIET

    async def _begin_anew(self, beginning: Callable[[Chat, int], Sequence[Event]]) -> Joined:
        """Nobody knows who is in the chat, so nobody is: this node is the hub.

        Raises:
            Deposed: somebody else was faster.
        """
        epochs = self._epochs()
        chat = self._log.chat()  # it may take long, so it is done first: others wait for a word then
        term = self._term + 1
        elected = Elected(term, self._number, self._name, self._last.last + 1, fresh=True)
        sequence = await stand(self._stream, self._reader.sequence, elected, levels.LEVEL)
        await self._log.set_epochs(epochs)
        clock = SteadyClock(self._last.last_time)
        engine = Engine(chat, *self._last)
        now = engine.at(clock())
        records = engine.record(beginning(chat, now))
        told = wire.told(0, 0, 0, 0, records)
        for part in wire.envelope(Decided(term, (told,)), 0, self._last.last + 1, levels.LEVEL).split():
            sequence = await self._stream.append(sequence, encode(part), f"{part.id}.begins")
        self._reader = Reader(sequence, levels.LEVEL)
        await self._log.append(self._last.last, records)
        self._last = Position(engine.number, records[-1].time)
        return Joined(self._reader, chat, term, self._number, {}, self._last)

    def _check_history(self, epochs: list[tuple[int, str]]) -> None:
        """Whether the history is the beginning of the cluster's."""
        if self._own_epochs() != [(first, name) for first, name in epochs if first <= self._joined_with]:
            raise _another_chats()

    def _own_epochs(self) -> list[tuple[int, str]]:
        """The epochs of the records that it came with: a start may have begun one that has none yet."""
        return [(first, name) for first, name in self._log.ids.epochs if first <= self._joined_with]

    def _epochs(self) -> list[tuple[int, str]]:
        """The epochs of the history's ids, which do not end with a run of this node in a cluster."""
        epochs = []
        for first, name in self._log.ids.epochs:
            if first <= self._last.last or name == self._stream.epoch:
                epochs.append((first, name))
            if name == self._stream.epoch:
                return epochs
        return [*epochs, (self._last.last + 1, self._stream.epoch)]

    async def _ask_for_state(self) -> State | None:
        """The state that the hub sends, in parts; None: there is no hub.

        Raises:
            NoAnswer: no other node is there.
        """
        parts: list[bytes] = []
        whole = asyncio.Event()
        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(STATE_SECONDS)

        def take(part: bytes, _reply: str) -> None:
            if part:
                parts.append(part)
                limit.reschedule(loop.time() + STATE_SECONDS)
            else:
                whole.set()

        to = str(secrets.randbits(62))  # what comes late of an earlier answer is not taken for this one's
        subscription = await self._stream.subscribe(f"{STATE}.{to}", take)
        try:
            async with limit:
                await self._stream.request(STATE, to.encode(), ANSWER_SECONDS)
                await whole.wait()
        except (StreamDown, TimeoutError):
            return None
        finally:
            await subscription.unsubscribe()
        return await asyncio.to_thread(states.unpack, parts, self._log.chat)

    async def _catch_up(self, until: int) -> None:
        """Has the history follow the stream up to a message, without anybody being told."""
        if self._reader.sequence >= until:
            return
        async with aclosing(self._stream.follow(self._reader.whole)) as messages:
            async for message in messages:
                content = self._reader.take(message)
                if content is not None:
                    self._term = max(self._term, content.term)
                    self._has_ended = isinstance(content, Lost) and content.is_hub
                    self._stream_number = max(self._stream_number, self._reader.number)
                if isinstance(content, Decided):
                    self._stream_number = max(self._stream_number, wire.last_number(content.told))
                    await self._keep(content.told)
                if message.sequence >= until:
                    break

    async def _keep(self, told: Iterable[Told]) -> None:
        """Adds to the history what it lacks of these outcomes."""
        last = self._last.last
        items = [item for one in told for item in wire.items_of(one)]
        records = [item for item in items if type(item) is Record and item.number >= self._joined_with]
        if records and records[0].number == self._joined_with and records[0].time != self._joined_time:
            raise _differs(self._joined_with)
        records = [item for item in records if item.number > last]
        if not records:
            return
        if records[0].number != last + 1:
            raise _lacks(last)
        await self._log.append(last, records)
        self._last = Position(records[-1].number, records[-1].time)


def _lacks(last: int) -> LogError:
    return LogError(
        f"This node's history ends with record {last}, and NATS has removed some of what followed: the node "
        "was away for too long, or somebody was forgotten meanwhile. Put its file away, and it begins with "
        "the cluster's snapshot"
    )


def _differs(number: int) -> LogError:
    return LogError(
        f"This node's history has a record {number} that the cluster's does not have: it was used without "
        "the cluster. Begin with a copy of another node's, or put its file away and begin with none"
    )


def _goes_on(own: int, number: int) -> LogError:
    return LogError(
        f"This node's history has records up to {own}, and the cluster's stream only up to {number}: NATS "
        "lost what it had acknowledged, or the history was used without the cluster. To go on with this "
        "history, start with it under another --cluster-name, and the other nodes with copies of it"
    )


def _another_chats() -> LogError:
    return LogError(
        "This node's history is another chat's, not the cluster's: begin with a new file (--db FILE) or with "
        "a copy of another node's"
    )
