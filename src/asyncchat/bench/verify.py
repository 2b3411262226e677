"""Verifies that every delivery arrives once and in order, at the speed of a memory comparison.

All members of a room that only listen receive the same bytes. The first of them to receive a message appends
its line to the room's **reference**. The others each have a position in the reference and are compared with
it chunk by chunk. Only a chunk that differs is read line by line: a line that is no message (a PING) is
passed on; a message out of the reference's order makes the member *separate*, which means that it is checked
by each sender's numbers from then on. Senders are separate from the start: they do not see their own
messages. This module must not know sockets; time comes from the clock that it is given.
"""

import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields

from asyncchat.bench import messages

_NEVER = sys.maxsize
# When the reference is longer than this, the part that all members have read is dropped.
TRIM_BYTES = 32 * 1024 * 1024
_MOST_EXAMPLES = 3


@dataclass(slots=True)
class Faults:
    """What went wrong with deliveries; a fault counts once for each member that it happened to."""

    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    altered: int = 0
    disconnected: int = 0
    refused: int = 0
    examples: list[str] = field(default_factory=list)

    def total(self) -> int:
        """Return the number of all faults."""
        return sum(getattr(self, each.name) for each in fields(self) if each.name != "examples")

    def add(self, other: "Faults") -> None:
        """Add another room's faults."""
        for each in fields(self):
            if each.name != "examples":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        for example in other.examples:
            self.note(example)

    def note(self, example: str) -> None:
        """Keep a line that shows a fault; the first few only."""
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(example[:200])

    def describe(self) -> str:
        """Describe what went wrong; empty if nothing did."""
        named = {
            "lost": "lost",
            "duplicated": "duplicated",
            "reordered": "out of order within a sender",
            "altered": "changed in transit",
            "disconnected": "members disconnected",
            "refused": "refused by the server",
        }
        said = [f"{getattr(self, key):,} {words}" for key, words in named.items() if getattr(self, key)]
        return ", ".join(said)


class Sender:
    """One sender's messages, and how far they have been delivered to its room."""

    __slots__ = ("acked", "hits", "id", "inside", "listed", "out", "sent")

    def __init__(self, sender_id: int, *, inside: bool = True) -> None:
        self.id = sender_id
        self.inside = inside  # whether it is a member of the room
        self.sent = 0  # the last number sent
        self.acked = 0  # the last number that has reached everyone
        self.listed = 0  # the last number that has reached all members that follow the reference
        self.hits: dict[int, int] = {}  # number -> how many separate members have it
        self.out = b""  # bytes that the socket has not accepted yet


class Samples:
    """The latencies of one member's messages: when each was sent, by whom, and how long it took."""

    __slots__ = ("latencies", "senders", "sent")

    def __init__(self) -> None:
        self.sent = array("Q")
        self.latencies = array("Q")
        self.senders = array("L")

    def add(self, sent: int, at: int, sender: int = 0) -> None:
        """Add a message sent and received at these microseconds."""
        self.sent.append(sent)
        self.latencies.append(max(at - sent, 0))
        self.senders.append(sender)

    def between(self, begin: float, end: float) -> "Samples":
        """Return the samples of what was sent between two times, in seconds."""
        first, last = int(begin * 1e6), int(end * 1e6)
        kept = Samples()
        for sent, latency, sender in zip(self.sent, self.latencies, self.senders, strict=True):
            if first <= sent < last:
                kept.sent.append(sent)
                kept.latencies.append(latency)
                kept.senders.append(sender)
        return kept


class Member:
    """One connection, and how much of its room's messages it has received."""

    __slots__ = ("bound", "clean", "followed", "got", "last", "line", "missing", "name", "pos",
                 "samples", "sender", "separate", "tail")  # fmt: skip

    def __init__(self, name: str, sender: Sender | None = None) -> None:
        self.name = name
        self.sender = sender
        self.pos = 0  # how many bytes of the reference it has received
        self.bound = 0  # index of the next boundary to pass
        self.line = 0  # index of the next line to sample
        self.tail = b""  # the beginning of a line, outside the reference
        self.separate = sender is not None
        self.clean = not self.separate  # a chunk may be compared as bytes
        self.followed = 0  # lines received by comparison before it became separate
        self.got = 0  # messages received while separate
        self.last: dict[int, int] = {}  # separate: sender -> the last number received
        self.missing: set[tuple[int, int]] = set()
        self.samples: Samples | None = None


