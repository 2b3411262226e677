"""Commands called as a person does: in this process, or in one of their own, which takes half a second each.

A command in a process of its own is called once in each file; that its exit code and its streams are those of
``main`` is tested in ``test_group.py``.
"""

import os
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from asyncchat.cli import main

Done = subprocess.CompletedProcess[str]


def call(*args: str, given: str = "", **environment: str) -> Done:
    """What a command says and exits with, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        if "TZ" in environment:
            patch.setenv("TZ", environment["TZ"])
            time.tzset()
        done = CliRunner().invoke(main, args, given, env=environment)
    time.tzset()
    assert isinstance(done.exception, SystemExit | None), done.exception
    return Done(args, done.exit_code, done.stdout, done.stderr)


def call_outside(*args: str, given: str = "", **environment: str) -> Done:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "asyncchat", *args],
        input=given, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done
