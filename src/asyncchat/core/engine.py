"""The engine: the one execution path: decides commands, applies and numbers events, answers queries.

Owns what an outcome is made of; the hub, commands beside a server and the tests call it. Must not know who
asks, nor how an outcome is kept and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Answer, Command, Question, Several
from asyncchat.core.events import Event, Kept, Passing, Record
from asyncchat.core.features.messages import Said
from asyncchat.core.features.presence import Attached
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

    def decide(self, who: int, command: Command) -> Items:
        """What becomes of a command; nothing changes yet."""
        items = HANDLERS[type(command)](self.chat, who, command, self.time)
        return self._completed(who, command, items)

    def _completed(self, who: int, command: Command, items: Items) -> Items:
        """A decision with what follows from it for other features."""
        for item in items:
            if type(item) in FOLLOWERS:
                items = tuple(self._followed(who, items))
                break
        for conclude in CONCLUDERS:
            items = conclude(self.chat, who, command, items)
        return items

    def _followed(self, who: int, items: Iterable[Item]) -> Iterator[Item]:
        """Items, each with what follows from it behind it."""
        for item in items:
            yield item
            for follow in FOLLOWERS.get(type(item), ()):
                yield from self._followed(who, follow(self.chat, who, item))

    def execute(self, who: int, command: Command) -> tuple[list[object], int]:
        """The outcome of a command, its events applied, and how many records are in it.

        Args:
            who: the session that asks, a person or not yet.
            command: what it asks.
        """
        items = HANDLERS[type(command)](self.chat, who, command, self.time)
        if len(items) == 1 and type(items[0]) is Said:
            # Nearly all that is decided comes by here: nothing follows from a message, it changes no state.
            self.number += 1
            return [Record(self.number, self.time, items[0])], 1
        items = self._completed(who, command, items)
        outcome: list[object] = []
        before = self.number
        self._conclude(who, items, outcome)
        return outcome, self.number - before

    def _conclude(self, who: int, items: Items, outcome: list[object]) -> int:
        """Puts what becomes of a decision at the end of the outcome; gives who asks from then on."""
        for item in items:
            if isinstance(item, Event):
                if item.kept is Kept.NEVER:
                    outcome.append(self._pass(item))
                    continue
                outcome.append(self._record(item))
                if type(item) is Attached:
                    who = item.person.id
            elif isinstance(item, Question):
                outcome.append(self.answer(who, item))
            elif type(item) is Answer:
                outcome.append(item.value)
            elif isinstance(item, Command):
                who = self._conclude(who, self.decide(who, item), outcome)
            elif not (isinstance(item, Refusal) and item in outcome):
                outcome.append(item)  # several commands may fail for one reason
        return who

    def answer(self, who: int, query: Question) -> Reply | Refusal:
        """The answer to a query, from the state as it is."""
        return QUERY_HANDLERS[type(query)](self.chat, who, query)

    def record(self, facts: Iterable[Event]) -> list[Record]:
        """Applies facts that no session caused, and gives their records."""
        return [self._record(fact) for fact in facts]

    def _pass(self, event: Event) -> Passing:
        return Passing(0, self.time, event)

    def _record(self, event: Event) -> Record:
        self.chat.apply(event)
        self.number += 1
        return Record(self.number, self.time, event)


@handles(Several)
def _several(_chat: Chat, _who: int, command: Several, _now: int) -> Items:
    return command.commands
