"""The open streams of a server, and when they end.

Must not know requests, or what a stream tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from asyncchat.core.events import MovesRoom
from asyncchat.core.features.bots import Token, TokenRevoked
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.dialects.base import EventEncoder
    from asyncchat.server.delivery import Delivery
    from asyncchat.server.session import Session


class Streams:
    """The open streams of a server. Each ends at once when its token allows it no more."""

    def __init__(self, delivery: Delivery, encoder: EventEncoder) -> None:
        self.encoder = encoder
        self._tokens: dict[Session, Token] = {}
        delivery.observe(TokenRevoked, self._token_revoked)
        delivery.observe(MovesRoom, self._room_renamed)

    def begin(self, session: Session, token: Token) -> None:
        """A stream begins."""
        session.encoder = self.encoder
        session.count_stream(1)
        self._tokens[session] = token

    def end(self, session: Session) -> None:
        """A stream ends, once."""
        if self._tokens.pop(session, None) is None:
            return
        session.count_stream(-1)
        session.unsubscribe()
        if not session.ended:
            send_now(session, b"0\r\n\r\n")  # what is kept back, it must not read any more

    def _token_revoked(self, event: TokenRevoked) -> None:
        self._end_all(session for session, token in self._tokens.items() if token.name == event.name)

    def _room_renamed(self, event: MovesRoom) -> None:
        key = fold(event.to)
        self._end_all(
            session
            for session, token in self._tokens.items()
            if any(room.key == key for room in session.subscriptions) and not token.covers(event.to)
        )

    def _end_all(self, sessions: Iterable[Session]) -> None:
        for session in list(sessions):
            self.end(session)
            session.disconnect("its token does not allow the stream any more")


def send_now(session: Session, data: bytes) -> None:
    """Writes even while output is paused."""
    try:
        session.send(data)
    except RuntimeError:  # uvloop: the connection was lost a moment ago
        session.mark_lost()
