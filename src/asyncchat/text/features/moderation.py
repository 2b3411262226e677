"""Moderation: kicks, and the lists of who is banned, muted, excepted or let in."""

from asyncchat.core.commands import Command
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.room_modes import (
    GetMasks,
    MaskChanged,
    MasksView,
    SetMask,
    TooManyMasks,
    TooManyMasksFromNetwork,
)
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.masks import ACCOUNT, MUTED, REALNAME
from asyncchat.core.modes import BANS, EXCEPTIONS, GUESTS, MUTES
from asyncchat.core.replies import NotOperator, Outranked
from asyncchat.text.sentences import FeatureText, because, in_room, place
from asyncchat.text.slash import Parser, Section, SlashCommands, SlashContext, name_and_rest
from asyncchat.text.times import Zone, lasting, seconds_in

slash = SlashCommands()

LIST_WORDS = {
    BANS: ("banned {}", "lifted the ban of {}", "Banned", "Nobody is banned"),
    MUTES: ("muted {}", "unmuted {}", "Muted", "Nobody is muted"),
    EXCEPTIONS: (
        "exempted {} from bans and mutes",
        "no longer exempts {} from bans and mutes",
        "Exempt from bans and mutes",
        "Nobody is exempt from bans and mutes",
    ),
    GUESTS: (
        "lets {} in without an invitation",
        "no longer lets {} in without an invitation",
        "Let in without an invitation",
        "Nobody is let in without an invitation",
    ),
}
"""Of each list: a mask is put on it, taken off; what it is called, and that it is empty."""


@slash("kick", "NAME [REASON]", "Removes a person from the room.", Section.MODERATION)
def _kick(session: SlashContext, text: str) -> Command | None:
    name, reason = name_and_rest(text)
    return Kick(session.room, name, reason) if name else None


def _mask(listed: str) -> Parser:
    """A parser that takes a name or a mask, and without one lists what is set."""

    def parse(session: SlashContext, text: str) -> Command | None:
        if not text:
            return GetMasks(session.room, (listed,))
        mask, space, last = text.rpartition(" ")
        seconds = seconds_in(last, bare=False) if space else None
        if seconds:
            return _set_mask(session.room, listed, mask, True, seconds)
        return _set_mask(session.room, listed, text, True)

    return parse


def _unmask(listed: str) -> Parser:
    """A parser that takes a name or a mask off a list."""
    return lambda session, text: _set_mask(session.room, listed, text, False)


def _set_mask(room: str, listed: str, text: str, on: bool, seconds: int = 0) -> Command | None:
    """``realname:MASK`` matches real names, which have spaces; ``mute:MASK`` excepts from mutes alone."""
    muted = listed == EXCEPTIONS and text.startswith(MUTED[1:]) and " " not in text
    if muted or text.startswith((REALNAME[1:], ACCOUNT[1:])):
        text = f"~{text}"
    elif not text or " " in text:
        return None
    if listed == BANS:
        return Ban(room, text, on, out=True, seconds=seconds)
    return SetMask(room, listed, text, on, seconds)


slash(
    "mute",
    "[NAME|MASK [30m|2h|7d]]",
    "Lets a person read here but not speak; alone lists who is muted.",
    Section.MODERATION,
)(_mask(MUTES))
slash("unmute", "NAME|MASK", "Lets a person speak again.", Section.MODERATION)(_unmask(MUTES))
slash(
    "ban",
    "[NAME|MASK [30m|2h|7d]]",
    "Keeps a person out of the room, for a time or for good; alone lists the bans.",
    Section.MODERATION,
)(_mask(BANS))
slash("unban", "NAME|MASK", "Lifts a ban.", Section.MODERATION)(_unmask(BANS))
slash(
    "except",
    "[NAME|MASK]",
    "Exempts a person from bans and mutes; alone lists who is exempt.",
    Section.MODERATION,
)(_mask(EXCEPTIONS))
slash("unexcept", "NAME|MASK", "Takes that back.", Section.MODERATION)(_unmask(EXCEPTIONS))
slash(
    "guest",
    "[NAME|MASK]",
    "Lets a person in without an invitation; alone lists who may come.",
    Section.MODERATION,
)(_mask(GUESTS))
slash("unguest", "NAME|MASK", "Takes that back.", Section.MODERATION)(_unmask(GUESTS))


def _kicked(event: Kicked) -> str:
    return in_room(event.room, f"{event.person.name} was removed by {event.by.name}{because(event.reason)}")


def _listed(event: MaskChanged) -> str:
    listed = event.listed
    on, off = LIST_WORDS[listed][:2] if listed in LIST_WORDS else (f"+{listed} {{}}", f"-{listed} {{}}")
    how_long = f" for {lasting((event.until - event.time) // 1_000_000)}" if event.until else ""
    did = (on if event.on else off).format(event.mask.removeprefix("~"))
    return in_room(event.room, f"{event.person.name} {did}{how_long}")


def _masks_view(view: MasksView, zone: Zone) -> list[str]:
    _, _, what, nobody = LIST_WORDS[view.lists[0]]
    if not view.masks:
        return [f"{nobody} in {place(view.room)}."]
    return [
        f"{what} in {place(view.room)}:",
        *(
            f"  {mask.mask.removeprefix('~')} by {mask.by.partition('!')[0]}, {zone.moment(mask.time)}"
            f"{f', until {zone.moment(mask.until)}' if mask.until else ''}"
            for mask in view.masks
        ),
    ]


TEXT = FeatureText(
    commands=slash,
    events={
        Kicked: _kicked,
        MaskChanged: _listed,
    },
    replies={MasksView: _masks_view},
    refusals={
        NotOperator: lambda r: f"Only an operator of {place(r.room)} may do that.",
        Outranked: lambda r: f"{r.name} has a higher role in {place(r.room)} than you.",
        TooManyMasks: lambda r: (
            f"No place for {r.mask}: the limit in {place(r.room)} is {r.limit}, and a mask must be short."
        ),
        TooManyMasksFromNetwork: lambda r: (
            f"No place for {r.mask}: rooms opened from one network have {r.limit} masks at most."
        ),
    },
)
