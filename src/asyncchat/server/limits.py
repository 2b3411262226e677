"""Limits: the budgets of connections, accounts and networks, deadlines.

Owns what a client may ask of the server, and the numbers that nobody configures, with their reasons (the
others: ``config.options``); must not know sessions. A budget counts lines. What costs more than a line is
charged as several: ``LINE_BYTES``, ``ANSWER_BYTES``, ``LINE_SECONDS``, ``IoCommand.cost``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from ipaddress import ip_network
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.commands import Command, Pause
from asyncchat.core.features.history import ReadHistory
from asyncchat.core.features.join import Join
from asyncchat.core.people import SITE_SHARE, network_of, site_of
from asyncchat.server.addresses import UNIX, is_local

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig

READ_BYTES = 16_384
"""The largest chunk taken from a connection at a time."""

REGISTRATION_SECONDS = 120.0
"""Until when a connection must have a name: long enough to think of one, too short to hold thousands open."""

FIRST_LINE_SECONDS = 30.0
"""Until when a line that has begun must end while its sender has no name: ``nc`` sends what a person types as
a whole line."""

REQUEST_SECONDS = 10.0
"""Until when an HTTP request must be complete."""

LINE_BYTES = 1024
"""Bytes of input that count as one line: an ordinary one has less than a hundred."""

ROW_BYTES = 200
"""Bytes that a command of a guest counts as at the least, of what it may send in a day: a row of the history
takes so many, however short the line."""

ANSWER_BYTES = 16_384
"""Bytes of a long answer that count as one line: making them takes about as long."""

FILE_BYTES = 131_072
"""Bytes of a file that count as one line, when it is sent or received: a thread reads or writes them."""

LEAST_FILE_BYTES = 16_384
"""Bytes that a smaller file counts as, of what may be uploaded: a file is also a fact in the history."""

LINE_MEMBERS = 500
"""What is told to so many counts as one line more: it is written to each of them."""

SERVER_LINE_MEMBERS = 100
"""The same for the budget of all who send many lines at a time: that is about what it costs. Whoever says one
line in a room of thousands must not wait for long, and whoever floods it must."""

ARRIVAL_LINES = 150
"""Lines that only the network and the account of a new connection pay: for the first 50 rooms that it joins,
each with what is told unasked of its past. Whoever comes back to forty rooms would else use up its budget,
and wait before it can say something. Nothing is gained by coming again: the network pays for all of it."""

ARRIVING = (Join, ReadHistory, Pause)
"""The last command of those that bring a client to rooms."""

WAITING_LINES = 4
"""Lines that are waited for at a time over the budget. One by one, each would be a write to each member."""

WAITING_SECONDS = 0.05
"""All that wait for their budgets go on at multiples of this: a room gets their lines in one write."""

STRAINED = 0.9
"""The part of its budget below which a connection is charged the server's too: it sends many lines."""

DIVIDE_SECONDS = 1.0
"""How often the server's budget is divided among the networks that use it."""

LINE_SECONDS = 0.0005
"""Time of the loop that counts as one line, where a turn takes longer than ``TURN_SECONDS``."""

TURN_SECONDS = 0.01
"""A turn that takes less is not charged by its time: 64 ordinary lines take 3 ms."""

TURN_LINES = 50
"""The most that is charged for a turn's time: a garbage collection is not its fault."""

DEBT_SECONDS = 60.0
"""The longest debt of a budget."""

PERSON_SHARE = 0.2
"""The part of a connection's budget by which each person adds to its network's. Few talk at a time."""

_DAY = 24 * 3600
"""Seconds over which guests get what they may send in a day."""


class Rate(msgspec.Struct, frozen=True):
    """What a budget allows: ``burst`` lines at once, then ``per_second``."""

    burst: float
    per_second: float


