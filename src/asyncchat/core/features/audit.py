"""The audit: what server operators did, and what they read by their rights.

Owns the events that only the audit shows, and when an act overrides the roles of a room. What is read by a
right says the feature that shows it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention
from asyncchat.core.modes import AUDITORIUM, SECRET
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, concludes
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

RoomAct = Event
"""An act in a room. At run time ``features`` sets it to the union of all events, to decode the log."""


class OperOverride(Event, frozen=True, tag="overruled"):
    """A server operator did what no role in a room, or own account, allowed; ``act`` is the event."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    act: RoomAct

    def current(self) -> OperOverride:
        """The same with the act that stands for its own today."""
        return OperOverride(self.person, self.act.current())


class OperRead(Event, frozen=True, tag="oper_read"):
    """A server operator read what others may not; ``time`` in microseconds since 1970 UTC.

    ``what`` is a kind that the text has a sentence for, ``where`` the name of a room, person or account, a
    mask, or empty.
    """

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    what: str
    where: str
    time: int


class Reads(Part):
    """When which server operator last read what, by the person's id, kind and place; of this run."""

    def __init__(self) -> None:
        self.times: dict[tuple[int, str, str], int] = {}

    def end_run(self) -> None:
        """Nobody of the run before is present."""
        self.times.clear()

    def forget_person(self, person_id: int, _sessions: tuple[int, ...]) -> None:
        """A person has left."""
        self.times = {key: time for key, time in self.times.items() if key[0] != person_id}


class ReadAudit(IoCommand, frozen=True):
    """The newest ``limit`` audited events; for server operators.

    ``newer_seconds`` asks for none older than that. ``context`` goes back to the dialect with the answer.
    """

    cost: ClassVar[int] = 5
    limit: int = 20
    newer_seconds: int | None = None
    after_time: int | None = None
    context: object = None


class AuditView(Reply, frozen=True):
    """Audited events, oldest first; ``context`` as in ReadAudit."""

    records: tuple[Record, ...]
    context: object = None


class AuditUnreadable(Refusal, frozen=True):
    """The audit can't be read from the disk now; ``context`` as in ReadAudit."""

    context: object = None


READ_AGAIN: Final = 600_000_000
"""Microseconds in which one more read of the same is not noted: paging through a history is one entry."""

_KNOWN_READS = 1000
"""Reads above which those that are long ago are forgotten."""


def note_read(chat: Chat, person_id: int, what: str, where: str, now: int) -> tuple[OperRead, ...]:
    """The entry that a server operator reads what others may not; none if it has just been made."""
    me = chat.operator(person_id)
    if me is None:
        return ()
    last = Reads.of(chat).times.get((person_id, what, where))
    if last is not None and now - last < READ_AGAIN:
        return ()
    return (OperRead(me, what, where, now),)


def note_secret(chat: Chat, person_id: int, room: Room, now: int) -> tuple[OperRead, ...]:
    """The entry that somebody is shown a room, if others are not."""
    if SECRET not in room.flags or person_id in room.member_blocks:
        return ()
    return note_read(chat, person_id, "secret", room.name, now)


def note_members(chat: Chat, person_id: int, room: Room, now: int) -> tuple[OperRead, ...]:
    """The same, if its members are shown."""
    seen = note_secret(chat, person_id, room, now)
    if AUDITORIUM not in room.flags or room.roles.get(person_id, 0) >= Right.MODERATE:
        return seen
    return (*seen, *note_read(chat, person_id, "members", room.name, now))


@applies(OperRead)
def _oper_read(chat: Chat, event: OperRead) -> None:
    times = Reads.of(chat).times
    if len(times) >= _KNOWN_READS:
        for key in [key for key, time in times.items() if event.time - time >= READ_AGAIN]:
            del times[key]
    times[event.person.id, event.what, event.where] = event.time


@concludes()
def note_overrides(chat: Chat, person_id: int, command: Command, items: Items) -> Items:
    """Adds an ``OperOverride`` for each event that a server operator's role in the room does not allow."""
    if not command.audited:
        return items
    me = chat.operator(person_id)
    if me is None:
        return items
    overrides = (item for item in items if isinstance(item, Event) and not _allowed(chat, person_id, item))
    return (*items, *(OperOverride(me, act.to_store()) for act in overrides))


def _allowed(chat: Chat, person_id: int, act: Event) -> bool:
    room = chat.rooms.get(fold(getattr(act, "room", "")))
    return room is None or act.allowed_by_role(room, person_id)
