"""What is loaded: scenarios by name, and scripts of phases in TOML.

Owns what can be run; must not know sockets, servers or dialects.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from asyncchat.bench.messages import FILLERS, Filler
from asyncchat.errors import AsyncChatError

# A text begins with its stamp (28 bytes, see messages.py) and a space.
LEAST_PAYLOAD = 32
# An IRC line has 512 bytes; the rest is for the prefix that a server adds, the command and the room.
MOST_PAYLOAD = 400
# A run keeps each sample and each message's position in memory; ten minutes of a fast server fit.
MOST_SECONDS = 600.0
MOST_CLIENTS = 100_000
MOST_WINDOW = 10_000
MOST_RATE = 1_000_000.0

LEAST_ROWS, MOST_ROWS = 1000, 100_000_000

Kind = Literal["load", "idle", "churn", "post", "search", "history", "takeover"]
Surface = Literal["irc", "tls", "websocket", "http", "archive", "cluster"]
QUERIES = ("search", "history")
"""Kinds that read a history."""


class ScenarioError(AsyncChatError):
    """A scenario or a script asks for something that cannot be run."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One load: how many connect and send, how fast and how long.

    Args:
        name: Its name in the report.
        clients: Connections, spread evenly over the rooms.
        senders: How many of them send (in ``churn``: join, send a message and leave).
        rooms: Rooms; client ``i`` joins room ``i % rooms``.
        window: Closed loop: messages of one sender that have not yet reached every other member.
        rate: Open loop: messages a second, of all senders together.
        payload: Bytes of a text.
        seconds: Measured time, after the warm-up.
        warmup: Seconds of the same load before that, not measured.
        arrivals: Open loop: evenly spaced messages, or a Poisson process (seeded, the same for each run).
        kind: ``load``; ``idle``: nobody sends; ``churn``: the senders are sessions that join and
            leave; ``post``: the clients post over the HTTP API, one message after the other; ``search`` and
            ``history``: they ask for searches or pages, one after the other; ``takeover``: a load, and the
            node that decides is killed when the measured time begins.
        surface: What clients speak: what the address says (IRC or plain), the same over TLS, IRC over
            WebSocket, HTTP, IRC with a server that has an archive, or IRC with one that has several nodes.
        filler: What texts are filled with: always the same, English words, or JSON. Only the last two can be
            compressed as what people and programs say.
        rows: Messages of the history before the load; our own server has them.
    """

    name: str
    clients: int
    senders: int = 0
    rooms: int = 1
    window: int | None = None
    rate: float | None = None
    payload: int = 64
    seconds: float = 10.0
    warmup: float = 2.0
    arrivals: Literal["even", "poisson"] = "even"
    kind: Kind = "load"
    surface: Surface = "irc"
    filler: Filler = "same"
    rows: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ScenarioError: A value is out of its range, or values contradict each other.
        """
        for problem in self._problems():
            raise ScenarioError(f"scenario {self.name}: {problem}")

    def _problems(self) -> list[str]:
        checks = [
            (1 <= self.clients <= MOST_CLIENTS, f"clients must be 1 to {MOST_CLIENTS}"),
            (1 <= self.rooms <= self.clients, "rooms must be 1 to the number of clients"),
            (LEAST_PAYLOAD <= self.payload <= MOST_PAYLOAD,
             f"payload must be {LEAST_PAYLOAD} to {MOST_PAYLOAD} bytes"),
            (0 < self.seconds <= MOST_SECONDS, f"seconds must be over 0 and up to {MOST_SECONDS:.0f}"),
            (0 <= self.warmup <= MOST_SECONDS, f"warmup must be 0 to {MOST_SECONDS:.0f} seconds"),
            (self.arrivals in ("even", "poisson"), "arrivals must be even or poisson"),
            (self.kind in get_args(Kind), f"kind must be {', '.join(get_args(Kind))}"),
            (self.surface in get_args(Surface), f"surface must be {', '.join(get_args(Surface))}"),
            ((self.kind in QUERIES) == (self.surface == "archive"),
             "search and history go with the surface archive alone"),
            ((self.rows == 0 and self.kind not in QUERIES) or LEAST_ROWS <= self.rows <= MOST_ROWS,
             f"rows must be {LEAST_ROWS} to {MOST_ROWS}"),
            ((self.kind == "post") == (self.surface == "http"), "post goes with the surface http alone"),
            (self.surface == "irc" or self.kind != "churn", "churn needs the surface irc"),
            ((self.kind == "takeover") == (self.surface == "cluster"),
             "takeover goes with the surface cluster alone"),
            (self.filler in FILLERS, f"filler must be {', '.join(FILLERS)}"),
        ]  # fmt: skip
        if self.kind in ("idle", "post", *QUERIES):
            checks.append((self.senders == 0, f"in a scenario of kind {self.kind}, senders must be 0"))
        else:
            # The first member that only listens sets the order that the others are compared with.
            spare = self.clients - self.senders
            checks += [
                (self.senders >= 1, "senders must be at least 1"),
                (spare >= min(self.rooms, max(self.senders, 1)),
                 "each room with a sender needs one client that only listens: use fewer senders"),
            ]  # fmt: skip
        if self.kind in ("load", "takeover"):
            checks += [
                ((self.window is None) != (self.rate is None), "give either window or rate"),
                (self.window is None or 1 <= self.window <= MOST_WINDOW,
                 f"window must be 1 to {MOST_WINDOW}"),
                (self.rate is None or 0 < self.rate <= MOST_RATE,
                 f"rate must be over 0 and up to {MOST_RATE:.0f} messages/s"),
            ]  # fmt: skip
        return [text for holds, text in checks if not holds]

    @property
    def members(self) -> float:
        """The average number of members of a room."""
        return self.clients / self.rooms

    def describe(self) -> str:
        """Describe this scenario in one line."""
        rooms = "1 room" if self.rooms == 1 else f"{self.rooms} rooms"
        kind = {"websocket": "WebSocket ", "tls": "TLS "}.get(self.surface, "")
        said = [rooms, f"{self.clients} {kind}clients"]
        if self.kind == "churn":
            said.append(f"{self.senders} of them join, send a message and leave, again and again")
        elif self.kind == "post":
            said = [f"{self.clients} connections that post over the HTTP API"]
        elif self.kind == "idle":
            said.append("nobody sends")
        elif self.kind in QUERIES:
            asked = "searches" if self.kind == "search" else "pages"
            said = [f"{asked} by {'1 client' if self.clients == 1 else f'{self.clients} clients'}"]
        else:
            said.append("1 sender" if self.senders == 1 else f"{self.senders} senders")
            said.append(
                f"window {self.window}" if self.window else f"{self.rate:g} messages/s ({self.arrivals})"
            )
        if self.kind == "takeover":
            said.append("the node that decides is killed")
        if self.rows:
            said.append(f"after {self.rows:,} messages")
        if self.kind not in ("idle", *QUERIES):
            said.append(f"{self.payload}-byte texts{_OF[self.filler]}")
        return f"{', '.join(said)}; {self.seconds:g} s after {self.warmup:g} s of warm-up"

    def sized(self, rows: int | None) -> "Scenario":
        """Return this scenario with another size of the history before it; None keeps its own."""
        return self if rows is None else replace(self, rows=rows)

    def timed(self, seconds: float | None, warmup: float | None) -> "Scenario":
        """Return this scenario with another duration; None keeps its own."""
        return replace(
            self,
            seconds=self.seconds if seconds is None else seconds,
            warmup=self.warmup if warmup is None else warmup,
        )


