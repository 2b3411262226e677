"""Accounts over real sockets: made, logged in to, guessed at, kept over a restart."""

from base64 import b64decode, b64encode

import pytest

from asyncchat import Client
from asyncchat.client.errors import LoginRefused
from asyncchat.config.options import Operator
from asyncchat.core import scram
from asyncchat.core.features.known_networks import KnownNetworks, NetworkKnown
from asyncchat.core.people import Account
from asyncchat.log.memory import MemoryLog
from asyncchat.server import auth
from asyncchat.server.password_guard import Count, PasswordGuard
from asyncchat.server.secret_file import RunKeys
from tests.server.harness import CODE, serving

PASSWORD = "tea-for-two"  # noqa: S105


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.0)


@pytest.fixture
def server():
    with serving() as running:
        yield running


class Irc:
    """An IRC client that reads up to a word."""

    def __init__(self, server, *lines):
        self.peer = server.connect()
        self.send("CAP LS 302", "CAP REQ :sasl", *lines)

    def send(self, *lines):
        self.peer.send("".join(f"{line}\r\n" for line in lines))

    def upto(self, *words):
        """The first line with one of these words."""
        while True:
            line = self.peer.line()
            if any(f" {word}" in line for word in words):
                return line

    def enter(self, name):
        self.send(f"NICK {name}", f"USER {name} 0 * :x", "CAP END")
        return self.upto("001 ", "433 ")

    def plain(self, name, password):
        message = b64encode(f"\0{name}\0{password}".encode()).decode()
        self.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {message}")
        return self.upto("903", "904")


def test_made_logged_in_to_and_taken_back(server):
    anna = Irc(server)
    anna.enter("anna")
    anna.send("REGISTER * * tea-for-two")
    assert anna.upto("REGISTER") == ":asyncchat.local REGISTER SUCCESS anna :Account created"
    anna.send("QUIT")
    anna.peer.rest()
    bob = Irc(server)
    assert " 433 " in bob.enter("anna")
    bob.send("NICK bob")
    bob.upto("001 ")
    bob.send("NICK anna")
    assert "belongs to an account" in bob.upto("433 ")
    again = Irc(server)
    assert " 904 " in again.plain("anna", "wrong")
    assert " 903 " in again.plain("anna", PASSWORD)
    assert " 001 anna " in again.enter("anna")


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("anna", ""), ("", "")])
def test_a_login_without_a_name_or_a_password_is_none(server, name, password, caplog):
    """RFC 4616, 2: both have at least one character."""
    anna = Irc(server)
    assert anna.plain(name, password).endswith("that does not answer the challenge: no name or no password")
    assert "wrong password" not in caplog.text


def test_scram(server):
    register(server, "anna")
    anna = Irc(server, "AUTHENTICATE SCRAM-SHA-256")
    prover = scram.Prover("anna", PASSWORD, "abcdef")
    anna.upto("+")
    anna.send(f"AUTHENTICATE {b64encode(prover.first()).decode()}")
    challenge = b64decode(anna.peer.line().removeprefix("AUTHENTICATE "))
    anna.send(f"AUTHENTICATE {b64encode(prover.final(challenge)).decode()}")
    assert prover.is_server(b64decode(anna.peer.line().removeprefix("AUTHENTICATE ")))
    anna.send("AUTHENTICATE +")
    assert " 903 " in anna.upto("903", "904")


def test_a_proof_is_worth_nothing_when_the_account_is_somebody_elses(server):
    register(server, "anna")
    old, maker = Irc(server, "AUTHENTICATE SCRAM-SHA-256"), Irc(server)
    prover = scram.Prover("anna", PASSWORD, "abcdef")
    old.upto("+")
    old.send(f"AUTHENTICATE {b64encode(prover.first()).decode()}")
    challenge = b64decode(old.peer.line().removeprefix("AUTHENTICATE "))
    old.send(f"AUTHENTICATE {b64encode(prover.final(challenge)).decode()}")
    assert prover.is_server(b64decode(old.peer.line().removeprefix("AUTHENTICATE ")))
    assert " 903 " in maker.plain("anna", PASSWORD)
    maker.enter("anna")
    maker.send(f"NS DROP {PASSWORD}", "REGISTER * * another-one")
    maker.upto("REGISTER SUCCESS")
    old.send("AUTHENTICATE +")
    assert " 904 " in old.upto("903", "904")


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(server):
    register(server, "anna")
    guessers = [Irc(server) for _ in range(14)]
    for guesser in guessers:
        guesser.send("AUTHENTICATE PLAIN")
        guesser.upto("+")
    for guesser in guessers:
        guesser.send(f"AUTHENTICATE {b64encode(bytes(1).join((b'', b'anna', b'wrong'))).decode()}")
    told = [guesser.upto("904") for guesser in guessers]
    assert sum("too many wrong passwords" in line for line in told) == 4


