"""Loads a server: senders keep a window (closed loop) or a rate (open loop), and every member is checked.

Owns the phases of a run: warm-up, measured time, and the wait for what is still in transit.
"""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from asyncchat.bench import messages, process
from asyncchat.bench.clients import CHUNK, Clients, Connection, Progress
from asyncchat.bench.poller import CLOSED, Poller
from asyncchat.bench.protocols import Dialect
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.verify import Faults, Member, Room, Samples, Sender
from asyncchat.bench.websocket import Frames

# Samples that an open loop may keep: counting them takes about a second.
_MOST_SAMPLES = 1_000_000
# In a closed loop, whose rate is not known beforehand, one client in twenty is sampled.
_SAMPLED_SHARE = 20
_LEAST_SAMPLED, _MOST_SAMPLED = 10, 100
# After the last message: silence for so long means that what is missing is lost; and the longest wait.
_SILENT_SECONDS, _DRAIN_SECONDS = 5.0, 60.0
# Once a client is disconnected the metrics are void; what the others receive may still show why.
_AFTER_FAILURE_SECONDS = 0.5
_Seat = tuple[Callable[[int], bytes], Callable[[Member, bytes], None], Member]


HUB, NODES, NATS = "hub", "nodes", "NATS"
"""The parts of a server with several nodes: the one that decides, the others, and what is between them."""


