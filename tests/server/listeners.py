"""Sessions without sockets around the real hub, outbox and delivery: an event's bytes are its number."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from asyncchat.config.options import ServeConfig
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.dialects.base import EventEncoder, Outcome
from asyncchat.log.base import Log
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cloaks import Cloaks
from asyncchat.server.delivery import Delivery
from asyncchat.server.hub import Hub
from asyncchat.server.outbox import Outbox
from asyncchat.server.recipients import Recipient
from asyncchat.server.session import Session, SessionContext
from asyncchat.server.watchdog import Watchdog


class Everything:
    """A encoder that is told of all events, but those that pass by without a number."""

    join = staticmethod(b"".join)

    def encode(self, record: Record) -> bytes:
        return b"%d " % record.number if record.number else b""


class TextsOnly(Everything):
    """A encoder that is told of texts alone."""

    def encode(self, record: Record) -> bytes:
        return super().encode(record) if isinstance(record.event, Said | SaidInPrivate) else b""


EVERYTHING, TEXTS_ONLY = Everything(), TextsOnly()


class Numbers:
    """A dialect whose answers are its own events' numbers; going away and coming back changes its encoder."""

    is_web = False

    def __init__(self) -> None:
        self.entered = True
        self.backlog = 0
        self.encoder: EventEncoder = EVERYTHING

    def encode_outcome(self, outcome: Outcome) -> bytes:
        for item in outcome:
            if isinstance(item, Record) and isinstance(item.event, AwayChanged):
                self.encoder = TEXTS_ONLY if item.event.text else EVERYTHING
        return b"".join(b"=%d " % item.number for item in outcome if isinstance(item, Record) and item.number)

    def encode_slices(self, outcome: Outcome) -> Iterator[bytes]:
        yield self.encode_outcome(outcome)

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        return b""

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        return f"({reason}) ".encode()

    def receive_data(self, data: bytes, limit: int = 64) -> list[Command]:
        return []

    def cost(self, commands):
        return len(commands)

    def receive_eof(self) -> list[Command]:
        return []

    def awaits(self, command: Command) -> bool:
        return False

    def ping(self) -> bytes:
        return b""

    def encode_rename(self, outcome: Outcome) -> bytes:
        return self.encode_outcome(outcome)

    def on_tick(self, _now: float) -> bytes:
        return b""


class Transport:
    """A transport that keeps what it was told, loses its peer, or takes nothing."""

    def __init__(self) -> None:
        self.data = b""
        self.writes = 0
        self.lost = False
        self.stalled = 0

    def write(self, data: bytes) -> None:
        if self.lost:
            raise RuntimeError("unable to perform operation; the handler is closed")
        self.data += data
        self.writes += 1

    def get_write_buffer_size(self) -> int:
        return self.stalled

    def is_closing(self) -> bool:
        return self.lost

    def abort(self) -> None:
        self.lost = True

    close = abort


class Watched(Session):
    """A session that notes when it is disconnected because it is slow."""

    slow: list[Session]

    def disconnect(self, reason: str, *, at_once: bool = False, farewell: str = "") -> None:
        if reason == "too slow":
            self.slow.append(self)
        super().disconnect(reason, at_once=at_once)


class Hall:
    """A chat in memory: the server's parts, sessions on request, and what was put into the outbox."""

    def __init__(self, log: Log | None = None) -> None:
        self.log = log or MemoryLog()
        self.slow: list[Session] = []
        chat = Chat()
        self.delivery = Delivery(chat)
        self.outbox = Outbox(self.log, self.delivery)
        self.time = 0
        self.hub = Hub(chat, self.log, self.outbox, clock=self.tick)
        self.put: list[tuple[Any, Outcome]] = []
        self.connections: dict[Session, Transport] = {}
        self._put = self.outbox.put
        self.outbox.put = self._note  # type: ignore[method-assign]  # looks on, changes nothing
        self._ids = 0
        self.task: asyncio.Task[None]

    def tick(self) -> int:
        self.time += 1
        return self.time

    def _note(self, session: Recipient, outcome: Outcome, records: int) -> None:
        self.put.append((session, outcome))
        self._put(session, outcome, records)

    def session(self, reader: Any = None) -> Session:
        self._ids += 1
        connection = Transport()
        context = SessionContext(
            ServeConfig(limits=False),
            cloaks=Cloaks(b""),
            hub=self.hub,
            outbox=self.outbox,
            delivery=self.delivery,
            io_handlers={},
            watchdog=Watchdog(0),
        )
        writer: Any = SimpleNamespace(transport=connection)
        network = context.budgets.connect("10.0.0.1")
        assert network is not None
        session = Watched(context, self._ids, "10.0.0.1", reader, writer, network)
        session.slow = self.slow
        session.adopt(Numbers())
        self.connections[session] = connection
        return session

    def told(self, session: Session) -> list[str]:
        return self.connections[session].data.decode().split()

    def submit(self, session: Session, *commands: Command) -> None:
        self.hub.submit(session, commands)


class Running:
    """Runs a hall's outbox while the block runs; what it raised comes out of the block's end."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def __aenter__(self) -> Hall:
        self._hall.task = self._task = asyncio.create_task(self._hall.outbox.run())
        await asyncio.sleep(0)  # it waits for its first outcome
        return self._hall

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()
