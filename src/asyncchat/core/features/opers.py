"""Operators of the server: become one, and resign.

Owns the events; passwords are checked by the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Kept, Reach
from asyncchat.core.names import fold
from asyncchat.core.people import Person, operating
from asyncchat.core.permissions import unless_server_operator
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import NoSuchPerson, NotEntered, NotYourself, Refusal, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class ClaimOwner(Command, frozen=True):
    """Become the owner, or the operator of this name; whether the password was right comes as data."""

    verified: bool
    name: str = ""


class Resign(Command, frozen=True):
    """Be no operator of the server any more; ``name`` is one's own, or empty."""

    name: str = ""


class NeedOwner(Command, frozen=True):
    """Is answered to the owner alone; ``purpose`` is the dialect's answer."""

    purpose: object = None


class Owner(IoCommand, frozen=True):
    """Claim ownership with the owner code, or with the password of the operator of this name."""

    code: str
    name: str = ""


class ClaimFailed(Event, frozen=True, tag="claim_failed"):
    """A person gave a wrong owner code, or a wrong password for the operator of this name."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    name: str = ""


class OwnerClaimed(Event, frozen=True, tag="owner"):
    """A person showed the owner code, or a named operator's password: it operates every room in this run."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    name: str = ""


class OwnerResigned(Event, frozen=True, tag="resigned"):
    """A person is no operator of the server any more, by its own wish."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person


class WrongCode(Refusal, frozen=True):
    """That is not the owner code, or not the password of the operator of this name."""

    name: str = ""


class NotFromHere(Refusal, frozen=True):
    """The operator of this name may not come from the asker's address."""

    name: str


class OwnerOnly(Reply, frozen=True):
    """What NeedOwner asked for."""

    purpose: object = None


class OfferRenewed(Reply, frozen=True):
    """What the server offers to programs has changed; ``before`` is the dialect's word for what it was."""

    before: object


@handles(ClaimOwner)
def claim_owner(chat: Chat, who: int, command: ClaimOwner, _now: int) -> Items:
    """Makes who showed the owner code, or an operator's password, an operator of every room."""
    me = chat.people.get(who)
    if me is None:
        return (NotEntered(),)
    if not command.verified:
        return (ClaimFailed(me, command.name), WrongCode(command.name))
    return (OwnerClaimed(me, command.name),)


@handles(Resign)
def resign(chat: Chat, who: int, command: Resign, _now: int) -> Items:
    """Makes an operator of the server a person like others; who is none is told nothing."""
    if who not in chat.people:
        return (NotEntered(),)
    if command.name and fold(command.name) != chat.people[who].key:
        other = chat.person_named(command.name)
        return (NoSuchPerson(command.name) if other is None else NotYourself(other.name),)
    return (OwnerResigned(chat.people[who]),) if who in chat.server_operators else ()


@handles(NeedOwner)
def need_owner(chat: Chat, who: int, command: NeedOwner, _now: int) -> Items:
    """Gives the answer that only the owner is given."""
    refusal = unless_server_operator(chat, who)
    return (OwnerOnly(command.purpose),) if refusal is None else (refusal,)


@applies(OwnerClaimed)
def _owner_claimed(chat: Chat, event: OwnerClaimed) -> None:
    chat.owner_claimed = chat.owner_claimed or not event.name
    if event.person.id in chat.people:
        chat.server_operators.add(event.person.id)
        chat.replace_person(operating(chat.people[event.person.id], True))


@applies(OwnerResigned)
def _owner_resigned(chat: Chat, event: OwnerResigned) -> None:
    chat.server_operators.discard(event.person.id)
    if event.person.id in chat.people:
        chat.replace_person(operating(chat.people[event.person.id], False))
