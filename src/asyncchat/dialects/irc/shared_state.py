"""What all IRC sessions of a server share, as the features know it.

Owns the server's names, its capabilities and the lines that are the same for all sessions; must not know a
session.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from asyncchat.core.names import NAME_BYTES, ROOM_BYTES, matches
from asyncchat.dialects.base import ServerInfo, Way
from asyncchat.dialects.irc.capabilities import Offer
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.serialize import BODY_BYTES

MOST_SETS = 1000
"""Sets of capabilities remembered: there are as many as kinds of clients, but one may ask for any."""


def _offers(server: ServerInfo) -> dict[Way, Offer]:
    return {way: Offer(server, way) for way in Way}


class SharedState:
    """What all IRC sessions of a server share: made once."""

    def __init__(self, server: ServerInfo) -> None:
        self.server = server
        self.name = server.name
        self.software = f"asyncchat-{server.version}"
        self.pong = f":{server.name} PONG {server.name} :".encode()
        names = BODY_BYTES - len(f":{server.name} 353  =  :") - NAME_BYTES - ROOM_BYTES
        self.names_key = ("irc", max(names, NAME_BYTES + 1))
        """Under which a block of members keeps the ends of its NAMES lines; their longest length is in it."""
        self.offers = _offers(server)
        """What clients may request, by how they are connected."""
        self.command_counts: dict[str, int] = {}
        """How often each command came since the server started."""
        self.arriving: Callable[[], int] = lambda: 0
        """How many connections there are that have not registered yet."""
        self.upload_link: Callable[[int, int, str], str] = lambda _person, _session, _reached_at: ""
        """Where a session of a person uploads files; empty: nowhere. The server knows."""
        self.session_key: Callable[[int, int], str] = lambda _person, _session: ""
        """The key with which a session asks over HTTP as it is."""
        self.previews_link: Callable[[int, int], str] = lambda _person, _session: ""
        """Where it asks for previews of links; empty: nowhere."""
        self._rendered: dict[Callable[[SharedState], bytes], bytes] = {}
        self._sets: dict[int, int] = {}

    def renew(self, server: ServerInfo) -> None:
        """Says this of the server from now on; its name and software stay."""
        self.server = server
        self.offers = _offers(server)
        self._rendered.clear()

    def rendered(self, render: Callable[[SharedState], bytes]) -> bytes:
        """Lines that are the same for all sessions, rendered once until the server is renewed."""
        lines = self._rendered.get(render)
        if lines is None:
            lines = self._rendered[render] = render(self)
        return lines

    def shared_set(self, caps: int) -> int:
        """The one object for a set of capabilities: ten thousand sessions hold the same few."""
        if len(self._sets) >= MOST_SETS:
            self._sets.clear()
        return self._sets.setdefault(caps, caps)

    def encoder(self, caps: int) -> EncoderBase:
        """The encoder of others' events for sessions with these capabilities."""
        raise NotImplementedError

    def moment(self, time: int) -> str:
        """A time (microseconds since 1970 UTC) for people."""
        return datetime.fromtimestamp(time / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")

    def is_called(self, mask: str) -> bool:
        """Whether a mask describes this server's name."""
        return matches(mask, self.name)

    def names_server(self, text: str) -> bool:
        """Whether a parameter can mean a server: it is this one's name, or has a dot, which no nick has."""
        return text == self.name or ("." in text and not text.startswith(("#", "<", ">", "!")))
