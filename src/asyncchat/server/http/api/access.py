"""What a request may read: that of a bot by its token, an account's, or a visitor's.

Owns how a call becomes a person and a conversation. The rules are the core's (``visitors``).
"""

from __future__ import annotations

from asyncchat.core.chat import Chat
from asyncchat.core.features.history_access import account_since, open_since
from asyncchat.core.features.visitors import Visitor, person_of, refusal_of_visit
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person
from asyncchat.core.rooms import Room
from asyncchat.log.base import Log
from asyncchat.server.history import Conversation, room_conversation
from asyncchat.server.http.api.routes import Call
from asyncchat.server.http.messages import Response, problem
from asyncchat.server.session import Session


def visitor_of(session: Session, account: str, name: str = "") -> Visitor:
    """Who asks without a bot's token."""
    return Visitor(session.host, session.address, name, account)


def reader_of(call: Call, room: Room) -> Person | None:
    """The person who stands for an account or a visitor that may read a room; None: it may not."""
    me = person_of(visitor_of(call.session, call.account), room)
    return me if refusal_of_visit(me, room) is None else None


def room_of(call: Call) -> Room | None:
    """The open room that a call names; a visitor or an account may use a former name, too."""
    chat = call.context.chat
    if call.token is not None:  # it is for names
        return chat.room_named(call.room)
    return chat.room_named(chat.rooms.redirects.get(fold(call.room), call.room))


def conversation_of(call: Call) -> Conversation | None:
    """Where the room is read that a call names; None: there is none, or it may not be read.

    A room need not be open.
    """
    chat = call.context.chat
    if call.token is not None:  # whoever runs the server made it
        room = chat.room_named(call.room)
        return Conversation(call.room, fold(call.room)) if room is None else room_conversation(room)
    room = room_of(call)
    if room is None:
        return Conversation(call.room, fold(call.room), since=open_since(chat, call.room))
    if reader_of(call, room) is None:
        return None
    return room_conversation(room, account_since(chat, room, call.account))


async def is_known(chat: Chat, log: Log, where: Conversation, upto: int) -> bool:
    """Whether there is a room: it is open, or something was said there that may be read.

    Raises:
        LogError: the history can't be read now.
    """
    if where.room == LOBBY or where.room in chat.rooms:
        return True
    return any(record.time >= where.since for _, record in await log.newest((where.room,), (), upto))


def no_room() -> Response:
    """There is no such room, or it may not be read: the answer is the same."""
    return problem(404, "There is no such room, or it may not be read.")


def unreadable() -> Response:
    """The history can't be read."""
    return problem(503, "The history can't be read now. Try again later.", (("Retry-After", "5"),))
