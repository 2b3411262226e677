"""The server of NATS that a program starts for itself."""

import re
import stat
import subprocess

import pytest

from asyncchat.cluster.local_server import PORTS, READY, LocalServer
from tests.cluster.nats import binary


def test_its_password_is_its_owners_and_new_each_time(tmp_path):
    folder = tmp_path / "chat.db-nats"
    urls = [LocalServer("nats-server", folder, syncs=False).url for _ in range(2)]
    assert urls[0] != urls[1]
    found = re.fullmatch(r"nats://asyncchat:([\w-]{32})@127.0.0.1:(\d+)", urls[1])
    assert found is not None
    assert int(found[2]) in PORTS
    config = folder / "nats.conf"
    assert f'password: "{found[1]}"' in config.read_text()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, config)] == [0o700, 0o600]


@pytest.mark.parametrize("syncs", [False, True])
def test_it_starts_in_its_folder(tmp_path, syncs):
    server = LocalServer(binary(), tmp_path / 'a "folder"; {', syncs=syncs)
    assert ("sync_interval: always" in (server.folder / "nats.conf").read_text()) is syncs
    with subprocess.Popen(
        server.command, cwd=server.folder, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if READY in line:
                break
        process.terminate()
        process.stderr.read()
    assert READY in lines[-1], lines
    assert (server.folder / "data" / "jetstream").is_dir()