def test_asking_for_a_name_without_a_password_forgets_no_guess(server):
    register(server, "anna")
    guard = server.server.auth.guard
    for number in range(40):
        server.call(guard.record_failure, "anna", f"192.0.2.{number}")
    bob = Irc(server)
    bob.enter("bob")
    bob.send("NS GHOST anna")
    bob.upto("NOTICE")
    assert server.call(guard.wait, "anna", "192.0.2.200") > 0


def test_operators_passwords_are_guessed_at_no_faster():
    with serving(operators={"alice": Operator("secret")}) as server:
        guessers = [server.irc(f"g{number}") for number in range(12)]
        for guesser in guessers:
            guesser.send("OPER alice wrong\r\n")
        for guesser in guessers:
            guesser.until(" 464 ")
        guessers[0].send("OPER alice secret\r\n")
        guessers[0].until(" 464 ")
        server.call(server.server.auth.guard.forget_operator_guesses, "alice", "127.0.0.1")
        guessers[0].send("OPER alice secret\r\n")
        guessers[0].until(" 381 ")


def test_the_owner_code_is_guessed_at_no_faster(server):
    guesser = server.irc("guesser")
    for _ in range(10):
        guesser.send("OPER owner 2222-2222\r\n")
        guesser.until(" 464 ")
    guesser.send(f"OPER owner {CODE}\r\n")
    guesser.until(" 464 ")
    server.call(server.server.auth.guard.forget_operator_guesses, "", "127.0.0.1")
    guesser.send(f"OPER owner {CODE}\r\n")
    guesser.until(" 381 ")


def test_a_48_is_wrong_no_more_often_than_eight_networks():
    guard = PasswordGuard(lambda: 0.0)
    there = [f"2001:db8:7:{number:x}::1" for number in range(1000)]
    for count, wait in (
        (guard.record_server_failure, guard.server_wait),
        (guard.record_registration, guard.registration_wait),
        (lambda address: guard.record_failure(address, address), lambda address: guard.wait("a", address)),
    ):
        done = 0
        for address in there:
            if not wait(address):
                count(address)
                done += 1
        assert done in (8 * 20, 8 * 40)
        assert wait(there[-1])
        assert [wait(address) for address in ("2001:db8:8::1", "192.0.2.7")] == [0, 0]


def test_an_ipv6_network_is_one_guesser():
    guard = PasswordGuard(lambda: 0.0)
    for number in range(10):
        guard.record_failure("a", f"2001:db8::{number}")
    assert guard.wait("a", "2001:db8::ffff:1") > 0
    assert guard.wait("a", "2001:db8:0:1::1") == 0


