"""The command ``asyncchat``: finds its subcommands, and turns a failure in one into a line and an exit code.

A module of this folder is a subcommand: ``serve.py`` with a click command named ``command`` is
``asyncchat serve``; one whose name is a word of Python, as ``import_.py``, ends with an underscore. Other
modules begin with one. A subcommand's module is imported when it is called, so that ``asyncchat join`` starts
without the server. This module must not know what a subcommand does.
"""

import errno
import pkgutil
import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from asyncchat.cli._help import Group
from asyncchat.errors import AsyncChatError
from asyncchat.version import __version__

# What a shell reports for a program that SIGINT (2) ended: 128 + 2.
EXIT_INTERRUPTED = 130


def module_of(command: str) -> str:
    """The name of a subcommand's module."""
    return f"{command}_" if iskeyword(command) else command.replace("-", "_")


class CommandGroup(Group):
    """A click group whose subcommands are the modules of this package, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all subcommands, without importing one."""
        modules = (module.name for module in pkgutil.iter_modules(__path__))
        found = {name.rstrip("_").replace("_", "-") for name in modules if not name.startswith("_")}
        return sorted(found | set(super().list_commands(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of this name, importing its module."""
        if (registered := super().get_command(ctx, cmd_name)) is not None:
            return registered
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{__name__}.{module_of(cmd_name)}")
        command: click.Command = module.command
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; a full disk behind its output becomes one line, too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            click.echo(f"Error: nothing more can be written: {error.strerror}", err=True)
            sys.stdout = None  # else Python writes the rest at its end, and fails again
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; a failure in it becomes one line on standard error and an exit code.

        Misuse exits 2, as click's does, a failure 1, Ctrl-C 130. When the reader of standard output is gone,
        as in ``asyncchat … | head``, the program exits 1 without a message. click does that, but only if the
        buffer is flushed here and not when the interpreter ends.
        """
        try:
            result = super().invoke(ctx)
            output = getattr(sys, "stdout", None)  # None where it was closed before the start
            if output is not None:
                output.flush()
        except AsyncChatError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo(err=True)  # the shell's prompt goes below the terminal's "^C"
            ctx.exit(EXIT_INTERRUPTED)
        return result


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="asyncchat", message="%(prog)s %(version)s")
def main() -> None:
    """One chat server that anyone joins with what they already have."""
