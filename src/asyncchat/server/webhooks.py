"""Outgoing webhooks: messages of some rooms are posted to a URL, in order, until they are accepted.

Owns the backlogs and the retries. A webhook subscribes to its rooms like a member. How far it came is kept
(``webhook_positions``): after a restart it reads what it missed from the log. Requests are signed by Standard
Webhooks (``webhook-signature``) and as GitHub does.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import h11
import msgspec

from asyncchat.config.webhooks import Webhook, key_of
from asyncchat.core.events import MovesRoom, Record
from asyncchat.core.features.history import Window
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.log.base import Log, LogError, PageQuery, StreamRange
from asyncchat.server.delivery import Delivery
from asyncchat.server.http.api import schemas
from asyncchat.server.recipients import Watcher
from asyncchat.server.webhook_positions import Position, Positions
from asyncchat.version import __version__

_logger = logging.getLogger("asyncchat.webhooks")

BACKLOG = 1_000
"""The newest messages that wait for a webhook, also over a restart: about half a megabyte."""

SAVE_SECONDS = 1.0
"""How often positions are written at most: what was posted since is posted again after a crash."""

_COUNTED = 1_000_000
"""Messages beyond the backlog that are counted at a start."""

ANSWER_SECONDS = 10.0
"""How long the receiver may take for one message."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
"""Seconds between two tries: doubled each time."""

REFUSED_TRIES = 5
"""Tries of a message that is refused (4xx): the message itself may be the reason."""

WEIGHT = 250
"""As how many members a webhook counts: a request takes half a millisecond or more."""

_RETRY_LATER = (408, 425, 429)


class Payload(msgspec.Struct, frozen=True):
    """A message to be posted."""

    id: str
    body: bytes


class HookEncoder:
    """Encodes messages for webhooks: one line each, with the id, a space and the JSON to post."""

    join = staticmethod(b"".join)

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def encode(self, record: Record) -> bytes:
        """The line; nothing for an event that is not a message."""
        said = schemas.message(record, self._ids)
        if said is None:
            return b""
        body = msgspec.json.encode({"event": "message", "message": said})
        return b"%b %b\n" % (said.id.encode(), body)


