"""Modes of rooms: MODE (Modern IRC, "MODE message"), and how changes share a line.

Owns the command and its lines; the letters stand in ``irc.modes``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from asyncchat.core.commands import Batch, Command, DialectReply
from asyncchat.core.events import Event
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import (
    MASKS_EACH,
    BadValue,
    FlagChanged,
    FlagsView,
    GetFlags,
    GetMasks,
    MaskChanged,
    MasksView,
    RoleChanged,
    SetFlag,
    SetMask,
    SetRole,
    SetSetting,
    SettingChanged,
    TooManyMasks,
    TooManyMasksFromNetwork,
)
from asyncchat.core.features.user_modes import GetPersonFlags
from asyncchat.core.modes import BANS, EXCEPTIONS, GUESTS, KEY, KEY_BYTES, MUTES
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.core.people import from_origin
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import modes, numerics
from asyncchat.dialects.irc.capabilities import token
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import (
    Line,
    LineContext,
    NotAskable,
    from_server,
    shape,
    silent,
    to_server,
)
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features.user_modes import own_changes
from asyncchat.dialects.irc.registry import by_other, coalesced, command, lines, numeric_of, refusal, reply
from asyncchat.dialects.irc.serialize import BODY_BYTES, line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.times import lasting

token("PREFIX", modes.PREFIX)
token("CHANMODES", modes.CHANMODES)
token("EXCEPTS", modes.LIST_LETTERS[EXCEPTIONS])
token("INVEX", modes.LIST_LETTERS[GUESTS])
token("EXTBAN", f",{modes.EXTBANS}")
token("ACCOUNTEXTBAN", modes.ACCOUNT_EXTBAN)
token("KEYLEN", KEY_BYTES)
token("MAXLIST", ",".join(f"{letter}:{MASKS_EACH}" for letter in modes.LIST_LETTERS.values()))
token("MODES", modes.CHANGES)


@command(
    "MODE <target> [<modes> [<argument>...]]",
    "Shows or changes the modes of a channel, or your own.",
    least=1,
)
def _mode(session: IrcSession, message: Message) -> Sequence[Command]:
    target = message.params[0]
    changes = message.param(1)
    if target[:1] not in ROOM_SIGNS:
        return own_changes(target, changes) if changes else [GetPersonFlags(target)]
    if not changes:
        return [GetFlags(target)]
    asked = list(_room_changes(target, changes, iter(message.params[2:])))
    lists: list[Command] = list(dict.fromkeys(command for command in asked if isinstance(command, GetMasks)))
    made = [command for command in asked if not isinstance(command, GetMasks)]
    # What is wrong with the line is told behind its changes, so that they stay one.
    made.sort(key=lambda command: isinstance(command, DialectReply))
    if len(made) > modes.CHANGES:
        lists.insert(0, _BEYOND)
        del made[modes.CHANGES :]
    if len(made) < 2:
        return made + lists
    return [Batch(tuple(made)), *lists]


def _room_changes(room: str, letters: str, arguments: Iterator[str]) -> Iterator[Command]:
    on = True
    for letter in letters:
        if letter in "+-":
            on = letter == "+"
        elif letter in modes.FLAG_OF:
            yield SetFlag(room, modes.FLAG_OF[letter], on)
        elif letter in modes.ROLE_OF:
            name = next(arguments, "")
            yield SetRole(room, name, on, modes.ROLE_OF[letter]) if name else _MISSING
        elif letter in modes.SETTING_OF:
            yield _setting(room, letter, on, arguments)
        elif letter in modes.LIST_OF:
            typed = next(arguments, "")
            yield _mask(room, modes.LIST_OF[letter], typed, on) if typed else GetMasks(room, _SHOWN[letter])
        else:
            yield numeric(numerics.ERR_UNKNOWNMODE, middle(letter), text="is unknown mode char to me")


_BEYOND = numeric(
    numerics.ERR_UNKNOWNERROR, "MODE", text=f"Only the first {modes.CHANGES} changes of a line are made"
)

_MISSING = numeric(numerics.ERR_NEEDMOREPARAMS, "MODE", text="Not enough parameters")

_SHOWN = {letter: (BANS, MUTES) if listed == BANS else (listed,) for letter, listed in modes.LIST_OF.items()}
"""The core's lists that are shown for a list mode without a parameter."""


