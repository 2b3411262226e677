"""Listeners: their URLs, their sockets, and what is said when one can't be had."""

import errno
import ipaddress
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from asyncchat.server import addresses
from asyncchat.server.addresses import Address, ListenError, open_listener, open_on_one_port, parse_listener

URLS = [
    ("tcp://127.0.0.1:1234", Address("127.0.0.1", 1234)),
    ("tcp://[::1]:6667", Address("::1", 6667)),
    ("tcp://localhost:0", Address("localhost", 0)),
    ("tcp://0.0.0.0:65535", Address("0.0.0.0", 65535)),  # noqa: S104  # read, not bound
    ("udp://127.0.0.1:1234", Address("127.0.0.1", 1234, udp=True)),
    ("udp://[::1]:0", Address("::1", 0, udp=True)),
    ("tls://[::1]", Address("::1", 6697, tls=True)),
    ("tcp+insecure://[::1]", Address("::1", 1234, insecure=True)),
    ("udp+insecure://127.0.0.1:7", Address("127.0.0.1", 7, udp=True, insecure=True)),
    ("tls://127.0.0.1:1235", Address("127.0.0.1", 1235, tls=True)),
    ("tcp://:4000", Address("127.0.0.1", 4000)),
    ("tcp://10.0.0.1", Address("10.0.0.1", 1234)),
    ("10.0.0.1:4000", Address("10.0.0.1", 4000)),
    ("unix:///run/chat.sock", Address(path="/run/chat.sock")),
    ("unix:///run/chat.sock?mode=0660", Address(path="/run/chat.sock", mode=0o660)),
]


@pytest.mark.parametrize(("url", "address"), URLS)
def test_reads_listeners(url, address):
    assert parse_listener(url) == address


@pytest.mark.parametrize("address", [address for _, address in URLS])
def test_writes_what_it_reads(address):
    assert parse_listener(str(address)) == address


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("tcp://127.0.0.1:65536", "65535"),
        ("tcp://127.0.0.1:-1", "65535"),
        ("tcp://127.0.0.1:x", "65535"),
        ("tcp://127.0.0.1:1234/path", "more than"),
        ("tcp://me@127.0.0.1:1234", "more than"),
        ("tcp://[::1", "Invalid IPv6"),
        ("unix://run/chat.sock", "no path"),
        ("unix://", "no path"),
        ("unix:///run/chat.sock?mode=9", "mode=660"),
        ("unix:///run/chat.sock?mod=660", "mode=660"),
        ("tls://0.0.0.0:6697/path", "more than"),
        ("udp://0.0.0.0:1234/path", "more than"),
        ("http://127.0.0.1", "no listener"),
        ("tls+insecure://127.0.0.1", "no listener"),
    ],
)
def test_says_what_is_wrong_with_a_listener(url, says):
    with pytest.raises(ValueError, match=says):
        parse_listener(url)


def test_a_port_in_use_names_its_holder():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            open_listener(Address("127.0.0.1", port))
    comm = Path("/proc/self/comm")
    holder_text = f" (pid {os.getpid()}, {comm.read_text().strip()})" if comm.exists() else ""
    assert str(caught.value) == f"Port {port} is in use{holder_text}. Choose another: --port {port + 1}"


def test_a_udp_port_in_use():
    (holder,) = open_listener(Address("127.0.0.1", 0, udp=True))
    with holder:
        port = holder.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            open_listener(Address("127.0.0.1", port, udp=True))
    said = f"Port {port} is in use. Choose another: --listen udp://127.0.0.1:{port + 1}"
    assert str(caught.value) == said


def test_beside_the_last_port_another_one_is_offered():
    error = OSError(errno.EADDRINUSE, "in use")
    said = addresses._refusal(Address("127.0.0.1", 65535), error)
    assert said.endswith("Choose another: --port 1234")


@pytest.mark.parametrize(
    ("host", "says"), [("192.0.2.77", "not an address of this machine"), ("no.such.invalid", "no address")]
)
def test_a_host_that_is_not_ours(host, says):
    with pytest.raises(ListenError, match=says):
        open_listener(Address(host, 0))


