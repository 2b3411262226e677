"""The layers, read from the imports: what each part may import, that no modules import each other in a
cycle, and that a feature is known only through the table that it fills.

Imports inside functions and under `if TYPE_CHECKING` count too: a module that needs the name knows the other.
A folder of features that imports all that is in it by walking through itself is no import of one of them.
"""

import ast
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import asyncchat
from asyncchat.core.features import EVENTS

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
    "speedups",
    "typing",
    "uri",
    "utils",
}
PROTOCOLS = {"client", "protocol", "server", "streams"}
SANS_IO_WEBSOCKETS = frozenset(f"websockets.{module}" for module in VALUES | PROTOCOLS)
"""The modules of `websockets` that turn bytes into values and back; the others open sockets or run loops."""


NATS = frozenset({"nats"})


@dataclass(frozen=True)
class Rule:
    """What one part may import.

    Attributes:
        ours: the other parts of asyncchat; a part may always import itself and `FOR_ALL`.
        pure: whether standard modules in `IMPURE`, and third parties but `third_parties`, are out of bounds.
        third_parties: modules (with all below them) that a pure part may import nevertheless.
    """

    ours: frozenset[str] = frozenset()
    pure: bool = False
    third_parties: frozenset[str] = frozenset()


def parts(*names: str) -> frozenset[str]:
    return frozenset(names)


FOR_ALL = parts("errors", "version")
APART = parts("dialects.irc", "dialects.plain")
"""Packages none of which imports another."""


RULES = {
    "core": Rule(pure=True, third_parties=parts("msgspec", "wcwidth")),
    "text": Rule(parts("core"), pure=True, third_parties=parts("msgspec")),
    "dialects": Rule(parts("core", "text"), pure=True, third_parties=SANS_IO_WEBSOCKETS | {"msgspec"}),
    "log": Rule(parts("core")),
    "cluster": Rule(parts("core", "log")),
    "config": Rule(parts("core")),
    "control": Rule(parts("core", "text", "log")),
    "server": Rule(parts("core", "text", "dialects", "log", "config", "control", "cluster")),
    "client": Rule(parts("core", "text", "dialects")),
    "tui": Rule(parts("core", "text", "client")),
    "bench": Rule(parts("core", "text", "dialects", "log", "cluster")),
    "errors": Rule(pure=True),
    "version": Rule(pure=True),
    "cli": Rule(
        parts(
            "core",
            "text",
            "dialects",
            "log",
            "config",
            "control",
            "server",
            "client",
            "tui",
            "bench",
            "cluster",
        )
    ),
    "__main__": Rule(parts("cli")),
    "pytest_plugin": Rule(parts("server")),
    "__init__": Rule(parts("core", "client", "server")),  # the package's public names
}
"""One rule for each folder and module directly under asyncchat/."""


def part_of(path: str) -> str:
    """Return the part that a file belongs to; `path` is relative to the package, with slashes."""
    return path.split("/", 1)[0].removesuffix(".py")


