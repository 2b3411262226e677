"""Where the server lets itself be sent, against servers on loopback."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager
from functools import partial

import h11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from asyncchat.server import outgoing
from asyncchat.server.outgoing import NotPublic, addresses_of, is_allowed, request, split

HERE = ("127.0.0.0/8",)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),  # noqa: S104  # no address to listen on
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("::ffff:0:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("fec0::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_only_public_addresses(address, allowed):
    assert is_allowed(address, ()) == allowed


def test_a_network_that_the_operator_lists():
    assert is_allowed("10.1.2.3", ("10.0.0.0/8",))
    assert is_allowed("::ffff:10.1.2.3", ("10.0.0.0/8",))
    assert is_allowed("::1", ("::1/128",))
    assert not is_allowed("10.1.2.3", ("10.2.0.0/16", "fd00::/8"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/", "https://", "https:///x", "https://u@a.example/", "https://a.example:x/",
        "https://a.example/ b", "https://a.example/\x01", "https://ä.example/", "javascript:1", "",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web(url):
    with pytest.raises(ValueError):  # noqa: PT011  # what it says comes from elsewhere
        split(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"]
)
def test_a_private_address_is_not_connected_to_however_it_is_written(host):
    with pytest.raises(NotPublic):
        request("GET", f"http://{host}:1/")


def test_the_address_that_was_checked_is_connected_to(monkeypatch):
    """A name that has another address a moment later leads nowhere else."""
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return [(2, 1, 6, "", (one, port)) for one in ("10.0.0.1", "127.0.0.9")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert addresses_of(split("http://a.example/"), HERE, 9) == ["127.0.0.9"]
    reached = []

    def connect(address, timeout):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConnectionRefusedError):
        request("GET", "http://a.example:99/", networks=HERE)
    assert reached == [("127.0.0.9", 99)]
    assert asked == ["a.example", "a.example"]


@contextmanager
def answering(*pieces, tls=None):
    """A server that reads one request, sends these bytes and closes; gives its port and what it read."""
    listener = socket.create_server(("127.0.0.1", 0))
    read = []

    def serve():
        connection, _ = listener.accept()
        if tls is not None:
            try:
                connection = tls.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                return
        with connection:
            read.append(connection.recv(65_536))
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], read
    finally:
        thread.join()
        listener.close()


def test_an_answer():
    with answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"hello") as (port, read):
        answer = request(
            "POST", f"http://127.0.0.1:{port}/a?b", (("X", "y"),), b"body", networks=HERE, most_bytes=4
        )
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"hell")
    assert read[0].startswith(b"POST /a?b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert read[0].endswith(b"\r\n\r\nbody")


def test_a_body_that_nobody_asks_for_is_not_read():
    with answering(b"HTTP/1.1 201 Created\r\n\r\n", *[b"x" * 65_536] * 1000) as (port, _):
        assert request("POST", f"http://127.0.0.1:{port}/", networks=HERE).body == b""


def test_a_redirect_is_not_followed():
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with answering(head) as (port, _):
        assert request("GET", f"http://127.0.0.1:{port}/", networks=HERE).status == 302


@pytest.mark.parametrize(
    "told", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000], ids=range(3)
)
def test_what_is_no_answer(told):
    with answering(told) as (port, _), pytest.raises((OSError, h11.ProtocolError)):
        request("GET", f"http://127.0.0.1:{port}/", networks=HERE)


def test_the_time_is_that_of_all_steps(monkeypatch):
    """A server that sends a byte a second gets no more time for it."""
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr(outgoing, "monotonic", lambda: next(now))
    pieces = [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 100]
    with answering(*pieces) as (port, _), pytest.raises((TimeoutError, OSError)):
        request("GET", f"http://127.0.0.1:{port}/", networks=HERE, seconds=26)


def test_a_name_that_the_system_does_not_find_holds_up_nobody(monkeypatch):
    gate = threading.Event()

    def resolve(host, port, **_):
        gate.wait()
        return [(2, 1, 6, "", ("127.0.0.9", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outgoing, "_NAMES", threading.BoundedSemaphore(1))
    with pytest.raises(TimeoutError, match=r"slow\.example is not found in time"):
        request("GET", "http://slow.example/", networks=HERE, seconds=0.01)
    with pytest.raises(TimeoutError, match="too many names"):
        request("GET", "http://other.example/", networks=HERE, seconds=0.01)
    gate.set()
    assert addresses_of(split("http://slow.example/"), HERE, 9) == ["127.0.0.9"]


def test_a_thread_gives_what_its_work_gives_and_holds_up_no_end():
    threads = outgoing.Threads(2, "test")

    async def work():
        assert await asyncio.gather(*(threads.run(partial(pow, 2, number)) for number in range(5))) == [
            1, 2, 4, 8, 16,
        ]  # fmt: skip
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        begun, gate = threading.Event(), threading.Event()

        def stall():
            begun.set()
            gate.wait()

        stalled = asyncio.create_task(threads.run(stall))
        await asyncio.to_thread(begun.wait)
        stalled.cancel()
        assert all(one.daemon for one in threading.enumerate() if one.name == "test")
        threads.close()
        gate.set()
        for one in threading.enumerate():
            if one.name == "test":
                await asyncio.to_thread(one.join)

    asyncio.run(work())


def certificate(path, address):
    """A certificate of its own authority for an address, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


def test_tls_is_of_who_was_asked(tmp_path, monkeypatch):
    answer = b"HTTP/1.1 201 Created\r\n\r\n"
    good, other = certificate(tmp_path / "a", "127.0.0.1"), certificate(tmp_path / "b", "127.0.0.2")
    for known, shown, fits in ((good, good, True), (other, other, False), (None, good, False)):
        serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serving.load_cert_chain(shown)
        monkeypatch.setattr(outgoing, "_tls", partial(ssl.create_default_context, cafile=known))
        with answering(answer, tls=serving) as (port, read):
            if fits:
                assert request("POST", f"https://127.0.0.1:{port}/", networks=HERE).status == 201
                continue
            with pytest.raises(ssl.SSLCertVerificationError):
                request("POST", f"https://127.0.0.1:{port}/", networks=HERE)
        assert read == []


def test_an_answer_in_many_small_parts_is_not_read_to_its_end():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for part in (b"1\r\nx\r\n" * 15_000, (b"1;" + b"y" * 30_000 + b"\r\nx\r\n") * 30):
        with answering(head, part) as (port, _):
            body = request("GET", f"http://127.0.0.1:{port}/", networks=HERE, most_bytes=15_000).body
            assert 0 < len(body) < part.count(b"x")
    with (
        answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 15_000) as (port, _),
        pytest.raises(ConnectionResetError, match="without an answer"),
    ):
        request("GET", f"http://127.0.0.1:{port}/", networks=HERE, most_bytes=1_000_000)
