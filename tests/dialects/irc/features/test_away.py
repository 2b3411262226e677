"""AWAY and SETNAME: away-notify, draft/pre-away, setname."""

import pytest

from asyncchat.core.names import fold

SERVER = ":irc.test "
GONE = SERVER + "306 a :You have been marked as being away"
BACK = SERVER + "305 a :You are no longer marked as being away"


@pytest.fixture
def a(server):
    return server.person("a", "#r", caps="away-notify setname")


class TestAway:
    def test_who_shares_a_room_and_asks_for_it_is_told_once(self, server, a):
        notified = server.person("n", "#r", "#s", caps="away-notify")
        timed = server.person("t", "#r", caps="away-notify server-time")
        others = [server.person("o", "#r"), server.person("e", "#else", caps="away-notify")]
        a.send("JOIN #s")
        for peer in (notified, timed, *others):
            peer.read()
        assert a.send("AWAY :lunch") == [GONE]
        assert notified.read() == [":a!a@192.0.2.1 AWAY :lunch"]
        (told,) = timed.read()
        assert told.startswith("@time=")
        assert told.endswith(":a!a@192.0.2.1 AWAY :lunch")
        assert [peer.read() for peer in others] == [[], []]
        assert a.send("AWAY") == [BACK]
        assert notified.read() == [":a!a@192.0.2.1 AWAY"]

    def test_only_what_is_new_is_told(self, server, a):
        b = server.person("b", "#r", caps="away-notify")
        assert a.send("AWAY") == [BACK]
        assert a.send("AWAY :x", "AWAY :x", "AWAY :y") == [GONE] * 3
        assert b.read() == [":a!a@192.0.2.1 AWAY :x", ":a!a@192.0.2.1 AWAY :y"]
        assert a.send("AWAY", "AWAY :") == [BACK] * 2
        assert b.read() == [":a!a@192.0.2.1 AWAY"]

    def test_who_joins_is_shown_as_away(self, server, a):
        b = server.person("b", "#s", caps="away-notify server-time")
        c = server.person("c", "#s")
        a.send("AWAY :lunch")
        told = a.send("JOIN #s")
        assert told[0] == ":a!a@192.0.2.1 JOIN #s"
        assert not any(" AWAY" in line for line in told)
        joined, away = b.read()
        assert joined.endswith(" :a!a@192.0.2.1 JOIN #s")
        assert away.endswith(" :a!a@192.0.2.1 AWAY :lunch")
        assert joined.split(" ")[0] == away.split(" ")[0]
        assert c.read() == [":a!a@192.0.2.1 JOIN #s"]
        a.send("AWAY", "PART #s", "JOIN #s")
        assert [line.split(" ")[2] for line in b.read()] == ["AWAY", "PART", "JOIN"]


class TestPreAway:
    def test_before_one_is_here(self, server, a):
        peer = server.connect()
        peer.send("CAP REQ :draft/pre-away")
        assert peer.send("AWAY *", "NICK p") == [SERVER + "306 * :You have been marked as being away"]
        lines = peer.send("USER p 0 * :r", "CAP END")
        assert not any(" 306 " in line for line in lines)
        assert a.send("PRIVMSG p :hi") == [SERVER + "301 a p :*"]
        assert peer.send("AWAY")[-1] == SERVER + "305 p :You are no longer marked as being away"

    def test_and_back(self, server, a):
        peer = server.connect()
        peer.send("CAP REQ :draft/pre-away", "AWAY :x", "AWAY", "NICK p", "USER p 0 * :r", "CAP END")
        assert a.send("PRIVMSG p :hi") == []

    def test_is_told_on_joining(self, server):
        b = server.person("b", "#r", caps="away-notify")
        peer = server.connect()
        peer.send("CAP REQ :draft/pre-away", "AWAY :x", "NICK p", "USER p 0 * :r", "CAP END", "JOIN #r")
        assert [line.split(" ", 1)[1] for line in b.read()] == ["JOIN #r", "AWAY :x"]

    def test_only_where_it_was_negotiated(self, server):
        assert server.connect().send("AWAY *") == [SERVER + "451 * :You have not registered"]


class TestRealName:
    def test_who_shares_a_room_and_asks_for_it_is_told(self, server, a):
        b = server.person("b", "#r", caps="setname")
        c = server.person("c", "#r")
        assert a.send("SETNAME :Ann  of Kent") == [":a!a@192.0.2.1 SETNAME :Ann  of Kent"]
        assert b.read() == [":a!a@192.0.2.1 SETNAME :Ann  of Kent"]
        assert c.read() == []
        assert b.send("WHOIS a")[0] == SERVER + "311 b a a 192.0.2.1 * :Ann  of Kent"
        assert b.send("WHO #r")[0].endswith(":0 Ann  of Kent")
        assert server.hub.chat.rooms[fold("#r")].state()["members"][0].person.realname == "Ann  of Kent"

    def test_without_the_capability_it_works_silently(self, server, a):
        c = server.person("c", "#r")
        a.read()
        assert c.send("SETNAME x") == []
        assert a.read() == [":c!c@192.0.2.1 SETNAME :x"]

    @pytest.mark.parametrize("name", ["", " ", "x" * 151, "a\x02b", "a\u202eb"])
    def test_that_is_none(self, a, name):
        assert a.send(f"SETNAME :{name}") == [
            SERVER + "FAIL SETNAME INVALID_REALNAME :A real name has 1 to 150 bytes that can be shown"
        ]

    def test_of_none_at_all(self, a):
        assert a.send("SETNAME") == [SERVER + "461 a SETNAME :Not enough parameters"]

    def test_the_longest(self, a):
        assert a.send("SETNAME :" + "x" * 150)[0].endswith("x" * 150)
        assert "NAMELEN=150" in " ".join(a.send("VERSION"))

    def test_who_is_muted_keeps_it(self, server, a):
        b = server.person("b", "#r")
        a.send("MODE #r +b r:*Real")
        b.read()
        assert b.send("SETNAME :else") == [
            SERVER + "FAIL SETNAME CANNOT_CHANGE_REALNAME "
            ":You can't change your real name while you are banned or muted in #r"
        ]


def test_members_who_ask_for_it_see_invitations(server):
    a = server.person("a", "#r", caps="invite-notify")
    b = server.person("b", "#r", caps="invite-notify")
    c = server.person("c", "#r")
    d = server.person("d", caps="invite-notify")
    for peer in (a, b):
        peer.read()
    assert a.send("INVITE d #r") == [SERVER + "341 a d #r"]
    assert b.read() == [":a!a@192.0.2.1 INVITE d #r"]
    assert c.read() == []
    assert d.read() == [":a!a@192.0.2.1 INVITE d #r"]