class Hook(Watcher):
    """One webhook; it is subscribed to its rooms like a member."""

    weight = WEIGHT

    def __init__(
        self, name: str, stated: Webhook, encoder: HookEncoder, note: Callable[[str, str], None]
    ) -> None:
        super().__init__(encoder)
        self.name = name
        self.stated = stated
        self._note = note
        self._waiting: deque[Payload] = deque()
        self._filled = asyncio.Event()
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Takes lines of messages; drops the oldest beyond the limit."""
        for line in data.splitlines():
            id, _, body = line.partition(b" ")
            self._add(Payload(id.decode(), body))
        self._filled.set()

    def _add(self, payload: Payload) -> None:
        if len(self._waiting) >= BACKLOG:
            self._waiting.popleft()
            self._dropped += 1
            if self._dropped == 1:
                _logger.error(
                    "Webhook %s: more than %d messages wait; the oldest are dropped", self.name, BACKLOG
                )
        self._waiting.append(payload)

    async def catch_up(self, log: Log, missed: PageQuery) -> None:
        """Puts what it missed before what waits already."""
        pause = FIRST_PAUSE
        while True:
            try:
                page = await log.read(missed, _COUNTED)
                break
            except LogError as error:
                _logger.warning("Webhook %s: what it missed can't be read: %s", self.name, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        if page.more:
            _logger.error("Webhook %s missed %d messages; the oldest are dropped", self.name, page.more)
        since, self._waiting = self._waiting, deque()
        self.write(b"".join([self.encoder.encode(record) for record in page.records]))
        for payload in since:
            self._add(payload)

    async def run(self) -> None:
        """Posts the backlog, in order, until cancelled."""
        pause, tries = FIRST_PAUSE, 0
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            first = self._waiting[0]
            tries += 1
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    status = await post(self.stated, first)
                fault = "" if 200 <= status < 300 else f"answered {status}"
            except (OSError, TimeoutError, h11.ProtocolError, ssl.SSLError) as error:
                status, fault = 0, str(error) or type(error).__name__
            if fault and (tries < REFUSED_TRIES or not 400 <= status < 500 or status in _RETRY_LATER):
                _logger.warning("Webhook %s: %s; again in %g s", self.name, fault, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            if fault:
                _logger.error("Webhook %s: message %s given up: %s", self.name, first.id, fault)
            elif self._dropped:
                _logger.warning("Webhook %s goes on; %d messages were dropped", self.name, self._dropped)
                self._dropped = 0
            pause, tries = FIRST_PAUSE, 0
            self._note(self.name, first.id)
            if self._waiting and self._waiting[0] is first:  # else it was dropped meanwhile
                self._waiting.popleft()


def signed(secret: str, id: str, now: int, body: bytes) -> list[tuple[str, str]]:
    """The headers with the signatures: Standard Webhooks' of id, time and body, GitHub's of the body."""
    key = key_of(secret)
    whole = hmac.new(key, b"%b.%d.%b" % (id.encode(), now, body), hashlib.sha256).digest()
    return [
        ("Webhook-Id", id),
        ("Webhook-Timestamp", str(now)),
        ("Webhook-Signature", f"v1,{base64.b64encode(whole).decode()}"),
        ("X-Hub-Signature-256", "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()),
    ]


async def post(stated: Webhook, message: Payload) -> int:
    """Posts one message; returns the response's status.

    Raises:
        OSError: the receiver can't be reached.
        h11.RemoteProtocolError: it does not speak HTTP.
    """
    url = urlsplit(stated.url)
    secure = url.scheme == "https"
    reader, writer = await asyncio.open_connection(
        url.hostname, url.port or (443 if secure else 80), ssl=secure or None
    )
    try:
        connection = h11.Connection(h11.CLIENT)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = [
            ("Host", url.netloc),
            ("User-Agent", f"asyncchat/{__version__}"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(message.body))),
            ("Connection", "close"),
            *signed(stated.secret, message.id, int(time.time()), message.body),
        ]
        for event in (
            h11.Request(method="POST", target=target, headers=headers),
            h11.Data(data=message.body),
            h11.EndOfMessage(),
        ):
            writer.write(connection.send(event) or b"")
        while True:
            answer = connection.next_event()
            if answer is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(answer, h11.Response):
                return answer.status_code
            elif isinstance(answer, h11.ConnectionClosed):
                raise ConnectionResetError("it closed without an answer")
    finally:
        writer.close()


class Webhooks:
    """All webhooks of a server.

    Args:
        delivery: tells them of their rooms.
        log: gives messages their ids, and what was missed.
        stated: the webhooks of the options, by name.
        positions: how far each came.
        is_leading: whether this server is to post. In a cluster that may change; then call ``look_again``.
    """

    def __init__(
        self,
        delivery: Delivery,
        log: Log,
        stated: Mapping[str, Webhook],
        positions: Positions,
        is_leading: Callable[[], bool],
    ) -> None:
        self._delivery = delivery
        self._log = log
        self._stated = stated
        self._encoder = HookEncoder(log.ids)
        self._positions = positions
        self._is_leading = is_leading
        self._has_led = self._is_over = False
        self._unsaved = asyncio.Event()
        delivery.observe(MovesRoom, self._room_renamed)
        self._running: dict[str, tuple[Hook, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()
        self._changed.set()

    def change(self, stated: Mapping[str, Webhook]) -> None:
        """Has ``run`` run these webhooks from now on."""
        self._stated = stated
        self._changed.set()

    def look_again(self) -> None:
        """Has ``run`` look whether this server is to post."""
        self._changed.set()

    async def hand_over(self) -> None:
        """Posts nothing more, and keeps how far each came: another node goes on from there."""
        self._is_over = True
        self._adapt({})
        if self._unsaved.is_set():
            await self._positions.keep(self._positions.encoded())

    async def run(self) -> None:
        """Runs the webhooks of the options, until cancelled."""
        saving = asyncio.create_task(self._save())
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                if not self._is_leading() or self._is_over:
                    self._has_led = False
                    self._unsaved.clear()  # what the next one keeps is newer
                    self._adapt({})
                elif self._has_led or await self._load():
                    self._has_led = True
                    self._positions.keep_only(self._stated)
                    self._adapt(self._stated)
        finally:
            tasks = [saving, *(task for _, task in self._running.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._unsaved.is_set():
                self._positions.write(self._positions.encoded())

    async def _load(self) -> bool:
        """Reads how far another node came; False: it is to be tried again."""
        try:
            await self._positions.load()
        except LogError as error:
            _logger.warning("Webhooks wait until it is known how far they came: %s", error)
            await asyncio.sleep(FIRST_PAUSE)
            self._changed.set()
            return False
        return True

    async def _save(self) -> None:
        """Writes positions when they have changed."""
        while True:
            await self._unsaved.wait()
            content = self._positions.encoded()
            is_kept = await self._positions.keep(content)
            if is_kept and content == self._positions.encoded():
                self._unsaved.clear()
            await asyncio.sleep(SAVE_SECONDS)

    def _note(self, name: str, id: str) -> None:
        """Notes how far a webhook came."""
        if name in self._running:
            self._positions[name] = Position(id, self._running[name][0].stated.rooms)
            self._unsaved.set()

    def _room_renamed(self, event: MovesRoom) -> None:
        """Leaves a webhook with the rooms that it states: it does not follow one to another name."""
        keys = {fold(event.room), fold(event.to)}
        for hook, _ in self._running.values():
            if keys & set(map(fold, hook.stated.rooms)):
                self._delivery.unsubscribe(hook)
                self._subscribe(hook)

    def _subscribe(self, hook: Hook) -> None:
        for room in {fold(room): room for room in hook.stated.rooms}.values():
            self._delivery.subscribe(hook, room)

    def _adapt(self, stated: Mapping[str, Webhook]) -> None:
        delivery = self._delivery
        for name, (hook, task) in list(self._running.items()):
            if stated.get(name) != hook.stated:
                delivery.unsubscribe(hook)
                hook.ended = True
                task.cancel()
                del self._running[name]
        for name, one in stated.items():
            if name not in self._running:
                hook = Hook(name, one, self._encoder, self._note)
                self._subscribe(hook)
                missed = self._missed(hook)
                self._running[name] = hook, asyncio.create_task(self._run(hook, missed))
                if missed is None:
                    self._note(name, self._log.ids.id_of(delivery.delivered))

    def _missed(self, hook: Hook) -> PageQuery | None:
        """Where to read what a webhook missed in the rooms that it had before; None: there is nothing."""
        position = self._positions.get(hook.name)
        after = None if position is None else self._log.ids.number_of(position.after)
        if position is None or after is None or after >= self._delivery.delivered:
            return None
        before = set(map(fold, position.rooms))
        rooms = [key for key in dict.fromkeys(map(fold, hook.stated.rooms)) if key in before]
        if not rooms:
            return None
        window = Window(after, limit=BACKLOG)
        upto = self._delivery.delivered
        if len(rooms) == 1:
            return PageQuery(rooms[0], upto, window)
        return PageQuery("", upto, window, tuple(StreamRange(key) for key in rooms))

    async def _run(self, hook: Hook, missed: PageQuery | None) -> None:
        try:
            if missed is not None:
                await hook.catch_up(self._log, missed)
            await hook.run()
        except Exception:
            _logger.exception("Webhook %s failed and is off; this is a bug of asyncchat", hook.name)
