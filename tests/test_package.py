"""What is installed, as seen by those who depend on it."""

from importlib import metadata, resources

import asyncchat


def test_version_has_one_source():
    assert metadata.version("asyncchat") == asyncchat.__version__


def test_types_are_offered():
    assert resources.files(asyncchat).joinpath("py.typed").is_file()


def test_script_starts_the_command_line():
    (script,) = metadata.entry_points(group="console_scripts", name="asyncchat")
    assert script.value == "asyncchat.cli:main"
