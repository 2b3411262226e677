"""The server's password: PASS, before NICK and USER (Modern IRC, "PASS message")."""

import pytest

from tests.dialects.driver import PASSWORD
from tests.dialects.irc.conftest import Server

ENTERING = ("NICK a", "USER a 0 * :a")


def codes(lines):
    return [line.split(" ")[1] for line in lines]


@pytest.fixture
def locked():
    return Server(locked=True)


@pytest.mark.parametrize(
    "before",
    [
        [f"PASS :{PASSWORD}"],
        ["PASS wrong", f"PASS :{PASSWORD}"],
        ["CAP LS 302", f"PASS :{PASSWORD}", "CAP END"],
    ],
)
def test_with_the_password(locked, before):
    peer = locked.connect()
    lines = peer.send(*before, *ENTERING, "PING x")
    assert "001" in codes(lines)
    assert lines[-1].endswith("PONG irc.test :x")
    assert peer.dialect.entered


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ([], "This server asks for a password: PASS before NICK and USER"),
        (["PASS wrong"], "Password incorrect"),
        (["PASS :open  sesame"], "Password incorrect"),
        (["PASS open sesame"], "Password incorrect"),
    ],
)
def test_without_it(locked, before, text):
    peer = locked.connect()
    assert peer.send(*before, *ENTERING) == [f":irc.test 464 * :{text}"]
    assert peer.gone
    assert not peer.dialect.entered


def test_nobody_without_it_learns_who_is_here(locked):
    other = locked.connect()
    other.send(f"PASS :{PASSWORD}", "NICK taken", "USER u 0 * :u")
    peer = locked.connect()
    assert peer.send("NICK taken") == []


def test_a_taken_nick_does_not_ask_for_it_again(locked):
    other = locked.connect()
    other.send(f"PASS :{PASSWORD}", "NICK taken", "USER u 0 * :u")
    peer = locked.connect()
    assert codes(peer.send(f"PASS :{PASSWORD}", "NICK taken", "USER u 0 * :u")) == ["433"]
    assert codes(peer.send("NICK taken")) == ["433"]
    assert codes(peer.send("NICK free"))[0] == "001"


def test_where_there_is_none_any_will_do(server):
    assert codes(server.connect().send("PASS x", *ENTERING))[0] == "001"


class TestOperators:
    def test_by_name(self, server):
        a = server.person("a")
        assert codes(a.send("OPER alice secret", "MODE a")) == ["381", "MODE", "221"]
        assert not server.hub.chat.owner_code_used
        a.send("OPER owner 7KQ2-M9XD")
        assert server.hub.chat.owner_code_used

    @pytest.mark.parametrize("line", ["OPER alice wrong", "OPER bob secret", "OPER Alice secret"])
    def test_a_wrong_password(self, server, line):
        a = server.person("a")
        assert a.send(line, "PING x") == [
            ":irc.test 464 a :Password incorrect",
            ":irc.test PONG irc.test :x",
        ]

    def test_from_elsewhere(self, server):
        a = server.person("a")
        assert codes(a.send("OPER elsewhere x", "PING x")) == ["491", "PONG"]
