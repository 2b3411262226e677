"""Events of tokens: that there are such."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach


class TokenMade(Event, frozen=True, tag="token_made"):
    """There is a token; see ``core.tokens.Token``."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int


class PostedOnce(Event, frozen=True, tag="posted_once"):
    """The message before it was posted under a key, and is not to be posted again.

    ``asked`` and ``time`` as in ``core.tokens.Posted``; ``token`` is the digest of the token's secret.
    """

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    token: str
    key: str
    asked: str
    room: str
    time: int


class TokenRevoked(Event, frozen=True, tag="token_revoked"):
    """A token is no more; ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    name: str
    time: int
