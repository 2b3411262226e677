"""What a person types to keep a room in order: who may be there, who may speak, by which rules.

Owns how these are typed; whether somebody may, the core decides. The rows of their table are in ``words``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands
from asyncchat.core.commands import Command
from asyncchat.core.masks import ACCOUNT, MUTED, REALNAME
from asyncchat.core.modes import BANS, EXCEPTIONS, FLAGS, MUTES, SETTINGS
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.dialects.plain.typed import Handler, name_and_rest, room_from
from asyncchat.text.durations import seconds_in

if TYPE_CHECKING:
    from asyncchat.dialects.plain.dialect import PlainDialect


def kick(session: PlainDialect, text: str) -> Command | None:
    """Puts somebody out of the room."""
    name, reason = name_and_rest(text)
    return commands.Kick(session.room, name, reason) if name else None


def mask(listed: str) -> Handler:
    """A handler that takes a name or a mask, and without one lists what is set."""

    def handle(session: PlainDialect, text: str) -> Command | None:
        if not text:
            return commands.AskMasks(session.room, (listed,))
        mask, space, last = text.rpartition(" ")
        seconds = seconds_in(last, bare=False) if space else None
        if seconds:
            return _set_mask(session.room, listed, mask, True, seconds)
        return _set_mask(session.room, listed, text, True)

    return handle


def unmask(listed: str) -> Handler:
    """A handler that takes a name or a mask off a list."""
    return lambda session, text: _set_mask(session.room, listed, text, False)


def _set_mask(room: str, listed: str, text: str, on: bool, seconds: int = 0) -> Command | None:
    """``realname:MASK`` is held against real names, which have spaces; ``mute:MASK`` excepts from mutes."""
    muted = listed == EXCEPTIONS and text.startswith(MUTED[1:]) and " " not in text
    if muted or text.startswith((REALNAME[1:], ACCOUNT[1:])):
        text = f"~{text}"
    elif not text or " " in text:
        return None
    if listed == BANS:
        return commands.Ban(room, text, on, out=True, seconds=seconds)
    if listed == MUTES:
        return commands.Mute(room, text, on, seconds)
    return commands.SetMask(room, listed, text, on, seconds)


def rule(session: PlainDialect, text: str) -> Command | None:
    """Shows the room's rules, or sets one."""
    if not text:
        return commands.AskFlags(session.room)
    rule, value = name_and_rest(text)
    rule = rule.lower()
    if rule in SETTINGS and value and " " not in value:
        return commands.SetSetting(session.room, rule, "" if value.lower() == "off" else value)
    if rule not in FLAGS or value.lower() not in ("on", "off"):
        return None
    return commands.SetFlag(session.room, rule, value.lower() == "on")


def role(session: PlainDialect, text: str) -> Command | None:
    """Gives somebody a role in the room, or takes it."""
    words = text.split()
    if len(words) == 2:
        words.append("on")
    if len(words) != 3 or words[1].lower() not in ROLE_NAMED or words[2].lower() not in ("on", "off"):
        return None
    return commands.SetRole(session.room, words[0], words[2].lower() == "on", words[1].lower())


def invite(session: PlainDialect, text: str) -> Command | None:
    """Asks somebody into the room; alone lists where one is invited."""
    if not text:
        return commands.AskInvitations()
    return commands.Invite(session.room, text) if " " not in text else None


def knock(_session: PlainDialect, text: str) -> Command | None:
    """Asks to be invited into a room."""
    room, words = name_and_rest(text)
    return commands.Knock(room_from(room), words) if room else None


def rename_room(session: PlainDialect, text: str) -> Command | None:
    """Gives the room another name."""
    name, reason = name_and_rest(text)
    return commands.RenameRoom(session.room, room_from(name), reason) if name else None


def clear(session: PlainDialect, text: str) -> Command | None:
    """Takes what somebody said out of the history."""
    if not text or " " in text:
        return None
    return commands.EraseFrom(session.room, "" if text == "*" else text)
