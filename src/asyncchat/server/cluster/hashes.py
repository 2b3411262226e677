"""Hashes of the chat's state: equal where nodes have the same, in every process.

Owns how a state is hashed a little at a time, and which of several nodes is wrong. Must not know when they
are compared.

Each entry of a table is hashed by itself, and the hashes are added. So nothing needs to be sorted, and in
which order tables were filled makes no difference.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from time import perf_counter
from typing import Final

import msgspec

SLICE_SECONDS: Final = 0.001
"""How long the loop hashes at a time …"""

PAUSE_SECONDS: Final = 0.01
"""… and does other things then."""

_ENTRIES: Final = 32
"""Entries between two looks at the clock: each takes one or two microseconds, a list of names more."""

_SIZE: Final = 16
"""Bytes of a hash: nobody attacks it."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def entries(value: object, path: tuple[object, ...] = ()) -> Iterator[bytes]:
    """The entries of plain data, each with its place as bytes: the same for equal data, in any order."""
    match value:
        case dict():
            yield _encode((path, len(value)))
            for key, one in value.items():
                yield from entries(one, (*path, key))
        case set() | frozenset():
            yield _encode((path, len(value)))
            for one in value:
                yield _encode((path, one))
        case list() | tuple():
            yield _encode((path, len(value)))
            for at, one in enumerate(value):
                yield from entries(one, (*path, at))
        case _:
            try:
                yield _encode((path, value))
            except TypeError:
                if not isinstance(value, msgspec.Struct):
                    raise
                yield from entries(msgspec.structs.asdict(value), path)


async def hash_of(state: object) -> str:
    """The hash of a state, which nothing changes meanwhile; the loop goes on."""
    total = 0
    began = perf_counter()
    for count, entry in enumerate(entries(state)):
        total += int.from_bytes(blake2b(entry, digest_size=_SIZE).digest())
        if count % _ENTRIES == 0 and perf_counter() - began > SLICE_SECONDS:
            await asyncio.sleep(PAUSE_SECONDS)
            began = perf_counter()
    return f"{total % (1 << 8 * _SIZE):0{2 * _SIZE}x}"


def right_one(hashes: Mapping[int, str], hub: int) -> str:
    """The hash of the nodes that are right: of the most; of as many on two sides, that of the hub.

    It is empty where neither says it: some have one, as many another, and the hub is of another version.

    Args:
        hashes: by the nodes' numbers.
        hub: the number of the node that is the hub.
    """
    counts = Counter(hashes.values())
    most = max(counts.values(), default=0)
    best = [one for one, count in counts.items() if count == most]
    if hashes.get(hub) in best:
        return hashes[hub]
    return best[0] if len(best) == 1 else ""
