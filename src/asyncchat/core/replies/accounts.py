"""Replies and refusals about accounts; ``purpose`` is that of the command."""

import enum

from asyncchat.core.replies.base import Refusal, Reply


class Registered(Reply, frozen=True):
    """An account was made, and who asked is logged in to it."""

    account: str
    purpose: object = None


class Confirmed(Reply, frozen=True):
    """Who has not entered yet showed the password of this account, and may enter with it."""

    account: str
    purpose: object = None


class LoggedInNow(Reply, frozen=True):
    """The asker is logged in to this account, by now or already."""

    account: str
    purpose: object = None


class LoggedOutNow(Reply, frozen=True):
    """The asker is not logged in any more."""

    purpose: object = None


class PasswordChanged(Reply, frozen=True):
    """The account has another password."""

    account: str
    purpose: object = None


class Removed(Reply, frozen=True):
    """The account is no more."""

    account: str
    purpose: object = None


class AccountFault(enum.Enum):
    """Why something asked about an account is refused, as a sentence."""

    WRONG = "that is not the password, or there is no such account"
    EXISTS = "there is an account of that name already"
    HELD = "somebody else is called so at the moment"
    NOT_ALLOWED = "an account can't have that name"
    LOGGED_IN = "you are logged in already"
    LOGGED_OUT = "you are not logged in"
    UNKNOWN = "there is no such account"
    OTHERS = "it is not your account"
    FULL = "there is no place for more accounts"


class AccountRefused(Refusal, frozen=True):
    """Something about an account is refused; ``detail`` is half a sentence more, or empty."""

    fault: AccountFault
    account: str = ""
    detail: str = ""
    purpose: object = None

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.fault.value}: {self.detail}" if self.detail else self.fault.value


class NameReserved(Refusal, frozen=True):
    """That name belongs to an account, and the asker is not logged in to it."""

    name: str
