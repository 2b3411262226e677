"""The banner of ``serve``: where the server listens, and how to join it.

Owns the wording. The answer to ``curl`` uses the same lines.
"""

from collections.abc import Sequence
from pathlib import Path

import segno

from asyncchat.core.names import LOBBY
from asyncchat.server.addresses import Address, bracketed, is_local, is_wildcard, own_addresses
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
        found.extend(Address(host, address.port, udp=address.udp) for host in hosts or ["127.0.0.1"])
    return list(dict.fromkeys(found))


def listening(addresses: Sequence[Address]) -> str:
    """The first lines, one for each address; scripts read them."""
    return "".join(f"Listening on {address}\n" for address in addresses)


def best(addresses: Sequence[Address]) -> Address:
    """The address to tell others: one that other machines can reach, if there is any."""
    tcp = [address for address in addresses if not address.path and not address.udp]
    return next((address for address in tcp if not is_local(address.host)), (tcp or list(addresses))[0])


def how_to_join(address: Address, udp: Address | None = None, *, locked: bool = False) -> str:
    """The lines on how to join, also over UDP where there is an address; ``locked``: a password is needed."""
    needed = "A password is needed to join.\n" if locked else ""
    if udp is not None:
        needed = f"  over UDP       asyncchat join {udp} --nick NAME\n{needed}"
    if address.udp:
        return f"Join {LOBBY} with\n{needed}"
    if address.path:
        return f"Join {LOBBY} with\n  nc             nc -U {address.path}\n{needed}"
    host, port = bracketed(address.host), address.port
    return (
        f"Join {LOBBY} with\n"
        f"  nc             nc {address.host} {port}\n"
        f"  our client     asyncchat join {host}:{port} --nick NAME\n"
        f"  an IRC client  irc://{host}:{port}/{LOBBY[1:]}   (no TLS)\n"
        f"  a browser      {page(address)}\n"
        f"{needed}"
    )


def root(address: Address) -> str:
    """The address of the page."""
    return f"http://{bracketed(address.host)}:{address.port}/"


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


def history_line(database: Path | None, *, kept: bool, messages: int) -> str:
    """The version, and where the history is kept."""
    if not kept:
        where = "no history is kept"
    elif database is None:
        where = "history in memory only, gone when the server stops"
    else:
        noun = "message" if messages == 1 else "messages"
        where = f"history in {_with_tilde(database)} ({messages:,} {noun})"
    return f"asyncchat {__version__}, {where}\n"


def who_can_join(addresses: Sequence[Address]) -> str:
    """From where people can join."""
    if all(address.path or is_local(address.host) for address in addresses):
        return "Only this machine can join. For your network: asyncchat serve --lan\n"
    return "Whoever reaches these addresses can join; nothing is encrypted.\n"


def owner_line(code: str) -> str:
    """How to become an operator of the server."""
    return f"You moderate with: /owner {code}   (IRC clients: /oper owner {code})\n"


def _with_tilde(path: Path) -> str:
    absolute = path.absolute()
    try:
        return str(Path("~") / absolute.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(absolute)
