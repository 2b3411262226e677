import pytest

from asyncchat.dialects.base import Way
from asyncchat.dialects.irc.server_context import IrcContext
from tests.dialects.driver import Hub, Peer, server_info


class Server:
    """A hub with IRC peers."""

    def __init__(self, **info) -> None:
        self.hub = Hub()
        self.irc = IrcContext(server_info(**info))

    def connect(self, host: str = "192.0.2.1", tls: str | None = None) -> Peer:
        """A connection that has said nothing yet."""
        way = (Way.CERTIFICATE if tls else Way.TLS) if tls is not None else Way.OPEN
        peer = self.hub.join(lambda id: self.irc.dialect(id, host, way=way))
        peer.tls = tls
        return peer

    def person(
        self, nick: str, *rooms: str, caps: str = "", host: str = "192.0.2.1", tls: str | None = None
    ) -> Peer:
        """A registered client in these rooms, with everything read."""
        peer = self.connect(host, tls)
        if caps:
            peer.send(f"CAP REQ :{caps}")
        peer.send(f"NICK {nick}", f"USER {nick.lower()} 0 * :{nick} Real")
        if caps:
            peer.send("CAP END")
        assert peer.dialect.entered
        if rooms:
            peer.send("JOIN " + ",".join(rooms))
        for other in self.hub.peers.values():
            other.read()
        return peer


@pytest.fixture
def server() -> Server:
    return Server()
