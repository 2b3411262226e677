"""The clients of ``tests.real_clients``: how each is set up, what is typed into it, and what it shows."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from asyncchat.server.tls import self_signed
from tests.server.harness import free_port

NAME = "anna"
PASSWORD = "sesame-2026"  # noqa: S105


def waits_for(condition: Callable[[], Any], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def answers(port: int, seconds: float = 120) -> bool:
    """Whether somebody listens there within so many seconds."""
    return waits_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, seconds)


class Program:
    """A client: how it is started, what is typed into it, and what it shows."""

    needs: ClassVar[tuple[str, ...]]
    unread = r"(?i)unknown (command|numeric)|unhandled|unparsed|not enough parameters"
    """What its windows may not show."""

    bot = False
    """Is told nothing of what was said before, and answers with a pong to what is asked."""

    ask = f"{NAME}: ping"

    returns = 60.0
    """Seconds within which it is back after a restart; 0: it ends with the connection."""

    options: ClassVar[tuple[str, ...]] = ()
    """The server's."""

    has_certificate = False
    """Logs in by its certificate (@CERTIFICATE@), which is added after the account was made."""

    files: ClassVar[dict[str, str]] = {}
    """Its configuration, in which @NAME@, @PASSWORD@, @PORT@, @HOME@ and @LOGIN@ are filled in."""

    login = ""
    """What @LOGIN@ stands for where there is a password."""

    command = ""
    """What starts it, filled in like its files."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.shown: dict[str, None] = {}
        self.web = free_port()
        """Where it listens itself, if it does."""
        self.processes: list[subprocess.Popen[bytes]] = []

    @classmethod
    def installed(cls) -> bool:
        return all(shutil.which(program) for program in cls.needs)

    def start(self, password: str) -> None:
        self.configure(password)
        self.main = self.run(*self.words(password), stdin=subprocess.PIPE)

    def configure(self, password: str) -> None:
        certificate = self.home / "me.pem"
        if self.has_certificate and not certificate.exists():
            certificate.write_text(self_signed([NAME]))
        for name, text in self.files.items():
            self.write(name, self.filled(text, password))

    def words(self, password: str) -> tuple[str, ...]:
        """The command that starts it."""
        return tuple(self.filled(self.command, password).split())

    def filled(self, text: str, password: str) -> str:
        words = {"NAME": NAME, "PORT": str(self.port), "WEB": str(self.web), "HOME": str(self.home)}
        words["CERTIFICATE"] = str(self.home / "me.pem")
        words |= {"PASSWORD": password, "LOGIN": self.login if password else ""}
        return re.sub("@([A-Z]+)@", lambda found: self.filled(words[found[1]], password), text)

    def type(self, line: str) -> None:
        """Types into the room's window; a command begins with a slash."""
        assert self.main.stdin
        self.main.stdin.write(line.encode() + b"\n")
        self.main.stdin.flush()

    def look(self) -> str:
        """What all windows have shown until now."""
        files = (file for file in sorted(self.home.rglob("*log*")) if file.is_file())
        return "\n".join([*self.shown, *(file.read_text(errors="replace") for file in files)])

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
        self.processes.clear()

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def run(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        options["env"] = self.environment(**options.get("env", {}))
        output = (self.home / f"{Path(command[0]).name}.log").open("ab")
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=self.home, **options)
        self.processes.append(process)
        return process

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Terminal(Program):
    """One in a terminal, which tmux keeps; its screen is looked at often."""

    def tmux(self, *arguments: str) -> str:
        command = ("tmux", "-S", str(self.home / "tmux"), "-f", "/dev/null", *arguments)
        environment = self.environment(XDG_DATA_HOME=str(self.home / "data"))
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.home).stdout

    def start(self, password: str) -> None:
        self.configure(password)
        self.tmux("new-session", "-d", "-x", "180", "-y", "50", *self.words(password))

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def look(self) -> str:
        for line in self.tmux("capture-pane", "-p", "-J", "-S", "-500").splitlines():
            self.shown[line.rstrip()] = None
        return super().look()

    def stop(self) -> None:
        self.tmux("kill-server")
        super().stop()


class Irssi(Terminal):
    needs: ClassVar[tuple[str, ...]] = ("irssi", "tmux")
    command = "irssi --home=@HOME@/irssi"
    login = 'sasl_mechanism = "PLAIN"; sasl_username = "@NAME@"; sasl_password = "@PASSWORD@";'
    files: ClassVar[dict[str, str]] = {
        "irssi/config": """servers = ( { address = "127.0.0.1"; port = "@PORT@"; chatnet = "here";
  autoconnect = "yes"; } );
chatnets = { here = { type = "IRC"; nick = "@NAME@"; @LOGIN@ }; };
channels = ( { name = "#lobby"; chatnet = "here"; autojoin = "yes"; } );
settings = { "fe-common/core" = { window_auto_change = "yes"; };
  "core" = { server_reconnect_time = "10s"; }; "irc/core" = { cmd_queue_speed = "10msec"; }; };
logs = { "@HOME@/all.log" = { auto_open = "yes"; level = "ALL"; }; };
"""
    }


