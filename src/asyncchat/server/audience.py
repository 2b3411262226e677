"""Who is told: the sessions of each room, grouped by the bytes they get.

Owns membership as far as it has been delivered, which trails the hub's state; must not know rules.
"""

from __future__ import annotations

import logging
from collections.abc import Set
from typing import TYPE_CHECKING

from asyncchat.core.roles import Right

if TYPE_CHECKING:
    from asyncchat.core.events import Record
    from asyncchat.dialects.base import EventEncoder
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.delivery")

Groups = tuple[tuple["EventEncoder", tuple["Session", ...]], ...]
"""Sessions by the bytes they get."""


class Audience:
    """The sessions in one room.

    ``groups`` are immutable tuples, remade only when membership or a member's encoder changed, so that a run
    can hold on to the audience it began with.
    """

    __slots__ = ("_groups", "members", "ranks", "run", "said", "singles", "unchecked")

    def __init__(self) -> None:
        self.run: Run | None = None
        """The room's open run in the batch that is being delivered."""
        self.said = 0
        """The number of what was last said in it in this run, or last erased."""
        self.unchecked = 0
        """Bytes told to it since its members were last looked at for slow ones."""
        self.members: dict[int, Session] = {}
        self.singles: set[Session] = set()
        """Members that hide somebody's words from themselves: each is served on its own."""
        self.ranks: dict[int, int] | None = None
        """In an auditorium the sums of members' roles, as far as they have been told; elsewhere None."""
        self._groups: Groups | None = ()

    @property
    def groups(self) -> Groups:
        """The members by encoder."""
        if self._groups is None:
            by_encoder: dict[EventEncoder, list[Session]] = {}
            for session in self.members.values():
                by_encoder.setdefault(session.encoder, []).append(session)
            self._groups = tuple((encoder, tuple(sessions)) for encoder, sessions in by_encoder.items())
        return self._groups

    def add(self, session: Session) -> None:
        """A session is a member from now on."""
        self.members[session.id] = session
        session.audiences = (*session.audiences, self)
        if session.ignoring:
            self.singles.add(session)
        self._groups = None

    def admit(self, session: Session) -> None:
        """The same in the middle of a batch: what is told there from here on comes to it on its own."""
        self.add(session)
        if self.run is not None:
            self.run.apart.append(session)

    def remove(self, session: Session) -> None:
        """A session is no member any more."""
        run = self.run
        if run is not None and session in run.apart:
            run.apart.remove(session)
        if self.members.pop(session.id, None) is not None:
            session.audiences = tuple(other for other in session.audiences if other is not self)
            self.singles.discard(session)
            self._groups = None
            if self.ranks and all(other.who != session.who for other in self.members.values()):
                self.ranks.pop(session.who, None)

    def seers(self, who: int, owners: Set[int]) -> dict[int, Session]:
        """The members who may see that one comes, goes or changes: all, but in an auditorium."""
        ranks = self.ranks
        if ranks is None or ranks.get(who, 0) >= Right.KEEP_ORDER:
            return self.members
        return {
            id: session
            for id, session in self.members.items()
            if session.who == who or session.who in owners or ranks.get(session.who, 0) >= Right.KEEP_ORDER
        }

    def changed(self, session: Session) -> None:
        """A member is told in another way from now on."""
        if session.ignoring:
            self.singles.add(session)
        else:
            self.singles.discard(session)
        self._groups = None


class Run:
    """The events of one room that go out together, and those of its members that are served apart."""

    __slots__ = ("apart", "audience", "groups", "lines")

    def __init__(self, audience: Audience, apart: list[Session]) -> None:
        self.audience = audience
        self.groups = audience.groups
        self.lines: dict[EventEncoder, list[bytes]] = {encoder: [] for encoder, _ in self.groups}
        self.apart = apart

    def serve_apart(self, member: Session) -> None:
        """Tells a member from now on what it would have been told together with the others."""
        if member.id in self.audience.members:
            member.parts.extend(self.lines.get(member.encoder, ()))
            self.apart.append(member)

    def add(self, record: Record, cause: Session) -> None:
        """Puts an event at the end, and of what the apart members are told."""
        lines = self.lines
        try:
            for encoder, line in lines.items():
                line.append(encoder.encode(record))
        except Exception:
            # One event that a dialect has no words for must not end the chat for everyone.
            _logger.exception("Record %d can't be told; this is a bug of asyncchat", record.number)
            return
        for member in self.apart:
            if member is not cause and not (member.ignoring and member.ignores(record)):
                own = lines.get(member.encoder)
                member.parts.append(own[-1] if own else member.encoder.encode(record))
