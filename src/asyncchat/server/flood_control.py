"""Flood control: a connection is charged for what its client asks, and waits for its budgets.

Owns what that costs, and what guests may send in a day; ``limits`` has the budgets. Must not know dialects,
nor what becomes of a command.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core.commands import Command, DialectReply, Query
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.join import Part
from asyncchat.core.features.messages import Say
from asyncchat.core.replies import DailyQuotaUsed
from asyncchat.server.connection import Connection, ConnectionContext
from asyncchat.server.limits import (
    ARRIVING,
    LINE_BYTES,
    LINE_SECONDS,
    ROW_BYTES,
    TURN_LINES,
    TURN_SECONDS,
    WAITING_SECONDS,
    Budgets,
    ClientBudget,
    NetworkBudget,
)
from asyncchat.server.slices import GatheredOutput, PassTurns, Slices, Turns

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig
    from asyncchat.server.delivery import Delivery
    from asyncchat.server.hub import Hub
    from asyncchat.server.outbox import Outbox
    from asyncchat.server.tls import Certificate

_WITHOUT_ROW = (DialectReply, Query)
"""What the history keeps nothing of."""

_WITHOUT_QUOTA = (Connect, DialectReply, Part, Query, Quit)
"""What guests may ask when their network's quota is used; I/O commands, such as logging in, besides."""


class FloodContext(ConnectionContext):
    """What the connections of a server share for that.

    Args:
        options: those of the server; a reload replaces them here.
        hub: decides the commands.
        outbox: takes the outcomes.
        delivery: tells people what happens.
        certificate: for connections over TLS; None: there are none.
    """

    def __init__(
        self,
        options: ServeConfig,
        *,
        hub: Hub,
        outbox: Outbox,
        delivery: Delivery,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(options, certificate)
        self.hub = hub
        self.outbox = outbox
        self.delivery = delivery
        self.slices = Slices(outbox.emptied)
        self.gathered_output = GatheredOutput(self.slices)
        self.turns = Turns()
        """Those who have gone, have not entered or are over their budgets go on a few in a pass of the loop,
        however many they are at once: the others need not wait for them."""
        self.pass_turns = PassTurns(batches=lambda: outbox.batches)
        """So do all others, once those who ask something in a pass have taken long."""
        self.budgets = Budgets(options, self.now)


class ChargedConnection(Connection):
    """One client's connection, and what it is charged.

    Args:
        context: what all of them share.
        id: its number.
        address, reader, writer: as a connection has them.
        network: the budget of its network, which counts it already.
    """

    __slots__ = ("budget", "id", "over_budget", "person_id")

    context: FloodContext

    def __init__(
        self,
        context: FloodContext,
        id: int,
        address: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        network: NetworkBudget,
    ) -> None:
        super().__init__(context, address, reader, writer)
        self.id = id
        self.person_id = id
        """The person's number, once it has entered; another session may be the same person."""
        self.budget = ClientBudget(context.budgets, network)
        self.over_budget = False
        """Whether it waits for its budgets."""

    async def wait_over_budget(self, until: float) -> None:
        """Waits until this time, or until the client is gone."""
        raise NotImplementedError

    def charge(self, lines: float, told: float = 0.0) -> None:
        """Charges what the client asked, in lines, and to how many it is told: to all its budgets."""
        if self.context.options.limits:
            self.budget.charge(lines, told)

    async def pay(self, lines: float = 1.0) -> None:
        """Charges what is asked outside of a dialect's lines; first waits until there is something left."""
        if self.context.options.limits:
            if self.lines_allowed() < 1:
                await self.wait_for_budget(1)
                lines -= 1
            self.budget.charge(lines)

    def charge_guest(self, size: int) -> bool:
        """Charges so many bytes that a guest sends over HTTP; whether its network may still send any."""
        network = self.budget.network
        if not self.context.options.limits or network.guests is None:
            return True
        network.charge_guest(self.context.now(), 0)
        if not network.guests_refused:
            network.charge_guest(self.context.now(), max(size, ROW_BYTES))
            return True
        self.context.budgets.hits["guests"] += 1
        return False

    def may_stream(self) -> bool:
        """Whether one more stream may be open from its network."""
        return self.context.budgets.may_stream(self.budget.network, self.address)

    def count_stream(self, number: int) -> None:
        """It is a stream from now on (1), or no longer (-1)."""
        self.context.budgets.count_stream(self.budget.network, number)

    def change_budget(self) -> None:
        """Uses the options as they are now."""
        self.budget.change()

    def lines_allowed(self) -> float:
        """How many lines the client may have taken now."""
        context = self.context
        person = context.hub.chat.people.get(self.person_id)
        if person is None:
            return self.budget.lines(context.now(), "")
        if not self.budget.entered:
            self.budget.enter()
        return self.budget.lines(context.now(), person.account)

    async def wait_for_budget(self, lines: int) -> None:
        """Waits until so many lines may be taken, and charges them. What the client sends stays unread."""
        now = self.context.now()
        until = now + self.budget.reserve(now, lines)
        until = math.ceil(until / WAITING_SECONDS) * WAITING_SECONDS
        self.over_budget = True
        self.context.budgets.hits["lines"] += 1
        try:
            await self.wait_over_budget(until)
            await self.context.turns.wait()
        finally:
            self.over_budget = False

    def charge_turn(
        self, commands: Sequence[Command], lines: float, taken: int, seconds: float, paid: int
    ) -> None:
        """Charges a turn by its lines, its bytes or its time, whichever is most; ``paid`` lines are."""
        if taken > lines * LINE_BYTES:
            lines = taken / LINE_BYTES
        if seconds > TURN_SECONDS and (worked := self.context.pass_turns.worked()) > TURN_SECONDS:
            lines = max(lines, min(TURN_LINES, min(seconds, worked) / LINE_SECONDS))
        told = 0.0
        if commands:
            last = commands[-1]
            if type(last) is Say:
                told = lines * self.context.delivery.members_of(last.to)
            elif type(last) in ARRIVING:
                self.budget.arrive(commands)
            lines += last.cost
        self.budget.charge(lines - paid, told)
        network = self.budget.network
        if network.guests is not None and self.is_guest():
            rows = 0
            for asked in commands:
                if type(asked) is Say or not (asked.io or isinstance(asked, _WITHOUT_ROW)):
                    rows += 1
            network.charge_guest(self.context.now(), max(taken, rows * ROW_BYTES))

    def is_guest(self) -> bool:
        """Whether nobody is logged in."""
        person = self.context.hub.chat.people.get(self.person_id)
        return person is None or not person.account

    def within_quota(self, commands: Sequence[Command]) -> Sequence[Command]:
        """The commands, with a refusal for each that a guest can't ask when its network's quota is used."""
        network = self.budget.network
        network.charge_guest(self.context.now(), 0)
        if not network.guests_refused or not self.is_guest():
            return commands
        self.context.budgets.hits["guests"] += 1
        return [
            command if command.io or isinstance(command, _WITHOUT_QUOTA) else DialectReply(DailyQuotaUsed())
            for command in commands
        ]
