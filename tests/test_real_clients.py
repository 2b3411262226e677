"""irssi and WeeChat, as people have them, with a person at nc: they join, talk, moderate, are moderated;
irssi logs in by SASL, reads what was said before it came, and comes back after a break. Both go on at another
node of a cluster when theirs ends.

``.ci/run`` installs both; where one is missing, its test is skipped and says so.
"""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.client_programs import waits_for
from tests.cluster.conftest import name, nats_url  # noqa: F401  # fixtures
from tests.server.cluster.conftest import nodes  # noqa: F401  # a fixture
from tests.server.harness import CODE, PATIENCE, Client, serving

needs_irssi = pytest.mark.skipif(shutil.which("irssi") is None, reason="irssi is not installed")
needs_weechat = pytest.mark.skipif(
    shutil.which("weechat-headless") is None or not list(Path("/usr/lib").glob("*/weechat/plugins/fifo.so")),
    reason="weechat-headless with its fifo plugin (weechat-plugins) is not installed",
)


class Terminal:
    """A program in a terminal of its own, driven by what one types and read from its screen."""

    def __init__(self, *command, home):
        self._master, slave = pty.openpty()
        environment = {**os.environ, "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", "LINES": "40"}
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def type(self, line):
        os.write(self._master, line.encode() + b"\r")

    def until(self, text):
        """Reads the screen until it shows this."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self._seen:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f"never showed {text!r}; last: {self._seen[-500:]!r}"
            self._seen += os.read(self._master, 65536)
        self._seen = self._seen.partition(text.encode())[2]


IRSSI_SETTINGS = """
settings = {
  # Without these it waits two seconds before each command but the first few, as some servers want it.
  "irc/core" = { cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; };
  # A room's window is shown when it is made.
  "fe-common/core" = { window_auto_change = "yes"; };
};
"""


@needs_irssi
def test_irssi(tmp_path):
    (tmp_path / "config").write_text(IRSSI_SETTINGS)
    with serving() as server:
        bob = server.person("bob")
        arguments = (f"--home={tmp_path}", "-c", "127.0.0.1", "-p", str(server.port), "-n", "iris")
        with Terminal("irssi", *arguments, home=tmp_path) as irssi:
            irssi.until("Mode")  # irssi sets +i on itself once it is in
            irssi.type("/join #lobby")
            bob.until("iris is online\n")
            irssi.type("grüße an alle")
            bob.until("iris: grüße an alle\n")
            bob.send("willkommen\n")
            irssi.until("willkommen")
            irssi.type(f"/oper owner {CODE}")
            irssi.type("/mode +m")
            bob.until("iris changed a rule")
            bob.send("muted?\n")
            bob.until("Not sent")
            irssi.type("/mode +vv bob iris")
            bob.until("iris is now a voice")
            irssi.type("/kick bob that is all")
            bob.until("that is all")
            with Client(server.port) as ann:
                ann.send(f"NICK ann\r\nUSER a 0 * :a\r\nOPER owner {CODE}\r\nJOIN #lobby\r\n")
                ann.until(" 366 ")
                ann.send("TBAN #lobby 1h nobody\r\nKICK #lobby iris :your turn\r\n")
                irssi.until("your turn")


@needs_weechat
def test_weechat(tmp_path):
    pipe = tmp_path / "pipe"
    with serving() as server:
        bob = server.person("bob")
        setup = (
            f"/set fifo.file.path {pipe}",
            "/fifo enable",
            f"/server add t 127.0.0.1/{server.port} -notls",
            # Without these it waits two seconds after each command, as some servers want it.
            "/set irc.server.t.anti_flood_prio_high 0",
            "/set irc.server.t.anti_flood_prio_low 0",
            "/set irc.server.t.nicks wee",
            "/set irc.server.t.autojoin #lobby",
            "/connect t",
        )
        runs = [word for line in setup for word in ("--run-command", line)]
        command = ("weechat-headless", "--dir", str(tmp_path / "weechat"), *runs)
        with Terminal(*command, home=tmp_path):
            bob.until("wee is online\n")

            def say(line):
                with pipe.open("w") as fifo:
                    fifo.write(f"irc.server.t *{line}\n")

            say("/msg #lobby hello from a real client")
            bob.until("wee: hello from a real client\n")
            say(f"/oper owner {CODE}")
            say("/topic #lobby release at noon")
            bob.until("release at noon\n")

            def say_there(line):
                with pipe.open("w") as fifo:
                    fifo.write(f"irc.t.#lobby *{line}\n")

            say_there("/mode +ms")
            bob.until("wee changed a rule: only members with a role may speak")
            bob.until("wee changed a rule: outsiders do not see this room")
            say_there("/op bob")
            bob.until("bob is now an operator")
            cat = server.person("cat")
            say_there("/kick cat that is all")
            cat.until("cat was removed by wee (that is all)")
            with Client(server.port) as ann:
                ann.send("NICK ann\r\nUSER a 0 * :a\r\nPRIVMSG wee :\x01VERSION\x01\r\n")
                assert "WeeChat" in ann.until("VERSION WeeChat")
            bob.send("/kick wee enough\n")
            bob.until("wee was removed")


ACCOUNT = "sesame-2026"


def registered(server, nick):
    """Makes an account of a name, and goes."""
    with Client(server.port) as client:
        client.send(f"NICK {nick}\r\nUSER a 0 * :a\r\nNS REGISTER {ACCOUNT}\r\n")
        client.until(" 900 ")
        client.send("QUIT\r\n")
        client.rest()


def account_of(server, nick):
    return server.call(lambda: server.server.hub.chat.person_named(nick).account)


IRSSI = """
servers = ( {{ address = "127.0.0.1"; port = "{port}"; chatnet = "here"; autoconnect = "yes"; }} );
chatnets = {{ here = {{
  type = "IRC"; nick = "iris"; sasl_mechanism = "PLAIN"; sasl_username = "iris"; sasl_password = "{password}";
}}; }};
channels = ( {{ name = "#lobby"; chatnet = "here"; autojoin = "yes"; }} );
"""


@needs_irssi
def test_irssi_logs_in_reads_what_was_said_and_comes_back(tmp_path):
    with serving() as server:
        registered(server, "iris")
        bob = server.person("bob")
        bob.send(f"/owner {CODE}\nsaid before anyone came\n")
        (tmp_path / "config").write_text(IRSSI.format(port=server.port, password=ACCOUNT) + IRSSI_SETTINGS)
        with Terminal("irssi", f"--home={tmp_path}", home=tmp_path) as irssi:
            bob.until("iris is online\n")
            irssi.until("said before anyone came")
            assert account_of(server, "iris") == "iris"
            bob.send("/kill iris for a moment\n")
            bob.until("iris left chat")
            irssi.until("irssi.org")  # above the room's window when the connection is lost
            bob.send("said while iris was away\n")
            irssi.type("/connect here")
            bob.until("iris is online\n")
            irssi.until("said while iris was away")
            assert account_of(server, "iris") == "iris"
            irssi.type("and I am back")
            bob.until("iris: and I am back\n")


IRSSI_OF_TWO = """
servers = (
  {{ address = "127.0.0.1"; port = "{first}"; chatnet = "here"; autoconnect = "yes"; }},
  {{ address = "127.0.0.1"; port = "{second}"; chatnet = "here"; }}
);
"""


@needs_irssi
def test_irssi_goes_on_at_another_node(tmp_path, nodes):  # noqa: F811
    one, two = nodes.add(), nodes.add()
    registered(one, "iris")
    bob = one.person("bob")
    servers = IRSSI_OF_TWO.format(first=two.port, second=one.port)
    of_one = IRSSI.format(port=0, password=ACCOUNT).partition("\nchatnets")
    (tmp_path / "config").write_text(f"{servers}{''.join(of_one[1:])}{IRSSI_SETTINGS}")
    with Terminal("irssi", f"--home={tmp_path}", home=tmp_path) as irssi:
        bob.until("iris is online\n")
        bob.send("said on another node\n")
        irssi.until("said on another node")
        two.stop()
        bob.until("iris left chat (its server stopped)\n")
        irssi.until("irssi.org")  # above the room's window when the connection is lost
        bob.send("said while iris was away\n")
        irssi.type("/reconnect RECON-1")  # else in some minutes
        bob.until("iris is online\n")
        irssi.until("said while iris was away")
        assert account_of(one, "iris") == "iris"
        irssi.type("and I am back")
        bob.until("iris: and I am back\n")


@needs_weechat
def test_weechat_goes_on_at_another_node(tmp_path, nodes):  # noqa: F811
    one, two = nodes.add(), nodes.add()
    registered(one, "wee")
    bob = one.person("bob")
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    setup = (
        f"/set fifo.file.path {pipe}",
        "/fifo enable",
        f"/set logger.file.path {log}",
        "/set logger.file.flush_delay 0",
        f"/server add t 127.0.0.1/{two.port},127.0.0.1/{one.port} -notls",
        "/set irc.server.t.anti_flood_prio_high 0",
        "/set irc.server.t.anti_flood_prio_low 0",
        "/set irc.server.t.autoreconnect_delay 1",
        "/set irc.server.t.nicks wee",
        "/set irc.server.t.sasl_username wee",
        f"/set irc.server.t.sasl_password {ACCOUNT}",
        "/set irc.server.t.autojoin #lobby",
        "/connect t",
    )
    runs = [word for line in setup for word in ("--run-command", line)]
    with Terminal("weechat-headless", "--dir", str(tmp_path / "weechat"), *runs, home=tmp_path):
        bob.until("wee is online\n")
        bob.send("said on another node\n")
        two.stop()
        bob.until("wee left chat (its server stopped)\n")
        bob.send("said while wee was away\n")
        bob.until("wee is online\n")
        assert account_of(one, "wee") == "wee"
        with pipe.open("w") as fifo:
            fifo.write("irc.t.#lobby *and I am back\n")
        bob.until("wee: and I am back\n")
        (written,) = log.glob("irc.t.#lobby.weechatlog")

        def said():
            lines = [line.split("\t", 2) for line in written.read_text().splitlines()]
            return sorted(words[2] for words in lines if len(words) == 3 and words[1] in ("bob", "wee"))

        waits_for(lambda: len(said()) >= 3, PATIENCE)  # WeeChat writes it when bob may have read it
        assert said() == ["and I am back", "said on another node", "said while wee was away"]
