"""The line of IRC that asks what a slash command asks.

Owns the table from commands of the core to lines, beside those that features of the IRC dialect declare
(``client_registry.to_server``); what a person types stands in ``text.features``.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from asyncchat.client.errors import ClientError
from asyncchat.core.commands import Command
from asyncchat.core.features import accounts
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.features.audit import ReadAudit
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.host import ChangeHost
from asyncchat.core.features.invites import GetInvitations, Invite, Knock
from asyncchat.core.features.kill import Kill
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.opers import Oper, Resign
from asyncchat.core.features.queries import GetPerson, GetRooms
from asyncchat.core.features.redaction import EraseFrom
from asyncchat.core.features.rename import RenameRoom
from asyncchat.core.features.room_modes import GetFlags, GetMasks, SetFlag, SetMask, SetRole, SetSetting
from asyncchat.core.features.room_registration import GetAccess, RegisterRoom, SetAccess
from asyncchat.core.features.server import Reload
from asyncchat.core.features.server_bans import BanFromServer, GetServerBans
from asyncchat.core.features.user_modes import GetPersonFlags, SetPersonFlag
from asyncchat.core.features.wallops import Announce
from asyncchat.core.modes import BANS, KEY, MUTES
from asyncchat.core.names import HISTSERV
from asyncchat.dialects.irc import modes
from asyncchat.dialects.irc.client_registry import LINES
from asyncchat.text.times import lasting

Line = tuple[str, ...]
"""A command and its parameters; the last one may have spaces."""


class Connection(Protocol):
    """What a line may depend on."""

    @property
    def nick(self) -> str:
        """Our nick."""

    @property
    def server_tokens(self) -> dict[str, str]:
        """What the server says of itself (005)."""


def irc_line(chat: Connection, command: Command) -> Line:
    """The line that asks a command of the server.

    Raises:
        ClientError: IRC, or this server, has no line for it.
    """
    if type(command) in LINES:
        return LINES[type(command)](command)
    make = _LINES.get(type(command))
    if make is None:
        raise ClientError("That can't be asked over IRC.")
    return make(chat, command)


def _optional(text: str) -> Line:
    return (text,) if text else ()


def _sign(on: bool) -> str:
    return "+" if on else "-"


# Rooms.


def _list_letter(chat: Connection, listed: str) -> tuple[str, str]:
    """The letter of a list, and what precedes each of its masks.

    A server mutes by an extended ban or by a list of its own. Where extended bans have a sign before them,
    ``m`` means something else.

    Raises:
        ClientError: this server can't mute.
    """
    if listed != MUTES:
        return modes.LIST_LETTERS[listed], ""
    before, comma, extended = chat.server_tokens.get("EXTBAN", "").partition(",")
    if comma and not before and "m" in extended:
        return modes.LIST_LETTERS[BANS], "m:"
    if "q" in chat.server_tokens.get("CHANMODES", "").partition(",")[0]:
        return "q", ""
    raise ClientError("This server can't mute over IRC.")


def _mask(chat: Connection, room: str, listed: str, mask: str, on: bool, seconds: int) -> Line:
    letter, before = _list_letter(chat, listed)
    mask = modes.format_extban(BANS if listed == MUTES else listed, mask)[1]
    mask = before + (mask if set("!@:") & set(mask) else f"{mask}!*@*")
    if seconds and on:
        if "t" not in chat.server_tokens.get("EXTBAN", "").partition(",")[2]:
            raise ClientError("On this server a ban can't end by itself.")
        mask = f"t:{lasting(seconds)}:{mask}"
    return ("MODE", room, _sign(on) + letter, mask)


def _get_masks(chat: Connection, asked: GetMasks) -> Line:
    return ("MODE", asked.room, f"+{_list_letter(chat, asked.lists[0])[0]}")


def _set_setting(_chat: Connection, asked: SetSetting) -> Line:
    letter = modes.SETTING_LETTERS[asked.setting]
    if asked.value:
        return ("MODE", asked.room, f"+{letter}", asked.value)
    return ("MODE", asked.room, f"-{letter}", *(["*"] if asked.setting == KEY else []))


def _register_room(_chat: Connection, asked: RegisterRoom) -> Line:
    if not asked.on:
        return ("CS", "DROP", asked.room)
    return ("CS", "TRANSFER", asked.room, asked.account) if asked.account else ("CS", "REGISTER", asked.room)


# Accounts.


def _nickserv(*words: str, password: str = "") -> Line:
    """Raises ClientError: a password has a space, and NickServ takes words."""
    if " " in password:
        raise ClientError("NickServ takes no password with a space in it.")
    return ("NS", *(word for word in words if word))


def _stay(_chat: Connection, asked: SetAlwaysOn) -> Line:
    switch = {True: "ON", False: "OFF", None: ""}[asked.on]
    return _nickserv("SET", "ALWAYSON", switch)


# The server.


def _server_ban(_chat: Connection, asked: BanFromServer) -> Line:
    if not asked.on:
        return ("UNKLINE", asked.mask)
    if asked.seconds:
        return ("KLINE", asked.mask, lasting(asked.seconds), asked.reason or "banned")
    return ("KLINE", asked.mask, *_optional(asked.reason))


def _audit(_chat: Connection, asked: ReadAudit) -> Line:
    if asked.newer_seconds is not None:
        return ("AUDIT", lasting(asked.newer_seconds))
    if asked.after_time is not None:
        return ("AUDIT", lasting(max(1, int(time.time()) - asked.after_time // 1_000_000)))
    return ("AUDIT", *([] if asked == ReadAudit() else [str(asked.limit)]))


_LINES: dict[type[Command], Callable[[Connection, Any], Line]] = {
    GetPerson: lambda _, c: ("WHOIS", c.name),
    GetRooms: lambda _, _command: ("LIST",),
    SetAway: lambda _, c: ("AWAY", *_optional(c.text)),
    EraseFrom: lambda _, c: ("PRIVMSG", HISTSERV, f"CLEAR {c.room} {c.name or '*'}"),
    RenameRoom: lambda _, c: ("RENAME", c.room, c.to, *_optional(c.reason)),
    Knock: lambda _, c: ("KNOCK", c.room, *_optional(c.text)),
    Invite: lambda _, c: ("INVITE", c.name, c.room),
    GetInvitations: lambda _, _command: ("INVITE",),
    GetMasks: _get_masks,
    Ban: lambda chat, c: _mask(chat, c.room, BANS, c.mask, c.on, c.seconds),
    SetMask: lambda chat, c: _mask(chat, c.room, c.listed, c.mask, c.on, c.seconds),
    SetRole: lambda _, c: ("MODE", c.room, _sign(c.on) + modes.ROLE_LETTERS[c.role], c.name),
    GetFlags: lambda _, c: ("MODE", c.room),
    SetFlag: lambda _, c: ("MODE", c.room, _sign(c.on) + modes.FLAG_LETTERS[c.flag]),
    SetSetting: _set_setting,
    GetPersonFlags: lambda chat, _command: ("MODE", chat.nick),
    SetPersonFlag: lambda chat, c: ("MODE", chat.nick, _sign(c.on) + modes.PERSON_LETTERS[c.flag]),
    accounts.RegisterAccount: lambda _, c: _nickserv("REGISTER", c.password, c.email, password=c.password),
    accounts.LogInWithPassword: lambda _, c: _nickserv(
        "IDENTIFY", c.account, c.password, password=c.password
    ),
    accounts.LogOut: lambda _, _command: _nickserv("LOGOUT"),
    accounts.GetAccount: lambda _, c: _nickserv("INFO", c.account),
    accounts.NewPassword: lambda _, c: _nickserv("SET", "PASSWORD", c.password, password=c.password),
    accounts.DropAccount: lambda _, c: _nickserv("DROP", c.password, password=c.password),
    accounts.Reclaim: lambda _, c: _nickserv("REGAIN", c.name, c.password, password=c.password),
    SetAlwaysOn: _stay,
    RegisterRoom: _register_room,
    GetAccess: lambda _, c: ("CS", "FLAGS", c.room),
    SetAccess: lambda _, c: ("CS", "FLAGS", c.room, c.account, c.role or "-"),
    Oper: lambda _, c: ("OPER", c.name or "owner", c.code),
    Resign: lambda chat, _command: ("MODE", chat.nick, "-o"),
    Kill: lambda _, c: ("KILL", c.name, c.reason),
    ChangeHost: lambda _, c: ("CHGHOST", c.name, c.host),
    GetServerBans: lambda _, _command: ("KLINE",),
    BanFromServer: _server_ban,
    ReadAudit: _audit,
    Announce: lambda _, c: ("WALLOPS", c.text),
    Reload: lambda _, _command: ("REHASH",),
}
