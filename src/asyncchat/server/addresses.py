"""Addresses: listener URLs, listening sockets, and the machine's own addresses.

Owns their grammar, and which addresses are local. Must not know sessions.
"""

import errno
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from asyncchat.errors import AsyncChatError

LOCALHOST = "localhost"
"""The address, and the cloak, of a client on a Unix socket; the cloak of every local client."""

UNIX = "unix"
"""Stands for the clients on Unix sockets in a list of networks."""

DEFAULT_PORT = 1234
"""The original's port."""

TLS_PORT = 6697
"""That of IRC over TLS (RFC 7194)."""

BACKLOG = 4096
"""Connections that may wait to be accepted, as after a power cut (the kernel has a limit: somaxconn)."""

SEND_BUFFER = 131_072
"""SO_SNDBUF of a connection (Linux doubles it). Otherwise the kernel would hide a stall of up to 4 MB."""

RECEIVE_BUFFER = 65_536
"""SO_RCVBUF of a connection (Linux doubles it). Otherwise the kernel would hold up to 6 MB of a flood."""

UDP_BUFFER = 1_048_576
"""SO_RCVBUF and SO_SNDBUF of a UDP socket (Linux allows 212,992 unless net.core.rmem_max is more)."""

KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 60, 20, 3
"""TCP keep-alive, for clients without PING: seconds of silence, seconds between probes, number of probes."""

USER_TIMEOUT = 60
"""Seconds after which sent bytes that are not acknowledged end a connection (TCP_USER_TIMEOUT, RFC 5482)."""


class ListenError(AsyncChatError):
    """A listener can't be opened; the text says what to do."""


class Address(msgspec.Struct, frozen=True):
    """One place to listen: a host and port, of TCP (or only TLS) or UDP, or the path of a unix socket.

    ``mode``: who may connect to the socket, as ``chmod`` has it; None: as the process makes files.
    ``insecure``: plain text is taken from everywhere, not from private networks only.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    udp: bool = False
    tls: bool = False
    mode: int | None = None
    insecure: bool = False

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}" + ("" if self.mode is None else f"?mode={self.mode:o}")
        scheme = "udp" if self.udp else "tls" if self.tls else "tcp"
        return f"{scheme}{_INSECURE if self.insecure else ''}://{bracketed(self.host)}:{self.port}"


_INSECURE = "+insecure"


def bracketed(host: str) -> str:
    """The host as a URL has it."""
    return f"[{host}]" if ":" in host else host


def parse_listener(url: str) -> Address:
    """Reads ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``udp://HOST:PORT`` or ``unix:///PATH``.

    ``tcp+insecure`` and ``udp+insecure`` take plain text from everywhere.

    Raises:
        ValueError: it is none of them; the text says why.
    """
    parts = urlsplit(url if "://" in url else f"tcp://{url}")
    if parts.scheme == "unix":
        if parts.netloc or not parts.path:
            raise ValueError(f"{url} names no path: unix:///run/asyncchat.sock")
        mode = re.fullmatch(r"(?:mode=([0-7]{3,4}))?", parts.query)
        if mode is None:
            raise ValueError(f"{url} has more than a path and a mode: unix:///run/asyncchat.sock?mode=660")
        return Address(path=parts.path, mode=int(mode[1], 8) if mode[1] else None)
    scheme = parts.scheme.removesuffix(_INSECURE)
    if scheme not in ("tcp", "tls", "udp") or parts.scheme == f"tls{_INSECURE}":
        raise ValueError(
            f"{parts.scheme}:// is no listener; use tcp://, tls:// or udp://HOST:PORT, or unix:///PATH"
        )
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{url} has no port between 0 and 65535") from None
    if parts.path or parts.query or parts.username is not None:
        raise ValueError(f"{url} has more than a host and a port")
    usual = TLS_PORT if scheme == "tls" else DEFAULT_PORT
    port = usual if port is None else port
    host = parts.hostname or "127.0.0.1"
    return Address(
        host, port, udp=scheme == "udp", tls=scheme == "tls", insecure=parts.scheme.endswith(_INSECURE)
    )


_TRIES = 8
"""How often the system may choose a port: the port may be in use at one of the other addresses."""


def open_listener(address: Address) -> list[socket.socket]:
    """Binds a listener: one socket, or several where a host name has several addresses.

    Raises:
        ListenError: the port is in use, the host is not this machine's, it is not allowed, …
    """
    if address.path:
        return [_open_unix(address)]
    try:
        found = socket.getaddrinfo(
            address.host,
            address.port,
            type=socket.SOCK_DGRAM if address.udp else socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV,
        )
    except socket.gaierror as error:
        raise ListenError(f"There is no address for the host {address.host}: {error.strerror}") from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, where in found:
            if sockets and address.port == 0:
                where = (where[0], sockets[0].getsockname()[1], *where[2:])  # one port for all of them
            open_one = _open_udp if address.udp else _open_tcp
            sockets.append(open_one(family, kind, protocol, where))
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise ListenError(_refusal(address, error)) from error
    return sockets


def open_on_one_port(wanted: Sequence[Address]) -> list[tuple[Address, list[socket.socket]]]:
    """Binds listeners that have the same port, also where the system is to choose it (port 0).

    Raises:
        ListenError: as ``open_listener``.
    """
    for tries_left in reversed(range(_TRIES)):
        opened: list[tuple[Address, list[socket.socket]]] = []
        try:
            for address in wanted:
                port = opened[0][1][0].getsockname()[1] if opened else address.port
                one = msgspec.structs.replace(address, port=port)
                opened.append((one, open_listener(one)))
        except ListenError:
            for _address, sockets in opened:
                for listener in sockets:
                    listener.close()
            if not tries_left or wanted[0].port or not opened:
                raise
        else:
            break
    return opened


def share(family: int, where: tuple[object, ...]) -> socket.socket:
    """Binds one more TCP socket of those that share a port. Linux spreads connections over those that listen.

    It listens when it is told to: else it would get connections that nobody accepts.

    Raises:
        ListenError: somebody else has the port.
    """
    try:
        return _open_tcp(family, socket.SOCK_STREAM, 0, where, shared=True)
    except OSError as error:
        address = Address(str(where[0]), int(str(where[1])))
        raise ListenError(_refusal(address, error)) from error


def hold(shared: socket.socket) -> None:
    """Has a shared socket keep the port for those that share it, also while none of them listens."""
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)


def _open_tcp(
    family: int, kind: int, protocol: int, where: tuple[object, ...], *, shared: bool = False
) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # On Windows the option means that two servers may share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        prepare_tcp(listener)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(where)
        if not shared:
            listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _open_udp(family: int, kind: int, protocol: int, where: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # One socket for all: a burst of many clients must wait in the kernel, not be lost there.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UDP_BUFFER)
        listener.bind(where)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def prepare_tcp(listener: socket.socket) -> None:
    """Sets what accepted connections inherit: no delay, bounded buffers, TCP keep-alive."""
    options = [
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    ]
    named = (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL),
        ("TCP_KEEPCNT", KEEPALIVE_COUNT),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT * 1000),
    )
    options += [
        (socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in named if hasattr(socket, name)
    ]
    for level, option, value in options:
        listener.setsockopt(level, option, value)


def _open_unix(address: Address) -> socket.socket:
    path = Path(address.path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
                if other.connect_ex(address.path) == 0:
                    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            path.unlink()  # left behind by a server that was killed
        if address.mode is None:
            listener.bind(address.path)
        else:
            before = os.umask(0o777)  # nobody can connect before the mode is set
            try:
                listener.bind(address.path)
            finally:
                os.umask(before)
            path.chmod(address.mode)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"Can't listen on {address}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


def unlink(addresses: Iterable[Address]) -> None:
    """Removes the paths of unix listeners that were closed."""
    for address in addresses:
        if address.path:
            Path(address.path).unlink(missing_ok=True)


def _refusal(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        holder = "" if address.udp else _holder(address.port)
        other = address.port + 1 if address.port < 65535 else DEFAULT_PORT
        option = f"--port {other}"
        if address.udp:
            option = f"--listen {msgspec.structs.replace(address, port=other)}"
        return f"Port {address.port} is in use{holder}. Choose another: {option}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address.host} is not an address of this machine. For all its addresses: --host 0.0.0.0"
    if error.errno == errno.EACCES:
        return (
            f"Port {address.port} is not allowed for this user. Choose one from 1024: --port {DEFAULT_PORT}"
        )
    return f"Can't listen on {address}: {error.strerror}"


def _holder(port: int) -> str:
    """`` (pid N, NAME)`` of the process that listens there, if this user may see it (Linux)."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):
                return f" (pid {process.name}, {_program(process)})"
        except OSError:
            continue  # another user's, or gone meanwhile
    return ""


