"""Whom a person ignores: on this machine, and on all devices of an account that is logged in.

Owns both lists, and which of them a change is for; must not know what is hidden by them.
"""

from collections.abc import Iterable

from asyncchat.client.client import Client
from asyncchat.client.events import Event, Preference, Reconnected
from asyncchat.core.features.preferences import IGNORE, Ignored
from asyncchat.core.names import fold
from asyncchat.text.sentences import reply_lines
from asyncchat.text.times import Zone

_NO_ZONE = Zone("", 0)
"""For sentences without a time."""


class IgnoredNames:
    """Names whose messages are not shown.

    Args:
        names: those that this machine remembers.

    Attributes:
        here: these, by their folded names.
        account: those that the server keeps for our account, by their folded names.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.here = {fold(name): name for name in names}
        self.account: dict[str, str] = {}
        self._asked: set[str] = set()

    def __contains__(self, nick: str) -> bool:
        key = fold(nick)
        return key in self.here or key in self.account

    def sentence(self) -> str:
        """Who is ignored."""
        (line,) = reply_lines(Ignored(tuple((self.account | self.here).values())), _NO_ZONE)
        return line

    def set(self, chat: Client, name: str, *, on: bool) -> str:
        """Ignores a name, or no longer: for our account, where there is none on this machine.

        Returns:
            What to say; '': ``take`` says it when the server has answered.

        Raises:
            ClientError: there is no connection to ask the server.
        """
        if not on:
            self.here.pop(fold(name), None)
        if chat.prefer(IGNORE, name, "on" if on else ""):
            self._asked.add(fold(name))
            return ""
        if on:
            self.here[fold(name)] = name
        return self.sentence()

    def take(self, event: Event) -> str:
        """Takes what the server says of it; returns what to say where we asked for it."""
        if isinstance(event, Reconnected):
            self.account.clear()  # all of it is told again
        if not isinstance(event, Preference) or event.name != IGNORE:
            return ""
        key = fold(event.target)
        if event.value:
            self.account[key] = event.target
        else:
            self.account.pop(key, None)
        if key not in self._asked:
            return ""
        self._asked.discard(key)
        return self.sentence()
