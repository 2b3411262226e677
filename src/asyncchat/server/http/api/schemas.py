"""What goes over the API as JSON, and what a query may say.

Owns the shapes, which are also the schemas of the OpenAPI document, and how the chat's values become them.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from asyncchat.core.events import Record
from asyncchat.core.features.edits import EDITS_TAG
from asyncchat.core.features.messages import DRAFT_REPLY, REPLY, Said, Speech
from asyncchat.core.ids import Ids
from asyncchat.text.times import timestamp

PAGE: Final = 200
"""Messages of one page at the most."""

USUAL_PAGE: Final = 50
"""And where none are asked for."""

PAGE_LETTERS: Final = 131_072
"""Characters in the texts of one page: with escapes it takes 5 ms to write them."""

KINDS: Final = {"message": Speech.MESSAGE, "notice": Speech.NOTICE, "action": Speech.ACTION}
_KIND_OF = {speech: kind for kind, speech in KINDS.items()}

MessageId = Annotated[str, Meta(description="The id of a message, the same on every surface.", max_length=64)]


class Message(msgspec.Struct, frozen=True):
    """What somebody said in a room."""

    id: MessageId
    time: Annotated[str, Meta(description="When, in UTC: YYYY-MM-DDThh:mm:ss.sssZ.")]
    room: str
    name: Annotated[str, Meta(description="Who said it.")]
    kind: Annotated[str, Meta(description="message, notice, or action (of “/me waves”).")]
    text: str
    edited: Annotated[bool, Meta(description="Whether its author has replaced the text.")] = False
    reply_to: Annotated[str, Meta(description="The id of the message that it answers; else empty.")] = ""


class Messages(msgspec.Struct, frozen=True):
    """A page of a room's history, oldest first."""

    messages: tuple[Message, ...]
    more: Annotated[
        bool,
        Meta(
            description="Whether there is more in the direction that was asked for. A page ends early where "
            "its texts are long: after 131,072 characters."
        ),
    ]


class Found(msgspec.Struct, frozen=True):
    """What a search found, oldest first."""

    messages: tuple[Message, ...]
    next: Annotated[
        str,
        Meta(description="Where the search goes on, as before; empty: everything was searched."),
    ]


class Room(msgspec.Struct, frozen=True):
    """A room."""

    name: str
    topic: str
    members: int
    public: Annotated[bool, Meta(description="Whether it may be read without a token.")]


class Rooms(msgspec.Struct, frozen=True):
    """Rooms, by name."""

    rooms: tuple[Room, ...]


class Member(msgspec.Struct, frozen=True):
    """Somebody in a room."""

    name: str
    roles: Annotated[tuple[str, ...], Meta(description="founder, admin, operator, half-operator, voice.")]
    away: str
    bot: bool


class Members(msgspec.Struct, frozen=True):
    """Who is in a room, in the order in which they came."""

    members: tuple[Member, ...]


class Health(msgspec.Struct, frozen=True):
    """How the server is."""

    status: Annotated[str, Meta(description="ok, or failing: what is said can't be kept at the moment.")]
    version: str


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered as wished (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Meta(description="A sentence that says what to do.")]


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message to be posted."""

    text: Annotated[
        str,
        Meta(min_length=1, max_length=8192, description="At most 8,192 bytes in UTF-8; lines end with \\n."),
    ]
    kind: Annotated[str, Meta(pattern="^(message|notice|action)$")] = "message"
    name: Annotated[
        str,
        Meta(
            max_length=64,
            description="Without a token: the name of the guest who says it. If it is somebody's, a similar "
            "one is used.",
        ),
    ] = ""


class NoQuery(msgspec.Struct, frozen=True):
    """A route without parameters."""


class HistoryQuery(msgspec.Struct, frozen=True):
    """Which page of the history is wanted; the newest one without any of these."""

    before: Annotated[str, Meta(max_length=64, description="Only messages before the one with this id.")] = ""
    after: Annotated[
        str, Meta(max_length=64, description="Only messages after this one; the oldest of them first.")
    ] = ""
    since: Annotated[
        str,
        Meta(max_length=32, description="Only messages of this time (RFC 3339, UTC) or later, like after."),
    ] = ""
    until: Annotated[str, Meta(max_length=32, description="Only messages before this time.")] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="How many at the most.")] = USUAL_PAGE


class SearchQuery(msgspec.Struct, frozen=True):
    """What is searched for; the newest messages are found first."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=400,
            description='Words and "phrases in quotes"; a message must have all of them.',
        ),
    ]
    name: Annotated[str, Meta(max_length=64, description="Only messages of this person.")] = ""
    before: Annotated[str, Meta(max_length=64, description="Goes on here: next of an earlier answer.")] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="How many at the most.")] = USUAL_PAGE


class StreamQuery(msgspec.Struct, frozen=True):
    """From where the stream goes on."""

    after: Annotated[
        str, Meta(max_length=64, description="The id after which it begins; Last-Event-ID counts more.")
    ] = ""


def message(record: Record, ids: Ids) -> Message | None:
    """A record as a message; None for what is none to people."""
    event = record.event
    if not isinstance(event, Said) or (kind := _KIND_OF.get(event.speech)) is None:
        return None
    number = ids.id_of(record.number)
    tags = dict(event.tags)  # nearly always empty
    return Message(
        number,
        timestamp(record.time),
        event.room,
        event.person.name,
        kind,
        event.text,
        EDITS_TAG in tags,
        tags.get(REPLY) or tags.get(DRAFT_REPLY, ""),
    )
