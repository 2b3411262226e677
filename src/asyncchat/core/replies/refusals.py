"""Refusals: why something was not done."""

import enum

from asyncchat.core.replies.base import Refusal


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


class RealnameFixed(Refusal, frozen=True):
    """Who is muted or banned in a room it is in keeps its real name, too."""

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


class CannotRenameRoom(Refusal, frozen=True):
    """A room can't be called ``to``; ``reason`` is half a sentence."""

    room: str
    to: str
    reason: str


class RoomNameTaken(Refusal, frozen=True):
    """A room can't be called ``to``: another one is, or was until a while ago."""

    room: str
    to: str


class RoomHasMoved(Refusal, frozen=True):
    """The room that one wants to join is called ``to`` now."""

    room: str
    to: str


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


class NoNeedToKnock(Refusal, frozen=True):
    """The room is open to everyone, or the asker is in it (``inside``)."""

    room: str
    inside: bool


class KnockForbidden(Refusal, frozen=True):
    """Nobody may knock there, or the asker may not; ``reason`` is half a sentence."""

    room: str
    reason: str


class TooManyKnocks(Refusal, frozen=True):
    """The asker knocked there a moment ago."""

    room: str


class RoomFull(Refusal, frozen=True):
    """The room has as many members as its limit says."""

    room: str


class BannedFromServer(Refusal, frozen=True):
    """Who would enter is banned from the server; ``until`` in microseconds since 1970 UTC, 0: for good."""

    reason: str
    until: int = 0


class HostNotAllowed(Refusal, frozen=True):
    """Nobody can be seen as coming from that."""

    host: str


class HostAlready(Refusal, frozen=True):
    """A person is seen as coming from that host."""

    name: str
    host: str


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
    ACCOUNT = "only who is logged in to an account may speak"


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
