"""Each refusal of the core has its numeric."""

import pytest

from asyncchat.core.features.audit import AuditUnreadable
from asyncchat.core.features.bots import TokenRefused
from asyncchat.core.features.connect import (
    AlreadyConnected,
    NameFixed,
    NameNotAllowed,
    NameReserved,
    NameTaken,
    RealnameFixed,
)
from asyncchat.core.features.edits import EditFault, EditRefused
from asyncchat.core.features.gateways import GatewayRefused
from asyncchat.core.features.history import HistoryUnreadable, NoSuchMessage, TargetsUnreadable
from asyncchat.core.features.host import HostAlready, HostNotAllowed
from asyncchat.core.features.invite_codes import ClosedBy, CodeFault, InviteCodeRefused
from asyncchat.core.features.invites import (
    AlreadyThere,
    KnockForbidden,
    NoNeedToKnock,
    TooManyInvitations,
    TooManyKnocks,
)
from asyncchat.core.features.join import (
    Banned,
    NotInvited,
    RoomFull,
    RoomHasMoved,
    RoomNotAllowed,
    TooManyRooms,
    TooManyRoomsOpened,
    WrongKey,
)
from asyncchat.core.features.levels import AboveLevel
from asyncchat.core.features.messages import CannotSpeak, CannotSpeakReason
from asyncchat.core.features.metadata.api import MetadataRefused
from asyncchat.core.features.opers import NotFromHere, WrongCode
from asyncchat.core.features.pins import NotPinned, PinFault, PinRefused
from asyncchat.core.features.preferences import PreferenceRefused
from asyncchat.core.features.reactions import ReactionRefused
from asyncchat.core.features.read_markers import NoReadMarker
from asyncchat.core.features.redaction import RedactionRefused
from asyncchat.core.features.rename import CannotRenameRoom, RoomNameTaken
from asyncchat.core.features.room_modes import BadValue, TooManyMasks, TooManyMasksFromNetwork
from asyncchat.core.features.search import NotSearched
from asyncchat.core.features.server import NotReloaded, WrongPassword
from asyncchat.core.features.server_bans import (
    BannedFromServer,
    NoSuchServerBan,
    ServerBanTooWide,
    TooManyServerBans,
)
from asyncchat.core.features.webpush import PushFault, PushRefused
from asyncchat.core.replies import (
    AccountRefused,
    DailyQuotaUsed,
    NeedsAccount,
    NoSuchPerson,
    NoSuchRoom,
    NotConnectedYet,
    NoText,
    NotMember,
    NotOperator,
    NotServerOperator,
    NotThere,
    NotYourself,
    Outranked,
    Refusal,
    StorageDown,
    TextTooLong,
)
from asyncchat.dialects.irc.registry import FAILURES, REFUSALS

