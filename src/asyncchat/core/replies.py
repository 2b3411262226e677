"""Replies and refusals: what the asker alone is told.

A refusal is a value with what a sentence or a numeric needs; the wording is each dialect's.
"""

import enum

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.gone import Gone
from asyncchat.core.people import Person
from asyncchat.core.roles import OPERATOR
from asyncchat.core.rooms import Block, Topic
from asyncchat.core.server_bans import ServerBan


class Reply(msgspec.Struct, frozen=True):
    """An answer to a question."""


class Welcome(Reply, frozen=True):
    """The asker has entered."""

    person: Person
    counts: "Counts"


class Counts(Reply, frozen=True):
    """How many there are now, and at the most so far in this run."""

    people: int
    rooms: int
    owners: int
    most_people: int
    invisible: int = 0


class RoomView(Reply, frozen=True):
    """A room as a member sees it. ``blocks`` hold the members in the order in which they came."""

    room: str
    topic: Topic | None
    blocks: tuple[Block, ...]
    size: int
    joining: bool
    person: Person
    secret: bool = False


class NoRoomView(Reply, frozen=True):
    """The members of a room that does not exist: none."""

    room: str


class TopicView(Reply, frozen=True):
    """A room's topic, or None."""

    room: str
    topic: Topic | None


class FlagsView(Reply, frozen=True):
    """A room's flags and settings; ``opened`` in microseconds since 1970 UTC; ``outside``: no key shown."""

    room: str
    flags: frozenset[str]
    opened: int
    settings: tuple[tuple[str, str], ...] = ()
    outside: bool = False


class MaskView(msgspec.Struct, frozen=True):
    """One mask of a list: who set it, and when (microseconds since 1970 UTC)."""

    mask: str
    by: str
    time: int
    listed: str


class MasksView(Reply, frozen=True):
    """What stands on those of a room's lists that were asked for."""

    room: str
    lists: tuple[str, ...]
    masks: tuple[MaskView, ...]


class InvitationsView(Reply, frozen=True):
    """The rooms that the asker is invited to."""

    rooms: tuple[str, ...]


class PersonFlagsView(Reply, frozen=True):
    """One's own flags, and whether one is the owner."""

    flags: frozenset[str]
    owner: bool


class Forwarded(Reply, frozen=True):
    """The asker may not join a room and joins another one instead."""

    room: str
    to: str


class RoomLine(msgspec.Struct, frozen=True):
    """One room of a list."""

    room: str
    size: int
    topic: str


class RoomsView(Reply, frozen=True):
    """The rooms asked for, by name; ``mine`` are those the asker is in, by key."""

    rooms: tuple[RoomLine, ...]
    mine: frozenset[str]


class Seen(msgspec.Struct, frozen=True):
    """A person as another sees it, found in ``room`` ('' for none), with its roles there and its flags.

    ``idle`` is how many seconds it has said nothing.
    """

    person: Person
    away: str
    owner: bool
    room: str
    roles: int
    flags: frozenset[str] = frozenset()
    idle: int = 0

    @property
    def operator(self) -> bool:
        """Whether it is an operator of that room, or higher."""
        return self.roles >= OPERATOR.bit


class WhoView(Reply, frozen=True):
    """The people a mask describes; ``purpose`` as in AskWho."""

    mask: str
    people: tuple[Seen, ...]
    purpose: object = None


class PersonView(Reply, frozen=True):
    """All that may be known of a person; ``rooms`` are (name, sum of its roles) pairs.

    ``private`` tells whether the asker may know more than others: of itself, and the owner of all.
    ``purpose`` as in AskPerson.
    """

    seen: Seen
    rooms: tuple[tuple[str, int], ...]
    entered: int
    private: bool = False
    purpose: object = None


class GoneView(Reply, frozen=True):
    """Those who had a name, the last first, and until when."""

    name: str
    gone: tuple[Gone, ...]


class PeopleView(Reply, frozen=True):
    """Those who are here of the names asked for, in that order; ``purpose`` as in AskPeople."""

    people: tuple[Seen, ...]
    purpose: object


class TimeNow(Reply, frozen=True):
    """The server's clock, in microseconds since 1970 UTC; ``purpose`` as in AskTime."""

    time: int
    purpose: object = None


class ServerBansView(Reply, frozen=True):
    """The bans from the server; ``purpose`` as in AskServerBans."""

    bans: tuple[ServerBan, ...]
    purpose: object = None


class OwnerOnly(Reply, frozen=True):
    """What NeedOwner asked for."""

    purpose: object = None


class AwayNote(Reply, frozen=True):
    """Somebody just written to is away."""

    person: Person
    text: str


class HistoryPage(Reply, frozen=True):
    """A page of a room's history, oldest first. ``more``: messages of the range beyond the page, on its older
    side, counted up to ``MORE_COUNTED`` (on its newer side 1 or 0, when the range was read from its old end).
    """

    room: str
    records: tuple[Record, ...]
    more: int
    purpose: object


MORE_COUNTED = 1000
"""Where the counting of earlier messages ends; beyond it an answer says "more than"."""


class Reloaded(Reply, frozen=True):
    """The configuration was read again: what changed by it, and what would only change by a restart.

    ``file`` is the configuration's file, or empty; the others are options as the file has them.
    """

    file: str
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