@cache
def imported(source: str, path: str) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) for all that the source imports, relative imports resolved.

    `from a import b` gives `a.b`: whether b is a module or a name in one, its first words tell the part.
    """
    package = ["asyncchat", *path.split("/")[:-1]]
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, node.module] if node.module else base
            found += [(node.lineno, ".".join([*base, alias.name])) for alias in node.names]
    return tuple(found)


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
            allowed = theirs in {"", part} or theirs in rule.ours | FOR_ALL
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


SOURCES = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in sorted(ROOT.rglob("*.py"))}
"""The text of each module, by its path."""


@pytest.mark.parametrize("path", SOURCES)
def test_imports_keep_to_the_design(path):
    assert breaches(SOURCES[path], path) == []


def test_nats_is_for_clusters_only():
    importers = {
        path for path in SOURCES for _, name in imported(SOURCES[path], path) if is_within(name, NATS)
    }
    assert {part_of(path) for path in importers} == {"cluster"}, (
        "nats-py is the extra `cluster`: most have none"
    )


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
        ("__init__.py", "from .cli import main", "asyncchat.cli.main"),
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
        (
            "server/hub.py",
            "import asyncio\nfrom asyncchat.version import __version__\nfrom ..core.chat import Chat",
        ),
        ("cli/serve.py", "from asyncchat.server import hub"),
    ],
)
def test_what_is_allowed_passes(path, source):
    assert breaches(source, path) == []


def test_part_without_a_rule_is_a_breach():
    assert breaches("", "misc/things.py") == ["misc/things.py: misc has no rule"]


def module_of(path: str) -> str:
    """Return the dotted name of the module in a file."""
    return ".".join(["asyncchat", *path.removesuffix(".py").split("/")]).removesuffix(".__init__")


def graph_of(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return what each module imports; `sources` are the modules' texts by path."""
    modules = {module_of(path) for path in sources}
    graph: dict[str, set[str]] = {}
    for path, source in sources.items():
        found = graph[module_of(path)] = set()
        for _, name in imported(source, path):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            if name:
                found.add(name)
    return graph


