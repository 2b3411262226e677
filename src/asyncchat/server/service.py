"""The service: one server's parts put together, from its start to its end.

Owns the lifecycle: listeners, sessions, the outbox's task, the watch, and the orderly stop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat import __version__
from asyncchat.core.chat import Chat, starting
from asyncchat.core.events import AnyEvent
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.people import from_origin
from asyncchat.core.replies import OfferRenewed
from asyncchat.core.rules.modes import over
from asyncchat.core.settings import configured
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.plain import Plain
from asyncchat.dialects.websocket import WebSocket
from asyncchat.log.base import Retention
from asyncchat.server import greeting, reporting
from asyncchat.server.access import Access
from asyncchat.server.accounts import Accounts
from asyncchat.server.addresses import BACKLOG, Address
from asyncchat.server.cloaks import LOCALHOST, Cloaks, new_key
from asyncchat.server.delivery import Delivery
from asyncchat.server.http.hosts import Hosts
from asyncchat.server.http.site import Site
from asyncchat.server.hub import Hub, wall_clock
from asyncchat.server.limits import Places
from asyncchat.server.outbox import Outbox, StorageLost
from asyncchat.server.recent import Recent
from asyncchat.server.reloading import Reloader
from asyncchat.server.searches import Searches
from asyncchat.server.session import Session
from asyncchat.server.watch import Watch
from asyncchat.server.webhooks import Webhooks

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig
    from asyncchat.config.sources import Sources
    from asyncchat.log.base import Log
    from asyncchat.server.owner import OwnerCode

_logger = logging.getLogger("asyncchat.server")

FULL = b"The chat is full. Try again later.\r\n"
CROWDED = b"Too many connections from your address. Close some, or try again later.\r\n"

DRAIN_SECONDS = 5.0
"""How long the last bytes to all sessions may take when the server stops."""


class Service:
    """A chat server.

    Args:
        config: its options.
        log: the record it goes on with; the service does not close it.
        owner_code: what makes a person the owner.
        motd: lines of the message of the day, or None.
        cloak_key: what addresses are hidden with, where the options want it; None: a key for this run.
        most_sessions: connections it takes; the options may allow fewer.
        sources: where a reload reads the options again.
    """

    def __init__(
        self,
        config: ServeConfig,
        log: Log,
        owner_code: OwnerCode,
        *,
        motd: tuple[str, ...] | None = None,
        cloak_key: bytes | None = None,
        most_sessions: int = 1_000_000,
        sources: Sources | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.options = config
        """As they are now: a reload exchanges them."""
        self.access = Access(config)
        self.accounts = Accounts(self.now, counting=config.limits)
        self.owner_code = owner_code
        self.cloaks = Cloaks((cloak_key or new_key()) if config.cloak else b"")
        self.log = log
        self.begun = log.last
        """The number of the last record before this run."""
        self.searches = Searches(log)
        local = time.localtime()
        self.info = ServerInfo(
            name=config.name,
            version=__version__,
            started=wall_clock(),
            ids=log.ids,
            motd=motd,
            zone=local.tm_zone,
            utc_offset=local.tm_gmtoff,
            keeps_history=config.history,
            locked=bool(config.password),
            registration=config.registration,
            # Who has not shown the server's password must not be let in by making an account.
            before_connect=config.before_connect and not config.password,
            require_email=config.require_email,
            newcomers=config.newcomers,
            description=config.description,
            operators=tuple(config.operators),
            contact=config.contact,
            network=config.network,
            icon=config.icon,
        )
        self.reloader = Reloader(self, sources)
        self.irc = IrcContext(self.info)
        self.websocket = WebSocket(self.irc)
        self.irc.arriving = lambda: len(self.sessions) - self.delivery.people.sessions
        self.plain = Plain(self.info)
        self.site = Site(self)
        self.hosts = self._hosts()
        """The names under which HTTP is answered, and the pages that may speak to it."""
        self.delivery = Delivery(self._too_slow)
        self.outbox = Outbox(log, self.delivery)
        self.hub = Hub(Chat.replay(log.state()), log, self.outbox)
        self.hub.chat.ascii_names = config.ascii_names
        self.hub.chat.most_stays = config.most_stays
        self.hub.chat.longest_absence = config.stay_days
        self.delivery.auditorium = self._auditorium
        self.recent = Recent(log, self.delivery.said)
        self.delivery.on_moved = self.recent.forget
        self.delivery.owners = self.hub.chat.owners
        self.watch = Watch(self)
        self.webhooks = Webhooks(self)
        self.hub.on_name_taken = self.watch.probe
        self.sessions: dict[Session, asyncio.Task[None] | None] = {}
        """Every connection's session, with its task."""
        self.addresses: list[Address] = []
        self.reachable: list[Address] = []
        """Those of people; found at the start, since a name server may be asked."""
        self._most_sessions = most_sessions
        self._next_id = 1
        self._places = Places()
        self._servers: list[asyncio.Server] = []

    async def start(self, listeners: Sequence[tuple[Address, Sequence[socket.socket]]]) -> None:
        """Begins the run in the log, then accepts connections on these sockets."""
        chat = self.hub.chat
        facts = self.hub.record(starting(chat, __version__, wall_clock(), self.log.last_time))
        facts += self.hub.record(self._settings())
        facts += self.hub.record(list(over(self.hub.chat, from_origin(self.info.name), wall_clock())))
        await self.log.append(facts[0].number - 1, facts)
        self.delivery.delivered = facts[-1].number
        self.delivery.keep_places({who: chat.rooms_of.get(who, ()) for who in chat.absent})
        self._next_id = max(chat.people, default=0) + 1
        for address, sockets in listeners:
            for listener in sockets:
                if address.path:
                    self.addresses.append(address)
                    server = await asyncio.start_unix_server(self._accept, sock=listener, backlog=BACKLOG)
                else:
                    self.addresses.append(Address(*listener.getsockname()[:2]))
                    server = await asyncio.start_server(self._accept, sock=listener, backlog=BACKLOG)
                self._servers.append(server)
        self.reachable = greeting.reachable(self.addresses)
        self.log.retain(_retention(self.options))

    async def run(self) -> None:
        """Serves until cancelled.

        Raises:
            StorageLost: the history could not be written for too long; everyone has been told.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.outbox.run())
                group.create_task(self.watch.run())
                group.create_task(self.reloader.run())
                group.create_task(self.webhooks.run())
        except* StorageLost as lost:
            since = time.strftime("%H:%M:%S", time.localtime(self.outbox.failing_since))
            reason = f"the history can't be written; what was said after {since} is not known to be kept"
            _logger.critical("Stopped: %s", reason)
            await self.stop(reason, drain=False)
            raise lost.exceptions[0] from None
        except* Exception as failed:  # noqa: BLE001  # a bug: told, then raised again
            await self.stop("internal error", drain=False)
            raise failed.exceptions[0] from None

    async def stop(self, reason: str, *, drain: bool = True) -> None:
        """Stops in order: accepts no more, delivers what was accepted, says why, closes, waits.

        The outbox's task must still run where ``drain`` is true.
        """
        for server in self._servers:
            server.close()
        if drain:
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self.outbox.emptied()
            except TimeoutError:
                _logger.error("Not everything was delivered within %g s", DRAIN_SECONDS)
        for session in list(self.sessions):
            session.dismiss(reason)
        tasks = [task for task in self.sessions.values() if task is not None]
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def take_over(self, options: ServeConfig, motd: tuple[str, ...] | None) -> None:
        """Serves by other options from now on; nobody is dropped for it."""
        before, self.options = self.options, options
        self.hub.chat.ascii_names = options.ascii_names
        self.hub.chat.most_stays = options.most_stays
        self.hub.chat.longest_absence = options.stay_days
        if (options.password, options.operators) != (before.password, before.operators):
            self.access = Access(options)
        self.info = msgspec.structs.replace(
            self.info,
            motd=motd,
            locked=bool(options.password),
            before_connect=options.before_connect and not options.password,
            newcomers=options.newcomers,
            description=options.description,
            operators=tuple(options.operators),
            contact=options.contact,
            network=options.network,
            icon=options.icon,
        )
        offered = self.irc.offer
        self.irc.renew(self.info)
        if self.irc.offer.values != offered.values:
            for session in self.sessions:
                if session.dialect is not None:
                    self.outbox.put(session, (OfferRenewed(offered),), 0)
        self.plain.info = self.info
        self.hosts = self._hosts()
        self.webhooks.changed()
        if _retention(options) != _retention(before):
            self.log.retain(_retention(options))
        if options.log_level != before.log_level:
            reporting.set_level(options.log_level)
        self.accounts.counting = options.limits
        self.hub.declare(self._settings())

    def how_to_join(self) -> str:
        """The lines on how to join."""
        return greeting.how_to_join(greeting.best(self.reachable), locked=self.info.locked)

    def first_address(self) -> tuple[str, int]:
        """A host and port that people can use."""
        best = greeting.best(self.reachable)
        return best.host, best.port

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Coroutine[None, None, None] | None:
        """Begins a session; what it returns becomes the task: a frame around it would cost memory."""
        if len(self.sessions) >= min(self._most_sessions, self.options.sessions or self._most_sessions):
            writer.write(FULL)
            writer.close()
            return None
        writer.transport.set_write_buffer_limits(high=self.options.send_bytes)
        peer = writer.get_extra_info("peername")
        if isinstance(peer, tuple):
            # Interned: a school behind one address has one string of it, not a thousand.
            address = sys.intern(peer[0].removeprefix("::ffff:"))
        elif isinstance(writer.get_extra_info("sockname"), tuple):
            # Reset before it was accepted. What it sent must not count as this machine's, past every ban.
            writer.transport.abort()
            return None
        else:
            address = LOCALHOST
        options = self.options
        if not self._places.take(address, options.per_address if options.limits else 0):
            _logger.info("%s has too many connections, one more was closed", address)
            writer.write(CROWDED)
            writer.close()
            return None
        session = Session(self, self._next_id, address, reader, writer)
        self._next_id += 1
        return session.run()

    def forget(self, session: Session) -> None:
        """A session's connection is over."""
        del self.sessions[session]
        self._places.leave(session.address)

    def _settings(self) -> list[AnyEvent]:
        """What the options state for rooms and nobody has set."""
        return list(configured(self.hub.chat, self.options.rooms, self.info.name, wall_clock()))

    def _hosts(self) -> Hosts:
        own = socket.gethostname()
        # A machine without a name server is known in its network as NAME.local (multicast DNS, RFC 6762).
        names = (self.options.name, own, f"{own.partition('.')[0]}.local")
        return Hosts(names, self.options.origins)

    def _auditorium(self, key: str) -> dict[int, int] | None:
        """The roles in a room whose members are hidden from each other."""
        room = self.hub.chat.rooms.get(key)
        return dict(room.roles) if room is not None and AUDITORIUM in room.flags else None

    def _too_slow(self, session: Session) -> None:
        session.expel("too slow", at_once=True)


def _retention(options: ServeConfig) -> Retention:
    return Retention(options.keep_days, options.keep_megabytes)
