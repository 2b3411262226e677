"""Recipients: whoever events are delivered to, and the subscribers of each room, grouped by the bytes they
get.

Owns what ``delivery`` needs of a recipient, and membership as far as it has been delivered, which may be
behind the hub's state. Must not know sessions or the rules of the chat.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Set
from typing import Protocol

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.roles import Right
from asyncchat.dialects.base import EventEncoder, Outcome

_logger = logging.getLogger("asyncchat.delivery")


class Lines(msgspec.Struct, frozen=True):
    """Some lines of a room's batch, for a member that is served individually."""

    lines: list[bytes]
    start: int
    end: int


Pending = list[bytes | Lines]
"""What a recipient is told in a batch, in order."""


def joined(pending: Pending) -> bytes:
    """The bytes of what a recipient is told."""
    return b"".join(
        [part if type(part) is bytes else b"".join(part.lines[part.start : part.end]) for part in pending]  # type: ignore[union-attr]  # it is no bytes
    )


class Recipient(Protocol):
    """Whoever is told what happens: a session, a stream, a webhook, a person without a session, the server
    itself.

    The attributes are on the hot path of ``delivery``. ``write`` raises RuntimeError if the connection was
    lost a moment ago.
    """

    person_id: int
    """The person's number."""
    individual_turn: int
    """The batch in which it is served individually."""
    subscriptions: tuple[Subscribers, ...]
    """Its rooms."""
    id: int
    """Its own number; no two recipients have the same."""
    address: str
    """Its client's address; empty without a client."""
    ended: bool
    """Whether it must not be told anything any more."""
    weight: int
    """As how many members it counts where a message is charged by them."""
    is_charged: bool
    """Whether what it asks is charged to a client."""
    encoder: EventEncoder
    """Encodes others' events for it."""
    pending: Pending
    """What it is told in the batch in which it is served individually."""
    ignoring: frozenset[str]
    """The names of those whom it ignores, folded."""

    @property
    def write(self) -> Callable[[bytes], object]:
        """Takes bytes now."""

    def ignores(self, record: Record) -> bool:
        """Whether it ignores the person who caused an event."""

    def charge(self, lines: float, told: float = 0.0) -> None:
        """Charges what it asked, in lines, and to how many it is told."""

    def take_outcome(self, outcome: Outcome) -> None:
        """Takes the outcome of its own command, in its order."""

    def encode_from_sibling(self, outcome: Outcome) -> bytes:
        """The bytes for what another session of the same person caused."""

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The bytes for an outcome with the rename of a room, which each is told in its own way."""

    def write_pending(self) -> None:
        """Writes what it was told individually so far."""

    def flush_pending(self) -> None:
        """Writes what it was told individually, at the end of the batch."""

    def pause_output(self) -> None:
        """Keeps deliveries back until the answer to its I/O command is made."""

    def is_slow(self) -> bool:
        """Whether too much of what others said waits to be sent."""

    def mark_lost(self) -> None:
        """Takes note that its connection was lost a moment ago."""

    def disconnect(self, reason: str, *, at_once: bool = False) -> None:
        """Ends it; ``at_once`` drops what waits to be sent."""


class _Silence:
    """The encoder of a recipient that is told nothing."""

    join = staticmethod(b"".join)

    def encode(self, _record: Record) -> bytes:
        """No bytes."""
        return b""


_SILENCE = _Silence()


class SilentRecipient:
    """A recipient without a client, such as the server itself; it is told nothing.

    Args:
        id: its own number.
        who: the person's number; 0: nobody's.
    """

    weight = 1
    is_charged = False
    encoder: EventEncoder = _SILENCE
    ended = True
    address = ""
    ignoring: frozenset[str] = frozenset()

    def __init__(self, id: int = 0, person_id: int = 0) -> None:
        self.id = id
        self.person_id = person_id
        self.individual_turn = 0
        self.pending: Pending = []
        self.subscriptions: tuple[Subscribers, ...] = ()

    def write(self, _data: bytes) -> None:
        """Writes nothing."""

    def ignores(self, _record: Record) -> bool:
        """Ignores nobody."""
        return False

    def charge(self, _lines: float, _told: float = 0.0) -> None:
        """Nothing limits it."""

    def take_outcome(self, _outcome: Outcome) -> None:
        """Takes no notice."""

    def encode_from_sibling(self, _outcome: Outcome) -> bytes:
        """Nothing."""
        return b""

    def encode_rename(self, _outcome: Outcome) -> bytes:
        """Nothing."""
        return b""

    def write_pending(self) -> None:
        """Writes nothing."""
        self.pending.clear()

    def flush_pending(self) -> None:
        """Does the same."""
        self.write_pending()

    def pause_output(self) -> None:
        """Has no output."""

    def is_slow(self) -> bool:
        """Never slow."""
        return False

    def mark_lost(self) -> None:
        """Has no connection."""

    def disconnect(self, _reason: str, *, at_once: bool = False) -> None:
        """Has no connection."""


_watchers = itertools.count(-1, -1)
"""Numbers of watchers: they are no sessions, so theirs are negative."""


class Watcher(SilentRecipient):
    """A recipient without a client that reads rooms without being a member: it takes what it is told in
    ``write``.

    Args:
        encoder: of what it is told.
    """

    def __init__(self, encoder: EventEncoder) -> None:
        super().__init__(next(_watchers))
        self.encoder = encoder
        self.ended = False

    def write_pending(self) -> None:
        """Takes what it was told individually: it was subscribed in the middle of a batch."""
        pending, self.pending = self.pending, []
        self.write(joined(pending))


class Absent(SilentRecipient):
    """Stands in the rooms of a person who has no session."""

    def __init__(self, person_id: int) -> None:
        super().__init__(person_id, person_id)


Groups = tuple[tuple["EventEncoder", tuple["Recipient", ...]], ...]
"""Recipients by the bytes they get."""


class Subscribers:
    """The recipients in one room.

    ``groups`` are immutable tuples, made anew only when membership or a member's encoder changed: a write
    batch keeps the groups it began with.
    """

    __slots__ = (
        "_groups",
        "filtered",
        "hides_members",
        "key",
        "last_said",
        "members",
        "roles",
        "unchecked",
        "weight",
        "write_batch",
    )

    def __init__(self, key: str = "") -> None:
        self.key = key
        """The key of the room's name."""
        self.write_batch: WriteBatch | None = None
        """The room's open write batch while a batch is being delivered."""
        self.last_said = 0
        """The number of the last message or erasure delivered in it since the start."""
        self.unchecked = 0
        """Bytes told to it since its members were last checked for slow readers."""
        self.members: dict[int, Recipient] = {}
        self.weight = 0
        """As how many members they count where a message is charged by them."""
        self.filtered: set[Recipient] = set()
        """Members that ignore somebody: each of them is served individually."""
        self.hides_members = False
        """Whether the room is an auditorium, as far as that has been delivered."""
        self.roles: dict[int, int] = {}
        """The roles of members as bits, as far as they have been delivered."""
        self._groups: Groups | None = ()

    @property
    def groups(self) -> Groups:
        """The members by encoder."""
        if self._groups is None:
            by_encoder: dict[EventEncoder, list[Recipient]] = {}
            for recipient in self.members.values():
                by_encoder.setdefault(recipient.encoder, []).append(recipient)
            self._groups = tuple((encoder, tuple(recipients)) for encoder, recipients in by_encoder.items())
        return self._groups

    def add(self, recipient: Recipient) -> None:
        """A recipient is a member from now on."""
        self.weight += recipient.weight
        self.members[recipient.id] = recipient
        recipient.subscriptions = (*recipient.subscriptions, self)
        if recipient.ignoring:
            self.filtered.add(recipient)
        self._groups = None

    def add_during_batch(self, recipient: Recipient) -> None:
        """Adds a recipient in the middle of a batch: it is served individually until the batch's end."""
        self.add(recipient)
        if self.write_batch is not None:
            self.write_batch.individual[recipient] = len(self.write_batch.records)

    def remove(self, recipient: Recipient) -> None:
        """A recipient is no member any more."""
        write_batch = self.write_batch
        if write_batch is not None and recipient in write_batch.individual:
            write_batch.catch_up(recipient)
            del write_batch.individual[recipient]
        if self.members.pop(recipient.id, None) is not None:
            self.weight -= recipient.weight
            recipient.subscriptions = tuple(other for other in recipient.subscriptions if other is not self)
            self.filtered.discard(recipient)
            self._groups = None

    def visible_to(self, person_id: int, operators: Set[int]) -> dict[int, Recipient]:
        """The members who may see that a person comes, goes or changes; in an auditorium not all may.

        ``operators``: the ids of the operators of the server.
        """
        roles = self.roles
        if not self.hides_members or roles.get(person_id, 0) >= Right.MODERATE:
            return self.members
        return {
            id: recipient
            for id, recipient in self.members.items()
            if recipient.person_id == person_id
            or recipient.person_id in operators
            or roles.get(recipient.person_id, 0) >= Right.MODERATE
        }

    def update(self, recipient: Recipient) -> None:
        """A member has another encoder, or ignores others, from now on."""
        if recipient.ignoring:
            self.filtered.add(recipient)
        else:
            self.filtered.discard(recipient)
        self._groups = None


