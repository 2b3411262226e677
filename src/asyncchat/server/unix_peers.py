"""The users behind Unix sockets: the kernel knows which user of the machine has connected.

Owns which account that is, by the option ``unix_accounts``. Must not know sessions.
"""

import socket
import struct
from functools import lru_cache
from typing import Any

_CREDENTIALS = struct.Struct("3i")
"""Process, user and group of the peer (unix(7), SO_PEERCRED)."""


def account_of_peer(connection: Any, stated: tuple[str, ...]) -> str:
    """The account of the user at the other end of a connection; empty: none, or another kind of connection.

    Args:
        connection: the socket, as asyncio gives it; None: the connection is gone.
        stated: ``USER``, ``USER=ACCOUNT``, or ``*`` for all other users; the first that fits counts. A user
            is a name or a number; without an account the user's name is the account's.
    """
    family = getattr(socket, "AF_UNIX", None)
    if not stated or connection is None or connection.family != family or not hasattr(socket, "SO_PEERCRED"):
        return ""
    try:
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:  # it is gone
        return ""
    return _account_of(_CREDENTIALS.unpack(found)[1], stated)


@lru_cache(1024)
def _account_of(uid: int, stated: tuple[str, ...]) -> str:
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name  # asked once a user: it may read a file
    except KeyError:
        name = str(uid)
    for one in stated:
        user, _, account = one.partition("=")
        if user in (name, str(uid), "*"):
            return account or name
    return ""
