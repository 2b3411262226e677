"""AUTHENTICATE in each state: before one enters, after it, again, in pieces, aborted, in every wrong one."""

from base64 import b64decode, b64encode

import pytest
import scramp

from asyncchat.core import scram
from asyncchat.core.engine import Engine
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.permissions import SERVER
from asyncchat.dialects.irc.serialize import chunks
from tests.dialects.driver import PASSWORD as SERVER_PASSWORD
from tests.dialects.driver import START
from tests.dialects.irc.conftest import Server

PASSWORD = "sesame"  # noqa: S105
RIGHT = b64encode(b"\0anna\0sesame").decode()
WRONG = b64encode(b"\0anna\0other").decode()
FAILED = ":irc.test 904 * :SASL authentication failed"
LOGGED_IN = ":irc.test 900 * *!*@192.0.2.1 anna :You are now logged in as anna"
SUCCESS = ":irc.test 903 * :SASL authentication successful"


@pytest.fixture
def server(server):
    """A server on which Anna has an account."""
    make(server.hub, "anna", PASSWORD)
    return server


def make(hub, name, password):
    verifier = str(scram.verifier(password, b"0123456789abcdef", 4096))
    for event in Engine(hub.chat, time=START).decide(SERVER, RegisterAccountVerified(name, verifier))[:-1]:
        hub.chat.apply(event)


def begun(server, *lines):
    peer = server.connect()
    peer.send("CAP LS 302", "CAP REQ sasl", *lines)
    return peer


