import pytest

from asyncchat.core.features.reactions import Reacted

SERVER = ":irc.test "
FROM_A = ":a!a@192.0.2.1 "


@pytest.fixture
def pair(server):
    a, b = server.person("a", "#r"), server.person("b", "#r")
    a.read()
    return a, b


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("PRIVMSG #r :hello", "PRIVMSG #r :hello"),
        ("PRIVMSG #R hello", "PRIVMSG #r :hello"),
        ("privmsg #r ::-) привет", "PRIVMSG #r ::-) привет"),
        ("PRIVMSG b :hello", "PRIVMSG b :hello"),
        ("PRIVMSG B :hello", "PRIVMSG b :hello"),
        ("NOTICE #r :hello", "NOTICE #r :hello"),
        ("NOTICE b :hello", "NOTICE b :hello"),
        ("PRIVMSG #r :\x01ACTION waves\x01", "PRIVMSG #r :\x01ACTION waves\x01"),
        ("PRIVMSG #r :\x01ACTION waves", "PRIVMSG #r :\x01ACTION waves\x01"),
        ("PRIVMSG b :\x01VERSION\x01", "PRIVMSG b :\x01VERSION\x01"),
        ("PRIVMSG b :\x01PING 12 3\x01", "PRIVMSG b :\x01PING 12 3\x01"),
        ("NOTICE b :\x01VERSION x 1\x01", "NOTICE b :\x01VERSION x 1\x01"),
        ("PRIVMSG b :\x01\x01", "PRIVMSG b :\x01\x01"),
        ("PRIVMSG #r :\x02bold\x02 \x0304red", "PRIVMSG #r :\x02bold\x02 \x0304red"),
    ],
)
def test_what_others_read(pair, sent, told):
    a, b = pair
    assert a.send(sent) == []
    assert b.read() == [FROM_A + told]


def test_the_text_is_known_for_what_it_is(pair, server):
    a, _b = pair
    a.send("PRIVMSG #r :\x01ACTION waves\x01")
    said = server.hub.records[-1].event
    assert (said.text, said.speech.name) == ("waves", "ACTION")


def test_several_targets(pair):
    a, b = pair
    assert a.send("PRIVMSG #r,b,b,none :hello") == [SERVER + "401 a none :No such nick/channel"]
    assert b.read() == [FROM_A + "PRIVMSG #r :hello", FROM_A + "PRIVMSG b :hello"]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("PRIVMSG", "411 a :No recipient given (PRIVMSG)"),
        ("PRIVMSG :", "411 a :No recipient given (PRIVMSG)"),
        ("PRIVMSG #r", "412 a :No text to send"),
        ("PRIVMSG #r :", "412 a :No text to send"),
        ("PRIVMSG #r :\x01ACTION \x01", "412 a :No text to send"),
        ("PRIVMSG none :x", "401 a none :No such nick/channel"),
        ("PRIVMSG #none :x", "403 a #none :No such channel"),
        ("PRIVMSG #s :x", "404 a #s :Cannot send to channel: you are not in it"),
        ("PRIVMSG b,c,d,e,f :x", "407 a f :At most 4 targets at once"),
    ],
)
def test_refusals(pair, server, sent, answer):
    a, b = pair
    server.person("s", "#s")
    assert a.send(sent) == [SERVER + answer]
    assert b.read() == []


@pytest.mark.parametrize(
    "sent", ["NOTICE", "NOTICE b", "NOTICE none :x", "NOTICE #none :x", "NOTICE b,c,d,e,f :x"]
)
def test_a_notice_is_never_answered(pair, sent):
    a, b = pair
    assert a.send(sent) == []
    assert b.read() == []


def test_echo(server):
    a = server.person("a", "#r", caps="echo-message server-time message-tags")
    b = server.person("b", "#r", caps="server-time")
    a.read()
    echoed = a.send("PRIVMSG #r :one", "NOTICE b :two")
    assert [line.partition(" ")[2] for line in echoed] == [
        FROM_A + "PRIVMSG #r :one",
        FROM_A + "NOTICE b :two",
    ]
    number = len(server.hub.records)
    assert echoed[1].startswith("@time=2023-11-14T22:13:20.0")
    assert echoed[1].split(" ")[0].endswith(f"Z;msgid=e1-{number}")
    assert [line.split(";")[0].split(" ")[0] for line in echoed] == [line.split(" ")[0] for line in b.read()]


def test_a_message_to_oneself_is_delivered_and_echoed(server):
    a = server.person("a")
    assert a.send("PRIVMSG a :note") == [FROM_A + "PRIVMSG a :note"]
    e = server.person("e", caps="echo-message")
    assert e.send("PRIVMSG e :note") == [":e!e@192.0.2.1 PRIVMSG e :note"] * 2


def test_away(pair):
    a, b = pair
    assert b.send("AWAY :at lunch") == [SERVER + "306 b :You have been marked as being away"]
    assert a.send("PRIVMSG b :hi", "NOTICE b :hi") == [SERVER + "301 a b :at lunch"]
    assert b.send("AWAY") == [
        FROM_A + "PRIVMSG b :hi",
        FROM_A + "NOTICE b :hi",
        SERVER + "305 b :You are no longer marked as being away",
    ]
    assert a.send("PRIVMSG b :hi") == []


def test_a_long_message_is_cut_into_lines_and_one_message(pair, server):
    a, b = pair
    tagged = server.person("t", "#r", caps="message-tags server-time")
    for peer in (a, b):
        peer.read()
    text = "слово " * 45
    a.send(f"PRIVMSG #r :{text}")
    lines = b.read()
    assert len(lines) == 2
    assert all(len(line.encode()) <= 510 for line in lines)
    assert "".join(line.partition(" :")[2] for line in lines) == text
    first, second = tagged.read()
    assert "msgid=" in first
    assert "msgid=" not in second
    assert second.startswith("@time=")


