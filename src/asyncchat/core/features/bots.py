"""API tokens: what programs without a session may do, and in which rooms.

Owns tokens and what is posted with them. Must not know a token's secret: the server makes and compares it.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.join import RoomNotAllowed
from asyncchat.core.features.messages import CannotSpeak, CannotSpeakReason, Said, Speech, Tags, content_fault
from asyncchat.core.features.post_keys import PostedOnce, PostKeys
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold, name_fault, room_fault
from asyncchat.core.people import PROGRAM_USER, Person, person, with_bot
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import Fault, NoText, Refusal, TextTooLong
from asyncchat.core.text import TEXT_BYTES, size

POST: Final = "post"


READ: Final = "read"


WHO: Final = "who"


METRICS: Final = "metrics"


ADMIN: Final = "admin"


ACTIONS: Final = {
    POST: "say something in the token's rooms, under its name",
    READ: "read their history, and new messages as they arrive",
    WHO: "list who is in them",
    METRICS: "read the server's figures",
    ADMIN: "do what an operator of the server may: list people, disconnect, ban, erase, read the audit",
}
"""What a token may allow, with an explanation as half a sentence."""


ALL_ROOMS: Final = "*"
"""Stands for all rooms in a token."""


MAX_TOKENS: Final = 1_000
"""Tokens of a server."""


ROOMS_EACH: Final = 50
"""Rooms that one token may name."""


CTCP_MARK: Final = "\x01"
"""Begins a query to another client, in IRC: not for bots, whose actions have a kind of their own."""


class Token(msgspec.Struct, frozen=True):
    """One token.

    ``name`` is also the name of the bot that posts with it; nobody else can have that name. ``digest`` is the
    SHA-256 of its secret, which is not stored. ``time`` is when it was made, in microseconds since 1970 UTC.
    """

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int

    def covers(self, room: str) -> bool:
        """Whether the token is valid for this room."""
        return ALL_ROOMS in self.rooms or fold(room) in _keys(self.rooms)

    def allows(self, action: str, room: str) -> bool:
        """Whether the token allows this action in that room."""
        return action in self.actions and self.covers(room)

    @property
    def operator(self) -> Person:
        """Who administers with the token. Others see its name; no session or visitor has its negative id."""
        number = int.from_bytes(hashlib.blake2b(self.digest.encode(), digest_size=6).digest())
        return person(-(1 << 32) - 1 - number, self.name, PROGRAM_USER, "api", f"token {self.name}")

    @property
    def bot(self) -> Person:
        """The author of what is posted with the token, the same person each time."""
        return _bot(self.name)


@lru_cache(maxsize=MAX_TOKENS)
def _bot(name: str) -> Person:
    return with_bot(person(0, name, "bot", "api", f"bot {name}"), True)


@lru_cache(maxsize=MAX_TOKENS)
def _keys(rooms: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, rooms))


class NewToken(Command, frozen=True):
    """Make a token for these rooms and actions; ``digest`` is the SHA-256 of its secret."""

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]


class RevokeToken(Command, frozen=True):
    """Revoke a token."""

    name: str


class Post(Command, frozen=True):
    """Say something in a room with a token, whose secret the server has checked already.

    Under the same ``key`` it is said only once; ``asked`` identifies the whole request, so that a different
    request under the same key is noticed.
    """

    token: str
    room: str
    text: str
    speech: Speech = Speech.MESSAGE
    key: str = ""
    asked: str = ""


class PostFromProgram(Command, frozen=True):
    """Say something in a room under a name that nobody has: for the program that the server is part of."""

    name: str
    room: str
    text: str
    speech: Speech = Speech.MESSAGE


class TokenMade(Untold, frozen=True, tag="token_made"):
    """A token was made; see ``Token``."""

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int


class TokenRevoked(Untold, frozen=True, tag="token_revoked"):
    """A token was revoked; ``time`` in microseconds since 1970 UTC."""

    name: str
    time: int


class TokenFault(Fault):
    """Why a command about a token, or with one, is refused, as a sentence."""

    EXISTS = "there is a token of that name already"
    HELD = "a person or an account has that name"
    NOT_ALLOWED = "that can't be a name"
    EVERYWHERE = "a token that allows admin is for all rooms: --room '*'"
    ROOM = "that is not the name of a room"
    NO_ROOMS = "a token needs at least one room: --room ROOM"
    TOO_MANY_ROOMS = "a token can't be for so many rooms; * stands for all"
    ACTION = "there is no such action"
    NO_ACTIONS = "a token allows at least one action"
    UNKNOWN = "there is no such token"
    OTHERS = "only server operators can make and revoke tokens"
    FULL = "the server has too many tokens already"
    FORBIDDEN = "the token does not allow this here"


class TokenRefused(Refusal, frozen=True):
    """A command about a token is refused; ``detail`` is half a sentence more, or empty."""

    fault: TokenFault
    name: str = ""
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.fault.text}: {self.detail}" if self.detail else self.fault.text


_BOT: Tags = (("bot", ""),)
"""IRCv3 "bot mode": the messages of a bot carry this tag."""


def digest_of(secret: str) -> str:
    """What is stored of a token's secret; the secret is long and random, so a plain hash is safe."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Bots(Part):
    """The tokens, and what was posted under keys."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        """By the folded name."""
        self.keys = PostKeys()
        """What was posted under keys, by bots and by visitors."""
        self._by_digest: dict[str, Token] | None = None
        """The same by the digest; None: they are others since it was made."""

    def with_digest(self, digest: str) -> Token | None:
        """The token whose secret has this digest, which only whoever knows the secret can name."""
        found = self._by_digest
        if found is None:
            found = self._by_digest = {token.digest: token for token in reversed(self.tokens.values())}
        return found.get(digest)

    def add(self, token: Token) -> None:
        """A token is valid from now on."""
        self.tokens[fold(token.name)] = token
        self._by_digest = None

    def remove(self, name: str) -> None:
        """The token of this name is not valid any more."""
        self.tokens.pop(fold(name), None)
        self._by_digest = None

    def forget(self, who: Identity) -> None:
        """Forgets the keys of a person."""
        self.keys.forget(who)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return dict(self.tokens), self.keys.state()

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for token in self.tokens.values():
            yield TokenMade(token.name, token.digest, token.rooms, token.actions, token.time)
        yield from self.keys.facts()


@handles(NewToken)
def new_token(chat: Chat, person_id: int, command: NewToken, now: int) -> Items:
    """Makes a token, for the server itself and server operators."""
    refusal = _refusal_of_token(chat, person_id, command)
    if refusal is not None:
        return (refusal,)
    rooms = (ALL_ROOMS,) if ALL_ROOMS in command.rooms else tuple(dict.fromkeys(command.rooms))
    actions = tuple(action for action in ACTIONS if action in command.actions)
    return (TokenMade(command.name, command.digest, rooms, actions, now),)


def _refusal_of_token(chat: Chat, person_id: int, command: NewToken) -> TokenRefused | None:
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
    elif _is_held(chat, name):
        fault = TokenFault.HELD
    elif not command.rooms:
        fault = TokenFault.NO_ROOMS
    elif len(command.rooms) > ROOMS_EACH:
        fault = TokenFault.TOO_MANY_ROOMS
    elif wrong_room is not None:
        fault, detail = TokenFault.ROOM, f"{wrong_room}: {room_fault(wrong_room)}"
    elif ADMIN in command.actions and ALL_ROOMS not in command.rooms:
        fault = TokenFault.EVERYWHERE
    elif not command.actions:
        fault = TokenFault.NO_ACTIONS
    elif wrong_action is not None:
        fault, detail = TokenFault.ACTION, f"{wrong_action}; there are {', '.join(ACTIONS)}"
    elif len(Bots.of(chat).tokens) >= MAX_TOKENS:
        fault = TokenFault.FULL
    return None if fault is None else TokenRefused(fault, name, detail)


@handles(RevokeToken)
def revoke_token(chat: Chat, person_id: int, command: RevokeToken, now: int) -> Items:
    """Revokes a token, for the server itself and server operators."""
    if person_id != SERVER and person_id not in chat.server_operators:
        return (TokenRefused(TokenFault.OTHERS, command.name),)
    token = Bots.of(chat).tokens.get(fold(command.name))
    if token is None:
        return (TokenRefused(TokenFault.UNKNOWN, command.name),)
    return (TokenRevoked(token.name, now),)


@handles(Post)
def post(chat: Chat, _person_id: int, command: Post, now: int) -> Items:
    """Says something in a room for a bot, which is no member; the room may be empty.

    The modes for people do not apply to a bot; bans and mutes do.
    """
    token = Bots.of(chat).tokens.get(fold(command.token))
    if token is None or not token.allows(POST, command.room):
        return (TokenRefused(TokenFault.FORBIDDEN, command.token),)
    before = Bots.of(chat).keys.before(token.digest, command.key, now) if command.key else None
    if before is not None:
        return (before,)
    said = _said(chat, token.bot, command)
    if isinstance(said, Refusal):
        return (said,)
    if not command.key:
        return (said,)
    return (said, PostedOnce(token.digest, command.key, command.asked, said.room, now))


@handles(PostFromProgram)
def post_from_program(chat: Chat, person_id: int, command: PostFromProgram, _now: int) -> Items:
    """Says something in a room for the program that the server is a part of; nothing of it stays but that."""
    name = command.name
    fault, detail = None, ""
    if person_id != SERVER:
        fault = TokenFault.OTHERS
    elif (why := name_fault(name)) is not None:
        fault, detail = TokenFault.NOT_ALLOWED, why
    elif _is_held(chat, name):
        fault = TokenFault.HELD
    return (_said(chat, _bot(name), command) if fault is None else TokenRefused(fault, name, detail),)


def _is_held(chat: Chat, name: str) -> bool:
    """Whether a person or an account has a name."""
    return fold(name) in chat.accounts or fold(name) in chat.people.by_name


def posted_text(text: str) -> str:
    """A text as it is posted: its lines end with \\n, the last one without, and it has no NUL."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\0", "\ufffd")


