"""Which history a command beside a server means: ``--db``, the environment, ``--config``, the default.

Owns these two options; what is done with the file is the command's. It must load no part of the server.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from asyncchat.cli._misuse import Misuse
from asyncchat.config import ConfigError, Sources, database_path

F = TypeVar("F", bound=Callable[..., Any])


def database_options(command: F) -> F:
    """Adds ``--db`` and ``--config``, the parameters ``db`` and ``config``."""
    command = click.option("--config", metavar="FILE", help="Take it from the server's configuration.")(
        command
    )
    return click.option("--db", metavar="FILE", help="The history of the server that is meant.")(command)


def named_database(db: str | None, config: str | None) -> Path:
    """The history that these options and the environment name.

    Raises:
        Misuse: there is no file that they name.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("ASYNCCHAT_")}
    try:
        options = Sources(config, environment, {} if db is None else {"db": db}).load().config
    except ConfigError as error:
        raise Misuse(str(error)) from error
    path = database_path(options)
    if path is None:
        raise Misuse("A server that keeps no file of history can't be reached so. Name a file: --db FILE")
    return path
