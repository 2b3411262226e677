"""A session: one client, from its first byte to its last, as one task.

Owns its dialect and the pace at which its commands are read. Must not know what commands mean. ``delivery``
tells it what happens, and uses a few of its fields directly, because it is the hot path.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from asyncchat.core.commands import Command, DialectReply, Pause
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.replies import Refusal, Reply, StorageDown
from asyncchat.dialects.base import COMMANDS_A_TURN
from asyncchat.dialects.plain.dialect import PlainDialect
from asyncchat.server.chunked_writer import ChunkedWriter
from asyncchat.server.connection import GATHER_BYTES
from asyncchat.server.delivery import Barrier
from asyncchat.server.flood_control import ChargedConnection, FloodContext
from asyncchat.server.handover import SessionState
from asyncchat.server.limits import (
    ANSWER_BYTES,
    READ_BYTES,
    WAITING_LINES,
    NetworkBudget,
)
from asyncchat.server.measurements import Measurements
from asyncchat.server.recipients import Pending, catch_up, joined
from asyncchat.server.slices import PIECE_BYTES, next_piece

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig
    from asyncchat.dialects.base import Dialect, EventEncoder, Outcome
    from asyncchat.server.cloaks import Cloaks
    from asyncchat.server.delivery import Delivery
    from asyncchat.server.hub import Hub
    from asyncchat.server.outbox import Outbox
    from asyncchat.server.recipients import Subscribers
    from asyncchat.server.tls import Certificate
    from asyncchat.server.watchdog import Watchdog

_logger = logging.getLogger("asyncchat.session")

_NOBODY: frozenset[str] = frozenset()
"""Whom most sessions ignore: Python makes each empty one anew, of 216 bytes."""


class Ending(msgspec.Struct, frozen=True):
    """The last answer to a session, which is then disconnected."""

    answer: Reply | Refusal
    reason: str


IoResult = Command | Reply | Refusal | Ending
"""What an I/O command leads to: a command for the hub, or an answer."""

IoHandler = Callable[["Session", Any, int], Awaitable[IoResult]]
"""(session, command, number of the last record delivered before): performs an I/O command."""

Detector = Callable[["Session"], Awaitable[bytes | None]]
"""Gives a session its dialect; returns the input that the dialect has not seen yet, or None to end."""


class SessionContext(FloodContext):
    """What all sessions of a server share.

    Args:
        options: those of the server; a reload replaces them here.
        cloaks: hide the sessions' addresses from others.
        hub: decides their commands.
        outbox: takes the outcomes.
        delivery: tells them what happens.
        io_handlers: answer their I/O commands.
        watchdog: watches the loop that serves them.
        certificate: for connections over TLS; None: there are none.
    """

    def __init__(
        self,
        options: ServeConfig,
        *,
        cloaks: Cloaks,
        hub: Hub,
        outbox: Outbox,
        delivery: Delivery,
        io_handlers: Mapping[type[Command], IoHandler],
        watchdog: Watchdog,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(options, hub=hub, outbox=outbox, delivery=delivery, certificate=certificate)
        self.cloaks = cloaks
        self.io_handlers = io_handlers
        self.watchdog = watchdog
        self.measurements = Measurements(outbox.delays, outbox.commits)
        self.sessions: dict[Session, asyncio.Task[None] | None] = {}
        """The sessions of all connections, with their tasks."""
        self.stopping = False
        """Whether all sessions are to stop where they are, for another process to go on with them."""
        self.draining = False
        """Whether this node of a cluster is taken out of service, so that nobody new is let in."""
        self.cutting = False
        """Whether the rest of requests is not waited for any more, for the same reason."""


class Session(ChargedConnection):
    """One client.

    Fields that ``delivery`` uses: ``encoder`` (how others' events are encoded for it), ``subscriptions`` (its
    rooms), ``individual_turn`` (the batch in which it is served individually) and ``pending`` (what it is
    told in that batch), ``write`` (takes bytes now) and ``waiting`` (bytes that the kernel has not taken
    yet).
    """

    __slots__ = (
        "_told_in",
        "_waiter",
        "dialect",
        "encoder",
        "has_quit",
        "host",
        "how_to_go_on",
        "ignoring",
        "individual_turn",
        "is_parting",
        "may_stop",
        "pending",
        "probed_at",
        "reason",
        "rest",
        "subscriptions",
        "token",
        "waiting_since",
    )  # fmt: skip

    context: SessionContext
    encoder: EventEncoder
    weight = 1
    is_charged = True

    def __init__(
        self,
        context: SessionContext,
        id: int,
        address: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        network: NetworkBudget,
    ) -> None:
        super().__init__(context, id, address, reader, writer, network)
        self.host = context.cloaks.of(address)
        """What others see in the place of the address."""
        self.dialect: Dialect | None = None
        self.subscriptions: tuple[Subscribers, ...] = ()
        self.individual_turn = 0
        self.pending: Pending = []
        self.ignoring = _NOBODY
        self.reason = ""
        self.token = ""
        """The digest of the login token with which it came, until it shows the password."""
        self.waiting_since = self.heard_at
        self.probed_at = 0.0
        self.has_quit = False
        """Whether it asked to leave: nothing more may be asked then, not even that once more."""
        self.may_stop = False
        """Whether its task waits where another process can go on."""
        self.is_parting = False
        """Whether the last answer is given, and only read what the client still sends."""
        self.rest: bytes | None = None
        """What it had read and not processed when it stopped; None: it has not."""
        self.how_to_go_on: Callable[[], object] | None = None
        """Gives what another process has to know of a session without a dialect, or before it has a name."""
        self._waiter: asyncio.Future[int] | None = None
        self._told_in = 0
        """The last batch in which it was served individually, and which has been written."""

    # What delivery calls.

    def take_outcome(self, outcome: Outcome) -> None:
        """Takes the outcome of a command of this session, in its order."""
        if outcome and type(outcome[0]) is Barrier:
            return
        dialect = self.dialect or self.spoken
        try:
            own = dialect.encode_outcome(outcome)
        except Exception:  # noqa: BLE001 - it is logged, and ends only this session
            own = self._fail_to_say()
        if own or dialect.encoder is not self.encoder:
            catch_up(self)
        if own:
            self.pending.append(own)
            if len(own) > self.context.options.send_bytes:
                self._allowance += len(own)
                self.charge(len(own) / ANSWER_BYTES)
        if dialect.encoder is not self.encoder:
            self.encoder = dialect.encoder
            self.update_subscriptions()

    def encode_from_sibling(self, outcome: Outcome) -> bytes:
        """The bytes for what another session of the same person caused."""
        return self._said(partial(self.spoken.encode_from_sibling, alone=not self.subscriptions), outcome)

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The bytes for an outcome of another session that each session is told in its own way."""
        if self.dialect is None:  # a stream
            return b"".join([self.encoder.encode(item) for item in outcome if type(item) is Record])
        return self._said(self.spoken.encode_rename, outcome)

    def _said(self, say: Callable[[Outcome], bytes], outcome: Outcome) -> bytes:
        """What the dialect gives; a bug in it ends only this session."""
        try:
            return say(outcome)
        except Exception:  # noqa: BLE001 - it is logged
            return self._fail_to_say()

    def _fail_to_say(self) -> bytes:
        """Ends the session after a bug in its dialect."""
        _logger.exception("An answer to %s failed; this is a bug of asyncchat", self.address)
        self.context.loop.call_soon(self.disconnect, "internal error")
        return b""

    def write_pending(self) -> None:
        """Writes what this session was told individually so far."""
        if self.pending:
            self.tell(joined(self.pending))
            self.pending = []

    def flush_pending(self) -> None:
        """Writes it at the end of the batch, or at a barrier; whoever waits for that goes on."""
        if self.pending:
            self.write_pending()
        self._told_in = self.individual_turn
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(self.individual_turn)

    def ignores(self, record: Record) -> bool:
        """Whether this session ignores the person who caused an event."""
        event: Any = record.event  # an ignorable one has a person
        return event.ignorable and event.person.key in self.ignoring

    def is_slow(self) -> bool:
        """Whether too much waits to be sent, for too long; if much waits, more is gathered."""
        if self.dialect is not None and self._waits_more_than(GATHER_BYTES):
            self.context.gathered_output.add(self)
        return super().is_slow()

    # What I/O commands, streams and the server call.

    def update_subscriptions(self) -> None:
        """Tells the rooms that this session has another encoder, or ignores others, now."""
        for subscribers in self.subscriptions:
            subscribers.update(self)

    async def next_delivery(self) -> int:
        """Waits until something is delivered to this session individually; gives the number of the batch."""
        self._waiter = self.context.loop.create_future()
        return await self._waiter

    async def subscribe(self, room: str) -> int:
        """Subscribes to a room without being a member; pauses output until ``resume_output``.

        Returns:
            The number of the last record delivered before.
        """
        return await self._reach_barrier(room)

    def unsubscribe(self) -> None:
        """Unsubscribes from all rooms."""
        self.context.delivery.unsubscribe(self)

    def adopt(self, dialect: Dialect) -> None:
        """Uses this dialect from now on. Reads have no deadlines any more."""
        if self._read_timer is not None:
            self._read_timer.stop()
            self._read_timer = None
        self.dialect = dialect
        self.encoder = dialect.encoder

    def relocate(self, address: str) -> bool:
        """The client is at this address, as a proxy says. False: too many connections are from there."""
        moved = address == self.address or self.budget.move(address)
        if moved:
            self.address, self.host = address, self.context.cloaks.of(address)
            self.certificate = ""  # that was the proxy's
        return moved

    def disconnect(self, reason: str, *, at_once: bool = False, farewell: str = "") -> None:
        """Ends the session; the others are told the reason.

        ``at_once`` drops what waits to be sent: the client does not read. ``farewell``: what the client is
        told in the place of the reason, where this node of a cluster stops and others go on.
        """
        if self.ended:
            return
        self.reason = reason
        if not at_once:
            self._tell_last(farewell or reason, stopping=bool(farewell))
        self._leave(int((self.context.now() - self.heard_at) * 1_000_000) if at_once else 0)
        if at_once:
            self._writer.transport.abort()
        else:
            self._close()

    def shut_down(self, reason: str) -> None:
        """Ends the session because the server stops: the client is told, the others are not."""
        if not self.ended:
            self._tell_last(reason, stopping=True)
            self.ended = True
            self._wake()
            self._close()

    async def committed(self) -> None:
        """Waits until the log has all that was decided so far, so that an I/O command may tell it."""
        await self._reach_barrier()

    async def process_one(self, commands: Sequence[Command]) -> None:
        """Submits the commands of a single line, and waits for the outcome."""
        if self._submit(commands):
            await self._finish_output()
        elif commands and self.spoken.awaits(commands[-1]):
            await self._await_outcome(commands[-1])

    @property
    def spoken(self) -> Dialect:
        """The dialect of a session that has one."""
        if self.dialect is None:
            raise RuntimeError("a session without a dialect was spoken to")
        return self.dialect

    # The task.

    async def run(self, detect: Detector) -> None:
        """Serves the client until it leaves or is lost."""
        self.context.sessions[self] = asyncio.current_task()
        try:
            data = await detect(self)
            self.how_to_go_on = None
            while data is not None:
                await self._process(data)
                if self.ended or self.rest is not None:
                    return
                self.may_stop = True
                data = await self._reader.read(READ_BYTES)
                self.may_stop = False
                self.heard_at = self.context.now()
                if not data:
                    await self.context.turns.wait()
                    return await self._finish()
                self.context.outbox.weight += len(data)
                if len(data) == READ_BYTES:
                    await asyncio.sleep(0)  # more has come already: the next read would not wait
        except OSError as error:
            self.reason = self.reason or "connection lost"
            _logger.debug("Connection of %s lost: %s", self.address, error)
        except asyncio.CancelledError:
            # Python 3.11's streams report a cancelled task as failed.
            if self.context.stopping and self.may_stop:
                self.rest = b""
            else:  # the server stops and did not wait
                self._writer.transport.abort()
        except Exception:
            _logger.exception("A session of %s failed; this is a bug of asyncchat", self.address)
            self.disconnect("internal error")
        finally:
            if self.rest is None:
                self.how_to_go_on = None  # it knows the session
                await self.context.turns.wait()
                self._leave()
                if self.dialect is None and self.subscriptions:
                    self.unsubscribe()
                self._close()
                del self.context.sessions[self]
                self.budget.disconnect()
                self.forget_error()

    async def _finish(self) -> None:
        """Processes what the end of input still means, then leaves."""
        dialect = self.spoken
        commands = dialect.receive_eof()
        while commands and not self.ended:
            if self._submit(commands):
                return await self._finish_output()
            if dialect.awaits(commands[-1]):
                await self._await_outcome(commands[-1])
            commands = dialect.receive_data(b"")
        if not self.ended:
            self._ask([Quit("connection closed", automatic=True)])
            await self._finish_output()

    async def _process(self, data: bytes) -> None:
        """Submits all that was received, at the pace of the budgets; the rest waits in the kernel.

        If all sessions are to stop, what it has not submitted is ``rest``.
        """
        dialect = self.dialect or self.spoken
        pass_turns = self.context.pass_turns
        held = dialect.backlog
        hungry = True
        paid = 0
        while not self.ended:
            if self.context.stopping:
                self.rest = data
                return
            began = perf_counter()
            if began >= pass_turns.late_at:
                await pass_turns.wait()
                began = perf_counter()
            if self.context.outbox.failing and self.context.outbox.holds(self):
                await self.next_delivery()  # a refusal must not overtake what was accepted before
                continue
            limit = COMMANDS_A_TURN
            limited = self.context.options.limits
            if paid:
                limit = paid
            elif limited:
                allowed = self.lines_allowed()
                if allowed < 1:
                    await self.wait_for_budget(WAITING_LINES)
                    paid = WAITING_LINES
                    continue
                if allowed < limit:
                    limit = int(allowed)
            piece = b""
            if not limited:
                piece, data = data, b""
            elif data and (hungry or held < PIECE_BYTES):
                piece, data = next_piece(data)
            commands = dialect.receive_data(piece, limit)
            hungry = not commands
            left = self._submit(commands)
            if limited:
                taken = held + len(piece) - dialect.backlog
                self.charge_turn(commands, dialect.cost(commands), taken, perf_counter() - began, paid)
            held = dialect.backlog
            paid = 0
            if left:
                await self._finish_output()
            elif not commands:
                if not data:
                    return
            elif dialect.awaits(commands[-1]):
                await self._await_outcome(commands[-1])
                if self.is_crowded():
                    await self._wait_for_capacity()
                self._allowance = 0
            elif data or held:
                await self._wait_for_capacity()
            else:
                if self.context.outbox.full or self.is_crowded():
                    await self._wait_for_capacity()
                return

    def _submit(self, commands: Sequence[Command]) -> bool:
        """Hands commands to the hub, except an I/O command; whether the last one was to leave."""
        context = self.context
        if context.outbox.failing:
            return self._refuse(commands)
        if self.budget.network.guests_refused and context.options.limits:
            commands = self.within_quota(commands)
        if commands:
            last = commands[-1]
            if last.io:
                commands = commands[:-1]
            elif type(last) is Connect:
                account = last.account or self.peer_account
                whole = replace(last, address=self.address, account=account, tls=self.tls)
                commands = [*commands[:-1], whole]
            elif type(last) is Pause:
                commands = [*commands[:-1], DialectReply(last.value)]
        if context.hub.submit(self, commands):  # as _ask: here each call counts
            self.has_quit = True
        return self.has_quit

    def _ask(self, commands: Sequence[Command]) -> bool:
        """Has the hub decide commands; whether the last one was to leave."""
        if self.context.hub.submit(self, commands):
            self.has_quit = True
        return self.has_quit

    def _refuse(self, commands: Sequence[Command]) -> bool:
        """Answers commands while the history can't be written: only leaving is accepted."""
        for command in commands:
            if type(command) is Quit:
                return self._ask([command])
            answer = command.value if isinstance(command, DialectReply) else StorageDown()
            self.tell(self.spoken.encode_outcome((answer,)))
        return False

    async def _finish_output(self) -> None:
        """Waits until all that was asked before leaving is answered."""
        if not self.ended:
            if not self.context.outbox.failing:
                await self._reach_barrier()
            if not self.spoken.entered:
                self.resume_output(self.spoken.closing_bytes(""))
            self.ended = True

    async def _reach_barrier(self, room: str = "") -> int:
        """Waits until all that this session asked before is delivered, and pauses its output.

        Returns:
            The number of the last record delivered before.
        """
        barrier = self.context.hub.put_barrier(self, room)
        while barrier.reached < 0 and not self.ended:
            await self.next_delivery()
        return barrier.reached

    async def _await_outcome(self, command: Command) -> None:
        """Waits until the outcome of the last command is told; first performs it, if it needs I/O."""
        outbox = self.context.outbox
        if outbox.failing:  # it was refused, and that has been told
            return await asyncio.sleep(0)
        if command.io:
            reached = await self._reach_barrier()
            if self.ended:
                return
            result = await self.context.io_handlers[type(command)](self, command, reached)
            if not isinstance(result, Command):
                return await self._answer_io(result)
            self.resume_output()
            if self.ended:
                return
            self.context.hub.submit(self, [result])
        undecided = self.context.hub.undecided(self)
        told_in = outbox.batches + 1 if undecided is None else await undecided
        while not self.ended and self._told_in < told_in:  # told perhaps before this task ran
            await self.next_delivery()

    async def _answer_io(self, answer: Reply | Refusal | Ending) -> None:
        """Sends the answer to an I/O command, made and written in slices, and resumes the output."""
        told = answer.answer if isinstance(answer, Ending) else answer
        pieces = self.spoken.encode_slices((told,))
        length = 0
        while not self.ended and (data := await self.context.slices.take(pieces)) is not None:
            length += len(data)
            try:
                self.send(data)
            except RuntimeError:
                self.mark_lost()
                return
            await self.drained()
        if length > ANSWER_BYTES:
            self.charge(length / ANSWER_BYTES)
        self.resume_output()
        if isinstance(answer, Ending):
            self.disconnect(answer.reason)

    async def _wait_for_capacity(self) -> None:
        if self.context.outbox.full:
            await self.context.outbox.room()
        self.may_stop = True
        try:
            await self.drained()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self.context.stopping:
                raise
        self.may_stop = False

    def restore(self, state: SessionState) -> None:
        """Is the session that another process has handed over; ``go_on`` begins its task."""
        self.context.sessions[self] = None
        self.person_id, self.host, self.token = state.person_id, state.host, state.token
        self.secure, self.ignoring = state.secure, state.ignoring
        self.heard_at, self.waiting_since = state.heard_at, state.waiting_since
        self.probed_at = state.probed_at
        if state.dialect is not None:
            self.adopt(state.dialect)
        if state.pieces is not None and isinstance(state.dialect, PlainDialect):
            self.write_in_chunks(ChunkedWriter(state.dialect, self.send, state.pieces))
        if state.is_unsent:
            self.pause_output()
        if state.spent is not None:
            self.budget.restore(state.spent)

    def go_on(self, detect: Detector) -> None:
        """Goes on with a session that has stopped."""
        self.rest = None
        self.may_stop = False
        if self._held is not None:
            self.resume_output()
        self.read_on()
        if self._chunked_writer is not None:
            self._chunked_writer.go_on()
        self.context.sessions[self] = self.context.loop.create_task(self.run(detect))

    def state(self, *, is_unsent: bool) -> SessionState:
        """What another process needs of the session, which has stopped."""
        chunks = self._chunked_writer
        return SessionState(
            id=self.id,
            person_id=self.person_id,
            address=self.address,
            host=self.host,
            secure=self.secure,
            token=self.token,
            ignoring=self.ignoring,
            heard_at=self.heard_at,
            waiting_since=self.waiting_since,
            probed_at=self.probed_at,
            unread=(self.rest or b"") + self.unread,
            dialect=self.dialect,
            before=None if self.how_to_go_on is None else self.how_to_go_on(),
            pieces=None if chunks is None else chunks.stop(),
            is_unsent=is_unsent,
            spent=self.budget.spent(self.context.now()),
        )

    def stop(self) -> bool:
        """Stops the task where it is, for another process to go on; whether it has stopped or ended.

        To be called again until it has.
        """
        task = self.context.sessions.get(self)
        if task is None or task.done() or self.is_parting:
            return True
        if not self.is_answered:
            self.read_no_more()
        if self.may_stop:
            task.cancel()
        self._wake()
        return False

    @property
    def is_answered(self) -> bool:
        """Whether an HTTP request is being read or answered."""
        return self.dialect is None and self.how_to_go_on is not None and not self.may_stop

    async def wait_over_budget(self, until: float) -> None:
        """Waits until this time, or until the client is gone. What others say is gathered for it."""
        if self.dialect is not None:
            self.context.gathered_output.add(self)
        while not (self.ended or self.context.stopping) and (left := until - self.context.now()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.next_delivery()
            if self.lost:
                self.reason = "connection lost"
                return self._leave()
            self.heard_at = self.context.now()  # it has said more than is read: it is there

    def _leave(self, silent: int = 0) -> None:
        """Takes the session out of the chat, once.

        ``silent``: microseconds since it was last heard, if that means that the client was gone.
        """
        if not self.ended:
            self.ended = True
            if self.dialect is not None and not self.has_quit:
                self._ask([Quit(self.reason, silent, automatic=True)])
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self.individual_turn)

    def _tell_last(self, reason: str, *, stopping: bool = False) -> None:
        """Tells why the server closes the connection, after output that was kept back."""
        if self.dialect is not None:
            self.end_gathering()
            held, self._held = self._held, None
            if held is not None:
                self.write = self.send
            self.tell(b"".join(held or ()) + self.dialect.closing_bytes(reason, stopping=stopping))
