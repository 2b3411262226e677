"""TLS: on the one port and on its own, torn and garbled handshakes, and certificates that can't be used."""

import socket
import ssl
import warnings
from base64 import b64encode
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asyncchat import Client, LoginRefused
from asyncchat.core.fingerprints import parse_fingerprint
from asyncchat.server import tls
from asyncchat.server.limits import READ_BYTES
from asyncchat.server.tls import Certificate, TlsError, exposed_key, greeting_bytes, is_pair, self_signed
from tests.server.harness import PATIENCE, logged, serving


def make(folder, name="server", *names):
    path = Path(folder, f"{name}.pem")
    path.write_text(self_signed(names or ("localhost", "127.0.0.1")))
    return path


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(pem):
    with serving(certificate=Certificate(pem, pem), tls=True) as running:
        yield running


def trusting(pem):
    return ssl.create_default_context(cafile=pem)


def connected(port, pem, source="127.0.0.1"):
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(source, 0))
    return trusting(pem).wrap_socket(plain, server_hostname="localhost")


def until(connection, expected):
    seen = b""
    while expected not in seen:
        data = connection.recv(65_536)
        assert data, seen
        seen += data
    return seen


def enter(connection, name):
    connection.sendall(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN #lobby\r\n".encode())
    return until(connection, b" 366 ")


def closes(connection):
    with suppress(ConnectionResetError):
        while connection.recv(65_536):
            pass


def test_one_port_takes_it_beside_all_others(server, pem):
    with connected(server.port, pem) as iris, server.person("ivan") as ivan:
        enter(iris, "iris")
        assert iris.version() == "TLSv1.3"
        ivan.send("hello\n")
        until(iris, b" PRIVMSG #lobby :hello\r\n")
        iris.sendall(b"PRIVMSG #lobby :" + b"x" * 400 + b"\r\n")
        ivan.until("iris: xxx")
        iris.sendall(b"QUIT\r\n")
        closes(iris)
        ivan.until("iris left chat")


def test_http_and_a_person_over_tls(server, pem):
    with connected(server.tls_port, pem) as browser:
        browser.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        )
        assert until(browser, b"</html>").startswith(b"HTTP/1.1 200 OK\r\n")
        closes(browser)
    with connected(server.tls_port, pem) as anna:
        anna.sendall(b"anna\n")
        until(anna, b"Hello, anna!")


def test_links_have_the_scheme_of_the_connection(server, pem):
    with connected(server.port, pem) as iris:
        iris.sendall(b"CAP REQ :soju.im/FILEHOST\r\nCAP END\r\n")
        assert b"FILEHOST=https://127.0.0.1:" in enter(iris, "iris")


def test_a_port_of_its_own_takes_nothing_else(server):
    for sent in (b"NICK anna\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"anna\n", b"\0\1\2"):
        with closing(socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE)) as connection:
            connection.sendall(sent)
            assert connection.recv(100) == b""


def test_a_handshake_may_come_in_pieces(server, pem):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(pem).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as connection:
        while True:
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    connection.sendall(bytes([byte]))
                incoming.write(connection.recv(65_536))
            else:
                break
        client.write(b"anna\n")
        connection.sendall(outgoing.read())
        told = b""
        while b"Hello, anna!" not in told:
            incoming.write(connection.recv(65_536))
            with suppress(ssl.SSLWantReadError):
                while True:
                    told += client.read()