class Budget:
    """A token bucket, counted in lines. What is charged may exceed it: the debt is then waited for."""

    __slots__ = ("_at", "level", "rate")

    def __init__(self, now: float, rate: Rate) -> None:
        self.rate = rate
        self._at = now
        self.level = rate.burst
        """Lines that might be taken when it was last looked at; by now there may be more."""

    def is_full(self, now: float) -> bool:
        """Whether nothing of it is used."""
        return self.lines(now) >= self.rate.burst

    def lines(self, now: float) -> float:
        """Lines that may be taken now; negative: a debt."""
        rate = self.rate
        level = self.level + (now - self._at) * rate.per_second
        if level > rate.burst:
            level = rate.burst
        self.level = level
        self._at = now
        return level

    def wait(self, now: float, lines: int = 1) -> float:
        """Seconds until so many lines may be taken."""
        return max(0.0, (lines - self.lines(now)) / self.rate.per_second)

    def spent(self, now: float) -> float:
        """How many lines of it are taken."""
        return self.rate.burst - Budget.lines(self, now)

    def restore(self, spent: float) -> None:
        """So many lines of it are taken, as another process says."""
        self.level = self.rate.burst - spent

    def charge(self, lines: float) -> None:
        """Takes so many lines, which may be more than there are."""
        level = self.level - lines
        if level < 0:
            level = max(level, -DEBT_SECONDS * self.rate.per_second)
        self.level = level

    def take(self, now: float) -> bool:
        """Takes one, if there is one."""
        if self.lines(now) < 1:
            return False
        self.level -= 1
        return True

    def reserve(self, now: float, lines: int = 1) -> float:
        """Takes lines in advance. Returns the seconds until they may be used.

        Of many that wait each has its own time, so they do not all wake for one line.
        """
        wait = self.wait(now, lines)
        self.charge(lines)
        return wait


class NetworkBudget(Budget):
    """The budget of all clients from one network. Each person there adds a share.

    ``trusted``: it is not limited. ``guests``: what its people without an account may send in a day, in
    bytes; None: any amount. ``guests_refused``: they have sent that. ``site``: the budget of the IPv6 /48
    around it, which is charged too, unless this network is trusted; it counts what ``shares`` networks may.
    """

    __slots__ = ("connections", "guests", "guests_refused", "people", "shares", "site", "streams", "trusted")

    def __init__(
        self, now: float, rate: Rate, *, trusted: bool, guests: Budget | None, shares: int = 1
    ) -> None:
        super().__init__(now, rate)
        self.connections = 0
        self.people = 0
        self.streams = 0
        self.trusted = trusted
        self.guests = guests
        self.guests_refused = False
        self.site: NetworkBudget | None = None
        self.shares = shares

    def charge_guest(self, now: float, size: int) -> None:
        """Somebody without an account has sent so many bytes; 0: looks whether more may be sent again."""
        if self.guests is None or self.trusted:
            self.guests_refused = False
            return
        self.guests.charge(size)
        self.guests_refused = self.guests.lines(now) < 0
        if self.site is not None:
            self.site.charge_guest(now, size)
            self.guests_refused |= self.site.guests_refused

    def lines(self, now: float) -> float:
        """Lines that may be taken now."""
        if self.trusted:
            return math.inf
        own = super().lines(now)
        return own if self.site is None else min(own, self.site.lines(now))

    def wait(self, now: float, lines: int = 1) -> float:
        """Seconds until so many lines may be taken."""
        if self.trusted:
            return 0.0
        own = max(0.0, (lines - super().lines(now)) / self.rate.per_second)
        return own if self.site is None else max(own, self.site.wait(now, lines))

    def charge(self, lines: float) -> None:
        """Takes so many lines, which may be more than there are."""
        Budget.charge(self, lines)  # super() takes as long as that
        if self.site is not None and not self.trusted:
            self.site.charge(lines)

    def is_whole(self, now: float) -> bool:
        """Whether nothing of its own is used."""
        return super().lines(now) >= self.rate.burst and (
            self.guests is None or self.guests.lines(now) >= self.guests.rate.burst
        )

    def change_share(self, people: int, rate: Rate) -> None:
        """So many people are there now.

        Whoever enters brings its share, so that a class can join at once; whoever leaves takes it along, so
        that nothing is gained by coming again.
        """
        self.people = people
        self.level += rate.burst - self.rate.burst
        self.rate = rate


