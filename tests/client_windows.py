"""The clients of ``tests.real_clients`` that have windows: on a screen that nobody sees, and in a browser."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from tests.client_programs import NAME, PASSWORD, Program, answers, waits_for


class Window(Program):
    """One in a window of a screen that nobody sees; xdotool types."""

    screen: ClassVar[str]

    def show(self, *command: str) -> None:
        self.run("Xvfb", self.screen, "-screen", "0", "1280x800x24", "-nolisten", "tcp")
        waits_for(Path(f"/tmp/.X11-unix/X{self.screen[1:]}").exists, 20)  # noqa: S108
        self.run(*command, env={"DISPLAY": self.screen})
        time.sleep(8)

    def xdotool(self, *words: str) -> None:
        self.run("xdotool", *words, env={"DISPLAY": self.screen}).wait()

    def type(self, line: str) -> None:
        self.xdotool("search", "--onlyvisible", "--class", self.needs[0], "windowfocus")
        self.xdotool("type", "--delay", "20", line)
        self.xdotool("key", "Return")


class HexChat(Window):
    needs: ClassVar[tuple[str, ...]] = ("hexchat", "Xvfb", "xdotool")
    screen = ":97"
    options = ("--tls", "self-signed")
    has_certificate = True
    login = "L=10\n"  # SASL EXTERNAL
    files: ClassVar[dict[str, str]] = {
        ".config/hexchat/servlist.conf": "v=2.16.1\n\nN=here\n@LOGIN@I=@NAME@\nU=@NAME@\nE=UTF-8 (Unicode)\n"
        "F=45\nD=0\nS=127.0.0.1/+@PORT@\nJ=#lobby\n\n",
        ".config/hexchat/hexchat.conf": "version = 2.16.1\nirc_nick1 = @NAME@\nirc_user_name = @NAME@\n"
        "gui_slist_skip = 1\nirc_logging = 1\nirc_logmask = logs/%n-%c.log\nnet_reconnect_delay = 5\n"
        "gui_join_dialog = 0\n",
    }

    def start(self, password: str) -> None:
        self.configure(password)
        self.write(".config/hexchat/certs/client.pem", (self.home / "me.pem").read_text())
        self.show("hexchat")
        self.xdotool("key", "Return")  # it warns who is root


class Quassel(Window):
    """Its core, set up in its database, with its client in a window; what the core keeps is read."""

    needs: ClassVar[tuple[str, ...]] = ("quasselclient", "quasselcore", "Xvfb", "xdotool")
    screen = ":96"
    network = """
insert into identity (userid, identityname, realname, autoawaytime, ident)
  values (1, 'me', '@NAME@', 10, '@NAME@');
insert into identity_nick (identityid, nick) values (1, '@NAME@');
insert into network (userid, networkname, identityid, servercodec, encodingcodec,
  decodingcodec, useautoreconnect, autoreconnectinterval, unlimitedconnectretries,
  rejoinchannels, connected) values (1, 'here', 1, '', 'UTF-8', 'UTF-8', 1, 5, 1, 1, 1);
insert into ircserver (userid, networkid, hostname, port)
  values (1, 1, '127.0.0.1', @PORT@);
insert into buffer (userid, networkid, buffername, buffercname, buffertype, joined)
  values (1, 1, '#lobby', '#lobby', 2, 1);
"""

    def start(self, password: str) -> None:
        core = self.home / "core"
        database = core / "quassel-storage.sqlite"
        command = ("quasselcore", "--configdir", str(core), "--listen", "127.0.0.1", "--port", str(self.web))
        if not database.exists():
            core.mkdir()
            for option in ("--select-backend=SQLite", "--select-authenticator=Database", "--add-user"):
                words = f"me\n{PASSWORD}\n{PASSWORD}\n".encode()
                subprocess.run((*command, option), input=words, env=self.environment(), capture_output=True)
            with sqlite3.connect(database) as db:
                db.executescript(self.filled(self.network, password))
        if password:
            with sqlite3.connect(database) as db:
                login = "update network set usesasl = 1, connected = 1, saslaccount = ?, saslpassword = ?"
                db.execute(login, (NAME, password))
        self.run(*command)
        assert answers(self.web)
        account = (
            f"HostName=127.0.0.1 Port={self.web} User=me Password={PASSWORD} StorePassword=true UseSSL=false"
        )
        account += " AccountId=1 AccountName=here Internal=false Uuid={6f3b1a4e-0b5d-4c43-9b7e-7d3b6a1d2c10}"
        lines = (*(f"1\\{word}" for word in account.split()), "AutoConnectOnStartup=true", "LastAccount=1")
        self.write("client/quasselclient.conf", "\n".join(("[Config]\nVersion=1\n\n[CoreAccounts]", *lines)))
        self.show("quasselclient", "--configdir", str(self.home / "client"))
        self.xdotool("key", "Return")  # it warns of a core without TLS
        time.sleep(5)
        # Connect, yes, #lobby, the field.
        for place in ("380 40", "645 379", "60 104", "440 443"):
            self.xdotool("mousemove", *place.split(), "click", "1")
            time.sleep(4)

    def look(self) -> str:
        with sqlite3.connect(f"file:{self.home}/core/quassel-storage.sqlite?mode=ro", uri=True) as db:
            rows = db.execute("select message from backlog order by messageid").fetchall()
        return "\n".join(str(row[0]) for row in rows)


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
    files: ClassVar[dict[str, str]] = {
        "lounge/config.js": """module.exports = {public: false, host: "127.0.0.1", port: @WEB@,
  prefetch: false, transports: ["websocket"], messageStorage: [], theme: "default", leaveMessage: "",
  fileUpload: {},
  defaults: {name: "here", host: "127.0.0.1", port: @PORT@, tls: false, rejectUnauthorized: false,
    nick: "@NAME@", username: "@NAME@", realname: "@NAME@", join: "#lobby",
    password: "", leaveMessage: ""}};
"""
    }

    def address(self, password: str) -> str:
        shutil.rmtree(self.home / "lounge", ignore_errors=True)
        self.configure(password)
        (self.home / "lounge/users").mkdir()
        home = {"THELOUNGE_HOME": str(self.home / "lounge")}
        self.run("thelounge", "add", "me", "--password", PASSWORD, env=home).wait()
        self.run("thelounge", "start", env=home)
        assert answers(self.web)
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
        assert answers(8099)
        return "http://127.0.0.1:8099/"

    def address(self, password: str) -> str:
        server = {
            "server": "127.0.0.1",
            "port": self.port,
            "tls": False,
            "direct": True,
            "direct_path": "/ws",
        }
        config = {
            "startupScreen": "welcome",
            "theme": "Default",
            "themes": [{"name": "Default", "url": "static/themes/default"}],
            "autoReconnect": True,
            "startupOptions": {**server, "channel": "#lobby", "nick": NAME},
        }
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
