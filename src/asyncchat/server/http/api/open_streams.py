"""The open streams of a server, and when they end.

Must not know requests, or what a stream tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from asyncchat.core.events import MovesRoom
from asyncchat.core.features.bots import Token, TokenRevoked
from asyncchat.core.features.room_modes import FlagChanged, SettingChanged
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.dialects.base import EventEncoder
    from asyncchat.server.delivery import Delivery
    from asyncchat.server.session import Session


class Streams:
    """The open streams of a server. Each ends at once when its token, or for a visitor the room, allows it no
    more."""

    def __init__(self, delivery: Delivery, encoder: EventEncoder, chat: Chat) -> None:
        self.encoder = encoder
        self._chat = chat
        self._tokens: dict[Session, Token | None] = {}
        delivery.observe(TokenRevoked, self._token_revoked)
        delivery.observe(MovesRoom, self._room_renamed)
        for event in (FlagChanged, SettingChanged, RoomClosed):
            delivery.observe(event, self._room_changed)

    def begin(self, session: Session, token: Token | None) -> None:
        """A stream begins, of a token or of a visitor (None)."""
        session.encoder = self.encoder
        session.count_stream(1)
        self._tokens[session] = token

    def end(self, session: Session) -> None:
        """A stream ends, once."""
        if session not in self._tokens:
            return
        del self._tokens[session]
        session.count_stream(-1)
        session.unsubscribe()
        if not session.ended:
            send_now(session, b"0\r\n\r\n")  # what is kept back, it must not read any more

    def _token_revoked(self, event: TokenRevoked) -> None:
        self._end_all(
            session
            for session, token in self._tokens.items()
            if token is not None and token.name == event.name
        )

    def _room_renamed(self, event: MovesRoom) -> None:
        self._end_all(self._of_room(event.to, lambda token: token is None or not token.covers(event.to)))

    def _room_changed(self, event: FlagChanged | SettingChanged | RoomClosed) -> None:
        """Visitors read only what is public, and may ask again for a room that is opened anew."""
        room = self._chat.room_named(event.room)
        if room is None or not room.is_public:
            self._end_all(self._of_room(event.room, lambda token: token is None))

    def end_visitors(self) -> None:
        """Nobody reads without a token any more: the server has a password now."""
        self._end_all(session for session, token in self._tokens.items() if token is None)

    def _of_room(self, name: str, choose: Callable[[Token | None], bool]) -> Iterator[Session]:
        key = fold(name)
        for session, token in self._tokens.items():
            if choose(token) and any(room.key == key for room in session.subscriptions):
                yield session

    def _end_all(self, sessions: Iterable[Session]) -> None:
        for session in list(sessions):
            self.end(session)
            session.disconnect("the stream is not allowed any more")


def send_now(session: Session, data: bytes) -> None:
    """Writes even while output is paused."""
    try:
        session.send(data)
    except RuntimeError:  # uvloop: the connection was lost a moment ago
        session.mark_lost()
