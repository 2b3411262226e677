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
from asyncchat.dialects.base import Dialect
from asyncchat.dialects.plain.dialect import PlainDialect
from asyncchat.text.times import timestamp

PAGE: Final = 200
"""Messages of one page at the most."""

USUAL_PAGE: Final = 50
"""And where none are asked for."""

PAGE_LETTERS: Final = 131_072
"""Characters in the texts of one page: with escapes it takes 5 ms to write them."""

ELSEWHERE: Final = "elsewhere"
"""The kind of a client that is connected to another node of the cluster."""

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


# Administration.

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(max_length=200, description="Told to whom it concerns, and kept in the audit.")]
Next = Annotated[str, Meta(description="Where the list goes on, as after; empty: this is all.")]
Time = Annotated[str, Meta(description="In UTC: YYYY-MM-DDThh:mm:ss.sssZ.")]

MOST_SECONDS: Final = 10 * 366 * 86_400
"""Longest ban with an end."""


class PageQuery(msgspec.Struct, frozen=True):
    """Which page of a list is wanted."""

    after: Annotated[
        str, Meta(max_length=400, description="Only what comes after this: next of an earlier answer.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="How many at the most.")] = USUAL_PAGE


class ListQuery(PageQuery, frozen=True):
    """The same, of what has a text in its name."""

    text: Annotated[
        str, Meta(max_length=64, description="Only those whose name, account or address has this in it.")
    ] = ""


class Client(msgspec.Struct, frozen=True):
    """One connection of a person."""

    kind: Annotated[
        str,
        Meta(
            description="plain (such as nc), irc, websocket, which the page uses, or elsewhere: it is at "
            "another node of the cluster."
        ),
    ]
    address: str
    encrypted: bool


class Person(msgspec.Struct, frozen=True):
    """Somebody who is connected, or always on."""

    name: str
    account: str
    address: Annotated[str, Meta(description="The real address.")]
    host: Annotated[str, Meta(description="What others see of it.")]
    since: Time
    idle: Annotated[int, Meta(description="Seconds since the person last said something.")]
    away: str
    operator: Annotated[bool, Meta(description="Whether it is an operator of the server.")]
    bot: bool
    clients: Annotated[tuple[Client, ...], Meta(description="None: it is always on and away.")]
    rooms: tuple[str, ...]


class People(msgspec.Struct, frozen=True):
    """People, by name."""

    people: tuple[Person, ...]
    next: Next


class OpenRoom(msgspec.Struct, frozen=True):
    """An open room, as operators of the server see it."""

    name: str
    topic: str
    members: int
    public: bool
    secret: bool
    founder: Annotated[str, Meta(description="The account that owns it; empty: nobody's.")]


class OpenRooms(msgspec.Struct, frozen=True):
    """Rooms, by name."""

    rooms: tuple[OpenRoom, ...]
    next: Next


class KickDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is removed from which room."""

    room: Name
    name: Name
    reason: Reason = ""


class DisconnectDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is disconnected."""

    name: Name
    reason: Reason = ""


Mask = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\s\x00]+$",
        description="A name, user@host, an address, a network such as 192.0.2.0/24, or ~account:NAME.",
    ),
]


class BanDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is banned from the server, and for how long."""

    mask: Mask
    seconds: Annotated[int, Meta(ge=0, le=MOST_SECONDS, description="0: without an end.")] = 0
    reason: Reason = ""


class UnbanDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which ban is lifted."""

    mask: Mask


class Ban(msgspec.Struct, frozen=True):
    """A ban from the server."""

    mask: str
    by: str
    time: Time
    until: Annotated[str, Meta(description="When it ends; empty: it has no end.")]
    reason: str


class Bans(msgspec.Struct, frozen=True):
    """Bans, by mask."""

    bans: tuple[Ban, ...]
    next: Next


class EraseDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is erased: the message id of a room, or all that a name said."""

    room: Annotated[str, Meta(max_length=64, description="Empty, with name: all rooms.")] = ""
    id: Annotated[str, Meta(max_length=64, description="The message.")] = ""
    name: Annotated[str, Meta(max_length=64, description="Whose messages.")] = ""
    since: Annotated[
        str, Meta(max_length=32, description="With name: only those of this time (RFC 3339, UTC) or later.")
    ] = ""
    reason: Reason = ""


class ErasedCount(msgspec.Struct, frozen=True):
    """How many messages were erased."""

    erased: int


class AuditQuery(msgspec.Struct, frozen=True):
    """Which entries of the audit are wanted; the newest come first."""

    before: Annotated[str, Meta(max_length=64, description="Goes on here: next of an earlier answer.")] = ""
    since: Annotated[
        str, Meta(max_length=32, description="Only entries of this time (RFC 3339, UTC) or later.")
    ] = ""
    text: Annotated[
        str, Meta(max_length=64, description="Only entries that have this in their sentence.")
    ] = ""
    kind: Annotated[str, Meta(max_length=32, description="Only entries of this kind.")] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="How many at the most.")] = USUAL_PAGE


class AuditEntry(msgspec.Struct, frozen=True):
    """What an operator of the server, or a token, did."""

    id: str
    time: Time
    kind: Annotated[
        str,
        Meta(description="killed, server_ban, overruled (an act in a room), oper_read, owner, announced, …"),
    ]
    by: Annotated[str, Meta(description="Who: name!user@host, with the real address, or token NAME.")]
    says: Annotated[str, Meta(description="All of it, in a sentence.")]


class Audit(msgspec.Struct, frozen=True):
    """Entries of the audit, newest first."""

    entries: tuple[AuditEntry, ...]
    next: Annotated[
        str,
        Meta(
            description="Where the audit goes on, as before; empty: this is all. With text or kind a page "
            "may have few entries, or none, and go on: one request looks through 1,000."
        ),
    ]


class LimitHits(msgspec.Struct, frozen=True):
    """How often a limit was hit since the start."""

    limit: Annotated[str, Meta(description="lines, connections, server_full, guests or slow_readers.")]
    count: int
    means: Annotated[str, Meta(description="What happened, in words.")]


class BusyNetwork(msgspec.Struct, frozen=True):
    """A network with connections."""

    network: Annotated[str, Meta(description="An IPv4 address, or an IPv6 /64 or /48.")]
    connections: int
    people: int
    wait: Annotated[
        float, Meta(description="Seconds until its next line is read; 0: it is within its limits.")
    ]


class RefusedNetwork(msgspec.Struct, frozen=True):
    """A network to which something is refused for a while, because it was wrong or asked too often."""

    network: str
    what: Annotated[
        str,
        Meta(description="passwords (of accounts), server_password, tokens, or registrations (of accounts)."),
    ]
    seconds: int


class Limits(msgspec.Struct, frozen=True):
    """The limits and how often each was hit, and which networks they concern now."""

    since: Annotated[str, Meta(description="When the server was started, in UTC.")]
    limits: tuple[LimitHits, ...]
    networks: Annotated[tuple[BusyNetwork, ...], Meta(description="The 20 with the most connections.")]
    refused: Annotated[tuple[RefusedNetwork, ...], Meta(description="At most 200.")]


def client_kind(dialect: Dialect) -> str:
    """What a person is connected with."""
    return "websocket" if dialect.is_web else "plain" if isinstance(dialect, PlainDialect) else "irc"


def room_name(stated: str) -> str:
    """A room's name, whose # may be left out."""
    return stated if stated.startswith("#") else f"#{stated}"


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
