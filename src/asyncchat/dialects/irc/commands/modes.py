"""Modes of rooms and of oneself: MODE (Modern IRC, "MODE message"); the letters stand in ``irc.modes``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.modes import BANS, EXCEPTIONS, GUESTS, MUTES
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, numeric
from asyncchat.dialects.irc.limits import CHANGES
from asyncchat.dialects.irc.modes import (
    FLAG_LETTERS,
    FLAG_OF,
    LIST_OF,
    PARAMETER_TO_UNSET,
    PERSON_FLAG_OF,
    PERSON_LETTERS,
    ROLE_OF,
    SETTING_LETTERS,
    SETTING_OF,
    format_extban,
    parse_extban,
)
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.durations import seconds_in

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def mode(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Shows or changes the modes of a room, or the asker's own."""
    target = message.params[0]
    changes = message.param(1)
    if target[:1] not in ROOM_SIGNS:
        return _own_changes(target, changes) if changes else [core.AskPersonFlags(target)]
    if not changes:
        return [core.AskFlags(target)]
    asked = list(_room_changes(target, changes, iter(message.params[2:])))
    lists = list(dict.fromkeys(command for command in asked if isinstance(command, core.AskMasks)))
    made = [command for command in asked if not isinstance(command, core.AskMasks)]
    # What is wrong with the line is told behind its changes, so that they stay one.
    made.sort(key=lambda command: isinstance(command, core.Answer))
    if len(made) > CHANGES:
        lists.insert(0, _BEYOND)  # type: ignore[arg-type]  # an answer in its place
        del made[CHANGES:]
    if len(made) < 2:
        return made + lists
    return [core.Several(tuple(made)), *lists]


def _room_changes(room: str, letters: str, arguments: Iterator[str]) -> Iterator[core.Command]:
    on = True
    for letter in letters:
        if letter in "+-":
            on = letter == "+"
        elif letter in FLAG_OF:
            yield core.SetFlag(room, FLAG_OF[letter], on)
        elif letter in ROLE_OF:
            name = next(arguments, "")
            yield core.SetRole(room, name, on, ROLE_OF[letter]) if name else _MISSING
        elif letter in SETTING_OF:
            yield _setting(room, letter, on, arguments)
        elif letter in LIST_OF:
            typed = next(arguments, "")
            yield _mask(room, LIST_OF[letter], typed, on) if typed else core.AskMasks(room, _SHOWN[letter])
        else:
            yield numeric(numerics.ERR_UNKNOWNMODE, middle(letter), text="is unknown mode char to me")


_BEYOND = numeric(
    numerics.ERR_UNKNOWNERROR, "MODE", text=f"Only the first {CHANGES} changes of a line are made"
)
_MISSING = numeric(numerics.ERR_NEEDMOREPARAMS, "MODE", text="Not enough parameters")

_SHOWN = {letter: (BANS, MUTES) if listed == BANS else (listed,) for letter, listed in LIST_OF.items()}
"""The core's lists that are shown for a list mode without a parameter."""


def _setting(room: str, letter: str, on: bool, arguments: Iterator[str]) -> core.Command:
    name = SETTING_OF[letter]
    if not on:
        if name in PARAMETER_TO_UNSET:
            next(arguments, None)
        return core.SetSetting(room, name)
    value = next(arguments, None)
    if value is None:
        return _MISSING
    if not value:
        return numeric(numerics.ERR_INVALIDMODEPARAM, middle(room), letter, "*", text="it is empty")
    return core.SetSetting(room, name, value)


def _mask(room: str, listed: str, typed: str, on: bool) -> core.Command:
    listed, mask, seconds = parse_extban(listed, typed)
    return core.SetMask(room, listed, mask, on, seconds)


