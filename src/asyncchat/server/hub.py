"""The hub: the only owner of the chat's state. It decides, applies, numbers, and fills the outbox.

There is no ``await`` between deciding and applying. Must not know dialects or bytes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Protocol

from asyncchat.control.requests import ClusterStatus, Drained
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.engine import Engine
from asyncchat.core.events import Event, MovesRoom, Recipients, Record
from asyncchat.core.features.always_on import offline_expiring
from asyncchat.core.features.connect import Detach, NameReserved, NameTaken, Quit
from asyncchat.core.features.empty_rooms import sweep
from asyncchat.core.features.messages import Say
from asyncchat.core.features.presence import SessionAttached
from asyncchat.core.features.room_modes import over
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.names import fold
from asyncchat.core.people import from_origin
from asyncchat.core.replies import NotConnectedYet, StorageDown
from asyncchat.dialects.base import Outcome
from asyncchat.errors import Misuse
from asyncchat.log.base import Log
from asyncchat.server.clock import wall_clock
from asyncchat.server.delivery import Barrier
from asyncchat.server.recipients import Recipient, SilentRecipient

_logger = logging.getLogger("asyncchat.server")

EXPIRED_AT_ONCE = 500
"""Entries of rooms' lists that are removed in one turn of the loop: some 5 ms."""


class Requester(SilentRecipient):
    """Stands for whoever asks a command without a session, or asks one for a session."""

    def __init__(self, by: Recipient | None) -> None:
        super().__init__(*((by.id, by.person_id) if by is not None else ()))
        self._by = by
        self.is_charged = by is not None
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def charge(self, lines: float, told: float = 0.0) -> None:
        """Charges the session for which a command is decided."""
        if self._by is not None:
            self._by.charge(lines, told)

    def take_outcome(self, outcome: Outcome) -> None:
        """Gives the outcome to whoever waits for it."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def reach(chat: Chat, outcome: Outcome) -> int:
    """How many people are told of an outcome. A room's members count once: each is told in one write."""
    rooms: set[str] = set()
    of_peers: set[str] = set()
    others = 0
    for item in outcome:
        if isinstance(item, Record):
            event: Any = item.event
            match event.recipients:
                case Recipients.ROOM | Recipients.VISIBLE:
                    rooms.add(fold(event.to if isinstance(event, MovesRoom) else event.room))
                case Recipients.PEERS:
                    of_peers.update(chat.rooms.joined.get(event.person.id, ()))
                case Recipients.SOME | Recipients.SOME_MEMBERS | Recipients.SOME_PEERS:
                    others += len(event.to)
    peers = _members(chat, of_peers - rooms)
    return _members(chat, rooms) + min(peers, len(chat.people)) + others


def _members(chat: Chat, keys: Iterable[str]) -> int:
    return sum(len(chat.rooms[key].member_blocks) for key in keys if key in chat.rooms)


class Ends(Protocol):
    """What a hub continues: a log, or a place in one."""

    @property
    def last(self) -> int:
        """The number of the last record."""

    @property
    def last_time(self) -> int:
        """Its time, in microseconds since 1970 UTC."""


class TakesOutcomes(Protocol):
    """What a hub fills: an ``Outbox``, or what a cluster has in its place."""

    failing: bool
    full: bool

    async def room(self) -> None:
        """Waits until it takes more."""

    def put(self, session: Recipient, outcome: Outcome, records: int) -> None:
        """Takes a command's outcome."""


