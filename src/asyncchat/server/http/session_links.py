"""Links and keys that only one session of the chat knows: by one it asks over HTTP as it is, without a
password.

Owns their form. One is of no use when its session has ended. A link has no right to administer, a key has:
links are in the logs of proxies.
"""

import hmac
import re

from asyncchat.core.chat import Chat
from asyncchat.core.people import Person

_MARK = re.compile(r"(\d{1,19})-(\d{1,19})-[0-9a-f]{32}")


KEY = "asession_"
"""How a key begins, which is sent as a token is."""


class SessionLinks:
    """The last parts of such links.

    Args:
        chat: knows who has which session.
        key: a secret of the run.
    """

    def __init__(self, chat: Chat, key: bytes) -> None:
        self._chat = chat
        self._secret = key
        self._secret_of_keys = hmac.digest(key, b"keys", "sha256")

    def mark(self, person_id: int, session_id: int) -> str:
        """The part that stands for a session of a person."""
        return _mark(self._secret, person_id, session_id)

    def key(self, person_id: int, session_id: int) -> str:
        """The key of a session of a person."""
        return KEY + _mark(self._secret_of_keys, person_id, session_id)

    def session_of(self, mark: str) -> tuple[Person, int] | None:
        """Whose session a part stands for, and its id; None: none that there is now."""
        return self._session_of(mark, self._secret)

    def session_of_key(self, key: str) -> tuple[Person, int] | None:
        """Whose session a key is, and its id; None: none that there is now."""
        return self._session_of(key.removeprefix(KEY), self._secret_of_keys)

    def _session_of(self, mark: str, secret: bytes) -> tuple[Person, int] | None:
        found = _MARK.fullmatch(mark)
        if found is None:
            return None
        person_id, session_id = int(found[1]), int(found[2])
        me = self._chat.people.get(person_id)
        if me is None or session_id not in self._chat.sessions.of(person_id):
            return None
        return (me, session_id) if hmac.compare_digest(mark, _mark(secret, person_id, session_id)) else None


def _mark(secret: bytes, person_id: int, session_id: int) -> str:
    proof = hmac.digest(secret, b"%d-%d" % (person_id, session_id), "sha256")[:16].hex()
    return f"{person_id}-{session_id}-{proof}"
