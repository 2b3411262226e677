"""Plain dialects around the driver's hub: people at terminals, and what only this dialect asks of it."""

from dataclasses import dataclass, field

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.history import HistoryUnreadable, ReadHistory
from asyncchat.core.features.messages import Said
from asyncchat.core.features.redaction import Erase, EraseFrom
from asyncchat.core.features.search import Search
from asyncchat.core.names import fold
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.plain.dialect import Plain, PlainDialect
from tests.dialects.driver import Hub, Peer, server_info

NOW = 1_795_381_200_000_000  # Sun 22 Nov 2026 21:00 UTC
SECOND = 1_000_000


@dataclass
class Seat(Peer):
    """One person's end. What it hears is bytes: a prompt has no newline."""

    dialect: PlainDialect
    asked: list[Command] = field(default_factory=list)

    def type(self, *lines: str) -> str:
        """Lines, each with its newline; gives what was heard since the last time."""
        return self.put("".join(line + "\n" for line in lines).encode())

    def put(self, data: bytes) -> str:
        """One read of the server's; gives what was heard since the last time."""
        self.hub.receive(self, data)
        return self.take()

    def end(self) -> str:
        """The end of input; gives what was heard since the last time."""
        self.hub.obey(self, self.dialect.receive_eof())  # type: ignore[attr-defined]  # its hub is a World
        return self.take()

    def take(self) -> str:
        """What was heard since the last time."""
        heard, self.sent[:] = bytes(self.sent), b""
        return heard.decode()


class World(Hub):
    """A chat of plain people. Time stands still unless ``now`` is set (microseconds since 1970 UTC)."""

    def __init__(self, info: ServerInfo | None = None) -> None:
        super().__init__(tick=0)
        self.now = NOW
        self.plain = Plain(info or server_info())
        self.readable = True

    def connect(self, host: str = "10.0.0.1", *, framed: bool = True) -> Seat:
        """A client that has not said anything yet."""
        number = len(self.peers) + 1
        seat = Seat(self, number, self.plain.dialect(number, host, framed=framed))
        self.peers[number] = seat
        return seat

    def person(self, name: str, host: str = "10.0.0.1", *, framed: bool = True) -> Seat:
        """A person in the lobby; all that was to be heard of its coming is taken."""
        seat = self.connect(host, framed=framed)
        seat.put(f"{name}\n".encode() if framed else name.encode())
        assert seat.dialect.entered
        for peer in self.peers.values():
            peer.sent.clear()
        return seat

    def receive(self, peer: Peer, data: bytes) -> None:
        self.obey(peer, peer.dialect.receive_data(data))

    def obey(self, peer: Peer, asked: list[Command]) -> None:
        """Submits commands and all that follow from their outcomes, until more has to be read."""
        assert isinstance(peer, Seat)
        while asked:
            for command in asked:
                peer.asked.append(command)
                self.submit(peer, command)
            if isinstance(asked[-1], Quit):
                peer.gone = True
                return
            asked = peer.dialect.receive_data(b"")

    def submit(self, peer: Peer, command: Command) -> None:
        match command:
            case EraseFrom(room, name):
                numbers = tuple(
                    record.number
                    for record in self.records
                    if isinstance(record.event, Said)
                    and fold(record.event.room) == fold(room)
                    and (not name or record.event.person.key == fold(name))
                )
                command = Erase(room, numbers)
            case Search():
                command = DialectReply(*self.search(peer, command))
            case ReadHistory():
                command = DialectReply(*self.read_history(peer, command))
        super().submit(peer, command)

    def search(self, peer: Peer, asked: Search) -> list[object]:
        if asked.newer_seconds is not None:
            asked = asked.bounded(after_time=self.now - asked.newer_seconds * SECOND)
        if asked.older_seconds is not None:
            asked = asked.bounded(before_time=self.now + 1 - asked.older_seconds * SECOND)
        return super().search(peer, asked)

    def read_history(self, peer: Peer, asked: ReadHistory) -> list[object]:
        if not self.readable:
            return [HistoryUnreadable(asked.room, asked.context)]
        if asked.newer_seconds is not None:
            since = self.now - asked.newer_seconds * SECOND
            window = msgspec.structs.replace(asked.window, after_time=since)
            asked = msgspec.structs.replace(asked, window=window)
        return super().read_history(peer, asked)
