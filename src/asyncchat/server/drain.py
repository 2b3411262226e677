"""Takes a node of a cluster out of service: its people are asked to move to the others, some at a time.

Owns how they are asked, and in which time. Must not know how the node leaves the cluster afterwards.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from asyncchat.core.features.drain import Draining

if TYPE_CHECKING:
    from asyncchat.server.session import Session, SessionContext

ELSEWHERE = "this server stops; connect to another one of this chat"
"""Why a connection ends, where it can be made again to another node."""

TURNED_AWAY = "This server is taken out of service. Connect to another one of this chat."
"""What those are told who come then."""

LEFT = "its server stopped"
"""Why somebody left, for the others, whose nodes go on."""


def dismiss(session: Session) -> None:
    """Ends a session, whose client is told to go to another node."""
    session.disconnect(LEFT, farewell=ELSEWHERE)


async def drain(context: SessionContext, seconds: float) -> None:
    """Turns new people away, and has those who are here leave, evenly within this time.

    A request over HTTP that is being answered goes on.
    """
    context.draining = True
    sessions = [one for one in context.sessions if not one.is_answered]
    for session in sessions if seconds else ():
        if session.dialect is not None and session.dialect.entered:
            context.outbox.put(session, (Draining(round(seconds)),), 0)
    random.shuffle(sessions)  # who came together does not go together
    until = context.now() + seconds
    for left in range(len(sessions), 0, -1):
        await asyncio.sleep(max(0.0, until - context.now()) / left)
        dismiss(sessions[left - 1])