@dataclass(slots=True)
class Mark:
    """The counters at one moment of a run."""

    at: float
    server_cpu: float | None
    generator_cpu: float
    delivered: int
    sent: int
    machine_cpu: float | None = None
    spun: float = 0.0
    received: int = 0
    cpu_by_part: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What a load or a churn did between its two marks, and what was wrong with it."""

    begin: Mark
    end: Mark
    faults: Faults
    latencies: list[Samples] = field(default_factory=list)
    sampled: int = 0
    behind: float = 0.0  # how many seconds after the end the last deliveries came
    late: float = 0.0  # open loop: how late the generator itself was at worst, in seconds
    separate: int = 0  # members that received messages in another order than the first one
    sessions: int = 0  # churn: those that ended
    within: list[array[int]] = field(default_factory=list)  # latencies of messages of the same node
    across: list[array[int]] = field(default_factory=list)  # and of those of other nodes


@dataclass(frozen=True, slots=True)
class Setup:
    """What a load and a churn need.

    Args:
        clients: The clients, which have joined.
        scenario: What to do.
        dialect: The dialect that they speak.
        poller: Watches the clients' sockets.
        server_cpu: Returns the server's processor time so far, if known.
        progress: Called once a second with what was done.
        cpu_by_part: Returns the processor time of each part of the server so far.
        on_begin: Called when the measured time begins.
    """

    clients: Clients
    scenario: Scenario
    dialect: Dialect
    poller: Poller
    server_cpu: Callable[[], float | None]
    progress: Progress
    cpu_by_part: Callable[[], dict[str, float]] = dict
    on_begin: Callable[[], None] | None = None


def _receive_frames(
    frames: Frames, receive: Callable[[Member, bytes], None], member: Member, chunk: bytes
) -> None:
    """Receive the lines of what came over a WebSocket."""
    if lines := frames.read(chunk):
        receive(member, lines)


class Measured:
    """The rooms and senders of a load or a churn, and their counters."""

    def __init__(self, setup: Setup) -> None:
        self._clients, self._scenario, self._dialect = setup.clients, setup.scenario, setup.dialect
        self._poller, self._server_cpu, self._progress = setup.poller, setup.server_cpu, setup.progress
        self._cpu_by_part, self._on_begin = setup.cpu_by_part, setup.on_begin
        self._pads = messages.paddings(setup.scenario.payload, setup.scenario.filler)
        self._received = 0
        self._rooms: list[Room] = []
        self._senders: list[Sender] = []

    def _mark(self) -> Mark:
        return Mark(
            time.monotonic(),
            self._server_cpu(),
            time.process_time() - self._poller.spun,
            sum(room.delivered() for room in self._rooms),
            sum(sender.sent for sender in self._senders),
            process.machine_seconds(),
            self._poller.spun,
            self._received,
            self._cpu_by_part(),
        )


class Load(Measured):
    """One load on clients that have joined; the first ``scenario.senders`` of them send."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._connections: dict[Member, Connection] = {}
        self._opened: list[Sender] = []  # closed loop: the senders whose window has opened
        self._blocked: list[Sender] = []
        self._failed_at: float | None = None
        self._heard = 0.0
        self._told = time.monotonic()
        self._late = 0.0
        self._due = 0.0
        self._turns = 0
        self._random = random.Random(1)  # noqa: S311  # no secret; the same arrivals in each run
        self._reasons: dict[Member, str] = {}
        self._heads: list[bytes] = []
        self._sockets: list[Connection] = []
        self._table: list[_Seat | None] = []
        self._seat(setup.clients)

    def _seat(self, clients: Clients) -> None:
        seats: list[list[Member]] = [[] for _ in range(self._scenario.rooms)]
        for number, connection in enumerate(clients.connections):
            sender = None
            if number < self._scenario.senders:
                sender = Sender(number)
                self._senders.append(sender)
                self._heads.append(self._dialect.say(connection.room, self._scenario.payload))
                self._sockets.append(connection)
            member = Member(connection.nick, sender)
            self._connections[member] = connection
            seats[connection.room].append(member)
        self._table = [None] * (max(connection.fd for connection in clients.connections) + 1)
        for members in seats:
            room = Room(members, self._scenario.payload, self._scenario.filler, echo=self._dialect.echo,
                        on_other=self._other, on_open=self._opened.append)  # fmt: skip
            self._rooms.append(room)
            for member in members:
                connection = self._connections[member]
                receive = room.receive
                if connection.frames is not None:
                    receive = partial(_receive_frames, connection.frames, receive)
                self._table[connection.fd] = (connection.recv, receive, member)
        self._samples = self._sample()

    def _sample(self) -> dict[Member, Samples]:
        """Choose the listeners whose latencies are kept: a random sample, the same in each run."""
        listeners = [member for member in self._connections if member.sender is None]
        scenario = self._scenario
        if scenario.rate is not None:
            each = scenario.rate / scenario.rooms * scenario.seconds
            count = int(_MOST_SAMPLES / each)
        else:
            count = min(scenario.clients // _SAMPLED_SHARE, _MOST_SAMPLED)
        count = min(max(count, _LEAST_SAMPLED), len(listeners))
        chosen = random.Random(1).sample(listeners, count)  # noqa: S311  # no secret
        for member in chosen:
            member.samples = Samples()
        return {member: member.samples for member in chosen if member.samples is not None}

    def run(self) -> Outcome:
        """Warm up, measure, wait for the rest; return what happened between the marks."""
        loop = self._closed_loop if self._scenario.rate is None else self._open_loop
        self._opened += self._senders
        self._due = time.monotonic()
        loop(self._due + self._scenario.warmup)
        if self._on_begin is not None:
            self._on_begin()
        begin = self._mark()
        self._late = 0.0
        loop(begin.at + self._scenario.seconds)
        end = self._mark()
        behind = self._drain()
        faults = Faults()
        for room in self._rooms:
            if self._failed_at is None:
                room.finish()
            faults.add(room.faults)
        measured = {member: each.between(begin.at, end.at) for member, each in self._samples.items()}
        separate = sum(room.separate for room in self._rooms) - len(self._senders)
        samples = list(measured.values())
        outcome = Outcome(begin, end, faults, samples, len(samples), behind, self._late, max(separate, 0))
        self._by_node(measured, outcome)
        return outcome

    def _by_node(self, measured: dict[Member, Samples], outcome: Outcome) -> None:
        """Tell what came from the same node from what came from another one, if there are several."""
        sent_at = [connection.address for connection in self._sockets]
        if len({connection.address for connection in self._connections.values()}) == 1:
            return
        for member, samples in measured.items():
            own = self._connections[member].address
            within, across = array("Q"), array("Q")
            for latency, sender in zip(samples.latencies, samples.senders, strict=True):
                (within if sent_at[sender] == own else across).append(latency)
            outcome.within.append(within)
            outcome.across.append(across)

    def _closed_loop(self, end: float) -> None:
        """Keep each sender's window full; what becomes free at once is sent at once, in one write."""
        window = self._scenario.window or 1
        while (now := time.monotonic()) < end and self._failed_at is None:
            if self._opened:
                opened, at = dict.fromkeys(self._opened), messages.now()
                self._opened.clear()
                for sender in opened:
                    if (count := window - sender.sent + sender.acked) > 0:
                        self._say(sender, count, at)
            self._turn(self._poller.wait(min(end - now, 0.1)))
            if now - self._told > 1:
                self._tick(now)

    def _open_loop(self, end: float) -> None:
        """Send at the scheduled times, whatever arrives; a text carries its scheduled time."""
        while (now := time.monotonic()) < end and self._failed_at is None:
            while self._due <= now:
                sender = self._senders[self._turns % len(self._senders)]
                self._turns += 1
                self._late = max(self._late, now - self._due)
                self._say(sender, 1, int(self._due * 1e6))
                self._due += self._gap()
                now = time.monotonic()
            self._turn(self._poller.wait_until(min(self._due, end)))
            if now - self._told > 1:
                self._tick(now)

    def _gap(self) -> float:
        rate = self._scenario.rate or 1.0
        return self._random.expovariate(rate) if self._scenario.arrivals == "poisson" else 1 / rate

    def _turn(self, events: list[tuple[int, int]]) -> None:
        """Read what the sockets have. This is the generator's hot path: nothing is done for each line."""
        table = self._table
        if events:
            self._heard = time.monotonic()
        for fd, mask in events:
            if (seat := table[fd]) is None:
                continue
            recv, receive, member = seat
            more = True
            while more:
                try:
                    chunk = recv(CHUNK)
                except BlockingIOError:
                    break
                except OSError:
                    chunk = b""
                if not chunk:
                    self._closed(fd, member)
                    break
                self._received += len(chunk)
                receive(member, chunk)
                more = len(chunk) == CHUNK or bool(mask & CLOSED)
        if self._blocked:
            blocked, self._blocked = self._blocked, []
            for sender in blocked:
                self._write(sender)

    def _say(self, sender: Sender, count: int, at: int) -> None:
        head, end, pads, number = self._heads[sender.id], self._dialect.end, self._pads, sender.sent
        lines = [
            head + messages.text(sender.id, number + each, at, pads) + end for each in range(1, count + 1)
        ]
        sender.sent += count
        waiting = bool(sender.out)
        sender.out += b"".join(lines)
        if not waiting:
            self._write(sender)

    def _write(self, sender: Sender) -> None:
        try:
            taken = self._sockets[sender.id].sock.send(sender.out)
        except BlockingIOError:
            taken = 0
        except OSError:  # reading will find out why
            sender.out = b""
            return
        sender.out = sender.out[taken:]
        if sender.out:
            self._blocked.append(sender)

    def _other(self, member: Member, line: bytes) -> None:
        """Handle a line that is no message: answer it, or note what it says."""
        connection = self._connections[member]
        if answer := self._dialect.answer(line):
            connection.send(answer)
        elif (said := self._dialect.closing(line)) is not None:
            self._reasons[member] = said
        elif member.sender is not None and (said := self._dialect.refusal(line)) is not None:
            room = self._rooms[connection.room]
            room.faults.refused += 1
            room.faults.note(f"{member.name} is refused: {said}")
            self._fail()

    def _closed(self, fd: int, member: Member) -> None:
        self._table[fd] = None
        self._poller.remove(fd)
        room = self._rooms[self._connections[member].room]
        room.disconnect(member, self._reasons.get(member, "the server closed the connection"))
        self._fail()

    def _fail(self) -> None:
        if self._failed_at is None:
            self._failed_at = time.monotonic()

    def _tick(self, now: float) -> None:
        self._told = now
        for room in self._rooms:
            room.trim()
        self._progress(f"{sum(sender.sent for sender in self._senders):,} messages sent")

    def _drain(self) -> float:
        """Wait for what is in transit; return how many seconds that took."""
        began = now = self._heard = time.monotonic()
        silent = _SILENT_SECONDS if self._failed_at is None else _AFTER_FAILURE_SECONDS
        most = _DRAIN_SECONDS if self._failed_at is None else _AFTER_FAILURE_SECONDS
        while any(room.pending() for room in self._rooms):
            self._turn(self._poller.wait(0.1))
            now = time.monotonic()
            if now - self._heard > silent or now - began > most:
                break
        # A message that is delivered twice may come after everything that was expected.
        self._turn(self._poller.wait(0.01))
        return now - began
