"""Announcements of server operators (WALLOPS).

Owns the command and its event.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.modes import WALLOPS
from asyncchat.core.people import Person
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import NoText, TextTooLong
from asyncchat.core.text import TOPIC_BYTES, size


class Announce(Command, frozen=True):
    """Send a text to all people with the flag ``modes.WALLOPS``."""

    text: str


class Announced(Event, frozen=True, tag="announced"):
    """A server operator sent an announcement; ``to`` are the ids of the recipients."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.SOME
    audited: ClassVar[bool] = True
    person: Person
    text: str
    to: tuple[int, ...]


@handles(Announce)
def announce(chat: Chat, person_id: int, command: Announce, _now: int) -> Items:
    """Sends a text to all who have the flag, and to all server operators."""
    refusal = unless_server_operator(chat, person_id)
    if refusal is not None:
        return (refusal,)
    if not command.text:
        return (NoText(),)
    if size(command.text) > TOPIC_BYTES:
        return (TextTooLong(TOPIC_BYTES),)
    to = tuple(id for id in chat.people if id in chat.server_operators or chat.has(id, WALLOPS))
    return (Announced(chat.people[person_id], command.text, to),)
