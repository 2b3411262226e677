"""Commands about accounts. ``purpose`` goes back to the dialect with whatever is answered."""

from asyncchat.core.commands.base import Command


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