class WeeChat(Terminal):
    needs: ClassVar[tuple[str, ...]] = ("weechat", "tmux")
    unread = Program.unread + r"|=!=.*(command|parse)"

    address = "127.0.0.1/@PORT@ -notls"
    joins: ClassVar[tuple[str, ...]] = ("/set irc.server.here.autojoin #lobby", "/wait 2 /buffer #lobby")
    login = (
        "/set irc.server.here.sasl_mechanism scram-sha-256\n/set irc.server.here.sasl_username @NAME@\n"
        "/set irc.server.here.sasl_password @PASSWORD@"
    )

    def words(self, password: str) -> tuple[str, ...]:
        shutil.rmtree(self.home / "weechat", ignore_errors=True)
        lines = ["/set logger.file.flush_delay 0", f"/server add here {self.address}"]
        lines += ["/set irc.server.here.nicks @NAME@", *self.joins, "@LOGIN@", "/connect here"]
        typed = self.filled("\n".join(lines), password).split("\n")
        runs = [word for line in filter(None, typed) for word in ("-r", line)]
        return ("weechat", "--dir", str(self.home / "weechat"), *runs)


class Znc(WeeChat):
    """A bouncer, with WeeChat before it."""

    needs: ClassVar[tuple[str, ...]] = ("znc", "weechat", "tmux")
    returns = 90.0
    address = f"127.0.0.1/@WEB@ -notls -password=me/here:{PASSWORD}"
    joins: ClassVar[tuple[str, ...]] = ()
    login = ""
    files: ClassVar[dict[str, str]] = {
        "znc/configs/znc.conf": f"""Version = 1.8.2
<Listener l>
  Port = @WEB@
  Host = 127.0.0.1
  IPv4 = true
  IPv6 = false
  SSL = false
</Listener>
<User me>
  Pass = sha256#{hashlib.sha256(f"{PASSWORD}salt".encode()).hexdigest()}#salt#
  Nick = @NAME@
  Ident = @NAME@
  <Network here>
    LoadModule = sasl
    Server = 127.0.0.1 @PORT@
    <Chan #lobby>
    </Chan>
  </Network>
</User>
"""
    }

    def start(self, password: str) -> None:
        shutil.rmtree(self.home / "znc", ignore_errors=True)
        self.configure(password)
        self.run("znc", "--foreground", "--allow-root", "--datadir", str(self.home / "znc"))
        assert answers(self.web)
        super().start("")
        time.sleep(8)
        if password:
            for line in (f"*sasl set {NAME} {password}", "*sasl mechanism PLAIN", "*status jump"):
                self.type(f"/msg {line}")
                time.sleep(1)


class Emacs(Terminal):
    """ERC: a timer writes each of its buffers to a file, since a screen shows only one."""

    needs: ClassVar[tuple[str, ...]] = ("emacs", "tmux")
    command = "emacs -nw -Q -l @HOME@/erc.el"
    login = ':password "@NAME@:@PASSWORD@"'
    files: ClassVar[dict[str, str]] = {
        "erc.el": """(require 'erc) (require 'erc-log)
(setq erc-autojoin-channels-alist '((".*" "#lobby")) erc-prompt-for-password nil erc-join-buffer 'buffer
      erc-server-auto-reconnect t erc-server-reconnect-attempts 20 erc-server-reconnect-timeout 2)
(erc-autojoin-mode 1)
(run-at-time 1 1 (lambda () (dolist (b (erc-buffer-list))
  (with-current-buffer b (write-region (point-min) (point-max)
    (expand-file-name (concat "log-" (md5 (buffer-name))) "@HOME@") nil 0)))))
(erc :server "127.0.0.1" :port @PORT@ :nick "@NAME@" @LOGIN@)
"""
    }


class Epic(Terminal):
    needs: ClassVar[tuple[str, ...]] = ("epic5", "tmux")
    returns = 120.0
    command = "epic5 -B -l @HOME@/rc -n @NAME@ 127.0.0.1:@PORT@"
    login = "load sasl_auth\nsasl_auth * plain @NAME@ @PASSWORD@\n"
    files: ClassVar[dict[str, str]] = {"rc": "load global\nload reconnect\n@LOGIN@on connect * join #lobby\n"}


