"""Replies and refusals about tokens."""

import enum

from asyncchat.core.replies.base import Refusal, Reply


class TokenFault(enum.Enum):
    """Why something asked about a token, or with one, is refused, as a sentence."""

    EXISTS = "there is a token of that name already"
    HELD = "somebody is called so, or an account is"
    NOT_ALLOWED = "a token can't have that name"
    ROOM = "that is no name of a room"
    NO_ROOMS = "a token is for at least one room"
    TOO_MANY_ROOMS = "a token can't be for so many rooms; * stands for all"
    ACTION = "there is no such action"
    NO_ACTIONS = "a token allows at least one action"
    UNKNOWN = "there is no such token"
    OTHERS = "only who owns the server makes and revokes tokens"
    FULL = "there is no place for more tokens"
    FORBIDDEN = "the token does not allow this here"


class PostedBefore(Reply, frozen=True):
    """Something was posted under the same key; see ``core.tokens.Posted`` for what of it is known."""

    asked: str
    room: str
    time: int


class TokenRefused(Refusal, frozen=True):
    """Something about a token is refused; ``detail`` is half a sentence more, or empty."""

    fault: TokenFault
    name: str = ""
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.fault.value}: {self.detail}" if self.detail else self.fault.value
