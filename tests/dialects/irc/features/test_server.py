import msgspec
import pytest

from tests.dialects.irc.conftest import Server

SERVER = ":irc.test "


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (
            "ADMIN",
            [
                "256 a irc.test :Administrative info",
                "257 a :a school's chat",
                "258 a :Whoever started this server owns it",
                "259 a :admin@example.org",
            ],
        ),
        ("ADMIN other", ["402 a other :No such server"]),
        ("LINKS", ["364 a irc.test irc.test :0 a school's chat", "365 a * :End of /LINKS list"]),
        ("LINKS *.test", ["364 a irc.test irc.test :0 a school's chat", "365 a *.test :End of /LINKS list"]),
        ("LINKS *.other", ["365 a *.other :End of /LINKS list"]),
        ("LINKS other *", ["402 a other :No such server"]),
        ("LUSERS * other", ["402 a other :No such server"]),
        ("LUSERS other", ["402 a other :No such server"]),
        ("USERS", ["446 a :USERS has been disabled"]),
        ("USERS other", ["402 a other :No such server"]),
        ("SUMMON b", ["445 a :SUMMON has been disabled"]),
        ("STATS", ["461 a STATS :Not enough parameters"]),
        ("STATS u", ["242 a :Server Up 0 days 0:00:00", "219 a u :End of /STATS report"]),
        ("STATS o", ["243 a O *@* * owner", "219 a o :End of /STATS report"]),
        ("STATS :*", ["219 a * :End of /STATS report"]),
        ("STATS u other", ["402 a other :No such server"]),
        ("MOTD b", ["422 a :There is no message of the day"]),
        ("MOTD none", ["402 a none :No such server"]),
    ],
)
def test_answers(server, sent, answers):
    server.irc.server = msgspec.structs.replace(
        server.irc.server, description="a school's chat", contact="admin@example.org"
    )
    a = server.person("a")
    server.person("b")
    assert a.send(sent) == [SERVER + line for line in answers]


def test_uptime_counts_days(server):
    a = server.person("a")
    server.hub.now += (2 * 86_400 + 3_600 + 61) * 1_000_000
    assert a.send("STATS u")[0] == SERVER + "242 a :Server Up 2 days 1:01:01"


def test_version_by_the_nick_of_another(server):
    a = server.person("a")
    server.person("b")
    assert [line.split(" ")[1] for line in a.send("VERSION B")] == ["351", *["005"] * 3]


def test_commands_are_counted_whichever_way_they_come(server):
    a = server.person("a", "#r")
    a.send("PRIVMSG #r :one", "PRIVMSG #r :two", "PING x")
    a.send("PRIVMSG a :three", "nonsense")
    counted = [line for line in a.send("STATS m") if " 212 " in line]
    assert counted == [
        SERVER + f"212 a {name} {count}"
        for name, count in (("JOIN", 1), ("NICK", 1), ("PING", 1), ("PRIVMSG", 3), ("STATS", 1), ("USER", 1))
    ]


def test_named_operators_are_listed():
    a = Server(operators=("alice", "b b")).person("a")
    names = [line.rpartition(" ")[2] for line in a.send("STATS o")[:-1]]
    assert names == ["owner", "alice", "b_b"]


def test_who_is_nobody_yet_is_counted(server):
    server.irc.arriving = lambda: 2
    a = server.person("a")
    assert SERVER + "253 a 2 :unknown connection(s)" in a.send("LUSERS")
    server.irc.arriving = lambda: 0
    assert not any(" 253 " in line for line in a.send("LUSERS"))