def test_a_login_before_one_enters(server):
    anna = begun(server)
    assert anna.send("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert anna.send(f"AUTHENTICATE {RIGHT}") == [LOGGED_IN, SUCCESS]
    greeting = anna.send("NICK Anna", "USER a 0 * :A", "CAP END")
    assert greeting[0].startswith(":irc.test 001 Anna ")
    assert server.hub.chat.people[anna.id].account == "anna"


def test_all_of_it_in_one_write(server):
    anna = server.connect()
    lines = anna.send(
        "CAP REQ :sasl",
        "NICK Anna",
        "USER a 0 * :A",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {RIGHT}",
        "CAP END",
    )
    assert [line.split()[1] for line in lines[:6]] == ["CAP", "+", "900", "903", "001", "002"]
    assert lines[2] == ":irc.test 900 * Anna!a@192.0.2.1 anna :You are now logged in as anna"


def test_a_login_after_one_entered_and_to_another_account(server):
    make(server.hub, "second", PASSWORD)
    anna = server.person("Anna2", caps="sasl")
    anna.send("AUTHENTICATE PLAIN")
    assert anna.send(f"AUTHENTICATE {RIGHT}") == [
        ":irc.test 900 Anna2 Anna2!anna2@192.0.2.1 anna :You are now logged in as anna",
        ":irc.test 903 Anna2 :SASL authentication successful",
    ]
    for _ in range(2):
        anna.send("AUTHENTICATE PLAIN")
        other = b64encode(b"\0second\0sesame").decode()
        assert [line.split()[1] for line in anna.send(f"AUTHENTICATE {other}")] == ["900", "903"]
    assert server.hub.chat.people[anna.id].account == "second"


def test_one_is_told_in_order(server):
    """900 first, since it sets the account that ACCOUNT tells, and 903 last (extensions/sasl-3.2)."""
    anna = server.person("Anna2", caps="sasl account-notify")
    bob = server.person("bob", "#r", caps="account-notify")
    anna.send("JOIN #r", "AUTHENTICATE PLAIN")
    assert [line.split(maxsplit=2)[1] for line in anna.send(f"AUTHENTICATE {RIGHT}")] == [
        "900",
        "ACCOUNT",
        "903",
    ]
    assert ":Anna2!anna2@192.0.2.1 ACCOUNT anna" in bob.read()


@pytest.mark.parametrize(("length", "last"), [(600, SUCCESS), (601, FAILED)])
def test_passwords_have_up_to_600_bytes(server, length, last):
    """More than the 300 that are called safe (extensions/account-registration, "Client considerations")."""
    make(server.hub, "long", "p" * 600)
    peer = begun(server, "AUTHENTICATE PLAIN")
    parts = chunks(f"\0long\0{'p' * length}".encode())
    assert peer.send(*(f"AUTHENTICATE {part}" for part in parts))[-1] == last


def test_scram_with_an_independent_client(server):
    peer = begun(server)
    client = scramp.ScramClient(["SCRAM-SHA-256"], "anna", PASSWORD)
    assert peer.send("AUTHENTICATE scram-sha-256") == ["AUTHENTICATE +"]
    (first,) = peer.send(*sent(client.get_client_first()))
    client.set_server_first(decoded(first))
    (final,) = peer.send(*sent(client.get_client_final()))
    client.set_server_final(decoded(final))
    assert peer.send("AUTHENTICATE +") == [LOGGED_IN, SUCCESS]


def sent(text):
    return [f"AUTHENTICATE {piece}" for piece in chunks(text.encode())]


def decoded(line):
    return b64decode(line.removeprefix("AUTHENTICATE ")).decode()


def test_scram_with_a_wrong_password(server):
    peer = begun(server)
    client = scramp.ScramClient(["SCRAM-SHA-256"], "anna", "other")
    peer.send("AUTHENTICATE SCRAM-SHA-256")
    (first,) = peer.send(*sent(client.get_client_first()))
    client.set_server_first(decoded(first))
    assert peer.send(*sent(client.get_client_final())) == [FAILED]
    assert peer.send("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]


MECHS = ":irc.test 908 * PLAIN,SCRAM-SHA-256 :are available SASL mechanisms"
ABORTED = ":irc.test 906 * :SASL authentication aborted"
TOO_LONG = ":irc.test 905 * :SASL message too long"
TOO_MUCH = FAILED + ": The message is longer than 4000 bytes"
MALFORMED = f"{FAILED}: that does not answer the challenge"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["AUTHENTICATE"], [":irc.test 461 * AUTHENTICATE :Not enough parameters"]),
        (["AUTHENTICATE :"], [":irc.test 461 * AUTHENTICATE :Not enough parameters"]),
        (["AUTHENTICATE +"], [MECHS, FAILED]),
        (["AUTHENTICATE *"], [ABORTED]),
        (["AUTHENTICATE EXTERNAL"],
         [MECHS, FAILED + ": EXTERNAL needs a certificate, which your client must show over TLS"]),
        ([f"AUTHENTICATE {RIGHT}"], [MECHS, FAILED]),
        (["AUTHENTICATE " + "x" * 401], [TOO_LONG]),
        (["AUTHENTICATE PLAIN", "AUTHENTICATE *"], ["AUTHENTICATE +", ABORTED]),
        (["AUTHENTICATE PLAIN", "AUTHENTICATE " + "A" * 401], ["AUTHENTICATE +", TOO_LONG]),
        (["AUTHENTICATE PLAIN", *["AUTHENTICATE " + "A" * 400] * 10, "AUTHENTICATE A"],
         ["AUTHENTICATE +", TOO_MUCH]),
        (["AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN"], ["AUTHENTICATE +", FAILED + ": That is not base64"]),
        (["AUTHENTICATE PLAIN", "AUTHENTICATE ?"], ["AUTHENTICATE +", FAILED + ": That is not base64"]),
        (["AUTHENTICATE PLAIN", f"AUTHENTICATE {WRONG}"], ["AUTHENTICATE +", FAILED]),
        (["AUTHENTICATE PLAIN", f"AUTHENTICATE {WRONG}", "AUTHENTICATE PLAIN", f"AUTHENTICATE {RIGHT}"],
         ["AUTHENTICATE +", FAILED, "AUTHENTICATE +", LOGGED_IN, SUCCESS]),
        (["AUTHENTICATE plain", f"AUTHENTICATE {RIGHT}"], ["AUTHENTICATE +", LOGGED_IN, SUCCESS]),
    ],
)  # fmt: skip
def test_every_state(server, lines, told):
    assert begun(server).send(*lines) == told


@pytest.mark.parametrize(
    "message", ["+", "AAAA", b64encode(b"a\0b").decode(), b64encode(b"\xff\0a\0b").decode()]
)
def test_a_message_that_is_not_plain(server, message):
    peer = begun(server, "AUTHENTICATE PLAIN")
    (told,) = peer.send(f"AUTHENTICATE {message}")
    assert told.startswith(MALFORMED)


def test_without_the_capability(server):
    peer = server.connect()
    assert peer.send("AUTHENTICATE PLAIN") == [FAILED + ": Request the capability sasl first"]


