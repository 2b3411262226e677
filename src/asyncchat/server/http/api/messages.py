"""Posting of messages by bots, once for each idempotency key.

Owns how a repeated request is answered. The message goes through the hub like any other, together with its
key, which is valid for a day, also after a restart.
"""

from __future__ import annotations

import hashlib

import msgspec

from asyncchat.control.executor import sentence
from asyncchat.core.events import Record
from asyncchat.core.features.bots import POST, Post, PostedBefore, TokenRefused
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import CannotSpeak
from asyncchat.core.names import fold
from asyncchat.core.replies import Refusal, StorageDown
from asyncchat.log.base import LogError, PageQuery
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.routes import Answer, Call, Route, body_of, json
from asyncchat.server.http.messages import Response, problem

KEY_LENGTH = 200
"""Longest Idempotency-Key: a UUID has 36 characters."""

SAME_TIME = 200
"""Messages of one microsecond that are searched: they come from one turn of one session, at most 64."""

_BREAKS = str.maketrans({"\0": "\ufffd"})


async def post(call: Call) -> Response:
    """Says something in a room."""
    key = call.request.header("idempotency-key")
    if len(key) > KEY_LENGTH:
        return problem(400, f"An Idempotency-Key has at most {KEY_LENGTH} characters.")
    body = await body_of(call, _BODIES)
    if isinstance(body, Response):
        return body
    draft = schemas.Draft(body) if isinstance(body, str) else body
    asked = ""
    if key:  # the history keeps them for a day: as digests, so that nobody can read the key or the request
        key = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        asked = hashlib.sha256(msgspec.json.encode((fold(call.room), draft))).hexdigest()
    text = draft.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").translate(_BREAKS)
    assert call.token is not None  # noqa: S101 - the route asks for one
    sessions = call.context.sessions
    members = sessions.delivery.members_of(call.room)
    # Whose lines are shorter is sent as many messages.
    lines = 1 + text.count("\n")
    call.session.charge(lines - 1, lines * members)
    command = Post(call.token.name, call.room, text, schemas.KINDS[draft.kind], key, asked)
    for item in await sessions.hub.request(command):
        if isinstance(item, Record):
            said = schemas.message(item, call.context.ids)
            assert said is not None  # noqa: S101 - a post is one of the kinds
            return json(201, said)
        if isinstance(item, PostedBefore):
            return await _again(call, item, asked, text)
        if isinstance(item, StorageDown):
            return problem(503, sentence(item), (("Retry-After", "5"),))
        if isinstance(item, Refusal):
            return problem(_STATUS.get(type(item), 422), sentence(item))
    raise AssertionError("a post without an outcome")


async def _again(call: Call, before: PostedBefore, asked: str, text: str) -> Response:
    """The answer to a repeated request: the same message, found by its time."""
    if before.asked != asked:
        return problem(409, "Another message was posted under this Idempotency-Key. Use a new one.")
    assert call.token is not None  # noqa: S101 - the route asks for one
    log = call.context.log
    wanted = PageQuery(
        fold(before.room),
        log.last,
        Window(after_time=before.time - 1, before_time=before.time + 1, limit=SAME_TIME),
    )
    try:
        page = await log.read(wanted)
    except LogError:
        return problem(503, "The history can't be read now. Try again later.", (("Retry-After", "5"),))
    bot = fold(call.token.name)
    for record in page.records:
        said = schemas.message(record, log.ids)
        # Many messages may have one time, after the clock was set back.
        if said is not None and fold(said.name) == bot and said.text == text:
            return json(201, said, ("Idempotency-Replayed", "true"))
    return problem(409, "It was posted under this Idempotency-Key before, and is in the history no more.")


_BODIES: dict[str, type] = {"application/json": schemas.Draft, "text/plain": str}

_STATUS: dict[type[Refusal], int] = {TokenRefused: 403, CannotSpeak: 403}

ROUTES = (
    Route(
        "POST", "/rooms/{room}/messages", "postMessage", post,
        "Says something in a room, as the bot that has the token's name. The room need not be open.",
        {
            201: Answer(
                "It is said, and kept.",
                schemas.Message,
                headers={"Idempotency-Replayed": "true where it had been said before, under the same key."},
            )
        },
        action=POST, query=schemas.NoQuery, body=_BODIES,
        headers={"Idempotency-Key": "The same request may be sent again under this key; it is done once."},
        problems={
            404: "No room can be called so.",
            409: "The key was used for another message, or for one that is gone.",
            415: "The body is neither JSON nor plain text.",
            422: "There is no text, or it is too long.",
        },
    ),
)  # fmt: skip
