"""The command itself: what it finds, what it loads, and how failures look from outside."""

import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from asyncchat import __version__
from asyncchat.cli import CommandGroup, main
from asyncchat.cli._help import SectionedCommand
from asyncchat.errors import AsyncChatError

COMMANDS = main.list_commands(click.Context(main))


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asyncchat", *args], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def group():
    """A group as `main` is one, with a subcommand for each way to fail."""

    @click.group(cls=CommandGroup)
    def failing():
        pass

    @failing.command()
    def fail():
        raise AsyncChatError("Port 1234 is in use. Choose another: --port 1235")

    @failing.command()
    def misuse():
        raise click.UsageError("--port needs a number")

    @failing.command()
    def interrupt():
        raise KeyboardInterrupt

    @failing.command()
    def bug():
        raise ZeroDivisionError

    return failing


def test_version_is_printed():
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"asyncchat {__version__}\n", "")


@pytest.mark.parametrize("args", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_h_is_help_everywhere(args):
    short, long = CliRunner().invoke(main, [*args, "-h"]), CliRunner().invoke(main, [*args, "--help"])
    assert short.exit_code == 0, short.stderr
    assert short.stdout.startswith("Usage: ")
    assert short.stdout == long.stdout


def test_help_names_each_command():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_module_of_a_command_has_it_under_its_name_with_a_help_text(name):
    command = import_module(module_of(name)).command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def test_version_loads_no_command():
    assert loaded_by("--version") & {"asyncio", *map(module_of, COMMANDS)} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_command_loads_no_other_command(name):
    others = {module_of(other) for other in COMMANDS if other != name}
    assert loaded_by(name, "--help") & others == set()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (name, part)
        for name, part in [
            ("join", "server"),
            ("bench", "server"),
            ("serve", "client"),
            ("serve", "bench"),
            ("account", "server"),
            ("account", "client"),
            ("audit", "server"),
            ("audit", "client"),
            ("say", "server"),
            ("tail", "config"),
        ]
        if name in COMMANDS
    ],
)
def test_command_starts_without_what_it_never_needs(name, part):
    loaded = loaded_by(name, "--help")
    assert [module for module in loaded if f"{module}.".startswith(f"asyncchat.{part}.")] == []


def module_of(command: str) -> str:
    return f"asyncchat.cli.{command.replace('-', '_')}{'_' * iskeyword(command)}"


@cache
def loaded_by(*args: str) -> set[str]:
    """Return the modules that are loaded after the command has run in a new interpreter."""
    code = (
        "import sys; from asyncchat.cli import main; main(sys.argv[1:], standalone_mode=False);"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split("\n"))


def test_failure_is_one_line_on_stderr_and_1(group):
    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == 1
    assert result.stderr == "Error: Port 1234 is in use. Choose another: --port 1235\n"
    assert result.stdout == ""


def test_misuse_is_2(group):
    result = CliRunner().invoke(group, ["misuse"])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Error: --port needs a number"


def test_unknown_command_and_option_are_misuse():
    for word in ("nonesuch", "--nonesuch", "__init__", "_private"):
        done = run(word)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert word in done.stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("srve", "Did you mean serve?"),
        ("token lst", "Did you mean list?"),
        ("qqq", "No such command 'qqq'.\n"),
    ],
)
def test_a_mistyped_command_is_told_which_was_meant(typed, words):
    done = CliRunner().invoke(main, typed.split())
    assert done.exit_code == 2
    assert words in done.stderr


def test_no_summary_is_cut_off():
    helps = [CliRunner().invoke(main, [*words, "--help"]).output for words in ([], ["account"], ["token"])]
    lines = [line for text in helps for line in text.splitlines()[1:]]
    assert [line for line in lines if line.endswith(("...", "…"))] == []


@pytest.mark.parametrize("name", ["serve", "bench"])
def test_many_options_are_in_sections(name):
    command = main.get_command(click.Context(main), name)
    assert isinstance(command, SectionedCommand)
    listed = [one for names in command.sections.values() for one in names]
    options = {one.name for one in command.params if isinstance(one, click.Option)}
    assert len(listed) == len(set(listed))
    assert options - set(listed) <= {"file"}
    shown = CliRunner().invoke(main, [name, "--help"]).output
    assert [title for title in command.sections if f"\n{title}:\n" not in shown] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    script = CliRunner().invoke(main, ["completion", shell]).stdout
    assert "_ASYNCCHAT_COMPLETE" in script
    environment = {
        "_ASYNCCHAT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "asyncchat sa",
        "COMP_CWORD": "1",
    }
    if shell == "fish":
        environment["COMP_CWORD"] = "sa"
    done = CliRunner().invoke(main, [], env=environment, prog_name="asyncchat")
    assert "say" in done.output


def test_interrupt_is_130(group):
    result = CliRunner().invoke(group, ["interrupt"])
    assert result.exit_code == 130
    assert result.stderr.strip() == ""


def test_bug_keeps_its_traceback(group):
    assert isinstance(CliRunner().invoke(group, ["bug"]).exception, ZeroDivisionError)


@pytest.mark.parametrize("flush", [False, True])
def test_reader_that_left_ends_it_quietly(flush):
    code = f"""
import click, sys
from asyncchat.cli import CommandGroup

@click.group(cls=CommandGroup)
def group(): pass

@group.command()
def speak(): print("hello", flush={flush})

group(["speak"])
"""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--port", "0", "--db", ":memory:"]])
def test_a_full_disk_behind_the_output_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "asyncchat", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: nothing more can be written: No space left on device\n"
