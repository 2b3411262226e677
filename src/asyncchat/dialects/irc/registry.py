"""The tables that the features of the IRC dialect fill: commands, replies, refusals and events.

Owns the tables and the decorators that fill them; must not know any feature. ``features`` imports all of
them. Nothing may be declared twice.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.table import Table
from asyncchat.dialects.irc.tokens import Message

Handler = Callable[[IrcSession, Message], Sequence[Command]]
"""(session, message) -> what is asked of the chat; the dialect's own answers are ``DialectReply`` in it."""


class CommandSpec(msgspec.Struct, frozen=True):
    """A command that clients may send.

    Attributes:
        handler: what it asks of the chat.
        least: parameters that it must have (else 461), none of them empty but those after the first
            ``filled``.
        early: whether it may come before the registration is complete (else 451).
        long: whether its answer may be as long as the list of people: nothing more is read until it is given.
        filled: see ``least``.
        targets: most targets in its list of them (TARGMAX); 0: it has no such list.
        needs: capabilities without which there is no such command (421).
        params: its parameters, as the specifications write them, for HELP.
        about: sentences for people, for HELP.
    """

    handler: Handler
    least: int = 0
    early: bool = False
    long: bool = False
    filled: int = 15
    targets: int = 0
    needs: int = 0
    params: str = ""
    about: str = ""

    def satisfied(self, params: tuple[str, ...]) -> bool:
        """Whether these parameters are enough."""
        return len(params) >= self.least and all(params[: min(self.least, self.filled)])


COMMANDS: Table[str, CommandSpec] = Table()
"""Each command that a client may send."""


def command(usage: str, about: str, **fields: Any) -> Callable[[Handler], Handler]:
    """Declares the handler of a command.

    Args:
        usage: its name and its parameters, as the specifications write them.
        about: sentences for people, for HELP.
        fields: others of ``CommandSpec``.
    """
    name, _, params = usage.partition(" ")

    def declare(handler: Handler) -> Handler:
        COMMANDS.put(name, CommandSpec(handler, params=params, about=about, **fields))
        return handler

    return declare


ReplyEncoder = Callable[[IrcSession, Any], bytes | Iterator[bytes]]
"""(session, reply) -> lines; those of a long reply one after the other."""

REPLIES: Table[type, ReplyEncoder] = Table()
"""The lines of a reply, of a refusal that needs more than a numeric, or of a ``DialectReply``'s value."""

REFUSALS: Table[type[Refusal], Callable[[Any], tuple[str, tuple[str, ...], str]]] = Table()
"""The numeric of each other refusal: its code, words and text."""

FAILURES: Table[type[Refusal], Callable[[Any], tuple[str, str, tuple[str, ...], str]]] = Table()
"""The FAIL of those that have no numeric (IRCv3 standard-replies): its command, code, context and text."""

_ReplyT = TypeVar("_ReplyT", bound=ReplyEncoder)


def reply(*kinds: type) -> Callable[[_ReplyT], _ReplyT]:
    """Declares how replies are told."""

    def put(encoder: _ReplyT) -> _ReplyT:
        for kind in kinds:
            REPLIES.put(kind, encoder)
        return encoder

    return put


numeric_of = REFUSALS.declare
"""Declares the numeric of a refusal by a function of it."""


def refusal(kind: type[Refusal], code: str, words: str, text: str) -> None:
    """Declares the numeric of a refusal, which is ``r`` in the words and in the text."""
    templates = words.split()
    numeric_of(kind)(lambda r: (code, tuple(one.format(r=r) for one in templates), text.format(r=r)))


def failure(kind: type[Refusal], command: str, code: str, context: str, text: str) -> None:
    """Declares the FAIL of a refusal, which is ``r`` in the context and in the text."""
    words = context.split()
    FAILURES.put(kind, lambda r: (command, code, tuple(one.format(r=r) for one in words), text.format(r=r)))


# Events, as others are told of them.

LineEncoder = Callable[[EncoderBase, Any], bytes]
"""(encoder, event) -> lines without tags."""

TaggedEncoder = Callable[[EncoderBase, Record, Any, str], bytes | None]
"""(encoder, record, event, reference of the batch) -> lines with tags; None: as ``LINES`` has it."""

