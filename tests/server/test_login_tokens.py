"""Staying signed in: a token instead of the password, over SASL, until it is revoked."""

import base64
import re

import pytest

from asyncchat.core.features.login_tokens import SESSIONS_EACH
from tests.server.harness import CODE, serving

TEA = "tea at five"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def log_in(server, words, name="anna"):
    """A session that shows a password before it connects, and what it was told."""
    client = server.connect()
    plain = base64.b64encode(f"\0{name}\0{words}".encode()).decode()
    client.send(f"CAP REQ :sasl\r\nNICK {name}\r\nUSER web 0 * :{name}\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\n")
    told = client.line()
    while " 903 " not in told and " 904 " not in told:
        told = client.line()
    client.send("CAP END\r\n")
    return client, told


@pytest.fixture
def anna(server):
    client = server.irc("anna")
    client.send(f"REGISTER * * :{TEA}\r\n")
    client.until("REGISTER SUCCESS")
    client.until("\n")
    return client


def make(client, name="Firefox on Linux"):
    """Makes a token: its id and secret."""
    client.send(f"DEVICES ADD :{name}\r\n")
    told = client.until("DEVICES ADD")
    told += client.until("\r\n")
    found = re.search(r"DEVICES ADD anna ([0-9a-f]{8}) (aclogin_\S+)", told)
    assert found
    return found[1], found[2]


def test_a_token_logs_in_and_is_listed(server, anna):
    id_, secret = make(anna)
    phone, told = log_in(server, secret)
    assert " 903 " in told
    phone.until(" 001 anna ")
    anna.send("DEVICES\r\nPING done\r\n")
    listed = anna.until("done")
    assert re.search(rf":\S+ DEVICES LIST anna {id_} \S+Z \S+Z :Firefox on Linux\r\n", listed)
    assert secret not in listed
    assert server.people() == ["anna"]


def test_a_revoked_token_ends_its_session_and_logs_nobody_in(server, anna):
    id_, secret = make(anna)
    phone, _ = log_in(server, secret)
    phone.until(" 001 anna ")
    laptop, _ = log_in(server, TEA)
    laptop.until(" 001 anna ")
    laptop.send(f"DEVICES REMOVE {id_}\r\n")
    assert "signed out" in phone.rest().decode()
    assert "signed out" in anna.rest().decode()  # for which it was made
    assert "DEVICES REMOVE anna 1" in laptop.until("DEVICES REMOVE") + laptop.until("\r\n")
    _, told = log_in(server, secret)
    assert " 904 " in told
    laptop.send("PRIVMSG anna :still here\r\n")
    laptop.until("still here")


def test_who_signs_out_itself_is_answered(server, anna):
    id_, secret = make(anna)
    phone, _ = log_in(server, secret)
    phone.until(" 001 anna ")
    phone.send(f"DEVICES REMOVE {id_}\r\n")
    told = phone.rest().decode()
    assert told.index("DEVICES REMOVE anna 1") < told.index("ERROR")


def test_a_new_password_ends_what_was_made_with_the_old_one(server, anna):
    _, secret = make(anna)
    anna.send("NS SET PASSWORD tea at seven\r\n")
    anna.until("The password of anna is changed")
    _, told = log_in(server, secret)
    assert " 904 " in told
    _, told = log_in(server, "tea at seven")
    assert " 903 " in told


def test_a_token_neither_removes_the_account_nor_counts_as_a_password(server, anna):
    _, secret = make(anna)
    anna.send(f"NS DROP {secret}\r\n")
    anna.until("That is not the password")


def test_a_token_takes_no_account_over(server, anna):
    _, secret = make(anna)
    thief, _ = log_in(server, secret)
    thief.until(" 001 anna ")
    thief.send("NS SET PASSWORD mine from now on\r\n")
    thief.until("log in with the password first")
    thief.send("DEVICES ADD :mine\r\n")
    thief.until("FAIL DEVICES PASSWORD_REQUIRED")
    _, told = log_in(server, TEA)
    assert " 903 " in told
    thief.send(f"NS IDENTIFY {TEA}\r\nNS SET PASSWORD tea at six\r\n")
    thief.until("The password of anna is changed")


def test_a_new_password_ends_the_sessions_of_tokens(server, anna):
    _, secret = make(anna)
    thief, _ = log_in(server, secret)
    thief.until(" 001 anna ")
    anna.send("NS SET PASSWORD tea at six\r\n")
    anna.until("The password of anna is changed")
    assert "signed out" in thief.rest().decode()
    anna.send("PRIVMSG anna :still here\r\n")
    anna.until("still here")


def test_sessions_that_are_not_connected_yet_end_too(server, anna):
    """Also more of them than are remembered of a token."""
    id_, secret = make(anna)
    plain = base64.b64encode(f"\0anna\0{secret}".encode()).decode()
    waiting = []
    for _ in range(SESSIONS_EACH + 5):
        client = server.connect()
        client.send("CAP REQ :sasl\r\nNICK anna\r\nUSER a 0 * :a\r\nAUTHENTICATE PLAIN\r\n")
        client.send(f"AUTHENTICATE {plain}\r\n")
        client.until(" 903 ")
        waiting.append(client)
    laptop, _ = log_in(server, TEA)
    laptop.until(" 001 anna ")
    laptop.send(f"DEVICES REMOVE {id_}\r\n")
    laptop.until("DEVICES REMOVE anna 1")
    for client in waiting:
        client.rest()


def test_right_tokens_log_in_while_passwords_must_wait():
    with serving() as server:
        client = server.irc("anna")
        client.send(f"REGISTER * * :{TEA}\r\n")
        client.until("REGISTER SUCCESS")
        _, secret = make(client)
        guard = server.server.auth.guard
        for _ in range(60):
            server.call(lambda: guard.record_failure("anna", "127.0.0.1"))
        _, told = log_in(server, TEA)
        assert " 904 " in told
        _, told = log_in(server, secret)
        assert " 903 " in told


def test_people_ask_nickserv(server, anna):
    anna.send("NS TOKEN The Lounge\r\n")
    told = anna.until("(it is shown only now)")
    id_ = re.search(r"The password of the device ([0-9a-f]{8}): aclogin_", told)
    assert id_
    anna.send("NS DEVICES\r\nPING done\r\n")
    assert f"{id_[1]}  The Lounge, since " in anna.until("done")
    anna.send(f"NS SIGNOUT {id_[1]}\r\n")
    anna.until("1 device is signed out of anna")
    anna.send("NS SIGNOUT ALL\r\n")
    anna.until("No device stays signed in")


def test_an_operator_of_the_server_signs_somebody_out(server, anna):
    make(anna)
    olga = server.irc("olga")
    olga.send(f"NS SIGNOUT ALL anna\r\nOPER owner {CODE}\r\nNS DEVICES anna\r\nNS SIGNOUT ALL anna\r\n")
    olga.until("It is not your account")
    olga.until("  Firefox on Linux, since ")
    olga.until("1 device is signed out of anna")
    assert "signed out" in anna.rest().decode()


def test_devices_says_what_is_wrong(server, anna):
    bob = server.irc("bob")
    bob.send("DEVICES ADD :x\r\n")
    bob.until("FAIL DEVICES ACCOUNT_REQUIRED")
    anna.send("DEVICES REMOVE 12345678\r\n")
    anna.until("FAIL DEVICES UNKNOWN_DEVICE")
    anna.send("DEVICES FORGET\r\n")
    anna.until("FAIL DEVICES INVALID_PARAMS")
