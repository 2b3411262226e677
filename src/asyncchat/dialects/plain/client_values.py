"""What a client of the plain dialect is told, as values.

Owns the closed set; the dialect has no ids and no dates, so neither have these.
"""

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """The server asks for a name; ``refusal`` is why the one given was no good, '' the first time."""

    refusal: str


class AskedPassword(msgspec.Struct, frozen=True):
    """The server asks for its password; ``refusal`` is why the one given was no good, '' the first time."""

    refusal: str


class Greeted(msgspec.Struct, frozen=True):
    """We are in, under this name; ``names`` are all who are there, in the order in which they came."""

    name: str
    names: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True):
    """Somebody said something.

    Attributes:
        name: who.
        text: what.
        room: where; '' is the lobby.
        private: whether it was said to us alone.
        action: whether the text is what they do (``/me``).
        clock: ``21:14`` when it was read from the history, in the server's zone; '' when it is new.
    """

    name: str
    text: str
    room: str = ""
    private: bool = False
    action: bool = False
    clock: str = ""


class CameOnline(msgspec.Struct, frozen=True):
    """Somebody joined the lobby, or another room."""

    name: str
    room: str = ""


class LeftChat(msgspec.Struct, frozen=True):
    """Somebody left the chat; the reason may be empty."""

    name: str
    reason: str = ""


class NowCalled(msgspec.Struct, frozen=True):
    """Somebody has another name."""

    name: str
    now: str


class Line(msgspec.Struct, frozen=True):
    """Anything else the server says, for people to read."""

    text: str


Value = Asked | AskedPassword | Greeted | Heard | CameOnline | LeftChat | NowCalled | Line
