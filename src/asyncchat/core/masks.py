"""Masks that describe people: ``name!user@host``, where the host may be a network.

Owns whom a mask matches. Must not know what a mask is used for (``rooms``, ``features.server_bans``).
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from asyncchat.core.names import fold, fold_text, glob
from asyncchat.core.people import Person

REALNAME = "~realname:"
"""Prefix of a mask that is matched with the real name; no name begins like this."""

ACCOUNT = "~account:"
"""Prefix of a mask that is matched with the name of the account."""

MUTED = "~mute:"
"""Prefix of an exception that lifts mutes only, not bans."""


class Description:
    """What of a person a mask can match: made when it is matched, since one mask may meet all people.

    ``by_address``: also by the real address that the host hides.
    """

    __slots__ = ("_by_address", "_person", "address", "origin")

    def __init__(self, person: Person, *, by_address: bool = True) -> None:
        self._person = person
        self.origin = fold_text(person.origin)
        self.address = (person.address if by_address else "") or person.host
        self._by_address: str | None = None if by_address else ""

    @property
    def realname(self) -> str:
        """The real name, folded."""
        return fold(self._person.realname)

    @property
    def account(self) -> str:
        """The name of the account, folded."""
        return fold(self._person.account)

    @property
    def by_address(self) -> str:
        """The origin with the real address, where the host hides it."""
        if self._by_address is None:
            person = self._person
            real = f"{person.name}!{person.user}@{person.address}" if person.address else ""
            self._by_address = fold_text(real)
        return self._by_address


class Mask:
    """A mask, made ready to be matched with many people.

    It matches by the host that others see or, if the description has it, by the real address. The host of a
    mask may be a network, such as ``192.0.2.0/24``.
    """

    __slots__ = ("_any_host", "_network", "_of", "_test", "_test_beside_host", "text")

    def __init__(self, mask: str) -> None:
        self.text = mask
        self._network: IPv4Network | IPv6Network | None = None
        self._any_host = False
        self._of = next((prefix for prefix in (REALNAME, ACCOUNT, MUTED) if mask.startswith(prefix)), "")
        self._test = glob(fold(mask.removeprefix(self._of)))
        if self._of:
            return
        rest, _, host = mask.rpartition("@")
        self._any_host = host == "*"
        if "/" in host:
            self._network = network(host)
            self._test_beside_host = glob(fold(f"{rest}@*"))

    def __reduce__(self) -> tuple[type["Mask"], tuple[str]]:
        """Another process makes it anew: tests of texts can't be handed over."""
        return Mask, (self.text,)

    def describes(self, person: Description) -> bool:
        """Whether the mask matches a person."""
        if self._of == REALNAME:
            return self._test(person.realname)
        if self._of == ACCOUNT:
            return bool(person.account) and self._test(person.account)
        if self._of == MUTED:
            return False
        if self._test(person.origin):
            return True
        if self._network is not None:
            return _is_inside(self._network, person.address) and self._test_beside_host(person.origin)
        # A mask with any host has been matched already.
        return not self._any_host and bool(person.by_address) and self._test(person.by_address)


def describes(mask: str, person: Person, *, by_address: bool = True) -> bool:
    """Whether a mask matches a person; ``by_address``: also by the address that the host hides."""
    return mask_like(mask).describes(Description(person, by_address=by_address))


mask_like = lru_cache(maxsize=1024)(Mask)
"""A mask from its text, remembered."""


def _is_inside(of: IPv4Network | IPv6Network, address: str) -> bool:
    try:
        return ip_address(address) in of
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def network(text: str) -> IPv4Network | IPv6Network | None:
    """The network or single address that a text states, or None."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
