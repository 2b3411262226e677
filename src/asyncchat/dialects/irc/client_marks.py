"""What is done to messages after they were said, as a client reads and asks it: reactions, taking them back.

Owns TAGMSG with reactions (IRCv3 client-tags/react) and REDACT; must not know which messages there are.
"""

from collections.abc import Callable
from datetime import datetime

from asyncchat.dialects.irc import tokens
from asyncchat.dialects.irc.client_server import ServerFacts
from asyncchat.dialects.irc.client_speech import REPLY, moment, nick_of
from asyncchat.dialects.irc.client_values import Reacted, Redacted, Value

_REACTIONS = {"+draft/react": True, "+draft/unreact": False}
"""The tags of a reaction, and whether it is put or taken back."""


class Marks:
    """Reads and asks for them.

    Args:
        server: for rooms' names.
        is_own: whether a nick is ours.
    """

    def __init__(self, server: ServerFacts, is_own: Callable[[str], bool]) -> None:
        self._server = server
        self._is_own = is_own

    def signalled(self, line: tokens.Message, now: datetime) -> list[Value]:
        """TAGMSG: a reaction, or nothing for people."""
        id = next((line.tag(key) for key in REPLY if line.tag(key)), None)
        found = [(key, value) for key, value in line.tags if key in _REACTIONS and value]
        if not id or len(found) != 1 or not line.param(0):
            return []
        key, reaction = found[0]
        room, nick, own = self._where(line)
        return [Reacted(moment(line, now), room, nick, id, reaction, _REACTIONS[key], own)]

    def redacted(self, line: tokens.Message, now: datetime) -> list[Value]:
        """REDACT (draft/message-redaction)."""
        if not line.param(1):
            return []
        room, nick, own = self._where(line)
        return [Redacted(moment(line, now), room, nick, line.param(1), line.param(2), own)]

    def _where(self, line: tokens.Message) -> tuple[str, str, bool]:
        nick, target = nick_of(line.source), self._server.bare_room(line.param(0))
        own = self._is_own(nick)
        return target if own or self._server.is_room(target) else nick, nick, own


def reaction(to: str, id: str, text: str, on: bool) -> tokens.Message:
    """The TAGMSG that puts a reaction or takes it back; the message is named in both ways that are in use."""
    key = next(key for key, puts in _REACTIONS.items() if puts is on)
    return tokens.Message("TAGMSG", (to,), tags=(*((name, id) for name in REPLY), (key, text)))


def answering(id: str) -> tokens.Tags:
    """The tags of a message that answers another one."""
    return tuple((name, id) for name in REPLY) if id else ()
