"""Presence: which recipients each person has, as far as it has been delivered.

Keeps a person's sessions in the same rooms. Must not know the rules of the chat or bytes.
"""

from collections.abc import Iterable

from asyncchat.core.people import Person
from asyncchat.server.recipients import Absent, Recipient, Subscribers


class Presence:
    """The recipients of each person."""

    def __init__(self) -> None:
        self.first: dict[int, Recipient] = {}
        """One recipient of each person."""
        self.absent: dict[int, Absent] = {}
        """Those of them that stand for people without a session."""
        self.several: dict[int, tuple[Recipient, ...]] = {}
        """All sessions of the people who have others than the one they entered with."""
        self.operators: set[int] = set()
        """The ids of people who are operators of the server."""

    def recipients_of(self, person_id: int) -> tuple[Recipient, ...]:
        """All recipients of a person."""
        several = self.several.get(person_id)
        if several is not None:
            return several
        only = self.first.get(person_id)
        return () if only is None else (only,)

    def subscriptions_of(self, person_id: int) -> tuple[Subscribers, ...]:
        """The rooms of a person."""
        first = self.first.get(person_id)
        return () if first is None else first.subscriptions

    @property
    def sessions(self) -> int:
        """How many sessions have entered."""
        return (
            len(self.first) - len(self.absent) + sum(len(sessions) - 1 for sessions in self.several.values())
        )

    def begin(self, person_id: int, sessions: tuple[Recipient, ...]) -> None:
        """These are a person's sessions when another process has handed the server over."""
        self.first[person_id] = sessions[0]
        if len(sessions) > 1 or sessions[0].id != person_id:
            self.several[person_id] = sessions

    def enter(self, person_id: int, session: Recipient) -> None:
        """A session is a person from now on."""
        self.first[person_id] = session

    def attach(self, person: Person, session: Recipient) -> None:
        """A further session is this person from now on, in all its rooms."""
        person_id = person.id
        before = self.recipients_of(person_id)
        for subscribers in before[0].subscriptions:
            subscribers.add_during_batch(session)
        absent = self.absent.pop(person_id, None)
        if absent is None:
            self.several[person_id] = (*before, session)
        else:
            self._take_out(before[0])
            self.first[person_id] = session
            self.several[person_id] = (session,)

    def detach(self, person_id: int, session: Recipient) -> None:
        """A session is no longer this person.

        In a cluster another node may end it; then something else with its number stands for it here.
        """
        before = self.recipients_of(person_id)
        session = next((one for one in before if one.id == session.id), session)
        rooms = session.subscriptions
        self._take_out(session)
        left = tuple(other for other in before if other is not session)
        if not left:
            self.several.pop(person_id, None)
            self.add_absent(person_id, rooms)
            return
        self.first[person_id] = left[0]
        if len(left) == 1 and left[0].id == person_id:
            del self.several[person_id]
        else:
            self.several[person_id] = left

    def set_ignored(self, person_id: int, ignored: frozenset[str]) -> None:
        """A person ignores these names from now on."""
        for recipient in self.recipients_of(person_id):
            if recipient.ignoring != ignored:
                recipient.ignoring = ignored
                for subscribers in recipient.subscriptions:
                    subscribers.update(recipient)

    def add_absent(self, person_id: int, rooms: Iterable[Subscribers]) -> None:
        """A person is in these rooms without a session."""
        absent = self.absent[person_id] = self.first[person_id] = Absent(person_id)
        for subscribers in rooms:
            subscribers.add(absent)

    def _take_out(self, session: Recipient) -> None:
        for subscribers in session.subscriptions:
            subscribers.remove(session)

    def leave(self, person_id: int) -> None:
        """A person has left the chat."""
        self.operators.discard(person_id)
        self.absent.pop(person_id, None)
        self.first.pop(person_id, None)
        self.several.pop(person_id, None)
