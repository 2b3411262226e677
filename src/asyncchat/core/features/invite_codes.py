"""Invitation codes: whoever has the code of a room may join it, by a link, a QR code, or typed.

Owns the codes, as digests; how many people each lets in, until when, and whom it has let in. Must not know
the codes themselves: the server makes them, and nobody keeps them.
"""

import enum
import hashlib
from collections.abc import Iterator
from typing import ClassVar, Final
from urllib.parse import quote

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.room_modes import RoleChanged
from asyncchat.core.features.room_registration import GIVER
from asyncchat.core.features.rooms import RoomClosed, RoomOpened, closing_empty
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold, room_fault
from asyncchat.core.people import Person
from asyncchat.core.permissions import SERVER, about_room, with_right
from asyncchat.core.registry import Items, applies, follows, handles
from asyncchat.core.replies import Fault, NotOperator, Refusal, Reply
from asyncchat.core.roles import HALF_OPERATOR, OPERATOR, ROLE_NAMED, VOICE, Right
from asyncchat.core.rooms import Room

CODE_LETTERS: Final = 12
"""Letters of a code: 59 bits. Nobody guesses that, and a class can type it from the board."""

CODE_BYTES: Final = 16
"""Random bytes of which a code is made: every code is as likely."""

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0/O, 1/I/L, U: nobody mistakes one for another when it is read aloud."""

CODES_EACH: Final = 50
"""Valid codes of one room: more than anybody keeps in mind."""

MOST_USES: Final = 1_000
"""People whom one code lets in: their names are kept."""

MOST_SECONDS: Final = 366 * 86_400
"""How long a code is valid at the most."""

DEFAULT_USES: Final = 30
"""A class."""

DEFAULT_SECONDS: Final = 86_400
"""A day: until then whoever was sent a link has opened it."""

CODE_ROLES: Final = (VOICE.name, HALF_OPERATOR.name, OPERATOR.name)
"""The roles that a code may give."""

_KEPT_MICROSECONDS: Final = 7 * 86_400_000_000
"""How long a code that has expired is known, so that people are told so."""

_ENDED_EACH: Final = 20
"""Codes of one room that are no longer valid and still known."""


def spell(data: bytes) -> str:
    """The code that ``CODE_BYTES`` random bytes give: ``7KQ2-M9XD-4TRV``."""
    number = int.from_bytes(data)
    letters = ""
    for _ in range(CODE_LETTERS):
        number, index = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[index]
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LETTERS, 4))


def code_digest(typed: str) -> str:
    """What is kept of a code; case, dashes and spaces don't matter. Empty: it can't be a code."""
    letters = typed.upper().replace("-", "").replace(" ", "")
    if len(letters) != CODE_LETTERS or not (letters.isascii() and letters.isalnum()):
        return ""
    return hashlib.sha256(letters.encode()).hexdigest()


def link_to(page: str, room: str, code: str) -> str:
    """The link with which a browser joins; empty if the ``page`` is not known.

    Behind the ``#`` neither the server nor a proxy is told of it, so it is in no log.
    """
    return f"{page}#{quote(room.removeprefix('#'), safe='')}?invite={code}" if page else ""


class NewInviteCode(IoCommand, frozen=True):
    """Make a code for a room; the server makes its letters. Arguments as in ``InviteCode``."""

    room: str
    uses: int = DEFAULT_USES
    seconds: int = DEFAULT_SECONDS
    role: str = ""


class MakeInviteCode(Command, frozen=True):
    """The same with the digest. ``code`` and the page's ``link`` go back to whoever asked, and are not
    kept."""

    audited: ClassVar[bool] = True
    room: str
    digest: str
    uses: int = DEFAULT_USES
    seconds: int = DEFAULT_SECONDS
    role: str = ""
    code: str = ""
    link: str = ""


class RevokeInviteCode(Command, frozen=True):
    """Revoke a code of a room, by its number."""

    audited: ClassVar[bool] = True
    room: str
    number: int


class GetInviteCodes(Command, frozen=True):
    """The codes of a room."""

    room: str


class InviteCodeMade(Untold, frozen=True, tag="invite_code_made", omit_defaults=True):
    """A code was made; see ``InviteCode``. ``used`` and ``revoked`` are not empty in snapshots only."""

    audited: ClassVar[bool] = True
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    number: int
    digest: str
    uses: int
    expires: int
    role: str
    by: str
    time: int
    used: tuple[str, ...] = ()
    revoked: bool = False


class InviteCodeUsed(Untold, frozen=True, tag="invite_code_used"):
    """A code lets somebody in, see ``InviteCode.used``; the join follows."""

    number: int
    user: str


class InviteCodeRevoked(Untold, frozen=True, tag="invite_code_revoked"):
    """A code was revoked."""

    audited: ClassVar[bool] = True
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    number: int
    by: str


class CodeFault(Fault):
    """Why a code does not let somebody in, or a command about one is refused, as half a sentence."""

    WRONG = "there is no such invitation code for this room"
    EXPIRED = "the invitation code has expired"
    USED_UP = "the invitation code has let in as many people as it may"
    REVOKED = "the invitation code was revoked"
    ROOM = "there can be no room of that name"
    USES = f"a code lets in 1 to {MOST_USES:,} people"
    TIME = "a code is valid for a minute to a year"
    ROLE = f"a code can give one of these roles: {', '.join(CODE_ROLES)}"
    FULL = f"the room has {CODES_EACH} valid codes already: revoke one of them first"
    UNKNOWN = "there is no code of that number"


class ClosedBy(enum.Enum):
    """What closes a room to somebody."""

    INVITATIONS = "invitations"
    KEY = "key"
    LIMIT = "limit"


class InviteCodeRefused(Refusal, frozen=True):
    """A code is not accepted, or not made or revoked.

    ``closed_by``: why its user may not join without one; None: nobody joins.
    """

    fault: CodeFault
    room: str
    closed_by: ClosedBy | None = None


class InviteCodeGiven(Reply, frozen=True):
    """The code that was just made, and its link, if the server knows the page's address."""

    made: InviteCodeMade
    code: str
    link: str