def _setting(room: str, letter: str, on: bool, arguments: Iterator[str]) -> Command:
    name = modes.SETTING_OF[letter]
    if not on:
        if name in modes.PARAMETER_TO_UNSET:
            next(arguments, None)
        return SetSetting(room, name)
    value = next(arguments, None)
    if value is None:
        return _MISSING
    if not value:
        return numeric(numerics.ERR_INVALIDMODEPARAM, middle(room), letter, "*", text="it is empty")
    return SetSetting(room, name, value)


def _mask(room: str, listed: str, typed: str, on: bool) -> Command:
    listed, mask, seconds = modes.parse_extban(listed, typed)
    return SetMask(room, listed, mask, on, seconds)


@reply(FlagsView)
def _say_flags(session: IrcSession, view: FlagsView) -> bytes:
    """A room's modes and when it was opened; outsiders are told that there is a key, not which."""
    letters = {modes.FLAG_LETTERS[flag]: "" for flag in view.flags if flag in modes.FLAG_LETTERS}
    for setting, value in view.settings:
        if setting in modes.SETTING_LETTERS:
            letters[modes.SETTING_LETTERS[setting]] = middle(value)
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


@reply(MasksView)
def _say_masks(session: IrcSession, view: MasksView) -> bytes:
    entry, end, text = _LISTED[view.lists[0]]
    told = []
    for mask in view.masks:
        shown = middle(modes.format_extban(mask.listed, mask.mask)[1])
        by = from_origin(mask.by).name  # the rest may be from a time without cloaks
        told.append(session.numeric(entry, view.room, shown, by, str(mask.time // 1_000_000)))
    return b"".join((*told, session.numeric(end, view.room, text=text)))


numeric_of(BadValue)(
    lambda r: (
        numerics.ERR_INVALIDMODEPARAM,
        (r.room, modes.SETTING_LETTERS.get(r.setting, "*"), r.value or "*"),
        r.reason,
    )
)
refusal(
    TooManyMasks,
    numerics.ERR_BANLISTFULL,
    "{r.room} {r.mask}",
    "The list is full ({r.limit}), or the mask is too long",
)
refusal(
    TooManyMasksFromNetwork,
    numerics.ERR_BANLISTFULL,
    "{r.room} {r.mask}",
    "The rooms opened from one network have as many masks as allowed ({r.limit})",
)


ModeChange = RoleChanged | FlagChanged | SettingChanged | MaskChanged


def mode_lines(changes: Sequence[ModeChange]) -> list[bytes]:
    """The lines that tell of changes in one room by one person: as few as hold them."""
    first = changes[0]
    by = first.by if isinstance(first, RoleChanged) else first.person
    head = f":{by.origin} MODE {first.room} "
    room_left = BODY_BYTES - len(head.encode("utf-8", "replace"))
    told: list[bytes] = []
    held: list[modes.Letter] = []
    for change in changes:
        letter = _LETTERS[type(change)](change)
        if not letter[1]:
            continue
        if held and (
            len(held) >= modes.CHANGES
            or len(modes.signed([*held, letter]).encode("utf-8", "replace")) > room_left
        ):
            told.append(line(head + modes.signed(held)))
            held = []
        held.append(letter)
    if held:
        told.append(line(head + modes.signed(held)))
    return told


def _role_letter(event: RoleChanged) -> modes.Letter:
    return event.on, modes.ROLE_LETTERS[event.role], event.person.name


def _flag_letter(event: FlagChanged) -> modes.Letter:
    return event.on, modes.FLAG_LETTERS.get(event.flag, ""), ""


def _setting_letter(event: SettingChanged) -> modes.Letter:
    letter = modes.SETTING_LETTERS.get(event.setting, "")
    if event.value:
        return True, letter, middle(event.value)
    return False, letter, "*" if event.setting in modes.PARAMETER_TO_UNSET else ""


def _mask_letter(event: MaskChanged) -> modes.Letter:
    letter, mask = modes.format_extban(event.listed, event.mask)
    return event.on, letter, middle(mask)


_LETTERS: Final[dict[type[Event], Callable[[Any], modes.Letter]]] = {
    RoleChanged: _role_letter,
    FlagChanged: _flag_letter,
    SettingChanged: _setting_letter,
    MaskChanged: _mask_letter,
}
"""Of each change its letter."""

coalesced(*_LETTERS)(mode_lines)


@lines(FlagChanged, SettingChanged, MaskChanged)
def _change_lines(_encoder: EncoderBase, event: ModeChange) -> bytes:
    return b"".join(mode_lines((event,)))


lines(RoleChanged, cause=by_other)(_change_lines)


# The client's side.

silent(
    numerics.RPL_CREATIONTIME,
    numerics.RPL_ENDOFBANLIST,
    numerics.RPL_ENDOFEXCEPTLIST,
    numerics.RPL_ENDOFINVEXLIST,
)

shape(numerics.RPL_BANLIST, 2, "{1} ban:", " {2}")
shape(numerics.RPL_EXCEPTLIST, 2, "{1} exception:", " {2}")
shape(numerics.RPL_INVEXLIST, 2, "{1} guest:", " {2}")


@from_server("MODE")
def _read_mode(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """MODE of a room; our own modes are not told."""
    if not client.server.is_room(line.param(0)):
        return ()
    client.rooms.change_modes(line.param(0), line.params[1:])
    return (values.ModeChanged(line.time, line.param(0), line.nick, " ".join(line.params[1:])),)


def _list_letter(server: LineContext, listed: str) -> tuple[str, str]:
    """The letter of a list, and what precedes each of its masks.

    A server mutes by an extended ban or by a list of its own. Where extended bans have a sign before them,
    ``m`` means something else.
    """
    if listed != MUTES:
        return modes.LIST_LETTERS[listed], ""
    before, comma, extended = server.tokens.get("EXTBAN", "").partition(",")
    if comma and not before and "m" in extended:
        return modes.LIST_LETTERS[BANS], "m:"
    if "q" in server.tokens.get("CHANMODES", "").partition(",")[0]:
        return "q", ""
    raise NotAskable("This server can't mute over IRC.")


def _ask_mask(server: LineContext, room: str, listed: str, mask: str, on: bool, seconds: int) -> Line:
    letter, before = _list_letter(server, listed)
    mask = modes.format_extban(BANS if listed == MUTES else listed, mask)[1]
    mask = before + (mask if set("!@:") & set(mask) else f"{mask}!*@*")
    if seconds and on:
        if "t" not in server.tokens.get("EXTBAN", "").partition(",")[2]:
            raise NotAskable("On this server a ban can't end by itself.")
        mask = f"t:{lasting(seconds)}:{mask}"
    return ("MODE", room, modes.sign(on) + letter, mask)


@to_server(SetSetting)
def _ask_setting(_server: LineContext, asked: SetSetting) -> Line:
    letter = modes.SETTING_LETTERS[asked.setting]
    if asked.value:
        return ("MODE", asked.room, f"+{letter}", asked.value)
    return ("MODE", asked.room, f"-{letter}", *(["*"] if asked.setting == KEY else []))


to_server(Ban)(lambda server, c: _ask_mask(server, c.room, BANS, c.mask, c.on, c.seconds))
to_server(SetMask)(lambda server, c: _ask_mask(server, c.room, c.listed, c.mask, c.on, c.seconds))
to_server(GetMasks)(lambda server, c: ("MODE", c.room, f"+{_list_letter(server, c.lists[0])[0]}"))
to_server(SetRole)(lambda _, c: ("MODE", c.room, modes.sign(c.on) + modes.ROLE_LETTERS[c.role], c.name))
to_server(GetFlags)(lambda _, c: ("MODE", c.room))
to_server(SetFlag)(lambda _, c: ("MODE", c.room, modes.sign(c.on) + modes.FLAG_LETTERS[c.flag]))
