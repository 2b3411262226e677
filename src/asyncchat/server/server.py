"""The server: puts the parts together, starts them and stops them in order.

Owns the lifecycle: the order of start and stop, the background tasks, and what a reload changes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from asyncchat.config.options import ServeConfig
from asyncchat.config.sources import Sources
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.always_on import AlwaysOnAccounts
from asyncchat.core.features.empty_rooms import EmptyRooms
from asyncchat.core.features.hub_silence import HubSilent
from asyncchat.core.features.last_seen import all_offline
from asyncchat.core.features.login_tokens import LoginTokensRevoked
from asyncchat.core.features.opers import Announced
from asyncchat.core.features.room_defaults import SetRoomDefaults, configured
from asyncchat.core.features.room_modes import over
from asyncchat.core.features.server import starting
from asyncchat.core.names import fold
from asyncchat.core.people import from_origin
from asyncchat.log.base import Log, LogError, RetentionPolicy
from asyncchat.server import logging_setup
from asyncchat.server.addresses import Address
from asyncchat.server.auth import Authentication
from asyncchat.server.cloaked_log import cloaked
from asyncchat.server.cloaks import Cloaks
from asyncchat.server.clock import SteadyClock, wall_clock
from asyncchat.server.delivery import Delivery
from asyncchat.server.disk import DiskWatch
from asyncchat.server.drain import dismiss
from asyncchat.server.file_store import FileStore, folder_beside
from asyncchat.server.handover import HandoverFailed, SessionState, Taken
from asyncchat.server.history import History
from asyncchat.server.http.app import App
from asyncchat.server.http.session_links import SessionLinks
from asyncchat.server.hub import Hub
from asyncchat.server.io_commands import io_handlers
from asyncchat.server.keepalive import Keepalive
from asyncchat.server.listeners import Listeners
from asyncchat.server.outbox import Outbox, StorageLost
from asyncchat.server.page_cache import PageCache
from asyncchat.server.password_guard import PasswordGuard
from asyncchat.server.previews import Previews
from asyncchat.server.protocol_detection import detect_again, detect_protocol, plain_detector
from asyncchat.server.protocols import Protocols
from asyncchat.server.push import Push, server_key
from asyncchat.server.reload import Reloader
from asyncchat.server.search import Search
from asyncchat.server.secret_file import RunKeys
from asyncchat.server.server_passwords import OwnerCode, ServerPasswords
from asyncchat.server.session import Detector, Session, SessionContext
from asyncchat.server.tls import Certificate
from asyncchat.server.uploads import Uploads
from asyncchat.server.watchdog import Watchdog
from asyncchat.server.webhook_positions import Positions
from asyncchat.server.webhooks import Webhooks
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.server.cluster.node import Node

_logger = logging.getLogger("asyncchat.server")

CLOCK_TOLERANCE = 60
"""Seconds by which the machine's clock may be behind the history without a word: all clocks are corrected."""

DRAIN_SECONDS = 5.0
"""How long the last bytes to all sessions may take when the server stops."""

DISMISSED_AT_ONCE = 50
"""People who are told in one pass of the loop that their node of the cluster stops."""


