"""The messages that were shown lately, so that what answers one can be told and asked for by whose it is.

Owns which they are; must not know how they are shown.
"""

import msgspec

from asyncchat.client.events import Message
from asyncchat.core.names import fold

KNOWN = 2000
"""Messages remembered: some 300 bytes each."""


class Recent:
    """Messages by their ids, the newest last."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}

    def put(self, message: Message) -> None:
        """Remembers one that has an id; a further part of it is none."""
        if not message.id or message.part:
            return
        if len(self._messages) >= KNOWN:
            self._messages.pop(next(iter(self._messages)), None)
        self._messages[message.id] = message

    def get(self, id: str) -> Message | None:
        """The one with this id, if it was shown."""
        return self._messages.get(id)

    def rename_room(self, room: str, now: str) -> None:
        """What was said in a room was said in that one of another name."""
        for id, message in self._messages.items():
            if fold(message.room) == fold(room):
                self._messages[id] = msgspec.structs.replace(message, room=now)

    def last(self, room: str, nick: str = "", *, own: bool = False) -> Message | None:
        """The newest in a room by somebody; without a nick by ourselves (``own``), or by anybody else."""
        for message in reversed(list(self._messages.values())):
            by = fold(message.nick) == fold(nick) if nick else message.own is own
            if by and fold(message.room) == fold(room):
                return message
        return None