def _program(process: Path) -> str:
    words = (process / "cmdline").read_bytes().split(b"\0")
    for word in words[:4]:
        name = Path(word.decode("utf-8", "replace")).name
        if name == "asyncchat":
            return name
    return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()


def is_wildcard(host: str) -> bool:
    """Whether a host stands for all addresses of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def is_local(host: str) -> bool:
    """Whether an address is this machine's own: a loopback address, or ``LOCALHOST``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == LOCALHOST


_CARRIER = ipaddress.ip_network("100.64.0.0/10")


@lru_cache(maxsize=1024)
def is_private(address: str) -> bool:
    """Whether a connection from there stays within a private network, so that nobody can listen."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True  # a Unix socket
    # A carrier's own (RFC 6598) is also what Tailscale and other private networks over the internet use.
    return found.is_private or found.is_loopback or found.is_link_local or found in _CARRIER


def parse_address(text: str) -> str:
    """An address as this server writes it: an IPv4 address in IPv6 is that of IPv4; empty: it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return "" if "%" in text else str(mapped or found)


@lru_cache(maxsize=1024)
def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is in one of these networks; ``UNIX`` stands for all clients on Unix sockets."""
    if address == LOCALHOST:
        return UNIX in networks
    found = ipaddress.ip_address(address.partition("%")[0])
    return any(found in _network(network) for network in networks if network != UNIX)


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def own_addresses() -> list[str]:
    """This machine's addresses by which others can reach it, best guess first."""
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # No packet is sent: connecting a UDP socket only asks the routing table (RFC 5737, RFC 3849 targets).
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            if probe.connect_ex((target, 9)) == 0:
                found.append(probe.getsockname()[0])
    try:
        named = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        named = []
    found.extend(str(entry[4][0]) for entry in named)
    found.extend(_interface_addresses())
    return [host for host in dict.fromkeys(found) if not is_local(host) and "%" not in host]


def _interface_addresses() -> list[str]:
    """IPv4 addresses of the interfaces (Linux)."""
    try:
        import fcntl

        names = [name for _, name in socket.if_nameindex()]
    except (ImportError, OSError):
        return []
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for name in names:
            try:
                # SIOCGIFADDR (netdevice(7)): the address stands at bytes 20 to 24 of struct ifreq.
                answer = fcntl.ioctl(probe, 0x8915, name.encode()[:15].ljust(256, b"\0"))
            except OSError:
                continue  # an interface without an IPv4 address
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def private_addresses() -> list[str]:
    """This machine's private addresses and its loopback: where ``--lan`` listens."""
    private = [host for host in own_addresses() if ipaddress.ip_address(host).is_private]
    return ["127.0.0.1", *private]
