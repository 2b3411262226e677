"""What operators of the server may do."""

import pytest

from asyncchat.core.features.audit import AuditUnreadable, ReadAudit
from asyncchat.core.features.server import NotReloaded, Reloaded
from asyncchat.core.features.server_bans import BanFromServer

SERVER = ":irc.test "
BY = ":op!op@192.0.2.1 "
OPER = "OPER owner 7KQ2-M9XD"


@pytest.fixture
def op(server):
    op = server.person("op", "#r")
    op.send(OPER)
    return op


ALL = [
    "CHGHOST a b.example",
    "KILL a :x",
    "KILL irc.test :x",
    "WALLOPS :x",
    "KLINE",
    "KLINE 5m bad :x",
    "KLINE bad",
    "UNKLINE bad",
    "STATS k",
    "SESSIONKEY",
    "CONNECT other.test",
    "SQUIT other.test :x",
    "SQUIT irc.test :x",
    "DIE",
    "REHASH",
    "AUDIT",
    "AUDIT 2h",
    "RESTART",
]


@pytest.mark.parametrize("sent", ALL)
def test_only_for_operators(server, sent):
    assert server.person("a").send(sent) == [SERVER + "481 a :Permission Denied- You're not an IRC operator"]


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ("KILL", ["461 op KILL :Not enough parameters"]),
        ("KILL none :x", ["401 op none :No such nick/channel"]),
        ("KILL irc.test :x", ["483 op :You can't kill a server!"]),
        ("KLINE", ["219 op k :End of /STATS report"]),
        ("KLINE *", ["400 op KLINE *!*@* :That would ban everybody"]),
        ("UNKLINE", ["461 op UNKLINE :Not enough parameters"]),
        ("UNKLINE bad", ["400 op UNKLINE bad!*@* :No such ban"]),
        ("SESSIONKEY", ["005 op asyncchat/KEY= :is supported by this server"]),
        ("CONNECT", ["461 op CONNECT :Not enough parameters"]),
        ("CONNECT other.test", ["402 op other.test :No such server"]),
        ("SQUIT other.test", ["461 op SQUIT :Not enough parameters"]),
        ("SQUIT other.test :x", ["402 op other.test :No such server"]),
        ("SQUIT irc.test :x", ["723 op squit :Insufficient oper privileges: stop it where it was started"]),
        ("DIE", ["723 op die :Insufficient oper privileges: stop it where it was started"]),
        ("RESTART", ["723 op restart :Insufficient oper privileges: stop it where it was started"]),
    ],
)
def test_answers(op, sent, answers):
    assert op.send(sent) == [SERVER + line for line in answers]


def test_who_is_killed_is_told_and_quits(op, server):
    a, b = server.person("a", "#r"), server.person("b", "#r")
    op.read()
    quit = ":a!a@192.0.2.1 QUIT :Killed (op (spam))"
    assert op.send("KILL A :spam") == [BY + "KILL a :spam", quit]
    assert a.read() == [
        BY + "KILL a :spam",
        "ERROR :Closing link: (a@192.0.2.1) [Killed (op (spam))]",
    ]
    assert b.read() == [quit]
    assert op.send("KILL b")[-1].endswith("Killed (op (op))")


def test_wallops(op, server):
    a, b = server.person("a"), server.person("b")
    a.send("MODE a +w")
    assert op.send("WALLOPS :hear, all") == [BY + "WALLOPS :hear, all"]
    assert (a.read(), b.read()) == ([BY + "WALLOPS :hear, all"], [])
    assert op.send("WALLOPS") == [SERVER + "461 op WALLOPS :Not enough parameters"]


def test_a_ban_keeps_out(op, server):
    a = server.person("a", host="198.51.100.7")
    assert op.send("KLINE 10m 198.51.100.0/24 :spam")[0] == (
        SERVER + "NOTICE op :*!*@198.51.100.0/24 is banned from the server"
    )
    assert a.gone
    assert op.send("STATS k") == [
        SERVER + "216 op K 198.51.100.0/24 * * 1700000000 1700000600 op!op@192.0.2.1 :spam",
        SERVER + "219 op k :End of /STATS report",
    ]
    assert op.send("KLINE") == op.send("STATS k")
    again = server.connect("198.51.100.8")
    assert again.send("NICK b", "USER b 0 * :b") == [SERVER + "465 * :You are banned from this server: spam"]
    assert op.send("UNKLINE 198.51.100.0/24") == [
        SERVER + "NOTICE op :*!*@198.51.100.0/24 is no longer banned from the server"
    ]
    server.person("c", host="198.51.100.9")


