"""Each command of the command line has a help text and is in the documentation."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from asyncchat.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands below this one, with the words that call them."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, *path, name)


COMMANDS = dict(commands(main, "asyncchat"))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_and_its_options_have_help(words):
    command = COMMANDS[words]
    assert command.help
    assert command.get_short_help_str()
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_documented(words):
    if not PAGES[0].exists():
        pytest.skip("without the tree there is no documentation")
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert any(words in text for text in texts), f"{words} is neither in README.md nor in docs/*.md"
