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


class Challenge(Reply, frozen=True):
    """The server's next message in an exchange, and where that stands then."""

    data: bytes
    exchange: object


class Released(Reply, frozen=True):
    """Nobody has that name any more, or the asker does."""

    name: str
    purpose: object = None


class AccountView(Reply, frozen=True):
    """An account; times in microseconds since 1970 UTC; ``people`` are logged in to it.

    ``mine`` tells whether the asker may know its address (its own, and the owner of all).
    """

    account: str
    time: int
    people: tuple[str, ...]
    mine: bool = False
    email: str = ""
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
    MANY = "too many wrong passwords"
    CROWD = "too many accounts were made from your address"
    CLOSED = "accounts are made by who runs this server"
    EMAIL = "an account needs an e-mail address"
    BAD_EMAIL = "that is no e-mail address"
    WEAK = "the password is too weak"
    BAD_PASSWORD = "that can't be a password"  # noqa: S105
    OPEN = "a password must not be sent over an unencrypted connection"
    MALFORMED = "that is no answer to what was asked"
    FREE = "nobody else has that name"
    TAKEN = "the room is registered already"
    NOT_TAKEN = "the room is not registered"
    NOT_FOUNDER = "only its founder may do that"
    NO_ROLE = "there is no such role"
    NO_ACCESS = "your account has no role there"
    LOBBY = "the lobby belongs to who runs the server"
    LISTED = "the list is full"
    NO_STAY = "there is no place for more people who stay without a connection"


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


class NeedsAccount(Refusal, frozen=True):
    """Only who is logged in to an account may join that room, or write to that person."""

    target: str


class AccessView(Reply, frozen=True):
    """A registered room: its founder's account, and the accounts that have a role in it."""

    room: str
    founder: str
    access: tuple[tuple[str, str], ...]
    purpose: object = None


class RoomRegisteredNow(Reply, frozen=True):
    """The room is registered to this account, or to none any more (empty)."""

    room: str
    account: str
    purpose: object = None


class AccessChanged(Reply, frozen=True):
    """An account has that role in the room from now on; none (empty)."""

    room: str
    account: str
    role: str
    purpose: object = None


class Staying(Reply, frozen=True):
    """Whether the asker's account stays while it is not connected, for so many days (0: without an end)."""

    account: str
    on: bool
    days: int
    purpose: object = None


class NameReserved(Refusal, frozen=True):
    """That name belongs to an account, and the asker is not logged in to it.

    ``holder`` is who has it now, if that is somebody of the account; else 0.
    """

    name: str
    holder: int = 0
