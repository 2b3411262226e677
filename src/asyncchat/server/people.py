"""People and their sessions, as far as deliveries have told of them.

Owns which session is whom, and keeps a person's sessions in the same rooms; must not know rules or bytes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncchat.server.audience import Audience
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")


class People:
    """The people of a chat."""

    def __init__(self) -> None:
        self.first: dict[int, Session] = {}
        """One session of each person."""
        self.several: dict[int, tuple[Session, ...]] = {}
        """All sessions of those people who have others than the one they entered with."""

    def sessions_of(self, who: int) -> tuple[Session, ...]:
        """All sessions of a person."""
        several = self.several.get(who)
        if several is not None:
            return several
        only = self.first.get(who)
        return () if only is None else (only,)

    def audiences_of(self, who: int) -> tuple[Audience, ...]:
        """The rooms of a person."""
        first = self.first.get(who)
        return () if first is None else first.audiences

    @property
    def sessions(self) -> int:
        """How many sessions are a person."""
        return len(self.first) + sum(len(sessions) - 1 for sessions in self.several.values())

    def enter(self, who: int, session: Session) -> None:
        """A session is a person from now on."""
        self.first[who] = session

    def attach(self, who: int, session: Session) -> None:
        """A session is this person too, from now on in all its rooms."""
        sessions = self.sessions_of(who)
        for audience in sessions[0].audiences:
            audience.admit(session)
        self.several[who] = (*sessions, session)
        _logger.info("%s is here once more, from %s", who, session.address)

    def detach(self, who: int, session: Session) -> None:
        """A session is this person no more."""
        for audience in session.audiences:
            audience.remove(session)
        left = tuple(other for other in self.sessions_of(who) if other is not session)
        self.first[who] = left[0]
        if len(left) == 1 and left[0].id == who:
            del self.several[who]
        else:
            self.several[who] = left

    def leave(self, who: int) -> None:
        """A person is gone."""
        self.first.pop(who, None)
        self.several.pop(who, None)
