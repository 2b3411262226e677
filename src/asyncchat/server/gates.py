"""Gates: what a session does outside the hub, in its place in the order.

See docs/architecture.md, "I/O commands".

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
from asyncchat.server import past, searches
from asyncchat.server.account_gates import ACCOUNT_GATES

if TYPE_CHECKING:
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

WRONG_CODE_SECONDS = 1.0
"""What a wrong owner code or password costs: with 32^8 codes, guessing is hopeless at that pace."""


async def claim_owner(session: Session, command: commands.Owner, _upto: int) -> None:
    """Checks the owner code, or a named operator's password."""
    service = session.service
    if not command.name:
        verified = service.owner_code.verify(command.code)
    elif not service.access.may_come(command.name, session.address):
        await asyncio.sleep(WRONG_CODE_SECONDS)
        await session.answer_in_slices(replies.NotFromHere(command.name))
        return
    else:
        person = service.hub.chat.people.get(session.who)
        account = "" if person is None else person.account
        verified = service.accounts.may_guess(session.address) and await service.access.is_operator(
            command.name, command.code, account
        )
        if verified:
            service.accounts.guessed(session.address)
    person = service.hub.chat.people.get(session.who)
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
    if session.who not in service.hub.chat.owners:
        await session.answer_in_slices(replies.NotServerOperator())
        return
    person = service.hub.chat.people[session.who]
    await session.answer_in_slices(await service.reloader.reload(person))


async def unlock(session: Session, command: commands.Unlock, _upto: int) -> None:
    """Checks the server's password; who has not shown it at the last try is closed."""
    access = session.service.access
    if await access.admits(command.password):
        await session.answer_in_slices(replies.Unlocked())
        return
    if command.password:
        await asyncio.sleep(WRONG_CODE_SECONDS)
    await session.answer_in_slices(replies.WrongPassword(bool(command.password), command.last))
    if command.last:
        _logger.warning("%s did not know the password", session.address)
        session.expel("wrong password" if command.password else "no password")


async def ignore(session: Session, command: commands.Ignore, _upto: int) -> None:
    """Hides somebody's words from the asker, or no longer."""
    if command.name:
        key = fold(command.name)
        session.ignoring = session.ignoring | {key} if command.on else session.ignoring - {key}
        session.regroup()
    await session.answer_in_slices(replies.Ignored(tuple(sorted(session.ignoring))))


Gate = Callable[["Session", Any, int], Awaitable[None]]

GATES: dict[type[commands.Command], Gate] = {
    commands.ReadActs: past.read_acts,
    commands.ReadHistory: past.read_history,
    commands.ReadMissed: past.read_missed,
    commands.Search: searches.search,
    commands.React: past.react,
    commands.Reply: past.reply,
    commands.Redact: past.redact,
    commands.ReadTargets: past.read_targets,
    commands.EraseFrom: past.erase_from,
    commands.Owner: claim_owner,
    commands.Ignore: ignore,
    commands.Reload: reload,
    commands.Unlock: unlock,
    **ACCOUNT_GATES,
}
