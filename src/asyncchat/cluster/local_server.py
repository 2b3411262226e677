"""A server of NATS that one program starts for itself on this machine.

Owns its configuration, and where its data is. Must not need the library of NATS, nor know who runs it.
"""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

PORTS = range(20_000, 32_000)
"""Below those that systems give to connections: its port is still free when it is started again."""

READY = "Server is ready"
"""It writes this when it can be used."""

_USER = "asyncchat"
_FILE = "nats.conf"

_CONFIG = """\
# Written at each start by asyncchat serve --workers.
server_name: asyncchat
listen: "127.0.0.1:{port}"
authorization {{ user: {user}, password: "{password}" }}
jetstream {{ store_dir: "data", {sync} }}
"""


class LocalServer:
    """What such a server is started with.

    Args:
        program: the path of nats-server.
        folder: where it keeps its data, for its owner only.
        syncs: whether each write is on the disk before it is acknowledged.

    Raises:
        OSError: the folder can't be made.
    """

    def __init__(self, program: str, folder: Path, *, syncs: bool) -> None:
        password = secrets.token_urlsafe(24)
        port = _free_port()
        self.folder = folder
        self.command = [program, "--config", _FILE]
        """To be run in the folder."""
        self.url = f"nats://{_USER}:{password}@127.0.0.1:{port}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync = "sync_interval: always" if syncs else ""
        text = _CONFIG.format(port=port, user=_USER, password=password, sync=sync)
        file = folder / _FILE
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as sink:
            sink.write(text)


def _free_port() -> int:
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", secrets.choice(PORTS)))
            return int(probe.getsockname()[1])
