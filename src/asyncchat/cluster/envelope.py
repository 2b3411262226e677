"""What is around each batch in the stream: who made it, which events it begins with, what kind it is.

Owns the bytes of a message: a version, then a msgpack array. It must not know what a kind's payload means.

A payload that does not fit in one message goes in several, one after the other. The last one completes it.
One that is not complete when another begins never will be: its appender was ended or deposed. All who read
the stream see the same, so all leave it out.
"""

import secrets
from collections.abc import Sequence

import msgspec

from asyncchat.cluster.stream import MAX_BATCH
from asyncchat.log.base import LogError

VERSION = 1
"""The first byte of each message. What can't be read by older nodes gets another."""

_ROOM = 128
"""Bytes of a message that are not payload, at most."""

_MAX_PIECE = MAX_BATCH - _ROOM


_OR_FOREIGN = "or somebody else wrote it: then begin another stream with a node's history (--cluster-name)"


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A batch, or a part of one.

    Attributes:
        term: of the hub that made it.
        batch: its number in that term; parts of one batch have the same.
        first_number: the number of its first event; of the next event, if it has none.
        kind: what the payload is; who makes it names it.
        payload: bytes of this kind.
        part: which part it is, from 0.
        parts: how many there are.
        level: the level in force there; whoever reads less can't go on (``core.features.levels``).
    """

    term: int
    batch: int
    first_number: int
    kind: str
    payload: bytes
    part: int = 0
    parts: int = 1
    level: int = 1

    @property
    def id(self) -> str:
        """The name of the message, for ``Stream.append``."""
        return f"{self.term}.{self.batch}" if self.parts == 1 else f"{self.term}.{self.batch}.{self.part}"

    def split(self) -> "Sequence[Envelope]":
        """The batch as parts that each fit in a message."""
        if len(self.payload) <= _MAX_PIECE:
            return (self,)
        pieces = [self.payload[at : at + _MAX_PIECE] for at in range(0, len(self.payload), _MAX_PIECE)]
        return [
            msgspec.structs.replace(self, payload=piece, part=part, parts=len(pieces))
            for part, piece in enumerate(pieces)
        ]


def padding(term: int, batch: int, first_number: int, kind: str, level: int) -> Envelope:
    """A message that means nothing to anybody: the first part of a batch that is never complete."""
    return Envelope(term, batch, first_number, kind, secrets.token_bytes(_MAX_PIECE), 0, 2, level)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    """The bytes of a message."""
    return bytes((VERSION,)) + _encoder.encode(envelope)


def decode(sequence: int, message: bytes) -> Envelope:
    """What a message of the stream is.

    Raises:
        LogError: this version can't read it.
    """
    if not message or message[0] != VERSION:
        version = f"version {message[0]}" if message else "no version"
        raise LogError(
            f"Message {sequence} of the stream has {version}, and this asyncchat reads {VERSION}: "
            f"upgrade asyncchat, {_OR_FOREIGN}"
        )
    try:
        return _decoder.decode(memoryview(message)[1:])
    except msgspec.MsgspecError as error:
        raise LogError(f"Message {sequence} of the stream is damaged ({error}), {_OR_FOREIGN}") from error


class Assembler:
    """Joins the parts of batches, in the order of the stream."""

    def __init__(self) -> None:
        self._parts: list[Envelope] = []

    def take(self, envelope: Envelope) -> Envelope | None:
        """The batch that is complete with this part, as one; None while there is none.

        A part that does not follow the last one ends that batch: it will never be complete.
        """
        parts = self._parts
        if parts and not _follows(parts[-1], envelope):
            parts.clear()
        if not parts and envelope.part:
            return None  # its begin was cut off
        if envelope.parts == 1:
            return envelope
        parts.append(envelope)
        if len(parts) < envelope.parts:
            return None
        payload = b"".join(part.payload for part in parts)
        parts.clear()
        return msgspec.structs.replace(envelope, payload=payload, part=0, parts=1)


def _follows(last: Envelope, envelope: Envelope) -> bool:
    return (last.term, last.batch, last.parts, last.part + 1) == (
        envelope.term,
        envelope.batch,
        envelope.parts,
        envelope.part,
    )
