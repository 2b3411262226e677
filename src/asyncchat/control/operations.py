"""Operations: what is done for each request of the control socket.

To add one: its request in ``requests``, a function here, and its line in ``OPERATIONS``. It runs beside a
server as well as without one: it gets all it needs from its ``CommandExecutor``. What takes long (a hash)
goes to a thread.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Union

import msgspec

from asyncchat import __version__
from asyncchat.control.executor import CommandExecutor, execute
from asyncchat.control.requests import (
    AccountLine,
    AccountList,
    AddAccount,
    AddToken,
    ChangeAccountPassword,
    Done,
    DropAccount,
    GetAccounts,
    GetStatus,
    GetTokens,
    Request,
    Result,
    RevokeToken,
    Status,
    TokenRow,
    TokenRows,
)
from asyncchat.control.wire import Refused
from asyncchat.core import scram
from asyncchat.core.features.accounts import DropAccountVerified, NewPasswordVerified, RegisterAccountVerified
from asyncchat.core.features.bots import Bots, NewToken
from asyncchat.core.features.bots import RevokeToken as RevokeTokenCommand
from asyncchat.core.names import fold


async def status(executor: CommandExecutor, _request: GetStatus) -> Status:
    """Gives the version, and the number of people and rooms."""
    return Status(__version__, executor.running, len(executor.chat.people), len(executor.chat.rooms))


async def add_account(executor: CommandExecutor, request: AddAccount) -> Done:
    """Registers an account."""
    await execute(executor, RegisterAccountVerified(request.name, await _verifier(request.password)))
    return Done()


async def change_password(executor: CommandExecutor, request: ChangeAccountPassword) -> Done:
    """Changes the password of an account; sessions stay logged in."""
    await execute(executor, NewPasswordVerified(request.name, await _verifier(request.password)))
    return Done()


async def remove_account(executor: CommandExecutor, request: DropAccount) -> Done:
    """Removes an account; its sessions are logged out."""
    await execute(executor, DropAccountVerified(request.name, verified=True))
    return Done()


async def list_accounts(executor: CommandExecutor, _request: GetAccounts) -> AccountList:
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


async def add_token(executor: CommandExecutor, request: AddToken) -> Done:
    """Makes a token."""
    await execute(executor, NewToken(request.name, request.digest, request.rooms, request.actions))
    return Done()


async def list_tokens(executor: CommandExecutor, _request: GetTokens) -> TokenRows:
    """Lists all tokens, by name."""
    tokens = sorted(Bots.of(executor.chat).tokens.values(), key=lambda token: fold(token.name))
    return TokenRows(tuple(TokenRow(token.name, token.rooms, token.actions, token.time) for token in tokens))


async def revoke_token(executor: CommandExecutor, request: RevokeToken) -> Done:
    """Revokes a token."""
    await execute(executor, RevokeTokenCommand(request.name))
    return Done()


OPERATIONS: dict[type[Request], Callable[[CommandExecutor, Any], Awaitable[Result]]] = {
    GetStatus: status,
    AddAccount: add_account,
    ChangeAccountPassword: change_password,
    DropAccount: remove_account,
    GetAccounts: list_accounts,
    AddToken: add_token,
    GetTokens: list_tokens,
    RevokeToken: revoke_token,
}
"""The operation of each request; it raises ``Refused`` with one line of why not."""

_decode: Callable[[bytes], Request] = msgspec.json.Decoder(Union[tuple(OPERATIONS)]).decode  # noqa: UP007  # made of a table


async def carry_out(executor: CommandExecutor, line: bytes) -> Result:
    """Carries out the request in a line.

    Raises:
        Refused: it can't be done.
    """
    try:
        request = _decode(line)
    except msgspec.DecodeError as error:
        raise Refused(
            f"The server (asyncchat {__version__}) does not know this request. "
            "It is of another version: restart it"
        ) from error
    return await OPERATIONS[type(request)](executor, request)
