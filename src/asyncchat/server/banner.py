"""The banner of ``serve``: where the server listens, and how to join it.

Owns the wording. The answer to ``curl`` uses the same lines.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import segno

from asyncchat.core.names import LOBBY
from asyncchat.server.addresses import Address, bracketed, is_local, is_wildcard, own_addresses
from asyncchat.server.tls import Certificate
from asyncchat.version import __version__


def reachable(addresses: Sequence[Address]) -> list[Address]:
    """The addresses that people can use; a wildcard stands for the machine's own addresses."""
    found: list[Address] = []
    for address in addresses:
        if address.path or not is_wildcard(address.host):
            found.append(address)
            continue
        hosts = own_addresses()
        if ":" not in address.host:
            hosts = [host for host in hosts if ":" not in host]
        found.extend(msgspec.structs.replace(address, host=host) for host in hosts or ["127.0.0.1"])
    return list(dict.fromkeys(found))


def listening(addresses: Sequence[Address]) -> str:
    """The first lines, one for each address; scripts read them."""
    return "".join(f"Listening on {address}\n" for address in addresses)


def best(addresses: Sequence[Address]) -> Address:
    """The address to tell others: one that other machines can reach, if there is any."""
    tcp = [address for address in addresses if not address.path and not address.udp]
    return next((address for address in tcp if not is_local(address.host)), (tcp or list(addresses))[0])


def how_to_join(
    address: Address,
    udp: Address | None = None,
    *,
    locked: bool = False,
    certificate: Certificate | None = None,
) -> str:
    """The lines on how to join.

    Args:
        address: where, over TCP if the server listens there.
        udp: where over UDP, if it listens there too.
        locked: whether a password is needed.
        certificate: for TLS, if there is one.
    """
    needed = "A password is needed to join.\n" if locked else ""
    host, port = bracketed(address.host), address.port
    named = host
    if certificate is not None:
        named = certificate.host or host
        also = "" if address.tls or not host else _OVER_TLS.format(host=named, port=port, room=LOBBY[1:])
        needed = f"{also}  certificate    SHA-256 {certificate.fingerprint}\n{needed}"
    if udp is not None:
        needed = f"  over UDP       asyncchat join {udp} --nick NAME\n{needed}"
    if address.udp:
        return f"Join {LOBBY} with\n{needed}"
    if address.path:
        return f"Join {LOBBY} with\n  nc             nc -U {address.path}\n{needed}"
    if address.tls:
        return (
            f"Join {LOBBY} with\n"
            f"  our client     asyncchat join ircs://{named}:{port} --nick NAME\n"
            f"  an IRC client  ircs://{named}:{port}/{LOBBY[1:]}\n"
            f"  a browser      https://{named}:{port}/{LOBBY}\n"
            f"  a terminal     openssl s_client -quiet -connect {host}:{port}\n"
            f"{needed}"
        )
    return (
        f"Join {LOBBY} with\n"
        f"  nc             nc {address.host} {port}\n"
        f"  our client     asyncchat join {host}:{port} --nick NAME\n"
        f"  an IRC client  irc://{host}:{port}/{LOBBY[1:]}   (no TLS)\n"
        f"  a browser      {page(address)}\n"
        f"{needed}"
    )


_OVER_TLS = (
    "  over TLS       asyncchat join ircs://{host}:{port} --nick NAME\n"
    "                 ircs://{host}:{port}/{room} and https://{host}:{port}/#{room}\n"
)


def root(address: Address) -> str:
    """The address of the page."""
    return f"{'https' if address.tls else 'http'}://{bracketed(address.host)}:{address.port}/"


def page(address: Address) -> str:
    """The link to the page, in the lobby."""
    return f"{root(address)}{LOBBY}"


def qr_code(link: str) -> str:
    """A link as a QR code: two rows of modules a line, dark on light whatever the terminal's colours.

    Without the colours, as in a file, it can be read on a dark background.
    """
    rows = [bytes(row) for row in segno.make_qr(link, error="L").matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append(bytes([1]) * len(rows[0]))  # no light half a line below the border
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    lines = (
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(f"\x1b[97;40m{line}\x1b[0m\n" for line in lines)


def history_line(database: Path | None, *, kept: bool, messages: int, node: str = "") -> str:
    """The version, and where the history is kept.

    Args:
        database: its file.
        kept: whether there is one.
        messages: how many are in it.
        node: the name of a cluster's node, whose history gets what it lacks from now on.
    """
    if not kept:
        where = "no history is kept"
    elif database is not None and node:
        where = f"node {node}, history in {_with_tilde(database)}"
    elif database is None:
        where = "history in memory only, gone when the server stops"
    else:
        noun = "message" if messages == 1 else "messages"
        where = f"history in {_with_tilde(database)} ({messages:,} {noun})"
    return f"asyncchat {__version__}, {where}\n"


def who_can_join(addresses: Sequence[Address], *, encrypted: bool = False) -> str:
    """From where people can join, and whether others can listen; ``encrypted``: the server takes TLS."""
    if all(address.path or is_local(address.host) for address in addresses):
        return "Only this machine can join. For your network: asyncchat serve --lan\n"
    if all(address.tls or address.path for address in addresses):
        return "Whoever reaches these addresses can join; all is encrypted.\n"
    what = "only TLS is encrypted" if encrypted else "nothing is encrypted"
    if any(address.insecure for address in addresses):
        return f"Whoever reaches these addresses can join; {what}.\n"
    if encrypted:
        return f"Whoever reaches these addresses can join, from outside over TLS; {what}.\n"
    return f"Whoever reaches these addresses from a private network can join; {what}.\n"


def owner_line(code: str) -> str:
    """How to become an operator of the server."""
    return f"You moderate with: /owner {code}   (IRC clients: /oper owner {code})\n"


def _with_tilde(path: Path) -> str:
    absolute = path.absolute()
    try:
        return str(Path("~") / absolute.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(absolute)
