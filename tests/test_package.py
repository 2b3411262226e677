"""What is installed, as seen by those who depend on it."""

import ast
from importlib import metadata, resources
from pathlib import Path

import asyncchat


def test_version_has_one_source():
    assert metadata.version("asyncchat") == asyncchat.__version__


def test_types_are_offered():
    assert resources.files(asyncchat).joinpath("py.typed").is_file()


def test_script_starts_the_command_line():
    (script,) = metadata.entry_points(group="console_scripts", name="asyncchat")
    assert script.value == "asyncchat.cli:main"


def test_each_public_name_is_loaded_and_known_to_type_checkers():
    tree = ast.parse(Path(asyncchat.__file__).read_text("utf-8"))
    (types_only,) = (node for node in tree.body if isinstance(node, ast.If))
    offered = {
        alias.name: f"{node.module}.{alias.name}"
        for node in types_only.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    loaded = {name: f"{module}.{name}" for name, module in asyncchat._LAZY.items()}
    assert offered == loaded
    assert all(getattr(asyncchat, name) is not None for name in asyncchat.__all__)
    assert set(asyncchat.__all__) <= set(dir(asyncchat))
