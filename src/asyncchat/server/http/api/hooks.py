"""Incoming webhooks: what posts to Slack or Mattermost posts here.

Owns their route, and answers with Slack's words. The secret is in the path, as there; what a token may do is
the same as elsewhere.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.bots import ALL_ROOMS, POST, Post, Token, TokenRefused, posted_text
from asyncchat.core.features.join import RoomNotAllowed
from asyncchat.core.features.messages import CannotSpeak
from asyncchat.core.replies import Refusal, StorageDown
from asyncchat.server.http.api import schemas, slack
from asyncchat.server.http.api.messages import submit
from asyncchat.server.http.api.routes import Answer, Call, Route
from asyncchat.server.http.messages import Response, text

PREFIX = "/hooks/"

_FORM_FIELDS = 50

_INVALID = text(400, "invalid_payload")
_NO_TEXT = text(400, "no_text")
_NO_ROOM = text(404, "channel_not_found")
_FORBIDDEN = text(403, "action_prohibited")
_LATER = text(503, "rollup_error", (("Retry-After", "5"),))
_DONE = text(200, "ok")

_ANSWERS: dict[type[Refusal], Response] = {
    StorageDown: _LATER,
    TokenRefused: _FORBIDDEN,
    CannotSpeak: _FORBIDDEN,
    RoomNotAllowed: _NO_ROOM,
}


async def receive(call: Call) -> Response:
    """Says what is posted to the webhook of a token."""
    body = await call.body.read()
    if isinstance(body, Response):
        return body
    payload = _payload(body)
    if payload is None:
        return _INVALID
    assert call.token is not None  # noqa: S101 - the route asks for one
    room = _room(call.token, payload.channel or "")
    if not room:
        return _NO_ROOM
    said = posted_text(slack.message_text(payload, call.token.name))
    if not said:
        return _NO_TEXT
    for item in await submit(call, Post(call.token.name, room, said)):
        if isinstance(item, Record):
            return _DONE
        if isinstance(item, Refusal):
            return _ANSWERS.get(type(item), _INVALID)
    raise AssertionError("a post without an outcome")


def _payload(body: bytes) -> slack.Payload | None:
    """The payload: JSON, or that in a form's field; None if it is neither.

    What it is decides, not what it says to be: ``curl -d`` sends JSON as a form.
    """
    try:
        if not body.lstrip().startswith(b"{"):
            form = parse_qs(body.decode(), max_num_fields=_FORM_FIELDS)
            body = form.get("payload", [""])[0].encode()
        return msgspec.json.decode(body, type=slack.Payload)
    except (ValueError, RecursionError):
        return None


def _room(token: Token, channel: str) -> str:
    """The room that is meant; empty: there is none."""
    if channel.startswith("@"):
        return ""  # bots post to rooms only
    if channel:
        return channel if channel[0] == "#" else f"#{channel}"
    return "" if token.rooms[0] == ALL_ROOMS else token.rooms[0]


ROUTES = (
    Route(
        "POST", "/{token}", "postToHook", receive,
        "Says something as Slack's incoming webhooks do, in the named room, else in the token's first. "
        "Links, escapes, attachments and blocks become text.",
        {200: Answer("It is said, and kept: ok.", None, "text/plain")},
        action=POST, query=schemas.NoQuery, prefix=PREFIX.rstrip("/"),
        body={"application/json": slack.Payload, "application/x-www-form-urlencoded": slack.Form},
        refused=text(403, "invalid_token"),
        problems={
            400: "invalid_payload: it is no JSON of that form. no_text: it has no text.",
            403: "invalid_token: there is no such token. action_prohibited: it may not post there.",
            404: "channel_not_found: no room is named, or no room can be called so.",
            503: "rollup_error: the history can't be written at the moment.",
        },
    ),
)  # fmt: skip
