"""Our messages, from ``say`` to the server's answer, over several connections.

Owns their order, and what happens to those that a break leaves in doubt; must not know the wire.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from asyncchat.client.errors import NotDelivered
from asyncchat.client.pending import Receipt
from asyncchat.core.features.messages import Speech
from asyncchat.dialects.irc.client_sending import comparable
from asyncchat.dialects.irc.client_values import Message

UNCERTAIN = "The connection broke, and it is not known whether the server accepted the message."


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
    """Our messages that are not answered yet: waiting, in flight, or in doubt."""

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
        """All of them, in the order of ``say``."""
        return sorted(
            (*self._in_doubt, *self._in_flight.values(), *self._waiting), key=lambda outgoing: outgoing.token
        )

    def next(self) -> OutgoingMessage | None:
        """The next message to send; from now on it is in flight."""
        if not self._waiting:
            return None
        outgoing = self._waiting.popleft()
        self._in_flight[outgoing.token] = outgoing
        return outgoing

    def replace(self, given: OutgoingMessage, replacements: Sequence[OutgoingMessage]) -> None:
        """Replaces a message that was just handed out by others: the server does not accept it whole."""
        del self._in_flight[given.token]
        self._waiting.extendleft(reversed(replacements))

    def answered(self, token: int) -> OutgoingMessage | None:
        """Removes the message that was answered, and returns it."""
        return self._in_flight.pop(token, None)

    def lost(self, under_way: Iterable[int]) -> None:
        """Handles a break: what was sent is in doubt, what was not sent yet waits again."""
        sent = set(under_way)
        self._in_doubt.extend(outgoing for token, outgoing in self._in_flight.items() if token in sent)
        unsent = [outgoing for token, outgoing in self._in_flight.items() if token not in sent]
        self._waiting.extendleft(reversed(unsent))
        self._in_flight.clear()

    def found(self, key: str, message: Message, fold: Callable[[str], str]) -> OutgoingMessage | None:
        """Removes and returns the first message in doubt to that room with that text: the history has it."""
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
        """Ends all doubt: messages that are not in a history that was read to its end are sent again.

        Args:
            again: the rooms whose history was read to its end.
            fold: folds a room's name.

        Returns:
            The other messages, which are given up.
        """
        again_keys = set(again)
        resaid = [outgoing for outgoing in self._in_doubt if fold(outgoing.to) in again_keys]
        given_up = [outgoing for outgoing in self._in_doubt if fold(outgoing.to) not in again_keys]
        self._in_doubt.clear()
        self._waiting.extendleft(reversed(resaid))
        return given_up

    def fail_all(self, reason: str) -> None:
        """Fails all of them."""
        for outgoing in self.all():
            outgoing.receipt.part_failed(NotDelivered(reason, uncertain=True))
        self._waiting.clear()
        self._in_flight.clear()
        self._in_doubt.clear()
