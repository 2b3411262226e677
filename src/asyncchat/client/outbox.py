"""What we say, from ``say`` to the server's answer, across connections.

Owns the order of our messages and what is to become of those that a break left in doubt.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from asyncchat.client.errors import NotDelivered
from asyncchat.client.pending import Receipt
from asyncchat.core.events import Speech
from asyncchat.dialects.irc.client_sending import comparable
from asyncchat.dialects.irc.client_values import Message

UNCERTAIN = "The line broke, and nothing tells whether the server took it."


@dataclass(slots=True)
class OutgoingMessage:
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
        self._waiting: deque[OutgoingMessage] = deque()
        self._in_flight: dict[int, OutgoingMessage] = {}
        self._in_doubt: list[OutgoingMessage] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight) + len(self._in_doubt)

    def put(self, outgoing: OutgoingMessage) -> None:
        """Queues a message."""
        self._waiting.append(outgoing)

    def all(self) -> list[OutgoingMessage]:
        """All of them, in the order in which they were said."""
        return sorted(
            (*self._in_doubt, *self._in_flight.values(), *self._waiting), key=lambda outgoing: outgoing.token
        )

    def next(self) -> OutgoingMessage | None:
        """The next message to hand to the connection."""
        if not self._waiting:
            return None
        outgoing = self._waiting.popleft()
        self._in_flight[outgoing.token] = outgoing
        return outgoing

    def again(self, given: OutgoingMessage, outgoing_messages: Sequence[OutgoingMessage]) -> None:
        """Lets others stand where a message was that was just handed out: its server takes no such."""
        del self._in_flight[given.token]
        self._waiting.extendleft(reversed(outgoing_messages))

    def answered(self, token: int) -> OutgoingMessage | None:
        """The message that the connection has an answer for."""
        return self._in_flight.pop(token, None)

    def lost(self, under_way: Iterable[int]) -> None:
        """The line broke: what was under way is in doubt, what was not sent yet waits again."""
        sent = set(under_way)
        self._in_doubt.extend(outgoing for token, outgoing in self._in_flight.items() if token in sent)
        unsent = [outgoing for token, outgoing in self._in_flight.items() if token not in sent]
        self._waiting.extendleft(reversed(unsent))
        self._in_flight.clear()

    def found(self, key: str, message: Message, fold: Callable[[str], str]) -> OutgoingMessage | None:
        """The message in doubt that the history has: the first to that room with that text."""
        for index, outgoing in enumerate(self._in_doubt):
            action = outgoing.speech is Speech.ACTION
            if (
                fold(outgoing.to) == key
                and action == message.action
                and comparable(outgoing.text) == comparable(message.text)
            ):
                return self._in_doubt.pop(index)
        return None

    def settle(self, again: Iterable[str], fold: Callable[[str], str]) -> list[OutgoingMessage]:
        """Ends all doubt: what the history of a room read to its end does not have waits to be said again.

        Returns:
            The others, whose fate is not known: they are given up.
        """
        again_keys = set(again)
        resaid = [outgoing for outgoing in self._in_doubt if fold(outgoing.to) in again_keys]
        given_up = [outgoing for outgoing in self._in_doubt if fold(outgoing.to) not in again_keys]
        self._in_doubt.clear()
        self._waiting.extendleft(reversed(resaid))
        return given_up

    def fail_all(self, reason: str) -> None:
        """Gives all of them up."""
        for outgoing in self.all():
            outgoing.receipt.part_failed(NotDelivered(reason, uncertain=True))
        self._waiting.clear()
        self._in_flight.clear()
        self._in_doubt.clear()
