"""The stream of a room's messages, as server-sent events (WHATWG HTML).

Owns the form of the events, and where a stream begins. The bytes are made once for all streams of a server,
and delivered as to members (``delivery``); a slow reader is disconnected like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from asyncchat.core.coalesce import CoalescedRecord
from asyncchat.core.events import Record
from asyncchat.core.features.bots import READ
from asyncchat.core.features.edits import Correction
from asyncchat.core.features.history import Window
from asyncchat.core.features.login_tokens import LoginTokens
from asyncchat.core.features.reactions import Reacted
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.ids import Ids
from asyncchat.core.modes import BANS
from asyncchat.dialects.base import EventEncoder
from asyncchat.log.base import LogError
from asyncchat.server.history import Conversation, under_current_name
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.access import (
    conversation_of,
    is_known,
    no_room,
    reader_of,
    room_of,
    unreadable,
)
from asyncchat.server.http.api.open_streams import send_now
from asyncchat.server.http.api.routes import Answer, Call, Route
from asyncchat.server.http.messages import Request, Response, Streaming, problem
from asyncchat.server.limits import ANSWER_BYTES
from asyncchat.server.session import Session

HEARTBEAT_SECONDS = 15.0
"""Silence after which a comment is sent: proxies close a connection after 30 or 60 silent seconds."""

PAGE = 200
"""Messages in one read while a stream catches up."""

RETRY = b"retry: 3000\n\n"
"""Milliseconds after which a browser reconnects."""


_LATER = (("Retry-After", "60"),)
_SOON = (("Retry-After", "1"),)


class StreamEncoder:
    """Encodes events for streams: each one is a chunk of HTTP's chunked coding."""

    join = staticmethod(b"".join)

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def encode(self, record: Record) -> bytes:
        """The event's chunk, or nothing if streams do not have it."""
        if isinstance(record, CoalescedRecord):
            return b"".join([self.encode(one) for one in record.records])
        event = record.event
        said = schemas.message(record, self._ids)
        if said is not None:
            return chunk(b"id: %b\nevent: message\ndata: %b\n\n" % (said.id.encode(), _json(said)))
        if isinstance(event, Erased):
            ids = [self._ids.id_of(number) for number in event.numbers]
            return chunk(b"event: erased\ndata: %b\n\n" % _json({"ids": ids}))
        if isinstance(event, Correction):
            edited = {"id": self._ids.id_of(event.message), "name": event.person.name, "text": event.text}
            return chunk(b"event: edited\ndata: %b\n\n" % _json(edited))
        if isinstance(event, TopicChanged):
            topic = {"topic": event.text, "name": event.person.name}
            return chunk(b"event: topic\ndata: %b\n\n" % _json(topic))
        if isinstance(event, Reacted):
            about = self._ids.id_of(event.message)
            reaction = {"id": about, "name": event.person.name, "reaction": event.reaction, "on": event.on}
            return chunk(b"event: reaction\ndata: %b\n\n" % _json(reaction))
        if isinstance(event, RoomRenamed):
            return chunk(b"event: renamed\ndata: %b\n\n" % _json({"room": event.to}))
        return b""


class CheckedEncoder:
    """The same for one stream, as long as it is allowed: rights may end before its connection does."""

    join = staticmethod(b"".join)

    def __init__(self, encoder: EventEncoder, is_allowed: Callable[[], bool]) -> None:
        self._encoder = encoder
        self._is_allowed = is_allowed

    def encode(self, record: Record) -> bytes:
        """The event's chunk, or nothing."""
        return self._encoder.encode(record) if self._is_allowed() else b""


