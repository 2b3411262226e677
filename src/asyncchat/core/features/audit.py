"""The audit: what server operators did.

Owns the events that only the audit shows, and when an act overrides the roles of a room.
"""

from __future__ import annotations

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, concludes
from asyncchat.core.replies import Refusal, Reply

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


@concludes()
def note_overrides(chat: Chat, person_id: int, command: Command, items: Items) -> Items:
    """Adds an ``OperOverride`` for each event that a server operator's role in the room does not allow."""
    if not command.audited or person_id not in chat.server_operators:
        return items
    me = chat.people[person_id]
    overrides = (item for item in items if isinstance(item, Event) and not _allowed(chat, person_id, item))
    return (*items, *(OperOverride(me, act.to_store()) for act in overrides))


def _allowed(chat: Chat, person_id: int, act: Event) -> bool:
    room = chat.rooms.get(fold(getattr(act, "room", "")))
    return room is None or act.allowed_by_role(room, person_id)