Cause = Callable[[Any], Person | None]
"""event -> whose words its lines are; None: the server's."""

LINES: Table[type[Event], LineEncoder] = Table()
"""The lines of an event; one that is in no table is not told."""

CAUSES: Table[type[Event], Cause] = Table()
"""Whose words an event's lines are."""

TAGGED: Table[type[Event], TaggedEncoder] = Table()
"""The lines of an event with tags of its own, such as a message's id."""

PLAYBACK: Table[type[Event], TaggedEncoder] = Table()
"""The same in a page of the history; an event that is not here is told as ``LINES`` has it."""

COALESCED: Table[type[Event], Callable[[Sequence[Any]], list[bytes]]] = Table()
"""The lines of several events of one person that are told as one."""

WATCHED: Table[type[Event], LineEncoder] = Table()
"""What those are told who monitor a person, and share no room with it, where that is not as in ``LINES``."""

played_back = PLAYBACK.declare
"""Declares what a page of the history tells of events."""

coalesced = COALESCED.declare
"""Declares the lines of several events that are told as one."""

watched = WATCHED.declare
"""Declares what sessions are told that monitor a person."""


def by_the_server(_event: object) -> None:
    """The ``Cause`` of a line that is the server's."""
    return


def by_person(event: Any) -> Person | None:
    """The ``Cause`` of most lines: ``event.person``."""
    person: Person = event.person
    return person


def by_other(event: Any) -> Person | None:
    """The ``Cause`` of a line about a person that another one caused: ``event.by``."""
    other: Person | None = event.by
    return other


def lines(*kinds: type[Event], cause: Cause = by_person) -> Callable[[LineEncoder], LineEncoder]:
    """Declares the lines of events."""
    CAUSES.declare(*kinds)(cause)
    return LINES.declare(*kinds)


def tagged(*kinds: type[Event], playback: bool = True) -> Callable[[TaggedEncoder], TaggedEncoder]:
    """Declares lines with tags of their own, with ``playback`` in pages of the history too."""

    def declare(encode: TaggedEncoder) -> TaggedEncoder:
        if playback:
            played_back(*kinds)(encode)
        return TAGGED.declare(*kinds)(encode)

    return declare


# Events, as the person that caused them is told of them.

SelfEncoder = Callable[[IrcSession, Record, Any], bytes]
"""(session, record, event) -> lines."""

SiblingEncoder = Callable[[IrcSession, Record, Any, bool], bytes]
"""(session, record, event, whether the person is in no room) -> lines."""

SELF_EVENTS: Table[type[Event], SelfEncoder] = Table()
"""What the session that caused an event is told, where that is not what others are told."""

SIBLING_EVENTS: Table[type[Event], SiblingEncoder] = Table()
"""What the person's other sessions are told; nothing of an event that is not here."""

SIBLING_REPLIES: Table[type, Callable[[IrcSession, Any], bytes]] = Table()
"""The same for replies."""

to_self = SELF_EVENTS.declare
"""Declares what the session that caused events is told."""

to_siblings = SIBLING_EVENTS.declare
"""Declares what the other sessions of the person that caused events are told."""

reply_to_siblings = SIBLING_REPLIES.declare
"""Declares what the other sessions of a person are told of a reply."""


def not_to_self(*kinds: type[Event]) -> None:
    """Declares that the session that caused events is told nothing of them."""
    to_self(*kinds)(lambda _session, _record, _event: b"")


def to_siblings_as_to_self(*kinds: type[Event]) -> None:
    """Declares that all sessions of a person are told the same; ``to_self`` must have come before."""
    for kind in kinds:
        to_siblings(kind)(_as_to_self(SELF_EVENTS[kind]))


def _as_to_self(encode: SelfEncoder) -> SiblingEncoder:
    return lambda session, record, event, _alone: encode(session, record, event)


ServiceHandler = Callable[[IrcSession, str], Sequence[Command]]
"""(session, what was said to it) -> what is asked of the chat."""

SERVICES: Table[str, ServiceHandler] = Table()
"""By its folded name, each name that is nobody's and answers what is said to it."""

service = SERVICES.declare
"""Declares a service by its folded name."""
