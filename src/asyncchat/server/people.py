"""People and their sessions, as far as deliveries have told of them.

Owns which session is whom, and keeps a person's sessions in the same rooms; must not know rules or bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from asyncchat.server.absent import Absent

if TYPE_CHECKING:
    from asyncchat.server.session import Session
    from asyncchat.server.subscribers import Subscribers

_logger = logging.getLogger("asyncchat.server")


class People:
    """The people of a chat."""

    def __init__(self) -> None:
        self.first: dict[int, Session] = {}
        """One session of each person."""
        self.absent: dict[int, Absent] = {}
        """Those of them who stand for people without a session."""
        self.several: dict[int, tuple[Session, ...]] = {}
        """All sessions of those people who have others than the one they entered with."""

    def sessions_of(self, who: int) -> tuple[Session, ...]:
        """All sessions of a person."""
        several = self.several.get(who)
        if several is not None:
            return several
        only = self.first.get(who)
        return () if only is None else (only,)

    def subscriptions_of(self, who: int) -> tuple[Subscribers, ...]:
        """The rooms of a person."""
        first = self.first.get(who)
        return () if first is None else first.subscriptions

    @property
    def sessions(self) -> int:
        """How many sessions are a person."""
        return (
            len(self.first) - len(self.absent) + sum(len(sessions) - 1 for sessions in self.several.values())
        )

    def enter(self, who: int, session: Session) -> None:
        """A session is a person from now on."""
        self.first[who] = session

    def attach(self, who: int, session: Session) -> None:
        """A session is this person too, from now on in all its rooms."""
        before = self.sessions_of(who)
        for subscribers in before[0].subscriptions:
            subscribers.add_during_batch(session)
        absent = self.absent.pop(who, None)
        if absent is None:
            self.several[who] = (*before, session)
        else:
            self._take_out(before[0])
            self.first[who] = session
            self.several[who] = (session,)
        _logger.info("%s is here once more, from %s", who, session.address)

    def detach(self, who: int, session: Session) -> None:
        """A session is this person no more."""
        rooms = session.subscriptions
        self._take_out(session)
        left = tuple(other for other in self.sessions_of(who) if other is not session)
        if not left:
            self.several.pop(who, None)
            self.miss(who, rooms)
            return
        self.first[who] = left[0]
        if len(left) == 1 and left[0].id == who:
            del self.several[who]
        else:
            self.several[who] = left

    def miss(self, who: int, rooms: Iterable[Subscribers]) -> None:
        """A person is in these rooms without a session."""
        absent = self.absent[who] = Absent(who)
        self.first[who] = cast("Session", absent)
        for subscribers in rooms:
            subscribers.add(self.first[who])

    def _take_out(self, session: Session) -> None:
        for subscribers in session.subscriptions:
            subscribers.remove(session)

    def leave(self, who: int) -> None:
        """A person is gone."""
        self.absent.pop(who, None)
        self.first.pop(who, None)
        self.several.pop(who, None)
