"""Outgoing webhooks: messages of some rooms are posted to a URL, in order, until they are accepted.

Owns the backlogs and the retries; they are lost when the process ends. A webhook subscribes to its rooms like
a member. Requests are signed by Standard Webhooks (``webhook-signature``) and as GitHub does.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import logging
import ssl
import time
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

import h11
import msgspec

from asyncchat import __version__
from asyncchat.config.webhooks import Webhook, key_of
from asyncchat.core.events import Record
from asyncchat.core.ids import Ids
from asyncchat.server.delivery import Delivery
from asyncchat.server.http.api import schemas
from asyncchat.server.recipients import SilentRecipient

_logger = logging.getLogger("asyncchat.webhooks")

BACKLOG = 1_000
"""The newest messages that wait for a webhook: about half a megabyte."""

ANSWER_SECONDS = 10.0
"""How long the receiver may take for one message."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
"""Seconds between two tries: doubled each time."""

REFUSED_TRIES = 5
"""Tries of a message that is refused (4xx): the message itself may be the reason."""

_RETRY_LATER = (408, 425, 429)

_numbers = itertools.count(-1, -1)
"""Webhooks are no sessions: their numbers are negative."""


class Payload(msgspec.Struct, frozen=True):
    """A message to be posted."""

    id: str
    body: bytes


class HookEncoder:
    """Encodes messages for webhooks: one line each, with the id, a space and the JSON to post."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def encode(self, record: Record) -> bytes:
        """The line; nothing for an event that is not a message."""
        said = schemas.message(record, self._ids)
        if said is None:
            return b""
        body = msgspec.json.encode({"event": "message", "message": said})
        return b"%b %b\n" % (said.id.encode(), body)


class Hook(SilentRecipient):
    """One webhook; it is subscribed to its rooms like a member."""

    def __init__(self, name: str, stated: Webhook, encoder: HookEncoder) -> None:
        super().__init__(next(_numbers))
        self.name = name
        self.stated = stated
        self.encoder = encoder
        self.ended = False
        self._waiting: deque[Payload] = deque()
        self._filled = asyncio.Event()
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Takes lines of messages; drops the oldest beyond the limit."""
        for line in data.splitlines():
            if len(self._waiting) >= BACKLOG:
                self._waiting.popleft()
                self._dropped += 1
                if self._dropped == 1:
                    _logger.error(
                        "Webhook %s: more than %d messages wait; the oldest are dropped", self.name, BACKLOG
                    )
            id, _, body = line.partition(b" ")
            self._waiting.append(Payload(id.decode(), body))
        self._filled.set()

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
        ids: give messages their ids.
        stated: the webhooks of the options, by name.
    """

    def __init__(self, delivery: Delivery, ids: Ids, stated: Mapping[str, Webhook]) -> None:
        self._delivery = delivery
        self._stated = stated
        self._encoder = HookEncoder(ids)
        self._running: dict[str, tuple[Hook, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()
        self._changed.set()

    def change(self, stated: Mapping[str, Webhook]) -> None:
        """Has ``run`` run these webhooks from now on."""
        self._stated = stated
        self._changed.set()

    async def run(self) -> None:
        """Runs the webhooks of the options, until cancelled."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                self._adapt(self._stated)
        finally:
            tasks = [task for _, task in self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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
                hook = Hook(name, one, self._encoder)
                for room in dict.fromkeys(one.rooms):
                    delivery.subscribe(hook, room)
                self._running[name] = hook, asyncio.create_task(self._run(hook))

    async def _run(self, hook: Hook) -> None:
        try:
            await hook.run()
        except Exception:
            _logger.exception("Webhook %s failed and is off; this is a bug of asyncchat", hook.name)
