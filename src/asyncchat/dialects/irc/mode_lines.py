"""Changes of a room's modes as MODE lines: ``:who MODE #room +o-k name key``.

Owns how several of them share a line; the letters stand in ``modes``.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from asyncchat.core import events
from asyncchat.core.events import Change
from asyncchat.core.modes import BANS, MUTES
from asyncchat.dialects.irc.limits import CHANGES as MOST
from asyncchat.dialects.irc.modes import (
    FLAG_LETTERS,
    PARAMETER_TO_UNSET,
    ROLE_LETTERS,
    SETTING_LETTERS,
    format_extban,
)
from asyncchat.dialects.irc.serialize import BODY_BYTES, line, middle

Letter = tuple[bool, str, str]
"""Whether it is set, its letter ('' where there is none), its parameter or ''."""


def mode_lines(changes: Sequence[Change]) -> list[bytes]:
    """The lines that tell of changes in one room by one person: as few as hold them."""
    first = changes[0]
    by = first.by if isinstance(first, events.RoleChanged) else first.person
    head = f":{by.origin} MODE {first.room} "
    room_left = BODY_BYTES - len(head.encode("utf-8", "replace"))
    lines: list[bytes] = []
    held: list[Letter] = []
    for change in changes:
        letter = CHANGES[type(change)](change)
        if not letter[1]:
            continue
        if held and (
            len(held) >= MOST or len(signed([*held, letter]).encode("utf-8", "replace")) > room_left
        ):
            lines.append(line(head + signed(held)))
            held = []
        held.append(letter)
    if held:
        lines.append(line(head + signed(held)))
    return lines


def signed(letters: Sequence[Letter]) -> str:
    """``+ov-b name name mask``."""
    signs = ""
    last: bool | None = None
    for on, letter, _ in letters:
        signs += letter if on is last else ("+" if on else "-") + letter
        last = on
    return " ".join([signs, *(parameter for _, _, parameter in letters if parameter)])


def _role(event: events.RoleChanged) -> Letter:
    return event.on, ROLE_LETTERS[event.role], event.person.name


def _flag(event: events.FlagChanged) -> Letter:
    return event.on, FLAG_LETTERS.get(event.flag, ""), ""


def _setting(event: events.SettingChanged) -> Letter:
    letter = SETTING_LETTERS.get(event.setting, "")
    if event.value:
        return True, letter, middle(event.value)
    return False, letter, "*" if event.setting in PARAMETER_TO_UNSET else ""


def _mask(event: events.MaskChanged) -> Letter:
    return _listed(event.listed, event)


def _listed(listed: str, event: events.BanChanged | events.MuteChanged | events.MaskChanged) -> Letter:
    letter, mask = format_extban(listed, event.mask)
    return event.on, letter, middle(mask)


CHANGES: Final[dict[type[events.Event], Callable[[Any], Letter]]] = {
    events.RoleChanged: _role,
    events.FlagChanged: _flag,
    events.SettingChanged: _setting,
    events.BanChanged: lambda event: _listed(BANS, event),
    events.MuteChanged: lambda event: _listed(MUTES, event),
    events.MaskChanged: _mask,
}
"""Of each change its letter."""
