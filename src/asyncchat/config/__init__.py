"""What a server is told to do, and where that was said: file < environment < flags.

Owns the options (``options``, one table), how they are read (``sources``) and passwords as they are written
down (``passwords``). It must not know the server nor the command line.
"""

from asyncchat.config.errors import ConfigError, ConfigUnreadable
from asyncchat.config.options import (
    Operator,
    ServeConfig,
    database_path,
    state_directory,
)
from asyncchat.config.sources import Effective, Sources, exposed
from asyncchat.core.settings import RoomSetting

__all__ = [
    "ConfigError",
    "ConfigUnreadable",
    "Effective",
    "Operator",
    "RoomSetting",
    "ServeConfig",
    "Sources",
    "database_path",
    "exposed",
    "state_directory",
]
