"""Tokens: made, listed and revoked by whoever runs the server."""

from asyncchat.control.desk import Desk, carried_out
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


async def make(desk: Desk, request: MakeToken) -> Done:
    """Makes one."""
    await carried_out(desk, commands.NewToken(request.name, request.digest, request.rooms, request.actions))
    return Done()


async def listing(desk: Desk, _request: AskTokens) -> TokenRows:
    """Lists them, by name."""
    tokens = sorted(desk.chat.tokens.values(), key=lambda token: fold(token.name))
    return TokenRows(tuple(TokenRow(token.name, token.rooms, token.actions, token.time) for token in tokens))


async def remove(desk: Desk, request: RemoveToken) -> Done:
    """Revokes one."""
    await carried_out(desk, commands.RevokeToken(request.name))
    return Done()


OPERATIONS = {MakeToken: make, AskTokens: listing, RemoveToken: remove}
