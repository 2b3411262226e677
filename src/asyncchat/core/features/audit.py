"""The audit: what operators of the server did.

Owns the events that only the audit shows, and when an act overrides the roles of a room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, concludes
from asyncchat.core.replies import Refusal, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

    RoomAct = Event
    """An act in a room. At run time ``features`` sets it to the union of all events, to decode the log."""


class OperOverride(Event, frozen=True, tag="overruled"):
    """An operator of the server did in a room what his role there does not allow; ``act`` is what he did."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    act: RoomAct


class ReadAudit(IoCommand, frozen=True):
    """What operators of the server did, the newest ``limit`` of it, for the owner and them.

    ``newest_seconds`` asks for none older than that. ``context`` goes back to the dialect with the answer.
    """

    limit: int = 20
    newest_seconds: int | None = None
    after_time: int | None = None
    context: object = None


class AuditView(Reply, frozen=True):
    """What operators of the server did, oldest first; ``context`` as in ReadAudit."""

    records: tuple[Record, ...]
    context: object = None


class AuditUnreadable(Refusal, frozen=True):
    """They can't be read now: the disk is in the way; ``context`` as in ReadAudit."""

    context: object = None


@concludes()
def note_overrides(chat: Chat, person_id: int, command: Command, items: Items) -> Items:
    """Adds, for an operator of the server, what his role in the room would not allow."""
    if not command.audited or person_id not in chat.server_operators:
        return items
    me = chat.people[person_id]
    overrides = (item for item in items if isinstance(item, Event) and not _allowed(chat, person_id, item))
    return (*items, *(OperOverride(me, act.to_store()) for act in overrides))


def _allowed(chat: Chat, person_id: int, act: Event) -> bool:
    room = chat.rooms.get(fold(getattr(act, "room", "")))
    return room is None or act.allowed_by_role(room, person_id)
