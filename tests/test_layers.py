"""The house's order, read from the imports: what each part may import, as `RULES` has it.

Imports inside functions and under `if TYPE_CHECKING` count too: a part that needs the name knows the other.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import asyncchat

ROOT = Path(asyncchat.__file__).parent  # the installed package: on the wheel, what is shipped

LOOPS_AND_THREADS = {"_thread", "asyncio", "concurrent", "contextvars", "queue", "sched", "threading"}
NETWORK = {
    "http.client",
    "http.server",
    "select",
    "selectors",
    "socket",
    "socketserver",
    "ssl",
    "urllib.request",
}
MACHINE = {
    "ctypes",
    "fcntl",
    "getpass",
    "mmap",
    "multiprocessing",
    "platform",
    "resource",
    "signal",
    "subprocess",
}
FILES = {"glob", "os", "pathlib", "shutil", "sqlite3", "tempfile"}
CLOCK_AND_CHANCE = {"random", "secrets", "time", "uuid"}
ON_THE_SIDE = {"importlib", "logging", "syslog", "warnings"}
IMPURE = frozenset(LOOPS_AND_THREADS | NETWORK | MACHINE | FILES | CLOCK_AND_CHANCE | ON_THE_SIDE)
"""Standard modules that are out of bounds where a part must be pure."""

VALUES = {
    "datastructures",
    "exceptions",
    "extensions",
    "frames",
    "headers",
    "http11",
    "typing",
    "uri",
    "utils",
}
PROTOCOLS = {"client", "protocol", "server", "streams"}
SANS_IO_WEBSOCKETS = frozenset(f"websockets.{module}" for module in VALUES | PROTOCOLS)
"""The modules of `websockets` that turn bytes into values and back; the others open sockets or run loops."""


@dataclass(frozen=True)
class Rule:
    """What one part may import.

    Attributes:
        ours: the other parts of asyncchat; a part may always import itself, `FOR_ALL` and `__version__`.
        pure: whether standard modules in `IMPURE`, and third parties but `third_parties`, are out of bounds.
        third_parties: modules (with all below them) that a pure part may import nevertheless.
    """

    ours: frozenset[str] = frozenset()
    pure: bool = False
    third_parties: frozenset[str] = frozenset()


def parts(*names: str) -> frozenset[str]:
    return frozenset(names)


FOR_ALL = parts("errors")
APART = parts("dialects.irc", "dialects.plain")
"""Packages none of which imports another."""


RULES = {
    "core": Rule(pure=True, third_parties=parts("msgspec", "wcwidth")),
    "text": Rule(parts("core"), pure=True, third_parties=parts("msgspec")),
    "dialects": Rule(parts("core", "text"), pure=True, third_parties=SANS_IO_WEBSOCKETS | {"msgspec"}),
    "log": Rule(parts("core")),
    "config": Rule(parts("core")),
    "control": Rule(parts("core", "text", "log")),
    "server": Rule(parts("core", "text", "dialects", "log", "config", "control")),
    "client": Rule(parts("core", "text", "dialects")),
    "bench": Rule(parts("core", "text", "dialects")),
    "errors": Rule(pure=True),
    "cli": Rule(parts("core", "text", "dialects", "log", "config", "control", "server", "client", "bench")),
    "__main__": Rule(parts("cli")),
    "__init__": Rule(parts("core", "client")),  # the package's public names
}
"""One rule for each folder and module directly under asyncchat/."""


def part_of(path: str) -> str:
    """Return the part that a file belongs to; `path` is relative to the package, with slashes."""
    return path.split("/", 1)[0].removesuffix(".py")


def imported(source: str, path: str) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) for all that the source imports, relative imports resolved.

    `from a import b` yields `a.b`: whether b is a module or a name in one, its first words tell the part.
    """
    package = ["asyncchat", *path.split("/")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, node.module] if node.module else base
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def is_within(name: str, modules: frozenset[str]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def breaches(source: str, path: str) -> list[str]:
    """Return one line for each import that the rule of the file's part does not allow."""
    part = part_of(path)
    if part not in RULES:
        return [f"{path}: {part} has no rule"]
    rule = RULES[part]
    found = []
    for line, name in imported(source, path):
        top, _, below = name.partition(".")
        if top == "asyncchat":
            theirs = below.split(".", 1)[0]
            allowed = theirs in {"", "__version__", part} or theirs in rule.ours | FOR_ALL
            own = ".".join(path.split("/")[:2])
            allowed = allowed and not (own in APART and is_within(below, APART - {own}))
        elif not rule.pure:
            allowed = True
        elif top in sys.stdlib_module_names:
            allowed = not is_within(name, IMPURE)
        else:
            allowed = is_within(name, rule.third_parties)
        if not allowed:
            found.append(f"{path}:{line}: {part} must not import {name}")
    return found


SOURCES = sorted(file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES)
def test_imports_keep_to_the_design(path):
    assert breaches((ROOT / path).read_text("utf-8"), path) == []


@pytest.mark.parametrize(
    ("path", "source", "culprit"),
    [
        ("core/chat.py", "import asyncio", "asyncio"),
        ("core/chat.py", "import os.path", "os.path"),
        ("core/chat.py", "from time import monotonic", "time.monotonic"),
        ("core/chat.py", "def late():\n    import random", "random"),
        ("core/chat.py", "if TYPE_CHECKING:\n    from asyncchat.log import base", "asyncchat.log.base"),
        ("core/chat.py", "import click", "click"),
        ("core/deep/er.py", "from ...server import hub", "asyncchat.server.hub"),
        ("core/chat.py", "from .. import log", "asyncchat.log"),
        ("text/times.py", "from asyncchat.dialects.plain import Plain", "asyncchat.dialects.plain.Plain"),
        ("text/times.py", "from time import time", "time.time"),
        ("core/chat.py", "from asyncchat.text.times import Zone", "asyncchat.text.times.Zone"),
        (
            "dialects/irc/tokens.py",
            "from asyncchat.dialects.plain import Plain",
            "asyncchat.dialects.plain.Plain",
        ),
        ("dialects/irc/tokens.py", "from asyncchat import server", "asyncchat.server"),
        ("dialects/http.py", "import urllib.request", "urllib.request"),
        ("dialects/websocket.py", "import websockets", "websockets"),
        ("dialects/websocket.py", "from websockets import connect", "websockets.connect"),
        (
            "dialects/websocket.py",
            "from websockets.asyncio.server import serve",
            "websockets.asyncio.server.serve",
        ),
        ("log/sqlite.py", "import asyncchat.dialects.plain", "asyncchat.dialects.plain"),
        ("server/hub.py", "from asyncchat.client import Client", "asyncchat.client.Client"),
        ("server/hub.py", "from asyncchat import Client", "asyncchat.Client"),
        ("server/hub.py", "from asyncchat.cli import main", "asyncchat.cli.main"),
        ("client/client.py", "from asyncchat.server import hub", "asyncchat.server.hub"),
        ("control/client.py", "from asyncchat.server import hub", "asyncchat.server.hub"),
        ("bench/load.py", "from asyncchat.server import hub", "asyncchat.server.hub"),
        ("__init__.py", "from .server import hub", "asyncchat.server.hub"),
    ],
)
def test_breach_is_caught(path, source, culprit):
    (breach,) = breaches(source, path)
    assert breach.endswith(f"{part_of(path)} must not import {culprit}")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/chat.py", "import msgspec, unicodedata\nfrom asyncchat.core.names import fold"),
        ("core/chat.py", "from . import names\nfrom .names import fold\nfrom ..errors import AsyncChatError"),
        ("core/__init__.py", "from .chat import Chat"),
        ("dialects/websocket.py", "from websockets.server import ServerProtocol"),
        ("dialects/irc/tokens.py", "from ..lines import Lines\nfrom ...core import names"),
        ("dialects/http.py", "from urllib.parse import urlsplit"),
        ("server/hub.py", "import asyncio\nfrom asyncchat import __version__\nfrom ..core.chat import Chat"),
        ("cli/serve.py", "from asyncchat.server import hub"),
    ],
)
def test_what_is_allowed_passes(path, source):
    assert breaches(source, path) == []


def test_part_without_a_rule_is_a_breach():
    assert breaches("", "misc/things.py") == ["misc/things.py: misc has no rule"]
