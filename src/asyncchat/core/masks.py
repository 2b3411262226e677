"""Masks that describe people: ``name!user@host``, where the host may be a network.

Owns whom a mask matches. Must not know what a mask is used for (``rooms``, ``features.server_bans``).
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from asyncchat.core.names import matches
from asyncchat.core.people import Person

REALNAME = "~realname:"
"""Prefix of a mask that is matched with the real name; no name begins like this."""

ACCOUNT = "~account:"
"""Prefix of a mask that is matched with the name of the account."""

MUTED = "~mute:"
"""Prefix of an exception that lifts mutes only, not bans."""


def describes(mask: str, person: Person) -> bool:
    """Whether a mask matches a person, by the host that others see or by the real address.

    The host of a mask may be a network, such as ``192.0.2.0/24``.
    """
    if mask.startswith(REALNAME):
        return matches(mask[len(REALNAME) :], person.realname)
    if mask.startswith(ACCOUNT):
        return bool(person.account) and matches(mask[len(ACCOUNT) :], person.account)
    if mask.startswith(MUTED):
        return False
    if matches(mask, person.origin):
        return True
    rest, _, host = mask.rpartition("@")
    if "/" in host:
        return _inside(host, person.address or person.host) and matches(f"{rest}@*", person.origin)
    # A mask with any host has been matched already.
    return (
        bool(person.address)
        and host != "*"
        and matches(mask, f"{person.name}!{person.user}@{person.address}")
    )


def _inside(host: str, address: str) -> bool:
    of = network(host)
    try:
        return of is not None and ip_address(address) in of
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def network(text: str) -> IPv4Network | IPv6Network | None:
    """The network or single address that a text states, or None."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
