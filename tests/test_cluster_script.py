"""docs/cluster.sh: three servers of NATS and three nodes on one machine, as the page says to start them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.nats import binary
from tests.server.harness import PATIENCE, Client, free_ports

SCRIPT = Path(__file__).parents[1] / "docs" / "cluster.sh"


@contextmanager
def running(folder: Path) -> Iterator[list[int]]:
    """Runs it with free ports until the block ends; gives those of the nodes, which listen then."""
    ports = free_ports(9)
    named = {
        name: " ".join(map(str, ports[at : at + 3]))
        for at, name in ((0, "CHAT_PORTS"), (3, "NATS_PORTS"), (6, "ROUTE_PORTS"))
    }
    programs = [str(Path(sys.executable).parent), str(Path(binary()).parent), os.environ["PATH"]]
    with subprocess.Popen(
        ["bash", str(SCRIPT), str(folder)],
        env={**os.environ, **named, "PATH": os.pathsep.join(programs)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as script:
        try:
            assert script.stdout is not None
            listening = 0
            while listening < 3:
                line = script.stdout.readline()
                assert line, "the script has ended"
                assert not line.startswith("Error: "), line
                listening += "Stop with Ctrl-C" in line
            yield ports[:3]
            script.send_signal(signal.SIGINT)
            script.communicate(timeout=PATIENCE)
            assert script.returncode == 0
        finally:
            if script.poll() is None:
                script.send_signal(signal.SIGTERM)


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
def test_three_nodes_are_one_chat_and_go_on_when_they_are_started_again(tmp_path):
    pytest.importorskip("nats", reason="needs nats-py")
    folder = tmp_path / "a folder"
    with running(folder) as ports, Client(ports[0]) as anna, Client(ports[2]) as bob:
        anna.send("anna\n")
        anna.until("Hello, anna!")
        bob.send("bob\n")
        bob.until("Hello, bob! anna, bob are in the chat")
        bob.send("good morning\n")
        anna.until("bob: good morning\n")
    with running(folder) as ports, Client(ports[1]) as carl:
        carl.send("carl\n")
        carl.until("bob: good morning")
