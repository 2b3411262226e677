"""I/O commands: commands that the server answers outside the hub, in the session's order.

Each handler gets the session, the command, and the number of the last record delivered before; it returns an
answer, or a command for the hub. Meanwhile the session has paused its output and reads no further command;
other sessions do not wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core.commands import Command
from asyncchat.core.features.ignore import Ignore, Ignored
from asyncchat.core.features.server import Reload
from asyncchat.core.names import fold
from asyncchat.core.replies import NotServerOperator

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.server.auth import Authentication
    from asyncchat.server.history import History
    from asyncchat.server.reload import Reloader
    from asyncchat.server.search import Search
    from asyncchat.server.session import IoHandler, IoResult, Session


class IoCommands:
    """The handlers of all I/O commands, and the few that belong nowhere else.

    Args:
        chat: the state, only to be read.
        history: reads it.
        search: searches it.
        auth: checks passwords.
        reloader: reads the configuration again.
    """

    def __init__(
        self, chat: Chat, history: History, search: Search, auth: Authentication, reloader: Reloader
    ) -> None:
        self._chat = chat
        self._reloader = reloader
        self.handlers: dict[type[Command], IoHandler] = {
            Ignore: self.ignore,
            Reload: self.reload,
            **history.handlers,
            **search.handlers,
            **auth.handlers,
        }

    async def reload(self, session: Session, _command: Reload, _upto: int) -> IoResult:
        """Reads the configuration again, for an operator of the server."""
        if session.person_id not in self._chat.server_operators:
            return NotServerOperator()
        person = self._chat.people[session.person_id]
        return await self._reloader.reload(person)

    async def ignore(self, session: Session, command: Ignore, _upto: int) -> IoResult:
        """Ignores somebody, or no longer."""
        if command.name:
            key = fold(command.name)
            session.ignoring = session.ignoring | {key} if command.on else session.ignoring - {key}
            session.update_subscriptions()
        return Ignored(tuple(sorted(session.ignoring)))
