"""A person: one who has entered the chat under a name.

A value, made anew on each change; where the person is and may do is the chat's state.
"""

import msgspec

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
