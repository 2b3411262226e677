"""How what follows a slash command is read: names, rooms, and the rest of the line.

Owns the grammar of arguments; must not know any command.
"""

from asyncchat.core.names import ROOM_SIGNS

_ROOM_STARTS = ROOM_SIGNS | {"&"}
"""The first characters of a room's name; other IRC servers have rooms that begin with ``&``."""


def name_from(text: str) -> str:
    """A name as typed, trimmed; spaces inside become ``_``."""
    return "_".join(text.split())


def name_and_rest(text: str) -> tuple[str, str]:
    """The first word, and what follows it."""
    name, _, rest = text.partition(" ")
    return name, rest.strip()


def is_room(text: str) -> bool:
    """Whether a word names a room."""
    return text[:1] in _ROOM_STARTS if text else False


def room_from(text: str) -> str:
    """A room's name as typed; its ``#`` may be left out."""
    return text if is_room(text) else f"#{text}"


def switch_from(text: str) -> bool | None:
    """What ``on`` and ``off`` mean; None for anything else."""
    return {"on": True, "off": False}.get(text.lower())
