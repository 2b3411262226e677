"""Fuzzes one dialect, or all in turn: ``python -m tests.fuzz DIALECT --minutes 5``.

With atheris (``pip install --group fuzz``) coverage guides it. Without it, or with ``--seed``, inputs are
made of the dialect's examples by chance, the same for the same seed. What fails is written to a file, and
``python -m tests.fuzz DIALECT FILE`` checks it again.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

DIALECTS = {
    "irc": 0.5, "irc-login": 0.4, "plain": 0.3, "unframed": 0.25, "websocket": 0.5, "sniffing": 0.1,
    "http": 0.25, "server": 1.0, "control": 0.25, "irc-client": 0.5, "plain-client": 0.25,
}  # fmt: skip
"""Each with its part of the minutes where all are fuzzed: more time finds hardly a branch that is new."""

STARTED = time.monotonic()

HANG_SECONDS = 120
"""How long one input may take: only a hang takes so long."""


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one dialect, or all.")
    parser.add_argument("dialect", choices=(*DIALECTS, "all"))
    parser.add_argument("file", nargs="*", type=Path, help="inputs to check, and nothing else")
    parser.add_argument(
        "--minutes",
        type=float,
        default=1.0,
        help="for one dialect; with all, for the one that needs most, and 4.3 times as long together",
    )
    parser.add_argument("--seed", type=int, help="the same inputs each time, without atheris")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what reaches new code, with atheris")
    asked = parser.parse_args()
    if asked.dialect == "all":
        if asked.file or asked.corpus:
            parser.error("a file and a corpus are of one dialect")
        sys.exit(_in_turn(asked.minutes, asked.seed))
    if asked.file:
        from tests.fuzz.targets import TARGETS

        for file in asked.file:
            TARGETS[asked.dialect].check(file.read_bytes())
    elif atheris is None or asked.seed is not None:
        _mutate(asked.dialect, asked.minutes, asked.seed or 0)
    else:
        _cover(asked.dialect, asked.minutes, asked.corpus)


def _in_turn(minutes: float, seed: int | None) -> int:
    """Fuzzes each dialect in a process of its own, also after a failure; gives how many failed.

    Tests that run beside it go first.
    """
    if sys.platform != "win32":
        os.nice(10)
    failed = []
    for dialect, part in DIALECTS.items():
        options = ["--minutes", str(minutes * part)]
        options += [] if seed is None else ["--seed", str(seed)]
        if subprocess.run([sys.executable, "-m", "tests.fuzz", dialect, *options], check=False).returncode:
            failed.append(dialect)
    if failed:
        sys.stderr.write(f"Failed: {', '.join(failed)}\n")
    return len(failed)


def _mutate(dialect: str, minutes: float, seed: int) -> None:
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import TARGETS, stop

    target = TARGETS[dialect]
    until = STARTED + minutes * 60
    for count, data in enumerate(inputs(target.seeds(), target.words, seed), 1):
        try:
            _end_after(HANG_SECONDS)
            target.check(data)
        except BaseException:
            name = Path(f"crash-{hashlib.sha1(data, usedforsecurity=False).hexdigest()}")
            name.write_bytes(data)
            sys.stderr.write(f"{dialect}: input {count:,} of seed {seed} is in {name}: {data[:2000]!r}\n")
            raise
        if time.monotonic() > until:
            break
    _end_after(0)
    stop()
    sys.stdout.write(f"{dialect}: {count:,} inputs, all is well\n")


def _end_after(seconds: int) -> None:
    """Raises in what runs then; never for 0."""
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, _hangs)
        signal.alarm(seconds)


def _hangs(*_: object) -> None:
    raise TimeoutError(f"one input takes longer than {HANG_SECONDS} seconds")


def _cover(dialect: str, minutes: float, corpus: Path | None) -> None:
    with atheris.instrument_imports(include=["asyncchat"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[dialect]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        seeds, kept = folder / "seeds", corpus or folder / "kept"
        seeds.mkdir()
        kept.mkdir(exist_ok=True)
        for number, seed in enumerate(target.seeds()):
            (seeds / str(number)).write_bytes(seed)
        words = folder / "words"
        hexes = (word.hex(" ").split() for word in target.words)
        words.write_text("".join('"{}"\n'.format("".join(f"\\x{one}" for one in word)) for word in hexes))
        flags = (
            f"-max_total_time={int(minutes * 60)}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048",
            f"-dict={words}", "-print_final_stats=1",
        )  # fmt: skip
        atheris.Setup([sys.argv[0], *flags, str(kept), str(seeds)], target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
