"""Which messages call a person: by name, by a highlight word, or because they are private.

Owns what counts as a word; must not know how a call is shown.
"""

import re
from collections.abc import Iterable

from asyncchat.client.events import Message
from asyncchat.core.names import fold
from asyncchat.text.slash import is_room


class Mentions:
    """The words that call a person.

    Args:
        words: highlight words, beside the nick.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = tuple(word for word in words if word.strip())
        self._nick: str | None = None
        self._pattern = re.compile("")

    def call(self, message: Message, nick: str) -> bool:
        """Whether a message calls the person with this nick; a word that it is a part of does not."""
        if message.own:
            return False
        if not is_room(message.room):
            return not message.notice
        if nick != self._nick:
            words = "|".join(re.escape(fold(word)) for word in (nick, *self.words) if word)
            self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)")
            self._nick = nick
        return self._pattern.search(fold(message.text)) is not None
