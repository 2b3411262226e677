"""A node's own hub: it asks the cluster's, and folds what the stream says into the node's state.

It stands where a single server has its ``Hub``. Its state is that of the last message of the stream; what is
answered from it comes in each session's order. Must not know how messages travel.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from time import perf_counter

from asyncchat.control.requests import ClusterStatus
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, DialectReply, Query
from asyncchat.core.events import Event, Record, Retention
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.levels import AboveLevel, Level
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.registry import QUERY_NOTES
from asyncchat.core.replies import NotConnectedYet, StorageDown
from asyncchat.dialects.base import Outcome
from asyncchat.log.base import Log
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.leader import NODE_BITS, Position, node_of
from asyncchat.server.cluster.wire import Asked, Asks, Told
from asyncchat.server.delivery import Barrier
from asyncchat.server.hub import Hub, Requester
from asyncchat.server.outbox import Outbox
from asyncchat.server.recipients import Recipient, SilentRecipient

_logger = logging.getLogger("asyncchat.cluster")


MOST_UNANSWERED = 5_000
"""What a node's clients may have asked that is not decided, before their sessions stop reading: people go on
typing in the seconds in which a cluster has no hub."""

FOLD_SECONDS = 0.004
"""How long a node folds in a pass of the loop. What a pass folds is delivered by itself: less would take more
writes to clients."""


class _Waiting:
    """Something that a session asked, in its place in the session's order.

    ``asked`` is what the hub decides; where it is None, the node itself answers: a query, or ``outcome``.
    """

    __slots__ = ("asked", "kept", "outcome", "query", "session")

    def __init__(
        self,
        session: Recipient,
        asked: Asked | None = None,
        kept: Sequence[object] = (),
        query: Query | None = None,
        outcome: Outcome = (),
    ) -> None:
        self.session = session
        self.asked = asked
        self.kept = kept
        self.query = query
        self.outcome = outcome


class Edge(Hub):
    """Asks the hub of the cluster.

    Args:
        node: the number of this node.
        chat: the state at the place of the stream from which on it follows.
        log: the node's history.
        end: the last record there.
        outbox: takes the outcomes.
    """

    def __init__(
        self, node: int, chat: Chat, log: Log, end: Position, outbox: Outbox, clock: Callable[[], int]
    ) -> None:
        super().__init__(chat, log, outbox, clock, end=end)
        self.node = node
        self.level = Level.of(chat)
        """The level in force: what is above it is not asked."""
        self._batches = outbox
        self.outgoing: list[Asked] = []
        """What is to be sent to the hub."""
        self.filled = asyncio.Event()
        """Whether there is something to send."""
        self._own_queue = node << NODE_BITS
        self._queues: dict[int, deque[_Waiting]] = {}
        self._counters: dict[int, int] = {}
        self._decided: dict[int, asyncio.Future[int]] = {}
        self._others: dict[int, SilentRecipient] = {}
        """Stand for the sessions of other nodes, by their numbers."""
        self._folded = 0.0
        """Seconds for which it has folded since it let others have their turn."""
        self._leading: Hub | None = None
        self.status: Callable[[], ClusterStatus]
        """Gives the nodes of the cluster; the node sets it."""
        self.unanswered = 0
        """What the hub has not decided yet."""

    # What sessions and the server call.

    def submit(self, session: Recipient, commands: Sequence[Command]) -> bool:
        """Asks for commands of one session, in their order; see ``Hub.submit``."""
        queue = session.id
        for command in commands:
            if type(command) is DialectReply:
                self._in_place(queue, _Waiting(session, outcome=(command.value,)))
            else:
                self._ask_for(queue, session, command)
                if type(command) is Quit:
                    return True
        return False

    def _ask_for(self, queue: int, session: Recipient, command: Command) -> None:
        if isinstance(command, Query) and type(command) not in QUERY_NOTES:
            self._in_place(queue, _Waiting(session, query=command))
            return
        kept: list[object] = []
        commands, found = wire.outgoing(command, kept)
        if any(one.level > self.level.number for one in commands):
            self._in_place(queue, _Waiting(session, outcome=(AboveLevel(),)))
            return
        counter = self._count(queue)
        if type(command) is Quit:
            del self._counters[queue]
        self._ask(
            queue,
            _Waiting(session, Asked(queue, counter, session.id, session.person_id, commands, found), kept),
        )

    def _count(self, queue: int) -> int:
        counter = self._counters[queue] = self._counters.get(queue, 0) + 1
        return counter

    def _ask(self, queue: int, waiting: _Waiting) -> None:
        self._queues.setdefault(queue, deque()).append(waiting)
        assert waiting.asked is not None  # noqa: S101  # the caller made it
        self.outgoing.append(waiting.asked)
        self.unanswered += 1
        if self.unanswered > MOST_UNANSWERED:
            self._batches.full = self._batches.crowded = True
        self.filled.set()

    def _in_place(self, queue: int, waiting: _Waiting) -> None:
        """Answers when all before it in the same order is answered."""
        before = self._queues.get(queue)
        if before:
            before.append(waiting)
        else:
            self._answer(waiting)

    def _answer(self, waiting: _Waiting) -> None:
        outcome = waiting.outcome
        if waiting.query is not None:
            self._engine.at(self._clock())
            outcome, _records = self._engine.execute(waiting.session.person_id, waiting.query)
        self._outbox.put(waiting.session, outcome, 0)

    async def request(self, command: Command, by: Recipient | None = None) -> Outcome:
        """Asks for a command that no session asked; see ``Hub.request``."""
        if self._outbox.full:
            await self._outbox.room()
        if self._outbox.failing:
            return (StorageDown(),)
        requester = Requester(by)
        if not self._is_its_person(requester):
            return (NotConnectedYet(),)
        self._ask_for(self._own_queue, requester, command)
        return await requester.outcome

    def put_barrier(self, session: Recipient, room: str = "") -> Barrier:
        """Marks the place where a session's I/O command begins; see ``Hub.put_barrier``."""
        barrier = Barrier(room)
        self._in_place(session.id, _Waiting(session, outcome=(barrier,)))
        return barrier

    def _put_facts(self, session: Recipient, facts: Sequence[Event]) -> None:
        """Asks the hub to record facts that no session caused; none above the level in force."""
        known = tuple(one for one in facts if one.level <= self.level.number)
        queue = self._own_queue
        self._ask(queue, _Waiting(session, Asked(queue, self._count(queue), 0, 0, (), facts=known)))

    def order(self, command: Command) -> None:
        """Asks for a command that the server itself asks; see ``Hub.order``."""
        self._ask_for(self._own_queue, self._server, command)

    async def settled(self) -> None:
        """Waits until all that was asked so far is decided, and told."""
        marker = Requester(None)
        self._put_facts(marker, ())
        await marker.outcome

    def cluster(self) -> ClusterStatus:
        """The nodes of the cluster; see ``CommandExecutor.cluster``."""
        return self.status()

    @property
    def leading(self) -> Hub | None:
        """The hub of the cluster, if it is this node; the node sets it."""
        return self._leading

    @leading.setter
    def leading(self, hub: Hub | None) -> None:
        self._leading = hub
        self.on_leading()

    @property
    def chats(self) -> tuple[Chat, ...]:
        """All states of this node; see ``Hub.chats``."""
        return (self.chat,) if self._leading is None else (self.chat, self._leading.chat)

    @property
    def is_leading(self) -> bool:
        """Whether the hub of the cluster is this node; see ``Hub.is_leading``."""
        return self.leading is not None

    def expire(self, by: str) -> bool:
        """Does it if this node is the hub; see ``Hub.expire``."""
        return self.leading is not None and self.leading.expire(by)

    def undecided(self, session: Recipient) -> Awaitable[int] | None:
        """Gives the batch in which the last outcome of a session is told; see ``Hub.undecided``."""
        if session.id not in self._queues:
            return None
        if session.id not in self._decided:
            self._decided[session.id] = asyncio.get_running_loop().create_future()
        return asyncio.shield(self._decided[session.id])

    def waits(self, session: Recipient) -> bool:
        """Whether something that a session asked is not decided."""
        return session.id in self._queues

    # What the node calls.

    def ask_again(self) -> None:
        """Sends all that is not decided once more: another node is the hub, or something was lost."""
        self.outgoing = [
            one.asked for queue in self._queues.values() for one in queue if one.asked is not None
        ]
        if self.outgoing:
            self.filled.set()

    def begin(self) -> dict[int, Recipient]:
        """Stands for the sessions of other nodes that are there; gives all of them by their numbers."""
        sessions = self.chat.sessions
        for person_id in self.chat.people:
            for session_id in sessions.of(person_id):
                self._others[session_id] = SilentRecipient(session_id, person_id)
        return dict(self._others)

    async def fold(self, told: Iterable[Told]) -> None:
        """Takes outcomes from the stream: changes the state, and has them delivered.

        A little in each pass of the loop: one message of the stream may have thousands, and several may wait.
        """
        put = self._outbox.put
        began = perf_counter() - self._folded
        for one in told:
            if perf_counter() - began > FOLD_SECONDS:
                await asyncio.sleep(0)
                began = perf_counter()
            own = one.queue and node_of(one.queue) == self.node
            queue = self._queues.get(one.queue) if own else None
            if queue is None:
                outcome = list(self._others_outcome(one))
                other = self._other(one)
                put(other, outcome, _records(outcome))
                if not _is_message(outcome):
                    self._notice(other, outcome)
                continue
            waiting = queue.popleft()
            self.unanswered -= 1
            result = list(self._own_outcome(one, waiting.kept))
            put(waiting.session, result, _records(result))
            if not _is_message(result):
                self._notice(waiting.session, result)
            while queue and queue[0].asked is None:
                self._answer(queue.popleft())
            if not queue:
                del self._queues[one.queue]
                decided = self._decided.pop(one.queue, None)
                if decided is not None and not decided.done():
                    decided.set_result(self._batches.batches + 1)
        if self.unanswered < MOST_UNANSWERED // 2:
            self._batches.crowded = False
        self._folded = perf_counter() - began

    def _own_outcome(self, told: Told, kept: Sequence[object]) -> Iterator[object]:
        for item in wire.items_of(told, kept):
            if type(item) is Record:
                self._apply(item)
                yield item
            elif type(item) is Asks:
                yield from self._answers(item)
            else:
                yield item

    def _answers(self, asks: Asks) -> Iterator[object]:
        """The answer to a query; none after a bug, which ends neither the node nor others' delivery."""
        try:
            yield self._engine.answer(asks.person, asks.query)
        except Exception:
            _logger.exception("A question could not be answered; this is a bug of asyncchat")

    def _others_outcome(self, told: Told) -> Iterator[object]:
        """What another node's session caused; its replies are told to its siblings here."""
        for item in wire.items_of(told):
            if isinstance(item, Record):
                if item.event.retention is not Retention.EPHEMERAL:
                    self._apply(item)
                yield item
            elif told.person in self.chat.sessions.several:
                if wire.is_opaque(item):
                    continue
                if type(item) is Asks:
                    yield from self._answers(item)
                else:
                    yield item

    def _apply(self, record: Record) -> None:
        event = record.event
        if isinstance(event, Said | SaidInPrivate):
            if event.person.id in self.chat.people:
                self.chat.people.last_spoke[event.person.id] = record.time
            if type(event) is Said:  # it changes nothing else
                return
        self.chat.apply(event)

    def _other(self, told: Told) -> Recipient:
        """Stands for the session of another node whose outcome this is."""
        recipient = self._others.get(told.session)
        if recipient is None:
            recipient = self._others[told.session] = SilentRecipient(told.session, told.person)
        if told.ends:
            del self._others[told.session]
        return recipient

    def lose(self, node: int) -> None:
        """Another node and its people are no more."""
        for session_id in [one for one in self._others if node_of(one) == node]:
            del self._others[session_id]


def _is_message(outcome: Sequence[object]) -> bool:
    """Whether an outcome is a message to a room and nothing else, as nearly all are."""
    return len(outcome) == 1 and type(getattr(outcome[0], "event", None)) is Said


def _records(outcome: Iterable[object]) -> int:
    return sum(type(item) is Record for item in outcome)
