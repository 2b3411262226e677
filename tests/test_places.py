"""Each test module stands where its source does, so that either is found from the other."""

from pathlib import Path

import pytest

import asyncchat

ROOT = Path(asyncchat.__file__).parent
TESTS = Path(__file__).parent

PARTS = (
    "bench",
    "cli",
    "client",
    "cluster",
    "config",
    "control",
    "core",
    "dialects",
    "log",
    "server",
    "text",
    "tui",
)

ACROSS = {
    "client/test_faulty_line.py": "server and clients over tests/faulty_line.py",
    "dialects/irc/test_isupport.py": "the tokens of 005, which features declare in capabilities",
    "cluster/test_bad_days.py": "stream.py while NATS is away, slow or loses what it had",
    "server/cluster/test_bad_days.py": "a cluster while NATS is away, or a node is cut off, slow or full",
    "server/cluster/test_clients.py": "clients that go on at another node",
    "cli/test_docs.py": "each subcommand, its help and the documentation",
    "cli/test_group.py": "cli/__init__.py",
    "cli/test_shell.py": "say, tail, history, search, ask, export, who, rooms: the commands for scripts",
    "dialects/irc/features/test_password.py": "the server's password, of connect and of server",
    "dialects/irc/features/test_help.py": "HELP, of server",
    "dialects/irc/features/test_isupport.py": "005, of server",
    "dialects/irc/features/test_room_list.py": "LIST, of queries",
    "dialects/irc/features/test_who.py": "WHO, of queries",
    "dialects/irc/features/test_tags.py": "tags of clients: of messages, reactions, replies",
    "dialects/irc/test_client_meets_server.py": "client.py and dialect.py joined in memory",
    "dialects/irc/test_coverage.py": "docs/irc-reference.md",
    "dialects/irc/test_refusals.py": "the refusals of all features",
    "dialects/irc/test_wire.py": "docs/irc-reference.md and all tests of the folder",
    "dialects/plain/test_password.py": "the server's password, in entry.py and dialect.py",
    "log/test_contract.py": "every log",
    "log/test_old_database.py": "a file of an earlier version, through the whole log",
    "server/test_auditorium.py": "hub, outbox and delivery: rooms that hide their members",
    "server/http/api/test_api.py": "all routes, over sockets",
    "server/test_crowd.py": "a server among hostile clients",
    "server/test_calls.py": "what messages, visits and requests cost",
    "server/test_devices.py": "several sessions of one person, over sockets",
    "server/test_disconnected.py": "clients that are gone, over sockets",
    "server/test_blocking.py": "what may hold the event loop, in every dialect",
    "server/test_hostile.py": "tests/server/hostile.py",
    "server/test_upload_kills.py": "tests/server/upload_kills.py",
    "server/test_websocket.py": "dialects/websocket.py, over sockets",
    "text/test_page_commands.py": "web/ and the table of slash commands",
}
"""Test modules without a source of the same name, and what they test."""

TEST_MODULES = sorted(
    file.relative_to(TESTS).as_posix() for part in PARTS for file in (TESTS / part).rglob("test_*.py")
)


def sources_of(path: str) -> list[str]:
    """Return where the source of a test module may be: a module or a folder, at the same path.

    Where the folder has none of that name, it is a feature's, as the folder's surface shows it.
    """
    folder, _, name = path.removesuffix(".py").rpartition("/")
    name = name.removeprefix("test_")
    found = [f"{folder}/{name}", f"{folder}/_{name}", f"core/features/{name}"]
    return [place for each in found for place in (f"{each}.py", f"{each}/__init__.py")]


@pytest.mark.parametrize("path", TEST_MODULES)
def test_test_module_has_its_source(path):
    has_source = any((ROOT / source).is_file() for source in sources_of(path))
    assert has_source or path in ACROSS, (
        f"tests/{path} has no source {sources_of(path)[0]}: move it with git mv to where its source is now, "
        "or say in ACROSS what it tests, if that is more than one module"
    )
    assert not (has_source and path in ACROSS), f"{path} has a source: take it out of ACROSS"


def test_list_of_other_tests_is_of_today():
    gone = ACROSS.keys() - set(TEST_MODULES)
    assert not gone, f"take these out of ACROSS, there are no such tests: {sorted(gone)}"
