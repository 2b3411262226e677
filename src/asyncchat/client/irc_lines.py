"""The line of IRC that asks what a slash command asks.

Owns the table from commands of the core to lines; what a person types stands in ``text.features``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from asyncchat.client.errors import ClientError
from asyncchat.core import commands
from asyncchat.core.commands import Command
from asyncchat.core.modes import BANS, KEY, MUTES
from asyncchat.core.names import HISTSERV
from asyncchat.dialects.irc.modes import (
    FLAG_LETTERS,
    LIST_LETTERS,
    PERSON_LETTERS,
    ROLE_LETTERS,
    SETTING_LETTERS,
    format_extban,
)
from asyncchat.text.durations import lasting

Line = tuple[str, ...]
"""A command and its parameters; the last one may have spaces."""


class Connection(Protocol):
    """What a line may depend on."""

    @property
    def nick(self) -> str:
        """Our nick."""
        ...

    @property
    def server_tokens(self) -> dict[str, str]:
        """What the server says of itself (005)."""
        ...


def irc_line(chat: Connection, command: Command) -> Line:
    """The line that asks a command of the server.

    Raises:
        ClientError: IRC, or this server, has no line for it.
    """
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
        return LIST_LETTERS[listed], ""
    before, comma, extended = chat.server_tokens.get("EXTBAN", "").partition(",")
    if comma and not before and "m" in extended:
        return LIST_LETTERS[BANS], "m:"
    if "q" in chat.server_tokens.get("CHANMODES", "").partition(",")[0]:
        return "q", ""
    raise ClientError("This server can't mute over IRC.")


def _mask(chat: Connection, room: str, listed: str, mask: str, on: bool, seconds: int) -> Line:
    letter, before = _list_letter(chat, listed)
    mask = format_extban(BANS if listed == MUTES else listed, mask)[1]
    mask = before + (mask if set("!@:") & set(mask) else f"{mask}!*@*")
    if seconds and on:
        if "t" not in chat.server_tokens.get("EXTBAN", "").partition(",")[2]:
            raise ClientError("On this server a ban can't end by itself.")
        mask = f"t:{lasting(seconds)}:{mask}"
    return ("MODE", room, _sign(on) + letter, mask)


def _ask_masks(chat: Connection, asked: commands.AskMasks) -> Line:
    return ("MODE", asked.room, f"+{_list_letter(chat, asked.lists[0])[0]}")


def _set_setting(_chat: Connection, asked: commands.SetSetting) -> Line:
    letter = SETTING_LETTERS[asked.setting]
    if asked.value:
        return ("MODE", asked.room, f"+{letter}", asked.value)
    return ("MODE", asked.room, f"-{letter}", *(["*"] if asked.setting == KEY else []))


def _register_room(_chat: Connection, asked: commands.RegisterRoom) -> Line:
    if not asked.on:
        return ("CS", "DROP", asked.room)
    return ("CS", "TRANSFER", asked.room, asked.account) if asked.account else ("CS", "REGISTER", asked.room)


# Accounts.


def _nickserv(*words: str, password: str = "") -> Line:
    """Raises ClientError: a password has a space, and NickServ takes words."""
    if " " in password:
        raise ClientError("NickServ takes no password with a space in it.")
    return ("NS", *(word for word in words if word))


def _stay(_chat: Connection, asked: commands.SetStaying) -> Line:
    switch = {True: "ON", False: "OFF", None: ""}[asked.on]
    return _nickserv("SET", "ALWAYSON", switch)


# The server.


def _server_ban(_chat: Connection, asked: commands.BanFromServer) -> Line:
    if not asked.on:
        return ("UNKLINE", asked.mask)
    if asked.seconds:
        return ("KLINE", asked.mask, lasting(asked.seconds), asked.reason or "banned")
    return ("KLINE", asked.mask, *_optional(asked.reason))


def _audit(_chat: Connection, asked: commands.ReadActs) -> Line:
    if asked.newest_seconds is not None:
        return ("AUDIT", lasting(asked.newest_seconds))
    if asked.after_time is not None:
        return ("AUDIT", lasting(max(1, int(time.time()) - asked.after_time // 1_000_000)))
    return ("AUDIT", *([] if asked == commands.ReadActs() else [str(asked.limit)]))


_LINES: dict[type[Command], Callable[[Connection, Any], Line]] = {
    commands.AskPerson: lambda _, c: ("WHOIS", c.name),
    commands.AskRooms: lambda _, _command: ("LIST",),
    commands.SetAway: lambda _, c: ("AWAY", *_optional(c.text)),
    commands.EraseFrom: lambda _, c: ("PRIVMSG", HISTSERV, f"CLEAR {c.room} {c.name or '*'}"),
    commands.RenameRoom: lambda _, c: ("RENAME", c.room, c.to, *_optional(c.reason)),
    commands.Knock: lambda _, c: ("KNOCK", c.room, *_optional(c.text)),
    commands.Invite: lambda _, c: ("INVITE", c.name, c.room),
    commands.AskInvitations: lambda _, _command: ("INVITE",),
    commands.AskMasks: _ask_masks,
    commands.Ban: lambda chat, c: _mask(chat, c.room, BANS, c.who, c.on, c.seconds),
    commands.Mute: lambda chat, c: _mask(chat, c.room, MUTES, c.who, c.on, c.seconds),
    commands.SetMask: lambda chat, c: _mask(chat, c.room, c.listed, c.who, c.on, c.seconds),
    commands.SetRole: lambda _, c: ("MODE", c.room, _sign(c.on) + ROLE_LETTERS[c.role], c.name),
    commands.AskFlags: lambda _, c: ("MODE", c.room),
    commands.SetFlag: lambda _, c: ("MODE", c.room, _sign(c.on) + FLAG_LETTERS[c.flag]),
    commands.SetSetting: _set_setting,
    commands.AskPersonFlags: lambda chat, _command: ("MODE", chat.nick),
    commands.SetPersonFlag: lambda chat, c: ("MODE", chat.nick, _sign(c.on) + PERSON_LETTERS[c.flag]),
    commands.Register: lambda _, c: _nickserv("REGISTER", c.password, c.email, password=c.password),
    commands.ShowPassword: lambda _, c: _nickserv("IDENTIFY", c.account, c.password, password=c.password),
    commands.LogOut: lambda _, _command: _nickserv("LOGOUT"),
    commands.AskAccount: lambda _, c: _nickserv("INFO", c.account),
    commands.NewPassword: lambda _, c: _nickserv("SET", "PASSWORD", c.password, password=c.password),
    commands.DropAccount: lambda _, c: _nickserv("DROP", c.password, password=c.password),
    commands.Reclaim: lambda _, c: _nickserv("REGAIN", c.name, c.password, password=c.password),
    commands.SetStaying: _stay,
    commands.RegisterRoom: _register_room,
    commands.AskAccess: lambda _, c: ("CS", "FLAGS", c.room),
    commands.SetAccess: lambda _, c: ("CS", "FLAGS", c.room, c.account, c.role or "-"),
    commands.Owner: lambda _, c: ("OPER", c.name or "owner", c.code),
    commands.Resign: lambda chat, _command: ("MODE", chat.nick, "-o"),
    commands.Kill: lambda _, c: ("KILL", c.name, c.reason),
    commands.ChangeHost: lambda _, c: ("CHGHOST", c.name, c.host),
    commands.AskServerBans: lambda _, _command: ("KLINE",),
    commands.BanFromServer: _server_ban,
    commands.ReadActs: _audit,
    commands.Announce: lambda _, c: ("WALLOPS", c.text),
    commands.Reload: lambda _, _command: ("REHASH",),
}