def test_a_host_name_with_several_addresses_has_one_port(monkeypatch):
    where = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: where)
    sockets = open_listener(Address("both", 0))
    try:
        assert len({listener.getsockname()[1] for listener in sockets}) == 1
        assert {listener.getsockname()[0] for listener in sockets} == {"127.0.0.1", "127.0.0.2"}
    finally:
        for listener in sockets:
            listener.close()


def test_accepted_connections_inherit_the_options():
    (listener,) = open_listener(Address("127.0.0.1", 0))
    listener.setblocking(True)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * addresses.SEND_BUFFER


def test_a_unix_socket_is_made_replaced_refused_and_removed(tmp_path):
    path = tmp_path / "chat.sock"
    address = Address(path=str(path))
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    (listener,) = open_listener(address)
    with listener:
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        umask = os.umask(0)
        os.umask(umask)
        assert not mode & umask
        with pytest.raises(ListenError, match="in use"):
            open_listener(address)
    addresses.unlink([address, Address("127.0.0.1", 1)])
    assert not path.exists()
    addresses.unlink([address])


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o777])
def test_a_unix_socket_has_its_mode_whatever_the_umask(tmp_path, mode):
    path = tmp_path / "chat.sock"
    umask = os.umask(0o077)
    try:
        (listener,) = open_listener(Address(path=str(path), mode=mode))
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(umask)
    listener.close()
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_is_never_replaced_by_a_unix_socket(tmp_path):
    path = tmp_path / "letters"
    path.write_text("dear")
    with pytest.raises(ListenError, match="in use"):
        open_listener(Address(path=str(path)))
    assert path.read_text() == "dear"


@pytest.mark.parametrize(
    ("path", "says"), [("/no/such/directory/c.sock", "No such file"), ("/run/" + "x" * 200, "too long")]
)
def test_a_unix_socket_that_can_t_be_made(path, says):
    with pytest.raises(ListenError, match=f"Can't listen on unix:///.*{says}"):
        open_listener(Address(path=path))


def test_own_addresses_are_of_others_use():
    for host in addresses.own_addresses():
        assert not ipaddress.ip_address(host).is_loopback
    assert addresses.private_addresses()[0] == "127.0.0.1"
    assert all(ipaddress.ip_address(host).is_private for host in addresses.private_addresses())


@pytest.mark.parametrize(
    ("host", "wildcard", "local"),
    [
        ("0.0.0.0", True, False),  # noqa: S104
        ("::", True, False),
        ("127.0.0.1", False, True),
        ("127.8.0.1", False, True),
        ("::1", False, True),
        ("localhost", False, True),
        ("10.0.0.1", False, False),
        ("example.org", False, False),
    ],
)
def test_kinds_of_hosts(host, wildcard, local):
    assert (addresses.is_wildcard(host), addresses.is_local(host)) == (wildcard, local)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the loopback is one address")
def test_together_they_have_one_port():
    opened = open_on_one_port([Address("127.0.0.1", 0), Address("127.0.0.2", 0)])
    ports = {listener.getsockname()[1] for _, sockets in opened for listener in sockets}
    assert ports == {address.port for address, _ in opened[1:]}
    with pytest.raises(ListenError, match="in use"):
        open_on_one_port([Address("127.0.0.3", ports.copy().pop()), Address("127.0.0.2", ports.pop())])
    for _, sockets in opened:
        for listener in sockets:
            listener.close()


def test_together_they_are_opened_or_none_is():
    with pytest.raises(ListenError, match="not an address of this machine"):
        open_on_one_port([Address("127.0.0.1", 0), Address("192.0.2.1", 0)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections")
def test_sockets_that_share_a_port_get_connections_when_they_listen():
    with addresses.share(socket.AF_INET, ("127.0.0.1", 0)) as held:
        where = held.getsockname()
        addresses.hold(held)
        with addresses.share(socket.AF_INET, where) as one, addresses.share(socket.AF_INET, where) as two:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(where)
            one.listen()
            for _ in range(10):
                socket.create_connection(where).close()
                one.accept()[0].close()
            two.listen()
        with pytest.raises(ListenError, match=f"Port {where[1]} is in use"):
            open_listener(Address("127.0.0.1", where[1]))