class Hub:
    """Decides commands.

    Args:
        chat: the state, as replayed from the log.
        log: its last number and time are continued.
        outbox: takes the outcomes.
        clock: microseconds since 1970 UTC; if it goes back, the hub's time stands still.
        end: continued in the place of the log's; a cluster's is ahead of it.
        engine: decides; a cluster's leaves queries to the nodes.
    """

    running = True
    """Tells ``control.operations`` that a server runs."""

    def __init__(
        self,
        chat: Chat,
        log: Log,
        outbox: TakesOutcomes,
        clock: Callable[[], int] = wall_clock,
        *,
        end: Ends | None = None,
        engine: type[Engine] = Engine,
    ) -> None:
        self.chat = chat
        self.page = ""
        """The address of the page, for links to it; empty: it is not known."""
        self.drainer: Callable[[float], Drained] | None = None
        self.upgrader: Callable[[], Awaitable[int]] | None = None
        """Has a new process take over, if this one can be followed."""
        self.remove_files: Callable[[Sequence[str]], Awaitable[None]] | None = None
        """Removes uploaded files, by their ids, whatever refers to them."""
        self.log = log
        self._outbox = outbox
        self._clock = clock
        self._server = SilentRecipient()
        self._engine = engine(chat, (end or log).last, (end or log).last_time)
        self.on_name_taken: Callable[[Recipient, int], None] = lambda _asker, _holder: None
        """Called with the requester and the number of the person who has the name it asked for."""
        self.on_leading: Callable[[], None] = lambda: None
        """Called when ``is_leading`` has changed."""

    def submit(self, session: Recipient, commands: Sequence[Command]) -> bool:
        """Decides commands of one session, in their order.

        Returns:
            Whether one of them was ``Quit``; those after it are not decided.
        """
        chat = self.chat
        execute = self._engine.execute
        put = self._outbox.put
        person_id = session.person_id
        several = chat.sessions.several
        if person_id in several and session.id not in several[person_id]:  # as _is_its_person, without a call
            return False  # its I/O command came late
        now = self._engine.at(self._clock())
        for command in commands:
            if isinstance(command, Quit):
                if person_id in chat.sessions.several:
                    command = Detach(session.id, command.reason, command.silent, command.automatic)
                put(session, *execute(person_id, command))
                return True
            if type(command) is DialectReply:
                put(session, (command.value,), 0)
                continue
            outcome, records = execute(person_id, command)
            put(session, outcome, records)
            if type(command) is not Say:
                self._notice(session, outcome)
            elif person_id in chat.people:
                chat.people.last_spoke[person_id] = now
        return False

    def _is_its_person(self, session: Recipient) -> bool:
        """Whether a session still is the person that it says: another one may have taken its place."""
        several = self.chat.sessions.several
        return session.person_id not in several or session.id in several[session.person_id]

    def _notice(self, session: Recipient, outcome: Outcome) -> None:
        """Takes from an outcome what changes its session, or concerns another one; charges what it costs.

        It is charged like a message that so many are told. Leaving the chat is not: joining was.
        """
        if session.is_charged and (told := reach(self.chat, outcome)):
            session.charge(0, told)
        for item in outcome:
            if type(item) is Record:
                if type(item.event) is SessionAttached:
                    session.person_id = item.event.person.id
            elif isinstance(item, NameTaken | NameReserved) and item.holder:
                self.on_name_taken(session, item.holder)

    @property
    def number(self) -> int:
        """The number of the last record that was decided."""
        return self._engine.number

    def now(self) -> int:
        """The time of what is decided now."""
        return self._engine.at(self._clock())

    async def request(self, command: Command, by: Recipient | None = None) -> Outcome:
        """Decides a command that no session asked, for HTTP and the console, or that one asked as a part.

        Args:
            command: the command.
            by: the session for which it is decided; the outcome is not told to it.

        Returns:
            Its outcome, once the log has its records; ``StorageDown`` if the log can't be written now,
            ``NotConnectedYet`` if the session is not that person any more.
        """
        if self._outbox.full:
            await self._outbox.room()
        if self._outbox.failing:
            return (StorageDown(),)
        requester = Requester(by)
        if not self._is_its_person(requester):
            return (NotConnectedYet(),)
        self.submit(requester, [command])
        return await requester.outcome

    def cluster(self) -> ClusterStatus:
        """The nodes of the cluster; see ``CommandExecutor.cluster``."""
        raise Misuse("This server is no node of a cluster: start it with --cluster nats://HOST:PORT")

    def drain(self, seconds: float) -> Drained:
        """Takes the node out of service; see ``CommandExecutor.drain``."""
        self.cluster()  # says so if it is none
        if self.drainer is None:
            raise Misuse("This server is ended by the program in which it runs")
        return self.drainer(seconds)

    async def upgrade(self) -> int:
        """Has a new process take over, and gives its number; see ``CommandExecutor.upgrade``."""
        if self.upgrader is None:
            raise Misuse("This server can't be upgraded while it runs")
        return await self.upgrader()

    async def drop_files(self, ids: Sequence[str]) -> None:
        """Removes uploaded files; see ``CommandExecutor.drop_files``."""
        if self.remove_files is not None:
            await self.remove_files(ids)

    def undecided(self, _session: Recipient) -> Awaitable[int] | None:
        """Gives the batch in which a session is told the outcome of what it asked last, if that is not
        decided yet; None: it is."""
        return None

    def put_barrier(self, session: Recipient, room: str = "") -> Barrier:
        """Marks the place in the order where a session's I/O command begins.

        From there on the session is subscribed to this room, where one is given, without being a member.
        """
        barrier = Barrier(room)
        self._outbox.put(session, (barrier,), 0)
        return barrier

    def declare(self, facts: Sequence[Event]) -> None:
        """Applies facts that no session caused, and has them delivered."""
        if facts:
            self._put_facts(self._server, facts)

    async def declared(self, facts: Sequence[Event]) -> Outcome:
        """Declares facts, and gives their outcome once the log has them; see ``request``."""
        if not facts:
            return ()
        if self._outbox.full:
            await self._outbox.room()
        if self._outbox.failing:
            return (StorageDown(),)
        requester = Requester(None)
        self._put_facts(requester, facts)
        return await requester.outcome

    async def told(self) -> None:
        """Waits until all is told that is known here to be decided."""
        marker = Requester(None)
        self._outbox.put(marker, (), 0)
        await marker.outcome

    def _put_facts(self, session: Recipient, facts: Sequence[Event]) -> None:
        self._outbox.put(session, self.record(facts), len(facts))

    def order(self, command: Command) -> None:
        """Decides a command that the server itself asks; nobody waits for its outcome."""
        self.submit(self._server, [command])

    @property
    def chats(self) -> tuple[Chat, ...]:
        """All states of this server: the hub of a cluster decides by one of its own."""
        return (self.chat,)

    @property
    def is_leading(self) -> bool:
        """Whether this server does what only one of a cluster does; one alone does it all."""
        return True

    def expire(self, by: str) -> bool:
        """Removes expired entries from rooms' lists, people who have been away for too long, and rooms that
        have been empty for too long.

        Returns:
            Whether more entries have expired, which are to be removed in the next turn of the loop.
        """
        now = self._engine.at(self._clock())
        swept = sweep(self.chat, now)
        for event in swept:
            if isinstance(event, RoomClosed):
                _logger.info("Forgot %s: nobody was in it for long", event.room)
        expired = list(islice(over(self.chat, from_origin(by), now), EXPIRED_AT_ONCE))
        self.declare([*expired, *offline_expiring(self.chat, now), *swept])
        return len(expired) == EXPIRED_AT_ONCE

    def record(self, facts: Sequence[Event]) -> list[Record]:
        """Applies facts that no session caused, such as the start of a run, and gives their records."""
        self._engine.at(self._clock())
        return self._engine.record(facts)
