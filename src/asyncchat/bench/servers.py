"""The servers that are loaded: our own and peers, started as processes, and any other by its address.

Owns these processes. Each run of a server is a fresh process with a fresh folder. It must not know the load.
"""

import contextlib
import dataclasses
import io
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Protocol, TypeVar

from asyncchat.bench import process
from asyncchat.bench.load import NODES
from asyncchat.bench.protocols import Address, parse_url
from asyncchat.bench.scenario import Surface
from asyncchat.errors import AsyncChatError
from asyncchat.version import __version__

T = TypeVar("T", int, float)

PROGRAM = (sys.executable, "-m", "asyncchat")
"""Runs this version of asyncchat."""

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_LISTENING = re.compile(rb"Listening on tcp://([^\s:]+):(\d+)")


def _no_token() -> str:
    raise AsyncChatError("give a token that may post and read in every room: --token")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections.

    Args:
        address: Where it listens.
        pid: Its process, if it is on this machine and known.
        others: Where its other nodes listen; clients are spread over all of them.
        parts: Processes by what they do, if it is more than one; ``pid`` is among them.
        version: Its version; None: it is read when clients connect.
        caps: Capabilities that its clients request; None: those of the settings.
        web_port: Where it listens for WebSockets, if not where it listens for the rest.
        token: Returns a token that may post and read in every room.
        restart: Kills it, starts it again with the same history; None: impossible.
        database: Its history's file, if it is ours and keeps one.
        start_seconds: How long it took until it listened, if it is ours.
        kill_hub: Kills the node that decides; None: there is no other one.
        replay: Starts one more node without a history; returns the records that it took over and how many
            seconds that took.
    """

    address: Address
    pid: int | None
    version: str | None
    caps: tuple[str, ...] | None = None
    web_port: int = 0
    token: Callable[[], str] = _no_token
    restart: Callable[[], None] | None = None
    database: Path | None = None
    start_seconds: float | None = None
    others: tuple[Address, ...] = ()
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kill_hub: Callable[[], None] | None = None
    replay: Callable[[], tuple[int, float]] | None = None

    def cpu_seconds(self) -> float | None:
        """Return the processor time of all its processes so far, if known."""
        return self._sum(process.cpu_seconds)

    def cpu_by_part(self) -> dict[str, float]:
        """Return the processor time of each part so far; of the other nodes, that of one on average."""
        used = {
            part: sum(process.cpu_seconds(pid) or 0.0 for pid in pids) for part, pids in self.parts.items()
        }
        if more := len(self.parts.get(NODES, ())):
            used[NODES] /= more
        return used

    def memory_bytes(self) -> int | None:
        """Return the memory of all its processes, if known."""
        return self._sum(process.memory_bytes)

    def _sum(self, measured: Callable[[int], T | None]) -> T | None:
        pids = [pid for part in self.parts.values() for pid in part]
        if not pids and self.pid is not None:
            pids = [self.pid]
        found = [measured(pid) for pid in pids]
        known = [each for each in found if each is not None]
        return sum(known[1:], known[0]) if known else None


class Target(Protocol):
    """A server that can be loaded."""

    @property
    def name(self) -> str:
        """Return its name in the report."""

    def running(
        self,
        cpu: int | None,
        caps: Sequence[str],
        archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> contextlib.AbstractContextManager[Running]:
        """Start it, pinned to a processor, for clients with these capabilities; stop it at the end.

        ``archive`` makes its history, at a path. It listens for the clients of this surface, at least.
        """

    def speaks(self, surface: Surface) -> bool:
        """Tell whether scenarios on this surface can be run on it."""


@dataclass(frozen=True, slots=True)
class Own:
    """This project's server, started as a process.

    Args:
        options: More options for ``asyncchat serve``.
        history: Whether it keeps history, in a file.
        name: Its name in the report.
        source: The folder of another version's packages; None: this version.
        rows: Messages that its history has before the load; None: as the scenario says.
        indexed: Whether these are in the search's index already.
    """

    options: tuple[str, ...] = ()
    history: bool = True
    name: str = "asyncchat"
    source: Path | None = None
    rows: int | None = None
    indexed: bool = True

    def speaks(self, surface: Surface) -> bool:
        """Speaks all of them on one port, but is one node."""
        return surface != "cluster"

    @contextlib.contextmanager
    def running(
        self,
        cpu: int | None,
        caps: Sequence[str],
        archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> Generator[Running]:
        """Start it with an empty history or an archive, without limits."""
        if archive is not None and not self.history:
            raise AsyncChatError("a history is read: leave out --no-history")
        with tempfile.TemporaryDirectory(prefix="asyncchat-bench-") as folder:
            database = Path(folder, "bench.db")
            if archive is not None:
                archive(database)
                if not self.indexed:
                    Path(f"{database}-search").unlink()
            kept = ("--db", str(database)) if self.history else ("--no-history",)
            command = [*PROGRAM, "serve", "--port", "0", "--no-limits"]
            command += [*kept, *(("--tls", "self-signed") if surface == "tls" else ()), *self.options]
            environment = own_environment(folder)
            if self.source is not None:
                environment["PYTHONPATH"] = str(self.source)

            def token() -> str:
                if not self.history:
                    raise AsyncChatError("what is posted is read back: leave out --no-history")
                asked = ("token", "add", "bench", "--room", "*", "--allow", "post", "--allow", "read")
                done = subprocess.run(  # noqa: S603  # the command above
                    [*PROGRAM, *asked, "--db", str(database)],
                    capture_output=True, text=True, env=environment, cwd=folder, check=False,
                )  # fmt: skip
                if done.returncode:
                    raise AsyncChatError(f"a token cannot be added: {done.stderr.strip()}")
                return done.stdout.strip()

            with contextlib.ExitStack() as stack:
                began = time.monotonic()
                server, log = stack.enter_context(
                    started(command, Path(folder), cpu, environment, speaks=True)
                )
                host, port = listening(server, log)
                start_seconds = time.monotonic() - began

                def restart() -> None:
                    server.kill()
                    server.wait()
                    again = [str(port) if each == "0" else each for each in command]
                    anew, log = stack.enter_context(
                        started(again, Path(folder), cpu, environment, speaks=True)
                    )
                    listening(anew, log)

                version = __version__ if self.source is None else ""
                yield Running(
                    Address("irc", host, port),
                    server.pid,
                    version,
                    token=token,
                    restart=restart if self.history else None,
                    database=database if self.history else None,
                    start_seconds=start_seconds,
                )


def own_environment(folder: str) -> dict[str, str]:
    """Return the environment of our server: the user's own configuration is not for one that is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCCHAT_")}
    return {**kept, "XDG_STATE_HOME": folder}


