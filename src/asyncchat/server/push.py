"""Web push: tells the devices of accounts of mentions and private messages that nobody has read.

Owns when a push is sent, and how many. A message is looked at once the history has it and all were told; only
while somebody is subscribed. Whoever is connected has some seconds to read it: the page and most clients say
so by their read marker. Must not know how a push is encrypted (``push_encryption``) or what it goes through
(``outgoing``).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from functools import partial
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import msgspec

from asyncchat.config.faults import push_fault
from asyncchat.core.events import Record
from asyncchat.core.features.login_tokens import LoginTokens
from asyncchat.core.features.messages import Said, SaidInPrivate, Speech
from asyncchat.core.features.preferences import IGNORE, NOTIFY, Preferences
from asyncchat.core.features.read_markers import read_markers_of
from asyncchat.core.features.webpush import (
    ENDPOINT_BYTES,
    PushEnded,
    PushFault,
    PushRefused,
    PushSubscribed,
    Subscribe,
    SubscribeVerified,
    Subscription,
    Subscriptions,
    called,
    is_valid,
)
from asyncchat.core.names import fold
from asyncchat.dialects.irc.capabilities import CAPABILITIES, MULTILINE
from asyncchat.dialects.irc.encoder import CapabilityEncoder
from asyncchat.log.base import LogError
from asyncchat.server import outgoing
from asyncchat.server.slices import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from asyncchat.core.commands import Command
    from asyncchat.log.base import Log
    from asyncchat.server.delivery import Batch
    from asyncchat.server.push_encryption import ServerKey
    from asyncchat.server.session import IoHandler, IoResult, Session, SessionContext

_logger = logging.getLogger("asyncchat.push")

LOOK_SECONDS = 5.0
"""For how long somebody who is connected may read a message before the devices are told."""

MOST_WAITING: Final = 1000
"""Messages that wait to be told; more are not told."""

MOST_CALLED: Final = 50
"""Accounts that one message calls; a list of all names is no call."""

MOST_A_MINUTE: Final = 20
"""Messages of which one account is told in a minute: the rest is read when one looks."""

KEPT_SECONDS: Final = 86_400
"""For how long a push service keeps a message for a device that is off (RFC 8030, 5.2)."""

ANSWER_SECONDS: Final = 10.0
"""How long a push service may take."""

FIRST_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 3600.0
"""Seconds for which a device is told nothing whose push service did not answer: doubled each time."""

_THREADS: Final = 8
_LOOKUP_THREADS: Final = 2

_NAMES_SECONDS: Final = 1.0
"""For how long it is known who is called what."""

_GONE: Final = (404, 410)
"""The answers of a push service that has no such subscription any more (RFC 8030, 7.3)."""


def server_key(secret: bytes) -> ServerKey | None:
    """The key of pushes, made of a secret (empty: a new one); None without ``asyncchat[push]``."""
    if push_fault(True):
        return None
    from asyncchat.server.push_encryption import ServerKey

    return ServerKey(secret or secrets.token_bytes(32))


class Push:
    """The pushes of a server.

    Args:
        context: what sessions share.
        log: has the messages.
        key: by which push services know the server; None: nobody is told.
    """

    def __init__(self, context: SessionContext, log: Log, key: ServerKey | None) -> None:
        self._context = context
        self._chat = context.hub.chat
        self._log = log
        self._key = key
        self.public_key = "" if key is None else key.public
        """In base64; empty: pushes can't be sent."""
        self._subscriptions = Subscriptions.of(self._chat)
        self._names: dict[str, str] = {}
        """The accounts' keys by the names of their people, in lower case."""
        self._people: dict[str, list[int]] = {}
        self._eager: dict[str, set[str]] = {}
        """The accounts that want to be told of each message, by room."""
        self._named_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._counted: dict[str, int] = {}
        self._minute = 0
        self._pauses: dict[str, tuple[float, float]] = {}
        """Until when an endpoint is left alone, and for how long that was."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pool = outgoing.Threads(_THREADS, "push")
        self._lookups = outgoing.Threads(_LOOKUP_THREADS, "push-names")
        """Of their own: names that are found slowly hold up no pushes."""
        self.wait: Callable[[float], Awaitable[object]] = asyncio.sleep
        self.handlers: dict[type[Command], IoHandler] = {Subscribe: self.subscribe}
        """The I/O command that it answers."""
        if key is not None:
            context.delivery.observe(PushSubscribed, self._subscribed)
            self._watch()

    def _subscribed(self, _event: PushSubscribed) -> None:
        self._named_until = 0.0
        self._watch()

    def _watch(self) -> None:
        """Looks at what is told from now on, if somebody is subscribed."""
        self._context.outbox.watcher = self.look if self._subscriptions.by_account else None

    async def run(self) -> None:
        """Owns the tasks that send pushes, until cancelled."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for pool in (self._pool, self._lookups):
                pool.close()

    # Subscriptions.

    async def subscribe(self, session: Session, command: Subscribe, _upto: int) -> IoResult:
        """Checks where a device is to be told, and its keys."""
        wanted = command.subscription
        options = session.context.options
        if self._key is None or not options.push:
            return PushRefused(PushFault.OFF, wanted.endpoint)
        fault = _keys_fault(wanted) or await self._endpoint_fault(wanted.endpoint)
        if fault is not None:
            return PushRefused(fault, wanted.endpoint)
        token = session.token or LoginTokens.of(self._chat).token_of(session.id)
        return SubscribeVerified(msgspec.structs.replace(wanted, token=token), command.context)

    async def _endpoint_fault(self, endpoint: str) -> PushFault | None:
        networks = self._context.options.outgoing_networks
        try:
            parts = outgoing.split(endpoint)
        except ValueError:
            return PushFault.ENDPOINT
        if len(endpoint) > ENDPOINT_BYTES:
            return PushFault.ENDPOINT
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                look = partial(outgoing.addresses_of, parts, networks, ANSWER_SECONDS)
                found = await self._lookups.run(look)
        except outgoing.FAULTS:
            return PushFault.ADDRESS
        is_near = not any(outgoing.is_allowed(one, ()) for one in found)
        return None if parts.scheme == "https" or is_near else PushFault.ENDPOINT

    # Messages.

    async def look(self, batch: Batch) -> None:
        """Looks whom the messages of a batch call, which all have been told; a slice at a time."""
        if not self._subscriptions.by_account:
            self._context.outbox.watcher = None
            return
        if not self._context.options.push:
            return
        until = perf_counter() + SLICE_SECONDS
        for _, outcome in batch:
            for item in outcome:
                if type(item) is not Record or not isinstance(item.event, Said | SaidInPrivate):
                    continue
                self._look_at(item, item.event)
                if perf_counter() >= until:
                    await asyncio.sleep(0)
                    until = perf_counter() + SLICE_SECONDS

    def _look_at(self, record: Record, event: Said | SaidInPrivate) -> None:
        if event.speech not in (Speech.MESSAGE, Speech.ACTION):
            return
        accounts: Iterable[str]
        if isinstance(event, SaidInPrivate):
            accounts = {fold(event.to.account)} & self._subscriptions.by_account.keys()
        else:
            self._learn_names()
            accounts = called(event.text, self._names) | self._eager.get(event.room, frozenset())
        own = fold(event.person.account)
        for account in islice(accounts, MOST_CALLED):
            people = [] if account == own else self._told(account, record, event)
            if not people:
                continue
            if len(self._tasks) >= MOST_WAITING:
                _logger.warning("Too many pushes wait: somebody is not told")
                return
            task = asyncio.create_task(self._tell(account, people, record, event), name="push")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _learn_names(self) -> None:
        """Learns who of those who are subscribed is called what now."""
        now = self._context.now()
        if now < self._named_until:
            return
        self._named_until = now + _NAMES_SECONDS
        chat = self._chat
        keys = {chat.accounts[key].name: key for key in self._subscriptions.by_account}
        self._names = {name.casefold(): key for name, key in keys.items()}
        self._people = {key: [] for key in keys.values()}
        self._eager = {}
        chosen = Preferences.of(chat).accounts
        for key in self._people:
            for (name, target), value in chosen.get(key, {}).items():
                room = chat.rooms.get(target)
                if name == NOTIFY and value == "all" and room is not None:
                    self._eager.setdefault(room.name, set()).add(key)
        for person in chat.people.values():
            if person.account in keys:
                self._people[keys[person.account]].append(person.id)
                self._names[person.name.casefold()] = keys[person.account]

    def _told(self, account: str, record: Record, event: Said | SaidInPrivate) -> list[int]:
        """The people of an account who were told of a message; none if they do not want to hear of it."""
        if isinstance(event, SaidInPrivate):
            people = [event.to.id]
        else:
            room = self._chat.room_named(event.room)
            members = () if room is None else room.member_blocks
            people = [one for one in self._people[account] if one in members]
        place = event.person.name if isinstance(event, SaidInPrivate) else event.room
        return [] if self._is_unwanted(account, event.person.key, fold(place)) else people

    def _is_unwanted(self, account: str, sender: str, place: str) -> bool:
        """Whether an account ignores who said something, or wants to hear nothing from there."""
        chosen = Preferences.of(self._chat).accounts.get(account, {})
        return (IGNORE, sender) in chosen or chosen.get((NOTIFY, place)) == "none"

    async def _tell(
        self, account: str, people: list[int], record: Record, event: Said | SaidInPrivate
    ) -> None:
        place = fold(event.person.name if isinstance(event, SaidInPrivate) else event.room)
        if any(one not in self._chat.sessions.offline_since for one in people):
            await self.wait(LOOK_SECONDS)
        if not self._context.hub.is_leading:
            return  # the hub of the cluster tells it, which may have been another node a moment ago
        if self._has_read(people, place, record) or not self._counts(account):
            return
        found: Record | None = record
        if self._context.options.history:
            try:
                found = await self._log.find(record.number)
            except LogError as error:
                _logger.warning("Nobody is told of a message that can't be read: %s", error)
                return
        if found is None:
            return  # it was erased meanwhile
        async with self._turns.setdefault(account, asyncio.Lock()):
            for one in tuple(self._subscriptions.of_account(account).values()):
                if not is_valid(self._chat, account, one, self._context.hub.now()):
                    self._context.hub.declare([PushEnded((one.endpoint,))])
                    continue
                await self._send(one, self._line(found, one.caps))

    def _has_read(self, people: list[int], place: str, record: Record) -> bool:
        """Whether somebody has read a message, or has written since."""
        chat = self._chat
        here = [one for one in people if one in chat.people]
        read = max(read_markers_of(chat, here, place).values(), default=0)
        # Markers are told in milliseconds.
        return read // 1000 >= record.time // 1000 or any(
            chat.people.last_spoke.get(one, 0) > record.time for one in here
        )

    def _counts(self, account: str) -> bool:
        """Counts a message; whether it is not one of too many."""
        minute = int(self._context.now() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counted.clear()
        count = self._counted[account] = self._counted.get(account, 0) + 1
        return count <= MOST_A_MINUTE

    def _line(self, record: Record, caps: tuple[str, ...]) -> bytes:
        """A message as a client with these capabilities is told; of a long one the first line."""
        bits = sum(one.bit for one in CAPABILITIES if one.changes and one.name in caps) & ~MULTILINE
        event = msgspec.structs.replace(record.event, tags=())  # there is no room for long ones
        encoder = CapabilityEncoder(self._context.options.name, self._log.ids, bits)
        return encoder.encode(msgspec.structs.replace(record, event=event)).split(b"\r\n", 1)[0]

    async def _send(self, one: Subscription, line: bytes) -> None:
        now = self._context.now()
        until, pause = self._pauses.get(one.endpoint, (0.0, FIRST_PAUSE / 2))
        if now < until:
            return
        options = self._context.options
        host = outgoing.split(one.endpoint).netloc
        work = partial(
            self._post, one, line, _contact(options.contact, options.name), options.outgoing_networks
        )
        try:
            status = await self._pool.run(work)
        except outgoing.FAULTS as error:
            _logger.info("A push to %s was not sent: %s", host, error)
            status = 0
        if status in _GONE:
            self._context.hub.declare([PushEnded((one.endpoint,))])
        elif status in (0, 429) or status >= 500:
            if len(self._pauses) >= MOST_WAITING:
                self._pauses = {key: value for key, value in self._pauses.items() if value[0] > now}
            pause = min(2 * pause, LONGEST_PAUSE)
            self._pauses[one.endpoint] = now + pause, pause
        else:
            self._pauses.pop(one.endpoint, None)
        if status >= 300:
            _logger.info("A push to %s was answered %d", host, status)

    def _post(self, one: Subscription, line: bytes, contact: str, networks: tuple[str, ...]) -> int:
        """For a thread: encrypts and sends a line; gives the status of the answer."""
        from asyncchat.server.push_encryption import encrypted

        assert self._key is not None  # noqa: S101  # else nobody is subscribed
        body = encrypted(line, one.p256dh, one.auth)
        parts = outgoing.split(one.endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        headers = (
            ("TTL", str(KEPT_SECONDS)),
            ("Urgency", "high"),
            ("Content-Encoding", "aes128gcm"),
            ("Content-Type", "application/octet-stream"),
            ("Authorization", self._key.authorization(origin, contact, int(time.time()))),
        )
        return outgoing.request(
            "POST", one.endpoint, headers, body, networks=networks, seconds=ANSWER_SECONDS
        ).status


def _keys_fault(wanted: Subscription) -> PushFault | None:
    from asyncchat.server.push_encryption import device_key, device_secret

    try:
        device_key(wanted.p256dh)
        device_secret(wanted.auth)
    except ValueError:
        return PushFault.KEYS
    return None


def _contact(contact: str, name: str) -> str:
    """Where the operator of a push service writes to that of this server (RFC 8292, 2.1)."""
    if contact.startswith(("mailto:", "https://")):
        return contact
    return f"mailto:{contact}" if "@" in contact and " " not in contact else f"https://{name}"
