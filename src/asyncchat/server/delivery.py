"""Deliveries: a committed batch becomes bytes, made once for a run and variant, written once to each member.

Owns the order of what sessions are told and the audiences; must not know how a batch was decided or kept.
The heart of the program's speed: DESIGN section 1.6.

A batch is walked in log order. A session that asked something in it, or joined or left or was written to, is
served *apart*: its lines are gathered in their order and go out in one write. All others of a room get the
room's open run, one write for all its events. An event of several rooms first closes those rooms' runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core import events
from asyncchat.core.events import Reach, Record
from asyncchat.core.names import fold
from asyncchat.server.audience import Audience

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome, Variant
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

WRITES_A_SLICE = 256
"""Writes between two turns of the loop: some 2 ms of system calls, so that nobody waits longer for a turn."""

SLOW_BYTES = 1_000_000
"""What may wait for a session, from others, after the loop has tried to write: then it is disconnected."""


class GateMark:
    """Stands in a batch where a session's gate begins: what came before is delivered, what follows waits."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = -1


class _Run:
    """The events of one room that go out together, and those of its members that are served apart."""

    __slots__ = ("apart", "groups", "lines")

    def __init__(self, audience: Audience) -> None:
        self.groups = audience.groups
        self.lines: dict[Variant, list[bytes]] = {variant: [] for variant, _ in self.groups}
        self.apart: list[Session] = []


Batch = Sequence[tuple["Session", "Outcome"]]


