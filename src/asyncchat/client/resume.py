"""Rejoins a client's rooms on each connection and reads what it missed from the history.

Owns that each message is yielded once and in order, and that gaps are reported; must not know registration or
sockets.
"""

import itertools
from collections.abc import Callable

import msgspec

from asyncchat.client import events
from asyncchat.client.outbox import Outbox, OutgoingMessage
from asyncchat.client.protocol import Settings
from asyncchat.client.room_cursor import RoomCursor
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_values import CantJoin, HistoryFailed, HistoryPage

_HISTORY_PAGE = 1000
"""Most messages requested at a time, even if the server allows more: few live events wait meanwhile."""


class Resume:
    """All rooms that we are in or want to be in.

    After a break each room is joined, and its history is read from the last message that was seen. Live
    events are held meanwhile, so that everything is yielded in order. The caller holds its own messages until
    ``done``.

    Args:
        settings: rooms, history, echo, clock.
        outbox: is told which of our own messages the history has.
        tokens: numbers for requests.
        emit: takes the events to yield.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        tokens: "itertools.count[int]",
        emit: Callable[[events.Event], None],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._tokens = tokens
        self._emit = emit
        self._cursors: dict[str, RoomCursor] = {}
        self._wanted: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._readings: dict[int, RoomCursor] = {}
        self._dialect: IrcClient | None = None
        self._former_nick = ""

    @property
    def done(self) -> bool:
        """Whether each wanted room is joined and read."""
        cursors = [self._cursors.get(key) for key in self._wanted]
        return all(cursor is not None and cursor.joined and cursor.backfill is None for cursor in cursors)

    def joined_rooms(self) -> list[str]:
        """The rooms that we are in."""
        return [cursor.name for cursor in self._cursors.values() if cursor.joined]

    def want(self, room: str, key: str = "") -> None:
        """Adds a room to join on each connection, and its key, if it has one."""
        self._wanted[self._fold(room)] = room
        if key:
            self._keys[room] = key

    def unwant(self, room: str) -> None:
        """Removes a room from those to join."""
        room = self._wanted.pop(self._fold(room), room)
        self._keys.pop(room, None)

    # One connection.

    def begin(self, dialect: IrcClient) -> None:
        """Joins all rooms on a new, registered connection, with names folded as this server does."""
        self._dialect = dialect
        self._wanted = {self._fold(room): room for room in self._wanted.values()}
        self._cursors = {self._fold(cursor.name): cursor for cursor in self._cursors.values()}
        for room in self._wanted.values():
            dialect.join(room, self._keys.get(room, ""))

    def lost(self) -> None:
        """Handles a break; what was not read yet is read on the next connection."""
        self._readings.clear()
        if self._dialect is not None and self.done:
            self._former_nick = self._dialect.nick
        for cursor in self._cursors.values():
            cursor.joined = False
            cursor.backfill = None  # what was held is in the history too, and is read from it next time

    def late(self) -> None:
        """Ends all readings, because the history is too slow."""
        self._readings.clear()
        for cursor in self._cursors.values():
            if cursor.backfill is not None:
                self._abandon(cursor)

    def settle(self) -> list[OutgoingMessage]:
        """Ends all doubt about our own messages; returns those whose result stays unknown."""
        read = [key for key, cursor in self._cursors.items() if cursor.joined and cursor.complete]
        for cursor in self._cursors.values():
            cursor.complete = True
        return self._outbox.settle(read, self._fold)

    # What the server sends.

    def joined(self, value: events.Joined) -> None:
        """Handles that we joined a room: reads what was missed, or the first time the latest messages."""
        dialect = self._dialect
        if dialect is None:
            return
        key = self._fold(value.room)
        cursor = self._cursors.setdefault(key, RoomCursor(value.room))
        self._wanted.setdefault(key, value.room)
        again, cursor.known, cursor.joined = cursor.known, True, True
        if not again:
            self._emit(value)
            cursor.touch(value.time)
        can_read = dialect.server.keeps_history
        if not again and not (self._settings.history and can_read):
            return
        backfill = cursor.begin(0 if again else self._settings.history)
        if not dialect.server.refers_by_id:
            cursor.use_times()
        if can_read and (backfill.position or backfill.latest):
            self._read_on(cursor, dialect)
        else:
            self._abandon(cursor)

    def cant_join(self, value: CantJoin) -> None:
        """Handles that we can't join a room."""
        now = self._settings.clock.now()
        self.unwant(value.room)
        cursor = self._cursors.pop(self._fold(value.room), None)
        self._emit(events.Refused(now, value.room, value.reason))
        if cursor is not None and cursor.known:
            nick = self._dialect.nick if self._dialect is not None else ""
            self._emit(events.Left(now, value.room, nick, value.reason, own=True))

    def message(self, message: events.Message) -> None:
        """Yields a message in its place, once."""
        cursor = self._cursors.get(self._fold(message.room))
        if cursor is None:
            self._give(message)
        elif cursor.backfill is not None:
            cursor.backfill.held.append(message)
        elif cursor.is_new(message):
            self._give(message)

    def in_room(self, event: events.RoomEvent) -> None:
        """Yields another event of a room in its place."""
        if isinstance(event, events.RoomRenamed):
            self._rename(event)
            return
        cursor = self._cursors.get(self._fold(event.room))
        if cursor is not None and cursor.backfill is not None:
            cursor.backfill.held.append(event)
            return
        if cursor is not None:
            cursor.touch(event.time)
            if not cursor.is_new_change(event):
                return
        self._emit(event)

    def _rename(self, event: events.RoomRenamed) -> None:
        """Keeps everything about a room that has another name now."""
        key, new = self._fold(event.room), self._fold(event.now)
        if (wanted := self._wanted.pop(key, None)) is not None:
            self._wanted[new] = event.now
            if (word := self._keys.pop(wanted, None)) is not None:
                self._keys[event.now] = word
        if (cursor := self._cursors.pop(key, None)) is not None:
            cursor.name = event.now
            self._cursors[new] = cursor
        self._emit(event)

    def out(self, event: events.Left | events.Kicked) -> None:
        """Handles that we are no longer in a room; it is not joined again."""
        self.unwant(event.room)
        cursor = self._cursors.pop(self._fold(event.room), None)
        if cursor is not None:
            self._release(cursor)
        self._emit(event)

    def page(self, page: HistoryPage) -> bool:
        """Takes a page of the history; False: it was not requested here."""
        cursor = self._readings.pop(page.token, None)
        if cursor is None:
            return False
        backfill = cursor.backfill
        if backfill is not None and backfill.latest:
            if backfill.first.take(page) and self._dialect is not None:
                self._read_on(cursor, self._dialect, before=page.oldest)
                return True
            first = backfill.first.result(0)
            page = msgspec.structs.replace(page, messages=tuple(first), changes=first.changes)
        found, more = cursor.page(page)
        for event in found:
            self._give_event(event)
        if more and self._dialect is not None:
            self._read_on(cursor, self._dialect)
        else:
            self._release(cursor)
        return True

    def failed(self, value: HistoryFailed) -> bool:
        """Handles that the history refused; False: it was not requested here."""
        cursor = self._readings.pop(value.token, None)
        if cursor is None:
            return False
        if cursor.by_time() and self._dialect is not None:
            self._read_on(cursor, self._dialect)
        else:
            self._abandon(cursor)
        return True

    # Details.

    def _read_on(self, cursor: RoomCursor, dialect: IrcClient, before: str = "") -> None:
        backfill = cursor.backfill
        if backfill is None:
            return
        token = next(self._tokens)
        self._readings[token] = cursor
        # With playback a page may have few messages among all else.
        most = _HISTORY_PAGE if self._settings.playback else backfill.latest or _HISTORY_PAGE
        backfill.asked = min(dialect.server.page, most)
        kind, position = ("LATEST", "*") if backfill.latest else ("AFTER", backfill.position)
        if before:
            kind, position = "BEFORE", f"msgid={before}"
        dialect.history(token, cursor.name, kind, position, limit=backfill.asked)

    def _abandon(self, cursor: RoomCursor) -> None:
        """Ends a reading early: what may be missing becomes a gap."""
        if cursor.backfill is not None and not cursor.backfill.latest:
            cursor.backfill.gap = True
            cursor.complete = False
        self._release(cursor)

    def _release(self, cursor: RoomCursor) -> None:
        for event in cursor.finish(self._settings.clock.now()):
            if cursor.is_new(event) if isinstance(event, events.Message) else cursor.is_new_change(event):
                self._give_event(event)

    def _give_event(self, event: events.Event) -> None:
        if isinstance(event, events.Message):
            self._give(event)
        else:
            self._emit(event)

    def _give(self, message: events.Message) -> None:
        # We may have sent it under a nick that our own dead connection still has.
        if message.replayed and (message.own or self._fold(message.nick) == self._fold(self._former_nick)):
            outgoing = self._outbox.found(self._fold(message.room), message, self._fold)
            if outgoing is not None:
                outgoing.receipt.part_taken(message.id)
                message = msgspec.structs.replace(message, own=True)
        if self._settings.echo or not message.own:
            self._emit(message)

    def _fold(self, name: str) -> str:
        return self._dialect.server.fold(name) if self._dialect is not None else name
