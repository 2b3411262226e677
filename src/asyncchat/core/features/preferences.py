"""Preferences: what people chose for themselves: whom they ignore, and of what in a room they are told.

Owns these choices, of an account for all its devices, of a guest until it leaves; nobody else is told.
Delivery keeps from people what is said by those whom they ignore; the rest is for clients.
"""

from collections.abc import Iterator
from itertools import chain
from typing import ClassVar, Final, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import ROOM_SIGNS, fold, name_fault, room_fault
from asyncchat.core.people import Person
from asyncchat.core.personal import Personal
from asyncchat.core.registry import Items, answers, applies, for_people
from asyncchat.core.replies import Refusal, Reply

IGNORE: Final = "ignore"
"""Whether a name is ignored."""

NOTIFY: Final = "notify"
"""Of what one is told in a room, or by a person; without a value: of mentions, and of private messages."""

VALUES: Final = {IGNORE: ("on",), NOTIFY: ("all", "none")}
"""By the name of a preference: its values. The empty one is each one's default."""

PREFERENCES_EACH: Final = 300
"""Preferences of one account or guest, each of a target: 30 KB."""

IGNORED_EACH: Final = 100
"""Names that one account or guest may ignore: each message in its rooms is looked up there."""

Key = tuple[str, str]
"""The name of a preference, and its target's key: a room's or a person's."""


class SetPreference(Command, frozen=True):
    """Choose something about a room or a person; an empty value is the default."""

    name: str
    target: str
    value: str = ""


class GetPreferences(Query, frozen=True):
    """All that the requester chose."""


class Ignore(Command, frozen=True):
    """Hide what a name says from the requester, or show it again; an empty name lists the ignored names."""

    name: str
    on: bool = True


class GetIgnored(Query, frozen=True):
    """The names that the requester ignores."""


class PreferenceChanged(Event, frozen=True, tag="preference", omit_defaults=True):
    """An account chose something; only the other people of the account (``to``) are told."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.SOME
    account: str
    name: str
    target: str
    value: str = ""
    to: tuple[int, ...] = ()

    def to_store(self) -> Self:
        """The event without its recipients, who belong to this run."""
        return msgspec.structs.replace(self, to=()) if self.to else self


class GuestPreferenceChanged(Event, frozen=True, tag="guest_preference"):
    """The same for a person without an account; it is forgotten when the person leaves."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    name: str
    target: str
    value: str


class PreferenceView(Reply, frozen=True):
    """What the requester chose about a target."""

    name: str
    target: str
    value: str


class PreferencesView(Reply, frozen=True):
    """All that the requester chose: names, targets, values."""

    chosen: tuple[tuple[str, str, str], ...]


class Ignored(Reply, frozen=True):
    """The names that the requester ignores."""

    names: tuple[str, ...]


class PreferenceRefused(Refusal, frozen=True):
    """Something can't be chosen; ``reason`` is half a sentence."""

    name: str
    target: str
    reason: str


class Preferences(Personal[Key, str], Part):
    """What people chose. A default is not kept."""

    def forget(self, who: Identity) -> None:
        """Nobody has chosen anything about a forgotten person."""
        keys = [(name, who.key) for name in VALUES]
        for chosen in chain(self.accounts.values(), self.guests.values()):
            for key in keys:
                if key in chosen:
                    del chosen[key]

    def rename_room(self, old: str, new: str) -> None:
        """Choices follow a room to its new name."""
        for chosen in (*self.accounts.values(), *self.guests.values()):
            for name in VALUES:
                if (name, old) in chosen:
                    chosen[name, new] = chosen.pop((name, old))

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for account, chosen in self.accounts.items():
            for (name, target), value in chosen.items():
                yield PreferenceChanged(chat.accounts[account].name, name, target, value)


def ignored_by(chat: Chat, person: Person) -> frozenset[str]:
    """The keys of the names that a person ignores."""
    chosen = Preferences.of(chat).of_person(person)
    return frozenset([target for name, target in chosen if name == IGNORE]) if chosen else frozenset()


@for_people(SetPreference)
def set_preference(chat: Chat, me: Person, command: SetPreference, _now: int) -> Items:
    """Keeps a choice."""
    name, target, value = command.name, fold(command.target), command.value
    chosen = Preferences.of(chat).of_person(me)
    fault = _fault(command, chosen)
    if fault is not None:
        return (PreferenceRefused(name, command.target, fault),)
    view = PreferenceView(name, target, value)
    if chosen.get((name, target), "") == value:
        return (view,)
    if not me.account:
        return (GuestPreferenceChanged(me, name, target, value), view)
    account, people = me.account, chat.people.values()
    others = tuple([other.id for other in people if other.account == account and other is not me])
    return (PreferenceChanged(account, name, target, value, others), view)


def _fault(command: SetPreference, chosen: dict[Key, str]) -> str | None:
    """Why something can't be chosen, as half a sentence."""
    name, target, value = command.name, command.target, command.value
    if name not in VALUES or (value and value not in VALUES[name]):
        return "there is no such choice"
    if not value:
        return None
    is_room = name == NOTIFY and target[:1] in ROOM_SIGNS
    fault = room_fault(fold(target)) if is_room else name_fault(target)
    if fault is not None or (name, fold(target)) in chosen:
        return fault
    if name == IGNORE and sum(kept == IGNORE for kept, _ in chosen) >= IGNORED_EACH:
        return f"you ignore {IGNORED_EACH} names already: /unignore one of them first"
    return f"you chose {PREFERENCES_EACH} things already" if len(chosen) >= PREFERENCES_EACH else None


@for_people(Ignore)
def ignore(chat: Chat, me: Person, command: Ignore, now: int) -> Items:
    """Ignores a name, or no longer; and lists those that are ignored."""
    if not command.name:
        return (GetIgnored(),)
    *changed, answer = set_preference(
        chat, me.id, SetPreference(IGNORE, command.name, "on" if command.on else ""), now
    )
    return (answer,) if isinstance(answer, Refusal) else (*changed, GetIgnored())


@answers(GetPreferences)
def preferences(chat: Chat, person_id: int, _query: GetPreferences) -> PreferencesView:
    """All that a person chose."""
    me = chat.people.get(person_id)
    chosen = {} if me is None else Preferences.of(chat).of_person(me)
    return PreferencesView(tuple((name, target, value) for (name, target), value in chosen.items()))


@answers(GetIgnored)
def ignored(chat: Chat, person_id: int, _query: GetIgnored) -> Ignored:
    """The names that a person ignores."""
    return Ignored(tuple(sorted(ignored_by(chat, chat.people[person_id]))))


@applies(PreferenceChanged)
def _changed(chat: Chat, event: PreferenceChanged) -> None:
    if fold(event.account) in chat.accounts:
        _keep(Preferences.of(chat).accounts.setdefault(fold(event.account), {}), event)


@applies(GuestPreferenceChanged)
def _guest_changed(chat: Chat, event: GuestPreferenceChanged) -> None:
    _keep(Preferences.of(chat).guests.setdefault(event.person.id, {}), event)


def _keep(chosen: dict[Key, str], event: PreferenceChanged | GuestPreferenceChanged) -> None:
    if event.value:
        chosen[event.name, event.target] = event.value
    else:
        chosen.pop((event.name, event.target), None)