_OF = {"same": "", "words": " of words", "json": " of JSON"}

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario("room", clients=200, senders=10, window=8),
            Scenario("big-room", clients=1000, senders=10, window=8),
            Scenario("huge-room", clients=5000, senders=5, window=8),
            Scenario("rooms", clients=1000, rooms=100, senders=100, window=4),
            Scenario("steady", clients=200, senders=10, rate=500.0),
            Scenario("tls", clients=200, senders=10, rate=500.0, surface="tls"),
            Scenario("light", clients=100, senders=10, rate=10.0),
            Scenario("idle", clients=10_000, rooms=100, kind="idle", seconds=5.0, warmup=1.0),
            Scenario("churn", clients=60, senders=50, kind="churn"),
            Scenario(
                "web", clients=1000, senders=10, window=8, payload=100, surface="websocket", filler="words"
            ),
            Scenario(
                "huge-web",
                clients=10_000,
                senders=5,
                window=8,
                payload=100,
                surface="websocket",
                filler="words",
            ),
            Scenario("api", clients=16, payload=100, kind="post", surface="http", filler="words"),
            Scenario("search", clients=1, kind="search", surface="archive", rows=1_000_000),
            Scenario("history", clients=1, kind="history", surface="archive", rows=1_000_000),
            Scenario("take-over", clients=30, senders=6, rate=100.0, kind="takeover", surface="cluster"),
        )
    }
)

