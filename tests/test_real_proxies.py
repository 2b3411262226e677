"""A server behind nginx, HAProxy and Caddy as the documentation has them: page, WebSocket, stream, uploads.

Addresses, limits and what is encrypted are those of the clients.

``.ci/run`` installs the first two; where one is missing, its tests are skipped and say so.
"""

import socket
import ssl
from functools import partial

import pytest

from asyncchat.client.address import parse_address
from asyncchat.client.http_api import HttpApi
from asyncchat.server.tls import self_signed
from tests.cli.calling import call
from tests.real_proxies import CADDY, HAPROXY, NGINX, caddy, haproxy, nginx
from tests.server.harness import CODE, PATIENCE, Client, free_port, serving
from tests.server.http.api.client import give_token

HOST = "chat.example.org"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    file = tmp_path_factory.mktemp("tls") / "chat.pem"
    file.write_text(self_signed((HOST,)))
    return file


@pytest.fixture(scope="module")
def server():
    proxies = ("127.0.0.1", "127.0.0.6")
    with serving(trusted_proxies=proxies, origins=(f"https://{HOST}",), per_address=2) as running:
        give_token(running, "bot", "post", "read")
        yield running


class Visitor(Client):
    """A client of a proxy, over TLS, behind one more that says its address."""

    def __init__(self, port, pem, address, *, says):
        self.address, self.says = address, says
        self.unread = b""
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.6", 0))
        if says == "PROXY":
            plain.sendall(f"PROXY TCP4 {address} 127.0.0.1 5000 443\r\n".encode())
        self.socket = ssl.create_default_context(cafile=pem).wrap_socket(plain, server_hostname=HOST)

    def ask(self, line, *headers, body=""):
        says = "" if self.says == "PROXY" else f"X-Forwarded-For: {self.address}\r\n"
        more = "".join(f"{header}\r\n" for header in headers)
        if body:
            more += f"Content-Length: {len(body)}\r\n"
        self.send(f"{line} HTTP/1.1\r\nHost: {HOST}\r\n{says}{more}\r\n{body}")
        return self.until("\r\n\r\n")

    def web_socket(self, nick):
        key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="
        head = self.ask(
            "GET /ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", key,
            f"Origin: https://{HOST}",
        )  # fmt: skip
        if head.startswith("HTTP/1.1 101"):
            for line in (f"NICK {nick}", f"USER {nick} 0 * :{nick}", "JOIN #lobby"):
                self.say(line)
            self.told(f" 366 {nick} ")
        return head

    def say(self, line):
        data = line.encode()
        self.send(b"\x81" + bytes([0x80 | len(data)]) + bytes(4) + data)

    def told(self, text):
        while text.encode() not in self.unread:
            data = self.socket.recv(65536)
            assert data, self.unread
            self.unread += data


