"""What a node has read of the stream.

Owns which message comes next, and the parts of one that is not whole. Must not know what messages mean.
"""

from asyncchat.cluster.consumer import Message
from asyncchat.cluster.envelope import Assembler, Envelope, decode
from asyncchat.core.features import levels
from asyncchat.log.base import LogError
from asyncchat.server.cluster import wire


class TooOld(LogError):
    """This version reads less than what is in force in the cluster."""


def level_in(envelope: Envelope) -> int:
    """The level in force at a message.

    Raises:
        TooOld: this version does not read it.
    """
    if envelope.level > levels.LEVEL:
        raise TooOld(
            f"The cluster has a newer version of asyncchat (level {envelope.level}, this one reads "
            f"{levels.LEVEL}): upgrade asyncchat on this node, and start it again"
        )
    return envelope.level


class Reader:
    """A place in the stream.

    Args:
        sequence: the last message that is read.

    Attributes:
        sequence: the last message that was read …
        whole: … and the last one that is whole: a batch may take several.
        level: the level in force there.
        number: the number of the last record before that message.
    """

    def __init__(self, sequence: int, level: int) -> None:
        self.sequence = self.whole = sequence
        self.level = level
        self.number = 0
        self._assembler = Assembler()

    def take(self, message: Message) -> wire.Message | None:
        """What a message of the stream is; None: it is a part of one that is not complete.

        Raises:
            LogError: this version can't read it.
        """
        self.sequence = message.sequence
        piece = decode(message.sequence, message.batch)
        level = level_in(piece)
        envelope = self._assembler.take(piece)
        if envelope is None:
            return None
        self.level = level
        self.whole = message.sequence
        self.number = envelope.first_number - 1
        return wire.message_in(envelope)
