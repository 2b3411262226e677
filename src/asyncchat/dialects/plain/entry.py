"""How a session becomes a person: the server's password, the name, the password of a reserved name.

Owns these questions; must not know what happens after the greeting.
"""

from asyncchat.core.commands import Command
from asyncchat.core.features.accounts import Confirmed, LogInWithPassword
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.server import Unlock, Unlocked, WrongPassword
from asyncchat.core.names import LOBBY
from asyncchat.dialects.base import Outcome
from asyncchat.dialects.plain.prompts import ASK_AGAIN, GREETING, PASSWORD_PROMPT
from asyncchat.dialects.plain.telnet import HUSH, UNHUSH
from asyncchat.text.sanitize import shown
from asyncchat.text.slash import name_from

USER = "plain"
"""The user part of ``name!user@host``, which this dialect has no word for."""

PASSWORD_TRIES = 3
"""Passwords a connection may try."""


class Entry:
    """The questions before the greeting.

    Args:
        host: where the person comes from, as others see it.
        locked: whether the server asks for its password.
        is_confidential: whether nobody listens on the way: an account's password may be typed.
    """

    __slots__ = ("_code", "_host", "_is_confidential", "_locked", "_reserved", "_tries")

    def __init__(self, host: str, locked: bool, is_confidential: bool) -> None:
        self._host = host
        self._locked = locked
        """Whether what is typed is the server's password."""
        self._is_confidential = is_confidential
        self._code = ""
        """The invitation code that was given in the place of the server's password, if any."""
        self._reserved = ""
        """The name whose account's password is asked for, if any."""
        self._tries = 0

    @property
    def asks_password(self) -> bool:
        """Whether the next line is a password."""
        return self._locked or bool(self._reserved)

    def password(self, raw: bytes | None) -> Command:
        """What a line asks that is a password."""
        text = (raw or b"").decode("utf-8", "replace")
        if self._locked:
            self._tries += 1
            return Unlock(text, last=self._tries >= PASSWORD_TRIES)
        return LogInWithPassword(self._reserved, text)

    def name(self, text: str) -> Command:
        """What a line asks that is a name."""
        if text.lower() in ("exit", "/exit", "/quit"):
            return Quit()
        return Connect(name_from(text), USER, self._host, rooms=(LOBBY,), code=self._code)

    def encode_unlock(self, outcome: Outcome, told: list[str], telnet: bool) -> bytes:
        """Asks for the name, or once more for the server's password."""
        for item in outcome:
            if isinstance(item, Unlocked):
                self._locked, self._code = False, item.code
                return _line_end(telnet) + GREETING.encode()
            if isinstance(item, WrongPassword) and item.last:
                return UNHUSH if telnet else b""
        again = shown(" ".join((*told, PASSWORD_PROMPT))).encode()
        return HUSH + b"\r\n" + again if telnet else again

    def encode_reserved(self, name: str, telnet: bool) -> bytes:
        """Asks for the password of a reserved name, where nobody listens."""
        if not self._is_confidential:
            why = "and this connection is not encrypted, so its password must not be typed here."
            return ask_again([f"{name} belongs to an account, {why}"])
        self._reserved = name
        question = shown(f"{name} belongs to an account. {PASSWORD_PROMPT}").encode()
        return HUSH + question if telnet else question

    def encode_login(self, outcome: Outcome, told: list[str], telnet: bool) -> tuple[bytes, Connect | None]:
        """Enters with the account whose password was right, else asks for another name."""
        name, self._reserved = self._reserved, ""
        end = _line_end(telnet)
        for item in outcome:
            if isinstance(item, Confirmed):
                enter = Connect(
                    name,
                    USER,
                    self._host,
                    rooms=(LOBBY,),
                    account=item.account,
                    code=self._code,
                    verifier=item.verifier,
                )
                return end, enter
        return end + ask_again(told), None


def ask_again(told: list[str]) -> bytes:
    """Says why a name was refused, and asks for another one."""
    return shown(" ".join((*told, ASK_AGAIN))).encode()


def _line_end(telnet: bool) -> bytes:
    """What ends the line of a password: telnet did not show it, nor the line's end."""
    return UNHUSH + b"\r\n" if telnet else b""
