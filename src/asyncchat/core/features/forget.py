"""Forgetting a person: everything that somebody left is erased, at the request of the server's administrator.

Owns what of the state goes, and the event by which the history erases the rest (``core.forgotten`` says what
that is). Must not know the log: the server finds the messages there, and has the log do its part.
"""

from typing import ClassVar, Final

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record, Untold
from asyncchat.core.features.accounts import AccountRemoved
from asyncchat.core.features.presence import leaving
from asyncchat.core.features.redaction import IN_PRIVATE, Erased, RedactedInPrivate
from asyncchat.core.features.room_registration import rooms_released
from asyncchat.core.features.server_bans import Killed
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold
from asyncchat.core.people import from_origin
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import NotServerOperator

CONSOLE: Final = from_origin("console")
"""Stands for whoever runs the server."""

_REASON: Final = "all that you left here is erased"


class Forget(Command, frozen=True):
    """Forget a person: it is disconnected, its account removed, and nothing names it any more.

    ``said``: how many messages, for the audit. ``origins`` as in ``Identity``.
    """

    name: str
    said: int = 0
    origins: tuple[str, ...] = ()


class DisconnectForgotten(Command, frozen=True):
    """Disconnect a person who is forgotten."""

    person_id: int


class ForgetInState(Command, frozen=True):
    """The same for the state, once the person is disconnected; only this module sends it."""

    name: str
    said: int
    origins: tuple[str, ...]


class EraseForgotten(Command, frozen=True):
    """Erase messages and reactions of a forgotten person in a room; ``told_of`` as in ``Erased``."""

    room: str
    numbers: tuple[int, ...]
    told_of: int


class RedactForgotten(Command, frozen=True):
    """Erase private messages of a forgotten person, for those who were told them."""

    records: tuple[Record, ...]


class Forgotten(Untold, frozen=True, tag="forgotten"):
    """A person was forgotten: all records up to this one are to be kept without it.

    ``name`` is empty once the log has done so: then it says that it happened, not to whom. ``messages``: how
    many the person had said. ``time`` in microseconds since 1970 UTC. ``origins`` as in ``Identity``.
    """

    audited: ClassVar[bool] = True
    name: str
    messages: int
    time: int
    origins: tuple[str, ...] = ()

    @property
    def whom(self) -> Identity:
        """Who was forgotten."""
        return Identity(fold(self.name), frozenset(self.origins))

    def unnamed(self) -> "Forgotten":
        """The event as it stays."""
        return msgspec.structs.replace(self, name="", origins=())


@handles(Forget)
def forget(chat: Chat, person_id: int, command: Forget, _now: int) -> Items:
    """Disconnects a person, then forgets it; for the administrator of the server."""
    if person_id != SERVER:
        return (NotServerOperator(),)
    who = Identity(fold(command.name))
    there = [DisconnectForgotten(one.id) for one in chat.people.values() if who.is_person(one)]
    return (*there, ForgetInState(command.name, command.said, command.origins))


@handles(DisconnectForgotten)
def disconnect(chat: Chat, person_id: int, command: DisconnectForgotten, now: int) -> Items:
    """Disconnects a person; others see that it leaves."""
    someone = chat.people.get(command.person_id)
    if person_id != SERVER or someone is None:
        return (NotServerOperator(),)
    return (Killed(someone, CONSOLE, _REASON), *leaving(chat, someone, "", now))


@handles(ForgetInState)
def forget_in_state(chat: Chat, person_id: int, command: ForgetInState, now: int) -> Items:
    """Removes the account and the topics of a person, and all by which it is named."""
    if person_id != SERVER:
        return (NotServerOperator(),)
    forgotten = Forgotten(command.name, command.said, now, command.origins)
    who = forgotten.whom
    events: list[Event] = []
    account = chat.accounts.get(who.key)
    if account is not None:
        events += (*rooms_released(chat, account.name), AccountRemoved(account.name, now))
    for room in chat.rooms.values():
        if room.topic is not None and who.is_author(room.topic.by):
            events.append(TopicChanged(room.name, CONSOLE, "", now))
    return (*events, forgotten)


@handles(EraseForgotten)
def erase(chat: Chat, person_id: int, command: EraseForgotten, _now: int) -> Items:
    """Erases messages of a room, which need not be open any more."""
    if person_id != SERVER:
        return (NotServerOperator(),)
    room = chat.room_named(command.room)
    name = command.room if room is None else room.name
    return (Erased(name, CONSOLE, command.numbers, told_of=command.told_of),)


@handles(RedactForgotten)
def redact(chat: Chat, person_id: int, command: RedactForgotten, _now: int) -> Items:
    """Erases private messages; the others are told, as far as they are connected."""
    if person_id != SERVER:
        return (NotServerOperator(),)
    events: list[Event] = []
    for record in command.records:
        event = record.event
        assert isinstance(event, IN_PRIVATE)  # noqa: S101 - the log finds no others
        to = chat.person_named(event.to.name)
        same = to is not None and to.account == event.to.account
        events.append(
            RedactedInPrivate(
                to if same and to is not None else msgspec.structs.replace(event.to, id=0),
                msgspec.structs.replace(event.person, id=0),
                record.number,
            )
        )
    return tuple(events)


@applies(Forgotten)
def _forgotten(chat: Chat, event: Forgotten) -> None:
    if not event.name:
        return
    who = event.whom
    for room in chat.rooms.values():
        room.forget(who.replaced)
    for part in chat.parts.values():
        part.forget(who)
