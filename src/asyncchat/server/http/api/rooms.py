"""Routes of rooms: the list, members, history.

Owns what may be read without a token: the last lines of public rooms.
"""

from __future__ import annotations

from asyncchat.core.chat import Chat
from asyncchat.core.features.bots import READ, WHO
from asyncchat.core.features.history import Window
from asyncchat.core.features.history_access import open_since
from asyncchat.core.modes import BOT
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.roles import ROLES
from asyncchat.core.rooms import Room
from asyncchat.log.base import LogError
from asyncchat.server import history
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.routes import Answer, Call, Route, json
from asyncchat.server.http.messages import Response, problem


def is_public(room: Room | None) -> bool:
    """Whether everyone who reaches the server may read the room: everyone could join it."""
    return room is None or room.is_public


async def rooms(call: Call) -> Response:
    """Lists the rooms that may be read, by the token or by everyone."""
    chat, locked = call.context.chat, call.context.locked
    token = call.token
    found = [
        _view(room, 0 if token is not None and token.covers(room.name) else open_since(chat, room.name))
        for room in chat.rooms.values()
        if (token is not None and token.covers(room.name)) or (is_public(room) and not locked)
    ]
    if LOBBY not in chat.rooms and (not locked or (token is not None and token.covers(LOBBY))):
        found.append(schemas.Room(LOBBY, "", 0, not locked))
    return json(200, schemas.Rooms(tuple(sorted(found, key=lambda room: fold(room.name)))))


def _view(room: Room, since: int) -> schemas.Room:
    topic = "" if room.topic is None or room.topic.time < since else room.topic.text
    return schemas.Room(room.name, topic, len(room.member_blocks), is_public(room))


async def members(call: Call) -> Response:
    """Lists who is in a room."""
    chat = call.context.chat
    room = chat.room_named(call.room)
    if room is None:
        return no_room()
    found = tuple(
        schemas.Member(
            member.person.name,
            tuple(role.name for role in ROLES if member.roles & role.bit),
            chat.people.away.get(member.person.id, ""),
            chat.has(member.person.id, BOT),
        )
        for member in room.members()
    )
    return json(200, schemas.Members(found))


async def messages(call: Call) -> Response:
    """Gives a page of a room's history."""
    chat, log = call.context.chat, call.context.log
    query: schemas.HistoryQuery = call.query
    room = chat.room_named(call.room)
    if call.token is None:
        if not is_public(room) or (room is None and _is_former(chat, call.room)):
            return no_room()
        if query.before or query.after or query.limit > schemas.VISITORS_PAGE:
            return problem(
                401,
                f"Without a token only the last {schemas.VISITORS_PAGE} messages may be read.",
                (("WWW-Authenticate", "Bearer"),),
            )
    numbers: dict[str, int] = {}
    for name, text in (("before", query.before), ("after", query.after)):
        if text:
            number = log.ids.number_of(text)
            if number is None:
                return problem(404, f"There is no message {text[:64]}.")
            numbers[name] = number
    since = open_since(chat, call.room) if call.token is None else 0  # whoever runs the server made the token
    where = (
        history.Conversation(call.room, fold(call.room), since=since)
        if room is None
        else history.room_conversation(room, since)
    )
    wanted = where.query(
        call.context.sessions.delivery.delivered,
        Window(numbers.get("after"), numbers.get("before"), limit=query.limit, newest=not query.after),
    )
    try:
        page = await log.read(wanted, 1)
    except LogError:
        return problem(503, "The history can't be read now. Try again later.", (("Retry-After", "5"),))
    if room is None and not page.records and call.token is None and fold(call.room) != LOBBY:
        return no_room()
    found = (schemas.message(history.under_current_name(where, record), log.ids) for record in page.records)
    return json(200, schemas.Messages(tuple(one for one in found if one is not None), page.more > 0))


def _is_former(chat: Chat, name: str) -> bool:
    """Whether a room had this name before: only those who may read that room may read what was said then."""
    key = fold(name)
    return any(key in map(fold, room.former) for room in chat.rooms.values() if room.former)


def no_room() -> Response:
    """There is no such room, or it may not be read: the answer is the same."""
    return problem(404, "There is no such room, or it may not be read.")


_NO_ROOM = {404: "There is no such room, or it may not be read; or no such message."}

ROUTES = (
    Route(
        "GET", "/rooms", "listRooms", rooms,
        "Lists the rooms that may be read: public ones, and those of the token.",
        {200: Answer("The rooms.", schemas.Rooms)},
        action=READ, optional=True, query=schemas.NoQuery,
    ),
    Route(
        "GET", "/rooms/{room}/members", "listMembers", members,
        "Lists who is in a room.",
        {200: Answer("The members.", schemas.Members)},
        action=WHO, query=schemas.NoQuery, problems=_NO_ROOM,
    ),
    Route(
        "GET", "/rooms/{room}/messages", "readMessages", messages,
        "Gives a page of a room's history. The last lines of a public room need no token.",
        {200: Answer("The messages.", schemas.Messages)},
        action=READ, optional=True, query=schemas.HistoryQuery, problems=_NO_ROOM,
    ),
)  # fmt: skip