class InviteCode(msgspec.Struct, frozen=True):
    """One code.

    ``digest`` is what is kept of it, ``uses`` how many people it lets in until ``expires`` (microseconds
    since 1970 UTC), ``role`` what they get in the room, if anything. ``used`` are those whom it has let in:
    names, and accounts behind an ``@``. Whoever comes again under the same name is not counted again. ``by``
    is the name of who made it; empty: the administrator of the server.
    """

    number: int
    digest: str
    room: str
    uses: int
    expires: int
    role: str
    by: str
    time: int
    used: tuple[str, ...] = ()
    revoked: bool = False

    def fault(self, now: int, user: str = "") -> CodeFault | None:
        """Why it lets nobody in, or not this user; None: it does."""
        if self.revoked:
            return CodeFault.REVOKED
        if now >= self.expires:
            return CodeFault.EXPIRED
        if len(self.used) >= self.uses and user not in self.used:
            return CodeFault.USED_UP
        return None


class InviteCodesView(Reply, frozen=True):
    """The codes of a room as they are at ``time`` (microseconds since 1970 UTC)."""

    room: str
    codes: tuple[InviteCode, ...]
    time: int


class InviteCodeEnded(Reply, frozen=True):
    """A code is revoked now."""

    room: str
    number: int


class InviteCodes(Part):
    """All codes."""

    def __init__(self) -> None:
        self.codes: dict[int, InviteCode] = {}
        """By number. ``room`` is the room's key here."""
        self._by_digest: dict[str, int] = {}

    def with_digest(self, digest: str) -> InviteCode | None:
        """The code with this digest."""
        number = self._by_digest.get(digest) if digest else None
        return None if number is None else self.codes[number]

    def in_room(self, key: str) -> list[InviteCode]:
        """The codes of a room, by its key."""
        return [code for code in self.codes.values() if code.room == key]

    def add(self, code: InviteCode, now: int) -> None:
        """A code is known from now on, and some that ended long ago are not."""
        ended = [one for one in self.in_room(code.room) if one.fault(now)]
        self._drop(one for one in ended[:-_ENDED_EACH] or ())
        self._drop(one for one in list(self.codes.values()) if one.expires + _KEPT_MICROSECONDS < now)
        self.codes[code.number] = code
        self._by_digest[code.digest] = code.number

    def _drop(self, codes: Iterator[InviteCode] | tuple[()]) -> None:
        for code in codes:
            self.codes.pop(code.number, None)
            self._by_digest.pop(code.digest, None)

    def forget(self, who: Identity) -> None:
        """Codes stay, whoever made them or came by them."""
        for number, code in self.codes.items():
            used = tuple(map(who.replaced, code.used))
            self.codes[number] = msgspec.structs.replace(code, by=who.replaced(code.by), used=used)

    def rename_room(self, old: str, new: str) -> None:
        """Codes are the room's, not its name's."""
        for code in self.in_room(old):
            self.codes[code.number] = msgspec.structs.replace(code, room=new)

    def forget_room(self, room: Room) -> None:
        """A room is closed, with its codes."""
        self._drop(iter(self.in_room(room.key)))

    def keeps_room(self, room: Room) -> bool:
        """Whoever has a code finds the room when nobody is there."""
        return any(not code.revoked for code in self.in_room(room.key))

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return dict(self.codes)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for code in self.codes.values():
            yield InviteCodeMade(
                chat.rooms[code.room].name, code.number, code.digest, code.uses, code.expires, code.role,
                code.by, code.time, code.used, code.revoked,
            )  # fmt: skip


