"""What nodes say to each other as bytes: commands on their way to the hub, and outcomes in the stream.

Owns their form. What only the asking node understands, such as a dialect's own context, stays there: a number
stands for it. Must not know how the bytes travel.

A later version may add fields, at the end and with a default: one that does not know them passes them over.
What else it adds is of a higher level (``core.features.levels``).
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, Union, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from asyncchat.cluster.envelope import Envelope
from asyncchat.core.commands import Batch, Command, DialectReply, Query
from asyncchat.core.events import Ephemeral, Event, Record
from asyncchat.core.features import ANY_EVENT
from asyncchat.core.features.history import FoundMessage
from asyncchat.core.replies import Refusal, Reply
from asyncchat.log.base import LogError

_logger = logging.getLogger("asyncchat.cluster")


def _all(base: type) -> Iterator[Any]:
    kinds: list[type] = base.__subclasses__()
    for one in kinds:
        yield one
        yield from _all(one)


def _union(*kinds: type) -> Any:
    return Union[kinds]  # noqa: UP007  # a union of a tuple


ANY_COMMAND: Final[Any] = _union(*(one for one in _all(Command) if not one.io and one not in (Batch, Query)))
"""What the hub decides; what needs I/O is done where it is asked."""


KIND: Final = "node"
"""What these messages are called beside others in a stream."""


class Kept(msgspec.Struct, frozen=True, tag="kept", tag_field="is"):
    """An answer that the asking node's dialect made itself: what that node keeps under this number."""

    number: int


class Asks(msgspec.Struct, frozen=True, tag="asks", tag_field="is"):
    """A query that the asking node answers from its own state, which is the same at this place."""

    person: int
    query: _union(*_all(Query))  # type: ignore[valid-type]  # it is worked out


ANY_ITEM: Final[Any] = _union(*ANY_EVENT.__args__, *_all(Reply), *_all(Refusal), Kept, Asks)
"""What an outcome consists of."""


