import pytest

from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import Join

SERVER = ":irc.test "
END = "366 a {} :End of /NAMES list"


class TestJoin:
    def test_the_joiner_and_the_others(self, server):
        a = server.person("a")
        assert a.send("JOIN #Room") == [
            ":a!a@192.0.2.1 JOIN #Room",
            SERVER + "353 a = #Room :@a",
            SERVER + "366 a #Room :End of /NAMES list",
        ]
        b = server.person("b")
        assert b.send("JOIN #room") == [
            ":b!b@192.0.2.1 JOIN #Room",
            SERVER + "353 b = #Room :@a b",
            SERVER + "366 b #Room :End of /NAMES list",
        ]
        assert a.read() == [":b!b@192.0.2.1 JOIN #Room"]
        assert b.send("JOIN #room") == []

    def test_a_topic_is_told_between(self, server):
        server.person("op", "#r").send("TOPIC #r :what for")
        a = server.person("a")
        lines = a.send("JOIN #r")
        assert lines[1] == SERVER + "332 a #r :what for"
        assert lines[2].startswith(SERVER + "333 a #r op 1700000000")
        assert lines[3] == SERVER + "353 a = #r :@op a"

    def test_several_with_keys_that_are_not_looked_at(self, server):
        a = server.person("a")
        lines = a.send("JOIN #a,,#b,#a key1,key2")
        assert [line for line in lines if "JOIN" in line] == [
            ":a!a@192.0.2.1 JOIN #a",
            ":a!a@192.0.2.1 JOIN #b",
        ]

    def test_zero_leaves_all(self, server):
        a = server.person("a", "#a", "#b")
        assert a.send("JOIN 0") == [":a!a@192.0.2.1 PART #a", ":a!a@192.0.2.1 PART #b"]
        assert a.send("JOIN 0") == []

    def test_refusals(self, server):
        op = server.person("op", "#r")
        op.send("MODE #r +b a")
        a = server.person("a")
        assert a.send("JOIN", "JOIN room", "JOIN #", "JOIN #a*b", "JOIN #r") == [
            SERVER + "461 a JOIN :Not enough parameters",
            SERVER + "403 a room :No such channel: a channel's name begins with #",
            SERVER + "476 a # :That channel name is not allowed: it is empty",
            SERVER + "476 a #a*b :That channel name is not allowed: it has *",
            SERVER + "474 a #r :Cannot join channel (+b)",
        ]

    def test_too_many(self, server):
        a = server.person("a", ",".join(f"#{number}" for number in range(50)))
        a.send("JOIN " + ",".join(f"#{number}" for number in range(50, 100)))
        assert a.send("JOIN #more") == [SERVER + "405 a #more :You have joined too many"]


class TestPart:
    def test_all_are_told(self, server):
        a = server.person("a", "#r", "#s")
        b = server.person("b", "#r", "#s")
        assert a.send("PART #R,#s :good night") == [
            ":a!a@192.0.2.1 PART #r :good night",
            ":a!a@192.0.2.1 PART #s :good night",
        ]
        assert len(b.read()) == 2
        b.send("PART #r")
        assert server.person("c").send("PART #r", "PART #s", "PART") == [
            SERVER + "403 c #r :No such channel",
            SERVER + "442 c #s :You're not on that channel",
            SERVER + "461 c PART :Not enough parameters",
        ]


class TestTopic:
    def test_shown_set_and_taken_away(self, server):
        a = server.person("a", "#r")
        b = server.person("b", "#r")
        a.read()
        assert a.send("TOPIC #r") == [SERVER + "331 a #r :No topic is set"]
        assert a.send("TOPIC #r :now this") == [":a!a@192.0.2.1 TOPIC #r :now this"]
        assert b.read() == [":a!a@192.0.2.1 TOPIC #r :now this"]
        shown = b.send("TOPIC #r")
        assert shown[0] == SERVER + "332 b #r :now this"
        assert shown[1].startswith(SERVER + "333 b #r a 17000000")
        assert a.send("TOPIC #r :", "TOPIC #r") == [
            ":a!a@192.0.2.1 TOPIC #r :",
            SERVER + "331 a #r :No topic is set",
        ]

    def test_refusals(self, server):
        server.person("op", "#r")
        a = server.person("a")
        assert a.send("TOPIC", "TOPIC #none", "TOPIC #none :x", "TOPIC #r :x") == [
            SERVER + "461 a TOPIC :Not enough parameters",
            SERVER + "403 a #none :No such channel",
            SERVER + "403 a #none :No such channel",
            SERVER + "442 a #r :You're not on that channel",
        ]
        a.send("JOIN #r")
        assert a.send("TOPIC #r :x") == [SERVER + "482 a #r :You're not channel operator"]
        op = server.hub.peers[1]
        op.read()
        assert op.send("TOPIC #r :" + "x" * 271) == [SERVER + "417 op :Text over 270 bytes"]