class TestLockout:
    """Who guesses at an account must not keep its owner out of it, nor others out of theirs."""

    now = 0.0

    @pytest.fixture
    def guard(self):
        return PasswordGuard(lambda: self.now)

    def test_neighbours_of_who_guesses_log_in(self, guard):
        for _ in range(10):
            guard.record_failure("anna", "192.0.2.1")
        assert guard.wait("anna", "192.0.2.1") == 30
        assert guard.wait("bob", "192.0.2.1") == 0

    def test_one_network_that_tries_many_accounts_is_paced(self, guard):
        for number in range(40):
            guard.record_failure(f"a{number}", "192.0.2.1", exists=number % 2 == 0)
        assert guard.wait("anna", "192.0.2.1") == 10
        assert guard.wait("anna", "192.0.2.1", known=True) == 0
        assert guard.wait("anna", "192.0.2.2") == 0

    def test_a_botnet_is_paced_and_the_owner_is_not_locked_out(self, guard):
        for number in range(41):
            guard.record_failure("anna", f"192.0.2.{number}")
        assert guard.wait("anna", "198.51.100.1") > 30
        assert guard.wait("anna", "198.51.100.1", known=True) == 0
        guard.record_success("anna", "198.51.100.1")
        assert guard.wait("anna", "198.51.100.2") > 30  # that gives a botnet no further guesses

    def test_where_the_owner_was_before_guesses_are_paced_too(self, guard):
        for _ in range(10):
            guard.record_failure("anna", "198.51.100.1", known=True)
        assert guard.wait("anna", "198.51.100.1", known=True) == 30
        assert guard.wait("anna", "198.51.100.2") == 0

    def test_names_that_are_made_up_push_no_account_out(self, guard, monkeypatch):
        monkeypatch.setattr("asyncchat.server.password_guard.MOST_COUNTED", 50)
        for number in range(40):
            guard.record_failure("anna", f"192.0.2.{number}")
        for number in range(60):
            guard.record_failure(f"nobody{number}", f"198.51.100.{number}", exists=False)
        assert guard.wait("anna", "203.0.113.1") > 0

    def test_a_day_of_a_botnet(self, guard):
        """The bound that the documentation states."""
        tried = 0
        for number in range(86_400 // 5):
            self.now = 5.0 * number
            if not guard.wait("anna", f"2001:db8:{number:x}::1"):
                guard.record_failure("anna", f"2001:db8:{number:x}::1")
                tried += 1
        assert tried <= 40 + 86_400 / 30


def test_the_owner_is_known_by_the_network_after_a_restart():
    log = MemoryLog()
    keys = RunKeys()
    with serving(log=log, keys=keys) as first:
        register(first, "anna")
    assert "127.0.0.1" not in repr([fact for fact in log.state() if "NetworkKnown" in repr(fact)])
    with serving(log=log, keys=keys) as second:
        guard = second.server.auth.guard
        for number in range(100):
            second.call(guard.record_failure, "anna", f"192.0.2.{number}")
        assert " 903 " in Irc(second).plain("anna", PASSWORD)
        anna = Irc(second)
        anna.plain("anna", PASSWORD)
        anna.enter("anna")
        known = second.call(lambda: dict(KnownNetworks.of(second.server.hub.chat)["anna"]))
        second.call(second.server.hub.chat.apply, NetworkKnown("anna", "of a thief"))
        anna.send(f"NS SET PASSWORD {PASSWORD}-too")
        anna.upto("NOTICE anna :The password of anna is changed")
        assert second.call(lambda: KnownNetworks.of(second.server.hub.chat)["anna"]) == known


def test_invented_salts_stay_over_a_restart():
    guards = [PasswordGuard(lambda: 0.0, secret=b"s" * 32) for _ in range(2)]
    assert guards[0].known("nobody", None) == guards[1].known("nobody", None)


def register(server, name):
    maker = Irc(server)
    maker.enter(name)
    maker.send(f"REGISTER * * {PASSWORD}", "QUIT")
    maker.upto("REGISTER SUCCESS")
    maker.peer.rest()


def test_guessing_is_refused_for_a_while_and_others_do_not_wait(server):
    register(server, "anna")
    guesser = Irc(server)
    for _ in range(10):
        assert guesser.plain("anna", "wrong").endswith(":SASL authentication failed")
    assert "too many wrong passwords: wait " in guesser.plain("anna", PASSWORD)
    guesser.send("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE " + b64encode(b"n,,n=anna,r=x").decode())
    assert "too many wrong passwords: wait " in guesser.upto("904")


def test_accounts_outlive_a_restart_and_no_password_is_in_the_log():
    log = MemoryLog()
    with serving(log=log) as first:
        register(first, "anna")
    assert PASSWORD not in repr(list(log.state()))
    with serving(log=log) as second:
        anna = Irc(second)
        assert " 903 " in anna.plain("anna", PASSWORD)


def test_an_account_that_is_being_made_is_whole_or_not_there(server, monkeypatch):
    asked = Irc(server)
    asked.enter("anna")
    verifier = server.server.auth.guard.verifier

    async def hang_up(password, address):
        made = await verifier(password, address)
        next(iter(server.server.context.sessions)).disconnect("gone")
        return made

    monkeypatch.setattr(server.server.auth.guard, "verifier", hang_up)
    asked.send("REGISTER * * tea-for-two")
    asked.peer.rest()
    assert server.call(lambda: dict(server.server.hub.chat.accounts)) == {}


@pytest.mark.usefixtures("prompted")
def test_a_reserved_name_at_a_terminal(server):
    register(server, "anna")
    anna = server.connect()
    anna.until("nickname: ")
    anna.send("anna\n")
    assert anna.until("Password: ") == "anna belongs to an account. Password: "
    anna.send("wrong\n")
    anna.until("Enter another name: ")
    anna.send("anna\n")
    anna.until("Password: ")
    anna.send(f"{PASSWORD}\nhello\n")
    assert anna.line() == "Hello, anna!"
    assert server.call(lambda: server.server.hub.chat.person_named("anna").account) == "anna"
    bob = server.connect()
    bob.send("bob\n/register tea-for-two\n")
    bob.until("bob is now your account")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"registration": False}, "TEMPORARILY_UNAVAILABLE"),
        ({"require_email": True}, "INVALID_EMAIL"),
    ],
)
def test_registration_as_configured(options, line):
    with serving(**options) as server:
        anna = Irc(server)
        anna.enter("anna")
        anna.send("REGISTER * * tea-for-two")
        assert f"FAIL REGISTER {line} anna :" in anna.upto("FAIL")


