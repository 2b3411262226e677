"""Records in the stream: the payload of a batch of kind ``events``.

Owns their bytes: what is stored of an event, no more, since the stream keeps it. It must not know the stream.
"""

from collections.abc import Callable, Sequence

import msgspec

from asyncchat.core.events import Event, Record
from asyncchat.core.features import ANY_EVENT
from asyncchat.log.base import LogError
from asyncchat.log.rows import stored

KIND = "events"

_encode = msgspec.msgpack.Encoder().encode
_decode: Callable[[bytes], tuple[tuple[int, Event], ...]] = msgspec.msgpack.Decoder(
    tuple[tuple[int, ANY_EVENT], ...]
).decode


def encode(records: Sequence[Record]) -> bytes:
    """The payload of records; their numbers follow from the first."""
    return _encode([(record.time, stored(record.event)) for record in records])


def decode(first_number: int, payload: bytes) -> list[Record]:
    """The records of a payload.

    Raises:
        LogError: this version does not know an event, or it is damaged.
    """
    try:
        found = _decode(payload)
    except msgspec.ValidationError as error:  # an unknown tag, a missing field
        raise LogError(
            f"The stream has events that this version does not know ({error}): upgrade asyncchat"
        ) from error
    except msgspec.MsgspecError as error:
        raise LogError(f"Record {first_number} of the stream is damaged ({error})") from error
    return [Record(number, time, event.current()) for number, (time, event) in enumerate(found, first_number)]
