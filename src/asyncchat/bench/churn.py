"""Sessions that join, send one message and leave, again and again, while listeners stay and check each one.

A slot runs one session after the other. Owns the sockets of these sessions.
"""

import time

from asyncchat.bench import messages
from asyncchat.bench.clients import Connection, ServerClosed, nick
from asyncchat.bench.load import Measured, Outcome, Setup
from asyncchat.bench.verify import Faults, Member, Room, Samples, Sender
from asyncchat.errors import AsyncChatError

_STUCK_SECONDS = 20.0
# The listeners' names come first.
_FIRST_NAME = 0x80000


class _Slot:
    """Runs sessions one after the other: holds the connection of the current one."""

    __slots__ = ("connection", "room", "said", "sender")

    def __init__(self, number: int, room: int) -> None:
        self.sender = Sender(number, inside=False)
        self.room = room
        self.connection: Connection | None = None
        self.said = False


class Churn(Measured):
    """The sessions of a scenario; the clients are the listeners, and have settled."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        scenario = setup.scenario
        self._slots = [_Slot(number, number % scenario.rooms) for number in range(scenario.senders)]
        self._senders = [slot.sender for slot in self._slots]
        self._by_fd: dict[int, _Slot] = {}
        self._gone = 0
        self._moved = time.monotonic()
        seats: list[list[Member]] = [[] for _ in range(scenario.rooms)]
        self._listeners: dict[int, tuple[Connection, Member]] = {}
        for connection in setup.clients.connections:
            member = Member(connection.nick)
            member.samples = Samples()
            self._listeners[connection.fd] = (connection, member)
            seats[connection.room].append(member)
        for number, members in enumerate(seats):
            senders = [slot.sender for slot in self._slots if slot.room == number]
            # Others join and leave; and no window opens, since a session sends one message.
            self._rooms.append(
                Room(
                    members,
                    scenario.payload,
                    scenario.filler,
                    senders=senders,
                    on_other=lambda _member, _line: None,
                    on_open=lambda _sender: None,
                )
            )

    def run(self) -> Outcome:
        """Warm up, measure, let the last sessions end.

        Raises:
            AsyncChatError: The server refuses or closes a session, or nothing happens for 20 s.
        """
        try:
            self._until(time.monotonic() + self._scenario.warmup)
            begin, gone = self._mark(), self._gone
            self._until(begin.at + self._scenario.seconds)
            end, sessions = self._mark(), self._gone - gone
            self._drain()
        finally:
            for slot in self._slots:
                if slot.connection is not None:
                    slot.connection.close()
        faults = Faults()
        for room in self._rooms:
            room.finish()
            faults.add(room.faults)
        measured = [member.samples.between(begin.at, end.at)
                    for _, member in self._listeners.values() if member.samples is not None]  # fmt: skip
        return Outcome(begin, end, faults, measured, sessions=sessions)

    def _until(self, end: float) -> None:
        told = time.monotonic()
        while (now := time.monotonic()) < end:
            for slot in self._slots:
                if slot.connection is None:
                    self._come(slot)
            self._turn(min(end - now, 0.1))
            if now - told > 1:
                told = now
                self._progress(f"{self._gone:,} sessions")

    def _drain(self) -> None:
        until = time.monotonic() + _STUCK_SECONDS
        while time.monotonic() < until:
            if not self._by_fd and not any(room.pending() for room in self._rooms):
                return
            self._turn(0.1)

    def _come(self, slot: _Slot) -> None:
        name = nick(self._dialect, _FIRST_NAME + slot.sender.id)
        slot.connection = Connection(self._clients.address, self._dialect, name, slot.room)
        slot.said = False
        self._by_fd[slot.connection.fd] = slot
        self._poller.add(slot.connection.fd)

    def _turn(self, seconds: float) -> None:
        for fd, mask in self._poller.wait(seconds):
            self._moved = time.monotonic()
            if (slot := self._by_fd.get(fd)) is not None:
                self._session(slot, mask)
            elif (listener := self._listeners.get(fd)) is not None:
                self._listen(*listener)
        if time.monotonic() - self._moved > _STUCK_SECONDS:
            raise AsyncChatError(f"{self._clients.address}: nothing happened for {_STUCK_SECONDS:.0f} s")

    def _session(self, slot: _Slot, mask: int = 0) -> None:
        connection = slot.connection
        if connection is None:
            return
        try:
            connection.advance(mask)
        except ServerClosed:
            if not slot.said:
                raise
            self._poller.remove(connection.fd)
            del self._by_fd[connection.fd]
            connection.close()
            slot.connection = None
            self._gone += 1
            return
        if connection.joined and not slot.said:
            slot.said = True
            slot.sender.sent += 1
            text = messages.text(slot.sender.id, slot.sender.sent, messages.now(), self._pads)
            connection.send(
                self._dialect.say(slot.room, len(text)) + text + self._dialect.end + self._dialect.leave()
            )
            self._session(slot)  # the poller reports only once what has arrived meanwhile

    def _listen(self, connection: Connection, member: Member) -> None:
        room = self._rooms[connection.room]
        while chunk := connection.read():
            room.receive(member, chunk)