class Delivery:
    """Delivers batches, one after the other.

    Args:
        too_slow: called with each session for which too much waits, once, after the batch that showed it.
    """

    def __init__(self, too_slow: Callable[[Session], None]) -> None:
        self.sessions: dict[int, Session] = {}
        self.delivered = 0
        self._too_slow = too_slow
        self._audiences: dict[str, Audience] = {}
        self._turn = 0
        self._apart: list[Session] = []
        self._runs: dict[Audience, _Run] = {}
        self._writes = 0
        self._slow: list[Session] = []

    async def deliver(self, batch: Batch) -> None:
        """Tells everyone what happened; returns when all of it is handed to the transports."""
        self._turn += 1
        self._set_apart(batch)
        for session, outcome in batch:
            for item in outcome:
                if type(item) is Record:
                    event = item.event
                    if type(event) is events.Said:
                        self._add(self._run(self._audience(event.room)), item, session)
                    else:
                        await self._tell(item, session)
                    self.delivered = item.number
                elif type(item) is GateMark:
                    self._begin_gate(session, item)
            session.hear_outcome(outcome)
        for run in self._runs.values():
            await self._flush(run)
        self._runs.clear()
        for session in self._apart:
            session.flush_parts()
        self._apart.clear()
        self._writes = 0
        if self._slow:
            slow, self._slow = self._slow, []
            for session in slow:
                self._too_slow(session)

    def _set_apart(self, batch: Batch) -> None:
        turn = self._turn
        for session, outcome in batch:
            if session.apart != turn:
                self._mark_apart(session)
            for item in outcome:
                if type(item) is Record and type(item.event) in _ALSO_CONCERNS:
                    concerned = self.sessions.get(_ALSO_CONCERNS[type(item.event)](item.event))
                    if concerned is not None and concerned.apart != turn:
                        self._mark_apart(concerned)

    def _mark_apart(self, session: Session) -> None:
        session.apart = self._turn
        self._apart.append(session)

    def _audience(self, room: str) -> Audience:
        key = fold(room)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = Audience()
        return audience

    def _run(self, audience: Audience) -> _Run:
        run = self._runs.get(audience)
        if run is None:
            run = self._runs[audience] = _Run(audience)
            for single in audience.singles:
                if single.apart != self._turn:
                    self._mark_apart(single)
            members = audience.members
            if len(self._apart) < len(members):
                run.apart = [session for session in self._apart if session.id in members]
            else:
                turn = self._turn
                run.apart = [session for session in members.values() if session.apart == turn]
        return run

    def _add(self, run: _Run, record: Record, cause: Session) -> None:
        """Puts an event at the end of a run, and of what its apart members are told."""
        lines = run.lines
        for variant, line in lines.items():
            line.append(variant.encode(record))
        for member in run.apart:
            if member is not cause and not (member.ignoring and member.ignores(record)):
                own = lines.get(member.variant)
                member.parts.append(own[-1] if own else member.variant.encode(record))

    async def _tell(self, record: Record, cause: Session) -> None:
        """Delivers an event that is not simply said in a room."""
        event = record.event
        if event.reach is Reach.ROOM:
            audience = self._audience(event.room)  # type: ignore[union-attr]  # Reach.ROOM means it has one
            run = self._run(audience)
            self._add(run, record, cause)
            if isinstance(event, events.Joined):
                joiner = self.sessions.get(event.person.id)
                if joiner is not None:
                    audience.add(joiner)
                    run.apart.append(joiner)
            elif isinstance(event, events.Parted | events.Kicked):
                self._remove(event.person.id, [audience])
        elif event.reach is Reach.PEERS:
            who: int = event.person.id  # type: ignore[union-attr]  # Reach.PEERS means it has one
            await self._tell_peers(record, who, cause)
        elif isinstance(event, events.Whispered):
            target = self.sessions.get(event.to.id)
            if target is not None and target is not cause and not target.ignores(record):
                target.parts.append(target.variant.encode(record))
        elif isinstance(event, events.Entered):
            self.sessions[event.person.id] = cause
            _logger.info("%s (%s) is online", event.person.name, event.person.host)
        elif isinstance(event, events.RoomClosed):
            self._audiences.pop(fold(event.room), None)

    async def _tell_peers(self, record: Record, who: int, cause: Session) -> None:
        """Delivers an event of a person to all who share a room with it, each once."""
        subject = self.sessions.get(who)
        if subject is None:
            return
        audiences = subject.audiences
        if len(audiences) == 1:
            self._add(self._run(audiences[0]), record, cause)
        elif audiences:
            await self._tell_union(record, audiences, cause)
        if isinstance(record.event, events.Left):
            self._remove(who, audiences)
            del self.sessions[who]
            reason = f" ({record.event.reason})" if record.event.reason else ""
            _logger.info("%s left chat%s", record.event.person.name, reason)

    async def _tell_union(self, record: Record, audiences: Sequence[Audience], cause: Session) -> None:
        together: dict[int, Session] = {}
        for audience in audiences:
            run = self._run(audience)
            await self._flush(run)
            del self._runs[audience]
            together.update(audience.members)
        encoded: dict[Variant, bytes] = {}
        for member in together.values():
            data = encoded.get(member.variant)
            if data is None:
                data = encoded[member.variant] = member.variant.encode(record)
            if member.apart == self._turn:
                if member is not cause:
                    member.parts.append(data)
            elif data:
                await self._write([member], data)

    def _remove(self, who: int, audiences: Iterable[Audience]) -> None:
        leaver = self.sessions.get(who)
        if leaver is None:
            return
        for audience in audiences:
            audience.remove(leaver)
            run = self._runs.get(audience)
            if run is not None and leaver in run.apart:
                run.apart.remove(leaver)

    async def _flush(self, run: _Run) -> None:
        for variant, sessions in run.groups:
            data = b"".join(run.lines[variant])
            if not data:
                continue
            for start in range(0, len(sessions), WRITES_A_SLICE):
                await self._write(sessions[start : start + WRITES_A_SLICE], data)

    async def _write(self, sessions: Sequence[Session], data: bytes) -> None:
        """Writes the same bytes to all of these that are not served apart."""
        turn = self._turn
        for session in sessions:
            if session.apart != turn:
                if session.waiting() > SLOW_BYTES:
                    self._slow.append(session)
                session.write(data)
        self._writes += len(sessions)
        if self._writes >= WRITES_A_SLICE:
            self._writes = 0
            await asyncio.sleep(0)

    def _begin_gate(self, session: Session, mark: GateMark) -> None:
        mark.reached = self.delivered
        session.flush_parts()
        session.hold()


_ALSO_CONCERNS: dict[type[events.Event], Callable[..., int]] = {
    events.Kicked: lambda event: event.person.id,
    events.OperatorChanged: lambda event: event.person.id,
    events.Whispered: lambda event: event.to.id,
}
"""Events that concern a session besides the one that asked, and which."""
