"""A session: one client's connection, from its first byte to its last, as one task.

Owns its dialect and its pace; its bytes' way is ``line``'s. Must not know what commands mean. What it is told
comes from ``delivery``, which also knows the few fields of it that the hot path needs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.commands import Answer, Command, Enter, Quit
from asyncchat.core.events import Confided, Invited, Knocked, Reacted, ReactedTo, Record, Said, Whispered
from asyncchat.core.replies import StorageDown
from asyncchat.dialects.base import COMMANDS_A_TURN
from asyncchat.server.arrival import Arrival
from asyncchat.server.delivery import GateMark
from asyncchat.server.gates import GATES
from asyncchat.server.limits import READ_BYTES, Bucket
from asyncchat.server.line import Line

if TYPE_CHECKING:
    from asyncchat.dialects.base import Dialect, EventEncoder, Outcome
    from asyncchat.server.audience import Audience
    from asyncchat.server.service import Service

_logger = logging.getLogger("asyncchat.session")

SLICE_BYTES = 65_536
"""How much of a long answer is written before others get a turn."""

_HIDDEN = Said | Whispered | Confided | Invited | Knocked | Reacted | ReactedTo
"""What a session that ignores somebody is not shown of him."""


class Session(Line):
    """One client.

    Fields that ``delivery`` uses: ``encoder`` (how others' events are told to it), ``audiences`` (its rooms),
    ``apart`` (the turn in which it is served on its own) and ``parts`` (what it is told in that turn),
    ``write`` (takes bytes now, whatever becomes of them) and ``waiting`` (bytes not yet taken by the kernel).
    """

    __slots__ = (
        "_bucket", "_told", "apart", "audiences", "born", "dialect", "encoder", "host", "id", "ignoring",
        "parts", "probed", "reason", "who",
    )  # fmt: skip

    encoder: EventEncoder

    def __init__(
        self,
        service: Service,
        id: int,
        address: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(service, address, reader, writer)
        self.id = id
        self.who = id
        """The person's number, once it has entered: another session's where that is the same person."""
        self.host = service.cloaks.of(address)
        """What others see of the address."""
        self.dialect: Dialect | None = None
        self.audiences: tuple[Audience, ...] = ()
        self.apart = 0
        self.parts: list[bytes] = []
        self.ignoring: frozenset[str] = frozenset()
        self.reason = ""
        self.born = self.heard
        self.probed = 0.0
        self._told: asyncio.Future[None] | None = None
        self._bucket = Bucket(self.heard, service.options) if service.options.limits else None

    # What delivery calls.

    def hear_outcome(self, outcome: Outcome) -> None:
        """Takes what became of a command of this session, in its place in the order."""
        if outcome and type(outcome[0]) is GateMark:
            return
        dialect = self.spoken
        own = self._said(dialect.encode_outcome, outcome)
        if own:
            self.parts.append(own)
            if len(own) > self.service.options.send_bytes:
                self._allowance += len(own)
        if dialect.encoder is not self.encoder:
            self.encoder = dialect.encoder
            self.regroup()

    def follow(self, outcome: Outcome) -> bytes:
        """What this session is told of what another session of the same person caused."""
        return self._said(partial(self.spoken.encode_from_sibling, alone=not self.audiences), outcome)

    def learn(self, outcome: Outcome) -> bytes:
        """The bytes that tell this session what became of another's command."""
        if self.dialect is None:  # a stream
            return b"".join([self.encoder.encode(item) for item in outcome if type(item) is Record])
        return self._said(self.spoken.encode_rename, outcome)

    def _said(self, say: Callable[[Outcome], bytes], outcome: Outcome) -> bytes:
        """What the dialect says; a bug of it ends this session alone."""
        try:
            return say(outcome)
        except Exception:
            _logger.exception("An answer to %s failed; this is a bug of asyncchat", self.address)
            self.service.loop.call_soon(self.expel, "internal error")
            return b""

    def flush_parts(self) -> None:
        """Writes what this session was told on its own."""
        if self.parts:
            self.tell(b"".join(self.parts))
            self.parts = []
        told = self._told
        if told is not None:
            self._told = None
            if not told.done():
                told.set_result(None)

    def ignores(self, record: Record) -> bool:
        """Whether this session hides an event from itself."""
        event = record.event
        return isinstance(event, _HIDDEN) and event.person.key in self.ignoring

    # What gates and the service call.

    async def answer_in_slices(self, answer: object) -> None:
        """Ends a hold with a gate's answer, written in slices; then what was delivered meanwhile."""
        data = self.spoken.encode_outcome((answer,))
        while len(data) > SLICE_BYTES and not self.ended:
            try:
                self.send(data[:SLICE_BYTES])
            except RuntimeError:
                self.lose()
                return
            data = data[SLICE_BYTES:]
            await self.drained()
        self.release(data)

    def regroup(self) -> None:
        """Tells the rooms that this session is now told in another way."""
        for audience in self.audiences:
            audience.changed(self)

    async def told(self) -> None:
        """Waits until this session is next told something that concerns it."""
        self._told = self.service.loop.create_future()
        await self._told

    async def attend(self, room: str) -> int:
        """Has this session told of a room without being a member; deliveries wait for ``release``.

        Returns:
            The number of the last record delivered before.
        """
        return await self._turn(room)

    def depart(self) -> None:
        """Is told of its rooms no more."""
        self.service.delivery.leave(self)

    def adopt(self, dialect: Dialect) -> None:
        """Speaks this dialect from now on."""
        self.dialect = dialect
        self.encoder = dialect.encoder

    def expel(self, reason: str, *, at_once: bool = False) -> None:
        """Ends the session from the server's side; the others are told the reason.

        ``at_once`` drops what waits to be sent, as to a client that does not read.
        """
        if self.ended:
            return
        self.reason = reason
        if not at_once:
            self._tell_last(reason)
        self._leave(int((self.service.now() - self.heard) * 1_000_000) if at_once else 0)
        if at_once:
            self._writer.transport.abort()
        else:
            self._close()

    def dismiss(self, reason: str) -> None:
        """Ends the session because the server stops: it is told, the others are not."""
        if not self.ended:
            self._tell_last(reason, stopping=True)
            self.ended = True
            self._wake()
            self._close()

    async def obey_one(self, commands: Sequence[Command]) -> None:
        """Submits what a single line gave, and waits for its outcome."""
        if self._submit(commands):
            await self._depart()
        elif commands and self.spoken.paused:
            await self._outcome_of(commands[-1])

    @property
    def spoken(self) -> Dialect:
        """The dialect, of a session that has one."""
        if self.dialect is None:
            raise RuntimeError("a session without a dialect was spoken to")
        return self.dialect

    # The task.

    async def run(self) -> None:
        """Serves the client until it leaves or is lost."""
        self.service.sessions[self] = asyncio.current_task()
        try:
            data = await Arrival(self).settle()
            while data is not None:
                await self._obey(data)
                if self.ended:
                    return
                data = await self._reader.read(READ_BYTES)
                self.heard = self.service.now()
                if not data:
                    return await self._finish()
                self.service.outbox.weight += len(data)
                if len(data) == READ_BYTES:
                    await asyncio.sleep(0)  # more is there already, and reading it would not wait
        except OSError as error:
            self.reason = self.reason or "connection lost"
            _logger.debug("Connection of %s lost: %s", self.address, error)
        except asyncio.CancelledError:
            # The server stops and this was late; Python 3.11's streams report a cancelled task as failed.
            self._writer.transport.abort()
        except Exception:
            _logger.exception("A session of %s failed; this is a bug of asyncchat", self.address)
            self.expel("internal error")
        finally:
            self._leave()
            if self.dialect is None and self.audiences:
                self.depart()
            self._close()
            self.service.forget(self)

    async def _finish(self) -> None:
        """Obeys what the end of input still means, then leaves."""
        dialect = self.spoken
        commands = dialect.receive_eof()
        while commands and not self.ended:
            if self._submit(commands):
                return await self._depart()
            if dialect.paused:
                await self._outcome_of(commands[-1])
            commands = dialect.receive_data(b"")
        if not self.ended:
            self.service.hub.submit(self, [Quit("connection closed")])
            await self._depart()

    async def _obey(self, data: bytes) -> None:
        """Submits all that was received, at the session's pace."""
        dialect = self.spoken
        bucket = self._bucket
        while not self.ended:
            if self.service.outbox.failing and self.service.outbox.holds(self):
                await self.told()  # a refusal must not overtake what was accepted before
                continue
            if bucket is None:
                commands = dialect.receive_data(data)
            else:
                allowed = bucket.allowed(self.heard, self.service.options)
                if allowed < 1:
                    data = await self._slow_down(bucket, data)
                    continue
                commands = dialect.receive_data(data, min(COMMANDS_A_TURN, allowed))
                bucket.take(dialect.cost(commands))
            data = b""
            if not commands:
                return
            if self._submit(commands):
                await self._depart()
            elif dialect.paused:
                await self._outcome_of(commands[-1])
                await self.drained()
            elif dialect.backlog:
                await self._settle()
            else:
                if self.service.outbox.full or self.is_crowded():
                    await self._settle()
                return

    def _submit(self, commands: Sequence[Command]) -> bool:
        """Hands commands to the hub, all but a gate; whether the last thing asked was to leave."""
        service = self.service
        if service.outbox.failing:
            return self._refuse(commands)
        if commands:
            last = commands[-1]
            if type(last) in GATES:
                commands = commands[:-1]
            elif type(last) is Enter:
                commands = [*commands[:-1], msgspec.structs.replace(last, address=self.address)]
        return service.hub.submit(self, commands)

    def _refuse(self, commands: Sequence[Command]) -> bool:
        """Answers commands while the history can't be written: none is accepted, but to leave."""
        for command in commands:
            if type(command) is Quit:
                return self.service.hub.submit(self, [command])
            answer = command.value if type(command) is Answer else StorageDown()
            self.tell(self.spoken.encode_outcome((answer,)))
        return False

    async def _depart(self) -> None:
        """Stays until all that was asked before leaving is answered."""
        if not self.ended:
            if not self.service.outbox.failing:
                await self._turn()
            if not self.spoken.entered:
                self.release(self.spoken.closing_bytes(""))
            self.ended = True

    async def _turn(self, room: str = "") -> int:
        """Waits for this session's turn in the order, and holds what is delivered after it.

        Returns:
            The number of the last record delivered before.
        """
        mark = self.service.hub.begin_gate(self, room)
        while mark.reached < 0 and not self.ended:
            await self.told()
        return mark.reached

    async def _outcome_of(self, command: Command) -> None:
        """Waits for what decides how to read on: a gate's answer, or a command's outcome."""
        gate = GATES.get(type(command))
        if gate is not None:
            reached = await self._turn()
            if not self.ended:
                await gate(self, command, reached)
        while self.spoken.paused and not self.ended:
            await self.told()

    async def _settle(self) -> None:
        """Waits until this session may submit more."""
        if self.service.outbox.full:
            await self.service.outbox.room()
        await self.drained()
        await asyncio.sleep(0)

    async def _slow_down(self, bucket: Bucket, data: bytes) -> bytes:
        """Lets time pass for a session over its rate, while what it sends waits unread by anyone."""
        if self.spoken.backlog + len(data) > self.service.options.input_bytes:
            self.expel("too much input")
            return b""
        more = await self.read(bucket.wait(self.service.options))
        if more is None:
            self.heard = self.service.now()
            return data
        if not more:
            # The peer sends no more; what it sent is still taken at its pace.
            await asyncio.sleep(bucket.wait(self.service.options))
            self.heard = self.service.now()
        return data + more

    def _leave(self, silent: int = 0) -> None:
        """Takes the session out of the chat, once; for one who never entered nothing happens there.

        ``silent`` is for how many microseconds nothing was heard of it, where that means it was gone.
        """
        if not self.ended:
            self.ended = True
            if self.dialect is not None:
                self.service.hub.submit(self, [Quit(self.reason, silent)])
            self._wake()

    def _wake(self) -> None:
        """Lets the task see that something has changed."""
        if self._told is not None and not self._told.done():
            self._told.set_result(None)

    def _tell_last(self, reason: str, *, stopping: bool = False) -> None:
        """Says why the server closes, after what a gate held back."""
        if self.dialect is not None:
            held, self._held = self._held, None
            if held is not None:
                self.write = self.send
            self.tell(b"".join(held or ()) + self.dialect.closing_bytes(reason, stopping=stopping))
