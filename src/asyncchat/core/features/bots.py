"""API tokens: what programs without a session may do, and where.

Owns tokens and what is posted with one. How a secret is made and compared is the server's affair.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.confusables import skeleton
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.join import RoomNotAllowed
from asyncchat.core.features.messages import CannotSpeak, CannotSpeakReason, Said, Speech, Tags, unwanted
from asyncchat.core.names import fold, name_fault, room_fault
from asyncchat.core.parts import Part
from asyncchat.core.people import Person, person, with_bot
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import NoText, Refusal, Reply, TextTooLong
from asyncchat.core.text import TEXT_BYTES, size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

POST: Final = "post"


READ: Final = "read"


WHO: Final = "who"


ACTIONS: Final = {
    POST: "say something in the token's rooms, under its name",
    READ: "read their history, and what is said as it is said",
    WHO: "list who is in them",
}
"""What a token may allow, each in half a sentence."""


ALL_ROOMS: Final = "*"
"""Stands in the place of the rooms for all of them."""


TOKENS: Final = 1_000
"""Tokens there may be: each request looks through them."""


ROOMS: Final = 50
"""Rooms that one token may name."""


KEYS: Final = 2_000
"""Keys of posts that are remembered, the newest: 100 bytes each, in the memory and in each snapshot."""


KEY_MICROSECONDS: Final = 86_400_000_000
"""For how long: no job is tried again after a day."""


class Posted(msgspec.Struct, frozen=True):
    """What was posted under a key: ``asked`` stands for the request, ``time`` is that of its message."""

    asked: str
    room: str
    time: int


class Token(msgspec.Struct, frozen=True):
    """One token.

    ``name`` is also that of the bot that posts with it; nobody else can have it meanwhile. ``digest`` is the
    SHA-256 of its secret, which nobody keeps. ``time`` is when it was made, in microseconds since 1970 UTC.
    """

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int

    def reaches(self, room: str) -> bool:
        """Whether it is for this room."""
        return ALL_ROOMS in self.rooms or fold(room) in {fold(own) for own in self.rooms}

    def allows(self, action: str, room: str) -> bool:
        """Whether it allows this in that room."""
        return action in self.actions and self.reaches(room)

    @property
    def bot(self) -> Person:
        """Who posts with it."""
        return with_bot(person(0, self.name, "bot", "api", f"bot {self.name}"), True)


class NewToken(Command, frozen=True):
    """Make a token for these rooms and actions; ``digest`` is the SHA-256 of its secret."""

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]


class RevokeToken(Command, frozen=True):
    """Have a token count no more."""

    name: str


class Post(Command, frozen=True):
    """Say something in a room with a token; that its secret was shown is the asker's affair.

    Under a ``key`` it is said once; ``asked`` stands for all of the request, so that another one is noticed.
    """

    token: str
    room: str
    text: str
    speech: Speech = Speech.MESSAGE
    key: str = ""
    asked: str = ""


class TokenMade(Event, frozen=True, tag="token_made"):
    """There is a token; see ``core.tokens.Token``."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int


class PostedOnce(Event, frozen=True, tag="posted_once"):
    """The message before it was posted under a key, and is not to be posted again.

    ``asked`` and ``time`` as in ``core.tokens.Posted``; ``token`` is the digest of the token's secret.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    token: str
    key: str
    asked: str
    room: str
    time: int


class TokenRevoked(Event, frozen=True, tag="token_revoked"):
    """A token is no more; ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    name: str
    time: int


class TokenFault(enum.Enum):
    """Why something asked about a token, or with one, is refused, as a sentence."""

    EXISTS = "there is a token of that name already"
    HELD = "somebody is called so, or an account is"
    NOT_ALLOWED = "a token can't have that name"
    ROOM = "that is no name of a room"
    NO_ROOMS = "a token is for at least one room"
    TOO_MANY_ROOMS = "a token can't be for so many rooms; * stands for all"
    ACTION = "there is no such action"
    NO_ACTIONS = "a token allows at least one action"
    UNKNOWN = "there is no such token"
    OTHERS = "only who owns the server makes and revokes tokens"
    FULL = "there is no place for more tokens"
    FORBIDDEN = "the token does not allow this here"


class PostedBefore(Reply, frozen=True):
    """Something was posted under the same key; see ``core.tokens.Posted`` for what of it is known."""

    asked: str
    room: str
    time: int


class TokenRefused(Refusal, frozen=True):
    """Something about a token is refused; ``detail`` is half a sentence more, or empty."""

    fault: TokenFault
    name: str = ""
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.fault.value}: {self.detail}" if self.detail else self.fault.value


_BOT: Tags = (("bot", ""),)
"""IRCv3 "bot mode": what a bot says is tagged as such."""


def digest_of(secret: str) -> str:
    """What is kept of a token's secret: that is long and random, so a plain hash does."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Bots(Part):
    """The tokens there are, and what was posted under keys of their own."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        """By the keys of their names."""
        self.posted: dict[tuple[str, str], Posted] = {}
        """By the digest of the token and the post's key."""

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return dict(self.tokens), dict(self.posted)

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for token in self.tokens.values():
            yield TokenMade(token.name, token.digest, token.rooms, token.actions, token.time)
        for (token_name, key), once in self.posted.items():
            yield PostedOnce(token_name, key, once.asked, once.room, once.time)


