"""Why not, in numerics: one line of a table for each refusal of the core.

Owns the wording; must not know what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import replies
from asyncchat.core.replies import Refusal
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.modes import SETTING_LETTERS
from asyncchat.dialects.irc.serialize import line, middle

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

Said = tuple[str, tuple[str, ...], str]
"""Code, words, text."""


def _name_fixed(refusal: replies.NameFixed) -> Said:
    text = "You can't change your nickname while you are banned or muted in this channel"
    return numerics.ERR_BANONCHAN, (refusal.name, refusal.room), text


def _room_not_allowed(refusal: replies.RoomNotAllowed) -> Said:
    if not refusal.room.startswith("#"):
        return numerics.ERR_NOSUCHCHANNEL, (refusal.room,), "No such channel: a channel's name begins with #"
    return numerics.ERR_BADCHANMASK, (refusal.room,), f"That channel name is not allowed: {refusal.reason}"


REFUSALS: dict[type[Refusal], Callable[[Any], Said]] = {
    replies.NotEntered: lambda r: (numerics.ERR_NOTREGISTERED, (), "You have not registered"),
    replies.AlreadyEntered: lambda r: (numerics.ERR_ALREADYREGISTERED, (), "You may not reregister"),
    replies.NameTaken: lambda r: (numerics.ERR_NICKNAMEINUSE, (r.name,), "Nickname is already in use"),
    replies.NeedsAccount: lambda r: (
        numerics.ERR_NEEDREGGEDNICK,
        (r.target,),
        "You need to be logged in to an account for that",
    ),
    replies.NameReserved: lambda r: (
        numerics.ERR_NICKNAMEINUSE,
        (r.name,),
        "Nickname belongs to an account: log in to it (SASL), or choose another",
    ),
    replies.NameNotAllowed: lambda r: (
        numerics.ERR_ERRONEUSNICKNAME,
        (r.name,),
        f"That nickname is not allowed: {r.reason}",
    ),
    replies.NameFixed: _name_fixed,
    replies.NoSuchPerson: lambda r: (numerics.ERR_NOSUCHNICK, (r.name,), "No such nick/channel"),
    replies.NoSuchRoom: lambda r: (numerics.ERR_NOSUCHCHANNEL, (r.room,), "No such channel"),
    replies.RoomNotAllowed: _room_not_allowed,
    replies.TooManyRooms: lambda r: (numerics.ERR_TOOMANYCHANNELS, (r.room,), "You have joined too many"),
    replies.NotMember: lambda r: (numerics.ERR_NOTONCHANNEL, (r.room,), "You're not on that channel"),
    replies.NotThere: lambda r: (numerics.ERR_USERNOTINCHANNEL, (r.name, r.room), "They aren't on it"),
    replies.NotOperator: lambda r: (numerics.ERR_CHANOPRIVSNEEDED, (r.room,), "You're not channel operator"),
    replies.Outranked: lambda r: (
        numerics.ERR_CHANOPRIVSNEEDED,
        (r.room,),
        f"{r.name} has a higher role in this channel than you",
    ),
    replies.AlreadyThere: lambda r: (numerics.ERR_USERONCHANNEL, (r.name, r.room), "is already on channel"),
    replies.TooManyInvitations: lambda r: (
        numerics.ERR_CANNOTINVITE,
        (r.name, r.room),
        "is invited to too many channels",
    ),
    replies.NotYourself: lambda r: (numerics.ERR_USERSDONTMATCH, (), "Can't change mode for other users"),
    replies.BadValue: lambda r: (
        numerics.ERR_INVALIDMODEPARAM,
        (r.room, SETTING_LETTERS.get(r.setting, "*"), r.value),
        r.reason,
    ),
    replies.WrongKey: lambda r: (numerics.ERR_BADCHANNELKEY, (r.room,), "Cannot join channel (+k)"),
    replies.NotInvited: lambda r: (numerics.ERR_INVITEONLYCHAN, (r.room,), "Cannot join channel (+i)"),
    replies.NoNeedToKnock: lambda r: (
        (numerics.ERR_KNOCKONCHAN, (r.room,), "You are already on that channel.")
        if r.inside
        else (numerics.ERR_CHANOPEN, (r.room,), "Channel is open.")
    ),
    replies.KnockForbidden: lambda r: (
        numerics.ERR_CANNOTKNOCK,
        (r.room,),
        f"Cannot knock on channel: {r.reason}",
    ),
    replies.TooManyKnocks: lambda r: (numerics.ERR_TOOMANYKNOCK, (r.room,), "Too many KNOCKs (user)."),
    replies.RoomFull: lambda r: (numerics.ERR_CHANNELISFULL, (r.room,), "Cannot join channel (+l)"),
    replies.BannedFromServer: lambda r: (
        numerics.ERR_YOUREBANNEDCREEP,
        (),
        f"You are banned from this server{f': {r.reason}' if r.reason else ''}",
    ),
    replies.HostNotAllowed: lambda r: (
        numerics.ERR_UNKNOWNERROR,
        ("CHGHOST", r.host),
        "Letters, digits and . : / - _ only, at most 63",
    ),
    replies.HostAlready: lambda r: (
        numerics.ERR_UNKNOWNERROR,
        ("CHGHOST", r.name),
        f"The host is {r.host} already",
    ),
    replies.NoSuchServerBan: lambda r: (numerics.ERR_UNKNOWNERROR, ("UNKLINE", r.mask), "No such ban"),
    replies.TooManyServerBans: lambda r: (
        numerics.ERR_UNKNOWNERROR,
        ("KLINE", r.mask),
        f"The list is full ({r.limit}), or the mask is too long",
    ),
    replies.ServerBanTooWide: lambda r: (
        numerics.ERR_UNKNOWNERROR,
        ("KLINE", r.mask),
        "That would ban everybody",
    ),
    replies.Banned: lambda r: (numerics.ERR_BANNEDFROMCHAN, (r.room,), "Cannot join channel (+b)"),
    replies.CannotSpeak: lambda r: (
        numerics.ERR_CANNOTSENDTOCHAN,
        (r.room,),
        f"Cannot send to channel: {r.why}",
    ),
    replies.NoText: lambda r: (numerics.ERR_NOTEXTTOSEND, (), "No text to send"),
    replies.TextTooLong: lambda r: (numerics.ERR_INPUTTOOLONG, (), f"Text over {r.limit} bytes"),
    replies.TooManyMasks: lambda r: (
        numerics.ERR_BANLISTFULL,
        (r.room, r.mask),
        f"The list is full ({r.limit}), or the mask is too long",
    ),
    replies.WrongCode: lambda r: (numerics.ERR_PASSWDMISMATCH, (), "Password incorrect"),
    replies.NotFromHere: lambda r: (numerics.ERR_NOOPERHOST, (), "No O-lines for your host"),
    replies.NotServerOperator: lambda r: (
        numerics.ERR_NOPRIVILEGES,
        (),
        "Permission Denied- You're not an IRC operator",
    ),
    replies.WrongPassword: lambda r: (
        numerics.ERR_PASSWDMISMATCH,
        (),
        "Password incorrect" if r.given else "This server asks for a password: PASS before NICK and USER",
    ),
    replies.NoSuchMessage: lambda r: (numerics.ERR_UNKNOWNERROR, ("*",), "There is no such message"),
    replies.StorageDown: lambda r: (
        numerics.ERR_UNKNOWNERROR,
        ("*",),
        "Not accepted: the history can't be written at the moment",
    ),
}
"""Numeric and words of each refusal; those of CHATHISTORY and SEARCH have FAILs of their own."""


FAILURES: dict[type[Refusal], Callable[[Any], tuple[str, str, tuple[str, ...], str]]] = {
    replies.RoomNameTaken: lambda r: (
        "RENAME",
        "CHANNEL_NAME_IN_USE",
        (r.room, r.to),
        "The channel name is already taken",
    ),
    replies.CannotRenameRoom: lambda r: (
        "RENAME",
        "CANNOT_RENAME",
        (r.room, r.to),
        f"The channel cannot be renamed: {r.reason}",
    ),
    replies.RoomHasMoved: lambda r: (
        "JOIN",
        "CHANNEL_RENAMED",
        (r.room, r.to),
        "The channel has been renamed",
    ),
}
"""Command, code, context and text of those refusals that are a FAIL (IRCv3 standard-replies)."""


def say_refusal(session: IrcDialect, refusal: Refusal) -> bytes:
    """The line of a refusal."""
    failure = FAILURES.get(type(refusal))
    if failure is not None:
        command, failed, context, text = failure(refusal)
        said = " ".join(
            (f":{session.context.name} FAIL", command, failed, *(middle(part) for part in context))
        )
        return line(said, text)
    code, words, text = REFUSALS[type(refusal)](refusal)
    return session.numeric(code, *(middle(part) for part in words), text=text)
