"""The tables that the features of the IRC dialect fill: commands, replies, refusals and events.

Owns the tables and the decorators that fill them; must not know any feature. ``features`` imports all of
them. Nothing may be declared twice.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

K = TypeVar("K")
V = TypeVar("V")
F = TypeVar("F", bound=Callable[..., object])

# Commands.

Handler = Callable[[IrcSession, Message], Sequence[Command]]
"""(session, message) -> what is asked of the chat.

The dialect's own answers are ``DialectReply`` among it.
"""

HandlerT = TypeVar("HandlerT", bound=Handler)


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


COMMANDS: dict[str, CommandSpec] = {}
"""Each command that a client may send."""


def command(
    name: str,
    least: int = 0,
    *,
    early: bool = False,
    long: bool = False,
    filled: int = 15,
    targets: int = 0,
    needs: int = 0,
    params: str = "",
    about: str,
) -> Callable[[HandlerT], HandlerT]:
    """Declares the handler of a command; the arguments are those of ``CommandSpec``."""

    def declare(handler: HandlerT) -> HandlerT:
        spec = CommandSpec(handler, least, early, long, filled, targets, needs, params, about)
        _put(COMMANDS, name, spec)
        return handler

    return declare


# Replies and refusals.

ReplyEncoder = Callable[[IrcSession, Any], bytes]
"""(session, reply) -> lines."""

ReplyT = TypeVar("ReplyT", bound=ReplyEncoder)

NumericParts = tuple[str, tuple[str, ...], str]
"""Code, words, text."""

FailParts = tuple[str, str, tuple[str, ...], str]
"""Command, code, context, text of a FAIL (IRCv3 standard-replies)."""

REPLIES: dict[type, ReplyEncoder] = {}
"""The lines of a reply, of a refusal that needs more than a numeric, or of the value in a
``DialectReply``.
"""

REFUSALS: dict[type[Refusal], Callable[[Any], NumericParts]] = {}
"""The numeric of each other refusal."""

FAILURES: dict[type[Refusal], Callable[[Any], FailParts]] = {}
"""The FAIL of those that have no numeric."""


def reply(*kinds: type) -> Callable[[ReplyT], ReplyT]:
    """Declares how replies are told."""
    return _into(REPLIES, kinds)


def refusals(table: Mapping[type[Refusal], Callable[[Any], NumericParts]]) -> None:
    """Declares the numerics of refusals."""
    for kind, parts in table.items():
        _put(REFUSALS, kind, parts)


def failures(table: Mapping[type[Refusal], Callable[[Any], FailParts]]) -> None:
    """Declares the FAILs of refusals."""
    for kind, parts in table.items():
        _put(FAILURES, kind, parts)


# Events, as others are told of them.

LineEncoder = Callable[[EncoderBase, Any], bytes]
"""(encoder, event) -> lines without tags."""

LineT = TypeVar("LineT", bound=LineEncoder)

TaggedEncoder = Callable[[EncoderBase, Record, Any, str], bytes | None]
"""(encoder, record, event, reference of the batch) -> lines with tags; None: as ``LINES`` has it."""

TaggedT = TypeVar("TaggedT", bound=TaggedEncoder)

Cause = Callable[[Any], Person | None]
"""event -> whose words its lines are; None: the server's."""

LINES: dict[type[Event], LineEncoder] = {}
"""The lines of an event; one that is in no table is not told."""

CAUSES: dict[type[Event], Cause] = {}
"""Whose words an event's lines are."""

TAGGED: dict[type[Event], TaggedEncoder] = {}
"""The lines of an event with tags of its own, such as a message's id."""

PLAYBACK: dict[type[Event], TaggedEncoder] = {}
"""The same in a page of the history; an event that is not here is told as ``LINES`` has it."""

COALESCED: dict[type[Event], Callable[[Sequence[Any]], list[bytes]]] = {}
"""The lines of several events of one person that are told as one."""

WATCHED: dict[type[Event], LineEncoder] = {}
"""What those are told who monitor a person, and share no room with it, where that is not as in ``LINES``."""


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


