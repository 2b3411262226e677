"""What is said of each refusal.

Owns one table over the closed set of refusals; each gives one sentence.
"""

from collections.abc import Callable
from typing import Any

from asyncchat.core import replies
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.text.events import is_lobby


def place(room: str) -> str:
    """A room as a sentence names it."""
    return "the lobby" if is_lobby(room) else room


def _cannot_speak(refusal: replies.CannotSpeak) -> str:
    return f"Not sent to {place(refusal.room)}: {refusal.why}."


REFUSAL_WORDS: dict[type[replies.Refusal], Callable[[Any], str]] = {
    replies.NotEntered: lambda _: "You have no name yet.",
    replies.AlreadyEntered: lambda _: "You have a name already; /nick NAME takes another.",
    replies.NameTaken: lambda r: f"{r.name} is already in use.",
    replies.NeedsAccount: lambda r: f"For {place(r.target)} you have to be logged in: /login [NAME] PASSWORD",
    replies.NameReserved: lambda r: (
        f"{r.name} belongs to an account: /login {r.name} PASSWORD, then /nick {r.name}"
    ),
    replies.AccountRefused: lambda r: f"Not done: {r.why}.",
    replies.TokenRefused: lambda r: f"Not done: {r.why}.",
    replies.NameNotAllowed: lambda r: f"That name is not allowed: {r.reason}.",
    replies.NameFixed: lambda r: f"You keep your name while you are muted or banned in {place(r.room)}.",
    replies.RealnameFixed: lambda r: (
        f"You keep your real name while you are muted or banned in {place(r.room)}."
    ),
    replies.NoSuchPerson: lambda r: f"Nobody here is called {r.name}.",
    replies.NoSuchRoom: lambda r: f"There is no room {r.room}; /rooms lists them.",
    replies.RoomNotAllowed: lambda r: f"A room can't be called {r.room}: {r.reason}.",
    replies.CannotRenameRoom: lambda r: f"{place(r.room).capitalize()} can't be renamed: {r.reason}.",
    replies.RoomNameTaken: lambda r: f"There is a room {r.to} already, or was until a while ago.",
    replies.RoomHasMoved: lambda r: f"{r.room} is called {r.to} now.",
    replies.TooManyRooms: lambda r: f"No place for {r.room}: {r.limit:,} rooms is the limit.",
    replies.NotMember: lambda r: f"You are not in {place(r.room)}.",
    replies.NotThere: lambda r: f"{r.name} is not in {place(r.room)}.",
    replies.NotOperator: lambda r: f"Only an operator of {place(r.room)} may do that.",
    replies.Outranked: lambda r: f"{r.name} has a higher role in {place(r.room)} than you.",
    replies.AlreadyThere: lambda r: f"{r.name} is in {place(r.room)} already.",
    replies.TooManyInvitations: lambda r: f"{r.name} is invited to too many rooms.",
    replies.NotYourself: lambda _: "That can be set and asked of oneself only.",
    replies.BadValue: lambda r: f"{place(r.room).capitalize()} can't have that {r.setting}: {r.reason}.",
    replies.WrongKey: lambda r: f"{r.room} has a key: /join {r.room} KEY",
    replies.NotInvited: lambda r: f"Only the invited may join {place(r.room)}: /knock {r.room} asks for it.",
    replies.NoNeedToKnock: lambda r: (
        f"You are in {place(r.room)} already." if r.inside else f"{r.room} is open: /join {r.room}"
    ),
    replies.KnockForbidden: lambda r: f"Not asked: {r.reason}.",
    replies.TooManyKnocks: lambda r: f"You asked to be invited to {r.room} a moment ago.",
    replies.RoomFull: lambda r: f"{r.room} is full.",
    replies.BannedFromServer: lambda r: f"You are banned here{f': {r.reason}' if r.reason else ''}.",
    replies.HostNotAllowed: lambda r: f"{r.host} can be nobody's host: letters, digits and . : / - _ only.",
    replies.HostAlready: lambda r: f"{r.name} has the host {r.host} already.",
    replies.NoSuchServerBan: lambda r: f"{r.mask} is not banned from the server.",
    replies.TooManyServerBans: lambda r: (
        f"Not banned: {r.limit:,} bans is the limit, or the mask is too long."
    ),
    replies.ServerBanTooWide: lambda r: f"{r.mask} would ban everybody.",
    replies.Banned: lambda r: f"You are banned from {place(r.room)}.",
    replies.CannotSpeak: _cannot_speak,
    replies.NoText: lambda _: "There is nothing to say.",
    replies.TextTooLong: lambda r: f"Not accepted: the text is longer than {r.limit:,} bytes.",
    replies.TooManyMasks: lambda r: (
        f"No place for {r.mask}: {r.limit} is the limit in {place(r.room)}, and a mask must be short."
    ),
    replies.WrongCode: lambda r: (
        f"That is not the password of the operator {r.name}." if r.name else "That is not the owner code."
    ),
    replies.NotFromHere: lambda r: f"The operator {r.name} can't come from your address.",
    replies.NotServerOperator: lambda _: "Only the owner and operators of the server may do that.",
    replies.NotReloaded: lambda r: f"Nothing changed: {r.reason}",
    replies.WrongPassword: lambda _: "That is not the password.",
    replies.StorageDown: lambda _: (
        "Not accepted: the history can't be written at the moment. Try again soon."
    ),
    replies.ActsUnreadable: lambda _: "The history can't be read at the moment.",
    replies.RedactionRefused: lambda r: f"Not erased: {r.fault.value}.",
    replies.TargetsUnreadable: lambda _: "The history can't be read now.",
    replies.MetadataRefused: lambda r: (
        f"Not set: {r.fault.value}{f', try again in {r.seconds} s' if r.seconds else ''}."
    ),
    replies.NoMark: lambda r: f"There is no {r.target}.",
    replies.NoSuchMessage: lambda r: f"There is no such message in {place(r.to)}.",
    replies.NotSearched: lambda r: (
        f"You are not in {place(r.room)}: only rooms that you are in can be searched."
        if r.room[:1] in ROOM_SIGNS
        else f"{r.room} is nobody's name."
        if r.room
        else "The search could not be run just now. Try again soon."
    ),
    replies.HistoryUnreadable: lambda r: f"The history of {place(r.room)} can't be read.",
}
