"""Tokens: whoever runs the server adds, lists and revokes them."""

from asyncchat.control.desk import Desk, carried_out
from asyncchat.control.requests import (
    AddToken,
    AskTokens,
    Done,
    RevokeToken,
    TokenRow,
    TokenRows,
)
from asyncchat.core import commands
from asyncchat.core.names import fold


async def add(desk: Desk, request: AddToken) -> Done:
    """Adds one."""
    await carried_out(desk, commands.NewToken(request.name, request.digest, request.rooms, request.actions))
    return Done()


async def listing(desk: Desk, _request: AskTokens) -> TokenRows:
    """Lists them, by name."""
    tokens = sorted(desk.chat.tokens.values(), key=lambda token: fold(token.name))
    return TokenRows(tuple(TokenRow(token.name, token.rooms, token.actions, token.time) for token in tokens))


async def revoke(desk: Desk, request: RevokeToken) -> Done:
    """Revokes one."""
    await carried_out(desk, commands.RevokeToken(request.name))
    return Done()


OPERATIONS = {AddToken: add, AskTokens: listing, RevokeToken: revoke}
