"""Posting of messages by bots, accounts and guests, once for each idempotency key.

Owns how a repeated request is answered. The message goes through the hub like any other, together with its
key, which is valid for a week, also after a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

from asyncchat.control.executor import sentence
from asyncchat.core.events import Record
from asyncchat.core.features.bots import POST, Post, posted_text
from asyncchat.core.features.connect import NameNotAllowed, NameTaken
from asyncchat.core.features.history import Window
from asyncchat.core.features.join import RoomNotAllowed
from asyncchat.core.features.messages import CannotSpeak
from asyncchat.core.features.post_keys import PostedBefore
from asyncchat.core.features.visitors import PostAs
from asyncchat.core.names import alternatives, fold
from asyncchat.core.replies import DailyQuotaUsed, NoSuchRoom, NoText, Refusal, StorageDown, TextTooLong
from asyncchat.core.text import size
from asyncchat.dialects.base import Outcome
from asyncchat.log.base import LogError, PageQuery
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.access import unreadable, visitor_of
from asyncchat.server.http.api.routes import NEEDS_TOKEN, Answer, Call, Route, body_of, json
from asyncchat.server.http.messages import Response, problem

KEY_LENGTH = 200
"""Longest Idempotency-Key: a UUID has 36 characters."""


async def post(call: Call) -> Response:
    """Says something in a room."""
    key = call.request.values.get("idempotency-key", "")
    if len(key) > KEY_LENGTH:
        return problem(400, f"An Idempotency-Key has at most {KEY_LENGTH} characters.")
    body = await body_of(call, _BODIES)
    if isinstance(body, Response):
        return body
    draft = schemas.Draft(body) if isinstance(body, str) else body
    asked = ""
    if key:  # the history keeps them for a week: as digests, so that nobody can read the key or the request
        key = _digest(fold(call.room), key)
        asked = _digest(fold(call.room), draft.kind, draft.text)
    text = posted_text(draft.text)
    speech = schemas.KINDS[draft.kind]
    command: Post | PostAs
    if call.token is not None:
        command = Post(call.token.name, call.room, text, speech, key, asked)
    else:
        if not (call.account or draft.name):
            words = (
                "Send a name, or a token: Authorization: Bearer TOKEN. One is made with: asyncchat token add"
            )
            return problem(401, words, NEEDS_TOKEN)
        if not call.account and not call.session.charge_guest(size(text)):
            return problem(429, sentence(DailyQuotaUsed()), (("Retry-After", "3600"),))
        visitor = visitor_of(call.session, call.account, draft.name)
        command = PostAs(visitor, call.room, text, speech, key, asked)
    for item in await submit(call, command):
        if isinstance(item, Record):
            said = schemas.message(item, call.context.ids)
            assert said is not None  # noqa: S101 - a post is one of the kinds
            return json(201, said)
        if isinstance(item, PostedBefore):
            return await _again(call, item, asked, draft.name)
        if isinstance(item, StorageDown):
            return problem(503, sentence(item), (("Retry-After", "5"),))
        if isinstance(item, CannotSpeak) and item.seconds:
            return problem(429, sentence(item), (("Retry-After", str(item.seconds)),))
        if isinstance(item, Refusal):
            return problem(_STATUS.get(type(item), 403), sentence(item))
    raise AssertionError("a post without an outcome")


def submit(call: Call, command: Post | PostAs) -> Awaitable[Outcome]:
    """Has a bot say something, which is charged as a person's lines are."""
    sessions = call.context.sessions
    members = sessions.delivery.members_of(command.room)
    # Whose lines are shorter is sent as many messages.
    lines = 1 + command.text.count("\n")
    call.session.charge(lines - 1, lines * members)
    return sessions.hub.request(command)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


async def _again(call: Call, before: PostedBefore, asked: str, name: str) -> Response:
    """The answer to a repeated request: the message, known by its time; to another one only its id."""
    log = call.context.log
    # What follows it has a later time; what precedes it may have the same.
    window = Window(after_time=before.time - 1, before_time=before.time + 1, limit=1)
    try:
        key = fold(before.room)
        room = call.context.chat.rooms.redirects.get(key, key)
        page = await log.read(PageQuery(room, log.last, window))
    except LogError:
        return unreadable()
    author = call.account or (name if call.token is None else call.token.name)
    names = {fold(author), *(() if call.token is not None else map(fold, alternatives(author)))}
    for record in page.records:
        said = schemas.message(record, log.ids)
        if said is None or (fold(said.name) not in names and not call.account):
            continue
        if before.asked == asked:
            return json(201, said, ("Idempotency-Replayed", "true"))
        words = "Another message was posted under this Idempotency-Key. Use a new one."
        return problem(409, words, more={"id": said.id})
    return problem(409, "It was posted under this Idempotency-Key before, and is in the history no more.")


_BODIES: dict[str, type] = {
    "application/json": schemas.Draft,
    "text/plain": str,
    "application/x-www-form-urlencoded": str,  # so “curl -d” calls any text; it is taken as it is
}

_STATUS: dict[type[Refusal], int] = {
    NoSuchRoom: 404,
    NameTaken: 409,
    **dict.fromkeys((NameNotAllowed, NoText, RoomNotAllowed, TextTooLong), 422),
}
"""The answers to refusals that are not for lack of rights (403)."""

ROUTES = (
    Route(
        "POST", "/rooms/{room}/messages", "postMessage", post,
        "Says something in a room: as the bot that has the token's name, as the account of a login token, or "
        "as a guest. The room need not be open.",
        {
            201: Answer(
                "It is said, and kept.",
                schemas.Message,
                headers={"Idempotency-Replayed": "true where it had been said before, under the same key."},
            )
        },
        action=POST, optional=True, query=schemas.NoQuery, body=_BODIES,
        headers={"Idempotency-Key": "The same request may be sent again under this key; it is done once."},
        problems={
            404: "No room can be called so, or there is none in which the visitor may speak.",
            409: "The key was used for another message (id), or for one that is gone; or the name is taken.",
            415: "The body is neither JSON nor text.",
            422: "There is no text, or it is too long.",
        },
    ),
)  # fmt: skip