class TestNames:
    def test_of_rooms_of_none_and_of_one_that_is_not_there(self, server):
        a = server.person("a", "#r")
        assert a.send("NAMES #R,#none", "NAMES") == [
            SERVER + "353 a = #r :@a",
            SERVER + END.format("#r"),
            SERVER + END.format("#none"),
            SERVER + "353 a = #r :@a",
            SERVER + END.format("*"),
        ]

    def test_without_one_all_that_one_may_know_of(self, server):
        a, b = server.person("a", "#r"), server.person("b", "#s,#r")
        server.person("alone")
        server.person("ghost").send("MODE ghost +i")
        b.send("MODE #s +s")
        a.read()
        assert a.send("NAMES") == [
            SERVER + "353 a = #r :@a b",
            SERVER + "353 a * * :alone",
            SERVER + END.format("*"),
        ]
        assert SERVER + "353 b @ #s :@b" in b.send("NAMES")
        assert a.send("NAMES #r other.test") == [SERVER + "402 a other.test :No such server"]

    def test_of_too_many_the_rest_is_not_kept_quiet(self, server, monkeypatch):
        monkeypatch.setattr("asyncchat.core.features.queries.NAMES_IN_ALL", 20)
        a = server.person("a", "#a", "#z")
        for number in range(21):
            peer = server.connect()
            server.hub.decide(peer, Connect(f"n{number}", "u", "h"))
            server.hub.decide(peer, Join("#many"))
        lines = a.send("NAMES")
        assert lines[0] == SERVER + "353 a = #a :@a"
        assert lines[-2].startswith(SERVER + "NOTICE a :These are not all")
        assert lines[-1] == SERVER + END.format("*")
        assert len(lines) == 3

    def test_many_fit_their_lines_and_blocks_are_encoded_once(self, server):
        names = [f"{'ж' * 28}{number}" for number in range(300)]
        a = server.person("a")
        for name in names:
            peer = server.connect()
            server.hub.decide(peer, Connect(name, "u", "h"))
            server.hub.decide(peer, Join("#big"))
        lines = a.send("JOIN #big")[1:-1]
        assert all(len(line.encode()) <= 510 for line in lines)
        shown = [name.lstrip("@") for line in lines for name in line.partition(" :")[2].split(" ")]
        assert shown == [*names, "a"]
        blocks = server.hub.chat.room_named("#big").blocks
        before = [dict(block.encoded) for block in blocks]
        a.send("NAMES #big")
        after = [block.encoded for block in blocks]
        assert all(one.keys() == other.keys() for one, other in zip(before, after, strict=True))
        assert all(one[key] is other[key] for one, other in zip(before, after, strict=True) for key in one)


class TestList:
    def test_all_and_those_named(self, server):
        a = server.person("a", "#a", "#b")
        server.person("b", "#b")
        a.read()
        a.send("TOPIC #a :the topic")
        assert a.send("LIST") == [
            SERVER + "321 a Channel :Users  Name",
            SERVER + "322 a #b 2 :",
            SERVER + "322 a #a 1 :the topic",
            SERVER + "323 a :End of /LIST",
        ]
        assert a.send("LIST #A,#none")[1:] == [
            SERVER + "322 a #a 1 :the topic",
            SERVER + "323 a :End of /LIST",
        ]


def test_of_too_many_targets_the_first_are_served_and_the_rest_refused(server):
    a = server.person("a")
    rooms = ",".join(f"#{number}" for number in range(52))
    refused = SERVER + "407 a #50 :At most 50 targets at once"
    assert a.send(f"JOIN {rooms}")[-2:] == [SERVER + "366 a #49 :End of /NAMES list", refused]
    listed = a.send(f"LIST {rooms}")
    assert len(listed) == 53
    assert listed[-1] == refused
    assert a.send("NAMES #x,#0,#1,#2,#3")[-1] == SERVER + "407 a #3 :At most 4 targets at once"
    assert a.send("KICK #0 b,c,d,e,f,g")[-1] == SERVER + "407 a f :At most 4 targets at once"
    assert a.send(f"PART {rooms}")[-2:] == [":a!a@192.0.2.1 PART #49", refused]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("NAMES :a b", "366 a a_b :End of /NAMES list"),
        ("NAMES ::b", "366 a 0:b :End of /NAMES list"),
        ("CAP :a b", "410 a a_b :Invalid CAP command"),
        ("CAP ::b", "410 a 0:b :Invalid CAP command"),
    ],
)
def test_what_is_said_back_stays_one_word(server, sent, answer):
    assert server.person("a").send(sent) == [SERVER + answer]


class TestNamesByCapability:
    def test_hosts(self, server):
        server.person("a", "#r")
        b = server.person("b", "#r", caps="userhost-in-names multi-prefix")
        c = server.person("c", "#r", caps="userhost-in-names")
        assert b.send("NAMES #r")[0] == (":irc.test 353 b = #r :@a!a@192.0.2.1 b!b@192.0.2.1 c!c@192.0.2.1")
        server.hub.peers[1].send("MODE #r +v a")
        assert b.read()
        assert b.send("NAMES #r")[0].split(" ")[5] == ":@+a!a@192.0.2.1"
        c.read()
        assert c.send("NAMES #r")[0].split(" ")[5] == ":@a!a@192.0.2.1"
        assert server.person("d").send("NAMES #r")[0].endswith(":@a b c")

    def test_none_unasked(self, server):
        a = server.person("a", caps="no-implicit-names")
        assert a.send("JOIN #r") == [":a!a@192.0.2.1 JOIN #r"]
        assert [line.split(" ")[1] for line in a.send("NAMES #r")] == ["353", "366"]
        a.send("TOPIC #r :t", "PART #r")
        server.person("b", "#r")
        assert [line.split(" ")[1] for line in a.send("JOIN #r")] == ["JOIN", "332", "333"]