class Server:
    """A chat server.

    Args:
        config: the options.
        log: the history; the server does not close it.
        owner_code: the code that makes a person an operator of the server.
        motd: lines of the message of the day, or None.
        keys: those of this run; None: new ones.
        chat: who is there already, where another process has handed the server over; None: nobody.
        most_sessions: most connections; the options may allow fewer.
        sources: where a reload reads the options.
        webhook_positions: the file that says how far each webhook came; None: that is not kept.
        database: the history's file, whose disk is watched; None: there is none.
        certificate: for connections over TLS; None: there are none.
        node: its place in a cluster; None: it is not in one.
    """

    def __init__(
        self,
        config: ServeConfig,
        log: Log,
        owner_code: OwnerCode,
        *,
        motd: tuple[str, ...] | None = None,
        keys: RunKeys | None = None,
        chat: Chat | None = None,
        most_sessions: int = 1_000_000,
        sources: Sources | None = None,
        webhook_positions: Path | None = None,
        database: Path | None = None,
        certificate: Certificate | None = None,
        node: Node | None = None,
    ) -> None:
        self.log = log
        chat = chat or log.chat()
        self.keys = keys = keys or RunKeys()
        self.delivery = Delivery(chat)
        self.outbox = Outbox(log, self.delivery)
        self.node = node
        if node is None:
            self.hub = Hub(chat, log, self.outbox, SteadyClock(log.last_time))
        else:
            self.hub = node.make_edge(chat, self.outbox)
            self.delivery.logs_others = False
        self.reloader = Reloader(self, sources)
        guard = PasswordGuard(asyncio.get_running_loop().time, secret=keys.accounts, counting=config.limits)
        self.auth = Authentication(chat, ServerPasswords(config, guard.queue), owner_code, guard)
        cloaks = Cloaks(keys.cloaks if config.cloak else b"")
        shown = cloaked(log, cloaks)
        pages = PageCache(shown, self.delivery)
        history = History(chat, shown, pages)
        search = Search(history, shown)
        handlers = io_handlers(history, search, self.auth, self.reloader)
        self.context = SessionContext(
            config,
            cloaks=cloaks,
            hub=self.hub,
            outbox=self.outbox,
            delivery=self.delivery,
            io_handlers=handlers,
            watchdog=Watchdog(config.blocked_ms / 1000),
            certificate=certificate,
        )
        if node is not None:
            node.clients = lambda: len(self.context.sessions)
            node.on_silence = self._tell_of_silence
            node.shortening.observe(self.delivery)
        self.delivery.observe(LoginTokensRevoked, partial(self.auth.end_revoked, self.context.sessions))
        self.push = Push(self.context, shown, server_key(keys.pushes))
        handlers.update(self.push.handlers)
        self.protocols = Protocols(config, log.ids, motd, self.push.public_key)
        self.protocols.irc.arriving = lambda: len(self.context.sessions) - self.delivery.presence.sessions
        self.listeners = Listeners(self.context, most_sessions, keys.admission)
        store = FileStore(None if database is None else folder_beside(database))
        self.uploads = Uploads(self.context, log, store, None if node is None else node.shared_files(store))
        self.hub.remove_files = self.uploads.remove
        self.previews = Previews(self.context)
        links = SessionLinks(chat, keys.links)
        self.app = App(
            self.context,
            shown,
            pages,
            search.searcher,
            self.listeners,
            self.protocols.info.started,
            uploads=self.uploads,
            previews=self.previews,
            history=history,
            auth=self.auth,
            links=links,
        )
        self.protocols.irc.session_key = links.key
        self.protocols.irc.upload_link = self.app.files.upload_link
        self.protocols.irc.previews_link = self.app.previews.link
        self.keepalive = Keepalive(self.context, config.name)
        self.hub.on_name_taken = self.keepalive.probe
        if node is not None:
            self.keepalive.ask_holder, node.on_wanted = node.ask_holder, self.keepalive.probe_here
        positions = (node.webhook_positions if node is not None else Positions)(webhook_positions)
        self.webhooks = Webhooks(self.delivery, log, config.webhooks, positions, lambda: self.hub.is_leading)
        self.hub.on_leading = self._follow_leading
        self.disk = DiskWatch(database, self._announce)
        self._apply_to_chats()

    @property
    def options(self) -> ServeConfig:
        """The options as they are now."""
        return self.context.options

    @property
    def certificate(self) -> Certificate | None:
        """For connections over TLS, if there are any."""
        return self.context.certificate

    @property
    def motd(self) -> tuple[str, ...] | None:
        """The lines of the message of the day."""
        return self.protocols.info.motd

    async def start(self, sockets: Sequence[tuple[Address, Sequence[socket.socket]]]) -> None:
        """Records the start in the log, then accepts connections on these sockets."""
        chat = self.hub.chat
        self._warn_of_the_clock()
        if self.node is not None:
            self.delivery.begin(self.log.last, self.node.begin())
            await self._open(sockets, self.node.next_session)
            self._set_room_defaults()
            return
        hide = self.context.cloaks.hide
        facts = self.hub.record(starting(chat, __version__, self.hub.now(), self.log.last_time, hide))
        facts += self.hub.record(
            list(configured(chat, self.options.rooms, self.options.name, self.hub.now()))
        )
        facts += self.hub.record(list(over(chat, from_origin(self.options.name), self.hub.now())))
        await self.log.append(facts[0].number - 1, facts)
        self.delivery.begin(facts[-1].number)
        await self._open(sockets, max(chat.people, default=0) + 1)

    async def take_over(self, taken: Taken) -> list[tuple[SessionState, Session]]:
        """Makes what another process has handed over, in the place of ``start``.

        Nothing is read, accepted or recorded before ``go_on``: until then that process can serve on.

        Returns:
            The sessions, for ``go_on``.

        Raises:
            HandoverFailed: the history is another one.
        """
        if self.log.last != taken.server.last:
            raise HandoverFailed(f"the history ends with {self.log.last}, not {taken.server.last}")
        if taken.server.spent is not None:
            self.context.budgets.restore(taken.server.spent)
        self.auth.guard.restore(taken.server.guesses)
        states = taken.sessions(self.protocols)
        sessions = await self.listeners.restore(states, taken.connections)
        self.delivery.begin(self.log.last, {session.id: session for session in sessions})
        return list(zip(states, sessions, strict=True))

    async def go_on(
        self, taken: Taken, sessions: Sequence[tuple[SessionState, Session]]
    ) -> dict[int, Callable[[], None]]:
        """Goes on with what ``take_over`` has made.

        Returns:
            By the numbers of sessions to which the other process still sends: to be called when it has.
        """
        await self._open(taken.listening, taken.server.next_id)
        waiting: dict[int, Callable[[], None]] = {}
        for state, session in sessions:
            go_on = partial(session.go_on, self.detector(state.unread, state.before))
            if state.is_unsent:
                waiting[session.id] = go_on
            else:
                go_on()
        self._set_room_defaults()
        return waiting

    def detector(self, unread: bytes, before: object) -> Detector:
        """Gives a session that has stopped what it goes on with."""

        async def detect(session: Session) -> bytes | None:
            if before is None:
                return unread
            return await detect_again(self.protocols, self.listeners, self.app, before, unread, session)

        return detect

    async def _open(self, sockets: Sequence[tuple[Address, Sequence[socket.socket]]], next_id: int) -> None:
        """Accepts connections, the first as the session of this number."""
        detect = partial(partial, detect_protocol, self.protocols, self.listeners, self.app)
        detect_person = partial(plain_detector, self.protocols)
        await self.listeners.open(sockets, detect, detect_person, next_id)
        self.protocols.tls_port = self.listeners.tls_port()
        self.protocols.update(self.options, self.motd)
        self.hub.page = self.listeners.page()
        self.log.set_retention(_retention(self.options))

    async def run(self) -> None:
        """Serves until cancelled.

        Raises:
            StorageLost: the history could not be written for too long; everyone has been told.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.context.watchdog.run())
                group.create_task(self.outbox.run())
                group.create_task(self.context.measurements.run())
                group.create_task(self.keepalive.run())
                group.create_task(self.reloader.run())
                group.create_task(self.webhooks.run())
                group.create_task(self.push.run())
                group.create_task(self.previews.run())
                group.create_task(self.app.prepare())
                group.create_task(self.disk.run())
                group.create_task(self.uploads.run())
                if self.node is not None:
                    group.create_task(self.node.run())
                if self.certificate is not None:
                    group.create_task(self.certificate.watch())
        except* StorageLost as lost:
            since = time.strftime("%H:%M:%S", time.localtime(self.outbox.failing_since))
            reason = f"the history can't be written; what was said after {since} is not known to be kept"
            _logger.critical("Stopped: %s", reason)
            await self.stop(reason, drain=False)
            raise lost.exceptions[0] from None
        except* LogError as cut_off:
            _logger.critical("Stopped: %s", cut_off.exceptions[0])
            await self.stop("this node of the cluster can't go on", drain=False)
            raise cut_off.exceptions[0] from None
        except* Exception as failed:  # noqa: BLE001  # a bug: told, then raised again
            await self.stop("internal error", drain=False)
            raise failed.exceptions[0] from None

    async def stop(self, reason: str, *, drain: bool = True) -> None:
        """Stops in order: accepts no more connections, delivers what waits, tells why, closes, waits.

        With ``drain`` the outbox's task must still run.
        """
        self.listeners.close()
        sessions = self.context.sessions
        if drain:
            if self.node is not None:
                await self.webhooks.hand_over()
                await self.node.leave(DRAIN_SECONDS, all_offline, self._dismiss_all)
            else:
                self.hub.declare(list(all_offline(self.hub.chat, self.hub.now())))
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self.hub.told()
            except TimeoutError:
                _logger.error("Not everything was delivered within %g s", DRAIN_SECONDS)
        for session in list(sessions):
            session.shut_down(reason)
        tasks = [task for task in sessions.values() if task is not None]
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.listeners.close_endpoints()

    async def _dismiss_all(self) -> None:
        """Has all people here go to other nodes of the cluster, a few in each pass of the loop."""
        for number, session in enumerate(list(self.context.sessions), 1):
            dismiss(session)
            if number % DISMISSED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def apply_options(self, options: ServeConfig, motd: tuple[str, ...] | None) -> None:
        """Uses other options from now on; nobody is disconnected for it."""
        before, self.context.options = self.options, options
        self.context.budgets.change(options)
        for session in self.context.sessions:
            session.change_budget()
        self._apply_to_chats()
        secrets = ("password", "operators", "gateways")
        if any(getattr(options, one) != getattr(before, one) for one in secrets):
            self.auth.passwords = ServerPasswords(options, self.auth.guard.queue)
        self.auth.guard.counting = options.limits
        renewed = self.protocols.update(options, motd)
        if renewed is not None:
            for session in self.context.sessions:
                if session.dialect is not None:
                    self.outbox.put(session, (renewed,), 0)
        self.app.update()
        self.hub.page = self.listeners.page()
        self.webhooks.change(options.webhooks)
        if _retention(options) != _retention(before):
            self.log.set_retention(_retention(options))
        if options.log_level != before.log_level:
            logging_setup.set_level(options.log_level)
        self._set_room_defaults()

    def declare(self, facts: Sequence[Event]) -> None:
        """Records and delivers facts that no session caused."""
        self.hub.declare(facts)

    def _warn_of_the_clock(self) -> None:
        """Says so if the history has records of a time that is still to come."""
        ahead = (self.log.last_time - wall_clock()) // 1_000_000
        if ahead >= CLOCK_TOLERANCE:
            _logger.warning(
                "The newest record of the history is %d s ahead of this machine's clock. Set the clock if it "
                "is wrong. Else times in the history go on from there, a little slower, until the clock has "
                "caught up",
                ahead,
            )

    def _announce(self, text: str) -> None:
        """Tells the operators of the server."""
        to = tuple(self.hub.chat.server_operators)
        if to:
            self.hub.declare([Announced(from_origin(self.options.name), text, to)])

    def _tell_of_silence(self) -> None:
        """Tells those of whom something is not decided that it waits; others are refused what they ask."""
        for session in self.context.sessions:
            if session.dialect is not None and session.dialect.entered and self.outbox.waits(session):
                self.outbox.put(session, (HubSilent(),), 0)

    def _follow_leading(self) -> None:
        """This node became the hub of the cluster, or is it no more."""
        self._apply_to_chats()  # they may have changed while its state was copied
        self.webhooks.look_again()

    def _apply_to_chats(self) -> None:
        options = self.options
        for chat in self.hub.chats:
            chat.ascii_names = options.ascii_names
            chat.rooms.per_network = options.rooms_per_address
            chat.rooms.configured = frozenset(map(fold, options.rooms))
            EmptyRooms.of(chat).max_days = options.empty_room_days
            AlwaysOnAccounts.of(chat).max_accounts = options.max_always_on
            AlwaysOnAccounts.of(chat).max_days = options.always_on_days

    def _set_room_defaults(self) -> None:
        if self.options.rooms:
            self.hub.order(SetRoomDefaults(self.options.rooms, self.options.name))


def _retention(options: ServeConfig) -> RetentionPolicy:
    rooms = {fold(name): room.keep_days for name, room in options.rooms.items() if room.keep_days}
    return RetentionPolicy(options.keep_days, options.keep_megabytes, rooms)
