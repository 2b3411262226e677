"""The path of a history's control socket, and a socket address for a path of any length.

Both ends of the socket use it.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 103
"""The longest path in an address: ``sun_path`` has 104 bytes on macOS, 108 on Linux, with a NUL."""

_DESCRIPTORS = Path("/proc/self/fd")
"""A process's open files on Linux. Elsewhere a long path needs a moment in its folder."""


def supported() -> bool:
    """Whether this system has Unix sockets; Python on Windows has none."""
    return hasattr(socket, "AF_UNIX")


def socket_path(database: Path) -> Path:
    """The control socket beside a database; all paths of one file give the same one."""
    real = database.expanduser().resolve()
    return real.with_name(f"{real.name}-control")


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """An address of a path, valid while the block runs; the path may be too long for an address.

    Raises:
        OSError: the folder is not there, or the name alone is too long.
    """
    if len(os.fsencode(path)) <= MOST_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        through = _DESCRIPTORS / str(folder)
        if through.is_dir():
            yield str(through / path.name)
        else:
            before = os.open(".", os.O_RDONLY)
            try:
                os.chdir(folder)
                yield path.name
            finally:
                os.chdir(before)
                os.close(before)
    finally:
        os.close(folder)
