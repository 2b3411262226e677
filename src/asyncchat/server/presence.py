"""Presence: which recipients each person has, as far as it has been delivered.

Keeps a person's sessions in the same rooms. Must not know the rules of the chat or bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from asyncchat.server.recipients import Absent, Recipient, Subscribers

_logger = logging.getLogger("asyncchat.server")


class Presence:
    """The recipients of each person."""

    def __init__(self) -> None:
        self.first: dict[int, Recipient] = {}
        """One recipient of each person."""
        self.absent: dict[int, Absent] = {}
        """Those of them that stand for people without a session."""
        self.several: dict[int, tuple[Recipient, ...]] = {}
        """All sessions of the people who have others than the one they entered with."""

    def recipients_of(self, who: int) -> tuple[Recipient, ...]:
        """All recipients of a person."""
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
        """How many sessions have entered."""
        return (
            len(self.first) - len(self.absent) + sum(len(sessions) - 1 for sessions in self.several.values())
        )

    def enter(self, who: int, session: Recipient) -> None:
        """A session is a person from now on."""
        self.first[who] = session

    def attach(self, who: int, session: Recipient) -> None:
        """A further session is this person from now on, in all its rooms."""
        before = self.recipients_of(who)
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

    def detach(self, who: int, session: Recipient) -> None:
        """A session is no longer this person."""
        rooms = session.subscriptions
        self._take_out(session)
        left = tuple(other for other in self.recipients_of(who) if other is not session)
        if not left:
            self.several.pop(who, None)
            self.add_absent(who, rooms)
            return
        self.first[who] = left[0]
        if len(left) == 1 and left[0].id == who:
            del self.several[who]
        else:
            self.several[who] = left

    def add_absent(self, who: int, rooms: Iterable[Subscribers]) -> None:
        """A person is in these rooms without a session."""
        absent = self.absent[who] = self.first[who] = Absent(who)
        for subscribers in rooms:
            subscribers.add(absent)

    def _take_out(self, session: Recipient) -> None:
        for subscribers in session.subscriptions:
            subscribers.remove(session)

    def leave(self, who: int) -> None:
        """A person has left the chat."""
        self.absent.pop(who, None)
        self.first.pop(who, None)
        self.several.pop(who, None)
