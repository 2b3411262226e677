"""Replies and refusals: what only the session that sent the command is told.

Owns the base classes, and what several features reply. The wording is in ``asyncchat.text``.
"""

import enum
from typing import ClassVar, Self

import msgspec

from asyncchat.core.people import Person


class Fault(enum.Enum):
    """Why something is refused, as a sentence.

    Nodes of a cluster send each other its place in the class, so a new one comes last. Its words may change
    from version to version.
    """

    text: str

    def __new__(cls, text: str) -> Self:
        """One with these words."""
        self = object.__new__(cls)
        self._value_ = len(cls.__members__)
        self.text = text
        return self


class AccountFault(Fault):
    """Why a command about an account is refused, as a sentence."""

    WRONG = "that is not the password, or there is no such account"
    EXISTS = "there is an account of that name already"
    HELD = "somebody else has that name at the moment"
    NOT_ALLOWED = "an account can't have that name"
    LOGGED_IN = "you are logged in already"
    LOGGED_OUT = "you are not logged in"
    UNKNOWN = "there is no such account"
    OTHERS = "it is not your account"
    FULL = "the server has too many accounts already"
    MANY = "too many wrong passwords"
    CROWD = "too many accounts were made from your address"
    CLOSED = "only the administrator of this server can make accounts"
    EMAIL = "an account needs an e-mail address"
    BAD_EMAIL = "that is not an e-mail address"
    WEAK = "the password is too weak"
    BAD_PASSWORD = "that can't be a password"  # noqa: S105
    OPEN = "a password must not be sent over an unencrypted connection"
    MALFORMED = "that does not answer the challenge"
    FREE = "nobody else has that name"
    TAKEN = "the room is registered already"
    NOT_TAKEN = "the room is not registered"
    NOT_FOUNDER = "only its founder may do that"
    NO_ROLE = "there is no such role"
    NO_ACCESS = "your account has no role there"
    LOBBY = "the lobby belongs to the server"
    LISTED = "the list is full"
    NO_TOKEN = "no device of that number stays signed in"  # noqa: S105
    NO_TOKENS = "no device stays signed in"
    BY_TOKEN = "this device is signed in without the password: log in with the password first"  # noqa: S105
    NO_CERTIFICATE = "there is no such certificate"
    NOT_SHOWN = "your client shows no certificate: name the SHA-256 of one, or let it show one over TLS"
    NO_FINGERPRINT = "a certificate is named by its SHA-256, 64 hexadecimal digits"
    KNOWN_CERTIFICATE = "that certificate belongs to an account already"
    TOO_MANY_ALWAYS_ON = "the server has too many always-on accounts already, or too many from your network"


class Refusal(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """Why a command is refused. ``level`` as of an event."""

    level: ClassVar[int] = 1


class AccountRefused(Refusal, frozen=True):
    """A command about an account is refused; ``detail`` is half a sentence more, or empty."""

    fault: AccountFault
    account: str = ""
    detail: str = ""
    context: object = None

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.fault.text}: {self.detail}" if self.detail else self.fault.text


class NeedsAccount(Refusal, frozen=True):
    """Only people who are logged in to an account may join that room, or write to that person."""

    target: str


class Reply(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """An answer. ``level`` as of an event."""

    level: ClassVar[int] = 1


class Done(Reply, frozen=True):
    """An I/O command is complete; the session reads on."""


class AwayNote(Reply, frozen=True):
    """The person who was just written to is away."""

    person: Person
    text: str


class NotConnectedYet(Refusal, frozen=True):
    """The session has not connected under a name yet."""


class NoSuchPerson(Refusal, frozen=True):
    """Nobody has that name."""

    name: str


class NoSuchRoom(Refusal, frozen=True):
    """There is no such room."""

    room: str


class NotMember(Refusal, frozen=True):
    """The person is not in that room."""

    room: str


class NotThere(Refusal, frozen=True):
    """The person named is not in that room."""

    room: str
    name: str


class NotOperator(Refusal, frozen=True):
    """Only an operator of the room may do that."""

    room: str


class Outranked(Refusal, frozen=True):
    """The person named has a higher role in the room."""

    room: str
    name: str


class NotYourself(Refusal, frozen=True):
    """People can ask or set that for themselves only."""

    name: str


class NoText(Refusal, frozen=True):
    """The text is empty."""


class TextTooLong(Refusal, frozen=True):
    """A text is longer than ``limit`` bytes."""

    limit: int


class NotServerOperator(Refusal, frozen=True):
    """Only server operators may do that."""


class DailyQuotaUsed(Refusal, frozen=True):
    """The people without an account in one network have sent as much as they may in a day."""


class StorageDown(Refusal, frozen=True):
    """The log can't be written at the moment, so no command is accepted."""
