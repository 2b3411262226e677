"""MONITOR and extended-monitor."""

import pytest

from asyncchat.core.features.monitor import Monitor

SERVER = ":irc.test "
FULL = 100


@pytest.fixture
def a(server):
    return server.person("a")


class TestNames:
    def test_who_is_here_and_who_is_not(self, server, a):
        server.person("Bob")
        assert a.send("MONITOR + bob,carol,Dave") == [
            SERVER + "730 a :Bob!bob@192.0.2.1",
            SERVER + "731 a :carol,Dave",
        ]
        assert a.send("MONITOR S") == [SERVER + "730 a :Bob!bob@192.0.2.1", SERVER + "731 a :carol,Dave"]
        assert a.send("monitor l") == [
            SERVER + "732 a :bob,carol,Dave",
            SERVER + "733 a :End of MONITOR list",
        ]

    def test_each_is_there_once(self, a):
        a.send("MONITOR + x,X,y")
        a.send("MONITOR + Y")
        assert a.send("MONITOR L")[0] == SERVER + "732 a :x,y"

    def test_taken_away(self, server, a):
        a.send("MONITOR + x,y,z")
        assert a.send("MONITOR - X,none") == []
        assert a.send("MONITOR L")[0] == SERVER + "732 a :y,z"
        assert a.send("MONITOR C") == []
        assert a.send("MONITOR L") == [SERVER + "733 a :End of MONITOR list"]
        assert a.send("MONITOR S") == []
        server.person("x")
        server.person("y")
        assert a.read() == []
        assert not Monitor.of(server.hub.chat).names
        assert not Monitor.of(server.hub.chat).watchers

    def test_masks_and_what_is_no_nick_are_left_out(self, server, a):
        assert a.send("MONITOR + *!x@*,#r,a*,x") == [SERVER + "731 a :x"]
        assert a.send("MONITOR L")[0] == SERVER + "732 a :x"

    def test_too_many(self, a):
        first = ",".join(f"n{number}" for number in range(60))
        rest = ",".join(f"m{number}" for number in range(60))
        a.send(f"MONITOR + {first}")
        lines = a.send(f"MONITOR + {rest}")
        assert (
            lines[-1]
            == SERVER
            + "734 a 100 "
            + ",".join(f"m{number}" for number in range(40, 60))
            + " :Monitor list is full."
        )
        listed = [line for line in a.send("MONITOR L") if " 732 " in line]
        assert sum(line.count(",") + 1 for line in listed) == FULL
        assert all(len(line.encode()) <= 510 for line in listed)

    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("MONITOR", "461 a MONITOR :Not enough parameters"),
            ("MONITOR +", "461 a MONITOR :Not enough parameters"),
            ("MONITOR - ,", "461 a MONITOR :Not enough parameters"),
            ("MONITOR x y", "400 a MONITOR x :Unknown MONITOR subcommand: + - C L S"),
        ],
    )
    def test_misuse(self, a, line, answer):
        assert a.send(line) == [SERVER + answer]

    def test_the_limit_is_told(self, a):
        assert f" MONITOR={FULL} " in " ".join(a.send("VERSION"))


class TestComingAndGoing:
    def test_is_told(self, server, a):
        b = server.person("b")
        a.send("MONITOR + bob")
        b.send("MONITOR + BOB,a")
        bob = server.person("Bob", "#r")
        assert a.read() == b.read()[-1:] == []  # `person` has read it
        bob.send("QUIT")
        assert a.read() == [SERVER + "731 * :Bob"]
        assert b.read() == [SERVER + "731 * :Bob"]
        peer = server.connect()
        peer.send("NICK Bob", "USER bob 0 * :r")
        assert a.read() == [SERVER + "730 * :Bob!bob@192.0.2.1"]

    def test_by_another_nick(self, server, a):
        a.send("MONITOR + one,two")
        peer = server.person("one")
        peer.send("NICK ONE")
        assert a.read() == []
        peer.send("NICK two")
        assert a.read() == [SERVER + "731 * :ONE", SERVER + "730 * :two!one@192.0.2.1"]
        peer.send("NICK three")
        assert a.read() == [SERVER + "731 * :two"]

    def test_who_leaves_watches_nobody(self, server, a):
        a.send("MONITOR + x")
        a.send("QUIT")
        server.person("x")
        assert not Monitor.of(server.hub.chat).watchers


class TestExtended:
    CAPS = "extended-monitor away-notify setname"

    def test_changes_of_who_shares_no_room(self, server):
        a = server.person("a", caps=self.CAPS)
        some = server.person("s", caps="extended-monitor setname")
        none = server.person("n", caps="away-notify setname")
        bob = server.person("bob", "#r")
        for peer in (a, some, none):
            peer.send("MONITOR + bob")
        bob.send("AWAY :x", "SETNAME :B", "AWAY")
        assert a.read() == [
            ":bob!bob@192.0.2.1 AWAY :x",
            ":bob!bob@192.0.2.1 SETNAME :B",
            ":bob!bob@192.0.2.1 AWAY",
        ]
        assert some.read() == [":bob!bob@192.0.2.1 SETNAME :B"]
        assert none.read() == []

    def test_who_shares_one_is_told_once(self, server):
        a = server.person("a", "#r", caps=self.CAPS)
        bob = server.person("bob", "#r")
        a.send("MONITOR + bob")
        bob.send("AWAY :x")
        assert a.read() == [":bob!bob@192.0.2.1 AWAY :x"]
