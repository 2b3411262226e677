"""Fuzzes one dialect: ``python -m tests.fuzz DIALECT --minutes 5``.

With atheris (``pip install --group fuzz``) coverage guides it; without, seeds are mutated by chance. What
fails is written to a file, and ``python -m tests.fuzz DIALECT FILE`` checks it again.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

DIALECTS = (
    "irc", "irc-login", "plain", "unframed", "websocket", "sniffing", "http", "server", "control",
    "irc-client", "plain-client",
)  # fmt: skip


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one dialect.")
    parser.add_argument("dialect", choices=DIALECTS)
    parser.add_argument("file", nargs="*", type=Path, help="inputs to check, and nothing else")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0, help="of the mutations, without atheris")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what reaches new code, with atheris")
    asked = parser.parse_args()
    if asked.file:
        from tests.fuzz.targets import TARGETS

        for file in asked.file:
            TARGETS[asked.dialect].check(file.read_bytes())
    elif atheris is None:
        _mutate(asked.dialect, asked.minutes, asked.seed)
    else:
        _cover(asked.dialect, asked.minutes, asked.corpus)


def _mutate(dialect: str, minutes: float, seed: int) -> None:
    from tests.fuzz.mutation import inputs
    from tests.fuzz.targets import TARGETS, stop

    target = TARGETS[dialect]
    until = time.monotonic() + minutes * 60
    for count, data in enumerate(inputs(target.seeds(), target.words, seed), 1):
        try:
            target.check(data)
        except BaseException:
            name = Path(f"crash-{hashlib.sha1(data, usedforsecurity=False).hexdigest()}")
            name.write_bytes(data)
            sys.stderr.write(f"Input {count} is in {name}\n")
            raise
        if time.monotonic() > until:
            break
    stop()
    sys.stdout.write(f"{dialect}: {count:,} inputs, all is well\n")


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
