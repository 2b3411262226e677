"""A person's own flags: invisible, bot, and the like.

Owns who may set them; the table is ``modes.PERSON_FLAGS``.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Recipients
from asyncchat.core.modes import BOT, PERSON_FLAGS
from asyncchat.core.names import fold
from asyncchat.core.people import Person, with_bot
from asyncchat.core.registry import Items, answers, applies, for_people
from asyncchat.core.replies import NoSuchPerson, NotYourself, Refusal, Reply


class GetPersonFlags(Query, frozen=True):
    """The requester's own flags; ``name`` must be the own name, or empty."""

    name: str = ""


class SetPersonFlag(Command, frozen=True):
    """Turn an own flag (``modes.PERSON_FLAGS``) on or off; ``name`` must be the own name, or empty."""

    flag: str
    on: bool = True
    name: str = ""


class PersonFlagChanged(Event, frozen=True, tag="person_flag"):
    """A person turned one of its own flags (``modes.PERSON_FLAGS``) on or off."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    coalesces: ClassVar[bool] = True
    person: Person
    flag: str
    on: bool


class PersonFlagsView(Reply, frozen=True):
    """The requester's own flags, and whether it is a server operator."""

    flags: frozenset[str]
    server_operator: bool


@answers(GetPersonFlags)
def person_flags(chat: Chat, person_id: int, query: GetPersonFlags) -> Reply | Refusal:
    """The requester's own flags."""
    if query.name and fold(query.name) != chat.people[person_id].key:
        other = chat.person_named(query.name)
        return NoSuchPerson(query.name) if other is None else NotYourself(other.name)
    return PersonFlagsView(chat.people.flags.get(person_id, frozenset()), person_id in chat.server_operators)


@for_people(SetPersonFlag)
def set_person_flag(chat: Chat, me: Person, command: SetPersonFlag, _now: int) -> Items:
    """Turns an own flag on or off."""
    if command.name and fold(command.name) != me.key:
        other = chat.person_named(command.name)
        return (NoSuchPerson(command.name) if other is None else NotYourself(other.name),)
    if command.flag not in PERSON_FLAGS or chat.has(me.id, command.flag) == command.on:
        return ()
    return (PersonFlagChanged(me, command.flag, command.on),)


@applies(PersonFlagChanged)
def _person_flag_changed(chat: Chat, event: PersonFlagChanged) -> None:
    person_id = event.person.id
    if event.flag == BOT:
        chat.replace_person(with_bot(event.person, event.on))
    flags = chat.people.flags.get(person_id, frozenset())
    flags = flags | {event.flag} if event.on else flags - {event.flag}
    if flags:
        chat.people.flags[person_id] = flags
    else:
        chat.people.flags.pop(person_id, None)