def chunk(data: bytes) -> bytes:
    """A chunk of the chunked coding (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


_json = msgspec.json.encode


async def stream(call: Call) -> Response:
    """Begins a stream."""
    if call.request.version != "1.1":
        return problem(505, "A stream needs HTTP/1.1.")
    context, log, delivery = call.context, call.context.log, call.context.sessions.delivery
    text = call.request.header(_LAST_ID) or call.query.after
    after = None
    if text:
        after = log.ids.number_of(text)
        if after is not None and after > delivery.delivered and context.sessions.options.cluster:
            # The client comes from another node, which was faster: what follows would come twice.
            return problem(503, "This node does not have that message yet. Try again.", _SOON)
        if after is None or after > delivery.delivered:
            return problem(404, f"There is no message {text[:64]}.", more={"id": text[:64]})
    if not (context.streams.has(call.session) or call.session.may_stream()):
        return problem(429, "Too many streams are open from your network. Close some.", _LATER)
    where = conversation_of(call)
    if where is None:
        return no_room()
    if call.token is None:
        try:
            if not await is_known(context.chat, log, where, delivery.delivered):
                return no_room()
        except LogError:
            return unreadable()

    def is_allowed() -> bool:
        return not call.account or _may_account_read(call)

    async def run(session: Session) -> None:
        streams = context.streams
        goes_on = False
        try:
            if not streams.has(session):  # else it goes on here, after an upgrade that has failed
                encoder = CheckedEncoder(streams.encoder, is_allowed) if call.account else None
                streams.begin(session, call.account if call.token is None else call.token, encoder)
                reached = await session.subscribe(where.name)
                send_now(session, chunk(RETRY))
                missed = b"" if after is None else await _catch_up(call, where, after, reached, session)
                session.resume_output(missed)
            session.how_to_go_on = lambda: Streaming(_after(call.request, log.ids.id_of(delivery.delivered)))
            while not session.ended and is_allowed():
                session.may_stop = True
                silent = await session.read(HEARTBEAT_SECONDS) is None
                session.may_stop = False
                if not silent:
                    break
                session.waiting_since = context.sessions.now()  # keepalive counts from here
                session.tell(chunk(b":\n\n"))
        except asyncio.CancelledError:
            # Another process goes on with it. Until then it is told what is delivered here.
            goes_on = context.sessions.stopping and session.may_stop
            raise
        finally:
            if not goes_on:
                streams.end(session)

    return Response(
        200, b"", (("Content-Type", "text/event-stream"), ("X-Accel-Buffering", "no")), close=True, stream=run
    )


def _after(request: Request, id: str) -> Request:
    """The same request for what followed an id."""
    headers = [pair for pair in request.headers if pair[0] != _LAST_ID]
    return msgspec.structs.replace(request, headers=(*headers, (_LAST_ID, id)))


_LAST_ID = "last-event-id"
_GAP = chunk(b"event: gap\ndata: {}\n\n")


def _may_account_read(call: Call) -> bool:
    """Whether an account may still read the room, and its token is still valid."""
    chat = call.context.chat
    if call.digest not in LoginTokens.of(chat).of_account(call.account):
        return False
    room = room_of(call)
    if room is None or (room.is_public and not room.masks[BANS]):  # usually: it is asked for each message
        return True
    return reader_of(call, room) is not None


async def _catch_up(call: Call, where: Conversation, after: int, reached: int, session: Session) -> bytes:
    """Writes what was said since, in slices; returns a ``gap`` event if it can't be read, else nothing."""
    log, encode = call.context.log, call.context.streams.encoder.encode
    while True:
        try:
            page = await log.read(where.query(reached, Window(after, limit=PAGE, newest=False)), 1)
        except LogError:
            return _GAP
        pieces = (encode(under_current_name(where, record)) for record in page.records)
        while (data := await call.context.sessions.slices.take(pieces)) is not None and not session.ended:
            send_now(session, data)
            session.charge(len(data) / ANSWER_BYTES)
            await session.drained()
        if not page.more or session.ended:
            return b""
        await session.pay()
        after = page.records[-1].number


ROUTES = (
    Route(
        "GET", "/rooms/{room}/stream", "streamMessages", stream,
        "Streams what is said in a room, as server-sent events: message, edited, reaction, erased, topic, "
        "renamed; gap where what was missed can't be read. That of a public room needs no token.",
        {200: Answer("The stream; an event's id is the message's.", None, "text/event-stream")},
        action=READ, optional=True, query=schemas.StreamQuery,
        problems={
            404: "There is no such message, or no such room that may be read.",
            503: "This node of a cluster does not have the message yet.",
            429: "Too many requests, or too many streams from the network.",
        },
        headers={"Last-Event-ID": "The last id that was seen: what followed it comes first."},
    ),
)  # fmt: skip
