"""The rooms a client is in: members and topic, as far as the server told.

Owns membership on the client's side; must not know the wire.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class ClientRoom:
    """One room that we are in; ``members`` by folded nick."""

    name: str
    members: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    listing: dict[str, str] | None = None
    """The answer to NAMES in the making; it replaces the members at its end."""


class ClientRooms:
    """All rooms that we are in, by folded name."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._rooms: dict[str, ClientRoom] = {}

    def get(self, name: str) -> ClientRoom | None:
        """The room, if we are in it."""
        return self._rooms.get(self._fold(name))

    def names(self) -> list[str]:
        """The rooms that we are in, in the order in which we joined."""
        return [room.name for room in self._rooms.values()]

    def enter(self, name: str) -> None:
        """We are in a room from now on."""
        self._rooms[self._fold(name)] = ClientRoom(name)

    def leave(self, name: str) -> None:
        """We are not in a room any more."""
        self._rooms.pop(self._fold(name), None)

    def add(self, name: str, nick: str) -> None:
        """Somebody is in a room."""
        if (room := self.get(name)) is not None:
            room.members[self._fold(nick)] = nick

    def remove(self, name: str, nick: str) -> None:
        """Somebody is in a room no more."""
        if (room := self.get(name)) is not None:
            room.members.pop(self._fold(nick), None)

    def with_member(self, nick: str) -> list[str]:
        """The rooms that somebody is in."""
        key = self._fold(nick)
        return [room.name for room in self._rooms.values() if key in room.members]

    def rename(self, nick: str, now: str) -> None:
        """Somebody has another nick."""
        key = self._fold(nick)
        for room in self._rooms.values():
            if room.members.pop(key, None) is not None:
                room.members[self._fold(now)] = now

    def listed(self, name: str, nicks: Iterable[str]) -> None:
        """A part of the answer to NAMES."""
        if (room := self.get(name)) is not None:
            if room.listing is None:
                room.listing = {}
            room.listing.update((self._fold(nick), nick) for nick in nicks)

    def list_ended(self, name: str) -> ClientRoom | None:
        """The end of the answer to NAMES: the room, if we are in it."""
        room = self.get(name)
        if room is not None and room.listing is not None:
            room.members, room.listing = room.listing, None
        return room
