"""What a person at the terminal client is doing.

Owns the state between two lines typed, and where days begin for the person at this machine: a day on which
its clocks change is not 24 hours long. It must not know what a slash command does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from asyncchat.client.client import Client
from asyncchat.client.events import Message
from asyncchat.client.history_cursor import MessageCursor
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.render import MessageCache
from asyncchat.client.search import SearchPages
from asyncchat.core.features.history import ReadHistory
from asyncchat.core.features.search import Search
from asyncchat.core.names import fold

_MICROSECONDS = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()


class LocalCalendar:
    """The calendar (``text.times.Calendar``) of the machine's zone."""

    def bounds(self, when: date) -> tuple[int, int]:
        """The first moment of a date, and the first after it, in microseconds since 1970 UTC."""
        return _start_of(when.toordinal()), _start_of(when.toordinal() + 1)


def _start_of(ordinal: int) -> int:
    try:
        return int(datetime.fromordinal(ordinal).astimezone().timestamp()) * _MICROSECONDS
    except (OverflowError, ValueError, OSError):  # at the ends of the calendar
        return (ordinal - _EPOCH) * 86_400 * _MICROSECONDS


@dataclass(slots=True)
class TerminalState:
    """In which room a person is, how far back they have read, whom they ignore.

    It is the ``text.slash.SlashContext`` of what they type.

    Attributes:
        chat: the client.
        room: where what is typed goes.
        tell: shows a line of ours.
        recall: shows messages of the history.
        ignored: names whose messages are not shown.
        commands_go_through: whether the server takes the commands (a plain dialect), and only a few are ours.
        history: where ``/history`` goes on in each room, and with each person.
        search: the search that ``/search`` continues.
        recent: what was shown, so that it can be answered.
        columns: how wide the terminal is.
    """

    chat: Client
    room: str
    tell: Callable[[str], None]
    recall: Callable[[list[Message]], None]
    ignored: IgnoredNames
    commands_go_through: bool = False
    history: dict[str, MessageCursor] = field(default_factory=dict)
    search: SearchPages | None = None
    recent: MessageCache = field(default_factory=MessageCache)
    columns: Callable[[], int] = lambda: 80
    calendar: LocalCalendar = field(default_factory=LocalCalendar)

    @property
    def is_confidential(self) -> bool:
        """Whether a password may be sent: that is the person's choice, with the address."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """The last lines of the help."""
        if self.commands_go_through:
            return ("Other commands go to the server as they are.",)
        return ("A line that begins with // is sent with one /.",)

    def next_history(self, room: str) -> ReadHistory | None:
        """What was asked for of the history that is being read there, if any."""
        cursor = self.history.get(fold(room))
        return None if cursor is None else cursor.asked

    def next_search(self) -> Search | None:
        """What was asked for of the search that is being read, if any."""
        return None if self.search is None else self.search.asked
