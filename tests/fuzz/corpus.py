"""Seeds for the fuzzers, made from what the tests put on the wire.

Owns finding it: the tables and the constants of test modules, and the crowd's lines. No file keeps them.
"""

import random
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.server.hostile import TORN, Lines

LONGEST = 4096
"""Bytes of a seed: more only makes the fuzzer slower."""


def constants(module: ModuleType) -> list[bytes]:
    """The bytes and texts in a test module: in its tables, and in its functions."""
    found = {
        value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        for name, thing in vars(module).items()
        if not name.startswith("__")
        for value in _of(thing, module.__name__)
    }
    return sorted(value for value in found if 0 < len(value) <= LONGEST)


def irc_lines(count: int) -> list[bytes]:
    """Some scripts of a few lines each that a hostile crowd sends."""
    chance = random.Random(0)  # noqa: S311  # the same ones each time
    lines = Lines(chance)
    scripts = []
    for number in range(count):
        script = [lines().encode("utf-8", "surrogateescape") for _ in range(chance.randrange(1, 9))]
        script.append(TORN[number % len(TORN)])
        scripts.append(b"".join(b"%b\r\n" % line for line in script))
    return scripts


def typed_lines(count: int) -> list[bytes]:
    """The same for people at terminals."""
    lines = Lines(random.Random(0))  # noqa: S311  # the same ones each time
    return ["".join(f"{lines.typed()}\n" for _ in range(6)).encode() for _ in range(count)]


def _of(thing: Any, module: str) -> Iterator[bytes | str]:
    if isinstance(thing, bytes | str):
        yield thing
    elif isinstance(thing, list | tuple | set | frozenset):
        for one in thing:
            yield from _of(one, module)
    elif isinstance(thing, dict):
        for one in thing.items():
            yield from _of(one, module)
    elif isinstance(thing, CodeType):
        yield from _of(thing.co_consts, module)
    elif isinstance(thing, FunctionType | type) and thing.__module__ == module:
        if isinstance(thing, FunctionType):
            yield from _of(thing.__code__, module)
        for mark in getattr(thing, "pytestmark", ()):
            yield from _of(mark.args[1:], module)
        if isinstance(thing, type):
            yield from _of([one for one in vars(thing).values() if callable(one)], module)
