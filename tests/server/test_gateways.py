"""Gateways: WEBIRC over sockets, from who may and from who may not."""

import socket
from contextlib import ExitStack

import pytest

from asyncchat.config.options import Gateway
from asyncchat.config.passwords import hashed
from asyncchat.config.sources import ConfigError, Sources
from asyncchat.core.features.gateways import Gateways
from asyncchat.server import auth
from asyncchat.server.tls import Certificate
from tests.server.harness import CODE, PATIENCE, serving
from tests.server.test_tls import make, trusting

ENTER = "NICK {0}\r\nUSER {0} 0 * :{0}\r\n"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(pem):
    gateways = {
        "kiwi": Gateway("the-secret-of-kiwi", ("127.0.0.1",)),
        "hashed": Gateway(hashed("another-secret"), ("127.0.0.2",)),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "WRONG_SECONDS", 0.0)
        with serving(gateways=gateways, per_address=2, certificate=Certificate(pem, pem)) as running:
            yield running


def session_at(server, address):
    return server.call(lambda: next(one for one in server.server.context.sessions if one.address == address))


@pytest.mark.parametrize(
    ("address", "seen"),
    [("192.0.2.7", "192.0.2.7"), ("0::7", "::7"), ("0::ffff:192.0.2.8", "192.0.2.8")],
)
def test_the_client_is_where_the_gateway_says(server, address, seen):
    client = server.connect()
    client.send(f"WEBIRC the-secret-of-kiwi kiwi host.example {address}\r\n" + ENTER.format("anna"))
    client.send(f"OPER owner {CODE}\r\nWHOIS anna\r\nQUIT\r\n")
    told = client.rest().decode()
    assert told.startswith(":asyncchat.local 001 anna ")
    cloak = server.call(server.server.context.cloaks.of, seen)
    assert f" 311 anna anna anna {cloak} " in told
    assert seen in told


def test_operators_are_told_of_the_gateway(server):
    op = server.connect()
    op.send(f"{ENTER.format('boss')}OPER owner {CODE}\r\n")
    op.until(" 381 ")
    client = server.connect(source="127.0.0.2")
    client.send("WEBIRC another-secret x h 192.0.2.11\r\n" + ENTER.format("anna") + "WHOIS anna\r\n")
    told = client.until(" 318 ")
    assert " 350 anna anna 192.0.2.11 192.0.2.11 :is connected via the hashed WebIRC gateway\r\n" in told
    op.send("WHOIS anna\r\nWHOIS boss\r\n")
    assert " 350 boss anna 192.0.2.11 192.0.2.11 :is connected via the hashed " in op.until(" 318 ")
    assert " 350 " not in op.until(" 318 ")
    ben = server.person("ben")
    ben.send("/whois anna\n/me\n")
    assert "hashed" not in ben.until("Usage: /me")
    ben.send(f"/owner {CODE}\n/whois anna\n/me\n")
    assert "  by the gateway hashed; others do not see that\n" in ben.until("Usage: /me")
    client.send("QUIT\r\n")
    client.rest()
    assert server.call(lambda: dict(Gateways.of(server.server.hub.chat).names)) == {}


def test_limits_and_bans_go_by_the_client(server):
    op = server.connect(source="127.0.0.3")
    op.send(f"{ENTER.format('op')}OPER owner {CODE}\r\nKLINE *@192.0.2.9 :go\r\n")
    op.until("192.0.2.9")
    banned = server.connect(source="127.0.0.2")
    banned.send("WEBIRC another-secret x h 192.0.2.9\r\n" + ENTER.format("eve"))
    assert b" 465 " in banned.rest()
    many = [server.connect() for _ in range(3)]
    for client in many:
        client.send("WEBIRC the-secret-of-kiwi kiwi h 192.0.2.10\r\nPING done\r\n")
        client.until("done" if client is not many[2] else " 464 * :WEBIRC is refused: too many connections")
    assert b"\r\nERROR " in many[2].rest()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("127.0.0.1", "WEBIRC wrong kiwi h 192.0.2.7"),
        ("127.0.0.1", "WEBIRC another-secret kiwi h 192.0.2.7"),
        ("127.0.0.3", "WEBIRC the-secret-of-kiwi kiwi h 192.0.2.7"),
        ("127.0.0.1", "WEBIRC the-secret-of-kiwi kiwi h unknown"),
        ("127.0.0.1", "WEBIRC the-secret-of-kiwi kiwi h fe80::1%eth0"),
    ],
)
def test_others_are_refused_and_their_connection_ends(server, source, line):
    client = server.connect(source=source)
    client.send(f"{line}\r\n{ENTER.format('eve')}")
    told = client.rest()
    assert told.startswith(b":asyncchat.local 464 * :WEBIRC is refused: ")
    assert b"\r\nERROR :Closing link: " in told
    assert "eve" not in server.people()