class Found(msgspec.Struct, frozen=True, array_like=True):
    """The message that a command is about, as the asking node's history has it."""

    number: int
    time: int
    event: ANY_EVENT


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """Commands on their way to the hub: one, or a batch with one outcome.

    Attributes:
        queue: whose order it is asked in: a session's number, or the node's own.
        counter: counts what is asked in that order from 1, without a hole.
        session: the session that asks; 0: none does.
        person: the person that asks.
        commands: what is asked; more than one are a ``Batch``.
        found: the messages that the one command is about.
        facts: facts that no session caused; then there are no commands.
    """

    queue: int
    counter: int
    session: int
    person: int
    commands: tuple[ANY_COMMAND, ...]
    found: tuple[Found, ...] = ()
    facts: tuple[ANY_EVENT, ...] = ()


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The one outcome of what was asked.

    Attributes:
        queue: as in ``Asked``; 0: the hub itself caused it.
        counter: as in ``Asked``.
        session: the session that asked.
        person: the person that asked.
        items: events, replies and refusals in order.
        stamps: the number and the time of each event, one after the other; numbers of what is not recorded
            are negative.
        ends: nothing more is asked in this order.
    """

    queue: int
    counter: int
    session: int
    person: int
    items: tuple[ANY_ITEM, ...]
    stamps: tuple[int, ...]
    ends: bool = False


class Elected(msgspec.Struct, frozen=True, tag="elected"):
    """A node is the hub from here on.

    Attributes:
        term: counts the hubs from 1.
        node: the node's number.
        name: its name, for people.
        first: the number of the next record.
        fresh: nobody is in the chat: no node was there that knew who is.
    """

    term: int
    node: int
    name: str
    first: int
    fresh: bool = False


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """Outcomes, in the order in which they were decided; none: the hub is there."""

    term: int
    told: tuple[Told, ...] = ()


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """A node is no more, and its people have left. What it still asks is not decided.

    Attributes:
        term: counts the hubs.
        node: the node's number.
        is_hub: whether it is the hub, which stops with this.
    """

    term: int
    node: int
    is_hub: bool = False


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """Here all nodes hash the state of the chat, and say what they got."""

    term: int


Message = Elected | Decided | Lost | Compare
"""A message of the stream."""


_OneLine = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z", max_length=255)]
"""What is shown in a line."""


class Alive(msgspec.Struct, frozen=True):
    """What each node says every second.

    Attributes:
        node: its number.
        name: its name, for people.
        sequence: the last message of the stream that it has folded.
        last: the number of the last record in its history.
        sessions: how many clients it serves.
        leaving: whether it stops.
        level: the highest level that it reads (``core.features.levels``).
        version: its version of asyncchat.
        place: the message of the stream at which it has hashed its state last; 0: at none.
        hash: the hash.
    """

    node: Annotated[int, msgspec.Meta(ge=1)]
    name: _OneLine
    sequence: int
    last: int
    sessions: int
    leaving: bool = False
    level: int = 1
    version: _OneLine = ""
    place: int = 0
    hash: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """Somebody at this address asks for the name of this person, which may be the same one, back."""

    person: int
    address: str


_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode


def asked_as_sent(asked: Asked) -> bytes:
    """What a node asks, by itself. After a bug nothing is asked there: the order has no hole."""
    try:
        return encode(asked)
    except Exception:
        _logger.exception("What somebody asked could not be sent to the hub; this is a bug of asyncchat")
        return encode(Asked(asked.queue, asked.counter, asked.session, asked.person, ()))


def joined(asked: Iterable[bytes]) -> bytes:
    """Several of what nodes ask, each encoded, as one message."""
    return encode([msgspec.Raw(one) for one in asked])


_decode_asked = msgspec.msgpack.Decoder(tuple[Asked, ...]).decode
_decode_message = msgspec.msgpack.Decoder(Message).decode
_decode_alive = msgspec.msgpack.Decoder(Alive).decode
_decode_wanted = msgspec.msgpack.Decoder(Wanted).decode


def asked_in(data: bytes) -> tuple[Asked, ...]:
    """What a node asks.

    Raises:
        LogError: this version can't read it.
    """
    try:
        return _decode_asked(data)
    except msgspec.MsgspecError as error:
        raise _unreadable("commands", error) from error


def alive_in(data: bytes) -> Alive:
    """What a node says every second.

    Raises:
        LogError: this version can't read it.
    """
    try:
        return _decode_alive(data)
    except msgspec.MsgspecError as error:
        raise _unreadable("a sign of life", error) from error


def wanted_in(data: bytes) -> Wanted:
    """Whose name is asked for.

    Raises:
        LogError: this version can't read it.
    """
    try:
        return _decode_wanted(data)
    except msgspec.MsgspecError as error:
        raise _unreadable("a question for a name", error) from error


def node_in(data: bytes) -> int:
    """The number of the node that asks for the state.

    Raises:
        LogError: this version can't read it.
    """
    try:
        return int(data)
    except ValueError as error:
        raise _unreadable("a question for the state", error) from error


def _unreadable(what: str, error: Exception) -> LogError:
    return LogError(
        f"Somebody has sent {what} that this version can't read ({error}): all nodes need the same version "
        "of asyncchat, and nobody else may write to NATS"
    )


def envelope(message: Message, batch: int, first: int, level: int) -> Envelope:
    """A message as it stands in the stream.

    Args:
        message: the message.
        batch: counts those of the term.
        first: the number of its first record; of the next one, if it has none.
        level: the level in force.
    """
    return Envelope(message.term, batch, first, KIND, encode(message), level=level)


def last_number(told: Iterable[Told]) -> int:
    """The number of the last record of outcomes; 0: they have none."""
    return max((one.stamps[at] for one in told for at in range(0, len(one.stamps), 2)), default=0)


def message_in(envelope: Envelope) -> Message:
    """The message.

    Raises:
        LogError: this version can't read it.
    """
    if envelope.kind != KIND:
        raise LogError(f"The stream has messages of another kind ({envelope.kind}): give the cluster its own")
    try:
        return _decode_message(envelope.payload)
    except msgspec.MsgspecError as error:
        raise LogError(f"The stream has what this version can't read ({error}): upgrade asyncchat") from error


# What stays at the asking node.

OPAQUE: Final = {
    kind: opaque
    for base in (Command, Reply, Refusal)
    for kind in _all(base)
    if (opaque := tuple(name for name, what in get_type_hints(kind).items() if what is object))
}
"""The fields of what only the asking node understands."""


def is_opaque(item: object) -> bool:
    """Whether only the node that asked understands an item of an outcome."""
    if type(item) is Asks:
        return type(item.query) in OPAQUE
    return type(item) is Kept or type(item) in OPAQUE


_NOTHING: Final = Record(0, 0, Event())
"""Stands for a message, which travels beside its command."""


def _with_records(kind: object) -> bool:
    """Whether a value of this type has messages in it."""
    return kind is Record or kind in RECORDS or any(_with_records(one) for one in get_args(kind))


RECORDS: Final[dict[type, tuple[str, ...]]] = {}
"""The fields of commands, and of what is in them, that have messages."""
for _kind in (FoundMessage, *ANY_COMMAND.__args__):
    if _names := tuple(name for name, what in get_type_hints(_kind).items() if _with_records(what)):
        RECORDS[_kind] = _names


def _apart(value: Any, found: list[Found]) -> Any:
    """A value without its messages, which are added to ``found``."""
    if type(value) is Record:
        found.append(Found(value.number, value.time, value.event))
        return _NOTHING
    if type(value) is tuple:
        return tuple([_apart(one, found) for one in value])
    if type(value) in RECORDS:
        return replace(value, **{name: _apart(getattr(value, name), found) for name in RECORDS[type(value)]})
    return value


def _together(value: Any, found: Iterator[Found]) -> Any:
    """A value with its messages again."""
    if type(value) is Record:
        one = next(found)
        return Record(one.number, one.time, one.event)
    if type(value) is tuple:
        return tuple([_together(one, found) for one in value])
    if type(value) in RECORDS:
        names = RECORDS[type(value)]
        return replace(value, **{name: _together(getattr(value, name), found) for name in names})
    return value


def outgoing(command: Command, kept: list[object]) -> tuple[tuple[Command, ...], tuple[Found, ...]]:
    """A command as it is sent, with the messages it is about; what stays here is added to ``kept``."""
    commands = tuple(_flat(command)) if isinstance(command, Batch) else (command,)
    found: list[Found] = []
    if type(command) in RECORDS:
        commands = (_apart(command, found),)
    return tuple([_kept_back(one, kept) if type(one) in OPAQUE else one for one in commands]), tuple(found)


def incoming(asked: Asked) -> Command:
    """The command as it is decided."""
    if len(asked.commands) != 1:
        return Batch(asked.commands)
    command: Command = asked.commands[0]
    return _together(command, iter(asked.found)) if asked.found else command


def _flat(batch: Batch) -> Iterator[Command]:
    for command in batch.commands:
        if isinstance(command, Batch):
            yield from _flat(command)
        else:
            yield command


def _kept_back(command: Command, kept: list[object]) -> Command:
    numbers = {}
    for name in OPAQUE.get(type(command), ()):
        value = getattr(command, name)
        if value is not None:
            numbers[name] = len(kept)
            kept.append(value)
    return replace(command, **numbers) if numbers else command


def told(
    queue: int, counter: int, session: int, person: int, outcome: Sequence[object], *, ends: bool = False
) -> Told:
    """An outcome as it goes into the stream."""
    items: list[object] = []
    stamps: list[int] = []
    for item in outcome:
        if isinstance(item, Record):
            stamps += (item.number, item.time)
            items.append(item.event)
        elif isinstance(item, int):  # the value of a DialectReply
            items.append(Kept(item))
        else:
            items.append(item)
    return Told(queue, counter, session, person, tuple(items), tuple(stamps), ends)


def items_of(one: Told, kept: Sequence[object] = ()) -> Iterator[object]:
    """The items of an outcome as they were decided, with what the asking node has kept."""
    stamps = iter(one.stamps)
    for item in one.items:
        if isinstance(item, Event):
            number = next(stamps)
            yield (Record if number > 0 else Ephemeral)(number, next(stamps), item)
        elif type(item) is Kept:
            yield kept[item.number] if kept else item
        elif kept and type(item) is Asks:
            yield Asks(item.person, _given_back(item.query, kept))
        elif kept and type(item) in OPAQUE:
            yield _given_back(item, kept)
        else:
            yield item


def _given_back(item: Any, kept: Sequence[object]) -> Any:
    numbers = {name: getattr(item, name) for name in OPAQUE.get(type(item), ())}
    values = {name: kept[number] for name, number in numbers.items() if number is not None}
    return replace(item, **values) if values else item


assert DialectReply in OPAQUE  # noqa: S101  # its value is an answer that stays
