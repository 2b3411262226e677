"""The one stream of a cluster in NATS JetStream, and messages between its nodes.

Owns what the stream promises (order, no hole, nothing doubled, one appender at a time), and how an unclear
answer is resolved. It must not know what a batch has in it.
"""

import asyncio
import base64
import logging
import re
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, NamedTuple, Self

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from asyncchat.cluster.connection import FIRST_PAUSE, LONGEST_PAUSE, ApiError, Connection, Tries, result
from asyncchat.cluster.consumer import BATCH_ID, Consumer, Message
from asyncchat.cluster.contents import Contents
from asyncchat.cluster.errors import Deposed, NoAnswer, StreamDown, StreamGone
from asyncchat.cluster.snapshots import Snapshots
from asyncchat.cluster.values import Values
from asyncchat.errors import Misuse
from asyncchat.log.base import LogError, new_epoch

_log = logging.getLogger(__name__)

FORMAT = 1
"""How batches are written. A stream of another format is not opened."""

MAX_BATCH = 262_144
"""Bytes of a batch. NATS takes 1 MB in one message by default; smaller ones keep memory and delay low."""

LEAST_PAYLOAD = 1024 * 1024
"""Bytes that NATS must take in a message: one command has up to 600,000, as one for 50 long pins."""

_LATE_SECONDS = 0.5
"""An opening that takes longer had to wait for NATS."""

_CLOCK_TOLERANCE = 5
"""Seconds that the clocks of machines may differ without anybody being told."""

_MOST_HOLES = 3
"""How often the next message is asked for anew when another one comes."""

_OPENING_SECONDS = 0.25
"""After which a consumer that is not made yet is not waited for."""

_EPOCH = "asyncchat.epoch"
_FORMAT = "asyncchat.format"
_APPENDER = "Asyncchat-Appender"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")

_NO_MESSAGE = 10037
_NAME_IN_USE = 10058
_NO_STREAM = 10059
_NO_JETSTREAM = (10039, 10076)
_PEER_AWAY = 10005
"""Too few servers are there now: others may be starting."""
_NOT_CLUSTERED = 10074
"""Codes of JetStream's errors."""


class _End(NamedTuple):
    """The last message of the stream, and whose it is."""

    message: Message
    appender: str = ""


