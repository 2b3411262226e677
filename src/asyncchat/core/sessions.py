"""Which sessions a person has: one, several, or none for now.

Owns only the exceptions: a person whose one session is the one it connected with has no entry here.
"""


class Sessions:
    """The sessions of people who have more, fewer or other sessions than the one they connected with."""

    __slots__ = ("device_labels", "encrypted", "hosts", "offline_since", "several")

    def __init__(self) -> None:
        self.several: dict[int, tuple[int, ...]] = {}
        """Session ids by person id; empty for a person who is always on and not connected."""
        self.device_labels: dict[int, str] = {}
        """The devices, by session id, of sessions that are not their person's first."""
        self.hosts: dict[int, tuple[str, str]] = {}
        """Their hosts as others would see them, and their addresses, which only bans match."""
        self.encrypted: dict[int, str] = {}
        """Those of sessions over TLS: the fingerprint of the certificate that the client showed, or empty."""
        self.offline_since: dict[int, int] = {}
        """Since when people have had no session (microseconds since 1970 UTC)."""

    def of(self, person_id: int) -> tuple[int, ...]:
        """All sessions of a person."""
        return self.several.get(person_id, (person_id,))

    def sender(self, person_id: int, session_id: int) -> int:
        """The session that sent a command, or the person's first if that one is not the person's."""
        sessions = self.of(person_id)
        return session_id if session_id in sessions else sessions[0]

    def certificates(self, person_id: int) -> tuple[str, ...] | None:
        """The certificates that a person's clients showed; None: not all of its sessions are over TLS."""
        found = [self.encrypted.get(session) for session in self.of(person_id)]
        if not found or None in found:
            return None
        return tuple(dict.fromkeys(one for one in found if one))

    def attach(self, person_id: int, session_id: int, device: str, host: str, address: str) -> None:
        """Adds a session to a person."""
        self.several[person_id] = (*self.of(person_id), session_id)
        self.offline_since.pop(person_id, None)
        self.device_labels[session_id] = device
        self.hosts[session_id] = (host, address)

    def detach(self, person_id: int, session_id: int, time: int) -> None:
        """Removes a session of a person, perhaps the last one."""
        self._forget(session_id)
        left = tuple(session for session in self.of(person_id) if session != session_id)
        if left == (person_id,):
            self.several.pop(person_id, None)
            return
        self.several[person_id] = left
        if not left:
            self.offline_since[person_id] = time

    def remove(self, person_id: int) -> tuple[int, ...]:
        """Removes a person who left the chat; returns the sessions it had."""
        sessions = self.several.pop(person_id, (person_id,))
        for session_id in sessions:
            self._forget(session_id)
        self.offline_since.pop(person_id, None)
        return sessions

    def _forget(self, session_id: int) -> None:
        self.device_labels.pop(session_id, None)
        self.hosts.pop(session_id, None)
        self.encrypted.pop(session_id, None)

    def clear(self) -> None:
        """Forgets everybody."""
        self.several.clear()
        self.device_labels.clear()
        self.hosts.clear()
        self.encrypted.clear()
        self.offline_since.clear()

    def state(self) -> dict[str, object]:
        """The sessions as plain data: equal in equal chats."""
        return {"several": dict(self.several), "offline_since": dict(self.offline_since)}
