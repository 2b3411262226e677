"""Accounts: made, listed, changed and removed by who runs the server.

A password is hashed in a thread; what is kept of it is the core's verifier.
"""

import asyncio
import secrets

from asyncchat.control.desk import Desk, carried_out
from asyncchat.control.operations.base import Operation
from asyncchat.control.requests import (
    AccountLine,
    AccountList,
    AddAccount,
    AskAccounts,
    ChangeAccountPassword,
    Done,
    DropAccount,
    Request,
)
from asyncchat.control.wire import Refused
from asyncchat.core import commands, scram


async def add(desk: Desk, request: AddAccount) -> Done:
    """Makes an account."""
    await carried_out(desk, commands.MakeAccount(request.name, await _verifier(request.password)))
    return Done()


async def change_password(desk: Desk, request: ChangeAccountPassword) -> Done:
    """Gives an account another password; who is logged in stays so."""
    await carried_out(desk, commands.ChangePassword(request.name, await _verifier(request.password)))
    return Done()


async def remove(desk: Desk, request: DropAccount) -> Done:
    """Removes an account; who is logged in to it is so no longer."""
    await carried_out(desk, commands.RemoveAccount(request.name, verified=True))
    return Done()


async def accounts(desk: Desk, _request: AskAccounts) -> AccountList:
    """Lists all accounts, by their names."""
    chat = desk.chat
    there = {person.account for person in chat.people.values()}
    return AccountList(
        tuple(
            AccountLine(account.name, account.time, account.email, account.name in there)
            for _, account in sorted(chat.accounts.items())
        )
    )


async def _verifier(password: str) -> str:
    try:
        scram.prepared(password)
        salt = secrets.token_bytes(scram.SALT_BYTES)
        return str(await asyncio.to_thread(scram.verifier, password, salt))
    except scram.ScramFault as fault:
        raise Refused(f"Not done: {fault}") from fault


OPERATIONS: dict[type[Request], Operation] = {
    AddAccount: add,
    ChangeAccountPassword: change_password,
    DropAccount: remove,
    AskAccounts: accounts,
}
