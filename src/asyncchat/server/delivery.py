"""Deliveries: a committed batch becomes bytes, made once for a run and variant, written once to each member.

Owns the order of what sessions are told and the audiences; must not know how a batch was decided or kept.
The heart of the program's speed: docs/architecture.md, "Delivery in batches".

A batch is walked in log order. A session that asked something in it, or joined or left or was written to, is
served *apart*: its lines are gathered in their order and go out in one write. All others of a room get the
room's open run, one write for all its events. An event of several rooms first closes those rooms' runs.
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
from asyncchat.server.audience import Audience, Run
from asyncchat.server.concerns import ALSO_CONCERNS, SEEN, TO_ONE, TO_SOME, Seen, ToSome
from asyncchat.server.people import People

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome, Variant
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

WRITES_A_SLICE = 256
"""Writes between two turns of the loop: some 2 ms of system calls, so that nobody waits longer for a turn."""

CHECK_BYTES = 16_384
"""After how much that a room was told its members are looked at for slow ones (limit: 60 times that)."""


class GateMark:
    """Stands in a batch where a session's gate begins: what came before is delivered, what follows waits."""

    __slots__ = ("reached", "room")

    def __init__(self, room: str = "") -> None:
        self.reached = -1
        self.room = room
        """A room of which the session is told from here on; empty for none."""


Batch = Sequence[tuple["Session", "Outcome"]]


