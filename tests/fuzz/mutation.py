"""Mutations of seeds: a fuzzer without coverage, with nothing to install.

Owns how an input is made from others; must not know what is fuzzed.
"""

import random
from collections.abc import Iterator, Sequence

_ODD = b"\0\x01\x02\x1f\x7f\x80\xc3\xff\r\n :@,;=#"


def inputs(seeds: Sequence[bytes], words: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds, then for ever what becomes of them by chance; the same for the same ``seed``."""
    yield from seeds
    chance = random.Random(seed)  # noqa: S311  # reproducible
    while True:
        made = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _change(made, seeds, words, chance)
        yield bytes(made)


def _change(made: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randint(0, len(made))
    to = min(len(made), at + chance.choice((1, 1, 2, 8, 64)))
    match chance.randrange(8):
        case 0:
            del made[at:to]
        case 1:
            made[at:at] = made[at:to] * chance.choice((1, 2, 40))
        case 2:
            made[at:at] = chance.choice(words)
        case 3:
            made[at:to] = chance.choice(words)
        case 4:
            made[at:at] = bytes((chance.choice(_ODD),)) * chance.choice((1, 1, 3, 600))
        case 5:
            made[at:to] = chance.randbytes(to - at)
        case 6:
            made += chance.choice(seeds)
        case _:
            made[at:to] = chance.choice((b"0", b"-1", b"4294967296", b"9" * 5000, "é😀".encode()))
    del made[1 << 16 :]
