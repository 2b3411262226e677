"""What a server is told to do: one frozen object, each option stated once.

Owns the options and their defaults; flags are made of it in ``cli``, a file and the environment come later.
"""

import os
import sys
from pathlib import Path
from typing import Literal

import msgspec


class ServeConfig(msgspec.Struct, frozen=True):
    """All options of ``asyncchat serve``."""

    host: str = "127.0.0.1"
    """Empty where the listeners below are all."""
    port: int = 1234
    """0 takes any free one."""
    listen: tuple[str, ...] = ()
    """More listeners, as URLs."""
    lan: bool = False
    """Listen on all private addresses of this machine."""
    db: str = ""
    """The history's file, ``:memory:``, or empty for the default in the user's state directory."""
    no_history: bool = False
    name: str = "asyncchat.local"
    """The server's name, as IRC shows it."""
    motd: str = ""
    """A file with the message of the day."""
    no_limits: bool = False
    log_level: str = "info"
    log_format: str = "text"
    durable: Literal["process", "power"] = "process"
    """What a commit survives: the death of the ``process``, or also loss of ``power``."""


def state_directory() -> Path:
    """Where this user's programs keep state (XDG Base Directory; its counterparts on macOS and Windows)."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "asyncchat" if base else Path.home() / "AppData" / "Local" / "asyncchat"
    base = os.environ.get("XDG_STATE_HOME", "")
    # The specification: a relative path is invalid and to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "asyncchat"


def database_path(config: ServeConfig) -> Path | None:
    """The history's file, or None when nothing is kept in one."""
    if config.no_history or config.db == ":memory:":
        return None
    return Path(config.db).expanduser() if config.db else state_directory() / "chat.db"