@pytest.mark.parametrize("length", [285, 300])
def test_a_long_message_comes_in_pieces(server, length):
    password = "p" * (length - len("\0long\0"))
    make(server.hub, "long", password)
    parts = chunks(f"\0long\0{password}".encode())
    assert [len(part) for part in parts] == ([380] if length == 285 else [400, 1])
    assert parts[-1] == "+" or len(parts) == 1
    peer = begun(server, "AUTHENTICATE PLAIN")
    assert peer.send(*(f"AUTHENTICATE {part}" for part in parts))[-1] == SUCCESS


def test_no_piece_of_an_aborted_message_is_kept(server):
    peer = begun(server, "AUTHENTICATE PLAIN", "AUTHENTICATE " + "A" * 400, "AUTHENTICATE *")
    assert peer.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {RIGHT}")[-1] == SUCCESS


def test_cap_end_in_the_middle_goes_on_without(server):
    peer = begun(server, "NICK bob", "USER b 0 * :B", "AUTHENTICATE PLAIN")
    lines = peer.send("CAP END")
    assert lines[0] == ABORTED
    assert lines[1].startswith(":irc.test 001 bob ")
    assert peer.send("AUTHENTICATE +")[-1] == ":irc.test 904 bob :SASL authentication failed"


def test_the_name_of_an_account_is_nobody_elses(server):
    bob = server.connect()
    reserved = ":irc.test 433 * Anna :Nickname belongs to an account: log in to it (SASL), or choose another"
    assert bob.send("NICK Anna", "USER b 0 * :B") == [reserved]
    assert bob.send("NICK bob")[0].startswith(":irc.test 001 bob ")
    assert bob.send("NICK Anna") == [reserved.replace(" * ", " bob ", 1)]


def test_pass_logs_in_too(server):
    anna = server.connect()
    lines = anna.send("PASS anna:sesame", "NICK Anna", "USER a 0 * :A")
    assert [line.split()[1] for line in lines[:2]] == ["900", "001"]
    bob = server.connect()
    lines = bob.send("PASS anna:other", "NICK bob", "USER b 0 * :B")
    assert lines[0] == (
        ":irc.test NOTICE * :PASS did not log you in: that is not the password, or there is no such account"
    )
    assert lines[1].startswith(":irc.test 001 bob ")


def test_behind_the_servers_password():
    server = Server(locked=True)
    make(server.hub, "anna", PASSWORD)
    anna = begun(server, "AUTHENTICATE PLAIN", f"AUTHENTICATE {RIGHT}", "NICK Anna", "USER a 0 * :A")
    assert anna.send("CAP END")[0].startswith(":irc.test 464 ")
    anna = begun(server, f"PASS :{SERVER_PASSWORD}", "AUTHENTICATE PLAIN", f"AUTHENTICATE {RIGHT}")
    assert anna.send("NICK Anna", "USER a 0 * :A", "CAP END")[0].startswith(":irc.test 001 Anna ")


def test_no_password_is_asked_for_where_others_listen(server):
    peer = server.hub.join(lambda id: server.irc.dialect(id, "192.0.2.1", is_confidential=False))
    peer.send("CAP REQ sasl")
    assert peer.send("AUTHENTICATE PLAIN") == [
        ":irc.test 908 * SCRAM-SHA-256 :are available SASL mechanisms",
        FAILED + ": PLAIN would show your password on this unencrypted connection",
    ]
    assert peer.send("AUTHENTICATE SCRAM-SHA-256") == ["AUTHENTICATE +"]
    told = peer.send("PASS anna:sesame", "NICK a", "USER a 0 * :A", "CAP END")
    assert told[1].startswith(":irc.test NOTICE * :PASS did not log you in: a password must not be sent")


def test_the_value_is_told_with_302_alone(server):
    assert "sasl=PLAIN,SCRAM-SHA-256" in " ".join(server.connect().send("CAP LS 302"))
    assert " sasl " in server.connect().send("CAP LS")[0].replace(":sasl", ": sasl") + " "


@pytest.mark.parametrize(("tls", "mechanisms"), [(None, ""), ("", ""), ("ab" * 32, ",EXTERNAL")])
def test_external_is_offered_where_a_certificate_was_shown(server, tls, mechanisms):
    peer = server.connect(tls=tls)
    (listed,) = (line for line in peer.send("CAP LS 302") if " sasl=" in line)
    assert f" sasl=PLAIN,SCRAM-SHA-256{mechanisms} " in f"{listed} "