@pytest.mark.parametrize(
    ("program", "proxy", "says"),
    [
        pytest.param(NGINX, nginx, "X-Forwarded-For", id="nginx"),
        pytest.param(HAPROXY, partial(haproxy, mode="tcp"), "PROXY", id="haproxy-tcp"),
        pytest.param(HAPROXY, partial(haproxy, mode="http"), "X-Forwarded-For", id="haproxy-http"),
        pytest.param(CADDY, caddy, "X-Forwarded-For", id="caddy"),
    ],
)
def test_all_goes_by_the_address_of_the_client(server, pem, tmp_path, program, proxy, says):
    if program is None:
        pytest.skip("it is not installed")
    operator = server.connect(source="127.0.0.3")
    operator.send(f"NICK op\r\nUSER op 0 * :op\r\nOPER owner {CODE}\r\nJOIN #lobby\r\n")
    operator.until(" 366 op #lobby ")
    with proxy(tmp_path, server.port, pem) as port:
        visitors = []

        def visit(address):
            visitors.append(Visitor(port, pem, address, says=says))
            return visitors[-1]

        try:
            page = visit("192.0.2.1")
            assert page.ask("GET /", "Accept: text/html").startswith("HTTP/1.1 200 ")
            page.until("</html>\n")
            upload = visit("192.0.2.1").ask("POST /upload", "Authorization: Bearer bot", body="hello")
            assert f"\nlocation: https://{HOST}/files/" in upload.lower()

            stream = visit("192.0.2.2")
            head = stream.ask(
                "GET /api/v1/rooms/lobby/stream", "Accept: text/event-stream", "Authorization: Bearer bot"
            )
            assert "text/event-stream" in head
            anna = visit("2001:db8::3" if says != "PROXY" else "192.0.2.3")
            assert anna.web_socket("anna").startswith("HTTP/1.1 101 ")
            anna.say("PRIVMSG #lobby :through a proxy")
            operator.until("anna!anna@")
            stream.until("through a proxy")
            operator.send("WHOIS anna\r\n")
            whois = operator.until(" 318 ")
            assert anna.address in whois
            sessions = server.call(lambda: list(server.server.context.sessions))
            assert all(one.secure for one in sessions if one.address == anna.address)

            assert visit(anna.address).web_socket("anna2").startswith("HTTP/1.1 101 ")
            third = visit(anna.address)
            refused = third.rest() if says == "PROXY" else third.web_socket("anna3")
            assert "Too many connections" in str(refused) or refused.startswith("HTTP/1.1 429 ")
            assert visit("192.0.2.4").web_socket("ben").startswith("HTTP/1.1 101 ")
        finally:
            for one in visitors:
                one.close()
    operator.send("QUIT\r\n")
    operator.rest()
    server.left()


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")
def test_irc_and_nc_through_haproxy(server, pem, tmp_path):
    with (
        haproxy(tmp_path, server.port, pem, "tcp") as port,
        Visitor(port, pem, "9.1.1.1", says="PROXY") as iris,
        Visitor(port, pem, "9.1.1.2", says="PROXY") as nina,
    ):
        iris.send("NICK iris\r\nUSER iris 0 * :iris\r\nJOIN #lobby\r\n")
        iris.until(" 366 iris ")
        nina.send("nina\nhello\n")
        iris.until(" PRIVMSG #lobby :hello")
        people = server.call(lambda: list(server.server.hub.chat.people.values()))
        assert {one.name: one.address for one in people} == {"iris": "9.1.1.1", "nina": "9.1.1.2"}
        sessions = server.call(lambda: list(server.server.context.sessions))
        assert [one.private for one in sessions] == [True, True]


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_what_a_client_of_nginx_makes_up_is_not_believed(tmp_path):
    with (
        serving(trusted_proxies=("127.0.0.1",)) as server,
        nginx(tmp_path, server.port) as port,
        Client(port, source="127.0.0.5") as client,
    ):
        client.send(
            "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.9\r\n"
            "Forwarded: for=192.0.2.9\r\nX-Forwarded-Host: evil.example\r\n\r\n"
        )
        assert " 200 " in client.line()
        networks = server.call(lambda: set(server.server.context.budgets._networks))
        assert networks == {"127.0.0.1", "127.0.0.5"}


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_the_commands_of_the_shell_go_below_a_path_of_nginx(tmp_path):
    listen = free_port()
    address = f"http://127.0.0.1:{listen}/chat/"
    with (
        serving(
            base_path="/chat",
            origins=(address[:-6],),
            trusted_proxies=("127.0.0.1",),
            database=tmp_path / "db",
        ) as server,
        nginx(tmp_path, server.port, path="/chat/", listen=listen),
    ):
        give_token(server, "bot", "post", "metrics")
        home = {"XDG_CONFIG_HOME": str(tmp_path), "ASYNCCHAT_SERVER": address}
        anna = server.person("anna")
        assert call("say", "lobby", "by path", "--nick", "gus", **home).returncode == 0
        anna.until("gus: by path\n")
        done = call("say", "lobby", "a file", "--file", __file__, "--nick", "gus", **home)
        assert done.returncode == 0, done.stderr
        assert f"{address}files/" in anna.until("test_real_proxies.py")
        assert call("tail", "lobby", "-n", "2", **home).stdout.count("gus: ") == 2
        assert call("who", **home).stdout == "anna\n"
        with HttpApi(parse_address(address, only_http=True)).stream("#lobby", "", lambda: PATIENCE) as events:
            anna.send("and by a stream\n")
            assert next(data["text"] for kind, data in events if kind == "message") == "and by a stream"
        config = tmp_path / "asyncchat" / "client.toml"
        config.parent.mkdir()
        config.write_text(f'[[servers]]\naddress = "{address}"\ntoken = "bot"\n')
        assert "people 1 " in call("top", "--count", "1", **home).stdout
        beside = call("who", "--server", f"http://127.0.0.1:{listen}/", **home)
        assert beside.stderr == f"Error: 127.0.0.1:{listen} is not the address of an asyncchat server.\n"
        refused = call("join", address, given="x\n", **home)
        assert (refused.returncode, "takes only HTTP" in refused.stderr) == (2, True)