class IrcFramework(Program):
    """The library of The Lounge and Kiwi, with a program of a few lines that prints each event."""

    needs: ClassVar[tuple[str, ...]] = ("node",)
    # Whatever has no event of its own in this library is "unknown" to it; these are on every server.
    unread = r'UNKNOWN COMMAND \{"command":"(?!00[34]|25[145]|26[56])'

    command = "node @HOME@/bot.cjs"
    login = '{account: "@NAME@", password: "@PASSWORD@"} ||'
    files: ClassVar[dict[str, str]] = {
        "bot.cjs": """const {Client} = require("irc-framework"); const c = new Client();
const show = (kind, e) => console.log(kind, JSON.stringify(e, (k, v) => k === "client" ? undefined : v));
c.on("raw", e => show("raw", e.line));
c.on("unknown command", e => show("UNKNOWN COMMAND", e));
c.on("registered", () => c.join("#lobby"));
for (const kind of ["message", "join", "part", "quit", "irc error", "loggedin", "reconnecting"])
  c.on(kind, e => show(kind, e));
c.connect({host: "127.0.0.1", port: @PORT@, nick: "@NAME@", auto_reconnect: true,
  auto_reconnect_max_retries: 20,
  account: @LOGIN@ undefined, enable_chghost: true, enable_setname: true, enable_echomessage: true});
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const [, target, text] = line.match(/^[/]msg (\\S+) (.*)/) || [0, "#lobby", line]; c.say(target, text); });
"""
    }


class Limnoria(Program):
    needs: ClassVar[tuple[str, ...]] = ("limnoria",)
    bot = True
    command = "limnoria @HOME@/bot.conf --allow-root"
    files: ClassVar[dict[str, str]] = {
        "bot.conf": """supybot.nick: @NAME@
supybot.ident: @NAME@
supybot.networks: home
supybot.networks.home.servers: 127.0.0.1:@PORT@
supybot.networks.home.ssl: False
supybot.networks.home.channels: #lobby
supybot.networks.home.sasl.username: @NAME@
supybot.networks.home.sasl.password: @PASSWORD@
supybot.networks.home.sasl.mechanisms: scram-sha-256 plain
supybot.plugins: Misc
supybot.plugins.Misc: True
supybot.log.level: DEBUG
supybot.directories.data: @HOME@/data
"""
    }


class Sopel(Program):
    needs: ClassVar[tuple[str, ...]] = ("sopel",)
    bot = True
    ask = ".ping"
    files: ClassVar[dict[str, str]] = {
        ".sopel/default.cfg": """[core]
nick = @NAME@
owner = bob
host = 127.0.0.1
port = @PORT@
use_ssl = false
channels =
    "#lobby"
auth_method = sasl
auth_username = @NAME@
auth_password = @PASSWORD@
auth_target = PLAIN
log_raw = true
exclude = safety
"""
    }

    def words(self, password: str) -> tuple[str, ...]:
        # It refuses to be root's, as tests may.
        program = "import os; os.getuid = os.geteuid = lambda: 1000; from sopel.cli.run import main; main()"
        return (str(Path(str(shutil.which("sopel"))).with_name("python")), "-c", program, "start")


class Eggdrop(Program):
    needs: ClassVar[tuple[str, ...]] = ("eggdrop",)
    bot = True
    files: ClassVar[dict[str, str]] = {
        "bot.conf": """set mod-path "/usr/lib/eggdrop/modules/"
set help-path "/usr/share/eggdrop/help/"
set text-path "/usr/share/eggdrop/text/"
set username "@NAME@"
set nick "@NAME@"
set altnick "@NAME@_"
set realname "@NAME@"
set userfile "bot.user"
set chanfile "bot.chan"
set servers { "127.0.0.1:@PORT@:@NAME@:@PASSWORD@" }
logfile mcobksrvj * "bot.log"
loadmodule blowfish
loadmodule channels
loadmodule server
loadmodule ctcp
loadmodule irc
set net-type 5
set raw-log 1
set server-cycle-wait 10
channel add #lobby { }
bind pub - "@NAME@:" answer
proc answer {nick host hand chan text} { putserv "PRIVMSG $chan :pong" }
bind evnt - init-server bot_mode
proc bot_mode {type} { putquick "MODE $::botnick +B" }
"""
    }

    def start(self, password: str) -> None:
        self.configure(password)
        # It refuses to be root's.
        subprocess.run(("chown", "-R", "nobody", str(self.home)), check=True)
        self.run("eggdrop", "-nm", "bot.conf", user="nobody")


class Catgirl(Terminal):
    """It speaks TLS alone."""

    needs: ClassVar[tuple[str, ...]] = ("catgirl", "tmux", "openssl")
    options = ("--tls", "self-signed")
    has_certificate = True
    returns = 0
    files: ClassVar[dict[str, str]] = {"data/catgirl/made": ""}
    login = "-e"
    command = (
        "catgirl -l -t @HOME@/../chat.db.tls -c @CERTIFICATE@ @LOGIN@ -h localhost -p @PORT@ -n @NAME@ "
        "-u @NAME@ -j #lobby"
    )
