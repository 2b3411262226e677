"""The open streams of a server, and when they end.

Must not know requests, or what a stream tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from asyncchat.core.events import MovesRoom
from asyncchat.core.features.bots import Token, TokenRevoked
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged, SettingChanged
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.features.visitors import Visitor, person_of
from asyncchat.core.masks import MUTED, Description, Mask
from asyncchat.core.modes import BANS
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
        self._readers: dict[Session, Token | str] = {}
        """A bot's token, or the name of an account; empty: a visitor."""
        delivery.observe(TokenRevoked, self._token_revoked)
        delivery.observe(MovesRoom, self._room_renamed)
        for event in (FlagChanged, MaskChanged, SettingChanged, RoomClosed):
            delivery.observe(event, self._room_changed)

    def begin(self, session: Session, reader: Token | str, encoder: EventEncoder | None) -> None:
        """A stream begins, of a bot's token, an account or a visitor (an empty name).

        ``encoder`` is its own, where what it may read is found out each time.
        """
        session.encoder = encoder or self.encoder
        session.count_stream(1)
        self._readers[session] = reader

    def has(self, session: Session) -> bool:
        """Whether a session's stream has begun and not ended."""
        return session in self._readers

    def end(self, session: Session) -> bool:
        """A stream ends, once; whether there was one."""
        if session not in self._readers:
            return False
        del self._readers[session]
        session.count_stream(-1)
        session.unsubscribe()
        if not session.ended:
            send_now(session, b"0\r\n\r\n")  # what is kept back, it must not read any more
        return True

    def _token_revoked(self, event: TokenRevoked) -> None:
        self._end_all(
            session
            for session, reader in self._readers.items()
            if not isinstance(reader, str) and reader.name == event.name
        )

    def _room_renamed(self, event: MovesRoom) -> None:
        self._end_all(
            session
            for session, reader in self._of_room(event.to)
            if isinstance(reader, str) or not reader.covers(event.to)
        )

    def _room_changed(self, event: FlagChanged | MaskChanged | SettingChanged | RoomClosed) -> None:
        """Visitors read only what is public, unless they are banned, and may ask again for a room that is
        opened anew."""
        room = self._chat.room_named(event.room)
        visitors = [session for session, reader in self._of_room(event.room) if reader == ""]
        if room is None or not room.is_public:
            self._end_all(visitors)
        elif isinstance(event, MaskChanged) and visitors and event.on == (event.listed == BANS):
            # Few of many are concerned: only they are compared with the whole list.
            mask = Mask(event.mask.removeprefix(MUTED))
            people = ((one, person_of(Visitor(one.host, one.address))) for one in visitors)
            concerned = [(one, me) for one, me in people if mask.describes(Description(me))]
            self._end_all(one for one, me in concerned if room.bans_person(me))

    def end_visitors(self) -> None:
        """Nobody reads without a token any more: the server has a password now."""
        self._end_all(session for session, reader in self._readers.items() if reader == "")

    def _of_room(self, name: str) -> Iterator[tuple[Session, Token | str]]:
        key = fold(name)
        for session, reader in self._readers.items():
            if any(room.key == key for room in session.subscriptions):
                yield session, reader

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
