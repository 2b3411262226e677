"""What fails between a node and NATS.

Owns the errors of the cluster. It must not know how they come about.
"""

from asyncchat.errors import AsyncChatError
from asyncchat.log.base import LogError


class Deposed(AsyncChatError):
    """Somebody else has appended where this append should stand."""


class StreamDown(LogError):
    """NATS can't be reached now, or has no quorum; the same call may be tried again."""


class StreamGone(LogError):
    """The stream was deleted, made again or lost its end, or it no longer has what should be read of it."""


class NoAnswer(AsyncChatError):
    """Nobody answered a request to another node in time."""
