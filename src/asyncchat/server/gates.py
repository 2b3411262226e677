"""Gates: what a session does outside the hub, in its place in the order (DESIGN 1.8).

Each gets the session, what was asked, and the number of the last record delivered before; deliveries to that
session wait meanwhile and it takes no commands; nobody else notices.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import commands, replies
from asyncchat.core.names import fold
from asyncchat.core.roles import Right
from asyncchat.log.base import LogError, Range
from asyncchat.server.hub import wall_clock

if TYPE_CHECKING:
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

PAGE_MOST = 1000
"""Messages one read of the history gives at the most (the IRC dialect's CHATHISTORY)."""

WRONG_CODE_SECONDS = 1.0
"""What a wrong owner code or password costs: with 32^8 codes, guessing is hopeless at that pace."""

SLICE_BYTES = 65_536
"""How much of a long answer is written before others get a turn."""


async def read_history(session: Session, command: commands.ReadHistory, upto: int) -> None:
    """Reads a page of a room's history, for who is in the room, and for the owner."""
    service = session.service
    chat = service.hub.chat
    key = fold(command.room)
    room = chat.rooms.get(key)
    answer: replies.Reply | replies.Refusal
    if room is None or not (session.id in room.seats or session.id in chat.owners):
        answer = replies.HistoryUnreadable(command.room, command.purpose)
    else:
        after_time = command.after_time
        if command.newest_seconds is not None:
            after_time = max(after_time or 0, wall_clock() - command.newest_seconds * 1_000_000)
        wanted = Range(
            key,
            upto,
            command.after,
            command.before,
            after_time,
            command.before_time,
            min(command.limit, PAGE_MOST),
            command.end is commands.Direction.NEWEST,
        )
        try:
            page = await service.log.read(wanted, replies.MORE_COUNTED)
        except LogError:
            answer = replies.HistoryUnreadable(command.room, command.purpose)
        else:
            answer = replies.HistoryPage(room.name, page.records, page.more, command.purpose)
    await _answer(session, answer)


async def read_acts(session: Session, command: commands.ReadActs, upto: int) -> None:
    """Reads what operators of the server did, for who owns it."""
    service = session.service
    if session.id not in service.hub.chat.owners:
        await _answer(session, replies.NotServerOperator())
        return
    after = command.after_time or 0
    if command.newest_seconds is not None:
        after = max(after, wall_clock() - command.newest_seconds * 1_000_000)
    try:
        records = await service.log.acts(upto, after, command.limit)
    except LogError:
        await _answer(session, replies.ActsUnreadable(command.purpose))
    else:
        await _answer(session, replies.ActsView(records, command.purpose))


async def erase_from(session: Session, command: commands.EraseFrom, upto: int) -> None:
    """Finds what is to be erased; whether the asker may, the hub decides."""
    service = session.service
    room = service.hub.chat.room_named(command.room)
    numbers: tuple[int, ...] = ()
    if room is not None and service.hub.chat.may(session.id, room, Right.RULE):
        try:
            numbers = await service.log.numbers_by(room.key, command.name, upto)
        except LogError:
            await _answer(session, replies.HistoryUnreadable(command.room))
            return
    session.release()
    service.hub.submit(session, [commands.Erase(command.room, numbers)])


async def claim_owner(session: Session, command: commands.Owner, _upto: int) -> None:
    """Checks the owner code, or a named operator's password."""
    service = session.service
    if not command.name:
        verified = service.owner_code.verify(command.code)
    elif not service.access.may_come(command.name, session.address):
        await asyncio.sleep(WRONG_CODE_SECONDS)
        await _answer(session, replies.NotFromHere(command.name))
        return
    else:
        verified = await service.access.is_operator(command.name, command.code)
    person = service.hub.chat.people.get(session.id)
    who = session.address if person is None else person.origin
    if verified:
        _logger.warning("%s became operator as %s", who, command.name or "owner")
    else:
        _logger.warning("%s gave no right password for the operator %s", who, command.name or "owner")
        await asyncio.sleep(WRONG_CODE_SECONDS)
    session.release()
    service.hub.submit(session, [commands.ClaimOwner(verified, command.name)])


async def reload(session: Session, _command: commands.Reload, _upto: int) -> None:
    """Reads the configuration again, for who owns the server."""
    service = session.service
    if session.id not in service.hub.chat.owners:
        await _answer(session, replies.NotServerOperator())
        return
    person = service.hub.chat.people[session.id]
    await _answer(session, await service.reloader.reload(person))


async def unlock(session: Session, command: commands.Unlock, _upto: int) -> None:
    """Checks the server's password; who has not shown it at the last try is closed."""
    access = session.service.access
    if await access.admits(command.password):
        await _answer(session, replies.Unlocked())
        return
    if command.password:
        await asyncio.sleep(WRONG_CODE_SECONDS)
    await _answer(session, replies.WrongPassword(bool(command.password), command.last))
    if command.last:
        _logger.warning("%s did not know the password", session.address)
        session.expel("wrong password" if command.password else "no password")


async def ignore(session: Session, command: commands.Ignore, _upto: int) -> None:
    """Hides somebody's words from the asker, or no longer."""
    if command.name:
        key = fold(command.name)
        session.ignoring = session.ignoring | {key} if command.on else session.ignoring - {key}
        session.regroup()
    await _answer(session, replies.Ignored(tuple(sorted(session.ignoring))))


async def _answer(session: Session, answer: object) -> None:
    """Writes an answer in slices, then what was delivered meanwhile."""
    data = session.spoken.answer((answer,))
    while len(data) > SLICE_BYTES and not session.ended:
        try:
            session.send(data[:SLICE_BYTES])
        except RuntimeError:
            session.lose()
            return
        data = data[SLICE_BYTES:]
        await session.drained()
    session.release(data)


Gate = Callable[["Session", Any, int], Awaitable[None]]

GATES: dict[type[commands.Command], Gate] = {
    commands.ReadHistory: read_history,
    commands.ReadActs: read_acts,
    commands.EraseFrom: erase_from,
    commands.Owner: claim_owner,
    commands.Ignore: ignore,
    commands.Reload: reload,
    commands.Unlock: unlock,
}
