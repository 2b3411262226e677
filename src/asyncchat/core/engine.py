"""The engine: the one execution path: decides commands, applies and numbers events, answers queries.

Owns what an outcome is made of; the hub, commands beside a server and the tests call it. Must not know who
asks, nor how an outcome is kept and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Batch, Command, DialectReply, Query
from asyncchat.core.events import Ephemeral, Event, Record, Retention
from asyncchat.core.registry import CONCLUDERS, FOLLOWERS, HANDLERS, QUERY_HANDLERS, Item, Items, handles
from asyncchat.core.replies import Refusal, Reply

Outcome = Sequence[object]
"""What became of a command: records, replies, refusals and what a dialect answers itself, in their order."""


class Engine:
    """Executes commands on a chat.

    Args:
        chat: the state that the log gives.
        number: of the last record.
        time: of the last record, in microseconds since 1970 UTC.
    """

    __slots__ = ("chat", "number", "time")

    def __init__(self, chat: Chat, number: int = 0, time: int = 0) -> None:
        self.chat = chat
        self.number = number
        self.time = time

    def at(self, time: int) -> int:
        """The time of what is executed next: the clock's, unless that went back."""
        if time > self.time:
            self.time = time
        return self.time

    def decide(self, person_id: int, command: Command) -> Items:
        """What becomes of a command; nothing changes yet."""
        items = HANDLERS[type(command)](self.chat, person_id, command, self.time)
        return self._completed(person_id, command, items)

    def _completed(self, person_id: int, command: Command, items: Items) -> Items:
        """A decision with what follows from it for other features."""
        for item in items:
            if type(item) in FOLLOWERS:
                items = tuple(self._followed(person_id, items))
                break
        for conclude in CONCLUDERS:
            items = conclude(self.chat, person_id, command, items)
        return items

    def _followed(self, person_id: int, items: Iterable[Item]) -> Iterator[Item]:
        """Items, each with what follows from it behind it."""
        for item in items:
            yield item
            for follow in FOLLOWERS.get(type(item), ()):
                yield from self._followed(person_id, follow(self.chat, person_id, item))

    def execute(self, person_id: int, command: Command) -> tuple[list[object], int]:
        """The outcome of a command, its events applied, and how many records are in it.

        Args:
            person_id: the number of the person that asks, or of a session that is no person yet.
            command: what it asks.
        """
        items = HANDLERS[type(command)](self.chat, person_id, command, self.time)
        if len(items) == 1 and isinstance(event := items[0], Event) and event.inert:
            # Nearly all that is decided comes by here: a message to a room.
            self.number += 1
            return [Record(self.number, self.time, event)], 1
        items = self._completed(person_id, command, items)
        outcome: list[object] = []
        before = self.number
        self._conclude(person_id, items, outcome)
        return outcome, self.number - before

    def _conclude(self, person_id: int, items: Items, outcome: list[object]) -> int:
        """Puts what becomes of a decision at the end of the outcome; gives who asks from then on."""
        for item in items:
            if isinstance(item, Event):
                if item.retention is Retention.EPHEMERAL:
                    outcome.append(self._pass(item))
                    continue
                outcome.append(self._record(item))
                person_id = item.asker(person_id)
            elif isinstance(item, Query):
                outcome.append(self.answer(person_id, item))
            elif type(item) is DialectReply:
                outcome.append(item.value)
            elif isinstance(item, Command):
                person_id = self._conclude(person_id, self.decide(person_id, item), outcome)
            elif not (isinstance(item, Refusal) and item in outcome):
                outcome.append(item)  # several commands may fail for one reason
        return person_id

    def answer(self, person_id: int, query: Query) -> Reply | Refusal:
        """The answer to a query, from the state as it is."""
        return QUERY_HANDLERS[type(query)](self.chat, person_id, query)

    def record(self, facts: Iterable[Event]) -> list[Record]:
        """Applies facts that no session caused, and gives their records."""
        return [self._record(fact) for fact in facts]

    def _pass(self, event: Event) -> Ephemeral:
        return Ephemeral(0, self.time, event)

    def _record(self, event: Event) -> Record:
        self.chat.apply(event)
        self.number += 1
        return Record(self.number, self.time, event)


@handles(Batch)
def _batch(_chat: Chat, _person_id: int, command: Batch, _now: int) -> Items:
    return command.commands