@pytest.mark.parametrize(
    "before",
    ["NICK anna", "CAP LS 302", "PASS x", "WEBIRC the-secret-of-kiwi kiwi h 192.0.2.20"],
)
def test_only_the_first_line_says_it(server, before):
    client = server.connect()
    client.send(f"{before}\r\nWEBIRC the-secret-of-kiwi kiwi h 192.0.2.21\r\n")
    client.until(" 462 * :WEBIRC must be the first line\r\n")
    assert not any(
        one.address == "192.0.2.21" for one in server.call(lambda: list(server.server.context.sessions))
    )
    client.close()


@pytest.mark.parametrize(
    ("options", "over_tls", "is_secure"),
    [
        ("", False, False),
        ("", True, False),  # the gateway is over TLS, its client is not
        (" secure", True, True),
        (" :remote-port=5 secure=some\\svalue local-port=6697", True, True),
        (" :secure", False, True),  # within this machine nobody can listen
        (" insecure", True, False),
    ],
)
def test_a_client_is_secure_if_both_of_its_ways_are(server, pem, options, over_tls, is_secure):
    with ExitStack() as stack:
        client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE))
        if over_tls:
            client = stack.enter_context(trusting(pem).wrap_socket(client, server_hostname="localhost"))
        client.sendall(f"WEBIRC the-secret-of-kiwi kiwi h 9.1.1.30{options}\r\nPING x\r\n".encode())
        assert b"PONG" in client.recv(100)
        session = session_at(server, "9.1.1.30")
        assert (session.secure, session.private, session.encrypted) == (is_secure, is_secure, over_tls)
        assert session.dialect.is_confidential is is_secure
        client.sendall(b"QUIT\r\n")
        while client.recv(65_536):
            pass


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ('password = "long enough"', "needs a password, and networks"),
        ('networks = ["10.0.0.1"]', "needs a password, and networks"),
        ('password = "long enough"\nnetworks = ["x"]', "neither an address"),
        ('password = "long enough"\nhosts = ["10.0.0.1"]', "hosts"),
    ],
)
def test_one_needs_a_password_and_networks(tmp_path, stated, says):
    file = tmp_path / "chat.toml"
    file.write_text(f"[webirc.kiwi]\n{stated}\n")
    with pytest.raises(ConfigError, match=says):
        Sources(str(file), {}, {}).load()


def test_one_is_read_from_the_file(tmp_path):
    file = tmp_path / "chat.toml"
    file.write_text('[webirc.kiwi]\npassword = "long enough"\nnetworks = ["10.0.0.1", "unix"]\n')
    assert Sources(str(file), {}, {}).load().config.gateways == {
        "kiwi": Gateway("long enough", ("10.0.0.1", "unix"))
    }


def test_the_gateway_s_certificate_is_not_its_client_s(server, pem):
    context = trusting(pem)
    context.load_cert_chain(pem)
    plain = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(
            b"WEBIRC the-secret-of-kiwi kiwi h 192.0.2.77 :secure\r\nCAP LS 302\r\n"
            b"NICK iris\r\nUSER i 0 * :i\r\nCAP END\r\nWHOIS iris\r\nQUIT\r\n"
        )
        told = b""
        while data := connection.recv(65_536):
            told += data
    assert b" sasl=PLAIN,SCRAM-SHA-256 " in told
    assert b" 671 iris " in told
    assert b" 276 iris " not in told