def begun(pem, protocols):
    """A client that has said hello, and what goes to it and comes from it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = trusting(pem)
    context.set_alpn_protocols(protocols)
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return client, incoming, outgoing


def test_what_comes_before_the_handshake_is_not_read_after_it(server, pem):
    # A greeting as long as one read of the server: what comes with it waits for the next read.
    names = ["x" * 250] * 60
    left = READ_BYTES - begun(pem, names)[2].pending
    count = left // 250 + 1
    names += ["x" * (len(range(at, left, count)) - 1) for at in range(count)]  # each with a byte of length
    client, incoming, outgoing = begun(pem, names)
    assert outgoing.pending == READ_BYTES
    injected = b"NICK eve\r\nUSER eve 0 * :eve\r\n"
    with closing(socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE)) as connection:
        answer = client.do_handshake
        with suppress(ConnectionError):
            connection.sendall(outgoing.read() + injected)
            while data := connection.recv(65_536):
                incoming.write(data)
                with suppress(ssl.SSLWantReadError):
                    assert answer() is None
                    answer = client.read
                connection.sendall(outgoing.read())
    assert not server.troubles


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\xff\xff" + b"\1" * 70_000,
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    ],
)
def test_garbage_ends_its_own_connection_only(server, sent):
    with server.person("ivan") as ivan:
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as connection:
            with suppress(ConnectionError):
                connection.sendall(sent)
            closes(connection)
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as torn:
            torn.sendall(sent[:4])
        ivan.send("/me\n")
        ivan.until("Usage: /me")
    assert not server.troubles


def test_garbage_right_behind_the_handshake_ends_its_own_connection_only(server, pem):
    for _ in range(20):
        client, incoming, outgoing = begun(pem, ["irc"])
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as torn:
            torn.sendall(outgoing.read())
            incoming.write(torn.recv(65_536))
            client.do_handshake()
            torn.sendall(outgoing.read() + b"\x17\x03\x03\x00\x20" + b"x" * 32)
            closes(torn)
    with server.person("ivan") as ivan:
        ivan.send("/me\n")
        ivan.until("Usage: /me")


def test_old_protocols_are_refused(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as connection,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(connection)


def test_a_renewed_certificate_is_for_those_who_come_later(tmp_path):
    path = make(tmp_path)
    old = path.with_name("old.pem")
    old.write_text(path.read_text())
    certificate = Certificate(path, path)
    before = certificate.fingerprint
    with serving(certificate=certificate) as server, connected(server.port, old) as anna:
        enter(anna, "anna")
        make(tmp_path)
        server.call(certificate.reload)
        assert certificate.fingerprint != before
        with connected(server.port, path) as ben:
            enter(ben, "ben")
        with pytest.raises(ssl.SSLCertVerificationError), connected(server.port, old):
            pass
        path.write_text("garbage")
        with pytest.raises(TlsError):
            server.call(certificate.reload)
        with server.person("ivan") as ivan:
            ivan.send("still here\n")
            until(anna, b":still here\r\n")


def test_a_file_that_changed_is_read_again(tmp_path, monkeypatch):
    path = make(tmp_path)
    certificate = Certificate(path, path)
    before = certificate.fingerprint
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.01)
    with serving(certificate=certificate), logged("The certificate was read again") as again:
        path.with_name("new").write_text(self_signed(["localhost"]))
        path.with_name("new").replace(path)
        assert again.wait(PATIENCE)
        assert certificate.fingerprint != before


def test_what_a_certificate_can_t_be(tmp_path, monkeypatch):
    good, other = make(tmp_path, "good"), make(tmp_path, "other")
    assert is_pair(good.read_text())
    text = tmp_path / "text.pem"
    text.write_text("hello")
    locked = tmp_path / "locked.pem"
    locked.write_text(good.read_text().replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"))

    torn = tmp_path / "torn.pem"
    torn.write_text(good.read_text().replace("BEGIN PRIVATE KEY-----\nM", "BEGIN PRIVATE KEY-----\n!"))

    class Earlier(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(UTC) - timedelta(days=4000)

    monkeypatch.setattr(tls, "datetime", Earlier)
    expired = make(tmp_path, "expired")
    key_of_other = tmp_path / "key.pem"
    key_of_other.write_text(other.read_text().partition("-----BEGIN CERTIFICATE")[0])
    for certificate, key, told in (
        (tmp_path / "none.pem", good, "The certificate .*none.pem can't be read: No such file"),
        (good, tmp_path / "none.pem", "The key .*none.pem can't be read: No such file"),
        (good, key_of_other, "is not that of the certificate"),
        (text, text, r"text.pem has no certificate in PEM \(-----BEGIN"),
        (good, text, r"text.pem has no key in PEM \(-----BEGIN"),
        (locked, locked, "The key .*locked.pem has a password. Make a file without: openssl"),
        (torn, torn, "torn.pem can't be used: one of them is damaged"),
        (expired, expired, "was valid until .* Renew it"),
    ):
        with pytest.raises(TlsError, match=told):
            Certificate(certificate, key)


def test_a_key_that_all_can_read_is_warned_of(tmp_path):
    path = make(tmp_path)
    path.chmod(0o644)
    assert exposed_key(str(path), "") == (
        f"Others on this machine can read the key of the certificate. Run chmod o-r {path}"
    )
    assert exposed_key("none.pem", str(path)) != ""
    path.chmod(0o640)  # Debian's group ssl-cert
    assert exposed_key(str(path), "") == exposed_key("", "") == exposed_key("none.pem", "") == ""


def test_how_long_the_first_record_is():
    assert [greeting_bytes(b"\x16\x03\x01\x01\x02"[:n]) for n in (0, 4, 5)] == [5, 5, 263]


def test_a_certificate_that_goes_while_it_is_read_again_changes_nothing(tmp_path, monkeypatch):
    path = make(tmp_path)
    certificate = Certificate(path, path)
    before = certificate.context, certificate.fingerprint
    read = tls._contexts

    def read_and_remove(*files):
        try:
            return read(*files)
        finally:
            path.unlink()

    monkeypatch.setattr(tls, "_contexts", read_and_remove)
    with pytest.raises(TlsError, match="can't be read"):
        certificate.reload()
    assert (certificate.context, certificate.fingerprint) == before


@pytest.fixture
def own(tmp_path):
    """A client's certificate, with its fingerprint."""
    path = make(tmp_path, "anna", "anna")
    return path, parse_fingerprint(Certificate(path, path).fingerprint)