class Room:
    """One room's reference and members.

    Args:
        members: Its members; those with a sender send messages.
        payload: Bytes of a text.
        filler: What texts are filled with.
        senders: Senders that are not members.
        echo: Whether a sender receives its own messages too.
        on_other: Called with each line that is no message.
        on_open: Called with a sender when a message of it has reached everyone.
        clock: Returns the time in microseconds, from the same clock as the stamps.
    """

    __slots__ = (
        *("_bounds", "_clock", "_done", "_dropped", "_dropped_last", "_echo", "_ends", "_left", "_next"),
        *("_numbers", "_on_open", "_on_other", "_pads", "_ref", "_stamps", "_line_senders"),
        *("faults", "following", "members", "senders", "separate"),
    )

    def __init__(
        self,
        members: Iterable[Member],
        payload: int,
        filler: messages.Filler = "same",
        *,
        senders: Iterable[Sender] = (),
        echo: bool = False,
        on_other: Callable[[Member, bytes], None],
        on_open: Callable[[Sender], None],
        clock: Callable[[], int] = messages.now,
    ) -> None:
        self.members = list(members)
        self.faults = Faults()
        self.senders = {member.sender.id: member.sender for member in self.members if member.sender}
        self.senders.update((sender.id, sender) for sender in senders)
        self.following = sum(not member.separate for member in self.members)
        self.separate = len(self.members) - self.following
        self._pads = messages.paddings(payload, filler)
        self._echo = echo
        self._on_other = on_other
        self._on_open = on_open
        self._clock = clock
        self._ref = bytearray()
        # For each line of the reference: where it ends, its sender, its number, when it was sent.
        self._ends: list[int] = []
        self._line_senders: list[int] = []
        self._numbers: list[int] = []
        self._stamps: list[int] = []
        self._next = dict.fromkeys(self.senders, 1)
        # Where chunks of the reference end, and how many followers have not reached that point.
        self._bounds = [_NEVER]
        self._left = [self.following]
        self._done = 0  # lines that have reached all followers
        self._dropped = 0  # lines trimmed from the reference's beginning
        self._dropped_last: dict[int, int] = {}  # sender -> the last number among them

    def receive(self, member: Member, chunk: bytes) -> None:
        """Check what a member has received: any piece of its stream, not empty."""
        if member.clean and self._ref.startswith(chunk, member.pos):
            member.pos += len(chunk)
            if member.samples is not None:
                self._sample(member, member.samples)
            if member.pos >= self._bounds[member.bound]:
                self._cross(member)
            return
        self._by_lines(member, chunk)

    def _sample(self, member: Member, samples: Samples) -> None:
        at, pos, ends, line = self._clock(), member.pos, self._ends, member.line
        last = len(ends)
        while line < last and ends[line] <= pos:
            samples.add(self._stamps[line], at, self._line_senders[line])
            line += 1
        member.line = line

    def _cross(self, member: Member) -> None:
        bounds, left, bound, pos = self._bounds, self._left, member.bound, member.pos
        complete = -1
        while pos >= bounds[bound]:
            left[bound] -= 1
            if not left[bound]:
                complete = bound
            bound += 1
        member.bound = bound
        if complete >= 0:
            self._complete(bounds[complete])

    def _complete(self, end: int) -> None:
        """Note that all followers have received the reference up to ``end``."""
        touched = {}
        line, ends = self._done, self._ends
        while line < len(ends) and ends[line] <= end:
            sender = self.senders[self._line_senders[line]]
            sender.listed = self._numbers[line]
            touched[sender.id] = sender
            line += 1
        self._done = line
        for sender in touched.values():
            self._advance(sender)

    def _advance(self, sender: Sender) -> None:
        """Note which messages have reached everyone, and report the sender if there are new ones."""
        reached = sender.listed if self.following else sender.sent
        need = self.separate - sender.inside  # a member that sends is separate and does not need its own
        acked = sender.acked
        while acked < reached and (not need or sender.hits.get(acked + 1, 0) >= need):
            acked += 1
            sender.hits.pop(acked, None)
        if acked > sender.acked:
            sender.acked = acked
            self._on_open(sender)

    # What differs from the reference, line by line.

    def _by_lines(self, member: Member, chunk: bytes) -> None:
        if not member.separate:
            chunk = self._catch_up(member, chunk)
        lines = (member.tail + chunk).split(b"\n")
        member.tail = lines.pop()
        before = len(self._ref)
        for line in lines:
            if member.separate:
                self._check(member, line)
            else:
                self._follow(member, line)
        if len(self._ref) > before:
            self._bounds[-1] = len(self._ref)
            self._bounds.append(_NEVER)
            self._left.append(self.following)
        if not member.separate:
            if member.tail and self._ref.startswith(member.tail, member.pos):
                member.pos += len(member.tail)
                member.tail = b""
            member.clean = not member.tail
            if member.samples is not None:
                self._sample(member, member.samples)
            if member.pos >= self._bounds[member.bound]:
                self._cross(member)

    def _catch_up(self, member: Member, chunk: bytes) -> bytes:
        """Compare as much as the reference has; return the rest, starting at the beginning of a line."""
        ref = self._ref
        have = len(ref) - member.pos
        if 0 < have <= len(chunk) and not member.tail and chunk.startswith(ref[member.pos :]):
            member.pos = len(ref)
            return chunk[have:]
        start = ref.rfind(b"\n", 0, member.pos) + 1
        begun = bytes(ref[start : member.pos])
        member.pos = start
        return begun + chunk

    def _follow(self, member: Member, line: bytes) -> None:
        ref = self._ref
        end = member.pos + len(line) + 1
        if ref.startswith(line, member.pos) and ref[end - 1 : end] == b"\n":
            member.pos = end
            return
        stamp = messages.find(line, self._pads)
        if stamp is None:
            self._on_other(member, line)
        elif member.pos == len(ref) and self._next.get(stamp.sender) == stamp.number:
            ref += line
            ref += b"\n"
            member.pos = len(ref)
            self._ends.append(member.pos)
            self._line_senders.append(stamp.sender)
            self._numbers.append(stamp.number)
            self._stamps.append(stamp.sent)
            self._next[stamp.sender] = stamp.number + 1
        else:
            self._part(member)
            self._check(member, line)

    def _part(self, member: Member) -> None:
        """Make a follower separate: from now on its senders' numbers are checked one by one."""
        member.last = self._last_numbers(member)
        member.followed = self._followed(member)
        self._unfollow(member)
        self.separate += 1
        for sender in self.senders.values():
            for number in range(sender.acked + 1, member.last.get(sender.id, 0) + 1):
                sender.hits[number] = sender.hits.get(number, 0) + 1
            self._advance(sender)

    def _unfollow(self, member: Member) -> None:
        member.separate, member.clean = True, False
        self.following -= 1
        complete = -1
        for bound in range(member.bound, len(self._left)):
            self._left[bound] -= 1
            if not self._left[bound] and bound < len(self._left) - 1:
                complete = bound
        if complete >= 0:
            self._complete(self._bounds[complete])

    def _check(self, member: Member, line: bytes) -> None:
        """Check one line of a separate member by its sender's numbers."""
        stamp = messages.find(line, self._pads)
        if stamp is None:
            self._on_other(member, line)
            return
        sender = self.senders.get(stamp.sender)
        if sender is None or not 0 < abs(stamp.number) <= sender.sent:
            self._fault("altered", member, line)
            return
        if stamp.number < 0:
            self._fault("altered", member, line)
            stamp = stamp._replace(number=-stamp.number)
        member.got += 1
        if member.samples is not None:
            member.samples.add(stamp.sent, self._clock(), stamp.sender)
        last = member.last.get(stamp.sender, 0)
        if stamp.number > last:
            member.last[stamp.sender] = stamp.number
            if stamp.number > last + 1:
                gap = range(last + 1, stamp.number)
                member.missing.update((stamp.sender, number) for number in gap)
                self._fault("lost", member, line, len(gap))
            if sender is not member.sender:
                for number in range(last + 1, stamp.number + 1):
                    sender.hits[number] = sender.hits.get(number, 0) + 1
                self._advance(sender)
        elif (stamp.sender, stamp.number) in member.missing:
            member.missing.discard((stamp.sender, stamp.number))
            self.faults.lost -= 1
            self._fault("reordered", member, line)
        else:
            member.got -= 1
            self._fault("duplicated", member, line)

    def _fault(self, kind: str, member: Member, line: bytes, count: int = 1) -> None:
        setattr(self.faults, kind, getattr(self.faults, kind) + count)
        self.faults.note(f"{kind}: {member.name} at: {line.decode(errors='replace').strip()}")

    # Counting.

    def disconnect(self, member: Member, why: str) -> None:
        """Count a member that the server has disconnected; nothing more is expected for it."""
        self.faults.disconnected += 1
        self.faults.note(f"{member.name} disconnected: {why}")
        if member.separate:
            self.separate -= 1
        else:
            member.followed = self._followed(member)
            self._unfollow(member)
        self.members.remove(member)
        for sender in self.senders.values():
            self._advance(sender)

    def delivered(self) -> int:
        """Return how many messages all members have received so far."""
        return sum(member.followed + member.got if member.separate else self._followed(member)
                   for member in self.members)  # fmt: skip

    def pending(self) -> bool:
        """Tell whether a message has not reached everyone yet."""
        if any(sender.acked < sender.sent for sender in self.senders.values()):
            return True
        return self._echo and any(
            member.sender is not None and member.last.get(member.sender.id, 0) < member.sender.sent
            for member in self.members
        )

    def finish(self) -> None:
        """Count as lost what was sent and has not arrived; nothing is received after this."""
        for member in self.members:
            last = member.last if member.separate else self._last_numbers(member)
            for sender in self.senders.values():
                if sender is member.sender and not self._echo:
                    continue
                if (count := sender.sent - last.get(sender.id, 0)) > 0:
                    self.faults.lost += count
                    self.faults.note(f"lost: {member.name} misses the last {count} of sender {sender.id}")

    def trim(self) -> None:
        """Drop the part of a long reference that all its members have read."""
        followers = [member for member in self.members if not member.separate]
        if len(self._ref) < TRIM_BYTES or not followers:
            return
        bound = min(member.bound for member in followers)
        if not bound:
            return
        offset = self._bounds[bound - 1]
        lines = bisect_right(self._ends, offset)
        for index in range(lines):
            self._dropped_last[self._line_senders[index]] = self._numbers[index]
        self._dropped += lines
        del self._ref[:offset], self._line_senders[:lines], self._numbers[:lines], self._stamps[:lines]
        self._ends = [end - offset for end in self._ends[lines:]]
        self._bounds = [*(end - offset for end in self._bounds[bound:-1]), _NEVER]
        del self._left[:bound]
        self._done -= lines
        for member in followers:
            member.pos -= offset
            member.bound -= bound
            member.line = max(member.line - lines, 0)

    def _followed(self, member: Member) -> int:
        return self._dropped + bisect_right(self._ends, member.pos)

    def _last_numbers(self, member: Member) -> dict[int, int]:
        """Return the last number of each sender that a follower has received."""
        last: dict[int, int] = {}
        wanted = len(self.senders)
        for index in range(bisect_right(self._ends, member.pos) - 1, -1, -1):
            if self._line_senders[index] not in last:
                last[self._line_senders[index]] = self._numbers[index]
                if len(last) == wanted:
                    break
        for sender in self.senders:
            if sender not in last and sender in self._dropped_last:
                last[sender] = self._dropped_last[sender]
        return last
