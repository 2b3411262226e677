"""What all IRC sessions of a server share: ``IrcContext``, made once.

Owns the greeting's bytes and the encoders; must not know what a session has said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from asyncchat.core.names import NAME_BYTES, ROOM_BYTES, matches
from asyncchat.dialects.irc import greeting
from asyncchat.dialects.irc.capabilities import BATCH, CHANGING, MULTILINE, Offer
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.encoder import CapabilityEncoder, Heads
from asyncchat.dialects.irc.serialize import BODY_BYTES

if TYPE_CHECKING:
    from asyncchat.dialects.base import ServerInfo


MOST_SETS = 1000
"""Sets of capabilities remembered: there are as many as kinds of clients, but one may ask for any."""


class IrcContext:
    """What all IRC sessions of a server share: made once."""

    def __init__(self, server: ServerInfo) -> None:
        self.server = server
        self.name = server.name
        self.software = f"asyncchat-{server.version}"
        self.pong = f":{server.name} PONG {server.name} :".encode()
        names = BODY_BYTES - len(f":{server.name} 353  =  :") - NAME_BYTES - ROOM_BYTES
        self.names_key = ("irc", max(names, NAME_BYTES + 1))
        """Under which a block of members keeps the ends of its NAMES lines; their longest length is in it."""
        self.opening = greeting.opening(self)
        self.isupport = greeting.isupport_lines(self)
        self.motd = greeting.motd(self)
        self.offer = Offer(server)
        self.heard: dict[str, int] = {}
        """How often each command came, since the server runs."""
        self.arriving: Callable[[], int] = lambda: 0
        """How many connections there are that are nobody yet."""
        self._heads = Heads()
        # As long as somebody has it: whoever asks for every mix of capabilities leaves nothing behind.
        self._encoders: WeakValueDictionary[int, CapabilityEncoder] = WeakValueDictionary()
        self._sets: dict[int, int] = {}

    def dialect(self, session: int, host: str, *, is_confidential: bool = True) -> IrcDialect:
        """The dialect of a new session.

        Args:
            session: its number.
            host: where it comes from, as others may see it.
            is_confidential: whether nobody listens on the way: encrypted, or not beyond a private network.
        """
        return IrcDialect(self, session, host, is_confidential=is_confidential)

    def renew(self, server: ServerInfo) -> None:
        """Says this of the server from now on; its name and software stay."""
        self.server = server
        self.offer = Offer(server)
        self.motd = greeting.motd(self)
        self.isupport = greeting.isupport_lines(self)

    def shared_set(self, caps: int) -> int:
        """A set of capabilities as the one object of it: ten thousand sessions hold the same few."""
        if len(self._sets) >= MOST_SETS:
            self._sets.clear()
        return self._sets.setdefault(caps, caps)

    def encoder(self, caps: int) -> CapabilityEncoder:
        """How others' events are told to who holds these capabilities."""
        if not caps & BATCH:
            caps &= ~MULTILINE  # it depends on batch (IRCv3 multiline, "Dependencies")
        caps &= CHANGING
        encoder = self._encoders.get(caps)
        if encoder is None:
            encoder = self._encoders[caps] = CapabilityEncoder(self.name, self.server.ids, caps, self._heads)
        return encoder

    def moment(self, time: int) -> str:
        """A time (microseconds since 1970 UTC) for people."""
        return datetime.fromtimestamp(time / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")

    def is_called(self, mask: str) -> bool:
        """Whether a mask describes this server's name."""
        return matches(mask, self.name)

    def names_server(self, text: str) -> bool:
        """Whether a parameter can mean a server: it is this one's name, or has a dot, which no nick has."""
        return text == self.name or ("." in text and not text.startswith(("#", "<", ">", "!")))
