"""All clients over TLS: whom they trust, and what they say of a server that they don't."""

import pytest

from asyncchat import Client, Message, Unreachable, Untrusted
from asyncchat.client.address import parse_address
from asyncchat.client.errors import ClientError
from asyncchat.client.http_api import HttpApi
from asyncchat.client.trust import Trust
from asyncchat.core.fingerprints import parse_fingerprint, shown_fingerprint
from asyncchat.server.tls import Certificate, self_signed
from tests.cli.calling import call
from tests.cli.test_join import Terminal
from tests.client.fronts import ClientOnLoop
from tests.client.scripted import PATIENCE
from tests.server.harness import serving


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_text(self_signed(["localhost"]))
    return path


@pytest.fixture(scope="module")
def server(pem):
    with serving(certificate=Certificate(pem, pem), limits=False) as running:
        yield running


@pytest.fixture
def fingerprint(server):
    return parse_fingerprint(server.server.certificate.fingerprint)


def enter_api(address, *, nick, rooms, **trust):
    HttpApi(parse_address(address), trust=Trust(**trust)).rooms()


@pytest.fixture(params=[Client, ClientOnLoop], ids=["threads", "asyncio"])
def client(request):
    return request.param


@pytest.fixture(params=[Client, ClientOnLoop, enter_api], ids=["threads", "asyncio", "http"])
def enter(request):
    return request.param


def test_long_messages(client, server, pem):
    address = f"https://localhost:{server.port}"
    text = "x" * 8000
    with (
        client(address, nick="anna", rooms=["#ci"], ca=str(pem)) as anna,
        client(address, nick="ben", rooms=["#ci"], ca=str(pem)) as ben,
    ):
        receipts = [anna.say("#ci", f"{number} {text}") for number in range(30)]
        told: list[str] = []
        while len(told) < 30:
            event = ben.receive(PATIENCE)
            if isinstance(event, Message):
                told.append(event.text)
        assert [one.partition(" ")[0] for one in told] == [str(number) for number in range(30)]
        assert {len(one) for one in told} <= {8002, 8003}
        assert all(receipt.wait(PATIENCE) for receipt in receipts)


def test_a_certificate_for_which_nobody_vouches_is_refused(enter, server, fingerprint):
    with pytest.raises(Untrusted) as refused:
        enter(f"ircs://localhost:{server.port}", nick="eve", rooms=["#ci"])
    assert refused.value.fingerprint == fingerprint
    assert refused.value.is_new
    assert "self-signed certificate" in str(refused.value)
    assert shown_fingerprint(fingerprint) in str(refused.value)


def test_one_for_another_name_is_refused(enter, server, pem):
    with pytest.raises(Untrusted, match="IP address mismatch"):
        enter(f"ircs://127.0.0.1:{server.port}", nick="eve", rooms=["#ci"], ca=str(pem))


def test_a_fingerprint_is_enough_and_no_other_is_taken(enter, server, fingerprint):
    address = f"ircs://127.0.0.1:{server.port}"
    entered = enter(address, nick="eve", rooms=["#ci"], fingerprint=shown_fingerprint(fingerprint))
    if entered is not None:
        entered.close()
    with pytest.raises(Untrusted, match=r"Known is SHA-256 00:00.* If its operator confirms") as refused:
        enter(address, nick="eve", rooms=["#ci"], fingerprint="0" * 64)
    assert not refused.value.is_new


def test_who_has_no_tls_is_no_server_over_tls(enter):
    with serving() as plain, pytest.raises(Unreachable, match="no TLS there"):
        enter(f"ircs://127.0.0.1:{plain.port}", nick="eve", rooms=["#ci"])


def test_what_can_t_be_used(enter, server, tmp_path):
    address = f"ircs://localhost:{server.port}"
    for stated, told in (
        ({"ca": str(tmp_path / "none")}, "none can't be used: no such file"),
        ({"cert": str(tmp_path / "none")}, "must have a certificate and its key"),
    ):
        with pytest.raises(ClientError, match=told):
            enter(address, nick="eve", rooms=["#ci"], **stated)
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        enter(address, nick="eve", rooms=["#ci"], fingerprint="AB:CD")
    with pytest.raises(ValueError, match="begin the address with ircs://"):
        enter(f"localhost:{server.port}", nick="eve", rooms=["#ci"], ca="x")


def test_a_break_is_mended_over_tls(client, server, pem):
    with client(
        f"ircs://localhost:{server.port}", nick="finn", rooms=["#ci"], ca=str(pem), backoff=(0.01, 0.02)
    ) as finn:
        server.call(lambda: [one.disconnect("gone") for one in list(server.server.context.sessions)])
        while type(finn.receive(PATIENCE)).__name__ != "Reconnected":
            pass


def test_commands_of_the_shell(server, pem, fingerprint, tmp_path):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    address = f"https://localhost:{server.port}/#ci"
    refused = call("say", "ci", "hello", "--server", address, **home)
    assert refused.returncode == 1
    assert shown_fingerprint(fingerprint) in refused.stderr
    assert call("say", "ci", "one", "--server", address, "--ca", str(pem), **home).returncode == 0
    done = call("say", "ci", "two", "--server", address, "--fingerprint", fingerprint, **home)
    assert done.returncode == 0
    assert call("say", "ci", "x", "--server", address, "--fingerprint", "no", **home).returncode == 2
    assert call("say", "ci", "x", "--server", "localhost:1", "--ca", "x", **home).returncode == 2
    refused = call("join", address, "--nick", "eve", given="hello\n", **home)
    assert refused.returncode == 1
    assert shown_fingerprint(fingerprint) in refused.stderr


def test_a_person_at_a_terminal_is_asked_once(server, fingerprint, tmp_path):
    address = f"ircs://127.0.0.1:{server.port}/ci"
    with Terminal(address, "--nick", "gina", XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        terminal.until(shown_fingerprint(fingerprint)[:60])
        terminal.until("Trust it from now on? [y/N]")
        terminal.type("y\n")
        terminal.until("gina")
        terminal.type("hello\n/quit\n")
        assert terminal.end() == 0
    assert fingerprint in (tmp_path / "asyncchat" / "client.toml").read_text()
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert "hello" in call("tail", "ci", "--server", address, **home).stdout
    assert call("join", address, "--nick", "gina", given="again\n", **home).returncode == 0
