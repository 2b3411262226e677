"""The documentation: what it shows works, its links lead somewhere, and it leaves no command out.

On each page a block marked ``sh`` is run, in the order of the page; one marked ``python`` is run too, and one
marked ``toml`` is checked as a configuration. All pages share one home and one server, whose port 1234 stands
for. What can't be run is listed in ``NOT_RUN`` with the reason; its options are read nevertheless.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import cache_from_source
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import asyncchat
from asyncchat.bench.scenario import load_script
from asyncchat.cli import main
from asyncchat.client.slash_commands import COMMANDS
from asyncchat.config.options import table
from tests.cli.test_serve import Serving, until
from tests.cluster.nats import NatsServer

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]

TYPED = "plumotter41\nexit\n"
"""What a person types at a command that reads."""

TIME_LIMIT = 60.0
"""Seconds after which a command counts as hung."""

NOT_RUN = {
    "pip install . && asyncchat serve": "installs the package",
    "pip install tox && tox": "runs this test, among all",
    ".ci/run": "runs this test, among all, and installs packages",
    "tox": "runs this test, among all",
    "tox -e py,server,lint,types": "runs this test, among all",
    "tox -e py -- tests/core -k rename": "runs tests",
    "python -m venv .venv": "takes long",
    ".venv/bin/pip install --upgrade pip": "needs the network",
    ".venv/bin/pip install --editable . --group dev": "needs the network",
    "HYPOTHESIS_PROFILE=quick .venv/bin/pytest -q tests/core tests/config tests/text": "runs tests",
    ".venv/bin/mypy": "takes long",
    ".venv/bin/ruff check && .venv/bin/ruff format --check": "is a check of its own",
    "python -m tests.dialects.irc.coverage": "writes a page of the documentation",
    "nats-server --jetstream --store_dir nats": "is a server of another project; tests/cluster runs it",
    "bash cluster.sh": "runs until it is stopped; test_cluster_script.py does that",
    "irssi --connect=127.0.0.1 --port=1234 --nick=anna": "fills a terminal; test_real_clients.py runs it",
    "sudo apt-get install inspircd": "installs a package",
    "asyncchat bench room --peer inspircd --server-cpu 0 --client-cpu 1": "takes minutes, and needs InspIRCd",
    "asyncchat bench all --peer inspircd --peer ngircd": "takes minutes, and needs both",
    "asyncchat bench room big-room huge-room rooms steady light idle --peer inspircd --seconds 3 --warmup 1 "
    "--server-cpu 0 --client-cpu 1 --markdown docs/performance.md": "takes minutes, and needs InspIRCd",
    'asyncchat bench room --caps "server-time message-tags echo-message batch labeled-response" '
    '--against-caps ""': "takes minutes",
    'asyncchat bench room big-room rooms steady --caps "server-time message-tags echo-message batch '
    'labeled-response" --against-caps ""': "takes minutes",
    "asyncchat bench steady tls --seconds 3 --warmup 1 --server-cpu 0 --client-cpu 1": "takes a while; "
    "tests/bench connects a few",
    "asyncchat bench web --seconds 1 --warmup 0.2": "connects 1,000 clients; tests/bench connects a few",
    "asyncchat bench web --peer inspircd --server-cpu 0 --client-cpu 1": "takes minutes, and needs InspIRCd",
    "asyncchat bench web huge-web --serve-option=--compression=always "
    "--against-serve-option=--compression=never": "takes minutes",
    "asyncchat bench search history --rows 10000000": "takes minutes, and 4 GB",
    "asyncchat bench room --against-rows 10000000": "takes minutes, and 4 GB",
    "asyncchat bench --script talk.toml --rows 3000000 --against-unindexed": "takes minutes",
    "asyncchat bench light --nodes 2 --seconds 1 --warmup 0.2": "tests/bench starts two nodes",
    "asyncchat bench light room rooms take-over --nodes 3 --nats-servers 3 --nats-syncs": "takes minutes",
    "asyncchat bench rooms --nodes 1 --against-nodes 2 --against-nodes 4": "takes minutes",
    "asyncchat bench --script load.toml": "takes a quarter of a minute; tests/bench runs scripts",
}
"""Lines of blocks that are not run, and why."""

ENDLESS = {"curl --no-buffer": "retry:"}
"""Commands that run until they are stopped, by how they begin: what they say first."""

IN_PROCESS = (
    "asyncchat account ", "asyncchat audit", "asyncchat config ", "asyncchat db ", "asyncchat token ",
)  # fmt: skip
"""How commands begin that are called in the test's process."""

