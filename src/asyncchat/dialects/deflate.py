"""Compression of WebSocket messages (RFC 7692, "permessage-deflate"), so that its frames can be shared.

Owns the agreement, the compressed frames of a room's batch, and messages that are inflated. Must not know
lines or sessions.

No state outlives a batch or a message. A batch's first message refers to nothing before it, each later one to
those before it *in the batch*: all members get a batch whole and in order, so the same frames suit all of
them, whatever each was told before. Messages outside of a batch are not compressed, and an inflater does not
see them. The client is asked to begin each message anew (``client_no_context_takeover``): so no connection
keeps a window, which would take 40 KB.
"""

import zlib
from typing import Final

import msgspec
from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory

LEAST_BYTES: Final = 512
"""A shorter batch is sent as it is: one of three lines is shortened by a third, for the work of a member or
two."""

MOST_BYTES: Final = 32_768
"""So is a longer one, as when thousands join at once: each line takes some 5 us, and nothing may hold the
loop for more than a few milliseconds."""

LEVEL: Final = 1
"""zlib's. Level 6 makes a tenth less of a batch of 40 lines, and takes a third more time."""

WINDOW_BITS: Final = 13
MEMORY_LEVEL: Final = 5
"""zlib makes its tables for each batch: of this size in 10 us, not 50, for a hundredth of the bytes more."""

MOST_ENDS: Final = 16
"""How many DEFLATE streams one message may consist of (RFC 7692, 7.2.3.4): each is begun anew."""

_RSV1 = 0x40
_TAIL = b"\x00\x00\xff\xff"
"""What an endpoint leaves out at the end of a message (7.2.1)."""

_END = b"\x03\x00"
"""An empty last block: with it, a stream that is whole ends."""


class Deflate(msgspec.Struct, frozen=True):
    """What was agreed on: how the server may compress."""

    bits: int = WINDOW_BITS
    chained: bool = True
    """Whether a message may refer to those before it (not ``server_no_context_takeover``)."""


FACTORY: Final = ServerPerMessageDeflateFactory(client_no_context_takeover=True)
"""Chooses among a client's offers; one with a parameter that is unknown, doubled or out of range is declined
(7.1)."""


def agreement(extension: Extension) -> Deflate:
    """What ``FACTORY`` agreed on."""
    assert isinstance(extension, PerMessageDeflate)  # noqa: S101 - there is no other
    return Deflate(min(extension.local_max_window_bits, WINDOW_BITS), not extension.local_no_context_takeover)


class TooLong(Exception):
    """A message is longer than it may be."""


class Malformed(Exception):
    """A compressed message can't be inflated."""


def inflate(data: bytes, most: int) -> bytes:
    """The message that was compressed so.

    Raises:
        TooLong: it has more than ``most`` bytes; no more than these were made.
        Malformed: it is no DEFLATE stream, or not a whole one.
    """
    rest = data + _TAIL + _END
    found = b""
    try:
        for _ in range(MOST_ENDS):
            inflater = zlib.decompressobj(-zlib.MAX_WBITS, found)
            found += inflater.decompress(rest, most + 1 - len(found))
            if len(found) > most:
                raise TooLong
            if not inflater.eof:
                raise Malformed("it ends within a block")
            rest = inflater.unused_data
            if not rest:
                return found
    except zlib.error as error:
        raise Malformed(str(error)) from error
    raise Malformed("it ends too often")


def deflate(frames: bytes, how: Deflate) -> bytes:
    """The same messages compressed; as they are where that is not shorter.

    Args:
        frames: whole unfragmented ones, not masked, as ``websocket.framed`` makes them.
        how: what was agreed on.
    """
    if not LEAST_BYTES <= len(frames) <= MOST_BYTES:
        return frames
    found = []
    at = 0
    end = len(frames)
    compressor = None
    while at < end:
        size = frames[at + 1]
        begin = at + 2
        if size == 126:
            size = frames[begin] << 8 | frames[begin + 1]
            begin += 2
        whole = begin + size
        if compressor is None:
            compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -how.bits, MEMORY_LEVEL)
        data = (compressor.compress(frames[begin:whole]) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if not how.chained:
            compressor = None
            if len(data) >= size:
                found.append(frames[at:whole])
                at = whole
                continue
        found.append(head(frames[at] | _RSV1, len(data)) + data)
        at = whole
    together = b"".join(found)
    return together if len(together) < len(frames) else frames


def head(first: int, size: int) -> bytes:
    """The head of a frame that begins with this byte and has so many bytes, at most 65,535."""
    if size < 126:
        return b"%c%c" % (first, size)
    return b"%c\x7e%c%c" % (first, size >> 8, size & 0xFF)
