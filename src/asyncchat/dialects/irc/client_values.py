"""The values that ``IrcClient.receive_data`` gives.

Owns all that a connection says; must not know sockets, nor that there was a connection before.
"""

from datetime import datetime

import msgspec


class Value(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What a connection says: what people and the server say by themselves, or an answer to its owner."""


class Event(Value, frozen=True):
    """What a chat yields to a program."""


class RoomEvent(Event, frozen=True):
    """What happened in a room."""

    time: datetime
    room: str


class MemberEvent(RoomEvent, frozen=True):
    """What a person, ``nick``, did in a room, or what happened to it there."""

    nick: str


class Message(Event, frozen=True):
    """Somebody said something.

    Attributes:
        id: the server's id of it; '' where the server gives none. A message that the server cut to several
            lines comes as several values with one id, ``part`` counting from 0.
        time: when the server took it (UTC); when it came, where the server does not say.
        room: the room (``#…``) or, for a private message, the other person.
        own: whether we said it.
        action: ``/me waves``: the text is what the person does.
        notice: never to be answered automatically.
        replayed: read from the history: said before we came or while the line was down.
        reply_to: the id of the message that it answers; '' for none.
        edited: whether its author has replaced the text, as far as the history tells.
    """

    id: str
    time: datetime
    room: str
    nick: str
    text: str
    own: bool = False
    action: bool = False
    notice: bool = False
    replayed: bool = False
    part: int = 0
    reply_to: str = ""
    edited: bool = False


class Pinned(Message, frozen=True, kw_only=True):
    """A message that ``by`` pinned in its room at ``pinned``; ``text`` is how it begins.

    It is empty where the history no longer has the message.
    """

    by: str
    pinned: datetime


class Joined(MemberEvent, frozen=True):
    """Somebody joined a room."""

    own: bool = False


class Left(MemberEvent, frozen=True):
    """Somebody left a room; a person that leaves the chat leaves each room that we see."""

    reason: str = ""
    own: bool = False


class Kicked(MemberEvent, frozen=True):
    """``by`` put ``nick`` out of a room."""

    by: str
    reason: str = ""
    own: bool = False


class Renamed(Event, frozen=True):
    """Somebody, ``nick`` until then, is ``now``; ``rooms`` are those of ours that the person is in."""

    time: datetime
    nick: str
    now: str
    rooms: tuple[str, ...] = ()
    own: bool = False


class RoomRenamed(RoomEvent, frozen=True):
    """Somebody gave a room another name; its members are in it under ``now``."""

    now: str
    nick: str
    reason: str = ""


class Redacted(MemberEvent, frozen=True):
    """Somebody took a message, by its ``id``, out of the history; ``room`` as in ``Message``."""

    id: str
    reason: str = ""
    own: bool = False


class Reacted(MemberEvent, frozen=True):
    """Somebody put a reaction (``👍``) to the message with this ``id``, or took it back (``on`` is false)."""

    id: str
    reaction: str
    on: bool = True
    own: bool = False


class Edited(MemberEvent, frozen=True):
    """Somebody replaced what the message with this ``id`` says; ``room`` as in ``Message``."""

    id: str
    text: str
    own: bool = False


class Typing(MemberEvent, frozen=True):
    """Somebody is typing (``active``), thinks (``paused``), or no longer types (``done``)."""

    state: str = "active"


class ReadUpTo(RoomEvent, frozen=True):
    """We have read a room, or what a person wrote, up to this ``time``: here or on another device."""


class Preference(Event, frozen=True):
    """What our account chose about a ``target``, a room or a person: here, on another device, or before.

    ``name`` is ``ignore`` (``value`` is ``on``) or ``notify`` (``all``, ``none``); '' is the default.
    """

    time: datetime
    name: str
    target: str
    value: str


class TopicChanged(MemberEvent, frozen=True):
    """Somebody set a room's topic; '' took it away."""

    topic: str


class ModeChanged(MemberEvent, frozen=True):
    """Somebody changed a room's modes, ``mode`` as IRC writes them (``+o bob``)."""

    mode: str


class Present(RoomEvent, frozen=True):
    """The members of a room, and its topic: after our joining, and when asked."""

    nicks: tuple[str, ...]
    topic: str = ""


class Told(Event, frozen=True):
    """The server's own words; ``numeric`` is its reply code, '' for a notice."""

    time: datetime
    text: str
    numeric: str = ""


class Refused(Event, frozen=True):
    """The server did not do what was asked: the reason in its words.

    ``about`` is the room, person or command that it is about; ``text`` the message that was refused, '' when
    it was none.
    """

    time: datetime
    about: str
    reason: str
    text: str = ""
    numeric: str = ""


# Answers to what the owner of the connection asked; ``token`` is the number it asked under.


class Registered(Value, frozen=True):
    """The server let us in under this nick; its capabilities and limits are known."""

    nick: str
    server: str


class LoginRefused(Value, frozen=True):
    """We are not logged in to our account; the reason in the server's words or ours."""

    reason: str


class PasswordRefused(Value, frozen=True):
    """The server wants a password and got none, or another; the reason in its words."""

    reason: str


class StrictTransport(Value, frozen=True):
    """The server wants to be joined over TLS (IRCv3 sts).

    Attributes:
        port: where it is joined over TLS; 0: it does not say.
        seconds: for how long it wants to be joined so; None: it does not say.
    """

    port: int
    seconds: int | None


class NickRefused(Value, frozen=True):
    """We can't have that nick: ``taken`` by somebody, or not allowed."""

    nick: str
    reason: str
    taken: bool


class CantJoin(Value, frozen=True):
    """We are not let into a room."""

    room: str
    reason: str


class Acknowledged(Value, frozen=True):
    """The server has taken a message: as it goes to the others, made up where the server does not echo."""

    token: int
    message: Message


class Undelivered(Value, frozen=True):
    """The server did not take a message."""

    token: int
    refusal: Refused


class HistoryPage(Value, frozen=True):
    """A page of a room's history, of what was searched for (no room), or of its pins, oldest first.

    ``reached``: how far a search has looked that could not look everywhere, and ``why`` not
    (``core.features.search.CutShort``). ``ended``: whether the server says that nothing is behind it; a
    page may also end early because its texts are long.

    With draft/event-playback ``changes`` are the reactions, edits and redactions in it, in order; ``oldest``
    and ``newest`` are the ids of all that it has (joins too), ``until`` is the time of the last: one reads on
    from there.
    """

    token: int
    room: str
    messages: tuple[Message, ...]
    reached: datetime | None = None
    why: str = ""
    ended: bool = False
    changes: tuple[MemberEvent, ...] = ()
    oldest: str = ""
    newest: str = ""
    until: datetime | None = None


class HistoryFailed(Value, frozen=True):
    """There is no answer from the history. ``code`` is IRCv3's (``INVALID_MSGREFTYPE`` …) or a numeric."""

    token: int
    room: str
    code: str
    reason: str


class Pong(Value, frozen=True):
    """The answer to our PING."""

    token: str


class Closing(Value, frozen=True):
    """The server is about to close the connection (``ERROR``)."""

    reason: str