def cycle_in(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Return a cycle, if there is one: each imports the next, the last is the first again."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []


def test_no_module_imports_itself_through_others():
    graph = graph_of(SOURCES)
    cycle = cycle_in(graph)
    assert not cycle, (
        f"{' -> '.join(cycle)}: end this cycle. Move what both need into the module that knows less, "
        "or let that one name a Protocol or a base class. Imports under TYPE_CHECKING and in functions count."
    )


def test_no_part_may_import_itself_through_others():
    cycle = cycle_in({part: rule.ours for part, rule in RULES.items()})
    assert not cycle, f"{' -> '.join(cycle)}: RULES allows a cycle of parts; take one of these from its rule"


@pytest.mark.parametrize(
    "source",
    [
        "from asyncchat.core.rooms import Room",
        "def late():\n    from . import rooms",
        "if TYPE_CHECKING:\n    from asyncchat.core.rooms import Room",
    ],
)
def test_cycle_is_caught(source):
    sources = {"core/chat.py": source, "core/rooms.py": "import asyncchat.core.chat"}
    cycle = cycle_in(graph_of(sources))
    assert set(cycle) == {"asyncchat.core.chat", "asyncchat.core.rooms"}
    assert cycle[0] == cycle[-1]


FEATURES = ("core/features/", "text/features/", "dialects/irc/features/")
"""Folders with a module for each feature."""

KNOWN_FEATURES = {
    "client/history_cursor.py": (
        {"text.features.history"},
        "goes on where a page of /history ended",
    ),
    "client/slash_commands.py": (
        {"text.features.history", "text.features.search"},
        "says that there is more, or nothing",
    ),
    "dialects/irc/client.py": (
        {
            "dialects.irc.features.messages_client",
            "dialects.irc.features.reactions",
            "dialects.irc.features.read_markers",
        },
        "what programs call to say something, to react and to note what is read; the lines are the features'",
    ),
    "dialects/irc/dialect.py": (
        {"dialects.irc.features.multiline", "dialects.irc.features.slash"},
        "an open batch ends with time, not with a line; what people type is answered in sentences",
    ),
    "dialects/irc/dispatch.py": (
        {"dialects.irc.features.multiline"},
        "a line in a batch is not a command",
    ),
    "server/http/static.py": (
        {"text.features.modes"},
        "gives the page the words of rules",
    ),
    "dialects/plain/dialect.py": (
        {"text.features.history", "text.features.rooms", "text.features.search", "text.features.server"},
        "goes on where a page ended, greets whoever enters, and ends the help",
    ),
}
"""Modules outside the folders of features that know one, which, and why."""


def features_known(source: str, path: str) -> set[str]:
    """Return the features that the source imports and should know only through a table.

    Commands, events and replies of the core's features are the words of all other parts; only the core's own
    base must not know them. `text` and `dialects.irc` fill tables, which the others read.
    """
    if path.startswith(FEATURES):
        return set()
    folders = ["text.features.", "dialects.irc.features."]
    if path.startswith("core/"):
        folders.append("core.features.")
    names = [name.removeprefix("asyncchat.") for _, name in imported(source, path)]
    return {
        ".".join([*folder.split(".")[:-1], name.removeprefix(folder).split(".")[0]])
        for name in names
        for folder in folders
        if name.startswith(folder)
    }


@pytest.mark.parametrize("path", SOURCES)
def test_features_are_known_by_their_tables_only(path):
    known = features_known(SOURCES[path], path)
    listed, _why = KNOWN_FEATURES.get(path, (set(), ""))
    new, old = known - listed, listed - known
    assert not new, (
        f"{path} imports {', '.join(sorted(new))}: let the feature declare what is needed (a class "
        "variable of the event or command, an entry in the registry), or say in KNOWN_FEATURES why it can't"
    )
    assert not old, f"{path} no longer imports {', '.join(sorted(old))}: take that out of KNOWN_FEATURES"


@pytest.mark.parametrize(
    ("path", "source", "known"),
    [
        ("core/engine.py", "from asyncchat.core.features.messages import Said", {"core.features.messages"}),
        ("core/engine.py", "from asyncchat.core.features import EVENTS", {"core.features.EVENTS"}),
        ("core/features/topic.py", "from asyncchat.core.features.messages import Said", set()),
        ("server/hub.py", "from asyncchat.core.features.messages import Said", set()),
        ("server/hub.py", "from asyncchat.text.features import topic", {"text.features.topic"}),
        ("dialects/irc/encoder.py", "from asyncchat.dialects.irc import features", set()),
        ("dialects/irc/encoder.py", "from .features import topic", {"dialects.irc.features.topic"}),
    ],
)
def test_known_feature_is_caught(path, source, known):
    assert features_known(source, path) == known


MOST_EVENTS = 4

EVENT_LISTS = {
    "dialects/plain/dialect.py": "keeps the session's name and rooms from what it is told",
    "server/delivery.py": "follows who is where, in which session",
    "server/http/api/open_streams.py": "ends streams by what takes away the right to read",
}
"""Modules outside the folders of features that name more events than `MOST_EVENTS`, and why."""


def events_named(source: str, path: str) -> set[str]:
    """Return the events that the source names: imported one by one, or through their feature's module."""
    events = {f"{event.__module__}.{event.__name__}" for event in EVENTS}
    names = {name for _, name in imported(source, path)}
    through = {
        f"{module}.{node.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        for module in names
        if module.endswith(f".{node.value.id}")
    }
    return events & (names | through)


def test_named_events_are_found():
    source = (
        "from asyncchat.core.features import topic\n"
        "from asyncchat.core.features.messages import Said, Say\n"
        "kinds = (Said, topic.TopicChanged, topic.ChangeTopic)"
    )
    assert events_named(source, "server/hub.py") == {
        "asyncchat.core.features.messages.Said",
        "asyncchat.core.features.topic.TopicChanged",
    }


@pytest.mark.parametrize("path", [path for path in SOURCES if not path.startswith(FEATURES)])
def test_events_are_listed_by_nobody(path):
    named = events_named(SOURCES[path], path)
    many = len(named) > MOST_EVENTS
    assert not many or path in EVENT_LISTS, (
        f"{path} names {len(named)} events ({', '.join(sorted(name.rpartition('.')[2] for name in named))}): "
        "declare what it needs of them as a class variable of Event, and set it with each event. "
        "If it must know them all, say why in EVENT_LISTS"
    )
    assert many or path not in EVENT_LISTS, f"{path} names few events: take it out of EVENT_LISTS"