class Unlocked(Reply, frozen=True):
    """The server's password was right, or there is none."""


class Ignored(Reply, frozen=True):
    """The names a session hides from itself."""

    names: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True):
    """Why something asked does not happen."""


class NotEntered(Refusal, frozen=True):
    """The asker has no name yet."""


class AlreadyEntered(Refusal, frozen=True):
    """The asker has a name already."""


class NameTaken(Refusal, frozen=True):
    """Somebody has that name; ``holder`` is the session."""

    name: str
    holder: int


class NameNotAllowed(Refusal, frozen=True):
    """A person can't have that name; ``reason`` is half a sentence ("it has …")."""

    name: str
    reason: str


class NameFixed(Refusal, frozen=True):
    """Who is muted or banned in a room it is in keeps its name."""

    name: str
    room: str


class NoSuchPerson(Refusal, frozen=True):
    """Nobody has that name."""

    name: str


class NoSuchRoom(Refusal, frozen=True):
    """There is no such room."""

    room: str


class RoomNotAllowed(Refusal, frozen=True):
    """A room can't have that name."""

    room: str
    reason: str


class TooManyRooms(Refusal, frozen=True):
    """The asker is in as many rooms as one may be in, or the server has as many as it may have."""

    room: str
    limit: int


class NotMember(Refusal, frozen=True):
    """The asker is not in that room."""

    room: str


class NotThere(Refusal, frozen=True):
    """The person meant is not in that room."""

    room: str
    name: str


class NotOperator(Refusal, frozen=True):
    """Only an operator of the room may do that."""

    room: str


class Outranked(Refusal, frozen=True):
    """The person meant has a higher role in the room."""

    room: str
    name: str


class AlreadyThere(Refusal, frozen=True):
    """The person meant is in that room already."""

    room: str
    name: str


class TooManyInvitations(Refusal, frozen=True):
    """The person meant is invited to as many rooms as one may be."""

    room: str
    name: str


class NotYourself(Refusal, frozen=True):
    """That can be asked or set of oneself only."""

    name: str


class BadValue(Refusal, frozen=True):
    """A setting can't have that value, or a list that mask; ``reason`` is half a sentence."""

    room: str
    setting: str
    value: str
    reason: str


class WrongKey(Refusal, frozen=True):
    """The room has a key, and the asker gave none or another."""

    room: str


class NotInvited(Refusal, frozen=True):
    """Only the invited may join the room."""

    room: str


class RoomFull(Refusal, frozen=True):
    """The room has as many members as its limit says."""

    room: str


class BannedFromServer(Refusal, frozen=True):
    """Who would enter is banned from the server; ``until`` in microseconds since 1970 UTC, 0: for good."""

    reason: str
    until: int = 0


class NoSuchServerBan(Refusal, frozen=True):
    """That mask is not banned from the server."""

    mask: str


class TooManyServerBans(Refusal, frozen=True):
    """The list of bans from the server is full, or the mask is too long."""

    mask: str
    limit: int


class ServerBanTooWide(Refusal, frozen=True):
    """That mask would ban everybody."""

    mask: str


class Banned(Refusal, frozen=True):
    """The asker is banned from the room."""

    room: str


class CannotSpeakReason(enum.Enum):
    """Why a message to a room is refused."""

    OUTSIDE = "you are not in it"
    BANNED = "you are banned"
    MUTED = "you are muted"
    MODERATED = "only members with a role may speak"
    COLOUR = "colours are not allowed there"
    CTCP = "questions of programs are not allowed there"
    SLOW = "you spoke a moment ago"


class CannotSpeak(Refusal, frozen=True):
    """The asker may not speak in the room; where it is slowed, for so many ``seconds`` more."""

    room: str
    reason: CannotSpeakReason
    seconds: int = 0

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.reason.value}, wait {self.seconds} s" if self.seconds else self.reason.value


class NoText(Refusal, frozen=True):
    """There is nothing to say."""


class TextTooLong(Refusal, frozen=True):
    """A text is longer than ``limit`` bytes."""

    limit: int


class TooManyMasks(Refusal, frozen=True):
    """One of a room's lists of masks is full."""

    room: str
    mask: str
    limit: int


class WrongCode(Refusal, frozen=True):
    """That is not the owner code, or not the password of the operator of this name."""

    name: str = ""


class NotFromHere(Refusal, frozen=True):
    """The operator of this name may not come from the asker's address."""

    name: str


class NotReloaded(Refusal, frozen=True):
    """The configuration can't be meant or read, so all stays as it was; ``reason`` is a sentence."""

    file: str
    reason: str


class NotServerOperator(Refusal, frozen=True):
    """Only the owner and operators of the server may do that."""


class WrongPassword(Refusal, frozen=True):
    """That is not the server's password; ``given``: there was one; ``last``: the connection ends."""

    given: bool
    last: bool


class StorageDown(Refusal, frozen=True):
    """The history can't be written at the moment, so nothing is accepted."""


class HistoryUnreadable(Refusal, frozen=True):
    """The history of a room can't be read by the asker, or there is none; ``purpose`` as in ReadHistory."""

    room: str
    purpose: object = None