LINES = [
    (NotConnectedYet(), "451 a :You have not registered"),
    (AlreadyConnected(), "462 a :You may not reregister"),
    (NameTaken("b", 2), "433 a b :Nickname is already in use"),
    (NeedsAccount("#r"), "477 a #r :You need to be logged in to an account for that"),
    (NameReserved("b"),
     "433 a b :Nickname belongs to an account: log in to it (SASL), or choose another"),
    (NameNotAllowed(":b c", "it has a space"),
     "432 a 0:b_c :That nickname is not allowed: it has a space"),
    (NameFixed("b", "#r"),
     "435 a b #r :You can't change your nickname while you are banned or muted in this channel"),
    (NoSuchPerson("b"), "401 a b :No such nick/channel"),
    (NoSuchRoom(""), "403 a * :No such channel"),
    (RoomNotAllowed("b", "x"), "403 a b :No such channel: a channel's name begins with #"),
    (RoomNotAllowed("#b", "x"), "476 a #b :That channel name is not allowed: x"),
    (TooManyRooms("#r", 1), "405 a #r :You have joined too many"),
    (TooManyRoomsOpened("#r", 9), "405 a #r :Too many channels have been opened from your address"),
    (RoomNameTaken("#r", "#s"),
     "FAIL RENAME CHANNEL_NAME_IN_USE #r #s :The channel name is already taken"),
    (CannotRenameRoom("#r", "s t", "x"),
     "FAIL RENAME CANNOT_RENAME #r s_t :The channel cannot be renamed: x"),
    (RoomHasMoved("#r", "#s"), "FAIL JOIN CHANNEL_RENAMED #r #s :The channel has been renamed"),
    (NotMember("#r"), "442 a #r :You're not on that channel"),
    (NotThere("#r", "b"), "441 a b #r :They aren't on it"),
    (NotOperator("#r"), "482 a #r :You're not channel operator"),
    (Outranked("#r", "b"), "482 a #r :b has a higher role in this channel than you"),
    (AlreadyThere("#r", "b"), "443 a b #r :is already on channel"),
    (TooManyInvitations("#r", "b"), "518 a b #r :is invited to too many channels"),
    (NotYourself("b"), "502 a :Can't change mode for other users"),
    (BadValue("#r", "key", "", "it is bad"), "696 a #r k * :it is bad"),
    (BadValue("#r", "limit", "0", "it is bad"), "696 a #r l 0 :it is bad"),
    (WrongKey("#r"), "475 a #r :Cannot join channel (+k)"),
    (NotInvited("#r"), "473 a #r :Cannot join channel (+i)"),
    (NoNeedToKnock("#r", False), "713 a #r :Channel is open."),
    (NoNeedToKnock("#r", True), "714 a #r :You are already on that channel."),
    (KnockForbidden("#r", "why"), "480 a #r :Cannot knock on channel: why"),
    (TooManyKnocks("#r"), "712 a #r :Too many KNOCKs (user)."),
    (RoomFull("#r"), "471 a #r :Cannot join channel (+l)"),
    (CannotSpeak("#r", CannotSpeakReason.SLOW, 3),
     "404 a #r :Cannot send to channel: you spoke a moment ago, wait 3 s"),
    (BannedFromServer("spam"), "465 a :You are banned from this server: spam"),
    (BannedFromServer(""), "465 a :You are banned from this server"),
    (HostNotAllowed("x@y"), "400 a CHGHOST x@y :Letters, digits and . : / - _ only, at most 63"),
    (HostAlready("bob", "h"), "400 a CHGHOST bob :The host is h already"),
    (NoSuchServerBan("m"), "400 a UNKLINE m :No such ban"),
    (TooManyServerBans("m", 5), "400 a KLINE m :The list is full (5), or the mask is too long"),
    (ServerBanTooWide("*!*@*"), "400 a KLINE *!*@* :That would ban everybody"),
    (Banned("#r"), "474 a #r :Cannot join channel (+b)"),
    (CannotSpeak("#r", CannotSpeakReason.MUTED), "404 a #r :Cannot send to channel: you are muted"),
    (NoText(), "412 a :No text to send"),
    (TextTooLong(5), "417 a :Text over 5 bytes"),
    (TooManyMasks("#r", "m", 5), "478 a #r m :The list is full (5), or the mask is too long"),
    (
        TooManyMasksFromNetwork("#r", "m", 5),
        "478 a #r m :The rooms opened from one network have as many masks as allowed (5)",
    ),
    (WrongCode(), "464 a :Password incorrect"),
    (NotFromHere("b"), "491 a :No O-lines for your host"),
    (NotServerOperator(), "481 a :Permission Denied- You're not an IRC operator"),
    (WrongPassword(True, True), "464 a :Password incorrect"),
    (GatewayRefused("why"), "464 a :WEBIRC is refused: why"),
    (NoSuchMessage("#r", 1), "400 a * :There is no such message"),
    (ReactionRefused("#r", "why"), "404 a #r :Not sent: why"),
    (InviteCodeRefused(CodeFault.EXPIRED, "#r", ClosedBy.INVITATIONS),
     "473 a #r :Cannot join channel: the invitation code has expired"),
    (InviteCodeRefused(CodeFault.WRONG, "#r", ClosedBy.KEY),
     "475 a #r :Cannot join channel: there is no such invitation code for this room"),
    (InviteCodeRefused(CodeFault.USED_UP, "#r", ClosedBy.LIMIT),
     "471 a #r :Cannot join channel: the invitation code has let in as many people as it may"),
    (InviteCodeRefused(CodeFault.UNKNOWN, "#r"),
     "FAIL UNINVITE UNKNOWN_CODE #r :There is no code of that number"),
    (EditRefused(EditFault.MANY, "#r", "e1-7"),
     "FAIL EDIT LIMIT_REACHED #r e1-7 :Not edited: it was edited 20 times already"),
    (EditRefused(EditFault.UNKNOWN, "#r"),
     "FAIL EDIT UNKNOWN_MSGID #r * :Not edited: there is no such message"),
    (PinRefused(PinFault.FULL, "#r"),
     "FAIL PIN LIMIT_REACHED #r :Not pinned: 50 messages are pinned already"),
    (PushRefused(PushFault.ADDRESS, "https://a.example/1"),
     "FAIL WEBPUSH INVALID_PARAMS REGISTER https://a.example/1 :"
     "the host of the endpoint is not found, or it is in a private network"),
    (PreferenceRefused("notify", "#r", "why"), "FAIL PREFERENCES INVALID_PARAMS notify #r :Not done: why"),
    (NotPinned("#r"), "FAIL UNPIN NOT_PINNED #r :No such message is pinned"),
    (
        DailyQuotaUsed(),
        "400 a * :Not accepted: the guests of your network have sent as much as they may in a day. "
        "Log in to an account",
    ),
    (
        AboveLevel(),
        "400 a * :Not accepted: that works when all nodes of this chat have the new version of asyncchat",
    ),
    (StorageDown(), "400 a * :Not accepted: the history can't be written at the moment"),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "line"), LINES)
def test_lines(server, refusal, line):
    a = server.person("a")
    assert a.dialect.encode_outcome((refusal,)).decode() == f":irc.test {line}\r\n"


def test_none_is_forgotten():
    assert set(REFUSALS) | set(FAILURES) == set(Refusal.__subclasses__()) - {
        HistoryUnreadable,
        EditRefused,
        InviteCodeRefused,
        NotSearched,
        NotReloaded,
        RealnameFixed,
        AuditUnreadable,
        RedactionRefused,
        NoReadMarker,
        TargetsUnreadable,
        AccountRefused,
        MetadataRefused,
        TokenRefused,  # no IRC client asks for one, or with one
    }
    assert {type(refusal) for refusal, _ in LINES} == set(REFUSALS) | set(FAILURES) | {
        EditRefused,
        InviteCodeRefused,
    }
