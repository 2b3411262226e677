"""Each refusal of the core has its numeric."""

import pytest

from asyncchat.core import replies
from asyncchat.core.replies import CannotSpeakReason, Refusal
from asyncchat.dialects.irc.registry import FAILURES, REFUSALS

LINES = [
    (replies.NotEntered(), "451 a :You have not registered"),
    (replies.AlreadyEntered(), "462 a :You may not reregister"),
    (replies.NameTaken("b", 2), "433 a b :Nickname is already in use"),
    (replies.NeedsAccount("#r"), "477 a #r :You need to be logged in to an account for that"),
    (replies.NameReserved("b"),
     "433 a b :Nickname belongs to an account: log in to it (SASL), or choose another"),
    (replies.NameNotAllowed(":b c", "it has a space"),
     "432 a 0:b_c :That nickname is not allowed: it has a space"),
    (replies.NameFixed("b", "#r"),
     "435 a b #r :You can't change your nickname while you are banned or muted in this channel"),
    (replies.NoSuchPerson("b"), "401 a b :No such nick/channel"),
    (replies.NoSuchRoom(""), "403 a * :No such channel"),
    (replies.RoomNotAllowed("b", "x"), "403 a b :No such channel: a channel's name begins with #"),
    (replies.RoomNotAllowed("#b", "x"), "476 a #b :That channel name is not allowed: x"),
    (replies.TooManyRooms("#r", 1), "405 a #r :You have joined too many"),
    (replies.RoomNameTaken("#r", "#s"),
     "FAIL RENAME CHANNEL_NAME_IN_USE #r #s :The channel name is already taken"),
    (replies.CannotRenameRoom("#r", "s t", "x"),
     "FAIL RENAME CANNOT_RENAME #r s_t :The channel cannot be renamed: x"),
    (replies.RoomHasMoved("#r", "#s"), "FAIL JOIN CHANNEL_RENAMED #r #s :The channel has been renamed"),
    (replies.NotMember("#r"), "442 a #r :You're not on that channel"),
    (replies.NotThere("#r", "b"), "441 a b #r :They aren't on it"),
    (replies.NotOperator("#r"), "482 a #r :You're not channel operator"),
    (replies.Outranked("#r", "b"), "482 a #r :b has a higher role in this channel than you"),
    (replies.AlreadyThere("#r", "b"), "443 a b #r :is already on channel"),
    (replies.TooManyInvitations("#r", "b"), "518 a b #r :is invited to too many channels"),
    (replies.NotYourself("b"), "502 a :Can't change mode for other users"),
    (replies.BadValue("#r", "key", "a b", "it is bad"), "696 a #r k a_b :it is bad"),
    (replies.BadValue("#r", "limit", "0", "it is bad"), "696 a #r l 0 :it is bad"),
    (replies.WrongKey("#r"), "475 a #r :Cannot join channel (+k)"),
    (replies.NotInvited("#r"), "473 a #r :Cannot join channel (+i)"),
    (replies.NoNeedToKnock("#r", False), "713 a #r :Channel is open."),
    (replies.NoNeedToKnock("#r", True), "714 a #r :You are already on that channel."),
    (replies.KnockForbidden("#r", "why"), "480 a #r :Cannot knock on channel: why"),
    (replies.TooManyKnocks("#r"), "712 a #r :Too many KNOCKs (user)."),
    (replies.RoomFull("#r"), "471 a #r :Cannot join channel (+l)"),
    (replies.CannotSpeak("#r", CannotSpeakReason.SLOW, 3),
     "404 a #r :Cannot send to channel: you spoke a moment ago, wait 3 s"),
    (replies.BannedFromServer("spam"), "465 a :You are banned from this server: spam"),
    (replies.BannedFromServer(""), "465 a :You are banned from this server"),
    (replies.HostNotAllowed("x@y"), "400 a CHGHOST x@y :Letters, digits and . : / - _ only, at most 63"),
    (replies.HostAlready("bob", "h"), "400 a CHGHOST bob :The host is h already"),
    (replies.NoSuchServerBan("m"), "400 a UNKLINE m :No such ban"),
    (replies.TooManyServerBans("m", 5), "400 a KLINE m :The list is full (5), or the mask is too long"),
    (replies.ServerBanTooWide("*!*@*"), "400 a KLINE *!*@* :That would ban everybody"),
    (replies.Banned("#r"), "474 a #r :Cannot join channel (+b)"),
    (replies.CannotSpeak("#r", CannotSpeakReason.MUTED), "404 a #r :Cannot send to channel: you are muted"),
    (replies.NoText(), "412 a :No text to send"),
    (replies.TextTooLong(5), "417 a :Text over 5 bytes"),
    (replies.TooManyMasks("#r", "m", 5), "478 a #r m :The list is full (5), or the mask is too long"),
    (replies.WrongCode(), "464 a :Password incorrect"),
    (replies.NotFromHere("b"), "491 a :No O-lines for your host"),
    (replies.NotServerOperator(), "481 a :Permission Denied- You're not an IRC operator"),
    (replies.WrongPassword(True, True), "464 a :Password incorrect"),
    (replies.NoSuchMessage("#r", 1), "400 a * :There is no such message"),
    (replies.StorageDown(), "400 a * :Not accepted: the history can't be written at the moment"),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "line"), LINES)
def test_lines(server, refusal, line):
    a = server.person("a")
    assert a.dialect.encode_outcome((refusal,)).decode() == f":irc.test {line}\r\n"


def test_none_is_forgotten():
    assert set(REFUSALS) | set(FAILURES) == set(Refusal.__subclasses__()) - {
        replies.HistoryUnreadable,
        replies.NotSearched,
        replies.NotReloaded,
        replies.RealnameFixed,
        replies.ActsUnreadable,
        replies.RedactionRefused,
        replies.NoMark,
        replies.TargetsUnreadable,
        replies.AccountRefused,
        replies.MetadataRefused,
        replies.TokenRefused,  # no IRC client asks for one, or with one
    }
    assert {type(refusal) for refusal, _ in LINES} == set(REFUSALS) | set(FAILURES)