OF_CLIENTS = {
    "connect",
    "metrics",
    "network",
    "oper",
    "query",
    "quote",
    "raw",
    "server",
    "set",
    "data",
    "readyz",
}
"""Words after a slash that only clients know, and paths."""


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    """The commands of a block, those of several lines joined; comments left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#")]


def in_process(command: str) -> bool:
    """Whether a command is run without a process of its own: a plain one, which needs no shell."""
    return command.startswith(IN_PROCESS) and not set(command) & set("|&;<>$")


def pieces(block: str) -> Iterator[str]:
    """What of a block is run at once: one that starts a server, never ends or is plain stands alone."""
    script: list[str] = []
    for command in commands(block):
        alone = command.startswith(("asyncchat serve", *ENDLESS)) or in_process(command)
        if script and (alone or command in NOT_RUN):
            yield "\n".join(script)
            script = []
        if alone:
            yield command
        elif command not in NOT_RUN:
            script.append(command)
    if script:
        yield "\n".join(script)


def scripts(page: Path) -> list[str]:
    """All that is run of a page, in its order."""
    return [script for block in blocks(page, "sh") for script in pieces(block)]


def having(language: str) -> list[Path]:
    """The pages that have such blocks."""
    return [page for page in PAGES if blocks(page, language)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An empty home, with what the examples take for granted."""
    path: Path = tmp_path_factory.mktemp("home")
    (path / "tmp").mkdir()
    (path / "motd.txt").write_text("Be kind.\n")
    (path / "build.log").write_text("build 42 failed\n")
    return path


@pytest.fixture(scope="module")
def environment(home):
    """The environment of a fresh account, in which ``asyncchat`` and ``python`` are the tested ones."""
    ours = ("ASYNCCHAT", "XDG", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    # Each module is compiled once for all processes, also where the machine keeps no bytecode.
    kept_here = Path(cache_from_source(asyncchat.__file__)).exists()
    compiled = {} if kept_here else {"PYTHONPYCACHEPREFIX": str(home / "tmp" / "compiled")}
    return {
        **kept,
        **compiled,
        "HOME": str(home),
        "PATH": path,
        "TMPDIR": str(home / "tmp"),
        "BROWSER": "true",
    }


@pytest.fixture(scope="module")
def server(environment):
    """The server beside which all pages are run: ``asyncchat serve``, but on a free port."""
    with serving({**environment, "ASYNCCHAT_PORT": "0"}) as server:
        yield server


@contextmanager
def serving(environment: dict[str, str], *words: str) -> Iterator[Serving]:
    """A server that ends in order."""
    server = Serving(*words, env=environment, cwd=environment["HOME"])
    try:
        assert server.banner.endswith("Stop with Ctrl-C.\n"), server.process.communicate()[1]
        yield server
        assert server.end(signal.SIGTERM)[0] == 0
    finally:
        server.process.kill()
        server.process.communicate()


def run(script: str, port: int, environment: dict[str, str]) -> None:
    """Runs some commands in bash."""
    script = script.replace("1234", str(port))
    expected = next((text for begin, text in ENDLESS.items() if script.startswith(begin)), "")
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, "ASYNCCHAT_SERVER": f"127.0.0.1:{port}"},
        cwd=environment["HOME"],
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            if expected:
                assert any(expected in line for line in process.stdout), script
                return
            _, errors = process.communicate(TYPED, timeout=TIME_LIMIT)
            assert process.returncode == 0, f"{script}\n{errors}"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def missing(command: str) -> bool:
    """Whether a program is not installed that the machine has to bring."""
    words = set(re.findall(r"(?:^|[|(;&]\s*)([a-z0-9]+) ", command, re.MULTILINE))
    return any(shutil.which(word) is None for word in words & {"curl", "nc", "telnet"})


