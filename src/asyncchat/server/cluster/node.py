"""A node of a cluster: it follows the stream, says that it is there, and is the hub if it is elected.

Owns the election, and what nodes say to each other. Must not know what commands and events mean.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from asyncchat.cluster.consumer import Message
from asyncchat.cluster.errors import Deposed, StreamDown
from asyncchat.cluster.stream import Stream
from asyncchat.control.requests import ClusterStatus, NodeRow
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features import levels
from asyncchat.log.base import Log, LogError
from asyncchat.server.clock import SteadyClock
from asyncchat.server.cluster import state as states
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.comparison import Comparison
from asyncchat.server.cluster.edge import Edge
from asyncchat.server.cluster.failure_detector import HUB, HUB_SILENCE, FailureDetector
from asyncchat.server.cluster.joining import STATE, Joining, stand
from asyncchat.server.cluster.leader import NODE_BITS, Leader, Position, node_of, note_ended
from asyncchat.server.cluster.members import NODE, Members
from asyncchat.server.cluster.reader import Reader
from asyncchat.server.cluster.shared_files import SharedFiles
from asyncchat.server.cluster.shared_positions import SharedPositions
from asyncchat.server.cluster.shortening import Folded, Shortening
from asyncchat.server.cluster.state import State
from asyncchat.server.cluster.wire import Alive, Asked, Compare, Decided, Elected, Told, Wanted
from asyncchat.server.file_store import FileStore
from asyncchat.server.outbox import Outbox
from asyncchat.server.recipients import Recipient
from asyncchat.version import __version__

_logger = logging.getLogger("asyncchat.cluster")

ALIVE_EVERY = 1.0
"""Seconds between two messages by which a node says that it is there."""

READ_ONLY_AFTER = 5.0
"""Seconds without a word of the hub after which people are told that nothing can be said."""

TOGETHER = 0.1
"""Seconds for which a node that stops waits to hear that all others stop too."""

ASK_AGAIN = 2.0
"""Seconds after which what is not decided is sent once more."""

COMPARE_EVERY = 30.0
"""Seconds between two places at which nodes compare their states: with 100,000 accounts and 5,000 people that
takes 0.3 s of the processor, and holds the loop for 8 ms at a time."""

FREED_AT_ONCE = 2_000
"""Entries of the tables of a chat that is gone which are freed in one pass of the loop: all take 20 ms."""

SENT_AT_ONCE = 64 * 1024
"""How many bytes of commands, or of the state, are sent in one message; more only for one command."""

_COMMANDS, _ALIVE, _WANTED = "commands", "alive", "wanted"

NODE_RANDOM_BITS = 30
"""A node's number is random, so nobody has to hand out numbers; those of its sessions have 62 bits then."""


class CutOff(LogError):
    """This node can't go on in the cluster: it has to start anew."""


