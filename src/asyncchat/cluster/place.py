"""Where in the stream a node goes on that has a history up to some record.

Owns the search for that place. It must not know what batches have in them.
"""

from asyncchat.cluster import envelope
from asyncchat.cluster.stream import Stream


async def place_of(stream: Stream, number: int, end: int) -> int:
    """Finds the batch with a record, by the first numbers of batches: two messages for each doubling.

    Args:
        stream: the stream.
        number: of the record.
        end: the sequence of the stream's last message; 0 when there is none.

    Returns:
        The sequence of that batch's first message. Where the stream has no such batch: that of its first
        message, of the last batch before the record, or ``end + 1`` in an empty stream.

    Raises:
        LogError: the stream can't be read.
    """
    first = stream.first
    after = await _first_from(stream, number + 1, first, end + 1)
    if after == first:
        return first
    return await _first_from(stream, await first_number(stream, after - 1), first, after)


async def _first_from(stream: Stream, number: int, low: int, high: int) -> int:
    """The first sequence from ``low`` on with a first number of ``number`` or more; else ``high``."""
    while low < high:
        middle = (low + high) // 2
        if await first_number(stream, middle) < number:
            low = middle + 1
        else:
            high = middle
    return low


async def first_number(stream: Stream, sequence: int) -> int:
    """The number of the first record from a message of the stream on."""
    return envelope.decode(sequence, (await stream.get(sequence)).batch).first_number
