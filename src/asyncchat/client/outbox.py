"""What we say, from ``say`` to the server's answer, across connections.

Owns the order of our messages and what is to become of those that a break left in doubt.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from asyncchat.client.errors import NotDelivered
from asyncchat.client.receipts import Receipt
from asyncchat.core.events import Speech
from asyncchat.dialects.irc.client_sending import comparable
from asyncchat.dialects.irc.client_values import Message

UNCERTAIN = "The line broke, and nothing tells whether the server took it."


@dataclass(slots=True)
class Saying:
    """One message of ours: a part of what ``say`` was given."""

    token: int
    to: str
    text: str
    speech: Speech
    receipt: Receipt
    reply_to: str = ""


class Outbox:
    """Our messages that are not answered for yet: waiting, handed over, or in doubt."""

    def __init__(self) -> None:
        self._waiting: deque[Saying] = deque()
        self._given: dict[int, Saying] = {}
        self._doubtful: list[Saying] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._given) + len(self._doubtful)

    def put(self, saying: Saying) -> None:
        """Queues a message."""
        self._waiting.append(saying)

    def all(self) -> list[Saying]:
        """All of them, in the order in which they were said."""
        return sorted(
            (*self._doubtful, *self._given.values(), *self._waiting), key=lambda saying: saying.token
        )

    def next(self) -> Saying | None:
        """The next message to hand to the connection."""
        if not self._waiting:
            return None
        saying = self._waiting.popleft()
        self._given[saying.token] = saying
        return saying

    def again(self, given: Saying, sayings: Sequence[Saying]) -> None:
        """Lets others stand where a message was that was just handed out: its server takes no such."""
        del self._given[given.token]
        self._waiting.extendleft(reversed(sayings))

    def answered(self, token: int) -> Saying | None:
        """The message that the connection has an answer for."""
        return self._given.pop(token, None)

    def lost(self, under_way: Iterable[int]) -> None:
        """The line broke: what was under way is in doubt, what was not sent yet waits again."""
        sent = set(under_way)
        self._doubtful.extend(saying for token, saying in self._given.items() if token in sent)
        unsent = [saying for token, saying in self._given.items() if token not in sent]
        self._waiting.extendleft(reversed(unsent))
        self._given.clear()

    def found(self, key: str, message: Message, fold: Callable[[str], str]) -> Saying | None:
        """The message in doubt that the history has: the first to that room with that text."""
        for index, saying in enumerate(self._doubtful):
            action = saying.speech is Speech.ACTION
            if (
                fold(saying.to) == key
                and action == message.action
                and comparable(saying.text) == comparable(message.text)
            ):
                return self._doubtful.pop(index)
        return None

    def settle(self, again: Iterable[str], fold: Callable[[str], str]) -> list[Saying]:
        """Ends all doubt: what the history of a room read to its end does not have waits to be said again.

        Returns:
            The others, whose fate is not known: they are given up.
        """
        again_keys = set(again)
        resaid = [saying for saying in self._doubtful if fold(saying.to) in again_keys]
        given_up = [saying for saying in self._doubtful if fold(saying.to) not in again_keys]
        self._doubtful.clear()
        self._waiting.extendleft(reversed(resaid))
        return given_up

    def fail_all(self, reason: str) -> None:
        """Gives all of them up."""
        for saying in self.all():
            saying.receipt.part_failed(NotDelivered(reason, uncertain=True))
        self._waiting.clear()
        self._given.clear()
        self._doubtful.clear()
