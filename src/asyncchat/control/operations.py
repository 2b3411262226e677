"""Operations: what is done for each request of the control socket.

To add one: its request in ``requests``, a function here, and its line in ``OPERATIONS``. It runs beside a
server as well as without one: it gets all it needs from its ``CommandExecutor``. What takes long (a hash)
goes to a thread.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Union

import msgspec

from asyncchat.control import requests
from asyncchat.control.executor import CommandExecutor, execute
from asyncchat.control.forget import forget, get_traces
from asyncchat.control.wire import NO_JSON, Refused
from asyncchat.core import scram
from asyncchat.core.features import bots, invite_codes, login_tokens
from asyncchat.core.features.accounts import DropAccountVerified, NewPasswordVerified, RegisterAccountVerified
from asyncchat.core.features.files import Files
from asyncchat.core.names import fold
from asyncchat.core.passwords import password_fault
from asyncchat.core.replies import AccountFault
from asyncchat.errors import AsyncChatError
from asyncchat.version import __version__


async def status(executor: CommandExecutor, _request: requests.GetStatus) -> requests.Status:
    """Gives the version, and the number of people and rooms."""
    return requests.Status(__version__, executor.running, len(executor.chat.people), len(executor.chat.rooms))


async def upgrade(executor: CommandExecutor, _request: requests.Upgrade) -> requests.Upgraded:
    """Has a new process take over from the server's."""
    try:
        return requests.Upgraded(await executor.upgrade())
    except AsyncChatError as error:
        raise Refused(str(error)) from error


async def get_cluster(executor: CommandExecutor, _request: requests.GetCluster) -> requests.ClusterStatus:
    """Gives the nodes of the cluster."""
    try:
        return executor.cluster()
    except AsyncChatError as error:
        raise Refused(str(error)) from error


async def drain(executor: CommandExecutor, request: requests.Drain) -> requests.Drained:
    """Takes the node out of service, or tells how far that is."""
    try:
        return executor.drain(request.seconds)
    except AsyncChatError as error:
        raise Refused(str(error)) from error


async def add_account(executor: CommandExecutor, request: requests.AddAccount) -> requests.Done:
    """Registers an account."""
    await execute(executor, RegisterAccountVerified(request.name, await _verifier(request)))
    return requests.Done()


async def change_password(
    executor: CommandExecutor, request: requests.ChangeAccountPassword
) -> requests.Done:
    """Changes the password of an account; sessions stay logged in."""
    await execute(executor, NewPasswordVerified(request.name, await _verifier(request)))
    return requests.Done()


async def remove_account(executor: CommandExecutor, request: requests.DropAccount) -> requests.Done:
    """Removes an account; its sessions are logged out."""
    await execute(executor, DropAccountVerified(request.name, verified=True))
    return requests.Done()


async def list_accounts(executor: CommandExecutor, _request: requests.GetAccounts) -> requests.AccountList:
    """Lists all accounts, by name."""
    chat = executor.chat
    there = {person.account for person in chat.people.values()}
    return requests.AccountList(
        tuple(
            requests.AccountLine(account.name, account.time, account.email, account.name in there)
            for _, account in sorted(chat.accounts.items())
        )
    )


async def list_devices(executor: CommandExecutor, request: requests.GetDevices) -> requests.DeviceList:
    """Lists the devices that stay signed in to an account."""
    account = executor.chat.accounts.get(fold(request.name))
    if account is None:
        raise Refused(f"Not done: {AccountFault.UNKNOWN.text}")
    tokens = sorted(
        login_tokens.LoginTokens.of(executor.chat).of_account(account.name).values(),
        key=lambda one: -one.used,
    )
    return requests.DeviceList(
        tuple(requests.DeviceLine(one.id, one.label, one.made, one.used) for one in tokens)
    )


async def sign_out(executor: CommandExecutor, request: requests.SignOutDevices) -> requests.Done:
    """Signs devices out of an account; their sessions end."""
    await execute(executor, login_tokens.RevokeLoginTokens(request.device, request.name))
    return requests.Done()


async def _verifier(request: requests.OfAccount) -> str:
    password = request.password
    weak = password_fault(password, request.name)
    if weak is not None:
        raise Refused(f"Not done: the password is too weak: {weak}")
    try:
        scram.prepared(password)
        salt = secrets.token_bytes(scram.SALT_BYTES)
        return str(await asyncio.to_thread(scram.verifier, password, salt))
    except scram.ScramFault as fault:
        raise Refused(f"Not done: {fault}") from fault


