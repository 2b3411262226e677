"""Links that only one session of the chat knows: by one it asks over HTTP as it is, without a password.

Owns their form. One is of no use when its session has ended.
"""

import hmac
import re

from asyncchat.core.chat import Chat
from asyncchat.core.people import Person

_MARK = re.compile(r"(\d{1,15})-(\d{1,15})-[0-9a-f]{32}")


class SessionLinks:
    """The last parts of such links.

    Args:
        chat: knows who has which session.
        key: a secret of the run.
    """

    def __init__(self, chat: Chat, key: bytes) -> None:
        self._chat = chat
        self._key = key

    def mark(self, person_id: int, session_id: int) -> str:
        """The part that stands for a session of a person."""
        proof = hmac.digest(self._key, b"%d-%d" % (person_id, session_id), "sha256")[:16].hex()
        return f"{person_id}-{session_id}-{proof}"

    def session_of(self, mark: str) -> tuple[Person, int] | None:
        """Whose session a part stands for, and its id; None: none that there is now."""
        found = _MARK.fullmatch(mark)
        if found is None:
            return None
        person_id, session_id = int(found[1]), int(found[2])
        me = self._chat.people.get(person_id)
        if me is None or session_id not in self._chat.sessions.of(person_id):
            return None
        return (me, session_id) if hmac.compare_digest(mark, self.mark(person_id, session_id)) else None
