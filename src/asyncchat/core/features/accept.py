"""ACCEPT: guests who may write to somebody who lets only people with an account (ACCOUNTS_WRITE).

Owns who accepts whom, by asking for it or by writing to that person. ``messages`` refuses the others.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients
from asyncchat.core.modes import ACCOUNTS_WRITE
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, for_people
from asyncchat.core.replies import NoSuchPerson, Reply

ACCEPTED_EACH: Final = 100
"""People whom one person accepts, the newest: 10 KB."""


class Accept(Command, frozen=True):
    """Let a person write to the requester in private, or no longer."""

    name: str
    on: bool = True


class AcceptChanged(Event, frozen=True, tag="accept"):
    """A person accepts messages of another one, or no longer."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    other: Person
    on: bool = True


class Accepted(Reply, frozen=True):
    """The requester accepts messages of this person, or no longer."""

    name: str
    on: bool


class Accepts(Part):
    """Whom each person accepts, by ids, in the order in which that began."""

    def __init__(self) -> None:
        self.of_person: dict[int, dict[int, None]] = {}

    def forget_person(self, person_id: int, _sessions: tuple[int, ...]) -> None:
        """Forgets whom a person who left accepted; ids are not used again."""
        self.of_person.pop(person_id, None)

    def end_run(self) -> None:
        """Forgets all of it: guests do not outlast a run."""
        self.of_person.clear()

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {person_id: list(accepted) for person_id, accepted in self.of_person.items() if accepted}


@for_people(Accept)
def accept(chat: Chat, me: Person, command: Accept, _now: int) -> Items:
    """Accepts a person's messages, or no longer."""
    other = chat.person_named(command.name)
    if other is None:
        return (NoSuchPerson(command.name),)
    changed = (AcceptChanged(me, other, command.on),) if accepts(chat, me.id, other.id) != command.on else ()
    return (*changed, Accepted(other.name, command.on))


def accepts(chat: Chat, person_id: int, other: int) -> bool:
    """Whether a person accepts messages of another one by name."""
    return other in Accepts.of(chat).of_person.get(person_id, ())


def accepting(chat: Chat, me: Person, other: Person) -> Iterator[AcceptChanged]:
    """What follows when a person writes to another one, who may answer then."""
    if not other.account and chat.has(me.id, ACCOUNTS_WRITE) and not accepts(chat, me.id, other.id):
        yield AcceptChanged(me, other)


@applies(AcceptChanged)
def _accept_changed(chat: Chat, event: AcceptChanged) -> None:
    accepted = Accepts.of(chat).of_person.setdefault(event.person.id, {})
    accepted.pop(event.other.id, None)
    if event.on:
        accepted[event.other.id] = None
    if len(accepted) > ACCEPTED_EACH:
        del accepted[next(iter(accepted))]
