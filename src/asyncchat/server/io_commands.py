"""I/O commands: commands that the server answers outside the hub, in the session's order.

Each handler gets the session, the command, and the number of the last record delivered before; it returns an
answer, or a command for the hub. Meanwhile the session has paused its output and reads no further command;
other sessions do not wait.
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.events import Event
from asyncchat.core.features.server import Reload
from asyncchat.core.registry import SLICED_HANDLERS
from asyncchat.core.replies import Done, NotServerOperator, Refusal, Reply
from asyncchat.server.auth import Authentication
from asyncchat.server.clock import wall_clock
from asyncchat.server.history import History
from asyncchat.server.reload import Reloader
from asyncchat.server.search import Search
from asyncchat.server.session import IoHandler, IoResult, Session


def io_handlers(
    history: History, search: Search, auth: Authentication, reloader: Reloader
) -> dict[type[Command], IoHandler]:
    """The handlers of all I/O commands, and the few that belong nowhere else."""

    async def reload(session: Session, _command: Reload, _upto: int) -> IoResult:
        """Reads the configuration again, for an operator of the server."""
        chat = session.context.hub.chat
        if session.person_id not in chat.server_operators:
            return NotServerOperator()
        return await reloader.reload(chat.people[session.person_id])

    return {
        Reload: reload,
        **dict.fromkeys(SLICED_HANDLERS, answer_in_slices),
        **history.handlers,
        **search.handlers,
        **auth.handlers,
    }


async def answer_in_slices(session: Session, command: Command, _upto: int) -> IoResult:
    """Answers from the state, a slice at a time; the log has what the answer tells when it is told.

    Where looking for something takes long, the result is the command that decides about what was found.
    Others behind it go on with what is too much for one; everybody else's commands come between them.
    """
    context = session.context
    chat, now = context.hub.chat, wall_clock()
    work = SLICED_HANDLERS[type(command)](chat, session.person_id, command, now)
    items = await context.slices.finish(work, session.charge)
    *events, answer = items
    if isinstance(answer, Command):
        return await _decide(session, [item for item in items if isinstance(item, Command)])
    context.hub.declare([event for event in events if isinstance(event, Event)])
    await session.committed()
    assert isinstance(answer, Reply | Refusal)  # noqa: S101  # the contract of these handlers
    return answer


async def _decide(session: Session, commands: Sequence[Command]) -> IoResult:
    """Has commands decided for the session, each in a batch of its own; to their end, even if it leaves."""
    if len(commands) == 1:
        return commands[0]
    hub = session.context.hub
    for command in commands:
        if session.ended:
            await hub.request(command)
        else:
            hub.submit(session, [command])
            await session.committed()
    return Done()
