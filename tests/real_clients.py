"""IRC clients that we did not write, as people have them: ``python -m tests.real_clients irssi hexchat …``.

Each registers an account, logs in, joins, reads what was said before, talks, and sees the server restart.
A line for each check says whether it was seen. At last its windows are searched for what it could not read.
Without names it tries all that are installed; ``--keep FOLDER`` leaves what they showed there. The
variables KIWI and GAMJA name the folders of their built pages, NODE_PATH the one in which irc-framework is.
CI runs only test_real_clients.py, with irssi and WeeChat.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

NAME = "anna"
PASSWORD = "sesame-2026"  # noqa: S105
FIRST, MISSED = "said before anyone came", "said after the restart"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def waits_for(condition: Callable[[], Any], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


class Server:
    """A server with its history in a file, which is stopped and started again at the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        words = f"-m asyncchat serve --host 127.0.0.1 --port {self.port} --name irc.example.org"
        self._command = (sys.executable, *words.split(), "--db", str(folder / "chat.db"), *options)
        self._log = (folder / "server.log").open("ab")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        assert waits_for(self._listens, 120)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Person:
    """Somebody else in the lobby, by raw lines, who sees what the client does."""

    def __init__(self, port: int, name: str = "bob") -> None:
        self.seen = ""
        self._socket = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self._read, daemon=True).start()
        self.send(
            f"CAP REQ :extended-join account-notify\r\nNICK {name}\r\nUSER b 0 * :b\r\nCAP END\r\nJOIN #lobby"
        )
        assert self.sees(" 366 ")

    def send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")

    def say(self, text: str, target: str = "#lobby") -> None:
        self.send(f"PRIVMSG {target} :{text}")

    def sees(self, pattern: str, seconds: float = 20, *, after: int = 0) -> bool:
        return waits_for(lambda: re.search(pattern, self.seen[after:], re.M | re.I), seconds)

    def account(self) -> bool:
        """Whether the client is logged in."""
        before = len(self.seen)
        self.send(f"WHOIS {NAME}")
        self.sees(" 318 ", after=before)
        answer = self.seen[before:]
        return f" 330 bob {NAME} {NAME} " in answer and "#lobby" in answer

    def _read(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(65536):
                for line in data.decode(errors="replace").splitlines():
                    if line.startswith("PING"):
                        self.send("PONG" + line[4:])
                self.seen += data.decode(errors="replace")


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

    origin = False
    options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.shown: dict[str, None] = {}
        self.processes: list[subprocess.Popen[bytes]] = []

    @classmethod
    def installed(cls) -> bool:
        return all(shutil.which(program) for program in cls.needs)

    def version(self) -> str:
        return ""

    def start(self, password: str) -> None:
        raise NotImplementedError

    def type(self, line: str) -> None:
        """Types into the room's window; a command begins with a slash."""
        raise NotImplementedError

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

    def run(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        options["env"] = {**os.environ, "HOME": str(self.home), "LANG": "C.UTF-8", **options.get("env", {})}
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
        environment = {**os.environ, "HOME": str(self.home), "LANG": "C.UTF-8", **self.environment()}
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.home).stdout

    def environment(self) -> dict[str, str]:
        return {"XDG_DATA_HOME": str(self.home / "data")}

    def command(self, password: str) -> tuple[str, ...]:
        raise NotImplementedError

    def start(self, password: str) -> None:
        self.tmux("new-session", "-d", "-x", "180", "-y", "50", *self.command(password))

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

    def command(self, password: str) -> tuple[str, ...]:
        login = (
            f'sasl_mechanism = "PLAIN"; sasl_username = "{NAME}"; sasl_password = "{password}";'
            if password
            else ""
        )
        self.write(
            "irssi/config",
            f"""servers = ( {{ address = "127.0.0.1"; port = "{self.port}"; chatnet = "here";
  autoconnect = "yes"; }} );
chatnets = {{ here = {{ type = "IRC"; nick = "{NAME}"; {login} }}; }};
channels = ( {{ name = "#lobby"; chatnet = "here"; autojoin = "yes"; }} );
settings = {{ "fe-common/core" = {{ window_auto_change = "yes"; }};
  "core" = {{ server_reconnect_time = "10s"; }}; "irc/core" = {{ cmd_queue_speed = "10msec"; }}; }};
logs = {{ "{self.home}/all.log" = {{ auto_open = "yes"; level = "ALL"; }}; }};
""",
        )
        return ("irssi", f"--home={self.home}/irssi")


class WeeChat(Terminal):
    needs: ClassVar[tuple[str, ...]] = ("weechat", "tmux")
    unread = Program.unread + r"|=!=.*(command|parse)"

    def lines(self, password: str) -> list[str]:
        return [
            "/set logger.file.flush_delay 0",
            f"/server add here 127.0.0.1/{self.port} -notls",
            f"/set irc.server.here.nicks {NAME}",
            "/set irc.server.here.autojoin #lobby",
            *(
                f"/set irc.server.here.sasl_{option}"
                for option in ("mechanism scram-sha-256", f"username {NAME}", f"password {password}")
                if password
            ),
            "/connect here",
            "/wait 2 /buffer #lobby",
        ]

    def command(self, password: str) -> tuple[str, ...]:
        runs = [word for line in self.lines(password) for word in ("-r", line)]
        shutil.rmtree(self.home / "weechat", ignore_errors=True)
        return ("weechat", "--dir", str(self.home / "weechat"), *runs)


class Znc(WeeChat):
    """A bouncer, with WeeChat before it."""

    needs: ClassVar[tuple[str, ...]] = ("znc", "weechat", "tmux")
    returns = 90.0
    web = 0

    def start(self, password: str) -> None:
        shutil.rmtree(self.home / "znc", ignore_errors=True)
        hashed = hashlib.sha256(f"{PASSWORD}salt".encode()).hexdigest()
        self.web = free_port()
        self.write(
            "znc/configs/znc.conf",
            f"""Version = 1.8.2
<Listener l>
  Port = {self.web}
  Host = 127.0.0.1
  IPv4 = true
  IPv6 = false
  SSL = false
</Listener>
<User me>
  Pass = sha256#{hashed}#salt#
  Nick = {NAME}
  Ident = {NAME}
  <Network here>
    LoadModule = sasl
    Server = 127.0.0.1 {self.port}
    <Chan #lobby>
    </Chan>
  </Network>
</User>
""",
        )
        self.run("znc", "--foreground", "--allow-root", "--datadir", str(self.home / "znc"))
        assert waits_for(lambda: socket.socket().connect_ex(("127.0.0.1", self.web)) == 0, 60)
        super().start("")
        time.sleep(8)
        if password:
            for line in (f"*sasl set {NAME} {password}", "*sasl mechanism PLAIN", "*status jump"):
                self.type(f"/msg {line}")
                time.sleep(1)

    def lines(self, password: str) -> list[str]:
        server = f"/server add here 127.0.0.1/{self.web} -notls -password=me/here:{PASSWORD}"
        return [
            "/set logger.file.flush_delay 0",
            server,
            f"/set irc.server.here.nicks {NAME}",
            "/connect here",
        ]


class Emacs(Terminal):
    """ERC: a timer writes each of its buffers to a file, since a screen shows only one."""

    needs: ClassVar[tuple[str, ...]] = ("emacs", "tmux")

    def command(self, password: str) -> tuple[str, ...]:
        self.write(
            "erc.el",
            f"""(require 'erc) (require 'erc-log)
(setq erc-autojoin-channels-alist '((".*" "#lobby")) erc-prompt-for-password nil erc-join-buffer 'buffer
      erc-server-auto-reconnect t erc-server-reconnect-attempts 20 erc-server-reconnect-timeout 2)
(erc-autojoin-mode 1)
(run-at-time 1 1 (lambda () (dolist (b (erc-buffer-list))
  (with-current-buffer b (write-region (point-min) (point-max)
    (expand-file-name (concat "log-" (md5 (buffer-name))) "{self.home}") nil 0)))))
(erc :server "127.0.0.1" :port {self.port} :nick "{NAME}"
  {f':password "{NAME}:{password}"' if password else ""})
""",
        )
        return ("emacs", "-nw", "-Q", "-l", str(self.home / "erc.el"))


class Epic(Terminal):
    needs: ClassVar[tuple[str, ...]] = ("epic5", "tmux")

    def command(self, password: str) -> tuple[str, ...]:
        login = f"load sasl_auth\nsasl_auth * plain {NAME} {password}\n" if password else ""
        self.write("rc", f"load global\nload reconnect\n{login}on connect * join #lobby\n")
        return ("epic5", "-B", "-l", str(self.home / "rc"), "-n", NAME, f"127.0.0.1:{self.port}")


class IrcFramework(Program):
    """The library of The Lounge and Kiwi, with a program of a few lines that prints each event."""

    needs: ClassVar[tuple[str, ...]] = ("node",)
    # Whatever has no event of its own in this library is "unknown" to it; these are on every server.
    unread = r'UNKNOWN COMMAND \{"command":"(?!00[34]|25[145]|26[56])'

    def start(self, password: str) -> None:
        account = json.dumps({"account": NAME, "password": password}) if password else "undefined"
        program = self.write(
            "bot.cjs",
            f"""const {{Client}} = require("irc-framework"); const c = new Client();
const show = (kind, e) => console.log(kind, JSON.stringify(e, (k, v) => k === "client" ? undefined : v));
c.on("raw", e => show("raw", e.line));
c.on("unknown command", e => show("UNKNOWN COMMAND", e));
c.on("registered", () => c.join("#lobby"));
for (const kind of ["message", "join", "part", "quit", "irc error", "loggedin", "reconnecting"])
  c.on(kind, e => show(kind, e));
c.connect({{host: "127.0.0.1", port: {self.port}, nick: "{NAME}", auto_reconnect: true,
  auto_reconnect_max_retries: 20,
  account: {account}, enable_chghost: true, enable_setname: true, enable_echomessage: true}});
require("readline").createInterface({{input: process.stdin}}).on("line", line => {{
  const [, target, text] = line.match(/^[/]msg (\\S+) (.*)/) || [0, "#lobby", line]; c.say(target, text); }});
""",
        )
        self.node = self.run("node", str(program), stdin=subprocess.PIPE)

    def type(self, line: str) -> None:
        assert self.node.stdin
        self.node.stdin.write(line.encode() + b"\n")
        self.node.stdin.flush()


class Limnoria(Program):
    needs: ClassVar[tuple[str, ...]] = ("limnoria",)
    bot = True

    def start(self, password: str) -> None:
        self.write(
            "bot.conf",
            f"""supybot.nick: {NAME}
supybot.ident: {NAME}
supybot.networks: home
supybot.networks.home.servers: 127.0.0.1:{self.port}
supybot.networks.home.ssl: False
supybot.networks.home.channels: #lobby
supybot.networks.home.sasl.username: {NAME}
supybot.networks.home.sasl.password: {password}
supybot.networks.home.sasl.mechanisms: scram-sha-256 plain
supybot.plugins: Misc
supybot.plugins.Misc: True
supybot.log.level: DEBUG
supybot.directories.data: {self.home}/data
""",
        )
        self.run("limnoria", str(self.home / "bot.conf"), "--allow-root")


class Sopel(Program):
    needs: ClassVar[tuple[str, ...]] = ("sopel",)
    bot = True
    ask = ".ping"

    def start(self, password: str) -> None:
        self.write(
            ".sopel/default.cfg",
            f"""[core]
nick = {NAME}
owner = bob
host = 127.0.0.1
port = {self.port}
use_ssl = false
channels =
    "#lobby"
auth_method = sasl
auth_username = {NAME}
auth_password = {password}
auth_target = PLAIN
log_raw = true
exclude = safety
""",
        )
        # It refuses to be root's, as tests may.
        program = "import os; os.getuid = os.geteuid = lambda: 1000; from sopel.cli.run import main; main()"
        python = Path(str(shutil.which("sopel"))).with_name("python")
        self.run(str(python), "-c", program, "start")


class Eggdrop(Program):
    needs: ClassVar[tuple[str, ...]] = ("eggdrop",)
    bot = True

    def start(self, password: str) -> None:
        self.write(
            "bot.conf",
            f"""set mod-path "/usr/lib/eggdrop/modules/"
set help-path "/usr/share/eggdrop/help/"
set text-path "/usr/share/eggdrop/text/"
set username "{NAME}"
set nick "{NAME}"
set altnick "{NAME}_"
set realname "{NAME}"
set userfile "bot.user"
set chanfile "bot.chan"
set servers {{ "127.0.0.1:{self.port}:{NAME}:{password}" }}
logfile mcobksrvj * "bot.log"
loadmodule blowfish
loadmodule channels
loadmodule server
loadmodule ctcp
loadmodule irc
set net-type 5
set raw-log 1
set server-cycle-wait 10
channel add #lobby {{ }}
bind pub - "{NAME}:" answer
proc answer {{nick host hand chan text}} {{ putserv "PRIVMSG $chan :pong" }}
bind evnt - init-server bot_mode
proc bot_mode {{type}} {{ putquick "MODE $::botnick +B" }}
""",
        )
        # It refuses to be root's.
        subprocess.run(("chown", "-R", "nobody", str(self.home)), check=True)
        self.run("eggdrop", "-nm", "bot.conf", user="nobody")


class HexChat(Program):
    """In a window of a screen that nobody sees; xdotool types, and its logs are read."""

    needs: ClassVar[tuple[str, ...]] = ("hexchat", "Xvfb", "xdotool")
    screen = ":97"

    def start(self, password: str) -> None:
        login = f"L=6\nP={password}\n" if password else ""
        self.write(
            ".config/hexchat/servlist.conf",
            f"v=2.16.1\n\nN=here\n{login}I={NAME}\nU={NAME}\nE=UTF-8 (Unicode)\nF=9\nD=0\n"
            f"S=127.0.0.1/{self.port}\nJ=#lobby\n\n",
        )
        self.write(
            ".config/hexchat/hexchat.conf",
            f"version = 2.16.1\nirc_nick1 = {NAME}\nirc_user_name = {NAME}\ngui_slist_skip = 1\n"
            "irc_logging = 1\nirc_logmask = logs/%n-%c.log\nnet_reconnect_delay = 5\ngui_join_dialog = 0\n",
        )
        self.run("Xvfb", self.screen, "-screen", "0", "1280x800x24", "-nolisten", "tcp")
        waits_for(Path(f"/tmp/.X11-unix/X{self.screen[1:]}").exists, 20)  # noqa: S108
        self.run("hexchat", env={"DISPLAY": self.screen})
        time.sleep(8)
        self.run("xdotool", "key", "Return", env={"DISPLAY": self.screen}).wait()  # it warns who is root

    def type(self, line: str) -> None:
        focus = ("xdotool", "search", "--onlyvisible", "--class", "hexchat", "windowfocus")
        self.run(*focus, env={"DISPLAY": self.screen}).wait()
        self.run("xdotool", "type", "--delay", "20", line, env={"DISPLAY": self.screen}).wait()
        self.run("xdotool", "key", "Return", env={"DISPLAY": self.screen}).wait()


class Catgirl(Terminal):
    """It speaks TLS alone: a proxy of a few lines takes it off, with a certificate made for this."""

    needs: ClassVar[tuple[str, ...]] = ("catgirl", "tmux", "openssl")
    returns = 0

    def command(self, password: str) -> tuple[str, ...]:
        (self.home / "data/catgirl").mkdir(parents=True, exist_ok=True)
        certificate = self.home / "cert.pem"
        if not certificate.exists():
            request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
            request += " -addext subjectAltName=DNS:localhost"
            key = ("-keyout", str(certificate), "-out", str(self.home / "public.pem"))
            subprocess.run(("openssl", *request.split(), *key), check=True, capture_output=True)
            certificate.write_text(certificate.read_text() + (self.home / "public.pem").read_text())
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.listener = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=self._serve, args=(context,), daemon=True).start()
        port = self.listener.getsockname()[1]
        login = ("-a", f"{NAME}:{password}") if password else ()
        words = ("-h", "localhost", "-p", str(port), "-n", NAME, "-u", NAME, "-j", "#lobby", *login)
        return ("catgirl", "-l", "-t", str(self.home / "public.pem"), *words)

    def _serve(self, context: ssl.SSLContext) -> None:
        while True:
            client, _ = self.listener.accept()
            with suppress(OSError):
                secure = context.wrap_socket(client, server_side=True)
                server = socket.create_connection(("127.0.0.1", self.port))
                for source, target in ((secure, server), (server, secure)):
                    threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Page(Program):
    """One in a browser: what all its windows show is gone through by clicking on each."""

    needs: ClassVar[tuple[str, ...]] = ("chromium",)
    windows: ClassVar[str]
    """What is clicked on for a window, the room's last."""

    field: ClassVar[str]
    """Where one types."""

    def address(self, password: str) -> str:
        raise NotImplementedError

    def enter(self, password: str) -> None:
        """Fills in what the page asks before it connects."""

    def start(self, password: str) -> None:
        from playwright.sync_api import sync_playwright

        address = self.address(password)
        self.playwright = sync_playwright().start()
        options = ["--no-sandbox", "--disable-gpu"]
        self.browser = self.playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        self.page = self.browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda message: self.shown.setdefault(f"console: {message.text}"))
        self.page.goto(address)
        self.enter(password)

    def type(self, line: str) -> None:
        self.page.locator(self.windows).filter(has_text="#lobby").first.click()
        self.page.locator(self.field).last.click()
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")

    def look(self) -> str:
        with suppress(Exception):  # a window that is closed meanwhile
            windows = self.page.locator(self.windows)
            for number in reversed(range(windows.count())):
                windows.nth(number).click(timeout=2000)
                self.shown.update(dict.fromkeys(self.page.locator("body").inner_text().splitlines()))
            self.page.screenshot(path=self.home / "page.png")
        return super().look()

    def stop(self) -> None:
        if hasattr(self, "browser"):
            self.browser.close()
            self.playwright.stop()
            del self.browser
        super().stop()


