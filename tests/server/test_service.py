"""The service over real sockets: what each kind of client meets, and what the others notice of it."""

import pytest

from tests.server.harness import serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


def test_who_goes_before_saying_anything_harms_nobody(server):
    alice = server.person("alice")
    for _ in range(3):
        stranger = server.connect()
        stranger.end_input()
        assert stranger.rest() == b""
    bob = server.person("bob")
    assert alice.line() == "bob is online"
    bob.send("still here\n")
    assert alice.line() == "bob: still here"


def test_the_end_of_input_posts_and_is_answered(server):
    alice = server.person("alice")
    job = server.connect()
    job.send("ci\nbuild 42 failed\n/who")
    job.end_input()
    told = job.rest().decode()
    assert "Hello, ci! alice, ci are in the chat" in told
    assert "alice, ci" in told.partition("are in the chat")[2]
    assert [alice.line() for _ in range(3)] == ["ci is online", "ci: build 42 failed", "ci left chat"]


def test_a_last_gate_is_answered_before_the_end_of_input_leaves(server):
    alice = server.person("alice")
    alice.send("first\n/who\n")
    alice.until("In the lobby")
    alice.until("\n")
    bob = server.connect()
    bob.send("bob\n/history")
    bob.end_input()
    assert bob.rest().decode().count("alice: first") == 2
    assert [alice.line() for _ in range(2)] == ["bob is online", "bob left chat"]


@pytest.mark.parametrize("way", ["end_input", "close", "abort"])
@pytest.mark.parametrize("half_a_line", [b"", b"PRIVMSG #lobby :ha"])
def test_an_irc_client_whose_connection_ends_leaves(server, way, half_a_line):
    alice = server.person("alice")
    carol = server.irc("carol")
    assert alice.line() == "carol is online"
    carol.send(half_a_line)
    getattr(carol, way)()
    assert alice.line() in ("carol left chat (connection closed)", "carol left chat (connection lost)")
    assert server.people() == ["alice"]


def test_everyone_is_told_of_the_stop_after_all_that_was_accepted():
    with serving() as server:
        alice, carol = server.person("alice"), server.irc("carol")
        prompted = server.connect()
        prompted.until("nickname: ")
        for number in range(50):
            alice.send(f"{number}\n")
        for number in range(50):
            carol.until(f":{number}\r\n")
        server.stop("the server is stopping")
        assert alice.rest().decode() == "carol is online\nthe server is stopping\n"
        assert carol.rest().decode().startswith("ERROR :Closing link: ")
        assert prompted.rest() == b""
