"""A person: one who has entered the chat under a name, and all people of a chat.

A value, made anew on each change; where the person is and may do is the chat's state.
"""

from __future__ import annotations

from typing import Final

import msgspec

from asyncchat.core.confusables import skeleton
from asyncchat.core.names import fold


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is.

    ``id`` is the session's number and unique in one run of a node; a person read back from the history has
    id 0. ``user`` and ``host`` say where from, as others see it. ``origin`` is ``name!user@host``, made once
    because every message needs it. ``account`` is the name of the account it is logged in to, or empty.
    ``address`` is where from in truth, where the host is a cloak: bans are held against it too, and only
    oneself and the owner are told it. ``bot``: it says that it is a program. ``oper``: it is an operator of
    the server.
    """

    id: int
    name: str
    user: str
    host: str
    realname: str = ""
    origin: str = ""
    account: str = ""
    address: str = ""
    bot: bool = False
    oper: bool = False

    @property
    def key(self) -> str:
        """The folded name, under which the person is found."""
        return fold(self.name)


def person(
    id: int, name: str, user: str, host: str, realname: str = "", account: str = "", address: str = ""
) -> Person:
    """A person with its origin filled in."""
    hidden = "" if address == host else address
    return Person(id, name, user, host, realname, f"{name}!{user}@{host}", account, hidden)


def renamed(old: Person, name: str) -> Person:
    """The same person under another name."""
    return msgspec.structs.replace(old, name=name, origin=f"{name}!{old.user}@{old.host}")


def marked(old: Person, bot: bool) -> Person:
    """The same person, a bot or not."""
    return msgspec.structs.replace(old, bot=bot)


def operating(old: Person, oper: bool) -> Person:
    """The same person, an operator of the server or not."""
    return msgspec.structs.replace(old, oper=oper)


def renamed_really(old: Person, realname: str) -> Person:
    """The same person with another real name."""
    return msgspec.structs.replace(old, realname=realname)


def hosted(old: Person, host: str) -> Person:
    """The same person seen as coming from another host; where from in truth stays known."""
    address = old.address or old.host
    hidden = "" if address == host else address
    origin = f"{old.name}!{old.user}@{host}"
    return msgspec.structs.replace(old, host=host, origin=origin, address=hidden)


def logged(old: Person, account: str) -> Person:
    """The same person logged in to an account, or to none (empty)."""
    return msgspec.structs.replace(old, account=account)


def author(person: Person) -> str:
    """Who somebody is, as the history keeps it: the origin, and behind a space the account."""
    return f"{person.origin} {person.account}" if person.account else person.origin


def from_origin(origin: str) -> Person:
    """The person behind a ``name!user@host`` of the history; a server's own words have no ``!``.

    What stands behind a space is its account.
    """
    origin, _, account = origin.partition(" ")
    name, _, rest = origin.partition("!")
    user, _, host = rest.partition("@")
    return Person(0, name, user, host, "", origin, account)


class People(dict[int, Person]):
    """The people who are in the chat, by id, and what is kept of each beside its value."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, int] = {}
        """Who has which name, by its key."""
        self.confusable: dict[str, int] = {}
        """Who has a name that looks like others, by what it looks like; most names look like themselves."""
        self.since: dict[int, int] = {}
        """When they came (microseconds since 1970 UTC)."""
        self.away: dict[int, str] = {}
        self.flags: dict[int, frozenset[str]] = {}
        self.last_spoke: dict[int, int] = {}
        """When they last said something (microseconds since 1970 UTC), as far as this node heard it.

        No fact and no state: the hub notes it, no decision reads it, it is told as how long somebody is idle.
        """
        self.most = 0
        """The most there were at a time in this run."""

    def add(self, person: Person, time: int) -> None:
        """A person has come."""
        self[person.id] = person
        self._hold_name(person)
        self.since[person.id] = time
        self.most = max(self.most, len(self))

    def remove(self, person_id: int) -> None:
        """A person is gone."""
        self._give_up_name(self.pop(person_id))
        for kept in (self.since, self.away, self.flags, self.last_spoke):
            kept.pop(person_id, None)

    def rename(self, old: Person, new: Person) -> None:
        """A person has another name."""
        self._give_up_name(old)
        self._hold_name(new)
        self[new.id] = new

    def confusable_person(self, name: str) -> int | None:
        """Who has a name that is another one but looks the same."""
        look = skeleton(name)
        found = self.confusable.get(look)
        if found is None and look != fold(name):
            found = self.by_name.get(look)
        return None if found is None or self[found].key == fold(name) else found

    def _hold_name(self, person: Person) -> None:
        self.by_name[person.key] = person.id
        look = skeleton(person.name)
        if look != person.key:
            self.confusable[look] = person.id

    def _give_up_name(self, person: Person) -> None:
        del self.by_name[person.key]
        look = skeleton(person.name)
        if self.confusable.get(look) == person.id:
            del self.confusable[look]

    def end_run(self) -> None:
        """Everybody is gone."""
        self.clear()
        for kept in (self.by_name, self.confusable, self.since, self.away, self.flags, self.last_spoke):
            kept.clear()
        self.most = 0

    def state(self) -> dict[str, object]:
        """What is equal in equal chats, as plain data."""
        return {
            "people": dict(self),
            "by_name": dict(self.by_name),
            "away": dict(self.away),
            "flags": dict(self.flags),
        }


NOBODY: Final = from_origin("")
"""Stands where an event names who caused it and the state does not keep who that was."""