_NUMBERS = {
    "clients": int,
    "senders": int,
    "rooms": int,
    "window": int,
    "payload": int,
    "rows": int,
    "rate": float,
    "seconds": float,
    "warmup": float,
}
_WORDS = ("name", "arrivals", "kind", "surface", "filler")
_PHASE_KEYS = tuple(field.name for field in fields(Scenario))


def find(name: str) -> Scenario:
    """Return the scenario of this name.

    Raises:
        ScenarioError: There is none; the text suggests the nearest.
    """
    if (scenario := SCENARIOS.get(name)) is None:
        raise ScenarioError(f"no scenario is called {name}{_meant(name, tuple(SCENARIOS))}")
    return scenario


def load_script(path: Path) -> tuple[Scenario, ...]:
    """Read the phases of a TOML script: an array of tables ``[[phase]]`` with the keys of Scenario.

    Raises:
        ScenarioError: It cannot be read, is not TOML, or has an unknown key or a value out of its range.
    """
    try:
        script = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(f"cannot read the script {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"the script {path} is not TOML: {error}") from error
    return parse_script(script)


def parse_script(script: Mapping[str, Any]) -> tuple[Scenario, ...]:
    """Turn a script's tables into its phases.

    Raises:
        ScenarioError: As for ``load_script``.
    """
    _known(script, ("phase",), "the script")
    phases = script.get("phase")
    if not isinstance(phases, list) or not phases or not all(isinstance(phase, dict) for phase in phases):
        raise ScenarioError("the script needs at least one table [[phase]]")
    return tuple(_phase(number, phase) for number, phase in enumerate(phases, 1))


def _phase(number: int, phase: dict[str, Any]) -> Scenario:
    where = f"phase {number}"
    _known(phase, _PHASE_KEYS, where)
    values: dict[str, Any] = {"name": where}
    for key, value in phase.items():
        if key in _WORDS:
            if not isinstance(value, str):
                raise ScenarioError(f"{where}: {key} must be a text")
            values[key] = value
            continue
        wanted = _NUMBERS[key]
        if isinstance(value, bool) or not isinstance(value, int if wanted is int else (int, float)):
            raise ScenarioError(f"{where}: {key} must be {'a whole number' if wanted is int else 'a number'}")
        values[key] = wanted(value)
    if "clients" not in values:
        raise ScenarioError(f"{where}: clients is missing")
    return Scenario(**values)


def _known(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            raise ScenarioError(f"{where}: unknown key {key}{_meant(key, keys)}")


def _meant(word: str, known: tuple[str, ...]) -> str:
    if near := difflib.get_close_matches(word, known, n=1):
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(known)}"
