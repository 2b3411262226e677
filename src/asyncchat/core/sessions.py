"""Which sessions a person has: one, several, or none for now.

Owns only what differs from the usual: a person with the one session it connected with is not in here.
"""


class Sessions:
    """The sessions of people who have others than the one they connected with."""

    __slots__ = ("device_labels", "offline_since", "several")

    def __init__(self) -> None:
        self.several: dict[int, tuple[int, ...]] = {}
        """Their sessions by person; none: here without a session."""
        self.device_labels: dict[int, str] = {}
        """The devices of sessions that are not the first of their person's."""
        self.offline_since: dict[int, int] = {}
        """Since when people are here without a session (microseconds since 1970 UTC)."""

    def of(self, person_id: int) -> tuple[int, ...]:
        """All sessions of a person."""
        return self.several.get(person_id, (person_id,))

    def attach(self, person_id: int, session_id: int, device: str) -> None:
        """A person has one more session."""
        self.several[person_id] = (*self.of(person_id), session_id)
        self.offline_since.pop(person_id, None)
        self.device_labels[session_id] = device

    def detach(self, person_id: int, session_id: int, time: int) -> None:
        """A person has one session less, perhaps none."""
        self.device_labels.pop(session_id, None)
        left = tuple(session for session in self.of(person_id) if session != session_id)
        if left == (person_id,):
            self.several.pop(person_id, None)
            return
        self.several[person_id] = left
        if not left:
            self.offline_since[person_id] = time

    def remove(self, person_id: int) -> tuple[int, ...]:
        """A person has left the chat; gives the sessions it had."""
        sessions = self.several.pop(person_id, (person_id,))
        for session_id in sessions:
            self.device_labels.pop(session_id, None)
        self.offline_since.pop(person_id, None)
        return sessions

    def clear(self) -> None:
        """Everybody is gone."""
        self.several.clear()
        self.device_labels.clear()
        self.offline_since.clear()

    def state(self) -> dict[str, object]:
        """What is equal in equal chats, as plain data."""
        return {"several": dict(self.several), "offline_since": dict(self.offline_since)}
