"""The flags of ``asyncchat serve``, made from the table of options, and the configuration of a call.

Owns how an option looks on the command line; its names and values are the table's (``config.options``).
"""

import os
from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
import msgspec

from asyncchat.config.options import Row, table
from asyncchat.config.sources import Effective, Sources
from asyncchat.errors import Misuse
from asyncchat.server.addresses import parse_listener

F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "file",
    metavar="FILE",
    help="Take options from this TOML file; the environment and flags override it.",
)
"""``--config FILE``."""


def serve_options(command: F) -> F:
    """Adds a flag for each option of the table that has one."""
    for row in reversed(table()):
        if row.flag:
            command = _flag(row)(command)
    return config_option(command)


def sources(context: click.Context, file: str | None) -> Sources:
    """The sources of this call: its flags, the environment, and the file."""
    given = {
        field: value
        for field, value in context.params.items()
        if field != "file" and context.get_parameter_source(field) is click.core.ParameterSource.COMMANDLINE
    }
    return Sources(file, os.environ, given)


def loaded(source: Sources) -> Effective:
    """What the sources give.

    Raises:
        Misuse: an option is not valid.
    """
    effective = source.load()
    for url in effective.config.listen:
        try:
            parse_listener(url)
        except ValueError as error:
            raise Misuse(f"{effective.origins['listen']}: {error}") from error
    return effective


def _flag(row: Row) -> Callable[[F], F]:
    shown = f"{row.option.help}{_default(row)}"
    if row.is_switch:
        # The flag gives the opposite of the default.
        return click.option(
            row.flag, row.field, is_flag=True, flag_value=not row.default, default=None, help=shown
        )
    kind: Any = str
    inner = get_args(row.type)[0]
    if get_origin(inner) is Literal:
        kind = click.Choice(list(get_args(inner)))
    elif inner is int:
        bounds = next(part for part in get_args(row.type) if isinstance(part, msgspec.Meta))
        kind = click.IntRange(int(bounds.ge or 0), int(bounds.le or 0))
    several = isinstance(row.default, tuple)
    return click.option(
        row.flag, row.field, type=kind, multiple=several, metavar=row.option.metavar or None, help=shown
    )


def _default(row: Row) -> str:
    return f"  [default: {row.default}]" if row.default and not row.is_switch else ""
