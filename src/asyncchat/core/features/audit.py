"""The audit: what operators of the server did.

Owns the events that only the audit shows, and when an act overrides the roles of a room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Kept, Reach, Record
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, concludes
from asyncchat.core.replies import Refusal, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

    RoomAct = Event
    """An act in a room. At run time ``features`` sets it to the union of all events, to decode the log."""


class Overruled(Event, frozen=True, tag="overruled"):
    """An operator of the server did in a room what his role there does not allow; ``act`` is what he did."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    act: RoomAct


class ReadActs(IoCommand, frozen=True):
    """What operators of the server did, the newest ``limit`` of it, for the owner and them.

    ``newest_seconds`` asks for none older than that. ``purpose`` goes back to the dialect with the answer.
    """

    limit: int = 20
    newest_seconds: int | None = None
    after_time: int | None = None
    purpose: object = None


class ActsView(Reply, frozen=True):
    """What operators of the server did, oldest first; ``purpose`` as in ReadActs."""

    records: tuple[Record, ...]
    purpose: object = None


class ActsUnreadable(Refusal, frozen=True):
    """They can't be read now: the disk is in the way; ``purpose`` as in ReadActs."""

    purpose: object = None


@concludes()
def note_overrides(chat: Chat, who: int, command: Command, items: Items) -> Items:
    """Adds, for an operator of the server, what his role in the room would not allow."""
    if not command.audited or who not in chat.server_operators:
        return items
    me = chat.people[who]
    overrides = (item for item in items if isinstance(item, Event) and not _allowed(chat, who, item))
    return (*items, *(Overruled(me, act) for act in overrides))


def _allowed(chat: Chat, who: int, act: Event) -> bool:
    room = chat.rooms.get(fold(getattr(act, "room", "")))
    return room is None or act.allowed_by_role(room, who)
