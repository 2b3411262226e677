"""Commands about accounts. ``purpose`` goes back to the dialect with whatever is answered."""

from asyncchat.core.commands.base import Command, IoCommand, Question


class MakeAccount(Command, frozen=True):
    """Make an account and be logged in to it; ``verifier`` is what its password is checked against."""

    account: str
    verifier: str
    email: str = ""
    purpose: object = None


class LogIn(Command, frozen=True):
    """Log in to an account; whether the password was right comes as data."""

    account: str
    verified: bool
    purpose: object = None


class LogOut(Command, frozen=True):
    """Be logged in no more."""

    purpose: object = None


class ChangePassword(Command, frozen=True):
    """Check the passwords of one's own account (empty) against this verifier from now on."""

    account: str
    verifier: str
    purpose: object = None


class RemoveAccount(Command, frozen=True):
    """Remove one's own account (empty); whether its password was shown comes as data."""

    account: str
    verified: bool
    purpose: object = None


class Release(Command, frozen=True):
    """Put out who has a name that belongs to an account, and ``take`` the name oneself.

    It is for who is logged in to the account, or has shown its password.
    """

    name: str
    verified: bool
    take: bool = False
    purpose: object = None


class RegisterRoom(Command, frozen=True):
    """Register a room to an account (empty: one's own), or to none any more."""

    room: str
    account: str = ""
    on: bool = True
    purpose: object = None


class SetAccess(Command, frozen=True):
    """Give an account a role in a registered room, or none (empty)."""

    room: str
    account: str
    role: str
    purpose: object = None


class TakeRole(Command, frozen=True):
    """Have the role in a room again that one's account has there."""

    room: str
    purpose: object = None


class SetStaying(Command, frozen=True):
    """Stay in the chat while one is not connected, or no longer; None: tell whether."""

    on: bool | None = None
    purpose: object = None


class KeepStays(Command, frozen=True):
    """Bring up to date what is kept of people who stay, by their accounts' keys; no dialect asks it."""

    accounts: tuple[str, ...]


class AskAccess(Question, frozen=True):
    """Whose a room is, and which accounts have a role in it."""

    room: str
    purpose: object = None


class AskAccount(Question, frozen=True):
    """What may be known of an account (empty: one's own)."""

    account: str
    purpose: object = None


# What the server does outside of the chat, where a password is hashed.


class Authenticate(IoCommand, frozen=True):
    """A message of a client in an exchange of this mechanism (RFC 4422); ``exchange``: where it stands."""

    mechanism: str
    data: bytes
    exchange: object = None
    purpose: object = None


class ShowPassword(IoCommand, frozen=True):
    """Log in with a password as it is; an empty account: that of one's name."""

    account: str
    password: str
    purpose: object = None


class Register(IoCommand, frozen=True):
    """Make an account with a password.

    An empty account: one of one's name, which is ``name`` before one enters.
    """

    account: str
    email: str
    password: str
    name: str = ""
    purpose: object = None


class NewPassword(IoCommand, frozen=True):
    """Give one's own account another password."""

    password: str
    purpose: object = None


class DropAccount(IoCommand, frozen=True):
    """Remove one's own account, with its password."""

    account: str
    password: str
    purpose: object = None


class Reclaim(IoCommand, frozen=True):
    """Have who has one's name put out, with the account's password where one is not logged in to it."""

    name: str
    password: str
    take: bool = False
    purpose: object = None