class Spent(msgspec.Struct):
    """What is taken of the budgets that clients share, by their keys.

    Attributes:
        networks, accounts, askers: lines.
        guests: of the same networks, bytes that guests have sent.
        uploads: bytes.
        shares: of networks in the server's budget, lines.
    """

    networks: dict[str, float]
    guests: dict[str, float]
    accounts: dict[str, float]
    askers: dict[str, float]
    uploads: dict[str, float]
    shares: dict[str, float]


class ClientSpent(msgspec.Struct):
    """What a client has taken of its own budgets.

    Attributes:
        lines: of its connection's.
        arrival: lines for its arrival that are left.
        entered: whether it is a person.
    """

    lines: float
    arrival: int
    entered: bool


class ServerShare(Budget):
    """The share that one network has of the server's budget."""

    __slots__ = ()


class ServerBudget:
    """What all may use together who send many lines at a time, so that the others need not wait for them.

    Their networks have equal shares of it: nobody waits for the flooders of another network.

    Args:
        now: seconds.
        rate: of all shares together.
    """

    def __init__(self, now: float, rate: Rate) -> None:
        self.rate = rate
        self._shares: dict[NetworkBudget, ServerShare] = {}
        self._divided = now

    def share(self, now: float, network: NetworkBudget) -> ServerShare:
        """The share of a network; an IPv6 /48 has one share."""
        if now - self._divided >= DIVIDE_SECONDS:
            self._divide(now)
        key = network if network.site is None or network.trusted else network.site
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = ServerShare(now, self._rate_of(len(self._shares) + 1))
        return share

    def spent(self, now: float) -> dict[NetworkBudget, float]:
        """What is taken of each share."""
        spent = {network: share.spent(now) for network, share in self._shares.items()}
        return {network: lines for network, lines in spent.items() if lines > 0}

    def restore(self, now: float, spent: dict[NetworkBudget, float]) -> None:
        """So much is taken of each share, as another process says."""
        rate = self._rate_of(len(spent))
        for network, lines in spent.items():
            self._shares[network] = ServerShare(now, rate)
            self._shares[network].restore(lines)

    def _divide(self, now: float) -> None:
        """Forgets the shares that are whole, and divides the budget among the others."""
        self._divided = now
        self._shares = {
            key: share for key, share in self._shares.items() if share.lines(now) < share.rate.burst
        }
        rate = self._rate_of(len(self._shares))
        for share in self._shares.values():
            share.rate = rate

    def _rate_of(self, shares: int) -> Rate:
        shares = max(1, shares)
        return Rate(max(1.0, self.rate.burst / shares), self.rate.per_second / shares)


