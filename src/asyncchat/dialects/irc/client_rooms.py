"""The rooms a client is in: members and topic, as far as the server told, and what happens there.

Owns membership on the client's side; must not know our own requests.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.client_server import ServerFacts
from asyncchat.dialects.irc.client_speech import moment, nick_of
from asyncchat.dialects.irc.client_values import (
    Joined,
    Kicked,
    Left,
    ModeChanged,
    Present,
    Renamed,
    RoomRenamed,
    TopicChanged,
    Value,
)
from asyncchat.dialects.irc.tokens import Message


@dataclass(slots=True)
class ClientRoom:
    """One room that we are in; ``members`` by folded nick."""

    name: str
    members: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    listing: dict[str, str] | None = None
    """The answer to NAMES in the making; it replaces the members at its end."""


class ClientRooms:
    """All rooms that we are in.

    Each method named for a command takes its line and the time where it has none, and gives what happened.

    Args:
        server: for folding and prefixes.
        is_own: whether a nick is ours.
    """

    def __init__(self, server: ServerFacts, is_own: Callable[[str], bool]) -> None:
        self._server = server
        self._is_own = is_own
        self._rooms: dict[str, ClientRoom] = {}

    def get(self, name: str) -> ClientRoom | None:
        """The room, if we are in it."""
        return self._rooms.get(self._server.fold(name))

    def join(self, line: Message, now: datetime) -> list[Value]:
        """JOIN."""
        nick, name = nick_of(line.source), line.param(0)
        own = self._is_own(nick)
        key = self._server.fold(name)
        if own:
            self._rooms[key] = ClientRoom(name)
        if (room := self._rooms.get(key)) is not None:
            room.members[self._server.fold(nick)] = nick
        return [Joined(moment(line, now), name, nick, own)]

    def part(self, line: Message, now: datetime) -> list[Value]:
        """PART."""
        return [self._left(line, line.param(0), nick_of(line.source), line.param(1), now)]

    def quit(self, line: Message, now: datetime) -> list[Value]:
        """QUIT: the person leaves each room that we see."""
        nick = nick_of(line.source)
        return [self._left(line, room, nick, line.param(0), now) for room in self._with(nick)]

    def kick(self, line: Message, now: datetime) -> list[Value]:
        """KICK."""
        room, nick = line.param(0), line.param(1)
        own = self._remove(room, nick)
        return [Kicked(moment(line, now), room, nick, nick_of(line.source), line.param(2), own)]

    def nick(self, line: Message, now: datetime) -> list[Value]:
        """NICK."""
        nick, new = nick_of(line.source), line.param(0)
        if not new:
            return []
        rooms = tuple(self._with(nick))
        for name in rooms:
            if (room := self.get(name)) is not None:
                del room.members[self._server.fold(nick)]
                room.members[self._server.fold(new)] = new
        return [Renamed(moment(line, now), nick, new, rooms, self._is_own(nick))]

    def rename(self, line: Message, now: datetime) -> list[Value]:
        """RENAME (draft/channel-rename)."""
        old, new = line.param(0), line.param(1)
        if not new:
            return []
        if (room := self._rooms.pop(self._server.fold(old), None)) is not None:
            room.name = new
            self._rooms[self._server.fold(new)] = room
        return [RoomRenamed(moment(line, now), old, new, nick_of(line.source), line.param(2))]

    def topic(self, line: Message, now: datetime) -> list[Value]:
        """TOPIC."""
        if (room := self.get(line.param(0))) is not None:
            room.topic = line.param(1)
        return [TopicChanged(moment(line, now), line.param(0), nick_of(line.source), line.param(1))]

    def mode(self, line: Message, now: datetime) -> list[Value]:
        """MODE; our own modes are nobody's business."""
        if not self._server.is_room(line.param(0)):
            return []
        modes = " ".join(line.params[1:])
        return [ModeChanged(moment(line, now), line.param(0), nick_of(line.source), modes)]

    def topic_is(self, line: Message, now: datetime) -> list[Value]:
        """RPL_TOPIC, RPL_NOTOPIC."""
        if (room := self.get(line.param(1))) is not None:
            room.topic = line.param(2) if line.command == numerics.RPL_TOPIC else ""
        return []

    def names(self, line: Message, now: datetime) -> list[Value]:
        """RPL_NAMREPLY."""
        room = self.get(line.params[-2]) if len(line.params) > 2 else None
        if room is not None:
            room.listing = room.listing or {}
            for nick in self._listed(line.params[-1].split()):
                room.listing[self._server.fold(nick)] = nick
        return []

    def names_end(self, line: Message, now: datetime) -> list[Value]:
        """RPL_ENDOFNAMES."""
        room = self.get(line.param(1))
        if room is None:
            return []
        if room.listing is not None:
            room.members, room.listing = room.listing, None
        return [Present(moment(line, now), room.name, tuple(room.members.values()), room.topic)]

    def _listed(self, words: Iterable[str]) -> Iterable[str]:
        prefixes = self._server.member_prefixes
        return (nick_of(word.lstrip(prefixes)) for word in words)

    def _with(self, nick: str) -> list[str]:
        key = self._server.fold(nick)
        return [room.name for room in self._rooms.values() if key in room.members]

    def _left(self, line: Message, room: str, nick: str, reason: str, now: datetime) -> Left:
        return Left(moment(line, now), room, nick, reason, self._remove(room, nick))

    def _remove(self, name: str, nick: str) -> bool:
        """Takes somebody out of a room; whether it was us."""
        own = self._is_own(nick)
        if own:
            self._rooms.pop(self._server.fold(name), None)
        elif (room := self.get(name)) is not None:
            room.members.pop(self._server.fold(nick), None)
        return own
