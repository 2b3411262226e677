"""Routes of rooms: the list, members, history.

Owns the form of the answers; who may read what, ``access`` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.events import Record
from asyncchat.core.features.bots import READ, WHO
from asyncchat.core.features.history import Window
from asyncchat.core.features.history_access import account_since
from asyncchat.core.ids import Ids
from asyncchat.core.modes import BOT
from asyncchat.core.names import LOBBY
from asyncchat.core.roles import ROLES
from asyncchat.core.rooms import Block, Room
from asyncchat.core.visibility import visible
from asyncchat.log.base import LogError, Page
from asyncchat.server import history
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.access import (
    conversation_of,
    is_known,
    no_room,
    reader_of,
    room_of,
    unreadable,
)
from asyncchat.server.http.api.routes import Answer, Call, Route, json_body
from asyncchat.server.http.messages import Response, problem
from asyncchat.text.times import milliseconds


async def rooms(call: Call) -> Response:
    """Lists the rooms that may be read, by the token or by everyone."""
    return await _in_slices(call, b"rooms", list_rooms(call))


def list_rooms(call: Call) -> Iterator[schemas.Room | None]:
    """The rooms, by name; None: one that may not be read. Others may have a turn after each."""
    chat, locked = call.context.chat, call.context.locked and not call.account
    token = call.token
    for key in sorted({*chat.rooms, LOBBY}):
        room = chat.rooms.get(key)
        name = LOBBY if room is None else room.name
        covered = token is not None and token.covers(name)
        closed = room is None and key != LOBBY  # meanwhile
        hidden = room is not None and reader_of(call, room) is None
        if closed or (not covered and (locked or hidden)):
            yield None
        elif room is None:
            yield schemas.Room(LOBBY, "", 0, not locked)
        else:
            yield _view(room, 0 if covered else account_since(chat, room, call.account))


async def _in_slices(call: Call, field: bytes, found: Iterator[msgspec.Struct | None]) -> Response:
    """A list, each of whose items is found and encoded by itself."""

    def encode() -> Generator[None, None, bytes]:
        pieces = []
        for one in found:
            if one is not None:
                pieces.append(msgspec.json.encode(one))
            yield
        return b'{"%b":[%b]}\n' % (field, b",".join(pieces))

    return json_body(200, await call.context.sessions.slices.finish(encode(), call.session.charge))


def _view(room: Room, since: int) -> schemas.Room:
    topic = "" if room.topic is None or room.topic.time < since else room.topic.text
    return schemas.Room(room.name, topic, len(room.member_blocks), room.is_public)


async def members(call: Call) -> Response:
    """Lists who is in a room."""
    chat, room, where = call.context.chat, room_of(call), conversation_of(call)
    if where is None:
        return no_room()
    if room is None:
        upto = call.context.sessions.delivery.delivered
        try:
            if not await is_known(chat, call.context.log, where, upto):
                return no_room()
        except LogError:
            return unreadable()
    if call.token is not None or room is None:
        blocks = () if room is None else room.blocks
    else:
        me = reader_of(call, room)
        blocks = () if me is None else visible(chat, me.id, room)
    return await _in_slices(call, b"members", list_members(chat, blocks))


def list_members(chat: Chat, blocks: Sequence[Block]) -> Iterator[schemas.Member]:
    """The members of a room; others may have a turn after each."""
    for member in (member for block in blocks for member in block.members):
        yield schemas.Member(
            member.person.name,
            tuple(role.name for role in ROLES if member.roles & role.bit),
            chat.people.away.get(member.person.id, ""),
            chat.has(member.person.id, BOT),
        )


async def messages(call: Call) -> Response:
    """Gives a page of a room's history."""
    log = call.context.log
    query: schemas.HistoryQuery = call.query
    numbers: dict[str, int] = {}
    for name, text in (("before", query.before), ("after", query.after)):
        if text:
            number = log.ids.number_of(text)
            if number is None:
                return problem(404, f"There is no message {text[:64]}.")
            numbers[name] = number
    times: dict[str, int] = {}
    for name, text in (("since", query.since), ("until", query.until)):
        if text:
            time = milliseconds(text)
            if time is None:
                return problem(400, f"{name} is no time; write it as 2026-11-30T21:14:00.000Z.")
            times[name] = time * 1000
    where = conversation_of(call)
    if where is None:
        return no_room()
    call.session.charge(1)
    newest = not (query.after or query.since)
    delivered = call.context.sessions.delivery.delivered
    # The newest page is known by a number that it is before.
    before = numbers.get("before", delivered + 1 if newest else None)
    window = Window(
        numbers.get("after"),
        before,
        times["since"] - 1 if "since" in times else None,
        times.get("until"),
        limit=query.limit,
        newest=newest,
    )
    wanted = where.query(delivered, window)

    def encode(page: Page) -> _Encoded:
        records = page.records[::-1] if newest else page.records
        if where.beside:  # it had other names
            records = tuple(history.under_current_name(where, record) for record in records)
        found, is_whole = _up_to_size(records, log.ids)
        if newest:
            found.reverse()
        body = msgspec.json.encode(schemas.Messages(tuple(found), page.more > 0 or not is_whole))
        return _Encoded(body + b"\n", f'"{hashlib.sha256(body).hexdigest()[:32]}"', not page.records)

    try:
        encoded = await call.context.pages.read_as(wanted, "json", encode)
    except LogError:
        return unreadable()
    if encoded.is_empty and call.token is None:
        try:
            if not await is_known(call.context.chat, log, where, delivered):
                return no_room()
        except LogError:
            return unreadable()
    headers = (("ETag", encoded.tag), *_KEPT)
    if call.request.knows(encoded.tag):
        return Response(304, b"", headers)
    return json_body(200, encoded.body, *headers)


