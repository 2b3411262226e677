"""Bans from the server as a whole: by mask or by network, possibly for a time.

Who may set one stands in ``rules.operators``, whom a mask means in ``masks``.
"""

from __future__ import annotations

import msgspec

from asyncchat.core.masks import describes, network
from asyncchat.core.names import mask_of
from asyncchat.core.people import Person


class ServerBan(msgspec.Struct, frozen=True):
    """One ban; times in microseconds since 1970 UTC, ``until`` 0 for good. ``by`` is ``name!user@host``."""

    mask: str
    by: str
    time: int
    until: int = 0
    reason: str = ""

    def holds(self, now: int) -> bool:
        """Whether it is not over yet."""
        return not self.until or now < self.until

    def means(self, person: Person) -> bool:
        """Whether it describes a person."""
        return describes(self.mask, person)


def completed(typed: str) -> str:
    """The mask for what an operator typed: a name, ``user@host``, an address or a network is enough."""
    if "!" not in typed and "@" not in typed and (network(typed) is not None or "." in typed):
        return f"*!*@{typed}"
    return mask_of(typed)
