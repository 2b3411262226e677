"""Being away.

Owns the away message of a person.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients
from asyncchat.core.people import Person
from asyncchat.core.permissions import silenced_in
from asyncchat.core.registry import Items, applies, for_people
from asyncchat.core.replies import Reply

WORDLESS = "away"
"""The message of who is muted or banned in a room: it would be read there all the same."""


class SetAway(Command, frozen=True):
    """Go away with a message; empty: come back."""

    text: str = ""


class AwayChanged(Event, frozen=True, tag="away"):
    """A person went away, changed the away message, or came back (an empty text)."""

    recipients: ClassVar[Recipients] = Recipients.PEERS
    affects: ClassVar[tuple[str, ...]] = ("person",)
    person: Person
    text: str


class StillAway(Reply, frozen=True):
    """Nothing changed: the requester is away with that message already, or is not away (empty)."""

    text: str


@for_people(SetAway)
def set_away(chat: Chat, me: Person, command: SetAway, _now: int) -> Items:
    """Marks a person as away, or as back; others are told only if that changes something."""
    text = command.text
    if text and silenced_in(chat, me) is not None:
        text = WORDLESS
    if text == chat.people.away.get(me.id, ""):
        return (StillAway(text),)
    return (AwayChanged(me, text),)


@applies(AwayChanged)
def _away_changed(chat: Chat, event: AwayChanged) -> None:
    if event.text:
        chat.people.away[event.person.id] = event.text
    else:
        chat.people.away.pop(event.person.id, None)
