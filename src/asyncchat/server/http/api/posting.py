"""Posting: what a bot says, once for a key.

Owns the keys that requests were made under, as long as the process lives; what is said goes through the hub
as anybody's words do.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict

import msgspec

from asyncchat.control.wire import Refused
from asyncchat.core import commands, replies
from asyncchat.core.events import Record
from asyncchat.core.replies import Refusal
from asyncchat.core.tokens import POST
from asyncchat.dialects.plain.refusal_words import REFUSAL_WORDS
from asyncchat.server.control import HubDesk
from asyncchat.server.http.api import shapes
from asyncchat.server.http.api.routes import Answer, Call, Route, body_of, json
from asyncchat.server.http.messages import Response, problem

KEY_LENGTH = 200
"""Longest Idempotency-Key: a UUID has 36 characters."""

KEYS = 10_000
"""Keys that are remembered, the newest."""

KEY_SECONDS = 86_400.0
"""For how long: no job is tried again after a day."""

_BREAKS = str.maketrans({"\0": "\ufffd"})


class Once(msgspec.Struct):
    """What was asked under a key, and what became of it."""

    fingerprint: bytes
    until: float
    answer: asyncio.Future[Response]


class Keys:
    """The keys of requests that were made, each with its answer."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Once] = OrderedDict()

    def find(self, token: str, key: str, now: float) -> Once | None:
        """What was asked before under this key."""
        self._forget(now)
        return self._kept.get((token, key))

    def begin(self, token: str, key: str, fingerprint: bytes, now: float) -> asyncio.Future[Response]:
        """Remembers a request; its answer is awaited by others under the same key."""
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._kept[token, key] = Once(fingerprint, now + KEY_SECONDS, answer)
        return answer

    def drop(self, token: str, key: str) -> None:
        """Forgets a request that was not done: it may be made again."""
        self._kept.pop((token, key), None)

    def _forget(self, now: float) -> None:
        while self._kept:
            first = next(iter(self._kept.values()))
            if len(self._kept) < KEYS and first.until > now:
                return
            self._kept.popitem(last=False)


async def post(call: Call) -> Response:
    """Says something in a room."""
    body = body_of(call.request, _BODIES)
    if isinstance(body, Response):
        return body
    draft = shapes.Draft(body) if isinstance(body, str) else body
    key = call.request.header("idempotency-key")
    if len(key) > KEY_LENGTH:
        return problem(400, f"An Idempotency-Key has at most {KEY_LENGTH} characters.")
    if not key:
        return await _say(call, draft)
    assert call.token is not None  # noqa: S101 - the route asks for one
    token, keys, now = call.token.digest, call.service.site.api.keys, call.service.now()
    asked = hashlib.sha256(msgspec.json.encode((call.room, draft))).digest()
    before = keys.find(token, key, now)
    if before is not None:
        if before.fingerprint != asked:
            return problem(409, "Another message was posted under this Idempotency-Key. Use a new one.")
        answer = await asyncio.shield(before.answer)
        again = ("Idempotency-Replayed", "true")
        return Response(answer.status, answer.body, (*answer.headers, again))
    mine = keys.begin(token, key, asked, now)
    answer = problem(503, "The server is stopping. Try again later.", (("Retry-After", "5"),))
    try:
        answer = await _say(call, draft)
    finally:
        if answer.status != 201:
            keys.drop(token, key)
        mine.set_result(answer)
    return answer


async def _say(call: Call, draft: shapes.Draft) -> Response:
    text = draft.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").translate(_BREAKS)
    assert call.token is not None  # noqa: S101 - the route asks for one
    command = commands.Post(call.token.name, call.room, text, shapes.KINDS[draft.kind])
    try:
        outcome = await HubDesk(call.service).submit(command)
    except Refused as refused:
        return problem(503, f"{refused}.", (("Retry-After", "5"),))
    for item in outcome:
        if isinstance(item, Record):
            said = shapes.message(item, call.service.log.ids)
            assert said is not None  # noqa: S101 - a post is one of the kinds
            return json(201, said)
        if isinstance(item, Refusal):
            words = REFUSAL_WORDS[type(item)](item)
            return problem(_STATUS.get(type(item), 422), words.replace("\n", " "))
    raise AssertionError("a post without an outcome")


_BODIES: dict[str, type] = {"application/json": shapes.Draft, "text/plain": str}

_STATUS: dict[type[Refusal], int] = {replies.TokenRefused: 403, replies.CannotSpeak: 403}

ROUTES = (
    Route(
        "POST", "/rooms/{room}/messages", "postMessage", post,
        "Says something in a room, as the bot that has the token's name. The room need not be open.",
        {
            201: Answer(
                "It is said, and kept.",
                shapes.Message,
                headers={"Idempotency-Replayed": "true where it had been said before, under the same key."},
            )
        },
        action=POST, query=shapes.NoQuery, body=_BODIES,
        headers={"Idempotency-Key": "The same request may be sent again under this key; it is done once."},
        problems={
            404: "No room can be called so.",
            409: "The key was used for another message.",
            415: "The body is neither JSON nor plain text.",
            422: "There is no text, or it is too long.",
        },
    ),
)  # fmt: skip
