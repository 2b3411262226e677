"""A person, who is connected under a name; all people of a chat; an account, which keeps a name for its user.

Owns the immutable values and the indexes by name. Must not know rooms and sessions.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

import msgspec

from asyncchat.core.confusables import skeleton
from asyncchat.core.names import fold


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is.

    ``id`` is the number of the first session, unique in one run of a node; a person read from the history has
    id 0. ``user`` and ``host`` are what others see. ``origin`` is ``name!user@host``, made once because every
    message needs it. ``account`` is the name of the account that the person is logged in to, or empty.
    ``address`` is the real address if the host hides it, else empty: bans match it too, and only the person
    and server operators see it. ``bot``: the person says that it is a program. ``oper``: the person is a
    server operator.
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
        """The folded name, by which the person is found."""
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


def with_bot(old: Person, bot: bool) -> Person:
    """The same person, marked as a bot or not."""
    return msgspec.structs.replace(old, bot=bot)


def with_oper(old: Person, oper: bool) -> Person:
    """The same person, a server operator or not."""
    return msgspec.structs.replace(old, oper=oper)


def with_realname(old: Person, realname: str) -> Person:
    """The same person with another real name."""
    return msgspec.structs.replace(old, realname=realname)


def with_host(old: Person, host: str) -> Person:
    """The same person with another visible host; the real address stays known."""
    address = old.address or old.host
    hidden = "" if address == host else address
    origin = f"{old.name}!{old.user}@{host}"
    return msgspec.structs.replace(old, host=host, origin=origin, address=hidden)


def with_account(old: Person, account: str) -> Person:
    """The same person logged in to an account, or to none (empty)."""
    return msgspec.structs.replace(old, account=account)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """The network that is counted as one: an IPv4 address, or an IPv6 /64, which one customer has.

    What is no address, such as that of a Unix socket, is given as it is.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64))
    return address


SITE_SHARE: Final = 8
"""What an IPv6 /48 may have at once, in shares of a /64. It has 65,536 of these; a family or a school that
its provider gave a /48 (RIPE-690) uses a few, a mobile network gives each telephone one."""


@lru_cache(maxsize=1024)
def site_of(address: str) -> str:
    """The IPv6 /48 of an address, the largest network that one customer has; empty for any other."""
    try:
        found = ip_address(network_of(address))
    except ValueError:
        return ""
    return f"{IPv6Address(int(found) >> 80 << 80)}/48" if isinstance(found, IPv6Address) else ""


def customer_of(address: str) -> str:
    """The network that shares or takes turns as one: an IPv4 address, or an IPv6 /48."""
    return site_of(address) or network_of(address)


@lru_cache(maxsize=1024)
def remote_network(address: str) -> str:
    """The same; empty for this machine, where proxies connect from too, and for what is no address."""
    try:
        ip = ip_address(network_of(address))
    except ValueError:
        return ""
    return "" if ip.is_loopback or address.partition("%")[0] == "::1" else str(ip)


def author(person: Person) -> str:
    """Who somebody is, as the history stores it: the origin, then a space and the account, if any."""
    return f"{person.origin} {person.account}" if person.account else person.origin


@lru_cache(maxsize=1024)
def from_origin(origin: str) -> Person:
    """The person for an author of the history, see ``author``; the server's own origin has no ``!``."""
    origin, _, account = origin.partition(" ")
    name, _, rest = origin.partition("!")
    user, _, host = rest.partition("@")
    return Person(0, name, user, host, "", origin, account)


class People(dict[int, Person]):
    """The people who are in the chat, by id, and what is known of each besides the value."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, int] = {}
        """Ids by the folded name."""
        self.confusable: dict[str, int] = {}
        """Ids by the skeleton of the name, if it is not the folded name itself."""
        self.since: dict[int, int] = {}
        """When people connected (microseconds since 1970 UTC)."""
        self.named_at: dict[int, int] = {}
        """When people took their names, if not when they connected."""
        self.away: dict[int, str] = {}
        """The away messages of people who are away."""
        self.flags: dict[int, frozenset[str]] = {}
        self.last_spoke: dict[int, int] = {}
        """When people last said something (microseconds since 1970 UTC), as far as this node knows.

        Not part of the state: the hub sets it, no decision reads it, and replies show it as the idle time.
        """
        self.most = 0
        """The largest number of people at the same time in this run."""

    def add(self, person: Person, time: int) -> None:
        """Adds a person."""
        self[person.id] = person
        self._index_name(person)
        self.since[person.id] = time
        self.most = max(self.most, len(self))

    def remove(self, person_id: int) -> None:
        """Removes a person."""
        self._unindex_name(self.pop(person_id))
        for index in (self.since, self.named_at, self.away, self.flags, self.last_spoke):
            index.pop(person_id, None)

    def rename(self, old: Person, new: Person, time: int) -> None:
        """Gives a person another name."""
        if old.key != new.key:
            self.named_at[new.id] = time
        self._unindex_name(old)
        self._index_name(new)
        self[new.id] = new

    def confusable_person(self, name: str) -> int | None:
        """The id of a person whose name is another one but looks the same, or None."""
        shape = skeleton(name)
        found = self.confusable.get(shape)
        if found is None and shape != fold(name):
            found = self.by_name.get(shape)
        return None if found is None or self[found].key == fold(name) else found

    def _index_name(self, person: Person) -> None:
        self.by_name[person.key] = person.id
        shape = skeleton(person.name)
        if shape != person.key:
            self.confusable[shape] = person.id

    def _unindex_name(self, person: Person) -> None:
        del self.by_name[person.key]
        shape = skeleton(person.name)
        if self.confusable.get(shape) == person.id:
            del self.confusable[shape]

    def end_run(self) -> None:
        """Forgets everybody."""
        self.clear()
        for names in (self.by_name, self.confusable):
            names.clear()
        for index in (self.since, self.named_at, self.away, self.flags, self.last_spoke):
            index.clear()
        self.most = 0

    def state(self) -> dict[str, object]:
        """The people as plain data: equal in equal chats."""
        return {
            "people": dict(self),
            "by_name": dict(self.by_name),
            "away": dict(self.away),
            "flags": dict(self.flags),
        }


PROGRAM_USER: Final = "token"
"""The user part of a program that administers the server with a token."""

NOBODY: Final = from_origin("")
"""The author of an event in a snapshot if the state does not know who caused it."""


class Account(msgspec.Struct, frozen=True):
    """One account.

    ``verifier`` is what a password is checked against, never the password itself; the core passes it on and
    does not read it. ``time`` is when the account was made, in microseconds since 1970 UTC. ``email`` may be
    empty.
    """

    name: str
    verifier: str
    time: int
    email: str = ""