class Lounge(Page):
    needs: ClassVar[tuple[str, ...]] = ("chromium", "thelounge")
    windows = ".channel-list-item:not([data-type=special])"
    field = "#input"
    # It shows the number of what it has no form for; these are on every server.
    unread = r"^\[(?!00[34]|25[145]|26[56])\d\d\d\]"
    web = 0

    def address(self, password: str) -> str:
        self.web = free_port()
        shutil.rmtree(self.home / "lounge", ignore_errors=True)
        self.write(
            "lounge/config.js",
            f"""module.exports = {{public: false, host: "127.0.0.1", port: {self.web}, prefetch: false,
  transports: ["websocket"], messageStorage: [], theme: "default", leaveMessage: "", fileUpload: {{}},
  defaults: {{name: "here", host: "127.0.0.1", port: {self.port}, tls: false, rejectUnauthorized: false,
    nick: "{NAME}", username: "{NAME}", realname: "{NAME}", join: "#lobby",
    password: "", leaveMessage: ""}}}};
""",
        )
        (self.home / "lounge/users").mkdir()
        home = {"THELOUNGE_HOME": str(self.home / "lounge")}
        self.run("thelounge", "add", "me", "--password", PASSWORD, env=home).wait()
        (self.home / "thelounge.log").unlink()
        self.run("thelounge", "start", env=home)
        assert waits_for(lambda: b"Available at" in (self.home / "thelounge.log").read_bytes(), 60)
        return f"http://127.0.0.1:{self.web}/"

    def enter(self, password: str) -> None:
        self.page.locator("[name=username]").fill("me")
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.locator("[name=join]").wait_for()
        if password:
            self.page.get_by_text("(SASL PLAIN)").click()
            self.page.locator("[name=saslAccount]").fill(NAME)
            self.page.locator("[name=saslPassword]").fill(password)
        self.page.get_by_role("button", name="Connect").click()


