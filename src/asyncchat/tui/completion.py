"""Completion of what is being typed: names, rooms and slash commands.

Owns which words fit and in which order; must not know the keys that ask for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncchat.client.slash_commands import COMMANDS
from asyncchat.core.names import fold
from asyncchat.text.slash import is_room, name_and_rest
from asyncchat.tui.wrapping import display_line


@dataclass(frozen=True, slots=True)
class Completion:
    """The words that fit.

    Attributes:
        start: where what is replaced begins; it ends at the cursor.
        words: what it may become, best first, with what follows each.
    """

    start: int
    words: tuple[str, ...]


def complete(
    before: str, speakers: Sequence[str], members: Iterable[str], rooms: Iterable[str]
) -> Completion:
    """What the word before the cursor may become.

    Args:
        before: the line up to the cursor.
        speakers: who spoke, the last one first: they come first.
        members: who is in the room.
        rooms: the rooms that are known.
    """
    start = before.rfind(" ") + 1
    begun = before[start:]
    at_start = not before[:start].strip()
    if at_start and begun.startswith("/"):
        words = sorted({c.name for word, c in COMMANDS.items() if word.startswith(begun[1:].lower())})
        return Completion(start, tuple(f"/{word} " for word in words))
    if is_room(begun):
        return Completion(start, tuple(f"{room} " for room in _beginning(begun, sorted(rooms, key=fold))))
    is_argument = before.lstrip().startswith("/")
    if not begun and not at_start and not is_argument:
        return Completion(start, ())
    after = ": " if at_start else " "
    sign = "@" if begun.startswith("@") and not is_argument else ""
    spoke = {fold(nick) for nick in speakers}
    ordered = [*speakers, *sorted((nick for nick in members if fold(nick) not in spoke), key=fold)]
    found = _beginning(begun.removeprefix("@"), ordered)
    return Completion(start, tuple(f"{sign}{nick}{after}" for nick in found))


def _beginning(begun: str, names: Iterable[str]) -> list[str]:
    return [display_line(name) for name in names if fold(name).startswith(fold(begun))]


def usage(text: str) -> str:
    """How the slash command is used that is being typed; '' for none."""
    if not text.startswith("/") or text.startswith("//") or "\n" in text:
        return ""
    word, _ = name_and_rest(text[1:])
    command = COMMANDS.get(word.lower())
    return "" if command is None else f"{command.usage} · {command.help}"