def _own_changes(target: str, changes: str) -> Sequence[core.Command]:
    """``o`` can be laid down here, but only OPER gives it."""
    on = True
    unknown = False
    asked: list[core.Command] = []
    for letter in changes:
        if letter in "+-":
            on = letter == "+"
        elif letter in PERSON_FLAG_OF:
            asked.append(core.SetPersonFlag(PERSON_FLAG_OF[letter], on, target))
        elif letter != "o":
            unknown = True
        elif not on:
            asked.append(core.Resign(target))
    asked = asked[:CHANGES] or [core.SetPersonFlag("", on, target)]
    if len(asked) > 1:
        asked = [core.Several(tuple(asked))]
    if unknown:
        asked.append(numeric(numerics.ERR_UMODEUNKNOWNFLAG, text="Unknown MODE flag"))
    return asked


def tban(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Bans a mask from a room for a time (InspIRCd's ``TBAN``)."""
    room, duration, typed = message.params[:3]
    seconds = seconds_in(duration)
    if not seconds:
        text = f"{duration} is no duration: 90m, 1d12h, or a number of seconds"
        return [numeric(numerics.ERR_UNKNOWNERROR, "TBAN", middle(duration), text=text)]
    listed, mask, _ = parse_extban(BANS, typed)
    return [core.SetMask(room, listed, mask, True, seconds)]


# What is said to it.


def say_flags(session: IrcDialect, view: replies.FlagsView) -> bytes:
    """A room's modes and when it was opened; who is outside is told that there is a key, not which."""
    letters = {FLAG_LETTERS[flag]: "" for flag in view.flags if flag in FLAG_LETTERS}
    for setting, value in view.settings:
        if setting in SETTING_LETTERS:
            letters[SETTING_LETTERS[setting]] = middle(value)
    ordered = sorted(letters)
    parameters = [letters[letter] for letter in ordered if letters[letter]]
    return session.numeric(
        numerics.RPL_CHANNELMODEIS, view.room, f"+{''.join(ordered)}", *parameters
    ) + session.numeric(numerics.RPL_CREATIONTIME, view.room, str(view.opened // 1_000_000))


_LISTED: dict[str, tuple[str, str, str]] = {
    BANS: (numerics.RPL_BANLIST, numerics.RPL_ENDOFBANLIST, "End of channel ban list"),
    EXCEPTIONS: (numerics.RPL_EXCEPTLIST, numerics.RPL_ENDOFEXCEPTLIST, "End of channel exception list"),
    GUESTS: (numerics.RPL_INVEXLIST, numerics.RPL_ENDOFINVEXLIST, "End of Channel Invite Exception List"),
}
"""The numerics of a list: an entry, its end."""


def say_masks(session: IrcDialect, view: replies.MasksView) -> bytes:
    """A room's list, with who set each mask and when."""
    entry, end, text = _LISTED[view.lists[0]]
    return b"".join(
        (
            *(
                session.numeric(
                    entry,
                    view.room,
                    middle(format_extban(mask.listed, mask.mask)[1]),
                    mask.by,
                    str(mask.time // 1_000_000),
                )
                for mask in view.masks
            ),
            session.numeric(end, view.room, text=text),
        )
    )


def say_person_flags(session: IrcDialect, view: replies.PersonFlagsView) -> bytes:
    """One's own modes."""
    letters = [PERSON_LETTERS[flag] for flag in view.flags] + ["o"] * view.owner
    return session.numeric(numerics.RPL_UMODEIS, f"+{''.join(sorted(letters))}")


COMMANDS: dict[str, CommandSpec] = {
    "TBAN": CommandSpec(
        tban,
        3,
        params="<channel> <duration> <mask>",
        about="Bans a mask from a channel for a time, such as 90m or 1d12h; it ends by itself.",
    ),
    "MODE": CommandSpec(
        mode,
        1,
        params="<target> [<modes> [<argument>...]]",
        about="Shows or changes the modes of a channel, or your own.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.FlagsView: say_flags,
    replies.MasksView: say_masks,
    replies.PersonFlagsView: say_person_flags,
}
