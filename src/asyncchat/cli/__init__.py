"""The command ``asyncchat``: finds its subcommands, and turns what fails in one into a line and an exit code.

A module of this folder is a subcommand: ``serve.py`` with a click command named ``command`` is
``asyncchat serve``. Modules that are none begin with an underscore. A subcommand's module is imported when
it is called, so that ``asyncchat join`` starts without the server. What a subcommand does stays in it.
"""

import pkgutil
import sys
from importlib import import_module
from typing import Any

import click

from asyncchat import __version__
from asyncchat.errors import AsyncChatError

# What shells report for a program that SIGINT (2) ended: 128 + 2.
EXIT_INTERRUPTED = 130


class CommandGroup(click.Group):
    """A click group whose subcommands are the modules of this package, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all subcommands, without importing one."""
        modules = (module.name for module in pkgutil.iter_modules(__path__))
        found = {name.replace("_", "-") for name in modules if not name.startswith("_")}
        return sorted(found | set(super().list_commands(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of this name, importing its module."""
        if (registered := super().get_command(ctx, cmd_name)) is not None:
            return registered
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what fails in it becomes one line on standard error and an exit code.

        Misuse exits 2 (click's own), a failure 1, Ctrl-C 130. A reader of standard output that went away,
        as in ``asyncchat … | head``, ends the program with 1 and without a word: click sees to that, if what
        is still buffered meets the closed pipe here and not at the interpreter's end.
        """
        try:
            result = super().invoke(ctx)
            output = getattr(sys, "stdout", None)  # None where it was closed before the start
            if output is not None:
                output.flush()
        except AsyncChatError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo(err=True)  # the shell's prompt goes below the terminal's "^C"
            ctx.exit(EXIT_INTERRUPTED)
        return result


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="asyncchat", message="%(prog)s %(version)s")
def main() -> None:
    """One chat server that anyone joins with what they already have."""
