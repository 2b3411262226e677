"""What server operators do, over real sockets: whom they put out is told, gone, and kept out."""

import pytest

from asyncchat.core.features import server_bans
from tests.server.harness import CODE, serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


def test_who_is_killed_is_told_and_gone(server):
    op, bob, alice = server.irc("op"), server.irc("bob"), server.person("alice")
    op.send(f"OPER owner {CODE}\r\n")
    op.until(" 381 ")
    bob.send("PRIVMSG #lobby :buy\r\nPRIVMSG #lobby :this\r\n")
    op.until(":this")
    op.send("KILL bob :spam\r\nPING x\r\n")
    told = op.until("PONG")
    assert "KILL bob :spam\r\n" in told
    op.until("QUIT :Killed (op (spam))")
    last = bob.rest().decode()
    assert last.index("KILL bob :spam") < last.index("ERROR :Closing link: (bob@")
    assert "Killed (op (spam))" in last
    alice.until("bob left chat (Killed (op (spam)))")
    assert sorted(server.people()) == ["alice", "op"]


def test_announcements(server):
    op, bob = server.irc("op"), server.irc("bob")
    bob.send("MODE bob +w\r\n")
    bob.until("MODE bob :+w")
    op.send(f"OPER owner {CODE}\r\nWALLOPS :hear\r\n")
    op.until("WALLOPS :hear")
    bob.until("WALLOPS :hear")


def test_who_puts_itself_out_is_gone(server):
    op = server.irc("op")
    op.send(f"OPER owner {CODE}\r\nKILL op :enough\r\n")
    assert "Killed (op (enough))" in op.rest().decode()
    assert server.people() == []


def test_all_whom_a_ban_matches_are_gone_when_it_is_answered(server, monkeypatch):
    monkeypatch.setattr(server_bans, "ENDED_AT_ONCE", 3)
    op = server.irc("op")
    eves = [server.irc(f"eve{number}") for number in range(10)]
    op.send(f"CAP REQ :batch labeled-response\r\nOPER owner {CODE}\r\n")
    op.until(" 381 ")
    op.send("@label=k KLINE eve* :spam\r\nPING x\r\n")
    told = op.until(" PONG ")
    assert told.count(" is banned from the server\r\n") == 1
    assert told.count(" KILL eve") == told.count(" QUIT :Killed (op (spam))") == 10
    for eve in eves:
        assert "Killed (op (spam))" in eve.rest().decode()
    assert server.people() == ["op"]


def test_who_is_banned_is_not_let_in(server):
    op = server.irc("op")
    op.send(f"OPER owner {CODE}\r\nKLINE eve* :spam\r\n")
    op.until("is banned from the server")
    eve = server.connect()
    eve.send("NICK eve\r\nUSER eve 0 * :e\r\n")
    last = eve.rest().decode()
    assert " 465 * :You are banned from this server: spam\r\n" in last
    assert last.endswith("[banned]\r\n")
    plain = server.connect()
    plain.send("evelyn\n")
    assert "You are banned here: spam." in plain.rest().decode()


def test_a_host_is_changed_in_its_place_among_what_is_said(server):
    olga, bob, carol = server.irc("olga"), server.irc("bob"), server.irc("carol")
    carol.send("CAP REQ :chghost\r\n")
    carol.until("ACK :chghost")
    olga.send(f"OPER owner {CODE}\r\n")
    olga.until(" 381 ")
    olga.send("PRIVMSG #lobby :before\r\nCHGHOST bob staff/bob\r\nPRIVMSG #lobby :after\r\n")
    told = carol.until(":after\r\n")
    assert told.index(":before") < told.index("CHGHOST bob staff/bob\r\n") < told.index(":after")
    assert " QUIT " not in told
    told = bob.until(":after\r\n")
    assert told.index(":before") < told.index(" 396 bob staff/bob :is now your visible host\r\n")
    assert "QUIT" not in told
    told = olga.until("bob has the host staff/bob now\r\n")
    assert " QUIT :Changing host\r\n" in told
    bob.send("PRIVMSG #lobby :hi\r\n")
    assert ":bob!bob@staff/bob PRIVMSG #lobby :hi\r\n" in carol.until(":hi\r\n")
    zoe = server.person("zoe")
    olga.send("CHGHOST zoe z.example\r\n")
    assert zoe.line() == "zoe is now seen as coming from z.example."
    zoe.send("/host bob x\n")
    zoe.until("Only")


def test_what_is_read_of_other_rooms_is_in_the_audit(server):
    """Once, however often it is read; and nothing of the own rooms."""
    anna, oper = server.irc("anna"), server.irc("oper")
    anna.send("JOIN #tea\r\nPRIVMSG #tea :a word\r\nPING said\r\n")
    anna.until(" PONG ")
    oper.send(f"CAP REQ :draft/chathistory batch\r\nOPER owner {CODE}\r\n")
    for command in ("CHATHISTORY LATEST #lobby * 5", "SEARCH text=word", "AUDIT", "PING own"):
        oper.send(f"{command}\r\n")
    assert "read the" not in oper.until("PONG asyncchat.local :own")
    for command in (
        "CHATHISTORY LATEST #tea * 5",
        "SEARCH text=word;in=#tea",
        "CHATHISTORY LATEST #tea * 9",
        "AUDIT",
        "PING others",
    ):
        oper.send(f"{command}\r\n")
    told = oper.until("PONG asyncchat.local :others")
    assert "a word" in told
    assert told.count("read the history of #tea") == 1