class Stream:
    """A stream with the batches of one chat; opened with ``Stream.open``, closed with ``close``.

    Attributes:
        name: its name in NATS. Subjects of the cluster begin with it.
        epoch: made with the stream: one that is made again has another.
        first: the sequence of the oldest message, as far as known; the next one if there is none.
        last: the sequence of the newest message, as far as known; 0 when there was none.
        replicas: on how many servers it is kept.
        came_late: whether NATS was not there when this was opened: others come back, too.
    """

    def __init__(self, connection: Connection, name: str, patience: float) -> None:
        self.name = name
        self.epoch = ""
        self.first = 1
        self.last = 0
        self.replicas = 1
        self.came_late = False
        self._connection = connection
        self._patience = patience
        self._subject = ""
        self._appender = token_hex(8)
        self._consumers: set[Consumer] = set()
        self._closed = False
        self._snapshots = Snapshots(connection, name)

    @classmethod
    async def open(
        cls,
        url: str,
        name: str = "asyncchat",
        *,
        replicas: int = 1,
        credentials: str | Path | None = None,
        tls: ssl.SSLContext | None = None,
        patience: float = 10.0,
        opening: float | None = None,
    ) -> Self:
        """Connects to NATS and opens the stream; makes it if it is not there.

        Args:
            url: ``nats://[user:password@|token@]host:port``, or several with commas; ``tls://`` for TLS.
            name: of the stream: letters, digits, ``-`` and ``_``.
            replicas: on how many servers a new stream is kept: 1, 3 or 5. One that exists stays as it is.
            credentials: a ``.creds`` file of NATS, for servers with accounts by JWT.
            tls: for certificates that the system does not know.
            patience: seconds for which all other calls try before they raise ``StreamDown``.
            opening: the same for this one, if that is another time.

        Raises:
            Misuse: the name or the URL is not valid.
            StreamDown: NATS can't be reached.
            LogError: the stream can't be used; the text says why and what to do.
        """
        if not _NAME.fullmatch(name):
            raise Misuse(f"'{name}' can't be a stream's name: use up to 32 of A-Z a-z 0-9 - _")
        stream = cls(Connection(url), name, patience)
        seconds = patience if opening is None else opening
        began = monotonic()
        try:
            await stream._connection.open(f"asyncchat {name}", credentials, tls, seconds)
            await stream._open(replicas, Tries(stream._connection, seconds, tells=True))
            stream.came_late = monotonic() - began > _LATE_SECONDS
        except BaseException:
            await stream.close()
            raise
        return stream

    @property
    def connected(self) -> bool:
        """Whether a server of NATS is connected. It may have no quorum all the same."""
        return self._connection.connected

    @property
    def values(self) -> Values:
        """Small values that all nodes of this stream share."""
        return Values(self._connection, self.name, self.epoch, self.replicas, self._patience)

    @property
    def contents(self) -> Contents:
        """The contents of uploaded files, which all nodes of this stream share."""
        return Contents(self._connection, self.name, self.epoch, self.replicas, self._patience)

    @property
    def on_change(self) -> Callable[[bool], None] | None:
        """Called with whether a server of NATS is connected, whenever that changes."""
        return self._connection.on_change

    @on_change.setter
    def on_change(self, call: Callable[[bool], None] | None) -> None:
        self._connection.on_change = call

    async def append(self, expected: int, batch: bytes, id: str) -> int:
        """Adds a batch. It is kept when this returns, as well as the servers of NATS keep things.

        An answer that is unclear is resolved by the stream's last message, so nothing is added twice. One
        append at a time: the next one begins when this one is done.

        Args:
            expected: the sequence of the stream's last message.
            batch: at most ``MAX_BATCH`` bytes.
            id: names this batch among those of this ``Stream``; the same for a call that is tried again.

        Returns:
            Its sequence, ``expected + 1``.

        Raises:
            Deposed: something else stands there.
            StreamDown: it is not known whether it was added; the same call may be tried again.
            StreamGone: there is no such stream any more, or it lost its end.
            ValueError: the batch is too large.
        """
        if len(batch) > MAX_BATCH:
            raise ValueError(f"a batch of {len(batch)} bytes; at most {MAX_BATCH}")
        headers = {"Nats-Expected-Last-Sequence": str(expected), BATCH_ID: id, _APPENDER: self._appender}
        tries = Tries(self._connection, self._patience)
        while True:
            try:
                result(await self._connection.ask(self._subject, batch, headers, tries.seconds))
                break
            except (ApiError, NoAnswer, StreamDown) as error:
                unclear = error
            end, appender = await self._end(tries)
            if end.sequence == expected + 1 and (appender, end.id) == (self._appender, id):
                break
            if end.sequence > expected:
                raise Deposed(f"Somebody else appended to the stream '{self.name}' after {expected}")
            is_short = end.sequence < expected
            await tries.pause(self._lost_end(end.sequence, expected) if is_short else unclear)
        self.last = max(self.last, expected + 1)
        return expected + 1

    async def at_end(self) -> Message:
        """The last message, as the stream's leader has it; one without a batch when there is none.

        A leader that lost its quorum and does not know it yet answers with an older one. An ``append`` after
        that one tells the truth.

        Raises:
            StreamDown: NATS can't tell now.
            StreamGone: there is no such stream any more.
        """
        end, _ = await self._end(Tries(self._connection, self._patience))
        self.last = max(self.last, end.sequence)
        return end

    async def quiet(self) -> float:
        """Seconds since the last message, by the clock of NATS; as many as there are, if there is none.

        Raises:
            StreamDown: NATS can't tell now.
            StreamGone: there is no such stream any more.
        """
        info = await self._info(Tries(self._connection, self._patience))
        now, last = (datetime.fromisoformat(text) for text in (info["ts"], info["state"]["last_ts"]))
        return (now - last).total_seconds()

    async def get(self, sequence: int) -> Message:
        """The message with a sequence.

        Raises:
            StreamDown: NATS can't tell now.
            StreamGone: there is no such message, or no such stream any more.
        """
        try:
            message, _ = await self._get(Tries(self._connection, self._patience), {"seq": sequence})
        except ApiError as error:
            if error.code != _NO_MESSAGE:
                raise self._unusable(error) from error
            raise StreamGone(f"The stream '{self.name}' has no message {sequence}") from error
        return message

    async def follow(self, after: int) -> AsyncGenerator[Message, None]:
        """All messages after a sequence, in order and without a hole; then new ones, until it is closed.

        Goes on when NATS was away. Messages are asked for in small portions, so who takes them slowly gets
        them slowly.

        Raises:
            StreamGone: messages after it were removed, or the stream is another.
        """
        known: Message | None = None
        holes, pause = 0, FIRST_PAUSE
        while not self._closed:
            consumer = Consumer(self._connection, self.name)
            self._consumers.add(consumer)
            try:
                async with aclosing(self._messages(consumer, after, known)) as messages:
                    async for message in messages:
                        if message.sequence == after + 1:
                            after, known = message.sequence, message
                            holes, pause = 0, FIRST_PAUSE
                            self.last = max(self.last, after)
                            yield message
                        elif message.sequence > after:
                            holes += 1
                            break
                if holes > _MOST_HOLES:
                    raise StreamGone(f"The stream '{self.name}' has no message {after + 1}: it was removed")
            except ApiError as error:
                _log.warning("The stream '%s' can't be followed now: %s", self.name, error)
            except StreamDown:
                await self._connection.wait_connected()
            finally:
                self._consumers.discard(consumer)
                await consumer.close()
            if not self._closed:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def send(self, subject: str, data: bytes) -> None:
        """Sends a message to all nodes that have subscribed to a subject now. Nobody keeps it.

        Raises:
            StreamDown: NATS can't be reached.
        """
        await self._connection.send(self._own(subject), data)

    async def reply(self, to: str, data: bytes) -> None:
        """Answers a message; ``to`` came with it.

        Raises:
            StreamDown: NATS can't be reached.
        """
        await self._connection.send(to, data)

    async def subscribe(self, subject: str, take: Callable[[bytes, str], None]) -> Subscription:
        """Calls ``take`` with each message to a subject, and the subject for its answer (or "").

        A message of which ``take`` raises ``LogError`` is passed over, and that is logged.
        It stays while NATS is away; what is sent meanwhile is lost. ``unsubscribe`` of the result ends it.
        """

        async def take_message(message: Msg) -> None:
            try:
                take(message.data, message.reply)
            except LogError as error:
                _log.error("A message on NATS's subject %s is passed over. %s", message.subject, error)

        return await self._connection.subscribe(self._own(subject), take_message)

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        """Sends a message, once, and gives the first answer.

        Raises:
            NoAnswer: nobody has subscribed to the subject.
            StreamDown: no answer came in this time, or NATS can't be reached.
        """
        return (await self._connection.ask(self._own(subject), data, seconds=seconds)).data

    async def cut(self, before: int) -> None:
        """Removes all messages below a sequence; the last message always stays.

        Raises:
            StreamDown: NATS can't do it now.
            StreamGone: there is no such stream any more.
        """
        tries = Tries(self._connection, self._patience)
        info = await self._info(tries)
        before = min(before, info["state"]["last_seq"])
        if before > info["state"]["first_seq"]:
            await self._call(tries, f"STREAM.PURGE.{self.name}", {"seq": before, "filter": self._subject})
            self.first = max(self.first, before)

    async def renew(self) -> None:
        """Removes the stream with all that is in it, and makes it anew, with another epoch.

        Raises:
            StreamDown: NATS can't do it now.
        """
        tries = Tries(self._connection, self._patience)
        await self._call(tries, f"STREAM.DELETE.{self.name}")
        self.first, self.last = 1, 0
        await self._open(self.replicas, tries)

    async def put_snapshot(self, sequence: int, file: Path, *, is_apart: bool = False) -> None:
        """Keeps a file that has all up to a sequence; it replaces an older one when it is whole.

        Args:
            sequence: the sequence.
            file: the file.
            is_apart: whether nothing of an older one is to stay in the files of NATS.

        Raises:
            StreamDown: NATS can't take it now.
            LogError: NATS does not take it.
        """
        await self._snapshots.put(self.epoch, sequence, file, self.replicas, is_apart=is_apart)

    async def get_snapshot(self, file: Path) -> int | None:
        """Writes the newest snapshot of this stream to a file, when it is whole.

        Returns:
            Its sequence; None when there is none.

        Raises:
            StreamDown: NATS can't give it now.
            LogError: it is damaged, or the file can't be written.
        """
        return await self._snapshots.get(self.epoch, file)

    async def close(self) -> None:
        """Ends the connection. Those who follow get no more."""
        self._closed = True
        for consumer in tuple(self._consumers):
            consumer.interrupt()
        await self._connection.close()

    async def _open(self, replicas: int, tries: Tries) -> None:
        if self._connection.max_payload < LEAST_PAYLOAD:
            raise LogError(
                f"NATS takes only {self._connection.max_payload} bytes in a message: set max_payload in its "
                f"configuration to at least {LEAST_PAYLOAD}, or leave it out"
            )
        try:
            info = await self._call(tries, f"STREAM.INFO.{self.name}")
        except ApiError as error:
            if error.code != _NO_STREAM:
                raise self._unusable(error) from error
            info = await self._make(tries, replicas)
        self._check(info["config"])
        self._note(info)
        self._warn_of_the_clock(info["ts"])
        self.replicas = info["config"]["num_replicas"]
        if self.replicas != replicas:
            _log.warning(
                "The stream '%s' has %d replicas, not %d: `nats stream edit --replicas` changes that",
                self.name,
                self.replicas,
                replicas,
            )

    async def _make(self, tries: Tries, replicas: int) -> dict[str, Any]:
        epoch = new_epoch(stream=True)
        config = {
            "name": self.name,
            "description": "The chat of a cluster of asyncchat: one message is one batch of events",
            # With the epoch, an append to a stream that was made again reaches nobody.
            "subjects": [f"{self.name}.log.{epoch}"],
            "retention": "limits",
            "storage": "file",
            "discard": "new",
            "num_replicas": replicas,
            "max_consumers": -1,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_age": 0,
            "max_msgs_per_subject": -1,
            "allow_direct": True,
            "deny_delete": True,
            "metadata": {_EPOCH: epoch, _FORMAT: str(FORMAT)},
        }
        while True:
            try:
                return await self._call(tries, f"STREAM.CREATE.{self.name}", config)
            except ApiError as error:
                if error.code == _NAME_IN_USE:
                    break
                if error.code != _PEER_AWAY:
                    raise self._unusable(error, replicas) from error
                await tries.pause(self._unusable(error, replicas))
        # Another node makes it in the meantime: it may have its name, and no leader yet that knows it.
        while True:
            try:
                return await self._call(tries, f"STREAM.INFO.{self.name}")
            except ApiError as error:
                if error.code != _NO_STREAM:
                    raise self._unusable(error) from error
                await tries.pause(self._unusable(error))

    def _check(self, config: dict[str, Any]) -> None:
        """Whether the stream is one of this format that keeps everything."""
        metadata = config.get("metadata") or {}
        if _EPOCH not in metadata or _FORMAT not in metadata:
            raise LogError(f"NATS has a stream '{self.name}' that is not asyncchat's: choose another name")
        if metadata[_FORMAT] != str(FORMAT):
            raise LogError(
                f"The stream '{self.name}' has format {metadata[_FORMAT]}, and this version reads {FORMAT}: "
                "use the version of asyncchat that the other nodes have"
            )
        limits = [
            key
            for key in ("max_msgs", "max_bytes", "max_age", "max_msgs_per_subject")
            if config.get(key, 0) > 0
        ]
        if config.get("retention") != "limits" or (config.get("discard") != "new" and limits):
            raise LogError(
                f"The stream '{self.name}' removes messages ({', '.join(limits) or config['retention']}): "
                "take that out of its configuration with `nats stream edit`"
            )

    def _warn_of_the_clock(self, time: str) -> None:
        """Says so if this machine's clock is another than that of NATS, which is one for all nodes."""
        ahead = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
        if abs(ahead) > _CLOCK_TOLERANCE:
            _log.warning(
                "This machine's clock is %.0f s %s that of NATS. Set it, by NTP: while this node is the hub, "
                "messages have the time of its clock",
                abs(ahead),
                "ahead of" if ahead > 0 else "behind",
            )

    def _note(self, info: dict[str, Any]) -> None:
        self.epoch = info["config"]["metadata"][_EPOCH]
        self._subject = f"{self.name}.log.{self.epoch}"
        self._note_state(info["state"])

    def _note_state(self, state: dict[str, Any]) -> None:
        self.last = max(self.last, state["last_seq"])
        self.first = max(self.first, state["first_seq"])

    async def _info(self, tries: Tries) -> dict[str, Any]:
        """What NATS knows of the stream.

        Raises:
            StreamGone: there is none, or another one with its name.
        """
        try:
            info = await self._call(tries, f"STREAM.INFO.{self.name}")
        except ApiError as error:
            raise self._unusable(error) from error
        epoch = (info["config"].get("metadata") or {}).get(_EPOCH)
        if epoch != self.epoch:
            raise StreamGone(
                f"The stream '{self.name}' was deleted and made again (epoch {epoch}, it was {self.epoch}): "
                "begin with a new data directory, or give the cluster its old stream back"
            )
        self._note_state(info["state"])
        return info

    async def _end(self, tries: Tries) -> _End:
        """The last message. A call is tried again until there is no time left."""
        try:
            return await self._get(tries, {"last_by_subj": self._subject})
        except ApiError as error:
            if error.code != _NO_MESSAGE:
                raise self._unusable(error) from error
            info = await self._info(tries)
            return _End(Message(info["state"]["last_seq"], b"", ""))

    async def _get(self, tries: Tries, which: dict[str, Any]) -> _End:
        """A message, as the leader has it; raises ApiError where there is none."""
        answer = await self._call(tries, f"STREAM.MSG.GET.{self.name}", which)
        message = answer["message"]
        headers = _headers(base64.b64decode(message.get("hdrs", "")))
        batch = base64.b64decode(message.get("data", ""))
        return _End(Message(message["seq"], batch, headers.get(BATCH_ID, "")), headers.get(_APPENDER, ""))

    async def _messages(
        self, consumer: Consumer, after: int, known: Message | None
    ) -> AsyncGenerator[Message, None]:
        """Messages of a consumer, until another one is needed; some before ``after`` may come again.

        Only all servers of NATS together can make a consumer. When they lost their leader that takes seconds,
        in which the stream goes on: then messages are asked for one by one.
        """
        opening = asyncio.ensure_future(self._open_consumer(consumer, after, known))
        try:
            is_same: bool | None = None
            while not (await asyncio.wait({opening}, timeout=_OPENING_SECONDS))[0]:
                if is_same is None and known is not None:
                    found = await self._look(after)
                    is_same = found and self._compare(found, known)
                while is_same and (found := await self._look(after + 1)) is not None:
                    after += 1
                    yield found
            opening.result()
        finally:
            if not opening.cancel() and not opening.cancelled():
                opening.exception()  # nobody else looks where this ended early
        while (message := await consumer.next()) is not None:
            if known is None or message.sequence != known.sequence or self._compare(message, known):
                yield message

    async def _open_consumer(self, consumer: Consumer, after: int, known: Message | None) -> None:
        """Has a consumer begin behind a message, or with it: then it shows whether the stream is the same."""
        await consumer.open(await self._start(after, known))

    def _compare(self, message: Message, known: Message) -> bool:
        """True; raises StreamGone where the stream has another message than before."""
        if message != known:
            raise self._changed(f"has another message {known.sequence} than before")
        return True

    async def _look(self, sequence: int) -> Message | None:
        """A message, from any server that has it; None while there is none."""
        try:
            answer = await self._connection.ask(
                f"$JS.API.DIRECT.GET.{self.name}", msgspec.json.encode({"seq": sequence})
            )
        except (NoAnswer, StreamDown):
            return None
        headers = answer.headers or {}
        if headers.get("Nats-Subject") != self._subject:
            return None
        return Message(sequence, answer.data, headers.get(BATCH_ID, ""))

    async def _start(self, after: int, known: Message | None) -> int:
        """Where a follower goes on."""
        tries = Tries(self._connection, self._patience)
        while True:
            state = (await self._info(tries))["state"]
            first, last = state["first_seq"], state["last_seq"]
            if first > after + 1:
                raise StreamGone(
                    f"The stream '{self.name}' begins with {first}, and {after + 1} follows here: "
                    "begin with a snapshot"
                )
            if last >= after:
                return after if known is not None and first <= after else after + 1
            # A new leader may need a moment to know its end.
            await tries.pause(self._lost_end(last, after))

    async def _call(self, tries: Tries, request: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """Asks the API of JetStream until it answers, or there is no time left."""
        while True:
            try:
                return await self._connection.api(request, values or {}, tries.seconds)
            except StreamDown as error:
                await tries.pause(error)

    def _own(self, subject: str) -> str:
        return f"{self.name}.to.{subject}"

    def _unusable(self, error: ApiError, replicas: int = 1) -> LogError:
        if error.code == _NO_STREAM:
            return StreamGone(f"NATS has no stream '{self.name}' any more: it was deleted")
        if error.code in _NO_JETSTREAM:
            return LogError("NATS has no JetStream for this user: start nats-server with --jetstream")
        if error.code in (_PEER_AWAY, _NOT_CLUSTERED):
            return LogError(f"NATS has too few servers with JetStream for {replicas} replicas ({error})")
        return LogError(f"The stream '{self.name}' can't be used. {error}")

    def _lost_end(self, last: int, known: int) -> StreamGone:
        return self._changed(f"ends with {last}, and had {known}")

    def _changed(self, what: str) -> StreamGone:
        return StreamGone(
            f"The stream '{self.name}' {what}: NATS lost what it acknowledged. The nodes' own histories "
            "have it: start the cluster anew from one of them"
        )


def _headers(block: bytes) -> dict[str, str]:
    """A message's headers, from the block of lines as NATS stores it."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    return {
        name.strip(): value.strip() for name, found, value in (line.partition(":") for line in lines) if found
    }
