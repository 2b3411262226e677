"""The rooms of a client over its connections: joined again, and what was missed read from the history.

Owns each message being given once and in order, and gaps being told; must not know registration or sockets.
"""

import itertools
from collections.abc import Callable

import msgspec

from asyncchat.client.conversation import Settings
from asyncchat.client.events import (
    Event,
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    Present,
    Reacted,
    Redacted,
    Refused,
    RoomRenamed,
    TopicChanged,
)
from asyncchat.client.memory import RoomMemory
from asyncchat.client.outbox import Outbox, Saying
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_values import CantJoin, HistoryFailed, HistoryPage

_HISTORY_PAGE = 1000
"""Most messages asked for at a time, whatever the server allows: what is held meanwhile stays small."""

InRoom = Joined | Left | Kicked | Present | Reacted | Redacted | TopicChanged | ModeChanged


class Resume:
    """All rooms that we are in or want to be in.

    After a break each room is joined and read from the last message seen; what is said meanwhile is held,
    so that all comes in order. The caller holds its own messages until ``done``.

    Args:
        settings: rooms, history, echo, clock.
        outbox: told of our own messages that the history has.
        tokens: numbers for questions.
        emit: takes what is to be yielded.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        tokens: "itertools.count[int]",
        emit: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._tokens = tokens
        self._emit = emit
        self._memories: dict[str, RoomMemory] = {}
        self._wanted: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._readings: dict[int, RoomMemory] = {}
        self._dialect: IrcClient | None = None
        self._former_nick = ""

    @property
    def done(self) -> bool:
        """Whether each wanted room is joined and read."""
        memories = [self._memories.get(key) for key in self._wanted]
        return all(memory is not None and memory.joined and memory.fill is None for memory in memories)

    def joined_rooms(self) -> list[str]:
        """The rooms that we are in."""
        return [memory.name for memory in self._memories.values() if memory.joined]

    def want(self, room: str, key: str = "") -> None:
        """A room to be in on each connection, and the key that it may have."""
        self._wanted[self._fold(room)] = room
        if key:
            self._keys[room] = key

    def unwant(self, room: str) -> None:
        """A room to be in no more."""
        room = self._wanted.pop(self._fold(room), room)
        self._keys.pop(room, None)

    # One connection.

    def begin(self, dialect: IrcClient) -> None:
        """A connection is registered: asks into all rooms, folded as this server does."""
        self._dialect = dialect
        self._wanted = {self._fold(room): room for room in self._wanted.values()}
        self._memories = {self._fold(memory.name): memory for memory in self._memories.values()}
        for room in self._wanted.values():
            dialect.join(room, self._keys.get(room, ""))

    def lost(self) -> None:
        """The connection is gone; what was not read yet is read on the next one."""
        self._readings.clear()
        if self._dialect is not None and self.done:
            self._former_nick = self._dialect.nick
        for memory in self._memories.values():
            memory.joined = False
            memory.forget_fill()

    def late(self) -> None:
        """The history is too slow: goes on without what it did not say."""
        self._readings.clear()
        for memory in self._memories.values():
            if memory.fill is not None:
                self._abandon(memory)

    def settle(self) -> list[Saying]:
        """Ends all doubt about our own messages; gives those whose fate stays unknown."""
        read = [key for key, memory in self._memories.items() if memory.joined and memory.complete]
        for memory in self._memories.values():
            memory.complete = True
        return self._outbox.settle(read, self._fold)

    # What the server says.

    def joined(self, value: Joined) -> None:
        """We are in a room: reads what was missed, or on the first time what is wanted."""
        dialect = self._dialect
        if dialect is None:
            return
        key = self._fold(value.room)
        memory = self._memories.setdefault(key, RoomMemory(value.room))
        self._wanted.setdefault(key, value.room)
        again, memory.known, memory.joined = memory.known, True, True
        if not again:
            self._emit(value)
            memory.touch(value.time)
        can_read = dialect.server.keeps_history
        if not again and not (self._settings.history and can_read):
            return
        fill = memory.begin(0 if again else self._settings.history)
        if not dialect.server.refers_by_id:
            memory.use_times()
        if can_read and (fill.position or fill.latest):
            self._read_on(memory, dialect)
        else:
            self._abandon(memory)

    def cant_join(self, value: CantJoin) -> None:
        """We are not let into a room."""
        now = self._settings.clock.now()
        self.unwant(value.room)
        memory = self._memories.pop(self._fold(value.room), None)
        self._emit(Refused(now, value.room, value.reason))
        if memory is not None and memory.known:
            nick = self._dialect.nick if self._dialect is not None else ""
            self._emit(Left(now, value.room, nick, value.reason, own=True))

    def message(self, message: Message) -> None:
        """A message came; in its place, and once."""
        memory = self._memories.get(self._fold(message.room))
        if memory is None:
            self._give(message)
        elif memory.fill is not None:
            memory.fill.held.append(message)
        elif memory.is_new(message):
            self._give(message)

    def in_room(self, event: InRoom) -> None:
        """Something else happened in a room."""
        memory = self._memories.get(self._fold(event.room))
        if memory is not None and memory.fill is not None:
            memory.fill.held.append(event)
            return
        if memory is not None:
            memory.touch(event.time)
        self._emit(event)

    def room_renamed(self, event: RoomRenamed) -> None:
        """A room has another name: it is the same one."""
        key, new = self._fold(event.room), self._fold(event.now)
        if (wanted := self._wanted.pop(key, None)) is not None:
            self._wanted[new] = event.now
            if (word := self._keys.pop(wanted, None)) is not None:
                self._keys[event.now] = word
        if (memory := self._memories.pop(key, None)) is not None:
            memory.name = event.now
            self._memories[new] = memory
        self._emit(event)

    def out(self, event: Left | Kicked) -> None:
        """We are in a room no more, and stay out."""
        self.unwant(event.room)
        memory = self._memories.pop(self._fold(event.room), None)
        if memory is not None:
            self._release(memory)
        self._emit(event)

    def page(self, page: HistoryPage) -> bool:
        """A page of the history has come. False: nobody here asked for it."""
        memory = self._readings.pop(page.token, None)
        if memory is None:
            return False
        found, more = memory.page(page)
        for event in found:
            self._give_event(event)
        if more and self._dialect is not None:
            self._read_on(memory, self._dialect)
        else:
            self._release(memory)
        return True

    def failed(self, value: HistoryFailed) -> bool:
        """The history has no answer. False: nobody here asked."""
        memory = self._readings.pop(value.token, None)
        if memory is None:
            return False
        if memory.by_time() and self._dialect is not None:
            self._read_on(memory, self._dialect)
        else:
            self._abandon(memory)
        return True

    # Small things.

    def _read_on(self, memory: RoomMemory, dialect: IrcClient) -> None:
        fill = memory.fill
        if fill is None:
            return
        token = next(self._tokens)
        self._readings[token] = memory
        fill.asked = min(dialect.server.page, _HISTORY_PAGE, fill.latest or _HISTORY_PAGE)
        kind, position = ("LATEST", "*") if fill.latest else ("AFTER", fill.position)
        dialect.history(token, memory.name, kind, position, limit=fill.asked)

    def _abandon(self, memory: RoomMemory) -> None:
        """Ends a reading before its end: what may be missing becomes a gap."""
        if memory.fill is not None and not memory.fill.latest:
            memory.fill.gap = True
            memory.complete = False
        self._release(memory)

    def _release(self, memory: RoomMemory) -> None:
        for event in memory.finish(self._settings.clock.now()):
            if not isinstance(event, Message) or memory.is_new(event):
                self._give_event(event)

    def _give_event(self, event: Event) -> None:
        if isinstance(event, Message):
            self._give(event)
        else:
            self._emit(event)

    def _give(self, message: Message) -> None:
        # Our ghost may still have the nick under which we said it.
        if message.replayed and (message.own or self._fold(message.nick) == self._fold(self._former_nick)):
            saying = self._outbox.found(self._fold(message.room), message, self._fold)
            if saying is not None:
                saying.receipt.part_taken(message.id)
                message = msgspec.structs.replace(message, own=True)
        if self._settings.echo or not message.own:
            self._emit(message)

    def _fold(self, name: str) -> str:
        return self._dialect.server.fold(name) if self._dialect is not None else name