@pytest.mark.parametrize(
    ("asked", "code"),
    [("* x tea-for-two", "INVALID_EMAIL"), ("* * abc", "WEAK_PASSWORD"), ("* * Passw0rd!", "WEAK_PASSWORD"),
     ("* * tea-for-\x10two", "UNACCEPTABLE_PASSWORD"), ("a,b * tea-for-two", "BAD_ACCOUNT_NAME")],
)  # fmt: skip
def test_what_is_not_registered(server, asked, code):
    anna = Irc(server)
    anna.enter("anna")
    anna.send(f"REGISTER {asked}")
    assert f"FAIL REGISTER {code} " in anna.upto("FAIL")


def test_a_password_that_nobody_can_type_is_refused_however_it_is_given(server):
    password = "tea-for-\x10two"  # noqa: S105
    anna = Irc(server)
    assert " 904 " in anna.plain("anna", password)
    anna.enter("anna")
    anna.send(f"REGISTER * * {password}")
    assert "FAIL REGISTER UNACCEPTABLE_PASSWORD anna :" in anna.upto("FAIL")
    anna.send(f"NS REGISTER {password}")
    assert "That can't be a password: " in anna.upto("NOTICE")
    anna.send(f"REGISTER * * {PASSWORD}", f"NS SET PASSWORD {password}")
    assert anna.upto("REGISTER SUCCESS", "FAIL").endswith(":Account created")
    assert "That can't be a password: " in anna.upto("NOTICE")
    anna.send(f"NS DROP {password}")
    assert "That is not the password" in anna.upto("NOTICE")


def test_whose_connection_is_private(server):
    anna = Irc(server)
    anna.enter("anna")
    session = server.call(lambda: next(iter(server.server.context.sessions)))
    found = []
    own = session.address
    for address in ("127.0.0.1", "::1", "10.1.2.3", "fe80::1%eth0", "localhost", "203.0.113.5", "8.8.8.8"):
        session.address = address
        found.append(session.private)
    session.address = own
    assert found == [True] * 5 + [True, False]  # TEST-NET-3 is nobody's


class TestCount:
    def test_what_is_over_is_forgotten(self):
        now = [0.0]
        count = Count(3, 30.0, lambda: now[0])
        for number in range(1000):
            count.add(f"network {number}")
            now[0] += 1.0
        assert len(count.full_at) <= 31

    def test_so_many_at_once_then_one_each_so_many_seconds(self):
        now = [100.0]
        count = Count(3, 30.0, lambda: now[0])
        waits = []
        for _ in range(4):
            waits.append(count.wait("a"))
            count.add("a")
        assert waits == [0, 0, 0, 30]
        assert count.wait("b") == 0
        now[0] += 61
        assert count.wait("a") == 0
        count.forget("a")
        assert count.wait("a") == 0

    def test_it_forgets_the_oldest(self, monkeypatch):
        monkeypatch.setattr("asyncchat.server.password_guard.MOST_COUNTED", 2)
        count = Count(1, 30.0, lambda: 0.0)
        for who in ("a", "b", "c"):
            count.add(who)
        assert [count.wait(who) > 0 for who in "abc"] == [False, True, True]


