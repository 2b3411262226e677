"""What a session needs of a dialect, and what a dialect knows of its server.

Owns the contract between them; must not know sockets, tasks or the hub.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.ids import Ids
from asyncchat.core.replies import Refusal, Reply

COMMANDS_A_TURN = 64
"""Commands one session may submit at a time, so that a flood does not hold up the others."""


class ServerInfo(msgspec.Struct, frozen=True):
    """What a server says of itself.

    ``name`` is a host name with a dot or any single word (RFC 2812, 2.3.1); ``started`` in microseconds since
    1970 UTC; ``ids`` gives messages their ids; ``utc_offset`` is the server's zone in seconds east of UTC and
    ``zone`` its name; ``keeps_history`` whether what is said survives in a file; ``description`` is a few
    words on it, ``contact`` how its owner is reached, both possibly empty; ``operators`` are the names under
    which one may become one of the server; ``network`` is the name for people, empty for ``name``, ``icon``
    the URL of a picture, or empty; ``locked`` whether it asks for a password; ``newcomers`` how many
    messages who joins a room reads where the dialect shows them unasked (20 fit a small terminal under the
    greeting). ``registration``: people may make accounts, ``before_connect``: even before they have entered,
    ``require_email``: not without an address.
    """

    name: str
    version: str
    started: int
    ids: Ids
    motd: tuple[str, ...] | None = None
    zone: str = "UTC"
    utc_offset: int = 0
    keeps_history: bool = True
    locked: bool = False
    registration: bool = True
    before_connect: bool = False
    require_email: bool = False
    newcomers: int = 20
    description: str = ""
    operators: tuple[str, ...] = ()
    contact: str = ""
    network: str = ""
    icon: str = ""


class EventEncoder(Protocol):
    """The bytes an event has for all sessions that are told of it in the same way.

    There is one object for each dialect and set of capabilities that change bytes, shared by its sessions and
    compared by identity.
    """

    def encode(self, record: Record) -> bytes:
        """The bytes of somebody else's event: whole lines, or nothing where these sessions are not told."""
        ...


Outcome = Sequence[Record | Reply | Refusal | object]
"""What became of one command: recorded events, replies, refusals, and what the dialect answered itself."""


class Dialect(Protocol):
    """One session's language, as the server hears and speaks it. Pure: bytes and values, no I/O.

    The server feeds what it reads to ``receive_data``, submits the commands, and hands each command's outcome
    to ``answer``, in the order of the commands. Nothing that a peer sends makes any of these raise.
    """

    @property
    def encoder(self) -> EventEncoder:
        """How others' events are told to this session; it changes inside ``answer`` alone."""
        ...

    @property
    def entered(self) -> bool:
        """Whether an outcome has made this session a person."""
        ...

    @property
    def paused(self) -> bool:
        """Whether ``receive_data`` gives no commands until an outcome has come that decides how to read on.

        So it is after ``Enter``, and after each command that is a gate, which is thus the last of its list.
        """
        ...

    @property
    def backlog(self) -> int:
        """Bytes received that are not yet given out as commands."""
        ...

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands, at most ``limit``; empty data asks for more."""
        ...

    def cost(self, commands: Sequence[Command]) -> int:
        """As how many lines these count where a session's pace is limited."""
        ...

    def receive_eof(self) -> list[Command]:
        """The peer sends no more: what an unfinished end still means. Called once, with no backlog but it."""
        ...

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session what became of its own command."""
        ...

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session what became of another's command.

        Asked only where each is told in its own way: when a room gets another name.
        """
        ...

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """The bytes that tell the session what another session of its person caused.

        What the members of a room are told comes to it as to them, but for the person's own join.

        Args:
            outcome: of the other session's command.
            alone: whether the person is in no room, so that nothing of it comes that way.
        """
        ...

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """The server's last words before it closes the connection; ``stopping``: it closes them all."""
        ...

    def on_tick(self, now: float) -> bytes:
        """Asked every few seconds: ends what its peer left half done for too long, and tells it so.

        Args:
            now: seconds of any clock.
        """
        ...

    def ping(self) -> bytes:
        """A question that every client of this dialect answers by itself; empty where there is none."""
        ...
