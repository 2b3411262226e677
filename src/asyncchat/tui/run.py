"""Runs the full-screen client from its start to the person's leaving.

Owns what the terminal is told before and after; must not know widgets.
"""

import sys
from dataclasses import asdict, replace
from functools import partial

from asyncchat.client.address import parse_address
from asyncchat.client.client import Client
from asyncchat.client.remembered import Remembered
from asyncchat.client.strict_transport import secured
from asyncchat.core.names import LOBBY
from asyncchat.text.sanitize import shown
from asyncchat.tui import terminal_keys
from asyncchat.tui.app import ChatApp
from asyncchat.tui.join_screen import JoinRequest

HISTORY = 50
"""Messages of a room's history that are read when it is joined."""

LEAVE_SECONDS = 5.0
"""Most seconds that what was said last may take to be acknowledged."""


def connect(remembered: Remembered, request: JoinRequest) -> Client:
    """Joins one room; the others, which may refuse us, are joined later.

    Raises:
        ClientError: it can't be joined.
        ValueError: the password can't be one.
    """
    address = parse_address(request.address)
    first = address.room or (request.rooms[0] if request.rooms else LOBBY)
    return Client(
        address,
        nick=request.nick,
        rooms=[first],
        history=HISTORY,
        echo=True,
        playback=True,
        account=request.account,
        password=request.password,
        **asdict(remembered.trust(secured(address), request.trust)),
    )


def run(request: JoinRequest, remembered: Remembered) -> None:
    """Runs until the person leaves; what was not sent is told on standard error."""
    terminal_keys.correct()
    app = ChatApp(request, remembered, partial(connect, remembered))
    reason = ""
    try:
        reason = app.run() or ""
    finally:
        if app.chat_screen is not None:
            for _, text in app.chat_screen.link.close(LEAVE_SECONDS, reason):
                sys.stderr.write(f"not sent: {shown(text)}\n")
    if app.return_code:
        raise SystemExit(app.return_code)


def completed(request: JoinRequest, remembered: Remembered) -> JoinRequest:
    """The request with what is remembered: the server joined last, and the name and account used there."""
    known = remembered.last
    if request.address:
        known = remembered.find(str(parse_address(request.address)))
    if known is None:
        return request
    return replace(
        request,
        address=request.address or known.address,
        nick=request.nick or known.nick,
        account=request.account or ("" if request.nick else known.account),
    )
