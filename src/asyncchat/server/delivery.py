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
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from asyncchat.core.coalesce import CoalescedRecord, coalesce
from asyncchat.core.events import Ephemeral, Event, MovesRoom, Recipients, Record
from asyncchat.core.features.edits import Edited
from asyncchat.core.features.login_tokens import LoginTokensRevoked
from asyncchat.core.features.messages import Said
from asyncchat.core.features.opers import OperGranted, OperResigned
from asyncchat.core.features.preferences import GuestPreferenceChanged, PreferenceChanged, ignored_by
from asyncchat.core.features.presence import (
    Connected,
    Left,
    LoggedIn,
    LoggedOut,
    SessionAttached,
    SessionDetached,
)
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.room_modes import FlagChanged, RoleChanged
from asyncchat.core.features.rooms import Joined, Kicked, Parted, RoomClosed
from asyncchat.core.features.server_bans import BannedFromServer, Killed
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.roles import OPERATOR, ROLE_NAMED
from asyncchat.server.presence import Presence
from asyncchat.server.recipients import Recipient, SilentRecipient, Subscribers, WriteBatch, catch_up
from asyncchat.server.slices import SLICE_SECONDS

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.dialects.base import EventEncoder, Outcome

_logger = logging.getLogger("asyncchat.server")

WRITES_A_SLICE = 256
"""Writes between two turns of the loop; a long one counts once more for each 4 KiB.

They take some 2 ms: uvloop does them at the end of its pass, where the clock of a slice does not see them."""

WRITES_A_LOOK = 64
"""Writes, or members looked at, between two looks at that."""

PENDING_PARTS = 256
"""Parts that wait for a session that is served individually, above which they are written before the batch
ends: thousands that go away at once would each hold all the others' lines."""

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


Batch = Sequence[tuple[Recipient, "Outcome"]]


_NOT_TO_ONESELF = (Recipients.PEERS, Recipients.SOME_PEERS)
"""What these reach is not told to the person itself, whom another may have changed. A kick is; the person's
sessions have to remember when it was."""


_CHANGE_IGNORED = frozenset((GuestPreferenceChanged, LoggedIn, LoggedOut, SessionAttached))
"""After these, a person's sessions may have to ignore others than before."""


