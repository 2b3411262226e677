"""Server operators: become one, and resign; tell something to everybody who wants to know.

Owns who is one. Must not know passwords and the owner code: the server checks them.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Retention, Untold
from asyncchat.core.modes import WALLOPS
from asyncchat.core.names import fold
from asyncchat.core.people import Person, with_oper
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, applies, for_people, handles
from asyncchat.core.replies import (
    NoSuchPerson,
    NoText,
    NotYourself,
    Refusal,
    Reply,
    TextTooLong,
)
from asyncchat.core.text import TOPIC_BYTES, size


class GrantOper(Command, frozen=True):
    """Become a server operator, with a named operator's password or the owner code (no ``name``).

    ``verified``: the password or code was right.
    """

    verified: bool
    name: str = ""


class Resign(Command, frozen=True):
    """Resign as a server operator; ``name`` is the own name, or empty."""

    name: str = ""


class RequireOper(Command, frozen=True):
    """Reply only to a server operator; ``context`` is the dialect's answer."""

    context: object = None


class Oper(IoCommand, frozen=True):
    """Become a server operator with the owner code, or with the password of the operator of this name."""

    cost: ClassVar[int] = 5
    code: str
    name: str = ""


class OperFailed(Event, frozen=True, tag="claim_failed"):
    """A person gave a wrong owner code, or a wrong password for the operator of this name."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    name: str = ""


class OperGranted(Untold, frozen=True, tag="owner"):
    """A person gave the owner code, or a named operator's password, and is a server operator now."""

    audited: ClassVar[bool] = True
    person: Person
    name: str = ""


class OperResigned(Event, frozen=True, tag="resigned"):
    """A person resigned as a server operator."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person


class WrongCode(Refusal, frozen=True):
    """That is not the owner code, or not the password of the operator of this name."""

    name: str = ""


class NotFromHere(Refusal, frozen=True):
    """The operator of this name may not log in from the requester's address."""

    name: str


class OperOnly(Reply, frozen=True):
    """The reply to RequireOper."""

    context: object = None


class OfferRenewed(Reply, frozen=True):
    """What the server announces to clients has changed; ``before`` is the dialect's old announcement.

    ``tokens`` are the other properties of the server that have changed, as the dialect spells them.
    """

    before: object
    tokens: tuple[str, ...] = ()


@for_people(GrantOper)
def grant_oper(chat: Chat, me: Person, command: GrantOper, _now: int) -> Items:
    """Makes a person a server operator, if the code or password was right."""
    if not command.verified:
        return (OperFailed(me, command.name), WrongCode(command.name))
    return (OperGranted(me, command.name),)


@for_people(Resign)
def resign(chat: Chat, me: Person, command: Resign, _now: int) -> Items:
    """Ends the rights of a server operator; for other people nothing happens."""
    if command.name and fold(command.name) != me.key:
        other = chat.person_named(command.name)
        return (NoSuchPerson(command.name) if other is None else NotYourself(other.name),)
    return (OperResigned(me),) if me.id in chat.server_operators else ()


@handles(RequireOper)
def require_oper(chat: Chat, person_id: int, command: RequireOper, _now: int) -> Items:
    """Replies to a server operator, and refuses others."""
    refusal = unless_server_operator(chat, person_id)
    return (OperOnly(command.context),) if refusal is None else (refusal,)


@applies(OperGranted)
def _oper_granted(chat: Chat, event: OperGranted) -> None:
    chat.owner_code_used = chat.owner_code_used or not event.name
    if event.person.id in chat.people:
        chat.server_operators.add(event.person.id)
        chat.replace_person(with_oper(chat.people[event.person.id], True))


@applies(OperResigned)
def _oper_resigned(chat: Chat, event: OperResigned) -> None:
    chat.server_operators.discard(event.person.id)
    if event.person.id in chat.people:
        chat.replace_person(with_oper(chat.people[event.person.id], False))


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
