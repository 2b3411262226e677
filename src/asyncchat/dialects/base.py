"""What a session needs of a dialect, and what a dialect knows of its server.

Owns the contract between them; must not know sockets, tasks or the hub.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.ids import Ids
from asyncchat.core.replies import Refusal, Reply

COMMANDS_A_TURN = 64
"""Commands one session may submit at a time, so that a flood does not hold up the others."""


class Way(Enum):
    """How a client is connected with the server, as far as what it may do depends on that."""

    OPEN = "not encrypted"
    TLS = "encrypted"
    CERTIFICATE = "encrypted, and the client showed a certificate"
    LOCAL = "not encrypted, within the machine"


class ServerInfo(msgspec.Struct, frozen=True):
    """What a server says of itself.

    Attributes:
        name: a host name with a dot, or any single word (RFC 2812, 2.3.1).
        version: the program's.
        started: in microseconds since 1970 UTC.
        ids: gives messages their ids.
        motd: lines of the message of the day.
        zone: the name of the server's time zone.
        utc_offset: the same in seconds east of UTC.
        keeps_history: whether what is said survives in a file.
        locked: whether the server asks for a password.
        registration: whether people may make accounts.
        before_connect: whether they may do so before they are registered.
        require_email: whether an account needs an address.
        newcomers: how many messages a person that joins a room is shown unasked; 20 fit a small terminal
            under the greeting.
        description: a few words about the server, or empty.
        operators: the names under which one may become an operator of the server.
        contact: how the server's owner is reached, or empty.
        network: the name for people; empty: ``name``.
        icon: the URL of a picture, or empty.
        client_tag_deny: tags of clients that are not passed on, without ``+``; ``*``: all but those behind it
            with ``-``.
        file_bytes: how many bytes an uploaded file may have; 0: none is taken.
        push_key: the public key of its pushes (RFC 8292), in base64; empty: it sends none.
        strict_seconds: for how long who came over TLS must come so again; None: nothing is said of it.
        tls_port: where it takes TLS; 0: nowhere.
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
    client_tag_deny: tuple[str, ...] = ()
    file_bytes: int = 0
    push_key: str = ""
    strict_seconds: int | None = None
    tls_port: int = 0


class EventEncoder(Protocol):
    """The bytes an event has for all sessions that are told of it in the same way.

    There is one object for each dialect and set of capabilities that change bytes, shared by its sessions and
    compared by identity.
    """

    def encode(self, record: Record) -> bytes:
        """The bytes of somebody else's event: whole lines, or nothing where these sessions are not told."""
        ...

    def join(self, lines: list[bytes]) -> bytes:
        """The bytes of a room's batch, made of those of its events; they are written whole and in order."""
        ...


Outcome = Sequence[Record | Reply | Refusal | object]
"""What became of one command: recorded events, replies, refusals, and what the dialect answered itself."""


class Dialect(Protocol):
    """One session's language, as the server hears and speaks it. Pure: bytes and values, no I/O.

    The server feeds what it reads to ``receive_data``, submits the commands, and hands each command's outcome
    to ``answer``, in the order of the commands. Nothing that a peer sends makes any of these raise.
    """

    @property
    def is_web(self) -> bool:
        """Whether it is spoken over a WebSocket, where proxies for HTTP may be on the way."""
        ...

    @property
    def encoder(self) -> EventEncoder:
        """How others' events are told to this session; it changes inside ``answer`` alone."""
        ...

    @property
    def entered(self) -> bool:
        """Whether an outcome has made this session a person."""
        ...

    def awaits(self, command: Command) -> bool:
        """Whether nothing is read after this command until its outcome has been told.

        So it is after each barrier, which is thus the last of its list. Then ask ``receive_data`` with empty
        data for more.
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
        """How many lines these count as, where a session's pace is limited."""
        ...

    def receive_eof(self) -> list[Command]:
        """The peer sends no more: what an unfinished line still means. Called once, with no other backlog."""
        ...

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session what became of its own command."""
        ...

    def encode_slices(self, outcome: Outcome) -> Iterator[bytes]:
        """The same in pieces of whole lines, made one after the other: the answer may be long."""
        ...

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session that a room has another name, by another session's command.

        It is called where each session is told in its own way.
        """
        ...

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """The bytes that tell the session what another session of its person caused.

        It is told as a member what the members of a room are told, except for the person's own join.

        Args:
            outcome: of the other session's command.
            alone: whether the person is in no room, so that nothing of it comes that way.
        """
        ...

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """The last bytes before the server closes the connection; ``stopping``: it closes all of them."""
        ...

    def on_tick(self, now: float) -> bytes:
        """Called every few seconds: ends what the peer left half done for too long, and says so.

        Args:
            now: seconds of any clock.
        """
        ...

    def ping(self) -> bytes:
        """A question that every client of this dialect answers by itself; empty where there is none."""
        ...
