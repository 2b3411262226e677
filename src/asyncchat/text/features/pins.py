"""Pinned messages: pinning one, and the list of them."""

from collections.abc import Callable

from asyncchat.core.commands import Command
from asyncchat.core.features.history import Which
from asyncchat.core.features.pins import (
    PINS_EACH,
    GetPins,
    NotPinned,
    Pin,
    Pinned,
    PinRefused,
    PinsView,
    Unpin,
    Unpinned,
)
from asyncchat.text.sentences import FeatureText, after_colon, in_room, place
from asyncchat.text.slash import Actor, Parser, Section, SlashCommands, SlashContext
from asyncchat.text.times import Zone

slash = SlashCommands()


def _which(make: Callable[[Which], Command]) -> Parser:
    """A parser for a message: the last one, a person's last one, or the one with an id."""
    return lambda session, text: None if " " in text else make(Which(session.room, name=text, own=None))


slash(
    "pin",
    "[NAME|ID]",
    "Pins the last message, a person's last one, or the one with an id.",
    Section.MESSAGES,
    actor=Actor.ROOM_OPERATORS,
)(_which(Pin))
slash(
    "unpin",
    "[NAME|ID]",
    "Unpins the newest pin, the newest of a person, or the message with an id.",
    Section.MESSAGES,
    actor=Actor.ROOM_OPERATORS,
)(_which(Unpin))


@slash(
    "pins", "", f"Lists the room's pinned messages, {PINS_EACH} at most, with their ids.", Section.MESSAGES
)
def _pins(session: SlashContext, _text: str) -> Command:
    return GetPins(session.room)


def change(event: Pinned | Unpinned) -> str:
    """Who pinned or unpinned what."""
    if isinstance(event, Unpinned):
        return f"{event.person.name} unpinned a message of {event.author}"
    return f"{event.person.name} pinned a message of {event.author}{after_colon(event.about)}"


def _pins_view(view: PinsView, zone: Zone) -> list[str]:
    if not view.pins:
        return [f"No message is pinned in {place(view.room)}."]
    lines = (
        f"  {zone.moment(pin.said)} {pin.author}: {pin.text or '(no longer in the history)'}"
        f" [{pin.id}, pinned by {pin.by}]"
        for pin in view.pins
    )
    return [f"Pinned in {place(view.room)}:", *lines]


TEXT = FeatureText(
    commands=slash,
    events={
        Pinned: lambda event: in_room(event.room, change(event)),
        Unpinned: lambda event: in_room(event.room, change(event)),
    },
    replies={PinsView: _pins_view},
    refusals={
        PinRefused: lambda r: f"Not pinned: {r.fault.text}.",
        NotPinned: lambda r: f"No such message is pinned in {place(r.room)}.",
    },
)
