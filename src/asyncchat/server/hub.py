"""The hub: the only owner of the chat's state. It decides, applies, numbers, and fills the outbox.

There is no ``await`` between deciding and applying. Must not know dialects or bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core.chat import Chat, Items
from asyncchat.core.commands import Answer, Command, Detach, Question, Quit, Say
from asyncchat.core.events import AnyEvent, Attached, Event, Kept, Passing, Record, Said
from asyncchat.core.people import from_origin
from asyncchat.core.replies import NameReserved, NameTaken, Refusal, StorageDown
from asyncchat.core.rules.modes import over
from asyncchat.core.rules.stays import let_go
from asyncchat.server.delivery import Barrier
from asyncchat.server.recipients import Recipient, SilentRecipient

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome
    from asyncchat.log.base import Log
    from asyncchat.server.outbox import Outbox


def wall_clock() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class _Requester(SilentRecipient):
    """Stands for whoever asks a command without a session; it has the number of no person."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def take_outcome(self, outcome: Outcome) -> None:
        """Gives the outcome to whoever waits for it."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Hub:
    """Decides commands.

    Args:
        chat: the state, as replayed from the log.
        log: its last number and time are continued.
        outbox: takes the outcomes.
        clock: microseconds since 1970 UTC; while it is set back, the hub's time stands still.
    """

    def __init__(self, chat: Chat, log: Log, outbox: Outbox, clock: Callable[[], int] = wall_clock) -> None:
        self.chat = chat
        self._outbox = outbox
        self._clock = clock
        self._server = SilentRecipient()
        self._number = log.last
        self._time = log.last_time
        self.on_name_taken: Callable[[Recipient, int], None] = lambda _asker, _holder: None
        """Called with the asker and the number of the person who has the name it asked for."""

    def submit(self, session: Recipient, commands: Sequence[Command]) -> bool:
        """Decides commands of one session, in their order.

        Returns:
            Whether one of them was ``Quit``; those after it are not decided.
        """
        chat = self.chat
        decide = chat.decide
        spoke = chat.spoke
        put = self._outbox.put
        who = session.who
        if who in chat.devices and session.id not in chat.devices[who]:
            return False  # it no longer is this person: its I/O command came late
        self._time = now = max(self._time, self._clock())
        for command in commands:
            if type(command) is Answer:
                put(session, (command.value,), 0)
                continue
            if type(command) is Quit and who in chat.devices:
                self._conclude(
                    session, decide(who, Detach(session.id, command.reason, command.silent), now), now
                )
                return True
            items = decide(who, command, now)
            if len(items) == 1 and type(items[0]) is Said:
                # A message changes no state. Nearly all commands end here.
                self._number += 1
                put(session, (Record(self._number, now, items[0]),), 1)
                spoke[who] = now
                continue
            self._conclude(session, items, now)
            if type(command) is Say and who in chat.people:
                spoke[who] = now
            if type(command) is Quit:
                return True
        return False

    def _conclude(self, session: Recipient, items: Items, now: int) -> None:
        """Applies and numbers the events of a decision, answers its questions, and passes it all on."""
        outcome: list[object] = []
        records = self._gather(session, items, now, outcome)
        self._outbox.put(session, outcome, records)

    def _gather(self, session: Recipient, items: Items, now: int, outcome: list[object]) -> int:
        """Puts what becomes of a decision at the end of the outcome; gives how many records that are."""
        chat = self.chat
        records = 0
        for item in items:
            if isinstance(item, Event) and item.kept is Kept.NEVER:
                outcome.append(Passing(0, now, item))
            elif isinstance(item, Event):
                self._number += 1
                chat.apply(item)
                outcome.append(Record(self._number, now, item))
                records += 1
                if type(item) is Attached:
                    session.who = item.person.id
            elif isinstance(item, Question):
                outcome.append(chat.answer(session.who, item))
            elif type(item) is Answer:
                outcome.append(item.value)
            elif isinstance(item, Command):
                records += self._gather(session, chat.decide(session.who, item, now), now, outcome)
            elif not (
                isinstance(item, Refusal) and item in outcome
            ):  # several commands may fail for one reason
                outcome.append(item)
                if isinstance(item, NameTaken | NameReserved) and item.holder:
                    self.on_name_taken(session, item.holder)
        return records

    async def request(self, command: Command) -> Outcome:
        """Decides a command that no session asked, for HTTP and the console.

        Returns:
            Its outcome, once the log has its records; ``StorageDown`` if the log can't be written now.
        """
        await self._outbox.room()
        if self._outbox.failing:
            return (StorageDown(),)
        requester = _Requester()
        self.submit(requester, [command])
        return await requester.outcome

    def put_barrier(self, session: Recipient, room: str = "") -> Barrier:
        """Marks the place in the order where a session's I/O command begins.

        From there on the session is subscribed to this room, where one is given, without being a member.
        """
        barrier = Barrier(room)
        self._outbox.put(session, (barrier,), 0)
        return barrier

    def declare(self, facts: Sequence[AnyEvent]) -> None:
        """Applies facts that no session caused, and has them delivered."""
        if facts:
            self._outbox.put(self._server, self.record(facts), len(facts))

    def expire(self, by: str) -> None:
        """Removes expired entries from rooms' lists, and people who have been away for too long."""
        now = max(self._time, self._clock())
        self.declare([*over(self.chat, from_origin(by), now), *let_go(self.chat, now)])

    def record(self, facts: Sequence[AnyEvent]) -> list[Record]:
        """Applies facts that no session caused, such as the start of a run, and gives their records."""
        self._time = now = max(self._time, self._clock())
        records = []
        for fact in facts:
            self._number += 1
            self.chat.apply(fact)
            records.append(Record(self._number, now, fact))
        return records
