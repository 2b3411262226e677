"""What a node has read of the stream.

Owns which message comes next, and the parts of one that is not whole. Must not know what messages mean.
"""

from asyncchat.cluster.consumer import Message
from asyncchat.cluster.envelope import Assembler, decode
from asyncchat.server.cluster import wire


class Reader:
    """A place in the stream.

    Args:
        sequence: the last message that is read.

    Attributes:
        sequence: the last message that was read …
        whole: … and the last one that is whole: a batch may take several.
    """

    def __init__(self, sequence: int) -> None:
        self.sequence = self.whole = sequence
        self._assembler = Assembler()

    def take(self, message: Message) -> wire.Message | None:
        """What a message of the stream is; None: it is a part of one that is not complete."""
        self.sequence = message.sequence
        envelope = self._assembler.take(decode(message.sequence, message.batch))
        if envelope is None:
            return None
        self.whole = message.sequence
        return wire.message_in(envelope)
