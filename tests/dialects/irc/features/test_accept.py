"""The mode R of people, and ACCEPT (as of ergo: irc/accept.go, and solanum: doc/features/modeg.txt)."""

import pytest

HI = ":bob!bob@192.0.2.1 PRIVMSG anna :hi"
REFUSED = ":irc.test 477 bob anna :You need to be logged in to an account for that"


@pytest.fixture
def pair(server):
    """Anna, to whom only people with an account may write, and Bob without one."""
    anna, bob = server.person("anna"), server.person("bob")
    anna.send("MODE anna +R")
    assert bob.send("PRIVMSG anna :hi") == [REFUSED]
    return anna, bob


def test_whom_one_writes_to_may_answer(pair):
    anna, bob = pair
    anna.send("PRIVMSG bob :hello")
    bob.read()
    assert bob.send("PRIVMSG anna :hi") == []
    assert anna.read() == [HI]


def test_accept_by_name(pair):
    anna, bob = pair
    assert anna.send("ACCEPT BOB") == []
    bob.send("PRIVMSG anna :hi")
    assert anna.read() == [HI]
    assert anna.send("ACCEPT -bob,nobody") == [":irc.test 401 anna nobody :No such nick/channel"]
    assert bob.send("PRIVMSG anna :hi") == [REFUSED]


def test_who_leaves_is_accepted_no_longer(pair, server):
    anna, bob = pair
    anna.send("ACCEPT bob")
    bob.send("QUIT")
    assert server.person("bob").send("PRIVMSG anna :hi") == [REFUSED]