class Node:
    """One node; made by ``Node.join``.

    Args:
        stream: the stream.
        name: the node's name, for people.
        log: its own history.
    """

    def __init__(self, stream: Stream, name: str, log: Log) -> None:
        self.stream = stream
        self.name = name
        self.number = secrets.randbits(NODE_RANDOM_BITS) | 1 << (NODE_RANDOM_BITS - 1)
        self.edge: Edge
        self.chat: Chat
        """The state that it joined with; the edge changes it."""
        self.hub = 0
        """The number of the node that is the hub; 0: none is known."""
        self.term = 0
        self.members = Members(self.number, stream)
        self.leader: Leader | None = None
        self.on_wanted: Callable[[int, str], None] = lambda _person, _address: None
        """Is told whose name is asked for at another node, and from which address; the server sets it."""
        self.clients: Callable[[], int] = lambda: 0
        """Gives how many clients this node serves; the server sets it."""
        self.on_copied: Callable[[], None] = lambda: None
        """Called when the node has made a copy of the chat, which stays; the process sets it."""
        self.on_silence: Callable[[], None] = lambda: None
        """Called when the hub was not heard for so long that nothing can be said; the server sets it."""
        self.shortening = Shortening(
            stream,
            log,
            lambda: Folded(self._reader.whole, self._last.last),
            lambda: [one.sequence for one in self.members if one.node != self.number],
            lambda: self.leader is not None,
            self._pad,
        )
        self._log = log
        self._reader: Reader
        self._last = Position(log.last, log.last_time)
        self._counters: dict[int, int] = {}
        self._ended: dict[int, None] = {}
        """The queues that ended last, the oldest first."""
        self._detector = FailureDetector(stream)
        self._leading: asyncio.Task[None] | None = None
        self._led_since = 0.0
        self._group: asyncio.TaskGroup
        self._outbox: Outbox
        self._answering: set[asyncio.Task[None]] = set()
        self._standing = asyncio.Lock()
        """Held while the chat changes, or must not change."""
        self._early: list[Asked] | None = None
        """What nodes ask while this one is about to be the hub; None: it is not."""
        self._comparison = Comparison(self.number)
        self._compared_at = 0.0
        self._left = asyncio.Event()
        self.on_known: Callable[[], None] = lambda: None
        """Called once, when the other nodes have heard that this one is there."""
        self.has_all_files = False
        """Whether it gets the contents of all files, not only of those that it is asked for."""
        self._leaving = False
        self._parted = False
        """Whether the people here have been told so, and have left."""
        self._ends = asyncio.Event()
        """All nodes stop."""
        self._is_silent = False
        """Whether people are told that nothing can be said."""

    @property
    def next_session(self) -> int:
        """The number of the node's first session."""
        return (self.number << NODE_BITS) + 1

    async def join(self, beginning: Callable[[Chat, int], Sequence[Event]]) -> None:
        """Gets the state of the cluster, and what the history lacks.

        Args:
            beginning: gives what is recorded if no other node is there.

        Raises:
            LogError: the history and the stream do not fit together; the text says what to do.
        """
        joined = await Joining(self.stream, self._log, self.number, self.name).join(beginning)
        self._reader, self.chat, self.term, self.hub, self._counters, self._last = joined
        # From here on others know that it is there, though it has nothing to tell yet.
        self._asked_for_state = await self.stream.subscribe(STATE, self._give_state)

    def make_edge(self, chat: Chat, outbox: Outbox) -> Edge:
        """The node's own hub, for this chat."""
        self._outbox = outbox
        self.edge = Edge(self.number, chat, self._log, self._last, outbox, SteadyClock(self._last.last_time))
        self.edge.status = self.status
        return self.edge

    async def _pad(self, size: int) -> int:
        assert self.leader is not None  # noqa: S101  # the caller has looked
        return await self.leader.pad(size)

    def shared_files(self, store: FileStore) -> SharedFiles:
        """The contents of the cluster's files, with those of this node."""
        return SharedFiles(
            self.stream.contents,
            store,
            is_complete=self.has_all_files,
            is_private=self.members.names_are_unique,
        )

    def webhook_positions(self, path: Path | None) -> SharedPositions:
        """How far the cluster's webhooks came; ``path`` is where this server kept it when it was alone."""
        return SharedPositions(self.stream.values, path)

    @property
    def is_alone(self) -> bool:
        """Whether no other node is there that stays."""
        return all(alive.leaving for alive in self.members.others())

    def status(self) -> ClusterStatus:
        """The nodes that are there, this one among them."""
        now = monotonic()
        rows = [
            NodeRow(
                alive.name,
                alive.node == self.hub,
                alive.sessions,
                alive.last,
                round(now - heard, 1),
                alive.version,
                self._comparison.equal.get(alive.node),
            )
            for alive, heard in self.members.all.values()
        ]
        rows.sort(key=lambda row: row.name)
        return ClusterStatus(
            self.stream.name,
            self.term,
            self.stream.connected,
            tuple(rows),
            self._reader.level,
            self._outbox.failing,
        )

    # Running.

    def begin(self) -> dict[int, Recipient]:
        """Stands for the sessions of other nodes; gives them by their numbers."""
        self._outbox.waits = self.edge.waits
        return self.edge.begin()

    async def run(self) -> None:
        """Follows the stream until cancelled.

        Raises:
            LogError: the node can't go on; the text says why.
        """
        subscriptions = [
            self._asked_for_state,
            await self.stream.subscribe(_ALIVE, self._hear),
            await self.stream.subscribe(f"{NODE}.{self.number}", self._answer),
            await self.stream.subscribe(_WANTED, self._hear_wanted),
        ]
        self._detector.hear()
        if self.hub != self.number:
            self.members.expect([self.hub])
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                if self.hub == self.number:
                    await self._lead()
                group.create_task(self._follow())
                group.create_task(self._send())
                group.create_task(self._live())
                group.create_task(self._watch_hub())
                group.create_task(self.shortening.run())
                group.create_task(self._take_commands())
        except* Exception as failed:  # noqa: BLE001  # the first one says why
            raise failed.exceptions[0] from None
        finally:
            for one in subscriptions:
                await one.unsubscribe()

    async def leave(
        self,
        seconds: float,
        ending: Callable[[Chat, int], Iterable[Event]],
        part: Callable[[], Awaitable[None]],
    ) -> None:
        """Says that this node stops, and waits until its people have left.

        If all nodes stop, nobody leaves: there is nobody to be told.

        Args:
            seconds: how long it waits.
            ending: gives what is recorded then.
            part: else has the people here leave.
        """
        self._leaving = True
        try:
            async with asyncio.timeout(seconds):
                await self._say_alive()
                if self.leader is None and self.hub == self.number:
                    return  # it has not begun
                ends = await self._all_leave()
                if not ends:
                    await self._part(part)
                elif self.leader is not None:
                    self.leader.end(self.number, ending)
                else:
                    return
                await self._left.wait()
        except (TimeoutError, StreamDown):
            _logger.warning("The other nodes may learn only later that this one has stopped")

    async def _part(self, part: Callable[[], Awaitable[None]]) -> None:
        """Has the people here leave when all that they asked is decided; then the hub lets the node go."""
        await self._settled()
        await part()
        await self._settled()
        self._parted = True
        if self.leader is not None:
            await self.leader.remove(self.number, is_last=True)
        else:
            await self._say_alive()

    async def _settled(self) -> None:
        """Waits until all that was asked here is decided, or the hub has let the node go."""
        either = [asyncio.create_task(self.edge.settled()), asyncio.create_task(self._left.wait())]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in either:
                one.cancel()

    async def _all_leave(self) -> bool:
        """Whether all nodes stop, as this one does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOGETHER):
                await self._ends.wait()
        return self._ends.is_set()

    async def _follow(self) -> None:
        async for message in self.stream.follow(self._reader.whole):
            self._detector.hear()
            async with self._standing:
                await self._follow_message(message)
            if self._outbox.overfull:
                await self._outbox.follower_room()

    async def _follow_message(self, message: Message) -> None:
        content = self._reader.take(message)
        if content is None:
            return
        if self._is_silent:
            self._is_silent = self._outbox.failing = False
            _logger.warning("The hub is there again")
        if content.term < self.term:
            raise CutOff("The stream goes back to an earlier hub")
        if self._reader.level != self.edge.level.number:
            self.edge.level.number = self._reader.level
            _logger.info("Level %d is in force: all nodes read it", self._reader.level)
        if isinstance(content, Decided):
            if content.told:
                await self._fold(content.told)
        elif isinstance(content, Elected):
            await self._follow_hub(content)
        elif isinstance(content, Compare):
            await self._comparison.begin(self._reader.whole, self.edge.chat, self.leader, self._group)
        else:
            self._lose(content.node)

    async def _fold(self, told: tuple[Told, ...]) -> None:
        counters = self._counters
        number, time = self._last
        level = self._reader.level
        for one in told:
            if level < levels.LEVEL and any(getattr(item, "level", level) > level for item in one.items):
                raise CutOff(f"The stream has what is above level {level}, which is in force")
            for at in range(0, len(one.stamps), 2):
                if one.stamps[at] > 0:
                    if one.stamps[at] != number + 1:
                        raise CutOff(f"The stream has record {one.stamps[at]} where {number + 1} follows")
                    number, time = one.stamps[at], one.stamps[at + 1]
            if one.ends:
                counters.pop(one.queue, None)
                note_ended(self._ended, one.queue)
            elif one.queue:
                counters[one.queue] = one.counter
            elif node_of(one.session) == self.number and not self._leaving:
                raise _taken_for_lost()
        self._last = Position(number, time)
        await self.edge.fold(told)

    async def _follow_hub(self, elected: Elected) -> None:
        if self._leading is not None:
            self._leading.cancel()
            self._leading = self.leader = self.edge.leading = None
        self.term, self.hub = elected.term, elected.node
        if elected.node == self.number:
            await self._lead()
        else:
            if elected.fresh:
                raise CutOff("Another node has begun the cluster anew: it did not hear this one")
            _logger.info("%s is the hub of the cluster now (term %d)", elected.name, elected.term)
        self.edge.ask_again()

    async def _lead(self) -> None:
        _logger.info("This node is the hub of the cluster now (term %d)", self.term)
        chat = self.edge.chat
        serving = {node_of(one) for person in chat.people for one in chat.sessions.of(person)}
        self.members.expect(serving - {0})
        self.members.begin_to_judge()
        self._led_since = self._compared_at = monotonic()
        answering = await self.stream.subscribe(f"{HUB}.{self.number}", self._answer)
        early: list[Asked] = []
        self._early = early
        copy = await asyncio.to_thread(states.copy, chat)
        self.on_copied()
        leader = Leader(
            self._log,
            self.stream,
            self._reader.sequence,
            self.term,
            copy,
            self._last,
            dict(self._counters),
            dict(self._ended),
        )
        self._early = None
        leader.take(early)
        self.leader = leader
        self.edge.leading = leader.hub
        self.shortening.look_again()
        self._leading = self._group.create_task(self._run_leader(leader, answering.unsubscribe))

    async def _run_leader(self, leader: Leader, unsubscribe: Callable[[], Awaitable[None]]) -> None:
        try:
            await leader.run()
        except Deposed:
            pass
        finally:
            if not self._leaving:
                _logger.warning("This node is not the hub of the cluster any more")
            if self.leader is leader:
                self.leader = self.edge.leading = None
            await unsubscribe()
            if not self._leaving:
                self._do(_free(states.contents(leader.hub.chat)))

    def _lose(self, node: int) -> None:
        self.members.remove(node)
        self._counters = {queue: count for queue, count in self._counters.items() if node_of(queue) != node}
        if node == self.number:
            self._left.set()
            if not self._leaving:
                raise _taken_for_lost()
        self.edge.lose(node)
        if node == self.hub:
            self._detector.leave()
        self._note_end()

    def _note_end(self) -> None:
        """Notes it if all nodes stop, as this one does."""
        if self._leaving and self.is_alone:
            self._ends.set()
            if self.hub != self.number and self.hub not in self.members.all:
                self._left.set()  # nobody will say so

    # What nodes say to each other beside the stream.

    async def _take_commands(self) -> None:
        subscription = await self.stream.subscribe(_COMMANDS, self._take)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await subscription.unsubscribe()

    def _take(self, data: bytes, _reply: str) -> None:
        if self.leader is not None:
            self.leader.take(wire.asked_in(data))
        elif self._early is not None:
            self._early += wire.asked_in(data)

    async def _send(self) -> None:
        edge = self.edge
        while True:
            await edge.filled.wait()
            edge.filled.clear()
            asked, edge.outgoing = edge.outgoing, []
            if self.leader is not None:
                self.leader.take(asked)
                await asyncio.sleep(0)
                continue
            try:
                for part in _parts(asked):
                    await self.stream.send(_COMMANDS, part)
                    await asyncio.sleep(0)
            except StreamDown:
                await asyncio.sleep(ALIVE_EVERY)  # it is sent again

    async def _live(self) -> None:
        """Says that this node is there, and sees who is not."""
        asked_at = monotonic()
        while True:
            try:
                await self._say_alive()
            except StreamDown as error:
                _logger.debug("NATS: %s", error)
            if self._detector.silence > READ_ONLY_AFTER and not self._outbox.failing:
                self._is_silent = self._outbox.failing = True
                _logger.error("The hub of the cluster is not heard: people can only read")
                self.on_silence()
            if self.edge.unanswered and monotonic() - asked_at > ASK_AGAIN:
                asked_at = monotonic()
                self.edge.ask_again()
            if self.leader is not None and not self._leaving:
                await self._remove_lost(self.leader)
                self._raise_level(self.leader)
                if monotonic() - self._compared_at > COMPARE_EVERY:
                    self._compared_at = monotonic()
                    self._comparison.have_compared(self.leader)
            self._comparison.judge(list(self.members), self.hub)
            await asyncio.sleep(ALIVE_EVERY)

    async def _watch_hub(self) -> None:
        """Stands for election when the hub is gone."""
        while True:
            await self._detector.until_silent()
            term = self.term
            if self.leader is None and not self._leaving and await self._detector.is_gone(self.hub):
                await self._try_to_lead(term)

    async def _try_to_lead(self, term: int) -> None:
        """Stands for election after the hub of a term, unless there is another one by now."""
        try:
            end = await self.stream.at_end()
            if end.sequence == self._reader.sequence and self.term == term:
                elected = Elected(self.term + 1, self.number, self.name, self._last.last + 1)
                await stand(self.stream, end.sequence, elected, self._reader.level)
        except (Deposed, StreamDown) as error:
            _logger.debug("Not elected: %s", error)

    async def _remove_lost(self, leader: Leader) -> None:
        for alive in self.members.lost():
            _logger.warning("Node %s is %s", alive.name, "leaving" if alive.leaving else "lost")
            await leader.remove(alive.node)
        for number in self.members.doubtful():
            self._do(self.members.look_for(number))

    def _raise_level(self, leader: Leader) -> None:
        """Has the highest level in force that all nodes read, when all of them had time to say so."""
        if monotonic() - self._led_since > HUB_SILENCE:
            level = min([levels.LEVEL, *(alive.level for alive in self.members)])
            if level > leader.level:
                leader.raise_level(level)

    async def _say_alive(self) -> None:
        alive = Alive(
            self.number,
            self.name,
            self._reader.sequence,
            self._last.last,
            0 if self._parted else self.clients(),
            self._leaving,
            levels.LEVEL,
            __version__,
            self._comparison.place,
            self._comparison.hash,
        )
        await self.stream.send(_ALIVE, wire.encode(alive))

    def _hear(self, data: bytes, _reply: str) -> None:
        alive = wire.alive_in(data)
        if not self.members.hear(alive):
            return
        if alive.node == self.number:
            on_known, self.on_known = self.on_known, lambda: None
            on_known()
        self._note_end()

    def _answer(self, _data: bytes, reply: str) -> None:
        """Says that this node is there."""
        self._do(self._reply(reply))

    async def _reply(self, to: str) -> None:
        try:
            await self.stream.reply(to, b"")
        except StreamDown as error:
            _logger.debug("NATS: %s", error)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        """Does something that nobody waits for."""
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    def ask_holder(self, person: int, address: str) -> None:
        """Has the node that serves a person look whether it is still there: its name is asked for."""
        self._do(self._send_wanted(Wanted(person, address)))

    async def _send_wanted(self, wanted: Wanted) -> None:
        with suppress(StreamDown):  # who is asked for the name again asks again
            await self.stream.send(_WANTED, wire.encode(wanted))

    def _hear_wanted(self, data: bytes, _reply: str) -> None:
        wanted = wire.wanted_in(data)
        self.on_wanted(wanted.person, wanted.address)

    def _give_state(self, data: bytes, reply: str) -> None:
        """Sends a node that comes the state, if this one is the hub."""
        self._do(self._send_state(f"{STATE}.{wire.node_in(data)}", reply))

    async def _send_state(self, to: str, reply: str) -> None:
        if self.leader is None:
            return
        await self._reply(reply)
        async with self._standing:
            if self.leader is None:
                return
            state = State(
                self._reader.whole,
                *self._last,
                term=self.term,
                hub=self.number,
                counters=self._counters,
                epochs=self._log.ids.epochs,
                chat=self.edge.chat,
            )
            pieces = await asyncio.to_thread(states.pack, state)
        try:
            for piece in pieces:
                for at in range(0, len(piece), SENT_AT_ONCE):
                    await self.stream.send(to, piece[at : at + SENT_AT_ONCE])
                    await asyncio.sleep(0)
            await self.stream.send(to, b"")
        except StreamDown as error:
            _logger.warning("The state could not be sent to a node that comes: %s", error)


def _taken_for_lost() -> CutOff:
    return CutOff("The other nodes have taken this one for lost: it was not heard for too long")


async def _free(contents: list[object]) -> None:
    """Frees what is left of a chat that is gone."""
    while contents:
        await asyncio.sleep(0)
        del contents[-FREED_AT_ONCE:]


def _parts(asked: Iterable[Asked]) -> Iterator[bytes]:
    """Commands as messages that NATS takes."""
    part: list[bytes] = []
    size = 0
    for one in map(wire.asked_as_sent, asked):
        if part and size + len(one) > SENT_AT_ONCE:
            yield wire.joined(part)
            part, size = [], 0
        part.append(one)
        size += len(one)
    if part:
        yield wire.joined(part)