@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for bash")
@pytest.mark.parametrize("page", [page for page in PAGES if scripts(page)], ids=lambda page: page.stem)
def test_commands(page, server, environment, home, monkeypatch):
    monkeypatch.chdir(home)
    for script in scripts(page):
        if missing(script):
            continue
        if script.startswith("asyncchat serve"):
            serve(script, environment, home)
        elif in_process(script):
            only = {**dict.fromkeys(os.environ), **environment}
            done = CliRunner().invoke(main, shlex.split(script)[1:], TYPED, env=only)
            assert done.exit_code == 0, f"{script}\n{done.output}"
        else:
            run(script, server.port, environment)


SERVING = [
    set(shlex.split(script, comments=True))
    for page in PAGES
    for script in scripts(page)
    if script.startswith("asyncchat serve")
]
"""The words of each command that starts a server."""

_served: list[set[str]] = []
"""Those that have been run."""


def serve(command: str, environment: dict[str, str], home: Path) -> None:
    """Starts one more server as a page says, with the same files in another home, and stops it.

    Each is started once, and none that has no option but those of another one.
    """
    stated = set(shlex.split(command, comments=True))
    if stated in _served or any(stated < other for other in SERVING):
        return
    _served.append(stated)
    other = home / "other"
    other.mkdir(exist_ok=True)
    for file in home.iterdir():
        if file.is_file():
            shutil.copy(file, other)
    command = command.replace("1234", "0").replace("$HOME", str(other))
    with ExitStack() as stack:
        if "nats://" in command:
            nats = NatsServer(other)
            nats.start()
            stack.callback(nats.kill)
            command = command.replace("nats://127.0.0.1:4222", nats.url)
        words = shlex.split(command, comments=True)[2:]
        stack.enter_context(serving({**environment, "HOME": str(other), "ASYNCCHAT_PORT": "0"}, *words))


def test_what_is_not_run_is_shown_and_has_options_that_exist():
    shown = {line for page in PAGES for block in blocks(page, "sh") for line in commands(block)}
    assert [line for line in NOT_RUN if line not in shown] == []
    for line in NOT_RUN:
        words = shlex.split(line)
        if words[0] == "asyncchat":
            parsed(main, words[1:])