class Budgets:
    """The budgets of a server's clients: of each connection, each account and each network.

    Args:
        options: those of the server.
        clock: seconds that never go back.
    """

    def __init__(self, options: ServeConfig, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._networks: dict[str, NetworkBudget] = {}
        self._accounts: dict[str, Budget] = {}
        self._askers: dict[str, Budget] = {}
        self._uploads: dict[str, Budget] = {}
        self.hits = {"lines": 0, "connections": 0, "server_full": 0, "guests": 0}
        """How often somebody had to wait for a budget of lines, or was refused."""
        self.server = ServerBudget(clock(), Rate(options.server_burst, options.server_rate))
        self.change(options)

    def change(self, options: ServeConfig) -> None:
        """Uses other options from now on."""
        self._options = options
        # A proxy's own connections are those of many people.
        trusted = {*options.trusted, *options.trusted_proxies} - {UNIX}
        trusted.update(*(gateway.networks for gateway in options.gateways.values()))
        self._trusted = [ip_network(network, strict=False) for network in trusted]
        self.rate = Rate(options.burst, options.rate)
        """That of a connection."""
        self.strained_below = self.rate.burst * STRAINED
        """Lines that a connection may still send, below which it is one that sends many."""
        self.server.rate = Rate(options.server_burst, options.server_rate)
        self._account = Rate(options.account_burst, options.account_rate)
        for budget in self._accounts.values():
            budget.rate = self._account
        for key, network in self._networks.items():
            network.rate = self._rate_of(network.people, network.shares)
            self._trust(network, self._is_trusted(key))
            if network.guests is not None:
                network.guests.rate = self._guests_of(network.shares)

    def connect(self, address: str) -> NetworkBudget | None:
        """Counts a connection, and charges it as a line.

        Returns:
            Its network's budget; None if there are too many connections from there.
        """
        most = self._options.per_address
        network = self._network_at(address)
        if self._limits(network, address) and any(
            one.connections >= most * one.shares for one in _counted(network)
        ):
            self.hits["connections"] += 1
            return None
        network.reserve(self._clock())
        return self._count(network)

    def restore_connection(self, address: str) -> NetworkBudget:
        """Counts a connection that was there before this process."""
        return self._count(self._network_at(address))

    def spent(self) -> Spent:
        """What is taken of them, for another process to go on with."""
        now = self._clock()
        keys = {network: key for key, network in self._networks.items()}
        guests = {key: one.guests for key, one in self._networks.items() if one.guests is not None}
        return Spent(
            networks=_spent(self._networks, now),
            guests=_spent(guests, now),
            accounts=_spent(self._accounts, now),
            askers=_spent(self._askers, now),
            uploads=_spent(self._uploads, now),
            shares={keys[one]: lines for one, lines in self.server.spent(now).items() if one in keys},
        )

    def restore(self, spent: Spent) -> None:
        """Goes on with what another process counted, before there is a connection."""
        for key, lines in spent.networks.items():
            self._network(key, _shares_of(key)).restore(lines)
        for key, size in spent.guests.items():
            guests = self._network(key, _shares_of(key)).guests
            if guests is not None:
                guests.restore(size)
        for account, lines in spent.accounts.items():
            self.account(account).restore(lines)
        for asker, lines in spent.askers.items():
            self.asker(asker).restore(lines)
        for key, size in spent.uploads.items():
            if limit := self._daily_megabytes(key):
                self._upload(key, limit).restore(size)
        shares = {self._network(key, _shares_of(key)): lines for key, lines in spent.shares.items()}
        self.server.restore(self._clock(), shares)

    def _network_at(self, address: str) -> NetworkBudget:
        network = self._network(network_of(address))
        site = site_of(address)
        if site and not network.connections:
            network.site = self._network(site, SITE_SHARE)
        return network

    def _count(self, network: NetworkBudget) -> NetworkBudget:
        for one in _counted(network):
            one.connections += 1
        return network

    def may_stream(self, network: NetworkBudget, address: str) -> bool:
        """Whether one more stream may be open from a network: half of its connections are people's."""
        most = max(1, self._options.per_address // 2)
        return not self._limits(network, address) or all(
            one.streams < most * one.shares for one in _counted(network)
        )

    def count_stream(self, network: NetworkBudget, number: int) -> None:
        """A stream begins (1) or ends (-1)."""
        for one in _counted(network):
            one.streams += number

    def _limits(self, network: NetworkBudget, address: str) -> bool:
        """Whether connections from there are limited."""
        options = self._options
        return bool(options.limits and options.per_address) and not (network.trusted or is_local(address))

    def disconnect(self, network: NetworkBudget, *, entered: bool) -> None:
        """A connection from a network has ended. ``entered``: it was a person."""
        for one in _counted(network):
            one.connections -= 1
            if entered:
                self._add_people(one, -1)

    def enter(self, network: NetworkBudget) -> None:
        """A client from a network has become a person."""
        for one in _counted(network):
            self._add_people(one, 1)

    def _add_people(self, network: NetworkBudget, people: int) -> None:
        people += network.people
        network.change_share(people, self._rate_of(people, network.shares))

    def _trust(self, network: NetworkBudget, trusted: bool) -> None:
        """Whether a network is trusted from now on; if so, its site does not count its people."""
        if network.trusted != trusted:
            network.trusted = trusted
            if network.site is not None:
                sign = -1 if trusted else 1
                network.site.connections += sign * network.connections
                network.site.streams += sign * network.streams
                self._add_people(network.site, sign * network.people)

    def connection(self) -> Budget:
        """The budget of a new connection."""
        return Budget(self._clock(), self.rate)

    def account(self, name: str) -> Budget:
        """The budget of an account."""
        budget = self._accounts.get(name)
        if budget is None:
            budget = self._accounts[name] = Budget(self._clock(), self._account)
        return budget

    def asker(self, name: str) -> Budget:
        """The budget of a bot or a network that asks over the HTTP API: that of a connection."""
        budget = self._askers.get(name)
        if budget is None:
            budget = self._askers[name] = self.connection()
        budget.rate = self.rate
        return budget

    def reserve_upload(self, address: str, account: str, size: int) -> float:
        """Charges an upload of so many bytes in advance, to its network and its account.

        Args:
            address: the uploader's; this machine and trusted networks are not limited by network.
            account: its account's or bot's name; empty for a guest.
            size: bytes; negative: so many were charged and did not come.

        Returns:
            Seconds until it is allowed, and was not charged; 0: it was.
        """
        options = self._options
        if not options.limits:
            return 0.0
        keys = [f"@{account}"] if account else []
        if not is_local(address) and not self._is_trusted(network_of(address)):
            keys += filter(None, (network_of(address), site_of(address)))
        budgets = [self._upload(key, limit) for key in keys if (limit := self._daily_megabytes(key))]
        wait = max([0.0, *(budget.wait(self._clock(), size) for budget in budgets)])
        if not wait:
            for budget in budgets:
                budget.charge(size)
        return wait

    def _daily_megabytes(self, key: str) -> int:
        """What an account (``@NAME``), a network or a site may upload in a day; 0: any amount."""
        if key.startswith("@"):
            return self._options.file_account_megabytes
        return self._options.file_network_megabytes * _shares_of(key)

    def _upload(self, key: str, megabytes: int) -> Budget:
        """What may be uploaded in a day, in bytes: all of it at once, and again as time goes on."""
        rate = Rate(megabytes * 1_000_000, megabytes * 1_000_000 / _DAY)
        budget = self._uploads.get(key)
        if budget is None:
            budget = self._uploads[key] = Budget(self._clock(), rate)
        budget.rate = rate
        return budget

    def busiest(self, most: int) -> list[tuple[str, NetworkBudget, float]]:
        """The networks with the most connections now, and how many seconds the next line of each waits."""
        now = self._clock()
        found = nlargest(most, self._networks.items(), key=lambda one: one[1].connections)
        return [(key, network, network.wait(now)) for key, network in found if network.connections]

    def forget_idle(self) -> None:
        """Forgets the budgets that are whole and that nobody uses now."""
        now = self._clock()
        self._networks = {
            key: network
            for key, network in self._networks.items()
            if network.connections or not network.is_whole(now)
        }
        self._accounts = {name: budget for name, budget in self._accounts.items() if not budget.is_full(now)}
        self._askers = {name: budget for name, budget in self._askers.items() if not budget.is_full(now)}
        self._uploads = {key: budget for key, budget in self._uploads.items() if not budget.is_full(now)}

    def _network(self, key: str, shares: int = 1) -> NetworkBudget:
        network = self._networks.get(key)
        if network is None:
            now = self._clock()
            rate = self._guests_of(shares)
            guests = Budget(now, rate) if rate.burst and not is_local(key) else None
            network = NetworkBudget(
                now, self._rate_of(0, shares), trusted=self._is_trusted(key), guests=guests, shares=shares
            )
            self._networks[key] = network
        return network

    def _guests_of(self, shares: int) -> Rate:
        bytes_a_day = self._options.guest_megabytes * 1_000_000 * shares
        return Rate(bytes_a_day, bytes_a_day / _DAY)

    def _rate_of(self, people: int, shares: int) -> Rate:
        options = self._options
        return Rate(
            shares * options.network_burst + people * options.burst * PERSON_SHARE,
            shares * options.network_rate + people * options.rate * PERSON_SHARE,
        )

    def _is_trusted(self, key: str) -> bool:
        if not self._trusted or "/" in key:  # a site is charged only by networks that are not trusted
            return False
        try:
            network = ip_network(f"{key}/64" if ":" in key else key)
        except ValueError:
            return UNIX in self._options.trusted_proxies
        return any(
            isinstance(network, type(trusted)) and network.overlaps(trusted) for trusted in self._trusted
        )


class ClientBudget:
    """What a client is charged to: the budgets of its connection, its network, its account, and its network's
    share of the server's while it sends many lines.

    Args:
        budgets: those of the server's clients.
        network: that of its network, which counts its connection already.
    """

    __slots__ = ("_arrival", "_budgets", "_more", "_own", "entered", "network")

    def __init__(self, budgets: Budgets, network: NetworkBudget) -> None:
        self.network = network
        self._budgets = budgets
        self._own = budgets.connection()
        self._arrival = ARRIVAL_LINES
        self._more: tuple[Budget, ...] = ()
        """What is charged besides these two."""
        self.entered = False
        """Whether it is a person, and its network counts it as one."""

    def enter(self) -> None:
        """The client is a person now."""
        self.entered = True
        self._budgets.enter(self.network)

    def disconnect(self) -> None:
        """The client is gone."""
        self._budgets.disconnect(self.network, entered=self.entered)

    def move(self, address: str) -> bool:
        """The client, no person yet, is at this address. False: too many connections are from there."""
        network = self._budgets.connect(address)
        if network is not None:
            self.disconnect()
            self.network = network
        return network is not None

    def change(self) -> None:
        """Uses the options as they are now."""
        self._own.rate = self._budgets.rate

    def spent(self, now: float) -> ClientSpent:
        """What the client has taken, for another process to go on with."""
        return ClientSpent(self._own.spent(now), self._arrival, self.entered)

    def restore(self, spent: ClientSpent) -> None:
        """Goes on with what another process counted."""
        self._own.restore(spent.lines)
        self._arrival = spent.arrival
        if spent.entered:
            self.enter()

    def lines(self, now: float, account: str) -> float:
        """Lines that all of them allow now; from now on these are charged. ``account``: empty for a guest."""
        own, network, budgets = self._own, self.network, self._budgets
        more: tuple[Budget, ...] = ()
        allowed = own.level
        if allowed < budgets.strained_below:
            allowed = own.lines(now)
            if allowed < budgets.strained_below:
                more = (budgets.server.share(now, network),)
        if account:
            more += (budgets.account(account),)
        if more or network.level < allowed or network.site is not None:
            allowed = min([allowed, network.lines(now), *(budget.lines(now) for budget in more)])
        self._more = more
        return allowed

    def arrive(self, commands: Sequence[Command]) -> None:
        """It is charged for these: its own budget gets back what belongs to the arrival of a client."""
        lines = sum(
            1 + asked.cost
            for asked in commands
            if type(asked) is Join or (type(asked) is ReadHistory and asked.unasked)
        )
        lines = min(lines, self._arrival)
        self._arrival -= lines
        self._own.charge(-lines)

    def charge(self, lines: float, told: float = 0.0) -> None:
        """Takes so many lines, which may be more than there are, of which so many in all are told."""
        cost = lines + told / LINE_MEMBERS
        self._own.charge(cost)
        self.network.charge(cost)
        for budget in self._more:
            budget.charge(lines + told / SERVER_LINE_MEMBERS if type(budget) is ServerShare else cost)

    def reserve(self, now: float, lines: int) -> float:
        """Takes lines in advance. Returns the seconds until they may be used.

        While it waits for another budget its own does not fill: else it would soon be one of those who send
        few lines, and the server's budget would not hold it back.
        """
        waits = [budget.reserve(now, lines) for budget in (self._own, self.network, *self._more)]
        longest = max(waits)
        self._own.charge((longest - waits[0]) * self._own.rate.per_second)
        return longest


def _spent(budgets: Mapping[str, Budget], now: float) -> dict[str, float]:
    """What is taken of each that is not whole."""
    return {key: spent for key, budget in budgets.items() if (spent := budget.spent(now)) > 0}


def _shares_of(key: str) -> int:
    """What a network or an IPv6 /48 (``ADDRESS/48``) may have, in shares of a network."""
    return SITE_SHARE if "/" in key else 1


def _counted(network: NetworkBudget) -> tuple[NetworkBudget, ...]:
    """Where connections and people of a network are counted."""
    return (network,) if network.site is None or network.trusted else (network, network.site)
