"""What a person types for an account, and for rooms that belong to one.

Owns how these are typed; whether somebody may, the core decides. The rows of their table are in ``words``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands
from asyncchat.core.commands import Command

if TYPE_CHECKING:
    from asyncchat.dialects.plain.dialect import PlainDialect

OPEN = (
    "Not done: this connection is not encrypted, so others could read your password on the way. "
    "Join from the server's own network."
)
"""In the place of anything that takes a password where others may listen."""


def register(session: PlainDialect, text: str) -> Command | str | None:
    """Makes an account of one's name.

    A password may be several words; an e-mail address is the last one, if it has an @.
    """
    password, _, email = text.rpartition(" ")
    if not password or "@" not in email:
        password, email = text, ""
    if not password:
        return None
    return commands.Register("", email, password.rstrip()) if session.is_confidential else OPEN


def login(session: PlainDialect, text: str) -> Command | str | None:
    """Logs in, to the account of one's name where none is named."""
    name, _, password = text.partition(" ")
    if not name:
        return None
    if not session.is_confidential:
        return OPEN
    shown = password.strip()
    return commands.ShowPassword(name if shown else "", shown or name)


def new_password(session: PlainDialect, text: str) -> Command | str | None:
    """Changes one's password."""
    if not text:
        return None
    return commands.NewPassword(text) if session.is_confidential else OPEN


def drop(session: PlainDialect, text: str) -> Command | str | None:
    """Removes one's account."""
    if not text:
        return None
    return commands.DropAccount("", text) if session.is_confidential else OPEN


def regain(session: PlainDialect, text: str) -> Command | str | None:
    """Puts out who has one's name, and takes it."""
    name, _, password = text.partition(" ")
    if not name:
        return None
    if password and not session.is_confidential:
        return OPEN
    return commands.Reclaim(name, password.strip(), True)


def claim(session: PlainDialect, text: str) -> Command | None:
    """Registers the room to one's account, or to another one."""
    return commands.RegisterRoom(session.room, text) if " " not in text else None


def unclaim(session: PlainDialect, text: str) -> Command | None:
    """Makes it nobody's again."""
    return commands.RegisterRoom(session.room, on=False) if not text else None


def access(session: PlainDialect, text: str) -> Command | None:
    """Lists the accounts with a role in the room, or gives one a role."""
    if not text:
        return commands.AskAccess(session.room)
    account, _, role = text.partition(" ")
    return commands.SetAccess(session.room, account, "" if role == "off" else role) if role else None
