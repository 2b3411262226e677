"""The subscribers of a room: sessions grouped by the bytes they get.

Owns membership as far as it has been delivered, which may be behind the hub's state. Must not know the rules
of the chat.
"""

from __future__ import annotations

import logging
from collections.abc import Set
from typing import TYPE_CHECKING

from asyncchat.core.roles import Right

if TYPE_CHECKING:
    from asyncchat.core.events import Record
    from asyncchat.dialects.base import Variant
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.delivery")

Groups = tuple[tuple["Variant", tuple["Session", ...]], ...]
"""Sessions by the bytes they get."""


class Subscribers:
    """The sessions in one room.

    ``groups`` are immutable tuples, made anew only when membership or a member's variant changed: a write
    batch keeps the groups it began with.
    """

    __slots__ = ("_groups", "filtered", "last_said", "members", "roles", "unchecked", "write_batch")

    def __init__(self) -> None:
        self.write_batch: WriteBatch | None = None
        """The room's open write batch while a batch is being delivered."""
        self.last_said = 0
        """The number of the last message or erasure delivered in it since the start."""
        self.unchecked = 0
        """Bytes told to it since its members were last checked for slow readers."""
        self.members: dict[int, Session] = {}
        self.filtered: set[Session] = set()
        """Members that ignore somebody: each of them is served individually."""
        self.roles: dict[int, int] | None = None
        """In an auditorium: the roles of members as bits, as far as they have been delivered. Elsewhere
        None."""
        self._groups: Groups | None = ()

    @property
    def groups(self) -> Groups:
        """The members by variant."""
        if self._groups is None:
            by_variant: dict[Variant, list[Session]] = {}
            for session in self.members.values():
                by_variant.setdefault(session.variant, []).append(session)
            self._groups = tuple((variant, tuple(sessions)) for variant, sessions in by_variant.items())
        return self._groups

    def add(self, session: Session) -> None:
        """A session is a member from now on."""
        self.members[session.id] = session
        session.subscriptions = (*session.subscriptions, self)
        if session.ignoring:
            self.filtered.add(session)
        self._groups = None

    def add_during_batch(self, session: Session) -> None:
        """Adds a session in the middle of a batch: it is served individually until the batch's end."""
        self.add(session)
        if self.write_batch is not None:
            self.write_batch.individual.append(session)

    def remove(self, session: Session) -> None:
        """A session is no member any more."""
        write_batch = self.write_batch
        if write_batch is not None and session in write_batch.individual:
            write_batch.individual.remove(session)
        if self.members.pop(session.id, None) is not None:
            session.subscriptions = tuple(other for other in session.subscriptions if other is not self)
            self.filtered.discard(session)
            self._groups = None
            if self.roles and all(other.who != session.who for other in self.members.values()):
                self.roles.pop(session.who, None)

    def visible_to(self, who: int, owners: Set[int]) -> dict[int, Session]:
        """The members who may see that a person comes, goes or changes: all of them, except in an
        auditorium."""
        roles = self.roles
        if roles is None or roles.get(who, 0) >= Right.KEEP_ORDER:
            return self.members
        return {
            id: session
            for id, session in self.members.items()
            if session.who == who or session.who in owners or roles.get(session.who, 0) >= Right.KEEP_ORDER
        }

    def update(self, session: Session) -> None:
        """A member has another variant, or ignores others, from now on."""
        if session.ignoring:
            self.filtered.add(session)
        else:
            self.filtered.discard(session)
        self._groups = None


class WriteBatch:
    """Events of one room that are written together, and the members that are served individually."""

    __slots__ = ("groups", "individual", "lines", "subscribers")

    def __init__(self, subscribers: Subscribers, individual: list[Session]) -> None:
        self.subscribers = subscribers
        self.groups = subscribers.groups
        self.lines: dict[Variant, list[bytes]] = {variant: [] for variant, _ in self.groups}
        self.individual = individual

    def serve_individually(self, member: Session) -> None:
        """Serves a member individually from now on; it gets what is already in this batch, too."""
        if member.id in self.subscribers.members:
            member.pending.extend(self.lines.get(member.variant, ()))
            self.individual.append(member)

    def add(self, record: Record, cause: Session) -> None:
        """Adds an event, also to what individually served members are told."""
        lines = self.lines
        try:
            for variant, line in lines.items():
                line.append(variant.encode(record))
        except Exception:
            # One event that an encoder fails on must not end the chat for everyone.
            _logger.exception("Record %d can't be told; this is a bug of asyncchat", record.number)
            return
        for member in self.individual:
            if member is not cause and not (member.ignoring and member.ignores(record)):
                own = lines.get(member.variant)
                member.pending.append(own[-1] if own else member.variant.encode(record))
