"""Tokens: what programs without a session may do, and where.

Owns what is kept of one; how a secret is made and compared is the server's affair, who may make one stands in
``rules.tokens``.
"""

import hashlib
from typing import Final

import msgspec

from asyncchat.core.names import fold
from asyncchat.core.people import Person, marked, person

POST: Final = "post"
READ: Final = "read"
WHO: Final = "who"

ACTIONS: Final = {
    POST: "say something in the token's rooms, under its name",
    READ: "read their history, and what is said as it is said",
    WHO: "list who is in them",
}
"""What a token may allow, each in half a sentence."""

ALL_ROOMS: Final = "*"
"""Stands in the place of the rooms for all of them."""

TOKENS: Final = 1_000
"""Tokens there may be: each request looks through them."""

ROOMS: Final = 50
"""Rooms that one token may name."""


KEYS: Final = 2_000
"""Keys of posts that are remembered, the newest: 100 bytes each, in the memory and in each snapshot."""

KEY_MICROSECONDS: Final = 86_400_000_000
"""For how long: no job is tried again after a day."""


class Posted(msgspec.Struct, frozen=True):
    """What was posted under a key: ``asked`` stands for the request, ``time`` is that of its message."""

    asked: str
    room: str
    time: int


def digest_of(secret: str) -> str:
    """What is kept of a token's secret: that is long and random, so a plain hash does."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Token(msgspec.Struct, frozen=True):
    """One token.

    ``name`` is also that of the bot that posts with it; nobody else can have it meanwhile. ``digest`` is the
    SHA-256 of its secret, which nobody keeps. ``time`` is when it was made, in microseconds since 1970 UTC.
    """

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int

    def reaches(self, room: str) -> bool:
        """Whether it is for this room."""
        return ALL_ROOMS in self.rooms or fold(room) in {fold(own) for own in self.rooms}

    def allows(self, action: str, room: str) -> bool:
        """Whether it allows this in that room."""
        return action in self.actions and self.reaches(room)

    @property
    def bot(self) -> Person:
        """Who posts with it."""
        return marked(person(0, self.name, "bot", "api", f"bot {self.name}"), True)