class _Encoded(msgspec.Struct, frozen=True):
    """A page as JSON, with its entity tag."""

    body: bytes
    tag: str
    is_empty: bool


_KEPT = (("Cache-Control", "private, no-cache"), ("Vary", "Authorization"))
"""A client may keep a page, and asks whether it still holds: another token may read something else."""


def _up_to_size(records: Sequence[Record], ids: Ids) -> tuple[list[schemas.Message], bool]:
    """As many messages as a page may hold, at least one, and whether these are all."""
    found: list[schemas.Message] = []
    left = schemas.PAGE_LETTERS
    for record in records:
        said = schemas.message(record, ids)
        if said is not None:
            left -= len(said.text)
            if left < 0 and found:
                return found, False
            found.append(said)
    return found, True


_NO_ROOM = {404: "There is no such room, or it may not be read; or no such message."}

ROUTES = (
    Route(
        "GET", "/rooms", "listRooms", rooms,
        "Lists the rooms that may be read: public ones, and those of the token or the account.",
        {200: Answer("The rooms.", schemas.Rooms)},
        action=READ, optional=True, query=schemas.NoQuery,
    ),
    Route(
        "GET", "/rooms/{room}/members", "listMembers", members,
        "Lists who is in a room. Of a public room it needs no token, and leaves out who is invisible.",
        {200: Answer("The members.", schemas.Members)},
        action=WHO, optional=True, query=schemas.NoQuery, problems=_NO_ROOM,
    ),
    Route(
        "GET", "/rooms/{room}/messages", "readMessages", messages,
        "Gives a page of a room's history. That of a public room needs no token.",
        {
            200: Answer(
                "The messages.",
                schemas.Messages,
                headers={"ETag": "Names this page as it is; it may be sent as If-None-Match."},
            ),
            304: Answer("It is as it was: If-None-Match names it.", kind="", headers={"ETag": "The same."}),
        },
        action=READ, optional=True, query=schemas.HistoryQuery, problems=_NO_ROOM,
        headers={"If-None-Match": "The ETag of an earlier answer: 304 if the page is the same."},
    ),
)  # fmt: skip
