"""systemd: what a service says to it, and the sockets that it hands over (sd_notify(3), sd_listen_fds(3)).

Owns the variables of the environment and the datagrams. Without systemd it does nothing. Must not know the
server.
"""

import asyncio
import logging
import os
import socket
import time

from asyncchat.errors import Misuse
from asyncchat.server.addresses import Address, prepare_tcp

_logger = logging.getLogger("asyncchat.server")

FIRST_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START."""

_SOCKETS = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", *_SOCKETS)
"""What is for the process that systemd started, and not for those that it starts."""

TLS_NAME = "tls"
"""The name of a socket (``FileDescriptorName=``) on which only TLS is taken."""


def notify(*lines: str) -> None:
    """Tells systemd how the service is: ``READY=1``, ``STATUS=…``."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(f"\0{name[1:]}" if name[0] == "@" else name)
            sender.send("\n".join(lines).encode())
    except OSError as error:
        _logger.warning("systemd can't be told %s: %s", lines[0], error)


def notify_reload(running: bool) -> None:
    """Tells systemd that a reload begins, or that it has ended."""
    if running:
        notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
    else:
        notify("READY=1")


def watchdog_seconds() -> float:
    """Within how many seconds systemd wants a sign of life; 0: it wants none."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not wanted.isdecimal():
        return 0.0
    return int(wanted) / 1_000_000


async def keep_alive() -> None:
    """Gives signs of life, until cancelled. They come from the loop: one that hangs gives none."""
    seconds = watchdog_seconds()
    while seconds:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds / 3)


def offered() -> bool:
    """Whether systemd hands over listening sockets."""
    is_ours = os.environ.get("LISTEN_PID", "") == str(os.getpid())
    return is_ours and os.environ.get("LISTEN_FDS", "").isdecimal()


def inherited() -> list[tuple[Address, list[socket.socket]]]:
    """The listening sockets that systemd hands over, once; empty: there are none.

    Raises:
        Misuse: one of them can't be listened on.
    """
    has_some = offered()
    asked = {name: os.environ.pop(name, "") for name in _SOCKETS}
    if not has_some:
        return []
    names = asked["LISTEN_FDNAMES"].split(":")
    found = []
    for number in range(int(asked["LISTEN_FDS"])):
        listener = socket.socket(fileno=FIRST_DESCRIPTOR + number)
        listener.set_inheritable(False)
        listener.setblocking(False)
        is_tls = number < len(names) and names[number] == TLS_NAME
        try:
            found.append((_address_of(listener, is_tls), [listener]))
        except Misuse:
            listener.close()
            raise
    return found


def _address_of(listener: socket.socket, is_tls: bool) -> Address:
    """Where a socket listens."""
    name = listener.getsockname()
    if listener.type == socket.SOCK_STREAM and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        if listener.family == socket.AF_UNIX:
            return Address(path=name)
        if listener.family in (socket.AF_INET, socket.AF_INET6):
            prepare_tcp(listener)
            return Address(name[0], name[1], tls=is_tls)
    if listener.type == socket.SOCK_DGRAM and listener.family in (socket.AF_INET, socket.AF_INET6):
        return Address(name[0], name[1], udp=True)
    raise Misuse(
        "systemd hands over a socket on which no clients are taken: use ListenStream= with Accept=no, or "
        "ListenDatagram= with a port"
    )
