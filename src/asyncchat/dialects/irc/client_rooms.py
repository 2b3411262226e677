"""The rooms a client is in: members and topic, as far as the server told.

Owns membership on the client's side; must not know lines, nor our own requests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from asyncchat.dialects.irc.client_server import ServerFacts

ROOMS = 10_000
"""Most rooms that a server may put us into: each takes a few KB here, and is joined again after a break."""


@dataclass(slots=True)
class ClientRoom:
    """One room that we are in; ``members`` by folded nick, and the prefixes of those who have some."""

    name: str
    members: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    prefixes: dict[str, str] = field(default_factory=dict)
    listing: dict[str, str] | None = None
    """The answer to NAMES in the making; it replaces the members at its end."""
    listed_prefixes: dict[str, str] = field(default_factory=dict)


class ClientRooms:
    """All rooms that we are in.

    Args:
        server: for folding.
        is_own: whether a nick is ours.
    """

    def __init__(self, server: ServerFacts, is_own: Callable[[str], bool]) -> None:
        self._server = server
        self._is_own = is_own
        self._rooms: dict[str, ClientRoom] = {}

    def get(self, name: str) -> ClientRoom | None:
        """The room, if we are in it."""
        return self._rooms.get(self._server.fold(name))

    @property
    def are_full(self) -> bool:
        """Whether we are in as many rooms as we may be."""
        return len(self._rooms) >= ROOMS

    def add(self, name: str, nick: str) -> bool:
        """Puts somebody into a room; whether it was us."""
        own = self._is_own(nick)
        key = self._server.fold(name)
        if own:
            self._rooms[key] = ClientRoom(name)
        if (room := self._rooms.get(key)) is not None:
            room.members[self._server.fold(nick)] = nick
            room.prefixes.pop(self._server.fold(nick), None)
        return own

    def remove(self, name: str, nick: str) -> bool:
        """Takes somebody out of a room; whether it was us."""
        own = self._is_own(nick)
        if own:
            self._rooms.pop(self._server.fold(name), None)
        elif (room := self.get(name)) is not None:
            room.members.pop(self._server.fold(nick), None)
            room.prefixes.pop(self._server.fold(nick), None)
        return own

    def of(self, nick: str) -> list[str]:
        """The names of the rooms that somebody is in."""
        key = self._server.fold(nick)
        return [room.name for room in self._rooms.values() if key in room.members]

    def rename_member(self, nick: str, now: str) -> tuple[str, ...]:
        """Gives somebody another nick; the names of the rooms that the person is in."""
        names = tuple(self.of(nick))
        for name in names:
            if (room := self.get(name)) is not None:
                del room.members[self._server.fold(nick)]
                room.members[self._server.fold(now)] = now
                if prefixes := room.prefixes.pop(self._server.fold(nick), ""):
                    room.prefixes[self._server.fold(now)] = prefixes
        return names

    def change_modes(self, name: str, modes: Sequence[str]) -> None:
        """Takes a MODE of a room: letters with their signs, then the parameters of those that have one."""
        room = self.get(name)
        if room is None or not modes:
            return
        signs, parameters, on = self._server.member_modes, iter(modes[1:]), True
        for letter in modes[0]:
            if letter in "+-":
                on = letter == "+"
            elif letter in signs:
                key = self._server.fold(next(parameters, ""))
                held = room.prefixes.pop(key, "").replace(signs[letter], "") + signs[letter] * on
                if held and key in room.members:
                    room.prefixes[key] = "".join(sorted(held, key=self._server.member_prefixes.find))
            elif self._server.has_parameter(letter, on):
                next(parameters, "")

    def rename(self, name: str, now: str) -> None:
        """Gives a room another name."""
        if (room := self._rooms.pop(self._server.fold(name), None)) is not None:
            room.name = now
            self._rooms[self._server.fold(now)] = room
