"""The history that a command beside a server uses: ``--db``, the environment, ``--config``, the default.

Owns these two options; what is done with the file is the command's. It must load no part of the server.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncchat.config.options import database_path
from asyncchat.config.sources import Sources
from asyncchat.errors import Misuse

F = TypeVar("F", bound=Callable[..., Any])


def database_options(command: F) -> F:
    """Adds ``--db`` and ``--config``, the parameters ``db`` and ``config``."""
    add_config = click.option(
        "--config", metavar="FILE", help="Take the history from this server configuration."
    )
    add_db = click.option("--db", metavar="FILE", help="The server's history.  [default: that of serve]")
    return add_db(add_config(command))


def named_database(db: str | None, config: str | None) -> Path:
    """The history that these options and the environment name.

    Raises:
        Misuse: they name no file.
    """
    flags = {} if db is None else {"db": db}
    path = database_path(Sources(config, os.environ, flags).load().config)
    if path is None:
        raise Misuse("This command needs a history in a file. Name it with --db FILE")
    return path