def confusable_reserved(chat: Chat, name: str) -> str:
    """The account or the bot, here or not, that a name of other letters looks like; empty for none."""
    look = skeleton(name)
    if look == fold(name):
        return ""
    account = chat.accounts.get(look)
    if account is not None:
        return account.name
    token = Bots.of(chat).tokens.get(look)
    return "" if token is None else token.name


@handles(NewToken)
def new_token(chat: Chat, person_id: int, command: NewToken, now: int) -> Items:
    """Makes a token, for the server and its owner."""
    refusal = _unmakable(chat, person_id, command)
    if refusal is not None:
        return (refusal,)
    rooms = (ALL_ROOMS,) if ALL_ROOMS in command.rooms else tuple(dict.fromkeys(command.rooms))
    actions = tuple(action for action in ACTIONS if action in command.actions)
    return (TokenMade(command.name, command.digest, rooms, actions, now),)


def _unmakable(chat: Chat, person_id: int, command: NewToken) -> TokenRefused | None:
    name = command.name
    key = fold(name)
    wrong_room = next((r for r in command.rooms if r != ALL_ROOMS and room_fault(r) is not None), None)
    wrong_action = next((action for action in command.actions if action not in ACTIONS), None)
    fault: TokenFault | None = None
    detail = ""
    if person_id != SERVER and person_id not in chat.server_operators:
        fault = TokenFault.OTHERS
    elif name_fault(name) is not None:
        fault, detail = TokenFault.NOT_ALLOWED, name_fault(name) or ""
    elif key in Bots.of(chat).tokens:
        fault = TokenFault.EXISTS
    elif key in chat.accounts or key in chat.people.by_name:
        fault = TokenFault.HELD
    elif not command.rooms:
        fault = TokenFault.NO_ROOMS
    elif len(command.rooms) > ROOMS:
        fault = TokenFault.TOO_MANY_ROOMS
    elif wrong_room is not None:
        fault, detail = TokenFault.ROOM, f"{wrong_room}: {room_fault(wrong_room)}"
    elif not command.actions:
        fault = TokenFault.NO_ACTIONS
    elif wrong_action is not None:
        fault, detail = TokenFault.ACTION, f"{wrong_action}; there are {', '.join(ACTIONS)}"
    elif len(Bots.of(chat).tokens) >= TOKENS:
        fault = TokenFault.FULL
    return None if fault is None else TokenRefused(fault, name, detail)


@handles(RevokeToken)
def revoke_token(chat: Chat, person_id: int, command: RevokeToken, now: int) -> Items:
    """Revokes a token, for the server and its owner."""
    if person_id != SERVER and person_id not in chat.server_operators:
        return (TokenRefused(TokenFault.OTHERS, command.name),)
    token = Bots.of(chat).tokens.get(fold(command.name))
    if token is None:
        return (TokenRefused(TokenFault.UNKNOWN, command.name),)
    return (TokenRevoked(token.name, now),)


@handles(Post)
def post(chat: Chat, _person_id: int, command: Post, now: int) -> Items:
    """Says something in a room for a bot, which is nowhere and needs nobody there.

    What the room's modes ask of people, its token has; a ban and a mute hold for it as for anyone.
    """
    token = Bots.of(chat).tokens.get(fold(command.token))
    if token is None or not token.allows(POST, command.room):
        return (TokenRefused(TokenFault.FORBIDDEN, command.token),)
    before = Bots.of(chat).posted.get((token.digest, command.key)) if command.key else None
    if before is not None and now - before.time < KEY_MICROSECONDS:
        return (PostedBefore(before.asked, before.room, before.time),)
    said = _said(chat, token, command)
    if isinstance(said, Refusal):
        return (said,)
    if not command.key:
        return (said,)
    return (said, PostedOnce(token.digest, command.key, command.asked, said.room, now))


def _said(chat: Chat, token: Token, command: Post) -> Said | Refusal:
    fault = room_fault(command.room)
    if fault is not None:
        return RoomNotAllowed(command.room, fault)
    if size(command.text) > TEXT_BYTES:
        return TextTooLong(TEXT_BYTES)
    if not command.text:
        return NoText()
    bot = token.bot
    room = chat.room_named(command.room)
    if room is None:
        return Said(command.room, bot, command.text, command.speech, _BOT)
    reason = unwanted(room, command.text, command.speech)
    if room.bans_person(bot):
        reason = CannotSpeakReason.BANNED
    elif room.mutes_person(bot):
        reason = CannotSpeakReason.MUTED
    if reason is not None:
        return CannotSpeak(room.name, reason)
    return Said(room.name, bot, command.text, command.speech, _BOT)


@applies(TokenMade)
def _token_made(chat: Chat, event: TokenMade) -> None:
    Bots.of(chat).tokens[fold(event.name)] = Token(
        event.name, event.digest, event.rooms, event.actions, event.time
    )


@applies(TokenRevoked)
def _token_revoked(chat: Chat, event: TokenRevoked) -> None:
    Bots.of(chat).tokens.pop(fold(event.name), None)


@applies(PostedOnce)
def _posted_once(chat: Chat, event: PostedOnce) -> None:
    keys = Bots.of(chat).posted
    keys.pop((event.token, event.key), None)
    keys[event.token, event.key] = Posted(event.asked, event.room, event.time)
    if len(keys) > KEYS:
        del keys[next(iter(keys))]