def test_an_account_that_is_not_there_looks_like_one():
    guard = PasswordGuard(lambda: 0.0)
    there = Account("a", str(scram.verifier(PASSWORD, b"s" * 16)), 0)
    known, unknown = guard.known("a", there), guard.known("b", None)
    assert (known.iterations, len(known.salt)) == (unknown.iterations, len(unknown.salt))
    assert guard.known("b", None) == unknown
    assert guard.known("c", None) != unknown


def test_our_own_client_logs_in(server):
    register(server, "anna")
    address = f"127.0.0.1:{server.port}"
    with Client(address, nick="anna", account="anna", password=PASSWORD) as chat:
        assert chat.nick == "anna"
        assert server.call(lambda: server.server.hub.chat.person_named("anna").account) == "anna"
    with pytest.raises(LoginRefused, match=r"^Not logged in as anna: that is not the password"):
        Client(address, nick="anna", account="anna", password="wrong")  # noqa: S106


def test_a_name_is_taken_back_from_who_has_it(server):
    register(server, "anna")
    watcher = Irc(server)
    watcher.enter("watcher")
    watcher.send("JOIN #r")
    watcher.upto("366 ")
    left_open = Irc(server)
    left_open.plain("anna", PASSWORD)
    left_open.enter("anna")
    left_open.send("JOIN #r")
    left_open.upto("366 ")
    anna = Irc(server)
    anna.enter("anna_")
    anna.send(f"NS REGAIN anna {PASSWORD}")
    assert anna.upto("NICK ").endswith(" NICK anna")
    assert "Killed (anna_ (anna is wanted back by its owner))" in left_open.peer.rest().decode()
    assert " QUIT :" in watcher.upto("QUIT ")
    anna.send("JOIN #r", "PRIVMSG #r :back")
    assert watcher.upto("PRIVMSG ").startswith(":anna!")
    assert sorted(server.people()) == ["anna", "watcher"]


@pytest.mark.parametrize("stated", ["", "secret"])
def test_an_operator_by_account(stated):
    with serving(operators={"alice": Operator(password=stated, account="Anna")}) as server:
        register(server, "anna")
        anna = Irc(server)
        anna.enter("other")
        anna.send("OPER alice secret")
        assert " 464 " in anna.upto("381 ", "464 ")
        anna.plain("anna", PASSWORD)
        anna.send("OPER alice secret")
        assert " 381 " in anna.upto("381 ", "464 ")


def test_whose_account_is_removed_by_another_goes_on(server):
    """It is told so once, and it is no answer to what it asks meanwhile."""
    anna = server.irc("anna")
    anna.send("CAP REQ account-notify\r\nREGISTER * * teapot-blue\r\nPING one\r\n")
    anna.until(":one\r\n")
    terminal = server.person("bob")
    terminal.send("/login anna teapot-blue\n")
    terminal.until("logged in as anna.\n")
    boss = server.irc("boss")
    boss.send(f"OPER owner {CODE}\r\nNS DROP anna teapot-blue\r\nPING two\r\n")
    boss.until(":two\r\n")
    anna.send("PING three\r\n")
    told = anna.until(":three\r\n")
    assert told.count(":anna!anna@localhost ACCOUNT *\r\n") == 1
    assert told.count(" 901 anna ") == 1
    terminal.send("/who\n/nosuchword\n")
    terminal.until("You are no longer logged in as anna.\n")
    terminal.until("no /nosuchword")

    def test_another_process_goes_on_with_what_was_counted(self):
        before = PasswordGuard(lambda: 0.0)
        for address in ("192.0.2.1", "2001:db8:1:2::1"):
            for _ in range(10):
                before.record_failure("alice", address)
                before.record_failure("nobody", address, exists=False)
            for _ in range(160):
                before.record_server_failure(address)
                before.record_registration(address)
                before.record_wrong_token(address)
        after = PasswordGuard(lambda: 0.0)
        after.restore(before.counts)

        def waits(guard):
            found = []
            for address in ("192.0.2.1", "2001:db8:1:2::1", "2001:db8:1:3::1"):
                found += [guard.wait(key, address) for key in ("alice", "nobody")]
                found += [guard.server_wait(address), guard.registration_wait(address)]
                found += [guard.token_wait(address)]
            return found

        assert waits(after) == waits(before)
        assert 0 not in waits(after)[:10]
        after.restore({"counted by a later version": {"x": 1.0}})