def code_for(chat: Chat, typed: str, now: int) -> InviteCode | CodeFault:
    """The code that was typed, else why it lets nobody in; its ``room`` is the room's key.

    One that is used up may still let in those whom it has let in before.
    """
    found = InviteCodes.of(chat).with_digest(code_digest(typed))
    if found is None:
        return CodeFault.WRONG
    fault = found.fault(now)
    return found if fault is None or fault is CodeFault.USED_UP else fault


def check_code(chat: Chat, room_key: str, typed: str, me: Person, now: int) -> InviteCode | CodeFault:
    """The code that was typed, if it lets this person into the room, else why not."""
    found = InviteCodes.of(chat).with_digest(code_digest(typed))
    if found is None or found.room != room_key:
        return CodeFault.WRONG
    return found.fault(now, _user(me)) or found


def is_expecting(chat: Chat, room: Room, now: int) -> bool:
    """Whether somebody with a code may still come into a room."""
    return any(code.fault(now) is None for code in InviteCodes.of(chat).in_room(room.key))


def letting_in(code: InviteCode, me: Person) -> tuple[InviteCodeUsed, ...]:
    """The event before the join of somebody whom a code lets in; none if it has done so before."""
    user = _user(me)
    return () if user in code.used else (InviteCodeUsed(code.number, user),)


def role_by(
    code: InviteCode, room: Room, me: Person, granted: tuple[RoleChanged, ...]
) -> tuple[RoleChanged, ...]:
    """The role that a code gives, unless the person is given it anyway."""
    if not code.role or any(event.role == code.role for event in granted):
        return ()
    return (RoleChanged(room.name, me, GIVER, True, code.role),)


def _user(me: Person) -> str:
    return f"@{fold(me.account)}" if me.account else me.key


