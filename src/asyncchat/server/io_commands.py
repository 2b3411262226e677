"""I/O commands: commands that the server answers outside the hub, in the session's order.

Each handler gets the session, the command, and the number of the last record delivered before. Meanwhile the
session's output is paused and no command of it is read; other sessions do not wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import commands, replies
from asyncchat.core.names import fold
from asyncchat.server import history, search
from asyncchat.server.auth import AUTH_COMMANDS

if TYPE_CHECKING:
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

WRONG_CODE_SECONDS = 1.0
"""How long the answer to a wrong owner code or password is delayed: there are 29^8 codes to guess."""


async def claim_owner(session: Session, command: commands.Owner, _upto: int) -> None:
    """Checks the owner code, or a named operator's password."""
    server = session.server
    if not command.name:
        verified = server.owner_code.verify(command.code)
    elif not server.passwords.is_host_allowed(command.name, session.address):
        await asyncio.sleep(WRONG_CODE_SECONDS)
        await session.answer_in_slices(replies.NotFromHere(command.name))
        return
    else:
        person = server.hub.chat.people.get(session.who)
        account = "" if person is None else person.account
        verified = server.password_guard.count_guess(
            session.address
        ) and await server.passwords.verify_operator(command.name, command.code, account)
        if verified:
            server.password_guard.forget_guesses(session.address)
    person = server.hub.chat.people.get(session.who)
    who = session.address if person is None else person.origin
    if verified:
        _logger.warning("%s became operator as %s", who, command.name or "owner")
    else:
        _logger.warning("%s gave no right password for the operator %s", who, command.name or "owner")
        await asyncio.sleep(WRONG_CODE_SECONDS)
    session.resume_output()
    server.hub.submit(session, [commands.ClaimOwner(verified, command.name)])


async def reload(session: Session, _command: commands.Reload, _upto: int) -> None:
    """Reads the configuration again, for an operator of the server."""
    server = session.server
    if session.who not in server.hub.chat.owners:
        await session.answer_in_slices(replies.NotServerOperator())
        return
    person = server.hub.chat.people[session.who]
    await session.answer_in_slices(await server.reloader.reload(person))


async def unlock(session: Session, command: commands.Unlock, _upto: int) -> None:
    """Checks the server's password; a session without it is disconnected at the last try."""
    if await session.server.passwords.verify_server(command.password):
        await session.answer_in_slices(replies.Unlocked())
        return
    if command.password:
        await asyncio.sleep(WRONG_CODE_SECONDS)
    await session.answer_in_slices(replies.WrongPassword(bool(command.password), command.last))
    if command.last:
        _logger.warning("%s did not know the password", session.address)
        session.disconnect("wrong password" if command.password else "no password")


async def ignore(session: Session, command: commands.Ignore, _upto: int) -> None:
    """Ignores somebody, or no longer."""
    if command.name:
        key = fold(command.name)
        session.ignoring = session.ignoring | {key} if command.on else session.ignoring - {key}
        session.update_subscriptions()
    await session.answer_in_slices(replies.Ignored(tuple(sorted(session.ignoring))))


IoHandler = Callable[["Session", Any, int], Awaitable[None]]

IO_COMMANDS: dict[type[commands.Command], IoHandler] = {
    commands.ReadActs: history.read_acts,
    commands.ReadHistory: history.read_history,
    commands.ReadMissed: history.read_missed,
    commands.Search: search.search,
    commands.React: history.react,
    commands.Reply: history.reply,
    commands.Redact: history.redact,
    commands.ReadTargets: history.read_targets,
    commands.EraseFrom: history.erase_from,
    commands.Owner: claim_owner,
    commands.Ignore: ignore,
    commands.Reload: reload,
    commands.Unlock: unlock,
    **AUTH_COMMANDS,
}
