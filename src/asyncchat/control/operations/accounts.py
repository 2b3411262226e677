"""Requests about accounts: whoever runs the server registers, lists, changes and removes them.

A password is hashed in a thread.
"""

import asyncio
import secrets

from asyncchat.control.executor import CommandExecutor, execute
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


async def add(executor: CommandExecutor, request: AddAccount) -> Done:
    """Registers an account."""
    await execute(executor, commands.MakeAccount(request.name, await _verifier(request.password)))
    return Done()


async def change_password(executor: CommandExecutor, request: ChangeAccountPassword) -> Done:
    """Changes the password of an account; sessions stay logged in."""
    await execute(executor, commands.ChangePassword(request.name, await _verifier(request.password)))
    return Done()


async def remove(executor: CommandExecutor, request: DropAccount) -> Done:
    """Removes an account; its sessions are logged out."""
    await execute(executor, commands.RemoveAccount(request.name, verified=True))
    return Done()


async def accounts(executor: CommandExecutor, _request: AskAccounts) -> AccountList:
    """Lists all accounts, by name."""
    chat = executor.chat
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
