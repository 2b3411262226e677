"""The engine, the one execution path: it decides commands, applies and numbers events, and answers queries.

Owns what an outcome consists of. The hub, commands without a server and the tests call it. Must not know how
an outcome is stored and delivered.
"""

from collections.abc import Iterable, Iterator, Sequence

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Batch, Command, DialectReply, Query
from asyncchat.core.events import Ephemeral, Event, Record, Retention
from asyncchat.core.registry import CONCLUDERS, FOLLOWERS, HANDLERS, QUERY_HANDLERS, Item, Items, handles
from asyncchat.core.replies import Refusal, Reply

Outcome = Sequence[object]
"""The result of a command: records, replies, refusals and a dialect's own answers, in order."""


class Engine:
    """Executes commands on a chat.

    Args:
        chat: the state after the last record of the log.
        number: the last record's number.
        time: the last record's time, in microseconds since 1970 UTC.
    """

    __slots__ = ("_ephemeral_number", "chat", "number", "time")

    def __init__(self, chat: Chat, number: int = 0, time: int = 0) -> None:
        self.chat = chat
        self.number = number
        self.time = time
        self._ephemeral_number = 0

    def at(self, time: int) -> int:
        """Sets the time of what is executed next to the clock's time, unless that went back."""
        if time > self.time:
            self.time = time
        return self.time

    def decide(self, person_id: int, command: Command) -> Items:
        """What a command results in; nothing changes yet."""
        items = HANDLERS[type(command)](self.chat, person_id, command, self.time)
        return self._completed(person_id, command, items)

    def _completed(self, person_id: int, command: Command, items: Items) -> Items:
        """A decision, with what other features add to it."""
        for item in items:
            if type(item) in FOLLOWERS:
                items = tuple(self._followed(person_id, items))
                break
        for conclude in CONCLUDERS:
            items = conclude(self.chat, person_id, command, items)
        return items

    def _followed(self, person_id: int, items: Iterable[Item]) -> Iterator[Item]:
        """Items, each followed by what other features add to it."""
        for item in items:
            yield item
            for follow in FOLLOWERS.get(type(item), ()):
                yield from self._followed(person_id, follow(self.chat, person_id, item))

    def execute(self, person_id: int, command: Command) -> tuple[list[object], int]:
        """Decides a command and applies its events; returns the outcome and the number of records in it.

        Args:
            person_id: the id of the person who sent the command, or of a session that has not connected yet.
            command: the command.
        """
        items = HANDLERS[type(command)](self.chat, person_id, command, self.time)
        if len(items) == 1 and isinstance(event := items[0], Event) and event.inert:
            # The most frequent case: a message to a room.
            self.number += 1
            return [Record(self.number, self.time, event)], 1
        items = self._completed(person_id, command, items)
        outcome: list[object] = []
        before = self.number
        self._conclude(person_id, items, outcome)
        if self.number > before:
            self.time += 1  # a page of the history tells by the time what two commands changed
        return outcome, self.number - before

    def _conclude(self, person_id: int, items: Items, outcome: list[object]) -> int:
        """Appends the result of a decision to the outcome; returns the id of the person from then on."""
        for item in items:
            if isinstance(item, Event):
                if item.retention is Retention.EPHEMERAL:
                    outcome.append(self._ephemeral(item))
                    continue
                outcome.append(self._record(item))
                person_id = item.requester(person_id)
            elif isinstance(item, Query):
                outcome.append(self.answer(person_id, item))
            elif type(item) is DialectReply:
                outcome.append(item.value)
            elif isinstance(item, Command):
                person_id = self._conclude(person_id, self.decide(person_id, item), outcome)
            elif not (isinstance(item, Refusal) and item in outcome):
                outcome.append(item)  # several commands may fail for the same reason
        return person_id

    def answer(self, person_id: int, query: Query) -> Reply | Refusal:
        """The answer to a query, from the current state."""
        return QUERY_HANDLERS[type(query)](self.chat, person_id, query)

    def record(self, events: Iterable[Event]) -> list[Record]:
        """Applies events that no command caused, and returns their records."""
        return [self._record(event) for event in events]

    def _ephemeral(self, event: Event) -> Ephemeral:
        """A number from the time was in no run before; it is negative, for no record has it."""
        self._ephemeral_number = min(self._ephemeral_number - 1, -self.time)
        return Ephemeral(self._ephemeral_number, self.time, event)

    def _record(self, event: Event) -> Record:
        self.chat.apply(event)
        self.number += 1
        return Record(self.number, self.time, event)


@handles(Batch)
def _batch(_chat: Chat, _person_id: int, command: Batch, _now: int) -> Items:
    return command.commands
