"""Servers that ask to be joined over TLS only (IRCv3 sts), and what clients keep of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from asyncchat import Client, Disconnected, Event, Reconnected, Unreachable, Untrusted
from asyncchat.client import strict_transport
from asyncchat.client.address import parse_address
from asyncchat.client.errors import ClientError
from asyncchat.server.tls import Certificate, self_signed
from tests.cli.calling import call
from tests.client.fronts import ClientOnLoop
from tests.client.scripted import PATIENCE, Line, Scripted
from tests.server.harness import serving

DAY = 86_400


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_text(self_signed(["localhost"]))
    return path


@pytest.fixture(scope="module")
def server(pem):
    with serving(certificate=Certificate(pem, pem), strict_days=1, limits=False) as running:
        yield running


@pytest.fixture
def file(tmp_path, monkeypatch, pem):
    """What clients keep; the machine trusts the server's certificate."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return tmp_path / "asyncchat" / "strict.toml"


@pytest.fixture(params=[Client, ClientOnLoop], ids=["threads", "asyncio"])
def client(request):
    return request.param


def until(file):
    return datetime.fromisoformat(re.findall("until = (.*)", file.read_text())[0])


def keep(file, port, after=timedelta(days=1)):
    file.parent.mkdir(exist_ok=True)
    ends = (datetime.now(UTC) + after).isoformat()
    file.write_text(f'[[hosts]]\nhost = "localhost"\nport = {port}\nuntil = {ends}\n')


def asking(port):
    """A server that asks who comes without TLS to come to this port."""

    def script(line: Line) -> None:
        line.until("USER")
        line.send(f":s CAP * LS :batch sts=port={port},duration=5,preload")
        line.to_the_end()
        assert not [said for said in line.heard if said.startswith(("CAP REQ", "CAP END"))]

    return script


def test_who_comes_without_tls_comes_again_over_it_and_always_will(client, server, file):
    with (
        Scripted(asking(server.port)) as plain,
        client(f"irc://localhost:{plain.port}/ci", nick="me") as chat,
    ):
        assert str(chat.address) == f"ircs://localhost:{server.port}"
        assert chat.rooms == ["#ci"]
    assert abs(until(file) - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=5)
    for address in ("LOCALHOST:1", "udp://localhost:1", "http://localhost:1/#ci"):
        with client(address, nick="me") as chat:  # nobody listens at port 1
            assert (chat.address.tls, chat.address.port) == (True, server.port)


def test_the_time_counts_from_the_end_of_the_connection(client, server, file):
    with client(f"ircs://localhost:{server.port}", nick="me"):
        keep(file, server.port, timedelta(hours=1))
    assert until(file) > datetime.now(UTC) + timedelta(hours=2)


def test_a_server_that_asks_no_longer_is_forgotten(client, pem, file):
    with serving(certificate=Certificate(pem, pem), strict_days=-1) as server:
        keep(file, server.port)
        with client("localhost:1", nick="me"):
            pass
        assert "localhost" not in file.read_text()
        with pytest.raises(Unreachable):
            client("localhost:1", nick="me")


def test_what_is_over_does_not_count(client, server, file):
    keep(file, 1, -timedelta(seconds=1))
    with client(f"localhost:{server.port}", nick="me") as chat:
        assert not chat.address.tls


def test_there_is_no_way_around_it(client, server, file, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with Scripted(asking(server.port)) as plain, pytest.raises(Untrusted):
        client(f"localhost:{plain.port}", nick="me")
    keep(file, server.port)
    with pytest.raises(Untrusted):
        client(f"localhost:{server.port}", nick="me")
    told = call("join", f"localhost:{server.port}", given="hello\n", XDG_CONFIG_HOME=str(file.parent.parent))
    assert told.returncode == 1
    assert f"The certificate of ircs://localhost:{server.port} can't be trusted" in told.stderr
    keep(file, 1)
    with pytest.raises(Unreachable, match="ircs://localhost:1"):
        client(f"localhost:{server.port}", nick="me")


def test_a_server_may_ask_later(client, server, file):
    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        line.send(f":s CAP me NEW :sts=port={server.port}")
        line.to_the_end()

    with Scripted(script) as plain, client(f"localhost:{plain.port}", nick="me", rooms=["#ci"]) as chat:
        told: list[Event] = []
        while not (told and isinstance(told[-1], Reconnected)):
            told.append(chat.receive(PATIENCE))
        [broken] = [event for event in told if isinstance(event, Disconnected)]
        assert (broken.reason, broken.retry_in) == ("the server asks to be joined over TLS", 0.0)
        assert chat.address.tls


@pytest.mark.parametrize(
    "policy", ["sts", "sts=", "sts=duration=9", "sts=port=0", "sts=port=65536", "sts=port=x,", "sts=ports=1"]
)
def test_what_asks_for_nothing(client, file, policy):
    def script(line: Line) -> None:
        line.until("USER")
        line.send(f":s CAP * LS :batch {policy}")
        assert "sts" not in line.until("CAP REQ")
        line.send(":s CAP * ACK :batch")
        line.until("CAP END")
        line.send(":s 001 me :Hi me!u@h", ":s 422 me :no MOTD")
        line.let_in()
        line.send(":s CAP me DEL :sts")
        line.to_the_end()

    with Scripted(script) as plain, client(f"localhost:{plain.port}", nick="me", rooms=["#ci"]) as chat:
        assert not chat.address.tls
    assert not file.exists()


def test_a_port_over_tls_and_a_time_that_is_none_are_nothing(file):
    address = parse_address("ircs://localhost:6697")
    strict_transport.note(address, None)
    assert not file.exists()
    strict_transport.note(address, 10**18)
    assert until(file) > datetime.now(UTC) + timedelta(days=3000)


def test_other_ways_to_a_host_stay(file):
    keep(file, 6697)
    for text in ("unix:///run/chat.sock", "plain://localhost", "ircs://localhost:7000", "elsewhere:1234"):
        assert strict_transport.secured(parse_address(text)) == parse_address(text)


def test_a_file_that_is_none_is_told(client, file, caplog):
    file.parent.mkdir()
    file.write_text("[[hosts]]\nhost = 7\n")
    with pytest.raises(ClientError, match=r"strict\.toml: correct or remove this file"):
        client("localhost:1", nick="me")
    strict_transport.note(parse_address("ircs://localhost"), 5)
    assert "Not remembered that localhost is joined over TLS only" in caplog.text
