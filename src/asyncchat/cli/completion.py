"""``asyncchat completion``: prints the script with which a shell completes commands and options."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: add to ~/.bashrc    eval "$(asyncchat completion bash)"
    zsh: add to ~/.zshrc      eval "$(asyncchat completion zsh)"
    fish:                     asyncchat completion fish > ~/.config/fish/completions/asyncchat.fish
    """
    from click.shell_completion import get_completion_class

    from asyncchat.cli import main

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    click.echo(kind(main, {}, "asyncchat", "_ASYNCCHAT_COMPLETE").source())