async def add_token(executor: CommandExecutor, request: requests.AddToken) -> requests.Done:
    """Makes a token."""
    await execute(executor, bots.NewToken(request.name, request.digest, request.rooms, request.actions))
    return requests.Done()


async def list_tokens(executor: CommandExecutor, _request: requests.GetTokens) -> requests.TokenRows:
    """Lists all tokens, by name."""
    tokens = sorted(bots.Bots.of(executor.chat).tokens.values(), key=lambda token: fold(token.name))
    return requests.TokenRows(
        tuple(requests.TokenRow(token.name, token.rooms, token.actions, token.time) for token in tokens)
    )


async def revoke_token(executor: CommandExecutor, request: requests.RevokeToken) -> requests.Done:
    """Revokes a token."""
    await execute(executor, bots.RevokeToken(request.name))
    return requests.Done()


async def new_invite_code(
    executor: CommandExecutor, request: requests.NewInviteCode
) -> requests.InviteCodeMade:
    """Makes an invitation code."""
    made = next(
        event
        for event in await execute(
            executor,
            invite_codes.MakeInviteCode(
                request.room, request.digest, request.uses, request.seconds, request.role
            ),
        )
        if isinstance(event, invite_codes.InviteCodeMade)
    )
    return requests.InviteCodeMade(made.number, made.room, made.expires, executor.page)


async def list_invite_codes(
    executor: CommandExecutor, request: requests.GetInviteCodes
) -> requests.InviteCodeRows:
    """Lists the invitation codes, by room and number."""
    chat = executor.chat
    codes = invite_codes.InviteCodes.of(chat).codes.values()
    wanted = [code for code in codes if not request.room or code.room == fold(request.room)]
    now = time.time_ns() // 1000
    return requests.InviteCodeRows(
        tuple(
            requests.InviteCodeRow(
                code.number, chat.rooms[code.room].name, code.uses, len(code.used), code.expires, code.role,
                code.by, "" if (fault := code.fault(now)) is None else fault.name.lower().replace("_", " "),
            )
            for code in sorted(wanted, key=lambda code: (code.room, code.number))
        )
    )  # fmt: skip


async def revoke_invite_code(executor: CommandExecutor, request: requests.RevokeInviteCode) -> requests.Done:
    """Revokes an invitation code."""
    await execute(executor, invite_codes.RevokeInviteCode("", request.number))
    return requests.Done()


async def list_files(executor: CommandExecutor, _request: requests.GetFiles) -> requests.FileRows:
    """Lists the files that people uploaded."""
    kept = Files.of(executor.chat).by_id.values()
    return requests.FileRows(
        tuple(requests.FileRow(one.id, one.by, one.type, one.size, one.time) for one in kept)
    )


OPERATIONS: dict[type[requests.Request], Callable[[CommandExecutor, Any], Awaitable[requests.Result]]] = {
    requests.GetStatus: status,
    requests.GetCluster: get_cluster,
    requests.Drain: drain,
    requests.Upgrade: upgrade,
    requests.AddAccount: add_account,
    requests.ChangeAccountPassword: change_password,
    requests.DropAccount: remove_account,
    requests.GetAccounts: list_accounts,
    requests.GetDevices: list_devices,
    requests.SignOutDevices: sign_out,
    requests.AddToken: add_token,
    requests.GetTokens: list_tokens,
    requests.RevokeToken: revoke_token,
    requests.NewInviteCode: new_invite_code,
    requests.GetInviteCodes: list_invite_codes,
    requests.RevokeInviteCode: revoke_invite_code,
    requests.GetFiles: list_files,
    requests.GetTraces: get_traces,
    requests.Forget: forget,
}
"""The operation of each request; it raises ``Refused`` with one line of why not."""

_decode: Callable[[bytes], requests.Request] = msgspec.json.Decoder(Union[tuple(OPERATIONS)]).decode  # noqa: UP007  # made of a table


async def carry_out(executor: CommandExecutor, line: bytes) -> requests.Result:
    """Carries out the request in a line.

    Raises:
        Refused: it can't be done.
    """
    try:
        request = _decode(line)
    except NO_JSON as error:
        raise Refused(
            f"The server (asyncchat {__version__}) does not know this request. "
            "It is of another version: restart it"
        ) from error
    return await OPERATIONS[type(request)](executor, request)