@handles(MakeInviteCode)
def make(chat: Chat, person_id: int, command: MakeInviteCode, now: int) -> Items:
    """Makes a code, for moderators of its room who may give the role; the server opens the room for it."""
    opened: tuple[RoomOpened, ...] = ()
    room = chat.room_named(command.room)
    if person_id != SERVER:
        found = with_right(chat, person_id, command.room, Right.MODERATE)
        if isinstance(found, Refusal):
            return (found,)
        room = found
    fault = _fault_of(chat, room, command, now)
    if fault is not None:
        return (InviteCodeRefused(fault, command.room),)
    if room is None:
        room = Room(command.room, now)
        opened = (RoomOpened(command.room, now),)
    if (
        command.role
        and person_id != SERVER
        and chat.rank(person_id, room) < ROLE_NAMED[command.role].given_by
    ):
        return (NotOperator(room.name),)
    by = chat.people[person_id].name if person_id != SERVER else ""
    number = max(InviteCodes.of(chat).codes, default=0) + 1
    expires = now + command.seconds * 1_000_000
    made = InviteCodeMade(room.name, number, command.digest, command.uses, expires, command.role, by, now)
    return (*opened, made, InviteCodeGiven(made, command.code, command.link))


def _fault_of(chat: Chat, room: Room | None, command: MakeInviteCode, now: int) -> CodeFault | None:
    if room is None and room_fault(command.room) is not None:
        return CodeFault.ROOM
    if not 1 <= command.uses <= MOST_USES:
        return CodeFault.USES
    if not 60 <= command.seconds <= MOST_SECONDS:
        return CodeFault.TIME
    if command.role and command.role not in CODE_ROLES:
        return CodeFault.ROLE
    valid = [code for code in InviteCodes.of(chat).in_room(fold(command.room)) if code.fault(now) is None]
    return CodeFault.FULL if len(valid) >= CODES_EACH else None


@handles(RevokeInviteCode)
def revoke(chat: Chat, person_id: int, command: RevokeInviteCode, _now: int) -> Items:
    """Revokes a code; whoever came by it stays."""
    code = InviteCodes.of(chat).codes.get(command.number)
    if person_id != SERVER:
        room = with_right(chat, person_id, command.room, Right.MODERATE)
        if isinstance(room, Refusal):
            return (room,)
        if code is not None and code.room != room.key:
            code = None
    if code is None or code.revoked:
        return (InviteCodeRefused(CodeFault.UNKNOWN, command.room),)
    by = chat.people[person_id].name if person_id != SERVER else ""
    name = chat.rooms[code.room].name
    return (InviteCodeRevoked(name, code.number, by), InviteCodeEnded(name, code.number))


@about_room(GetInviteCodes, right=Right.MODERATE)
def get_codes(chat: Chat, _me: Person, room: Room, _command: GetInviteCodes, now: int) -> Items:
    """The codes of a room, for its moderators."""
    return (InviteCodesView(room.name, tuple(InviteCodes.of(chat).in_room(room.key)), now),)


@follows(InviteCodeRevoked)
def _last_revoked(chat: Chat, _person_id: int, event: InviteCodeRevoked) -> tuple[RoomClosed, ...]:
    """The end of a room that nobody is in, when its last code is revoked."""
    room = chat.rooms[fold(event.room)]
    if any(
        not code.revoked and code.number != event.number for code in InviteCodes.of(chat).in_room(room.key)
    ):
        return ()
    return closing_empty(chat, room, InviteCodes)


@applies(InviteCodeMade)
def _made(chat: Chat, event: InviteCodeMade) -> None:
    code = InviteCode(
        event.number, event.digest, fold(event.room), event.uses, event.expires, event.role, event.by,
        event.time, event.used, event.revoked,
    )  # fmt: skip
    InviteCodes.of(chat).add(code, event.time)


@applies(InviteCodeUsed)
def _used(chat: Chat, event: InviteCodeUsed) -> None:
    codes = InviteCodes.of(chat).codes
    code = codes[event.number]
    codes[event.number] = msgspec.structs.replace(code, used=(*code.used, event.user))


@applies(InviteCodeRevoked)
def _revoked(chat: Chat, event: InviteCodeRevoked) -> None:
    codes = InviteCodes.of(chat).codes
    codes[event.number] = msgspec.structs.replace(codes[event.number], revoked=True)
