"""What all IRC sessions of a server share; makes their dialects and encoders.

Owns the encoders; must not know what a session has said.
"""

from weakref import WeakValueDictionary

from asyncchat.dialects.base import ServerInfo, Way
from asyncchat.dialects.irc.capabilities import BATCH, MULTILINE, changing
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.encoder import CapabilityEncoder, Heads
from asyncchat.dialects.irc.shared_state import SharedState


class IrcContext(SharedState):
    """What all IRC sessions of a server share: made once."""

    def __init__(self, server: ServerInfo) -> None:
        super().__init__(server)
        self._heads = Heads()
        self._changing = changing()
        # As long as a session has it: whoever asks for every mix of capabilities leaves nothing behind.
        self._encoders: WeakValueDictionary[int, CapabilityEncoder] = WeakValueDictionary()

    def dialect(
        self,
        session: int,
        host: str,
        *,
        is_confidential: bool = True,
        reached_at: str = "",
        way: Way = Way.OPEN,
    ) -> IrcDialect:
        """The dialect of a new session.

        Args:
            session: its number.
            host: where it comes from, as others may see it.
            is_confidential: whether nobody can listen on the way: the connection is encrypted, or does not
                leave a private network.
            reached_at: where the client reached the server, as the beginning of a URL; empty: nobody knows.
            way: how it is connected.
        """
        return IrcDialect(
            self, session, host, is_confidential=is_confidential, reached_at=reached_at, way=way
        )

    def encoder(self, caps: int) -> CapabilityEncoder:
        """The encoder of others' events for sessions with these capabilities."""
        if not caps & BATCH:
            caps &= ~MULTILINE  # it depends on batch (IRCv3 multiline, "Dependencies")
        caps &= self._changing
        encoder = self._encoders.get(caps)
        if encoder is None:
            encoder = self._encoders[caps] = CapabilityEncoder(self.name, self.server.ids, caps, self._heads)
        return encoder