def test_rehash(server):
    a = server.person("a")
    assert a.send("REHASH", "PING x") == [
        SERVER + "481 a :Permission Denied- You're not an IRC operator",
        SERVER + "PONG irc.test :x",
    ]
    a.send("OPER owner 7KQ2-M9XD")
    assert a.send("REHASH", "PING x") == [
        SERVER + "382 a chat.toml :Rehashing",
        SERVER + "NOTICE a :Changed: motd, password",
        SERVER + "NOTICE a :Only a restart changes: listen",
        SERVER + "PONG irc.test :x",
    ]
    server.hub.reloaded = Reloaded("", (), ())
    assert a.send("REHASH") == [SERVER + "382 a * :Rehashing", SERVER + "NOTICE a :Changed: nothing"]
    server.hub.reloaded = NotReloaded("my chat.toml", "chat.toml is no TOML")
    assert a.send("REHASH", "PING x") == [
        SERVER + "382 a my_chat.toml :Rehashing",
        SERVER + "NOTICE a :Nothing changed: chat.toml is no TOML",
        SERVER + "PONG irc.test :x",
    ]


def test_the_audit_tells_what_operators_did(server, op):
    a = server.person("a", "#r")
    op.send("WALLOPS :hear")
    op.send("KICK #r a :out")
    op.send("AUDIT")
    op.send("AUDIT 1")
    told = [line.partition("  ") for line in op.send("AUDIT")]
    assert [text for _, _, text in told] == [
        "op!op@192.0.2.1 became the server's owner",
        "op!op@192.0.2.1 announced: hear",
        "",
    ]
    assert all(start.startswith(SERVER + "NOTICE op :") for start, _, _ in told)
    assert told[-1][0] == SERVER + "NOTICE op :End of the audit"
    server.person("b").send("JOIN #x")
    op.send("KILL a :spam")
    (last, _) = op.send("AUDIT 1")
    assert last.endswith(f"  {BY[1:-1]} removed {a.dialect._person.origin} from the server: spam")


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("AUDIT", ReadAudit()),
        ("AUDIT 7", ReadAudit(7)),
        ("AUDIT 0", ReadAudit(1)),
        ("AUDIT 999999999", ReadAudit(200)),
        ("AUDIT 2h", ReadAudit(200, 7200)),
        ("AUDIT 1W", ReadAudit(200, 604_800)),
        ("AUDIT what", ReadAudit()),
    ],
)
def test_what_the_audit_is_asked_for(server, sent, asked):
    dialect = server.person("x").dialect
    assert dialect.receive_data(f"{sent}\r\nPING y\r\n".encode()) == [asked]
    told = dialect.encode_outcome((AuditUnreadable(),)).decode()
    assert told == SERVER + "NOTICE x :The history can't be read at the moment\r\n"


def test_owner_is_a_word_for_oper(server):
    a = server.person("a")
    assert a.send("OWNER wrong") == [SERVER + "464 a :Password incorrect"]
    assert a.send("OWNER 7KQ2-M9XD")[0] == SERVER + "381 a :You are now an IRC operator"
    b = server.person("b")
    assert b.send("OWNER alice secret")[0] == SERVER + "381 b :You are now an IRC operator"
    assert b.send("OWNER") == [SERVER + "461 b OWNER :Not enough parameters"]


def test_the_owner_sets_a_topic_from_outside(server):
    op, owner = server.person("op", "#r"), server.person("boss")
    owner.send("OPER owner 7KQ2-M9XD")
    topic = ":boss!boss@192.0.2.1 TOPIC #r :quiet please"
    owner.send("TOPIC #r :quiet please")
    assert op.read() == [topic]


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("KLINE bad", BanFromServer("bad")),
        ("KLINE 3600 bad", BanFromServer("bad", seconds=3600)),
        ("KLINE 1d2h30m bad :spam all day", BanFromServer("bad", True, 95_400, "spam all day")),
        ("KLINE bad 90m :spam", BanFromServer("bad", True, 5400, "spam")),
        ("KLINE bad :90m", BanFromServer("bad", reason="90m")),
        ("KLINE 0 bad", BanFromServer("bad")),
    ],
)
def test_how_long_a_ban_is(server, sent, asked):
    assert server.person("x").dialect.receive_data(f"{sent}\r\n".encode()) == [asked]


def test_an_operator_lays_it_down(server, op):
    assert op.send("MODE op -o") == [":op MODE op :-o"]
    assert op.send("WALLOPS :x") == [SERVER + "481 op :Permission Denied- You're not an IRC operator"]
    assert op.send("MODE op -o", "MODE op") == [SERVER + "221 op +"]
    other = server.person("other")
    assert other.send("MODE op -o") == [SERVER + "502 other :Can't change mode for other users"]
