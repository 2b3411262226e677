import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncchat.bench import load, servers
from asyncchat.cli import main
from tests.bench.stub import stub

SCRIPT = """
[[phase]]
name = "small"
clients = 4
senders = 1
window = 2
seconds = 0.1
warmup = 0.0
"""


def bench(*words: str) -> Result:
    return CliRunner().invoke(main, ["bench", *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no scenario is called nothing"),
        (["roms"], "did you mean rooms"),
        (["room", "--seconds", "0"], "seconds must be"),
        (["--url", "http://x"], "is not irc://HOST:PORT"),
        (["--against", "http://x"], "is not irc://HOST:PORT"),
        (["--pid", "1"], "--pid needs --url"),
        (["--against-pid", "1"], "--against-pid needs an --against URL"),
        (["--url", "irc://x", "--no-history"], "are for our own server"),
        (["--url", "irc://x", "--against-revision", "main"], "is for our own server"),
        (["--url", "irc://x", "--against-serve-option", "x"], "these are for our own server"),
        (["--peer", "nope"], "is not one of"),
        (["--runs", "0"], "--runs"),
        (["--script", "none.toml"], "cannot read the script"),
        (["--script", "none.toml", "room"], "not both"),
    ],
)
def test_misuse_exits_2(words, said):
    result = bench(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_script_is_run_shown_and_written(tmp_path):
    script, metrics, chart, page = (tmp_path / name for name in ("a.toml", "a.json", "a.svg", "a.md"))
    page.write_text("Figures:\n<!-- bench: begin -->\n<!-- bench: end -->\n")
    script.write_text(SCRIPT)
    with stub() as server:
        words = ["--url", f"irc://127.0.0.1:{server.port}", "--script", str(script)]
        result = bench(*words, "--json", str(metrics), "--plot", str(chart), "--markdown", str(page))
        again = bench(*words, "--against", str(metrics))
    assert result.exit_code == 0, result.output
    assert "all once, in order" in result.stdout
    assert page.read_text().startswith("Figures:\n<!-- bench: begin -->\n| scenario | measure |")
    assert json.loads(metrics.read_text())["comparisons"][0]["scenario"]["name"] == "small"
    assert chart.read_text().startswith("<svg")
    assert again.exit_code == 0, again.output
    assert "(recorded)" in again.stdout


def test_clients_that_ask_for_something_beside_those_that_do_not(tmp_path):
    script = tmp_path / "a.toml"
    script.write_text(SCRIPT)
    result = bench("--script", str(script), "--runs", "1", "--caps", "server-time", "--against-caps", "")
    assert result.exit_code == 0, result.output
    assert "asyncchat (no capabilities)" in result.stdout


def test_a_revision_beside_what_is_here(tmp_path, monkeypatch):
    package = tmp_path / "src" / "asyncchat"
    shutil.copytree(Path(servers.__file__).parents[1], package, ignore=shutil.ignore_patterns("__pycache__"))

    def git(*words: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("add", "src")
    git("commit", "-m", "all")
    git("tag", "before")
    monkeypatch.setattr(servers, "__file__", str(package / "bench" / "servers.py"))
    script = tmp_path / "a.toml"
    script.write_text(SCRIPT)
    result = bench("--script", str(script), "--runs", "1", "--against-revision", "before")
    assert result.exit_code == 0, result.output
    assert "to asyncchat at before" in result.stdout
    unknown = bench("--script", str(script), "--against-revision", "no-such")
    assert unknown.exit_code == 1
    assert "git has no source at no-such" in unknown.stderr
    monkeypatch.setattr(servers, "__file__", str(tmp_path / "elsewhere/lib/asyncchat/bench/servers.py"))
    installed = bench("--script", str(script), "--against-revision", "before")
    assert installed.exit_code == 1
    assert "in a checkout" in installed.stderr


def test_a_fault_exits_1(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "_SILENT_SECONDS", 1.0)
    script = tmp_path / "a.toml"
    script.write_text(SCRIPT)
    with stub(lambda number, receiver, line: [] if number == 5 else [line]) as server:
        result = bench("--url", f"irc://127.0.0.1:{server.port}", "--script", str(script))
    assert result.exit_code == 1
    assert "1 lost" in result.stdout


def test_a_server_that_is_not_there_exits_1_with_one_line():
    with stub() as server:
        port = server.port
    result = bench("light", "--url", f"irc://127.0.0.1:{port}")
    assert result.exit_code == 1
    assert result.stderr == f"Error: cannot connect to irc://127.0.0.1:{port}: Connection refused\n"