def parsed(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Reads the words of a command without running it."""
    if isinstance(command, click.Group):
        context = click.Context(command, parent, **command.context_settings)
        found = command.get_command(context, words[0])
        assert found is not None, words
        parsed(found, words[1:], context)
    else:
        command.make_context(command.name, list(words), parent)


@pytest.mark.skipif(sys.platform == "win32", reason="it is stopped by a signal")
@pytest.mark.parametrize("page", having("python"), ids=lambda page: page.stem)
def test_programs(page, server, environment, home):
    for block in blocks(page, "python"):
        block = block.replace("1234", str(server.port))
        program = [sys.executable, "-W", "error", "-c", block]
        if "def test_" in block:
            (home / "test_bot.py").write_text(block)
            program[3:] = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bot.py"]
        with subprocess.Popen(
            program, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=home
        ) as process:
            try:
                if "for event in chat" in block:
                    answered(server, re.findall(r'rooms=\["(#\w+)"\]', block)[0])
                else:
                    _, errors = process.communicate(timeout=TIME_LIMIT)
                    assert process.returncode == 0, f"{block}\n{errors}"
            finally:
                process.kill()


def test_the_types_of_programs(tmp_path):
    """As whoever writes such a program checks it; ``tox -e types`` runs this."""
    pytest.importorskip("mypy")
    files = [
        tmp_path / f"example_{number}.py"
        for number, _ in enumerate(blocks(ROOT / "docs" / "python.md", "python"))
    ]
    for file, block in zip(files, blocks(ROOT / "docs" / "python.md", "python"), strict=True):
        file.write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *map(str, files)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def answered(server: Serving, room: str) -> None:
    """Asks in a room, as often as it takes until the program is there, and is answered."""
    with server.connect("peer") as client:
        client.sendall(f"/join {room}\n".encode())
        until(client, f"{room}")
        data = ""
        client.settimeout(0.2)
        for _ in range(int(TIME_LIMIT / 0.2)):
            client.sendall(b"ping\n")
            try:
                while "pong" not in data:
                    data += client.recv(4096).decode()
                return
            except TimeoutError:
                continue
    raise AssertionError(data)


@pytest.mark.parametrize("page", having("toml"), ids=lambda page: page.stem)
def test_configurations(page, tmp_path):
    for number, block in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        if block.startswith("[[phase]]"):
            assert load_script(file)
            continue
        (tmp_path / "motd.txt").write_text("Be kind.\n")
        done = CliRunner().invoke(main, ["config", "check", str(file)])
        assert done.exit_code == 0, f"{block}\n{done.output}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        link = next(filter(None, target))
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


def test_each_page_is_reached_from_the_readme():
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", README.read_text("utf-8")))
    assert linked >= {page.relative_to(ROOT).as_posix() for page in PAGES[1:]} - {"docs/irc-reference.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_files_that_a_page_names_are_there(page):
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|js|md))`", page.read_text("utf-8"))
    folders = (ROOT, ROOT / "src" / "asyncchat", ROOT / "tests")
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []


def test_the_names_of_code_in_the_recipes_are_there():
    recipes = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("\n## Recipes\n")[2]
    prose = re.sub(r"```.*?```", "", recipes, flags=re.DOTALL)
    named = set(re.findall(r"`(?:\w+\.)?(\w+)`", prose))
    files = [
        file
        for folder in ("src", "tests")
        for ending in ("py", "js")
        for file in (ROOT / folder).rglob(f"*.{ending}")
    ]
    words = {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}
    assert len(named) > 30
    assert named - words == set()


def test_the_readme_is_short():
    assert len(README.read_text("utf-8").splitlines()) <= 150


def test_the_headings_that_the_code_cites_are_there():
    cited = {
        heading
        for folder in ("src", "tests")
        for file in (ROOT / folder).rglob("*.py")
        for heading in re.findall(r'docs/architecture\.md, "([^"]+)"', file.read_text("utf-8"))
    }
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert cited
    assert cited <= set(headings)


def leaves(command: click.Command, name: str = "asyncchat") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None
            yield from leaves(found, f"{name} {word}")
    else:
        yield name, command


@pytest.mark.parametrize(("name", "command"), list(leaves(main)))
def test_each_command_and_each_option_of_it_is_documented(name, command):
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert f"{name}" in text
    options = {word for parameter in command.params for word in parameter.opts if word.startswith("--")}
    assert {option for option in options if not re.search(rf"{option}\b", text)} == set()


def test_each_option_of_the_configuration_is_in_its_example():
    keys = {row.key for row in table()}
    assert len(keys) > 30
    example = next(block for block in blocks(ROOT / "docs" / "operating.md", "toml") if "[limits]" in block)
    stated = set(re.findall(r"^(?:# )?([a-z_]+) = ", example, re.MULTILINE))
    tables = {"operators", "rooms", "webhooks", "webirc"}
    assert {key for key in keys - tables if key.rpartition(".")[2] not in stated} == set()


def test_each_word_after_a_slash_is_one():
    known = {command.name for command in COMMANDS.values()} | OF_CLIENTS
    for page in PAGES:
        for word in re.findall(r"`/([a-z][a-z-]*)(?=[ `])", page.read_text("utf-8")):
            assert word in known, f"{page.name}: /{word}"
