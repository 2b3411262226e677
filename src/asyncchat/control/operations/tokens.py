"""Requests about tokens: whoever runs the server makes, lists and revokes them."""

from asyncchat.control.executor import CommandExecutor, execute
from asyncchat.control.requests import (
    AskTokens,
    Done,
    MakeToken,
    RemoveToken,
    TokenRow,
    TokenRows,
)
from asyncchat.core import commands
from asyncchat.core.names import fold


async def make(executor: CommandExecutor, request: MakeToken) -> Done:
    """Makes a token."""
    await execute(executor, commands.NewToken(request.name, request.digest, request.rooms, request.actions))
    return Done()


async def listing(executor: CommandExecutor, _request: AskTokens) -> TokenRows:
    """Lists all tokens, by name."""
    tokens = sorted(executor.chat.tokens.values(), key=lambda token: fold(token.name))
    return TokenRows(tuple(TokenRow(token.name, token.rooms, token.actions, token.time) for token in tokens))


async def remove(executor: CommandExecutor, request: RemoveToken) -> Done:
    """Revokes a token."""
    await execute(executor, commands.RevokeToken(request.name))
    return Done()


OPERATIONS = {MakeToken: make, AskTokens: listing, RemoveToken: remove}
