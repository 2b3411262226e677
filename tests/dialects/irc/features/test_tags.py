"""Tags of clients (message-tags): which go on, to whom, as what, and how many there may be."""

import pytest

from tests.dialects.irc.conftest import Server

LIMIT = 4094


@pytest.fixture
def a(server):
    return server.person("a", "#r", caps="message-tags echo-message")


@pytest.fixture
def b(server, a):
    return server.person("b", "#r", caps="message-tags")


def tags_of(line):
    assert line[0] == "@"
    return [tag for tag in line[1:].partition(" ")[0].split(";") if not tag.startswith("msgid=")]


@pytest.mark.parametrize(
    "tags",
    [
        "+reply=e1-5",
        "+draft/reply=e1-5;+draft/react=\\:)",
        "+reply=x;+draft/unreact=👋",
        "+typing=active",
        "+draft/channel-context=#r",
        "+channel-context=#r",
        "+example.com/foo=raw+:=,escaped\\:\\s\\\\",
        "+UPPER=1;+upper=2",
        "+ж=1;+_!=2",
    ],
)
@pytest.mark.parametrize("command", ["PRIVMSG #r :x", "NOTICE #r :x", "TAGMSG #r", "PRIVMSG b :x"])
def test_they_go_on_as_they_are(a, b, tags, command):
    (echo,) = a.send(f"@{tags} {command}")
    (told,) = b.read()
    assert echo == told
    assert tags_of(told) == tags.split(";")


@pytest.mark.parametrize(
    ("denied", "told"),
    [
        (("typing", "x.org/a"), ["+reply=1"]),
        (("*",), []),
        (("*", "-reply", "-x.org/a"), ["+reply=1", "+x.org/a=2"]),
    ],
)
def test_what_the_server_denies(denied, told):
    """message-tags, "RPL_ISUPPORT Tokens": such tags are ignored silently, the message is not."""
    server = Server(client_tag_deny=denied)
    a, b = (server.person(nick, "#r", caps="message-tags") for nick in "ab")
    a.read()
    assert f"CLIENTTAGDENY={','.join(denied)}" in " ".join(a.send("ISUPPORT")).split()
    assert a.send("@+reply=1;+typing=active;+x.org/a=2 PRIVMSG #r :hi", "@+typing=active TAGMSG #r") == []
    (line,) = b.read()
    assert line.endswith(":a!a@192.0.2.1 PRIVMSG #r :hi")
    assert tags_of(line) == told


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("+a=1;b=2;c;time=1;msgid=x;account=root;label=1", ["+a=1"]),
        ("+a=1;+b;+a=2", ["+b", "+a=2"]),
        ("+a=;+b", ["+a", "+b"]),
        ("+;+=1;;+a", ["+a"]),
        ("+a=x\\by\\", ["+a=xby"]),
        ("+a=1=2", ["+a=1=2"]),
    ],
)
def test_what_becomes_of_others(a, b, sent, told):
    a.send(f"@{sent} PRIVMSG #r :x")
    assert tags_of(b.read()[0]) == told


def test_an_unprefixed_tag_does_not_stop_a_message(a, b):
    a.send("@unknown-tag TAGMSG #r")
    (told,) = b.read()
    assert told.endswith(":a!a@192.0.2.1 TAGMSG #r")
    assert "unknown" not in told


def test_as_many_as_there_may_be(server, a, b):
    c = server.person("c", "#r", caps="message-tags server-time account-tag batch")
    tags = "+a=" + "x" * (LIMIT - 3)
    assert len(a.send(f"@{tags} PRIVMSG #r :" + "y" * 400)) == 1
    for peer in (b, c):
        (told,) = peer.read()
        assert tags in told
        assert len(told.partition(" ")[0]) + 1 <= 8191
    assert a.send(f"@{tags}x PRIVMSG #r :y") == [":irc.test 417 a :Input line was too long"]
    assert a.send(f"@a={'x' * LIMIT} TAGMSG #r") == [":irc.test 417 a :Input line was too long"]
    assert b.read() == []


def test_all_are_allowed_so_nothing_is_said_to_be_denied(a):
    assert "CLIENTTAGDENY" not in " ".join(a.send("VERSION"))


def test_what_an_operator_of_the_server_does_carries_a_tag_for_who_asked(server):
    op, other = server.person("op", "#r"), server.person("o", "#r", caps="draft/oper-tag")
    plain = server.person("p", "#r", caps="message-tags")
    op.send("PRIVMSG #r :before", "OPER owner 7KQ2-M9XD")
    other.read()
    plain.read()
    op.send("PRIVMSG #r :hi", "PRIVMSG o :\x01ACTION waves\x01", "TOPIC #r :news", "MODE #r +m")
    by = "@draft/oper :op!op@192.0.2.1 "
    assert other.read() == [
        f"{by}PRIVMSG #r :hi",
        f"{by}PRIVMSG o :\x01ACTION waves\x01",
        f"{by}TOPIC #r :news",
        f"{by}MODE #r +m",
    ]
    assert not any("draft/oper" in line for line in plain.read())
    op.send("MODE op -o", "PRIVMSG #r :after")
    assert other.read() == [":op!op@192.0.2.1 PRIVMSG #r :after"]
