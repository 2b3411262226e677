"""The tokens of 005 are true: each limit is kept by what it limits."""

import pytest

from asyncchat.core.features.room_modes import MASK_BYTES

SERVER = ":irc.test "


@pytest.fixture
def tokens(server):
    lines = [line for line in server.person("t").send("VERSION") if " 005 " in line]
    assert all(len(line.split(" ")) <= 15 + 6 for line in lines)
    words = [word for line in lines for word in line.partition(" :")[0].split(" ")[3:]]
    return dict(word.partition("=")[::2] for word in words)


def test_words_without_a_value(tokens):
    assert {name for name, value in tokens.items() if not value} >= {"SAFELIST", "UTF8ONLY", "WHOX"}


def test_names(tokens, server):
    a = server.person("a")
    assert (tokens["CHANTYPES"], tokens["CASEMAPPING"], tokens["NETWORK"]) == ("#", "ascii", "irc.test")
    longest = "n" * int(tokens["NICKLEN"])
    assert " 432 " in a.send(f"NICK {longest}n")[0]
    assert a.send(f"NICK {longest}")[0].endswith(f"NICK {longest}")
    room = "#" + "r" * (int(tokens["CHANNELLEN"]) - 1)
    assert " 476 " in a.send(f"JOIN {room}r")[0]
    assert f"JOIN {room}" in a.send(f"JOIN {room}")[0]


def test_texts(tokens, server):
    a, b = server.person("a", "#r"), server.person("b", "#r")
    topic = "t" * int(tokens["TOPICLEN"])
    assert " 417 " in a.send(f"TOPIC #r :{topic}t")[0]
    assert a.send(f"TOPIC #r :{topic}")[0].endswith(topic)
    away = "w" * int(tokens["AWAYLEN"])
    a.send(f"AWAY :{away}w")
    b.read()
    assert b.send("PRIVMSG a :x") == [SERVER + f"301 b a :{away}"]
    a.read()
    kick = "k" * int(tokens["KICKLEN"])
    assert a.send(f"KICK #r b :{kick}k")[0].endswith(f" :{kick}")


def test_rooms(tokens, server):
    a = server.person("a")
    kind, _, most = tokens["CHANLIMIT"].partition(":")
    assert kind == "#"
    for number in range(int(most)):
        assert " 366 " in a.send(f"JOIN #r{number}")[-1]
    assert " 405 " in a.send("JOIN #more")[0]


def test_targets(tokens, server):
    most = dict(item.split(":") for item in tokens["TARGMAX"].split(","))
    a = server.person("a")
    for command, rest in (("PRIVMSG", " :x"), ("JOIN", ""), ("PART", ""), ("NAMES", ""), ("WHOIS", "")):
        targets = ",".join(f"#t{number}" for number in range(int(most[command]) + 1))
        lines = a.send(f"{command} {targets}{rest}")
        assert any(" 407 a " in line for line in lines), command
        assert not any(" 407 a " in line for line in a.send(f"{command} {targets.rpartition(',')[0]}{rest}"))


def test_lists_and_history(tokens):
    assert tokens["ELIST"] == "CMNTU"  # each letter is shown in test_listing
    assert tokens["MSGREFTYPES"] == "msgid,timestamp"  # and these in test_history
    assert int(tokens["CHATHISTORY"]) == 200


def test_the_longest_of_all_fit_their_lines_whole(tokens, server):
    """Nothing is cut behind anybody's back: who may be called so long may say so much."""
    nick = "ж" * 32
    a = server.person(nick, host="2001:db8:1111:2222:3333:4444:5555:6666")
    b = server.person("щ" * 32)
    room = "#" + "ы" * 49
    a.send(f"JOIN {room}")
    b.send(f"JOIN {room}")
    topic, kick = "t" * int(tokens["TOPICLEN"]), "k" * int(tokens["KICKLEN"])
    mask = "m" * (MASK_BYTES - len("!*@*")) + "!*@*"
    a.send(f"TOPIC {room} :{topic}", f"MODE {room} +b m:{mask}")
    lines = b.read()
    assert lines[-2].endswith(topic)
    assert lines[-1].endswith(mask)
    assert a.send(f"TOPIC {room}")[0].endswith(topic)
    assert a.send(f"MODE {room} b")[0].endswith(str(server.hub.now // 1_000_000))
    a.send(f"KICK {room} {b.dialect.nick} :{kick}")
    assert b.read()[-1].endswith(kick)