class Kiwi(Page):
    """Its built files are in the folder that the variable KIWI names."""

    windows = ".kiwi-statebrowser-channel-name, .kiwi-statebrowser-network-name"
    field = ".kiwi-ircinput"
    folder = "KIWI"
    options = ("--origin", "http://127.0.0.1:8099")

    @classmethod
    def installed(cls) -> bool:
        return super().installed() and cls.folder in os.environ

    def serve(self, files: dict[str, str]) -> str:
        root = self.home / "page"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(os.environ[self.folder], root)
        for name, text in files.items():
            self.write(f"page/{name}", text)
        self.run(sys.executable, "-m", "http.server", "8099", "--bind", "127.0.0.1", "--directory", str(root))
        assert waits_for(lambda: socket.socket().connect_ex(("127.0.0.1", 8099)) == 0, 30)
        return "http://127.0.0.1:8099/"

    def address(self, password: str) -> str:
        options = {
            "server": "127.0.0.1",
            "port": self.port,
            "tls": False,
            "direct": True,
            "direct_path": "/ws",
        }
        options |= {"channel": "#lobby", "nick": NAME}
        config = {
            "startupScreen": "welcome",
            "theme": "Default",
            "autoReconnect": True,
            "startupOptions": options,
        }
        config["themes"] = [{"name": "Default", "url": "static/themes/default"}]
        return self.serve({"static/config.json": json.dumps(config)})

    def enter(self, password: str) -> None:
        if password:
            self.page.locator(".kiwi-welcome-simple-have-password input").check()
            self.page.locator("input[type=password]").fill(password)
        self.page.locator(".kiwi-welcome-simple-start").click()