class Delivery:
    """Delivers batches, one after the other.

    The state may be ahead of what is delivered. So who sees whom is worked out from the delivered events
    alone, and everybody is told the same in whatever batches they come.

    Args:
        chat: the state, only to be read: at the start, and which rooms are open.
    """

    def __init__(self, chat: Chat) -> None:
        self.presence = Presence()
        self._chat = chat
        self.delivered = 0
        self.writes = 0
        """Shared writes so far; those to sessions that are served individually do not count."""
        self._rooms: dict[str, Subscribers] = {}
        self._turn = 0
        self._individuals: list[Recipient] = []
        self._write_batches: list[WriteBatch] = []
        self._writes = 0
        self._slow: set[Recipient] = set()
        self.too_slow = 0
        """Readers that were disconnected because they did not read."""
        self.worked = 0.0
        """Seconds for which it has delivered so far, without those that it gave to other tasks."""
        self._slice_began = 0.0
        self._slice_end = 0.0
        """When the other tasks have their next turn."""
        self._comings: list[str] = []
        """Who came and went in the batch, for the server's log …"""
        self.logs_others = True
        """… where it has those, too, who are on other nodes."""
        self._disconnecting: list[tuple[Recipient, str]] = []
        """Recipients to disconnect after the batch, each with the reason."""
        self._observers: dict[type[Event], list[Callable[[Any], None]]] = {}
        self._unattended: list[Subscribers] = []
        """Of rooms that were told something in this batch, though nobody was there yet."""

    def observe(self, event: type[Event], observer: Callable[[Any], None]) -> None:
        """Has a function called with each event of this type that is delivered.

        For those who are no members but subscribe to rooms, or reach the server: what ends their rights. And
        for files: what is erased. It is for events that nobody is told, renames of rooms, and erasures.
        """
        self._observers.setdefault(event, []).append(observer)

    def _notify(self, event: type[Event], delivered: Event) -> None:
        for observer in self._observers.get(event, ()):
            observer(delivered)

    async def deliver(self, batch: Batch) -> None:
        """Tells everyone what happened; returns when all bytes are handed to the transports."""
        self._turn += 1
        self._slice_began = perf_counter()
        self._slice_end = self._slice_began + SLICE_SECONDS
        await self._mark_individuals(batch)
        rooms = self._rooms
        for session, outcome in batch:
            for item in outcome if len(outcome) == 1 else coalesce(outcome):
                if type(item) is Record:
                    event = item.event
                    if type(event) is Said:
                        subscribers = rooms.get(event.room) or self._subscribers_of(event.room)
                        (subscribers.write_batch or self._open_write_batch(subscribers)).add(item, session)
                        subscribers.last_said = item.number
                    elif isinstance(event, MovesRoom):
                        await self._rename_room(item.number, event, outcome, session)
                    else:
                        await self._tell(item, session)
                        if perf_counter() >= self._slice_end:
                            await self._yield()
                    self.delivered = item.number
                elif type(item) is CoalescedRecord:
                    await self._tell(item, session)
                    self.delivered = item.number
                elif type(item) is Ephemeral:
                    await self._tell(item, session)
                elif type(item) is Barrier:
                    self._reach_barrier(session, item)
                elif type(item) is BannedFromServer:
                    self._disconnecting.append((session, "banned"))
            session.take_outcome(outcome)
            if session.person_id in self.presence.several:
                await self._tell_siblings(session, outcome)
            if perf_counter() >= self._slice_end:
                await self._yield()
        for opened in self._write_batches:
            await self._write_groups(opened)
        for session in self._individuals:
            catch_up(session)
            session.flush_pending()
            if perf_counter() >= self._slice_end:
                await self._yield()
        for opened in self._write_batches:
            opened.subscribers.write_batch = None
        self._write_batches.clear()
        self._individuals.clear()
        self._writes = 0
        if self._unattended:
            unattended, self._unattended = self._unattended, []
            for subscribers in unattended:
                self._forget_unattended(subscribers)
        if self._comings:
            self._log_presence()
        disconnecting, self._disconnecting = self._disconnecting, []
        slow, self._slow = self._slow, set()
        self.too_slow += len(slow)
        for session, reason in (*disconnecting, *((one, "too slow") for one in slow)):
            session.disconnect(reason, at_once=reason == "too slow")
            if perf_counter() >= self._slice_end:
                await self._yield()
        self.worked += perf_counter() - self._slice_began

    async def _yield(self) -> None:
        """Gives the other tasks a turn."""
        self.worked += perf_counter() - self._slice_began
        await asyncio.sleep(0)
        self._writes = 0
        self._slice_began = perf_counter()
        self._slice_end = self._slice_began + SLICE_SECONDS

    def _note_coming(self, cause: Recipient, text: str) -> None:
        if self.logs_others or not isinstance(cause, SilentRecipient):
            self._comings.append(text)

    def _log_presence(self) -> None:
        """Writes who came and who went in one line."""
        _logger.info("%s", "; ".join(self._comings))
        self._comings.clear()

    async def _mark_individuals(self, batch: Batch) -> None:
        turn = self._turn
        several = self.presence.several
        individuals = self._individuals
        for session, outcome in batch:
            if session.individual_turn != turn:
                session.individual_turn = turn
                individuals.append(session)
            for item in outcome:
                if isinstance(item, Record) and item.event.concerns:
                    person: Person = getattr(item.event, item.event.concerns)
                    for concerned in self.presence.recipients_of(person.id):
                        if concerned.individual_turn != turn:
                            self._mark_individual(concerned)
            for sibling in several.get(session.person_id, ()):
                if sibling.individual_turn != turn:
                    self._mark_individual(sibling)
            if perf_counter() >= self._slice_end:
                await self._yield()

    def _mark_individual(self, session: Recipient) -> None:
        session.individual_turn = self._turn
        self._individuals.append(session)

    def _subscribers_of(self, room: str) -> Subscribers:
        """A room's subscribers. The name is looked up as it is spelled first: events of an open room all
        spell it alike. Bots spell another as they like, so only its key is kept."""
        subscribers = self._rooms.get(room)
        if subscribers is None:
            key = fold(room)
            subscribers = self._rooms.get(key)
            if subscribers is None:
                subscribers = self._rooms[key] = Subscribers(key)
            open_room = self._chat.rooms.get(key)
            if open_room is None:
                self._unattended.append(subscribers)
            elif open_room.name == room:
                self._rooms[room] = subscribers
        return subscribers

    def members_of(self, room: str) -> int:
        """How many are told what is said in a room, however it is spelled; a webhook counts as several."""
        subscribers = self._rooms.get(room) or self._rooms.get(fold(room))
        return 0 if subscribers is None else subscribers.weight

    def _forget_unattended(self, subscribers: Subscribers) -> None:
        """Forgets a room that is not open and has no subscribers.

        An auditorium is renamed or closed before long: until that is delivered, it hides its members.
        """
        key = subscribers.key
        if (
            not subscribers.members
            and not subscribers.hides_members
            and key not in self._chat.rooms
            and self._rooms.get(key) is subscribers
        ):
            del self._rooms[key]

    def _open_write_batch(self, subscribers: Subscribers) -> WriteBatch:
        turn = self._turn
        for member in subscribers.filtered:
            if member.individual_turn != turn:
                self._mark_individual(member)
                for opened in self._write_batches:  # it began to ignore somebody during this batch
                    opened.serve_individually(member)
        members = subscribers.members
        if len(self._individuals) < len(members):
            individual = [one for one in self._individuals if one.id in members and not one.ended]
        else:
            individual = [one for one in members.values() if one.individual_turn == turn and not one.ended]
        write_batch = subscribers.write_batch = WriteBatch(subscribers, individual)
        self._write_batches.append(write_batch)
        return write_batch

    async def _tell(self, record: Record, cause: Recipient) -> None:
        """Delivers an event that is not a message to a room."""
        event: Any = record.event  # its reach says which fields it has
        match event.recipients:
            case Recipients.ROOM | Recipients.VISIBLE:
                await self._tell_room(record, event, cause)
            case Recipients.PEERS:
                await self._tell_peers(record, event.person.id, cause)
            case Recipients.SOME_PEERS:
                await self._tell_behind(record, event.to, self._rooms_before(event), cause)
            case Recipients.SOME_MEMBERS:
                await self._tell_some(record, event.room, event.to, cause)
            case Recipients.SOME:
                await self._announce(record, event.to, cause)
            case Recipients.PAIR:
                if type(event) is RedactedInPrivate:
                    self._notify(RedactedInPrivate, event)
                for target in self.presence.recipients_of(event.to.id):
                    if target is not cause and not target.ignores(record):
                        catch_up(target)
                        target.pending.append(target.encoder.encode(record))
            case Recipients.NOBODY:
                self._note_presence(record, cause)
        if type(event) in _CHANGE_IGNORED:
            self._follow_ignored(event.person.id)
        elif type(event) is PreferenceChanged:
            self._follow_ignored(cause.person_id, *event.to)
        if (
            event.concerns == "person"
            and (event.recipients in _NOT_TO_ONESELF or isinstance(event, Kicked))
            and event.person.id != cause.person_id
        ):
            self._tell_own(record, event.person.id)

    def _follow_ignored(self, *people: int) -> None:
        """Has the sessions of people ignore whom they ignore."""
        for me in filter(None, map(self._chat.people.get, people)):
            self.presence.set_ignored(me.id, ignored_by(self._chat, me))

    async def _tell_room(self, record: Record, event: Any, cause: Recipient) -> None:
        subscribers = self._subscribers_of(event.room)
        if isinstance(event, Joined) and event.operator:
            subscribers.roles[event.person.id] = OPERATOR.bit
        if subscribers.hides_members and event.recipients is Recipients.VISIBLE:
            await self._tell_visible(record, event, subscribers, cause)
            return
        write_batch = subscribers.write_batch or self._open_write_batch(subscribers)
        write_batch.add(record, cause)
        if isinstance(event, Erased | Edited):
            subscribers.last_said = record.number
            self._notify(Erased, event)
        elif event.coalesces:
            self._note_changes(record, subscribers)
        elif isinstance(event, Joined):
            for joiner in self.presence.recipients_of(event.person.id):
                subscribers.add_during_batch(joiner)
        elif isinstance(event, Parted | Kicked):
            self._remove(event.person.id, [subscribers])

    def _note_presence(self, record: Record, cause: Recipient) -> None:
        """Follows who is in the chat with which sessions, and which rooms there are."""
        event = record.event
        if isinstance(event, Connected):
            self.presence.enter(event.person.id, cause)
            if event.person.account:
                self._follow_ignored(event.person.id)
            address = event.person.address or event.person.host
            self._note_coming(cause, f"{event.person.name} ({address}) is online")
        elif isinstance(event, SessionAttached):
            self.presence.attach(event.person, cause)
            address = cause.address
            self._note_coming(cause, f"{event.person.name} ({address}) is online with one more session")
        elif isinstance(event, SessionDetached):
            self.presence.detach(event.person.id, cause)
        elif isinstance(event, Killed):
            self._kill(record, event, cause)
        elif isinstance(event, LoginTokensRevoked):
            for person_id, session_id in event.sessions:
                mine = self.presence.recipients_of(person_id)
                self._disconnecting += [(one, "signed out") for one in mine if one.id == session_id]
        elif isinstance(event, OperGranted):
            self.presence.operators.add(event.person.id)
        elif isinstance(event, OperResigned):
            self.presence.operators.discard(event.person.id)
        elif isinstance(event, RoomClosed):
            subscribers = self._subscribers_of(event.room)
            subscribers.hides_members = False  # the next room of that name hides nobody
            self._rooms.pop(event.room, None)
            if subscribers.members:  # webhooks and streams
                self._rooms[subscribers.key] = subscribers
            else:
                self._rooms.pop(subscribers.key, None)
        self._notify(type(event), event)

    def subscribers_in(self, key: str) -> Subscribers | None:
        """The subscribers of the room that has this key now; None: there is no such room."""
        return self._rooms.get(key)

    async def _rename_room(self, number: int, event: MovesRoom, outcome: Outcome, cause: Recipient) -> None:
        """Moves a room's subscribers to its new name, and tells each member individually."""
        subscribers = self._subscribers_of(event.room)
        if subscribers.write_batch is not None:
            self._write_batches.remove(subscribers.write_batch)
            await self._flush(subscribers.write_batch)
        for name in (event.room, fold(event.room)):
            self._rooms.pop(name, None)
        there = self._rooms.get(fold(event.to))
        if there is not None and there is not subscribers:
            for watcher in list(
                there.members.values()
            ):  # webhooks and streams: there was no open room of that name
                there.remove(watcher)
                subscribers.add_during_batch(watcher)
        subscribers.last_said = number  # its messages were moved in the log
        subscribers.key = fold(event.to)
        self._rooms[event.to] = self._rooms[subscribers.key] = subscribers
        self._notify(MovesRoom, event)
        for member in list(subscribers.members.values()):
            if member is cause or member.ended:
                continue
            await self._give(member, member.encode_rename(outcome))

    async def _announce(self, record: Record, to: Iterable[int], cause: Recipient) -> None:
        """Tells some people something, wherever they are; perhaps only in some of their sessions."""
        sessions: tuple[int, ...] = getattr(record.event, "sessions", ())
        for person_id in to:
            for target in self.presence.recipients_of(person_id):
                if target is not cause and (not sessions or target.id in sessions):
                    await self._give(target, target.encoder.encode(record))

    def _rooms_before(self, event: Event) -> Iterable[Subscribers]:
        """The rooms whose events come before this one."""
        person_id, room = event.behind()
        return self.presence.subscriptions_of(person_id) if person_id else (self._subscribers_of(room),)

    def _tell_own(self, record: Record, person_id: int) -> None:
        """Tells a person of its own event that another caused: as if a sibling had, not as an answer."""
        for recipient in self.presence.recipients_of(person_id):
            catch_up(recipient)
            recipient.pending.append(recipient.encode_from_sibling((record,)))

    async def _tell_behind(
        self, record: Record, to: Iterable[int], rooms: Iterable[Subscribers], cause: Recipient
    ) -> None:
        """Tells some people something, after what was told before in these rooms."""
        for subscribers in rooms:
            if subscribers.write_batch is not None:
                self._write_batches.remove(subscribers.write_batch)
                await self._flush(subscribers.write_batch)
        encoded: dict[EventEncoder, bytes] = {}
        for person_id in to:
            for target in self.presence.recipients_of(person_id):
                if target is not cause:
                    data = encoded.get(target.encoder)
                    if data is None:
                        data = encoded[target.encoder] = target.encoder.encode(record)
                    await self._give(target, data)

    def _kill(self, record: Record, event: Killed, cause: Recipient) -> None:
        """Tells a person that it was killed; its sessions are disconnected after this batch."""
        for target in self.presence.recipients_of(event.person.id):
            if event.sessions and target.id not in event.sessions:
                continue
            if target is not cause:
                catch_up(target)
                target.pending.append(target.encoder.encode(record))
            self._disconnecting.append((target, f"Killed ({event.by.name} ({event.reason}))"))

    async def _tell_peers(self, record: Record, person_id: int, cause: Recipient) -> None:
        """Delivers an event of a person to all who share a room with it, once each."""
        rooms = self.presence.subscriptions_of(person_id)
        if len(rooms) == 1 and not rooms[0].hides_members:
            (rooms[0].write_batch or self._open_write_batch(rooms[0])).add(record, cause)
        elif rooms:
            await self._tell_union(record, person_id, rooms, cause)
        if isinstance(record.event, Left):
            self._remove(person_id, rooms)
            self.presence.leave(person_id)
            reason = f" ({record.event.reason})" if record.event.reason else ""
            self._note_coming(cause, f"{record.event.person.name} left chat{reason}")

    async def _tell_some(self, record: Record, room: str, to: Iterable[int], cause: Recipient) -> None:
        """Delivers an event to some of a room's members, after what all of them were told before."""
        subscribers = self._subscribers_of(room)
        if subscribers.write_batch is not None:
            self._write_batches.remove(subscribers.write_batch)
            await self._flush(subscribers.write_batch)
        for person_id in to:
            for member in self.presence.recipients_of(person_id):
                if member.id in subscribers.members and member is not cause and not member.ignores(record):
                    await self._give(member, member.encoder.encode(record))

    async def _tell_visible(
        self, record: Record, event: Joined | Parted | Kicked, subscribers: Subscribers, cause: Recipient
    ) -> None:
        """Delivers that somebody came to an auditorium or left it."""
        person_id = event.person.id
        if isinstance(event, Joined):
            for joiner in self.presence.recipients_of(person_id):
                subscribers.add(joiner)
        await self._tell_union(record, person_id, [subscribers], cause)
        if not isinstance(event, Joined):
            self._remove(person_id, [subscribers])

    def _note_changes(self, record: Record, subscribers: Subscribers) -> None:
        """Updates whether a room is an auditorium, and the roles of its members; tells the observers."""
        for one in record.records if isinstance(record, CoalescedRecord) else (record,):
            change = one.event
            if isinstance(change, FlagChanged) and change.flag == AUDITORIUM:
                subscribers.hides_members = change.on
            elif isinstance(change, RoleChanged):
                bit = ROLE_NAMED[change.role].bit
                roles = subscribers.roles.get(change.person.id, 0)
                subscribers.roles[change.person.id] = roles | bit if change.on else roles & ~bit
            self._notify(type(change), change)

    async def _tell_union(
        self, record: Record, person_id: int, rooms: Sequence[Subscribers], cause: Recipient
    ) -> None:
        """Delivers an event of a person to all members of these rooms who may see it, once each."""
        members: dict[int, Recipient] = {}
        for subscribers in rooms:
            if subscribers.write_batch is not None:
                self._write_batches.remove(subscribers.write_batch)
                await self._flush(subscribers.write_batch)
            members.update(subscribers.visible_to(person_id, self.presence.operators))
        encoded: dict[EventEncoder, bytes] = {}
        for member in members.values():
            data = encoded.get(member.encoder)
            if data is None:
                data = encoded[member.encoder] = member.encoder.encode(record)
            if member is not cause:
                await self._give(member, data)

    def _remove(self, person_id: int, rooms: Iterable[Subscribers]) -> None:
        for subscribers in rooms:
            subscribers.roles.pop(person_id, None)
            for leaver in self.presence.recipients_of(person_id):
                subscribers.remove(leaver)

    async def _tell_siblings(self, session: Recipient, outcome: Outcome) -> None:
        for sibling in self.presence.several.get(session.person_id, ()):
            if sibling is not session and not sibling.ended:
                await self._give(sibling, sibling.encode_from_sibling(outcome))

    async def _give(self, session: Recipient, data: bytes) -> None:
        """Tells one session something, in order."""
        if not data:
            return
        if session.individual_turn != self._turn:
            if self._write([session], data):
                await self._yield()
            return
        if not session.ended:
            catch_up(session)
            session.pending.append(data)
            if len(session.pending) > PENDING_PARTS:
                session.write_pending()
        if perf_counter() >= self._slice_end:
            await self._yield()

    async def _flush(self, write_batch: WriteBatch) -> None:
        """Closes a write batch: its bytes go to all members, in their order."""
        write_batch.subscribers.write_batch = None
        for member in list(write_batch.individual):
            write_batch.catch_up(member)
            if perf_counter() >= self._slice_end:
                await self._yield()
        await self._write_groups(write_batch)

    async def _write_groups(self, write_batch: WriteBatch) -> None:
        """Writes a batch to all members that are not served individually."""
        subscribers = write_batch.subscribers
        for encoder, sessions in write_batch.groups:
            data = encoder.join(write_batch.lines[encoder])
            if not data:
                continue
            subscribers.unchecked += len(data)
            for start in range(0, len(sessions), WRITES_A_LOOK):
                if self._write(sessions[start : start + WRITES_A_LOOK], data):
                    await self._yield()
        if subscribers.unchecked > CHECK_BYTES:
            subscribers.unchecked = 0
            for _, sessions in write_batch.groups:
                for start in range(0, len(sessions), WRITES_A_LOOK):
                    self._slow.update(
                        session for session in sessions[start : start + WRITES_A_LOOK] if session.is_slow()
                    )
                    if perf_counter() >= self._slice_end:
                        await self._yield()

    def _write(self, sessions: Sequence[Recipient], data: bytes) -> bool:
        """Writes the same bytes to all of these sessions that are not served individually.

        Returns:
            Whether the slice is over.
        """
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
        self.writes += len(sessions)
        self._writes += len(sessions) * (1 + len(data) // 4096)
        return self._writes >= WRITES_A_SLICE or perf_counter() >= self._slice_end

    def _reach_barrier(self, session: Recipient, barrier: Barrier) -> None:
        barrier.reached = self.delivered
        catch_up(session)
        session.flush_pending()
        session.pause_output()
        if barrier.room and not session.ended:
            self.subscribe(session, barrier.room)

    def subscribe(self, session: Recipient, room: str) -> None:
        """Subscribes a recipient that is no member to a room from now on."""
        subscribers = self._subscribers_of(fold(room))
        if subscribers.write_batch is not None and session.individual_turn != self._turn:
            self._mark_individual(session)
        subscribers.add_during_batch(session)

    def begin(self, delivered: int, sessions: Mapping[int, Recipient] = MappingProxyType({})) -> None:
        """Takes over the state at the start, up to the record with this number.

        Rooms may hide their members, and have members who have no session. There are sessions, by their
        numbers, if another process has handed the server over.
        """
        self.delivered = delivered
        chat = self._chat
        for key, room in chat.rooms.items():
            if room.member_blocks or AUDITORIUM in room.flags:
                subscribers = self._subscribers_of(key)
                subscribers.hides_members = AUDITORIUM in room.flags
                subscribers.roles = dict(room.roles)
        for person_id in chat.sessions.offline_since:
            rooms = chat.rooms.joined.get(person_id, ())
            self.presence.add_absent(person_id, [self._subscribers_of(key) for key in rooms])
        for person_id in chat.people if sessions else ():
            connected = tuple(sessions[one] for one in chat.sessions.of(person_id))
            if connected:
                self.presence.begin(person_id, connected)
            for key in chat.rooms.joined.get(person_id, ()):
                for session in connected:
                    self._subscribers_of(key).add(session)
        if sessions:
            self.presence.operators.update(chat.server_operators)

    def unsubscribe(self, session: Recipient) -> None:
        """Unsubscribes a session from all its rooms."""
        for subscribers in session.subscriptions:
            subscribers.remove(session)
            self._forget_unattended(subscribers)