def source_at(revision: str, folder: Path) -> Path:
    """Extract this project's source at a git revision into a folder, and return the folder of its packages.

    Raises:
        AsyncChatError: This is no checkout of the project, or git does not know the revision.
    """
    checkout = Path(__file__).parents[3]
    git = shutil.which("git")
    if git is None or not (checkout / ".git").exists():
        raise AsyncChatError("to compare with a revision, install git and run this in a checkout")
    done = subprocess.run(  # noqa: S603  # the revision is no option: --end-of-options
        [git, "-C", str(checkout), "archive", "--format=zip", "--end-of-options", revision, "src"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise AsyncChatError(f"git has no source at {revision}: {said[-1] if said else 'it failed'}")
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder)
    return folder / "src"


@dataclass(frozen=True, slots=True)
class WithCapabilities:
    """A server whose clients request other capabilities than those of the settings.

    Args:
        target: The server.
        caps: The capabilities that they request.
    """

    target: Target
    caps: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the server's name with the capabilities."""
        return f"{self.target.name} ({' '.join(self.caps) or 'no capabilities'})"

    def speaks(self, surface: Surface) -> bool:
        """Ask the server."""
        return self.target.speaks(surface)

    @contextlib.contextmanager
    def running(
        self,
        cpu: int | None,
        _caps: Sequence[str],
        archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> Generator[Running]:
        """Start it for these clients."""
        with self.target.running(cpu, self.caps, archive, surface) as server:
            yield dataclasses.replace(server, caps=self.caps)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server that is installed on this machine, configured for the same load.

    Args:
        name: ``inspircd`` or ``ngircd``.
    """

    name: str

    def speaks(self, surface: Surface) -> bool:
        """Is configured for IRC, and InspIRCd for IRC over WebSocket."""
        return surface == "irc" or (surface == "websocket" and self.name == "inspircd")

    @contextlib.contextmanager
    def running(
        self,
        cpu: int | None,
        caps: Sequence[str],
        _archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> Generator[Running]:
        """Start it on a free port, without flood limits and with large send queues."""
        program = _program(self.name)
        port, web_port = free_port(), free_port() if surface == "websocket" else 0
        with tempfile.TemporaryDirectory(prefix="asyncchat-bench-") as folder:
            os.chmod(folder, 0o755)  # noqa: S103  # a peer may change its user before it reads its configuration
            config = Path(folder, f"{self.name}.conf")
            config.write_text(peer_config(self.name, port, folder, caps, web_port), "utf-8")
            command = [program, *_PEER_COMMANDS[self.name], str(config)]
            if self.name == "inspircd" and hasattr(os, "geteuid") and os.geteuid() == 0:
                command.insert(1, "--runasroot")
            with started(command, Path(folder), cpu, dict(os.environ)) as (server, log):
                accepting(server, port, log)
                yield Running(
                    Address("irc", "127.0.0.1", port), server.pid, _peer_version(program), web_port=web_port
                )


@dataclass(frozen=True, slots=True)
class Remote:
    """A server that is running already.

    Args:
        url: Its address.
        pid: Its process, if not the one that listens on the port.
        token: May post and read in every room; needed for its HTTP API alone.
    """

    url: str
    pid: int | None = None
    token: str = ""

    @property
    def name(self) -> str:
        """Return its address."""
        return self.url

    def speaks(self, surface: Surface) -> bool:
        """Is taken to be what the user says, but has no archive of ours."""
        return surface not in ("archive", "cluster")

    @contextlib.contextmanager
    def running(
        self,
        cpu: int | None,
        caps: Sequence[str],
        _archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> Generator[Running]:
        """Find its process and pin it."""
        address = parse_url(self.url)
        pid = self.pid
        local = address.host in ("localhost", "::1") or address.host.startswith("127.")
        if pid is None and local:
            with contextlib.suppress(OSError):
                pid = process.listener(address.port)
        if pid is not None and process.cpu_seconds(pid) is None:
            raise AsyncChatError(f"there is no process {pid}")
        if pid is not None and cpu is not None:
            process.pin(pid, cpu)
        yield Running(address, pid, None, token=(lambda: self.token) if self.token else _no_token)


PEERS = ("inspircd", "ngircd")
_PEER_COMMANDS = {
    "inspircd": ("--nofork", "--nolog", "--nopid", "--config"),
    "ngircd": ("--nodaemon", "--passive", "--config"),
}
# InspIRCd has its capabilities in modules; it is fastest without any.
_INSPIRCD_MODULES = {
    "server-time": ("ircv3_servertime",),
    "echo-message": ("ircv3_echomessage",),
    "message-tags": ("ircv3_ctctags", "ircv3_msgid"),
    "batch": ("ircv3_batch",),
    "labeled-response": ("ircv3_labeledresponse", "ircv3_batch"),
    "multi-prefix": ("namesx",),
    "account-tag": ("ircv3_accounttag",),
    "away-notify": ("ircv3",),
    "extended-join": ("ircv3",),
}


_INSPIRCD_WEBSOCKET = """<module name="sha1">
<module name="websocket">
<wsorigin allow="*">
<bind address="127.0.0.1" port="{port}" type="clients" hook="websocket">"""


def peer_config(name: str, port: int, folder: str, caps: Sequence[str], web_port: int = 0) -> str:
    """Return a peer's configuration, made from the template of this package."""
    text = resources.files("asyncchat.bench").joinpath("peers", f"{name}.conf").read_text("utf-8")
    modules = list(dict.fromkeys(module for cap in caps for module in _INSPIRCD_MODULES.get(cap, ())))
    lines = "\n".join(f'<module name="{module}">' for module in (["cap", *modules] if caps else []))
    web = _INSPIRCD_WEBSOCKET.format(port=web_port) if web_port else ""
    for word, value in (("PORT", str(port)), ("FOLDER", folder), ("MODULES", lines), ("WEBSOCKET", web)):
        text = text.replace(f"@{word}@", value)
    return text


def _program(name: str) -> str:
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    if (program := shutil.which(name, path=path)) is None:
        raise AsyncChatError(f"{name} is not installed (Debian: apt install {name})")
    return program


def _peer_version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    return (done.stdout.splitlines() or ["unknown"])[0].strip()[:40]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(
    command: list[str], folder: Path, cpu: int | None, environment: dict[str, str], *, speaks: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run a server; its output goes to a log file, unless it tells there where it listens."""
    log = folder / "server.log"
    with log.open("wb") as sink:
        # A process inherits the processors of its parent: so none of its threads ever runs elsewhere.
        own = os.sched_getaffinity(0) if cpu is not None and sys.platform == "linux" else None
        if cpu is not None:
            process.pin(0, cpu)
        try:
            server = subprocess.Popen(  # noqa: S603  # the commands above
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if speaks else sink,
                stderr=sink,
                cwd=folder,
                env=environment,
            )
        finally:
            if own is not None:
                os.sched_setaffinity(0, own)
    try:
        with _ended_by_sigterm():
            yield server, log
    finally:
        _stop(server)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Make SIGTERM end this program as Ctrl-C does, so that the started server is stopped."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: its caller handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    if server.stdout is not None:
        server.stdout.close()


def listening(server: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    """Read the first line of our server, which tells where it listens."""
    if server.stdout is None:
        raise AssertionError("the server's output is a pipe")
    head, until = b"", time.monotonic() + _START_SECONDS
    while b"\n" not in head:
        ready, _, _ = select.select([server.stdout], (), (), max(until - time.monotonic(), 0))
        piece = os.read(server.stdout.fileno(), 4096) if ready else b""
        if not piece:
            raise AsyncChatError(f"the server did not start: {_last_line(log)}")
        head += piece
    if (found := _LISTENING.match(head)) is None:
        raise AsyncChatError(
            f"the server wrote {head.splitlines()[0].decode(errors='replace')!r}, not where it listens"
        )
    return found[1].decode(), int(found[2])


def accepting(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Try another server's port until it accepts connections."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.02)
            break
    raise AsyncChatError(f"the server did not start: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it wrote no message"