class Gamja(Kiwi):
    """Its folder, with its node_modules, is named by the variable GAMJA."""

    windows = "#buffer-list li a"
    field = "#composer input"
    folder = "GAMJA"
    # It shows the numbers of these in the server's window; those of WHO are answers to its own question.
    unread = r"^[\d:]{8} (?!003|25[145]|26[56]|354|315)\d\d\d "

    def address(self, password: str) -> str:
        server = {"url": f"ws://127.0.0.1:{self.port}/ws", "autojoin": "#lobby", "nick": NAME}
        return self.serve({"config.json": json.dumps({"server": server})})

    def enter(self, password: str) -> None:
        if password:
            self.page.locator("[name=password]").fill(password)
        self.page.get_by_role("button", name="Connect").click()


def tried(kind: type[Program], home: Path, say: Callable[[str, bool, str], None]) -> None:
    """Goes through all checks with one client."""
    server = Server(home, *kind.options)
    program = kind(home / "client", server.port)
    program.home.mkdir()
    bob = Person(server.port)
    joined = rf"^:{NAME}!\S+ JOIN #lobby {{}}"

    def talks(text: str) -> bool:
        before = len(bob.seen)
        if kind.bot:
            bob.say(kind.ask)
            return bob.sees(rf"^:{NAME}!\S+ PRIVMSG #lobby :.*pong", after=before)
        program.type(text)
        return bob.sees(rf"^:{NAME}!\S+ PRIVMSG #lobby :{text}", after=before)

    def hears(text: str, seconds: float = 20) -> bool:
        return waits_for(lambda: text in program.look(), seconds)

    try:
        if kind.bot:
            maker = Person(server.port, NAME)
            maker.say(f"REGISTER {PASSWORD}", "NickServ")
            assert maker.sees(" 900 ")
            maker.send("QUIT")
        else:
            program.start("")
            say("joins", bob.sees(joined.format(r"\*"), 40), "without an account")
            program.type(f"/msg NickServ REGISTER {PASSWORD}")
            say("registers", bob.sees(rf"^:{NAME}!\S+ ACCOUNT {NAME}"), "/msg NickServ REGISTER")
            program.stop()
            bob.sees(rf"^:{NAME}!\S+ QUIT", 60)
        before = len(bob.seen)
        bob.say(FIRST)
        program.start(PASSWORD)
        say("logs in", bob.sees(joined.format(NAME), 60, after=before), "and joins, with its account")
        if kind.bot:
            say("is told nothing old", not hears(FIRST, 3), "it said that it is a bot")
        else:
            say("reads what was said", hears(FIRST), "before it came")
        say("talks", talks("hello from a real client"), "")
        bob.say("hello to you")
        say("hears", hears("hello to you"), "")
        time.sleep(6)  # irc-framework does not come back if it was there for less than five seconds
        server.stop()
        server.start()
        bob = Person(server.port)
        bob.say(MISSED)
        if not kind.returns:
            program.stop()
            program.start(PASSWORD)
        say("returns", waits_for(bob.account, kind.returns or 60), "after the restart, with its account")
        if not kind.bot:
            say("reads what was missed", hears(MISSED), "after the restart")
        say("talks again", talks("hello again"), "after the restart")
        bob.say("until soon")
        hears("until soon")
        unread = [line for line in program.look().splitlines() if re.search(program.unread, line)]
        say("could read all", not unread, " / ".join(dict.fromkeys(unread))[:300])
    finally:
        (home / "windows.txt").write_text(program.look())
        program.stop()
        server.stop()


KINDS: dict[str, type[Program]] = {
    "irssi": Irssi,
    "weechat": WeeChat,
    "hexchat": HexChat,
    "catgirl": Catgirl,
    "znc": Znc,
    "erc": Emacs,
    "epic5": Epic,
    "irc-framework": IrcFramework,
    "thelounge": Lounge,
    "kiwi": Kiwi,
    "gamja": Gamja,
    "limnoria": Limnoria,
    "sopel": Sopel,
    "eggdrop": Eggdrop,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.real_clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(KINDS))
    parser.add_argument("--keep", type=Path, help="leave what the clients showed in this folder")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="clients-") as folder:
        for name in arguments.names or KINDS:
            kind = KINDS[name]
            if not kind.installed():
                print(f"{name}: not installed")  # noqa: T201
                continue

            def say(check: str, seen: bool, more: str, name: str = name) -> None:
                nonlocal failed
                failed += not seen
                line = f"{name:14} {check:24} {'seen' if seen else 'NOT SEEN':9} {more}"
                print(line.rstrip(), flush=True)  # noqa: T201

            home = (arguments.keep or Path(folder)).resolve() / name
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            tried(kind, home, say)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