def external(server, pem, own, *asked):
    """What a client is told that logs in by its certificate; closed after it."""
    context = trusting(pem)
    context.load_cert_chain(own[0])
    plain = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"CAP REQ :sasl\r\nAUTHENTICATE EXTERNAL\r\n")
        until(connection, b"AUTHENTICATE +\r\n")
        for data in asked or ("+",):
            connection.sendall(f"AUTHENTICATE {data}\r\n".encode())
        connection.sendall(b"PING over\r\n")
        return until(connection, b"PONG").decode()


def test_a_certificate_logs_in_to_its_account(server, pem, own):
    path, fingerprint = own
    address = f"ircs://localhost:{server.port}"
    certified: dict[str, Any] = {"ca": str(pem), "cert": str(path)}
    with Client(address, nick="anna", **certified) as anna:
        anna.command("NS", "REGISTER", "plumotter41")
        anna.command("NS", "CERT", "ADD")
        until_told(anna, fingerprint)
    with Client(address, nick="anna", account="anna", **certified) as anna:
        anna.command("WHOIS", "anna")
        until_told(anna, "anna is logged in as")
        until_told(anna, fingerprint)
    assert " 903 " in external(server, pem, own)
    assert " 903 " in external(server, pem, own, b64encode(b"Anna").decode())
    assert " 904 " in external(server, pem, own, b64encode(b"bob").decode())
    with pytest.raises(LoginRefused):
        Client(address, nick="anna", account="bob", **certified)


def until_told(client, text):
    while True:
        event = client.receive(PATIENCE)
        if text in getattr(event, "text", "") + getattr(event, "reason", ""):
            return


def test_a_certificate_of_no_account_only_connects(server, pem, own):
    assert " 904 * :SASL authentication failed: there is no such certificate" in external(server, pem, own)


def test_a_browser_is_not_asked_for_a_certificate(pem):
    certificate = Certificate(pem, pem)
    assert certificate.context_for(begun(pem, ["h2", "http/1.1"])[2].read()) is certificate.context
    assert certificate.context_for(begun(pem, ["irc"])[2].read()) is certificate.asking_context
    assert certificate.context.verify_mode is ssl.CERT_NONE
    assert certificate.asking_context.verify_mode is ssl.CERT_OPTIONAL


def test_strictness_is_told_to_each_in_its_way(pem):
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    proxies = ("127.0.0.1",)
    with serving(
        certificate=Certificate(pem, pem), tls=True, strict_days=2, trusted_proxies=proxies
    ) as server:
        with connected(server.port, pem) as browser:
            browser.sendall(head)
            assert b"\r\nStrict-Transport-Security: max-age=172800\r\n" in until(browser, b"\r\n\r\n")
        with connected(server.port, pem) as client:
            client.sendall(b"CAP LS 302\r\n")
            assert b" sts=duration=172800" in until(client, b" sts=")
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as plain:
            plain.sendall(b"PROXY TCP4 10.0.0.9 10.0.0.1 5 6\r\nCAP LS 302\r\n")
            assert b" sts=port=%d" % server.tls_port in until(plain, b" sts=")
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as own:
            own.sendall(b"CAP LS 302\r\n")
            assert b" sts" not in until(own, b" userhost-in-names")
        with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as plain:
            plain.sendall(head)
            assert b"Strict" not in until(plain, b"\r\n\r\n")


@pytest.mark.usefixtures("prompted")
def test_who_begins_tls_after_the_prompt_is_told_of_in_the_log(server, caplog):
    with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as slow:
        until(slow, b"name or nickname: ")
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert slow.recv(100) == b"\x15\x03\x01\x00\x02\x02\x28"  # a fatal alert
        assert slow.recv(100) == b""
    assert "127.0.0.1 began TLS after 0.25 s of silence" in caplog.text
    assert "slow need a tls:// listener" in caplog.text