class WriteBatch:
    """Events of one room that are written together, and the members that are served individually.

    A member that is served individually catches up with the batch before it is told anything else, so that a
    thousand of them cost no more than the others while events are added.
    """

    __slots__ = ("groups", "individual", "lines", "records", "subscribers")

    def __init__(self, subscribers: Subscribers, individual: Iterable[Recipient]) -> None:
        self.subscribers = subscribers
        self.groups = subscribers.groups
        self.records: list[Record] = []
        self.lines: dict[EventEncoder, list[bytes]] = {}
        """The bytes of each record."""
        for encoder, _ in self.groups:
            self.lines[encoder] = []
        self.individual = dict.fromkeys(individual, 0)
        """How many of the records each of them has been told."""

    def serve_individually(self, member: Recipient) -> None:
        """Serves a member individually from now on; it gets what is already in this batch, too."""
        if member.id in self.subscribers.members:
            self.individual[member] = 0

    def add(self, record: Record, cause: Recipient) -> None:
        """Adds an event; who caused it is told in another way."""
        records = self.records
        count = len(records)
        told = self.individual.get(cause)
        if told is not None:
            if told != count:
                self.catch_up(cause)
            self.individual[cause] = count + 1
        records.append(record)
        try:
            for encoder, lines in self.lines.items():
                lines.append(encoder.encode(record))
        except Exception:
            # One event that an encoder fails on must not end the chat for everyone.
            _logger.exception("Record %d can't be told; this is a bug of asyncchat", record.number)
            del records[count:]
            for lines in self.lines.values():
                del lines[count:]
            if told is not None:
                self.individual[cause] = count

    def catch_up(self, member: Recipient) -> None:
        """Tells a member that is served individually what was added since it was last told."""
        start, end = self.individual[member], len(self.records)
        if start == end:
            return
        self.individual[member] = end
        lines = self.lines.get(member.encoder)
        if lines is None:  # it has another encoder since the batch began
            lines = [member.encoder.encode(record) for record in self.records]
            self.lines[member.encoder] = lines
        if member.ignoring:
            member.pending += [lines[at] for at in range(start, end) if not member.ignores(self.records[at])]
        elif end - start == 1:
            member.pending.append(lines[start])
        else:
            member.pending.append(Lines(lines, start, end))


def catch_up(member: Recipient) -> None:
    """Tells a member what its rooms' open batches have for it, before it is told anything else."""
    for subscribers in member.subscriptions:
        write_batch = subscribers.write_batch
        if write_batch is not None:
            told = write_batch.individual.get(member)
            if told is not None and told != len(write_batch.records):
                write_batch.catch_up(member)
