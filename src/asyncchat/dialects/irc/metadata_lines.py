"""The lines of metadata (IRCv3 metadata): METADATA as the server says it, and batches of what goes together.

Owns their form; must not know who is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from asyncchat.core.metadata import Told
from asyncchat.dialects.irc.capabilities import BATCH
from asyncchat.dialects.irc.serialize import line

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

EVERYBODY: Final = "*"
"""The visibility of a key that all may see; there are no others."""

KEYS_A_LINE: Final = 13
"""Keys in one line: with the nick 14 parameters, as many as any parser takes apart (RFC 1459, 2.3.1)."""

KEYS_BYTES: Final = 380
"""The same in bytes, beside any nick and server name."""


def metadata_line(source: str, target: str, key: str, value: str | None) -> bytes:
    """A value that is there, or without one that there is none any more."""
    return line(f":{source} METADATA {target} {key} {EVERYBODY}", value)


def in_batch(session: IrcDialect, kind: str, params: Sequence[str], lines: Iterable[bytes]) -> bytes:
    """Lines as a batch, for who knows batches."""
    if not session.caps_out & BATCH:
        return b"".join(lines)
    ref = session.next_batch()
    tag = f"@batch={ref} ".encode()
    begin = line(" ".join((f":{session.context.name} BATCH +{ref} {kind}", *params)))
    end = line(f":{session.context.name} BATCH -{ref}")
    return b"".join((begin, *(tag + one for one in lines), end))


def told_lines(session: IrcDialect, told: Iterable[Told]) -> list[bytes]:
    """A METADATA line for each value."""
    return [metadata_line(session.context.name, *one) for one in told]


def key_lines(session: IrcDialect, code: str, keys: Iterable[str]) -> list[bytes]:
    """Keys in as many numerics as they need."""
    rows: list[list[str]] = []
    for key in keys:
        if not rows or len(rows[-1]) == KEYS_A_LINE or len(" ".join((*rows[-1], key))) > KEYS_BYTES:
            rows.append([])
        rows[-1].append(key)
    return [session.numeric(code, *row) for row in rows]