class Delivery:
    """Delivers batches, one after the other.

    Args:
        too_slow: called with each session for which too much waits, once, after the batch that showed it.
    """

    def __init__(self, too_slow: Callable[[Session], None]) -> None:
        self.people = People()
        self.auditorium: Callable[[str], dict[int, int] | None] = lambda _key: None
        """By the key of a room its members' roles, where these are hidden from each other, else None."""
        self.on_moved: Callable[[str], None] = lambda _key: None
        """Called with a room's key that stands for another room, or none, from now on."""
        self.owners: Set[int] = frozenset()
        """Those who see everybody."""
        self.delivered = 0
        self.writes = 0
        """Writes made together with others' so far; who is served apart does not count."""
        self._too_slow = too_slow
        self._audiences: dict[str, Audience] = {}
        self._turn = 0
        self._apart: list[Session] = []
        self._runs: list[Run] = []
        self._writes = 0
        self._slow: set[Session] = set()
        self._put_out: list[tuple[Session, str]] = []
        """Sessions to be ended, and why, once they have been told all that came before."""

    async def deliver(self, batch: Batch) -> None:
        """Tells everyone what happened; returns when all of it is handed to the transports."""
        self._turn += 1
        self._set_apart(batch)
        audiences = self._audiences
        for session, outcome in batch:
            for item in outcome if len(outcome) == 1 else together(outcome):
                if type(item) is Record:
                    event = item.event
                    if type(event) is Said:
                        audience = audiences.get(event.room) or self._audience(event.room)
                        (audience.run or self._open_run(audience)).add(item, session)
                        audience.said = item.number
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
                elif type(item) is GateMark:
                    self._begin_gate(session, item)
                elif type(item) is BannedFromServer:
                    self._put_out.append((session, "banned"))
            session.hear_outcome(outcome)
            if session.who in self.people.several:
                await self._tell_fellows(session, outcome)
        for run in self._runs:
            await self._flush(run)
        self._runs.clear()
        for session in self._apart:
            session.flush_parts()
        self._apart.clear()
        self._writes = 0
        if self._put_out:
            put_out, self._put_out = self._put_out, []
            for session, reason in put_out:
                session.expel(reason)
        if self._slow:
            slow, self._slow = self._slow, set()
            for session in slow:
                self._too_slow(session)

    def _set_apart(self, batch: Batch) -> None:
        turn = self._turn
        several = self.people.several
        for session, outcome in batch:
            if session.apart != turn:
                self._mark_apart(session)
            for item in outcome:
                if isinstance(item, Record) and type(item.event) in ALSO_CONCERNS:
                    for concerned in self.people.sessions_of(ALSO_CONCERNS[type(item.event)](item.event)):
                        if concerned.apart != turn:
                            self._mark_apart(concerned)
            for fellow in several.get(session.who, ()):
                if fellow.apart != turn:
                    self._mark_apart(fellow)

    def _mark_apart(self, session: Session) -> None:
        session.apart = self._turn
        self._apart.append(session)

    def _audience(self, room: str) -> Audience:
        """A room's audience; rooms are found by their spelling first, which events always have the same."""
        audience = self._audiences.get(room)
        if audience is None:
            key = fold(room)
            audience = self._audiences.get(key)
            if audience is None:
                audience = Audience()
                if self.auditorium(key) is not None:
                    audience.ranks = {}
            self._audiences[key] = self._audiences[room] = audience
        return audience

    def _open_run(self, audience: Audience) -> Run:
        turn = self._turn
        for single in audience.singles:
            if single.apart != turn:
                self._mark_apart(single)
                for opened in self._runs:  # it began to hide something while this batch is delivered
                    opened.serve_apart(single)
        members = audience.members
        if len(self._apart) < len(members):
            apart = [session for session in self._apart if session.id in members]
        else:
            apart = [session for session in members.values() if session.apart == turn]
        run = audience.run = Run(audience, apart)
        self._runs.append(run)
        return run

    async def _tell(self, record: Record, cause: Session) -> None:
        """Delivers an event that is not simply said in a room."""
        event = record.event
        if event.reach is Reach.ROOM:
            audience = self._audience(event.room)  # type: ignore[union-attr]  # Reach.ROOM means it has one
            if audience.ranks is not None and isinstance(event, SEEN):
                await self._tell_seers(record, event, audience, cause)
                return
            run = audience.run or self._open_run(audience)
            run.add(record, cause)
            if isinstance(event, events.Erased):
                audience.said = record.number
            if isinstance(event, events.FlagChanged | events.RoleChanged):
                self._note_changes(record, audience)
            if isinstance(event, events.Joined):
                for joiner in self.people.sessions_of(event.person.id):
                    audience.admit(joiner)
            elif isinstance(event, events.Parted | events.Kicked):
                self._remove(event.person.id, [audience])
        elif event.reach is Reach.PEERS:
            who: int = event.person.id  # type: ignore[union-attr]  # Reach.PEERS means it has one
            await self._tell_peers(record, who, cause)
            if isinstance(event, events.LoggedOut) and who != cause.who:
                for device in self.people.sessions_of(who):
                    device.parts.append(device.follow((record,)))  # no answer to what it asks now
        elif isinstance(event, events.Confided | events.SignalledToRole | events.Knocked):
            await self._tell_some(record, event, cause)
        elif isinstance(event, TO_ONE):
            for target in self.people.sessions_of(event.to.id):
                if target is not cause and not target.ignores(record):
                    target.parts.append(target.variant.encode(record))
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
        elif isinstance(event, events.RoomClosed) and not self._audience(event.room).members:
            self._audiences.pop(event.room, None)
            self._audiences.pop(fold(event.room), None)
            self.on_moved(fold(event.room))

    def said(self, key: str) -> int:
        """The number of what was last said in a room in this run, or last erased; 0: none."""
        audience = self._audiences.get(key)
        return 0 if audience is None else audience.said

    async def _rename_room(self, event: RoomRenamed, outcome: Outcome, cause: Session) -> None:
        """Moves a room's audience to its new name, and tells each member in its own way."""
        audience = self._audience(event.room)
        if audience.run is not None:
            self._runs.remove(audience.run)
            await self._flush(audience.run)
        for name in (event.room, fold(event.room)):
            self._audiences.pop(name, None)
        self.on_moved(fold(event.room))
        self.on_moved(fold(event.to))
        there = self._audiences.get(fold(event.to))
        if there is not None and there is not audience:
            for watcher in list(there.members.values()):  # hooks and streams: it was no open room
                there.remove(watcher)
                audience.admit(watcher)
        self._audiences[event.to] = self._audiences[fold(event.to)] = audience
        for member in list(audience.members.values()):
            if member is cause or member.ended:
                continue
            data = member.learn(outcome)
            if member.apart == self._turn:
                member.parts.append(data)
            elif data:
                await self._write([member], data)

    async def _announce(self, record: Record, event: ToSome, cause: Session) -> None:
        """Tells some people something, wherever they are."""
        for who in event.to:
            for target in self.people.sessions_of(who):
                if target is not cause:
                    await self._give(target, target.variant.encode(record))

    async def _show(self, record: Record, event: events.MetadataShown, cause: Session) -> None:
        """Tells some people of metadata, behind what was told before in the rooms where it may matter."""
        audiences = self.people.audiences_of(event.who) if event.who else (self._audience(event.target),)
        await self._tell_behind(record, event.to, audiences, cause)

    async def _tell_host(
        self, record: Record, event: events.HostChanged | events.HostShown, cause: Session
    ) -> None:
        """Tells of somebody's new host, the others and itself."""
        who = event.person.id
        await self._tell_behind(record, event.to, self.people.audiences_of(who), cause)
        if isinstance(event, events.HostChanged) and who != cause.who:
            for device in self.people.sessions_of(who):
                device.parts.append(device.follow((record,)))  # no answer to what it asks now

    async def _tell_behind(
        self, record: Record, to: Iterable[int], audiences: Iterable[Audience], cause: Session
    ) -> None:
        """Tells some people something, behind what was told before in these rooms."""
        for audience in audiences:
            if audience.run is not None:
                self._runs.remove(audience.run)
                await self._flush(audience.run)
        encoded: dict[Variant, bytes] = {}
        for who in to:
            for target in self.people.sessions_of(who):
                if target is not cause:
                    data = encoded.get(target.variant)
                    if data is None:
                        data = encoded[target.variant] = target.variant.encode(record)
                    await self._give(target, data)

    def _kill(self, record: Record, event: events.Killed, cause: Session) -> None:
        """Tells a person that it is put out, and has its session end after this batch: a quit of the next."""
        for target in self.people.sessions_of(event.person.id):
            if target is not cause:
                target.parts.append(target.variant.encode(record))
            self._put_out.append((target, f"Killed ({event.by.name} ({event.reason}))"))

    async def _tell_peers(self, record: Record, who: int, cause: Session) -> None:
        """Delivers an event of a person to all who share a room with it, each once."""
        audiences = self.people.audiences_of(who)
        if len(audiences) == 1 and audiences[0].ranks is None:
            (audiences[0].run or self._open_run(audiences[0])).add(record, cause)
        elif audiences:
            await self._tell_union(record, who, audiences, cause)
        if isinstance(record.event, events.Left):
            self._remove(who, audiences)
            self.people.leave(who)
            reason = f" ({record.event.reason})" if record.event.reason else ""
            _logger.info("%s left chat%s", record.event.person.name, reason)

    async def _tell_some(
        self, record: Record, event: events.Confided | events.SignalledToRole | events.Knocked, cause: Session
    ) -> None:
        """Delivers an event to some of a room's members, behind what all of them were told before."""
        audience = self._audience(event.room)
        if audience.run is not None:
            self._runs.remove(audience.run)
            await self._flush(audience.run)
        for who in event.to:
            for member in self.people.sessions_of(who):
                if member.id in audience.members and member is not cause and not member.ignores(record):
                    await self._give(member, member.variant.encode(record))

    async def _tell_seers(self, record: Record, event: Seen, audience: Audience, cause: Session) -> None:
        """Delivers that somebody came to an auditorium or left it."""
        who = event.person.id
        if isinstance(event, events.Joined):
            if event.operator and audience.ranks is not None:
                audience.ranks[who] = OPERATOR.bit
            for joiner in self.people.sessions_of(who):
                audience.add(joiner)
        await self._tell_union(record, who, [audience], cause)
        if not isinstance(event, events.Joined):
            self._remove(who, [audience])

    def _note_changes(self, record: Record, audience: Audience) -> None:
        """Keeps in mind whether a room is an auditorium, and in one who has which role."""
        for one in record.records if isinstance(record, Together) else (record,):
            change = one.event
            if isinstance(change, events.FlagChanged) and change.flag == AUDITORIUM:
                audience.ranks = (self.auditorium(fold(change.room)) or {}) if change.on else None
            elif isinstance(change, events.RoleChanged) and audience.ranks is not None:
                bit = ROLE_NAMED[change.role].bit
                roles = audience.ranks.get(change.person.id, 0)
                audience.ranks[change.person.id] = roles | bit if change.on else roles & ~bit

    async def _tell_union(
        self, record: Record, who: int, audiences: Sequence[Audience], cause: Session
    ) -> None:
        """Delivers an event of a person to all members of these rooms who may see it, each once."""
        members: dict[int, Session] = {}
        for audience in audiences:
            if audience.run is not None:
                self._runs.remove(audience.run)
                await self._flush(audience.run)
            members.update(audience.seers(who, self.owners))
        encoded: dict[Variant, bytes] = {}
        for member in members.values():
            data = encoded.get(member.variant)
            if data is None:
                data = encoded[member.variant] = member.variant.encode(record)
            if member.apart == self._turn:
                if member is not cause:
                    member.parts.append(data)
            elif data:
                await self._write([member], data)

    def _remove(self, who: int, audiences: Iterable[Audience]) -> None:
        for leaver in self.people.sessions_of(who):
            for audience in audiences:
                audience.remove(leaver)

    async def _tell_fellows(self, session: Session, outcome: Outcome) -> None:
        """Tells a person's other sessions what this one caused."""
        for fellow in self.people.several.get(session.who, ()):
            if fellow is not session and not fellow.ended:
                await self._give(fellow, fellow.follow(outcome))

    async def _give(self, session: Session, data: bytes) -> None:
        """Tells one session something, in its place."""
        if session.apart == self._turn:
            session.parts.append(data)
        elif data:
            await self._write([session], data)

    async def _flush(self, run: Run) -> None:
        """Closes a run: its bytes go to all members that are not served apart."""
        audience = run.audience
        audience.run = None
        for variant, sessions in run.groups:
            data = b"".join(run.lines[variant])
            if not data:
                continue
            audience.unchecked += len(data)
            for start in range(0, len(sessions), WRITES_A_SLICE):
                await self._write(sessions[start : start + WRITES_A_SLICE], data)
        if audience.unchecked > CHECK_BYTES:
            audience.unchecked = 0
            self._slow.update(session for _, group in run.groups for session in group if session.is_slow())

    async def _write(self, sessions: Sequence[Session], data: bytes) -> None:
        """Writes the same bytes to all of these that are not served apart."""
        turn = self._turn
        left = iter(sessions)
        while True:
            try:
                for session in left:
                    if session.apart != turn:
                        session.write(data)
                break
            except RuntimeError:
                session.lose()
        self._writes += len(sessions)
        self.writes += len(sessions)
        if self._writes >= WRITES_A_SLICE:
            self._writes = 0
            await asyncio.sleep(0)

    def _begin_gate(self, session: Session, mark: GateMark) -> None:
        mark.reached = self.delivered
        session.flush_parts()
        session.hold()
        if mark.room and not session.ended:
            self.attend(session, mark.room)

    def attend(self, session: Session, room: str) -> None:
        """Has a session that is no member told of a room from now on."""
        self._audience(fold(room)).admit(session)

    def keep_places(self, rooms_of: Mapping[int, Iterable[str]]) -> None:
        """Has people in these rooms, at the start, who have no session."""
        for who, rooms in rooms_of.items():
            self.people.miss(who, [self._audience(room) for room in rooms])

    def leave(self, session: Session) -> None:
        """A session that is no member is told of its rooms no more."""
        for audience in session.audiences:
            audience.remove(session)