class TestTags:
    def test_those_of_clients_go_on_to_who_has_message_tags(self, server):
        a = server.person("a", "#r", caps="message-tags")
        b = server.person("b", "#r", caps="message-tags")
        plain = server.person("c", "#r")
        for peer in (a, b):
            peer.read()
        a.send("@+reply=e1-1;label=x;+draft/y=\\s;mine PRIVMSG #r,b :hi")
        lines = b.read()
        assert [line.partition(";")[2] for line in lines] == [
            f"+reply=e1-1;+draft/y=\\s {FROM_A}PRIVMSG {target} :hi" for target in ("#r", "b")
        ]
        assert plain.read() == [FROM_A + "PRIVMSG #r :hi"]

    def test_not_from_who_has_not_asked_for_them(self, server):
        a = server.person("a", "#r")
        b = server.person("b", "#r", caps="message-tags")
        a.send("@+reply=e1-1 PRIVMSG #r :hi")
        assert "+reply" not in b.read()[0]
        assert a.send("@+typing=active TAGMSG #r") == [":irc.test 421 a TAGMSG :Unknown command"]

    def test_tagmsg(self, server):
        a = server.person("a", "#r", caps="message-tags echo-message")
        b = server.person("b", "#r", caps="message-tags")
        plain = server.person("c", "#r")
        a.read(), b.read()
        echoed = a.send("@+typing=active TAGMSG #r", "@unknown TAGMSG b")
        assert [line[line.index(":") :] for line in echoed] == [FROM_A + "TAGMSG #r", FROM_A + "TAGMSG b"]
        assert b.read() == echoed
        assert plain.read() == []

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            ("TAGMSG", "411 a :No recipient given (TAGMSG)"),
            ("TAGMSG none", "401 a none :No such nick/channel"),
            ("TAGMSG #none", "403 a #none :No such channel"),
            ("TAGMSG #s", "404 a #s :Cannot send to channel: you are not in it"),
            ("TAGMSG b,c,d,e,f", "407 a f :At most 4 targets at once"),
        ],
    )
    def test_refusals(self, server, sent, answer):
        server.person("s", "#s")
        a = server.person("a", caps="message-tags")
        assert a.send(sent) == [SERVER + answer]


@pytest.mark.parametrize("sign", ["\uff03", "\ufe5f"])
def test_a_room_is_found_under_the_wide_sign_too(server, sign):
    a, b = server.person("a", "#r"), server.person("b", "#r")
    a.read()
    a.send(f"PRIVMSG {sign}R :hi", f"TOPIC {sign}r :tea", f"MODE {sign}r +m")
    assert [line.partition(" ")[2] for line in b.read()] == ["PRIVMSG #r :hi", "TOPIC #r :tea", "MODE #r +m"]
    assert any(" 352 a #r " in line for line in a.send(f"WHO {sign}r"))


class TestReactions:
    @pytest.fixture
    def pair(self, server):
        """Two with tags in a room, one without; the first has said something, which is ``id``."""
        a = server.person("a", "#r", caps="message-tags echo-message")
        b = server.person("b", "#r", caps="message-tags")
        server.person("c", "#r")
        a.read()
        id = a.send("PRIVMSG #r :hello")[0].split("msgid=")[1].split(" ")[0]
        for peer in server.hub.peers.values():
            peer.read()
        return a, b, id

    def test_a_reaction_is_a_fact_with_an_id(self, server, pair):
        a, b, id = pair
        tags = f"+reply={id};+draft/react=\U0001f44d"
        assert b.send(f"@{tags} TAGMSG #r", "PING x")[-1].endswith("PONG irc.test :x")
        (told,) = a.read()
        assert told.startswith("@msgid=e1-")
        assert told.endswith(f";{tags} :b!b@192.0.2.1 TAGMSG #r")
        assert isinstance(server.hub.records[-1].event, Reacted)
        assert server.hub.peers[3].read() == []

    @pytest.mark.parametrize(
        "tags",
        [
            "+typing=active",
            "+draft/react=x",
            "+reply={id};+draft/react",
            "+reply={id};+draft/react=x;+draft/unreact=y",
            "+reply=other-1;+draft/react=x",
            "+reply=e1-99;+draft/react=x",
        ],
    )
    def test_what_is_no_reaction_passes_by(self, server, pair, tags):
        a, b, id = pair
        before = len(server.hub.records)
        assert b.send(f"@{tags.replace('{id}', id)} TAGMSG #r", "PING x")[-1].endswith(":x")
        assert a.read()[0].endswith("TAGMSG #r")
        assert not any(isinstance(r.event, Reacted) for r in server.hub.records[before:])

    def test_refused_where_a_text_would_be(self, server, pair):
        a, b, id = pair
        a.send("MODE #r +m")
        assert b.send(f"@+reply={id};+draft/react=x TAGMSG #r", "PING x")[-2:] == [
            SERVER + "404 b #r :Cannot send to channel: only members with a role may speak",
            SERVER + "PONG irc.test :x",
        ]


def test_several_signs_before_a_room_mean_the_lowest_role(server):
    op, half, voiced, a = (server.person(nick, "#r") for nick in ("op", "half", "voiced", "a"))
    op.send("MODE #r +hv half voiced")
    for peer in (half, voiced):
        peer.read()
    a.send("PRIVMSG @%#r :help")
    assert half.read() == [":a!a@192.0.2.1 PRIVMSG %#r :help"]
    assert op.read()[-1] == ":a!a@192.0.2.1 PRIVMSG %#r :help"
    assert voiced.read() == []
