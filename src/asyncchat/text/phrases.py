"""Parts of sentences that several features need: rooms, reasons, speech, lists of names, numbers.

Owns their wording; must not know a feature.
"""

from asyncchat.core.features.messages import Speech
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person

NAMES_SHOWN = 100
"""Names that one list shows: about a screen of them."""


def is_lobby(room: str) -> bool:
    """Whether a name means the lobby."""
    return room == LOBBY or fold(room) == LOBBY


def place(room: str) -> str:
    """A room as a sentence names it."""
    return "the lobby" if is_lobby(room) else room


def in_room(room: str, sentence: str) -> str:
    """The sentence, with the room before it unless that is the lobby."""
    return sentence if is_lobby(room) else f"[{room}] {sentence}"


def because(reason: str) -> str:
    """A reason in brackets, or nothing."""
    return f" ({reason})" if reason else ""


def after_colon(text: str) -> str:
    """A colon and the text, or nothing."""
    return f": {text}" if text else ""


def capitalized(text: str) -> str:
    """The text with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def counted(count: int, one: str, many: str) -> str:
    """``1 day``, ``1,500 days``."""
    return f"{count:,} {one if count == 1 else many}"


def first_names(names: list[str], size: int) -> list[str]:
    """At most ``NAMES_SHOWN`` of ``size`` names, and how many more there are."""
    if size <= NAMES_SHOWN:
        return names
    return [*names[:NAMES_SHOWN], f"{size - NAMES_SHOWN:,} others"]


def a_role(name: str) -> str:
    """A role as a sentence names it: ``an operator``."""
    return f"a{'n' if name[0] in 'aeiou' else ''} {name}"


def spoken(start: str, name: str, text: str, speech: Speech) -> str:
    """A person's message; each line of several has its speaker. Clients' own queries (CTCP) are not shown."""
    if speech is Speech.ACTION:
        start = f"{start}* {name} "
    elif speech is Speech.CTCP_QUERY or speech is Speech.CTCP_REPLY:
        return ""
    else:
        start = f"{start}{name}: "
    return "\n".join(start + part for part in text.split("\n")) if "\n" in text else start + text


def full_origin(person: Person) -> str:
    """A person with what others are not shown: the address behind a cloak."""
    return f"{person.origin} ({person.address})" if person.address else person.origin