def _said(chat: Chat, bot: Person, command: Post | PostFromProgram) -> Said | Refusal:
    fault = room_fault(command.room)
    if fault is not None:
        return RoomNotAllowed(command.room, fault)
    if size(command.text) > TEXT_BYTES:
        return TextTooLong(TEXT_BYTES)
    if not command.text:
        return NoText()
    if CTCP_MARK in command.text:
        return CannotSpeak(command.room, CannotSpeakReason.CTCP)
    room = chat.room_named(command.room)
    if room is None:
        return Said(command.room, bot, command.text, command.speech, _BOT)
    reason = content_fault(room, command.text, command.speech)
    if room.bans_person(bot):
        reason = CannotSpeakReason.BANNED
    elif room.mutes_person(bot):
        reason = CannotSpeakReason.MUTED
    if reason is not None:
        return CannotSpeak(room.name, reason)
    return Said(room.name, bot, command.text, command.speech, _BOT)


@applies(TokenMade)
def _token_made(chat: Chat, event: TokenMade) -> None:
    token = Token(event.name, event.digest, event.rooms, event.actions, event.time)
    Bots.of(chat).add(token)
    if ADMIN in token.actions:
        chat.programs[token.operator.id] = token.operator


@applies(TokenRevoked)
def _token_revoked(chat: Chat, event: TokenRevoked) -> None:
    token = Bots.of(chat).tokens.get(fold(event.name))
    if token is not None:
        chat.programs.pop(token.operator.id, None)
    Bots.of(chat).remove(event.name)


@applies(PostedOnce)
def _posted_once(chat: Chat, event: PostedOnce) -> None:
    Bots.of(chat).keys.add(event)