def lines(*kinds: type[Event], cause: Cause = by_person) -> Callable[[LineT], LineT]:
    """Declares the lines of events."""
    for kind in kinds:
        _put(CAUSES, kind, cause)
    return _into(LINES, kinds)


def tagged(*kinds: type[Event], playback: bool = True) -> Callable[[TaggedT], TaggedT]:
    """Declares lines with tags of their own, with ``playback`` in pages of the history too."""

    def declare(encode: TaggedT) -> TaggedT:
        if playback:
            _into(PLAYBACK, kinds)(encode)
        return _into(TAGGED, kinds)(encode)

    return declare


def played_back(*kinds: type[Event]) -> Callable[[TaggedT], TaggedT]:
    """Declares what a page of the history tells of events."""
    return _into(PLAYBACK, kinds)


def coalesced(*kinds: type[Event]) -> Callable[[F], F]:
    """Declares the lines of several events that are told as one."""
    return _into(COALESCED, kinds)


def watched(*kinds: type[Event]) -> Callable[[LineT], LineT]:
    """Declares what sessions are told that monitor a person."""
    return _into(WATCHED, kinds)


# Events, as the person that caused them is told of them.

SelfEncoder = Callable[[IrcSession, Record, Any], bytes]
"""(session, record, event) -> lines."""

SelfT = TypeVar("SelfT", bound=SelfEncoder)

SiblingEncoder = Callable[[IrcSession, Record, Any, bool], bytes]
"""(session, record, event, whether the person is in no room) -> lines."""

SiblingT = TypeVar("SiblingT", bound=SiblingEncoder)

SELF_EVENTS: dict[type[Event], SelfEncoder] = {}
"""What the session that caused an event is told, where that is not what others are told."""

SIBLING_EVENTS: dict[type[Event], SiblingEncoder] = {}
"""What the person's other sessions are told; nothing of an event that is not here."""

SIBLING_REPLIES: dict[type, ReplyEncoder] = {}
"""The same for replies."""


def to_self(*kinds: type[Event]) -> Callable[[SelfT], SelfT]:
    """Declares what the session that caused events is told."""
    return _into(SELF_EVENTS, kinds)


def not_to_self(*kinds: type[Event]) -> None:
    """Declares that the session that caused events is told nothing of them."""
    to_self(*kinds)(_nothing)


def _nothing(_session: IrcSession, _record: Record, _event: object) -> bytes:
    return b""


def to_siblings(*kinds: type[Event]) -> Callable[[SiblingT], SiblingT]:
    """Declares what the other sessions of the person that caused events are told."""
    return _into(SIBLING_EVENTS, kinds)


def to_siblings_as_to_self(*kinds: type[Event]) -> None:
    """Declares that all sessions of a person are told the same; ``to_self`` must have come before."""
    for kind in kinds:
        _put(SIBLING_EVENTS, kind, _as_to_self(SELF_EVENTS[kind]))


def _as_to_self(encode: SelfEncoder) -> SiblingEncoder:
    return lambda session, record, event, _alone: encode(session, record, event)


def reply_to_siblings(*kinds: type) -> Callable[[ReplyT], ReplyT]:
    """Declares what the other sessions of a person are told of a reply."""
    return _into(SIBLING_REPLIES, kinds)


# Services.

ServiceHandler = Callable[[IrcSession, str], Sequence[Command]]
"""(session, what was said to it) -> what is asked of the chat."""

ServiceT = TypeVar("ServiceT", bound=ServiceHandler)

SERVICES: dict[str, ServiceHandler] = {}
"""By its folded name, each name that is nobody's and answers what is said to it."""


def service(key: str) -> Callable[[ServiceT], ServiceT]:
    """Declares a service by its folded name."""
    return _into(SERVICES, (key,))


def _into(table: dict[K, Any], keys: Sequence[K]) -> Callable[[F], F]:
    def declare(value: F) -> F:
        for key in keys:
            _put(table, key, value)
        return value

    return declare


def _put(table: dict[K, V], key: K, value: V) -> None:
    if key in table:
        raise ValueError(f"{key} is declared twice")
    table[key] = value
