"""nginx, HAProxy and Caddy as docs/proxies.md has them, in front of a server of a test."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.harness import PATIENCE, free_port

PAGE = Path(__file__).parents[1] / "docs" / "proxies.md"

PATHS = os.environ["PATH"] + ":/usr/sbin"

NGINX, HAPROXY, CADDY = (shutil.which(name, path=PATHS) for name in ("nginx", "haproxy", "caddy"))


def block(language: str, word: str) -> str:
    """The configuration on the page that has this word."""
    blocks = re.finditer(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return next(found[1] for found in blocks if word in found[1])


def edited(text: str, *changes: tuple[str, str]) -> str:
    """A configuration with other ports and files; each of them must be in it."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


@contextmanager
def running(folder: Path, port: int, *command: str, **environment: str) -> Iterator[int]:
    """A program that listens on a port, which is given."""
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def nginx(
    folder: Path, port: int, pem: Path | None = None, path: str = "/", listen: int = 0
) -> Iterator[int]:
    """nginx before the server at a port; without a certificate it speaks plain HTTP."""
    assert NGINX is not None
    listen = listen or free_port()
    site = edited(
        block("nginx", "server_name"),
        ("listen 443 ssl", f"listen 127.0.0.1:{listen}{' ssl' if pem else ''}"),
        ("    ssl_certificate     /etc/ssl/chat.pem;\n", f"ssl_certificate {pem};\n" if pem else ""),
        (
            "    ssl_certificate_key /etc/ssl/private/chat.key;\n",
            f"ssl_certificate_key {pem};\n" if pem else "",
        ),
        ("http://127.0.0.1:1234", f"http://127.0.0.1:{port}"),
        ("location / {", f"location {path} {{"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\n{user}events {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    with running(folder, listen, NGINX, "-p", str(folder), "-c", str(file), "-e", "stderr") as found:
        yield found


@contextmanager
def haproxy(folder: Path, port: int, pem: Path, mode: str) -> Iterator[int]:
    """HAProxy before the server at a port. In mode tcp it takes PROXY headers of its own clients."""
    assert HAPROXY is not None
    listen = free_port()
    text = block("haproxy", f"mode {mode}").replace("    bind :6697 ssl crt /etc/haproxy/chat.pem\n", "")
    file = folder / "haproxy.cfg"
    accept = " accept-proxy" if mode == "tcp" else ""
    file.write_text(
        edited(
            text,
            ("bind :443 ssl crt /etc/haproxy/chat.pem", f"bind 127.0.0.1:{listen}{accept} ssl crt {pem}"),
            ("127.0.0.1:1234", f"127.0.0.1:{port}"),
        )
    )
    with running(folder, listen, HAPROXY, "-q", "-db", "-f", str(file)) as found:
        yield found


@contextmanager
def caddy(folder: Path, port: int, pem: Path) -> Iterator[int]:
    """Caddy before the server at a port. It believes its own clients at 127.0.0.6."""
    assert CADDY is not None
    listen = free_port()
    site = edited(
        block("caddy", "chat.example.org"),
        ("chat.example.org {", f"https://chat.example.org:{listen} {{\ntls {pem} {pem}\nbind 127.0.0.1"),
        ("127.0.0.1:1234", f"127.0.0.1:{port} {{\ntrusted_proxies 127.0.0.6\n}}"),
    )
    file = folder / "Caddyfile"
    file.write_text(f"{{\nadmin off\nauto_https off\n}}\n{site}")
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = (CADDY, "run", "--adapter", "caddyfile", "--config", str(file))
    with running(folder, listen, *command, **homes) as found:
        yield found
