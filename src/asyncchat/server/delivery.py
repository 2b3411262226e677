"""Delivery of a committed batch: bytes are made once for each encoder and written once to each member.

Owns the order of what sessions are told, and the subscribers of each room. Must not know how a batch was
decided or kept. The speed of the server depends on this module (docs/architecture.md).

A batch is walked in log order. A session is served *individually* when it asked something in the batch,
joined, left or was written to: its lines are gathered in order and go out in one write. All other members of
a room get the room's open write batch: one write for all its events. An event of several rooms first closes
the open write batches of those rooms.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from asyncchat.core import events
from asyncchat.core.events import Passing, Reach, Record, RoomRenamed, Said, Together, together
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import fold
from asyncchat.core.replies import BannedFromServer
from asyncchat.core.roles import OPERATOR, ROLE_NAMED
from asyncchat.server.concerns import ALSO_CONCERNS, SEEN, TO_ONE, TO_SOME, Seen, ToSome
from asyncchat.server.people import People
from asyncchat.server.subscribers import Subscribers, WriteBatch

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome, Variant
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

WRITES_A_SLICE = 256
"""Writes between two turns of the loop. They take about 2 ms, so no other task waits longer than that."""

CHECK_BYTES = 16_384
"""Bytes told to a room before its members are checked for slow readers (their limit is 60 times this)."""


class Barrier:
    """The place in a batch where a session's I/O command begins.

    What came before is delivered; what follows waits. ``reached`` is the number of the last record delivered
    before, or -1 while the barrier has not been reached.
    """

    __slots__ = ("reached", "room")

    def __init__(self, room: str = "") -> None:
        self.reached = -1
        self.room = room
        """A room that the session is subscribed to from here on; empty for none."""


Batch = Sequence[tuple["Session", "Outcome"]]


class Delivery:
    """Delivers batches, one after the other.

    Args:
        too_slow: called once, after the batch, with each session for which too much waits.
    """

    def __init__(self, too_slow: Callable[[Session], None]) -> None:
        self.people = People()
        self.auditorium: Callable[[str], dict[int, int] | None] = lambda _key: None
        """By a room's key: its members' roles where the members are hidden from each other, else None."""
        self.on_room_moved: Callable[[str], None] = lambda _key: None
        """Called with the key of a room that is another room, or none, from now on."""
        self.owners: Set[int] = frozenset()
        """Server operators: they see everybody."""
        self.delivered = 0
        self.writes = 0
        """Shared writes so far; those to sessions that are served individually do not count."""
        self._too_slow = too_slow
        self._rooms: dict[str, Subscribers] = {}
        self._turn = 0
        self._individuals: list[Session] = []
        self._write_batches: list[WriteBatch] = []
        self._writes = 0
        self._slow: set[Session] = set()
        self._disconnecting: list[tuple[Session, str]] = []
        """Sessions to disconnect after the batch, each with the reason."""

    async def deliver(self, batch: Batch) -> None:
        """Tells everyone what happened; returns when all bytes are handed to the transports."""
        self._turn += 1
        self._mark_individuals(batch)
        rooms = self._rooms
        for session, outcome in batch:
            for item in outcome if len(outcome) == 1 else together(outcome):
                if type(item) is Record:
                    event = item.event
                    if type(event) is Said:
                        subscribers = rooms.get(event.room) or self._subscribers_of(event.room)
                        (subscribers.write_batch or self._open_write_batch(subscribers)).add(item, session)
                        subscribers.last_said = item.number
                    elif type(event) is RoomRenamed:
                        await self._rename_room(event, outcome, session)
                    else:
                        await self._tell(item, session)
                    self.delivered = item.number
                elif type(item) is Together:
                    await self._tell(item, session)
                    self.delivered = item.number
                elif type(item) is Passing:
                    await self._tell(item, session)
                elif type(item) is Barrier:
                    self._reach_barrier(session, item)
                elif type(item) is BannedFromServer:
                    self._disconnecting.append((session, "banned"))
            session.take_outcome(outcome)
            if session.who in self.people.several:
                await self._tell_siblings(session, outcome)
        for opened in self._write_batches:
            await self._flush(opened)
        self._write_batches.clear()
        for session in self._individuals:
            session.flush_pending()
        self._individuals.clear()
        self._writes = 0
        if self._disconnecting:
            disconnecting, self._disconnecting = self._disconnecting, []
            for session, reason in disconnecting:
                session.disconnect(reason)
        if self._slow:
            slow, self._slow = self._slow, set()
            for session in slow:
                self._too_slow(session)

    def _mark_individuals(self, batch: Batch) -> None:
        turn = self._turn
        several = self.people.several
        for session, outcome in batch:
            if session.individual_turn != turn:
                self._mark_individual(session)
            for item in outcome:
                if isinstance(item, Record) and type(item.event) in ALSO_CONCERNS:
                    for concerned in self.people.sessions_of(ALSO_CONCERNS[type(item.event)](item.event)):
                        if concerned.individual_turn != turn:
                            self._mark_individual(concerned)
            for sibling in several.get(session.who, ()):
                if sibling.individual_turn != turn:
                    self._mark_individual(sibling)

    def _mark_individual(self, session: Session) -> None:
        session.individual_turn = self._turn
        self._individuals.append(session)

    def _subscribers_of(self, room: str) -> Subscribers:
        """A room's subscribers. The name is looked up as it is spelled first: events of a room all spell it
        alike."""
        subscribers = self._rooms.get(room)
        if subscribers is None:
            key = fold(room)
            subscribers = self._rooms.get(key)
            if subscribers is None:
                subscribers = Subscribers()
                if self.auditorium(key) is not None:
                    subscribers.roles = {}
            self._rooms[key] = self._rooms[room] = subscribers
        return subscribers

    def _open_write_batch(self, subscribers: Subscribers) -> WriteBatch:
        turn = self._turn
        for member in subscribers.filtered:
            if member.individual_turn != turn:
                self._mark_individual(member)
                for opened in self._write_batches:  # it began to ignore somebody during this batch
                    opened.serve_individually(member)
        members = subscribers.members
        if len(self._individuals) < len(members):
            individual = [session for session in self._individuals if session.id in members]
        else:
            individual = [session for session in members.values() if session.individual_turn == turn]
        write_batch = subscribers.write_batch = WriteBatch(subscribers, individual)
        self._write_batches.append(write_batch)
        return write_batch

    async def _tell(self, record: Record, cause: Session) -> None:
        """Delivers an event that is not a message to a room."""
        event = record.event
        if event.reach is Reach.ROOM:
            subscribers = self._subscribers_of(event.room)  # type: ignore[union-attr]  # Reach.ROOM means it has one
            if subscribers.roles is not None and isinstance(event, SEEN):
                await self._tell_visible(record, event, subscribers, cause)
                return
            write_batch = subscribers.write_batch or self._open_write_batch(subscribers)
            write_batch.add(record, cause)
            if isinstance(event, events.Erased):
                subscribers.last_said = record.number
            if isinstance(event, events.FlagChanged | events.RoleChanged):
                self._note_changes(record, subscribers)
            if isinstance(event, events.Joined):
                for joiner in self.people.sessions_of(event.person.id):
                    subscribers.add_during_batch(joiner)
            elif isinstance(event, events.Parted | events.Kicked):
                self._remove(event.person.id, [subscribers])
        elif event.reach is Reach.PEERS:
            who: int = event.person.id  # type: ignore[union-attr]  # Reach.PEERS means it has one
            await self._tell_peers(record, who, cause)
            if isinstance(event, events.LoggedOut) and who != cause.who:
                for device in self.people.sessions_of(who):
                    device.pending.append(device.follow((record,)))  # no answer to what it asks now
        elif isinstance(event, events.Confided | events.SignalledToRole | events.Knocked):
            await self._tell_some(record, event, cause)
        elif isinstance(event, TO_ONE):
            for target in self.people.sessions_of(event.to.id):
                if target is not cause and not target.ignores(record):
                    target.pending.append(target.variant.encode(record))
        elif isinstance(event, events.Entered):
            self.people.enter(event.person.id, cause)
            _logger.info("%s (%s) is online", event.person.name, event.person.address or event.person.host)
        elif isinstance(event, events.Attached):
            self.people.attach(event.person.id, cause)
        elif isinstance(event, events.Detached):
            self.people.detach(event.person.id, cause)
        elif isinstance(event, TO_SOME):
            await self._announce(record, event, cause)
        elif isinstance(event, events.MetadataShown):
            await self._show(record, event, cause)
        elif isinstance(event, events.HostChanged | events.HostShown):
            await self._tell_host(record, event, cause)
        elif isinstance(event, events.Killed):
            self._kill(record, event, cause)
        elif isinstance(event, events.RoomClosed) and not self._subscribers_of(event.room).members:
            self._rooms.pop(event.room, None)
            self._rooms.pop(fold(event.room), None)
            self.on_room_moved(fold(event.room))

    def last_said(self, key: str) -> int:
        """The number of the last message or erasure delivered in a room since the start; 0: none."""
        subscribers = self._rooms.get(key)
        return 0 if subscribers is None else subscribers.last_said

    async def _rename_room(self, event: RoomRenamed, outcome: Outcome, cause: Session) -> None:
        """Moves a room's subscribers to its new name, and tells each member individually."""
        subscribers = self._subscribers_of(event.room)
        if subscribers.write_batch is not None:
            self._write_batches.remove(subscribers.write_batch)
            await self._flush(subscribers.write_batch)
        for name in (event.room, fold(event.room)):
            self._rooms.pop(name, None)
        self.on_room_moved(fold(event.room))
        self.on_room_moved(fold(event.to))
        there = self._rooms.get(fold(event.to))
        if there is not None and there is not subscribers:
            for watcher in list(
                there.members.values()
            ):  # webhooks and streams: there was no open room of that name
                there.remove(watcher)
                subscribers.add_during_batch(watcher)
        self._rooms[event.to] = self._rooms[fold(event.to)] = subscribers
        for member in list(subscribers.members.values()):
            if member is cause or member.ended:
                continue
            data = member.learn(outcome)
            if member.individual_turn == self._turn:
                member.pending.append(data)
            elif data:
                await self._write([member], data)

    async def _announce(self, record: Record, event: ToSome, cause: Session) -> None:
        """Tells some people something, wherever they are."""
        for who in event.to:
            for target in self.people.sessions_of(who):
                if target is not cause:
                    await self._give(target, target.variant.encode(record))

    async def _show(self, record: Record, event: events.MetadataShown, cause: Session) -> None:
        """Tells some people of metadata, after what was told before in the rooms concerned."""
        rooms = (
            self.people.subscriptions_of(event.who) if event.who else (self._subscribers_of(event.target),)
        )
        await self._tell_behind(record, event.to, rooms, cause)

    async def _tell_host(
        self, record: Record, event: events.HostChanged | events.HostShown, cause: Session
    ) -> None:
        """Tells others, and the person itself, of the person's new host."""
        who = event.person.id
        await self._tell_behind(record, event.to, self.people.subscriptions_of(who), cause)
        if isinstance(event, events.HostChanged) and who != cause.who:
            for device in self.people.sessions_of(who):
                device.pending.append(device.follow((record,)))  # no answer to what it asks now

    async def _tell_behind(
        self, record: Record, to: Iterable[int], rooms: Iterable[Subscribers], cause: Session
    ) -> None:
        """Tells some people something, after what was told before in these rooms."""
        for subscribers in rooms:
            if subscribers.write_batch is not None:
                self._write_batches.remove(subscribers.write_batch)
                await self._flush(subscribers.write_batch)
        encoded: dict[Variant, bytes] = {}
        for who in to:
            for target in self.people.sessions_of(who):
                if target is not cause:
                    data = encoded.get(target.variant)
                    if data is None:
                        data = encoded[target.variant] = target.variant.encode(record)
                    await self._give(target, data)

    def _kill(self, record: Record, event: events.Killed, cause: Session) -> None:
        """Tells a person that it was killed; its sessions are disconnected after this batch."""
        for target in self.people.sessions_of(event.person.id):
            if target is not cause:
                target.pending.append(target.variant.encode(record))
            self._disconnecting.append((target, f"Killed ({event.by.name} ({event.reason}))"))

    async def _tell_peers(self, record: Record, who: int, cause: Session) -> None:
        """Delivers an event of a person to all who share a room with it, once each."""
        rooms = self.people.subscriptions_of(who)
        if len(rooms) == 1 and rooms[0].roles is None:
            (rooms[0].write_batch or self._open_write_batch(rooms[0])).add(record, cause)
        elif rooms:
            await self._tell_union(record, who, rooms, cause)
        if isinstance(record.event, events.Left):
            self._remove(who, rooms)
            self.people.leave(who)
            reason = f" ({record.event.reason})" if record.event.reason else ""
            _logger.info("%s left chat%s", record.event.person.name, reason)

    async def _tell_some(
        self, record: Record, event: events.Confided | events.SignalledToRole | events.Knocked, cause: Session
    ) -> None:
        """Delivers an event to some of a room's members, after what all of them were told before."""
        subscribers = self._subscribers_of(event.room)
        if subscribers.write_batch is not None:
            self._write_batches.remove(subscribers.write_batch)
            await self._flush(subscribers.write_batch)
        for who in event.to:
            for member in self.people.sessions_of(who):
                if member.id in subscribers.members and member is not cause and not member.ignores(record):
                    await self._give(member, member.variant.encode(record))

    async def _tell_visible(
        self, record: Record, event: Seen, subscribers: Subscribers, cause: Session
    ) -> None:
        """Delivers that somebody came to an auditorium or left it."""
        who = event.person.id
        if isinstance(event, events.Joined):
            if event.operator and subscribers.roles is not None:
                subscribers.roles[who] = OPERATOR.bit
            for joiner in self.people.sessions_of(who):
                subscribers.add(joiner)
        await self._tell_union(record, who, [subscribers], cause)
        if not isinstance(event, events.Joined):
            self._remove(who, [subscribers])

    def _note_changes(self, record: Record, subscribers: Subscribers) -> None:
        """Updates whether a room is an auditorium, and the roles of its members."""
        for one in record.records if isinstance(record, Together) else (record,):
            change = one.event
            if isinstance(change, events.FlagChanged) and change.flag == AUDITORIUM:
                subscribers.roles = (self.auditorium(fold(change.room)) or {}) if change.on else None
            elif isinstance(change, events.RoleChanged) and subscribers.roles is not None:
                bit = ROLE_NAMED[change.role].bit
                roles = subscribers.roles.get(change.person.id, 0)
                subscribers.roles[change.person.id] = roles | bit if change.on else roles & ~bit

    async def _tell_union(
        self, record: Record, who: int, rooms: Sequence[Subscribers], cause: Session
    ) -> None:
        """Delivers an event of a person to all members of these rooms who may see it, once each."""
        members: dict[int, Session] = {}
        for subscribers in rooms:
            if subscribers.write_batch is not None:
                self._write_batches.remove(subscribers.write_batch)
                await self._flush(subscribers.write_batch)
            members.update(subscribers.visible_to(who, self.owners))
        encoded: dict[Variant, bytes] = {}
        for member in members.values():
            data = encoded.get(member.variant)
            if data is None:
                data = encoded[member.variant] = member.variant.encode(record)
            if member.individual_turn == self._turn:
                if member is not cause:
                    member.pending.append(data)
            elif data:
                await self._write([member], data)

    def _remove(self, who: int, rooms: Iterable[Subscribers]) -> None:
        for leaver in self.people.sessions_of(who):
            for subscribers in rooms:
                subscribers.remove(leaver)

    async def _tell_siblings(self, session: Session, outcome: Outcome) -> None:
        """Tells a person's other sessions what this one caused."""
        for sibling in self.people.several.get(session.who, ()):
            if sibling is not session and not sibling.ended:
                await self._give(sibling, sibling.follow(outcome))

    async def _give(self, session: Session, data: bytes) -> None:
        """Tells one session something, in order."""
        if session.individual_turn == self._turn:
            session.pending.append(data)
        elif data:
            await self._write([session], data)

    async def _flush(self, write_batch: WriteBatch) -> None:
        """Closes a write batch: its bytes go to all members that are not served individually."""
        subscribers = write_batch.subscribers
        subscribers.write_batch = None
        for variant, sessions in write_batch.groups:
            data = b"".join(write_batch.lines[variant])
            if not data:
                continue
            subscribers.unchecked += len(data)
            for start in range(0, len(sessions), WRITES_A_SLICE):
                await self._write(sessions[start : start + WRITES_A_SLICE], data)
        if subscribers.unchecked > CHECK_BYTES:
            subscribers.unchecked = 0
            self._slow.update(
                session for _, group in write_batch.groups for session in group if session.is_slow()
            )

    async def _write(self, sessions: Sequence[Session], data: bytes) -> None:
        """Writes the same bytes to all of these sessions that are not served individually."""
        turn = self._turn
        left = iter(sessions)
        while True:
            try:
                for session in left:
                    if session.individual_turn != turn:
                        session.write(data)
                break
            except RuntimeError:
                session.mark_lost()
        self._writes += len(sessions)
        self.writes += len(sessions)
        if self._writes >= WRITES_A_SLICE:
            self._writes = 0
            await asyncio.sleep(0)

    def _reach_barrier(self, session: Session, barrier: Barrier) -> None:
        barrier.reached = self.delivered
        session.flush_pending()
        session.pause_output()
        if barrier.room and not session.ended:
            self.subscribe(session, barrier.room)

    def subscribe(self, session: Session, room: str) -> None:
        """Subscribes a session that is no member to a room from now on."""
        self._subscribers_of(fold(room)).add_during_batch(session)

    def add_absent(self, rooms_of: Mapping[int, Iterable[str]]) -> None:
        """Puts people who have no session into these rooms, at the start."""
        for who, rooms in rooms_of.items():
            self.people.miss(who, [self._subscribers_of(room) for room in rooms])

    def unsubscribe(self, session: Session) -> None:
        """Unsubscribes a session from all its rooms."""
        for subscribers in session.subscriptions:
            subscribers.remove(session)
