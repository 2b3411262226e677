"""What a stranger finds in a room that others closed and left: each way to read and erase, over sockets."""

import asyncio

import pytest

from asyncchat.core.features.accounts import LogInVerified
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from tests.server.harness import CODE, serving
from tests.server.http.api.client import ask
from tests.server.test_history import account, irc, opened, pong, said, session_of
from tests.server.test_pins import copied

CAPS = (
    "message-tags server-time batch echo-message draft/chathistory draft/event-playback "
    "draft/message-redaction soju.im/search"
)
OLD = "the old needle"
NEW = "the new needle"


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    log = MemoryLog() if request.param == "memory" else asyncio.run(opened(tmp_path / "chat.db"))
    with serving(log) as running:
        yield running
        running.stop()


def left_behind(server, *modes, member=""):
    """The id of a line in #tea, which was closed and which everybody has left."""
    anna = irc(server, "anna", CAPS, room="#tea")
    others = [irc(server, member, CAPS, room="#tea")] if member else []
    for other in others:
        account(server, other, member)
    for mode in modes:
        anna.send(f"MODE #tea {mode}\r\n")
    anna.send("TOPIC #tea :the old topic\r\n")
    id = said(anna, OLD, to="#tea")
    anna.send(f"PIN #tea {id}\r\n")
    pong(anna)
    for client in (anna, *others):
        client.send("PART #tea\r\n")
        client.until("PART #tea")
    return id


def asked(client, *lines):
    """All that is answered to some lines."""
    client.send("".join(f"{line}\r\n" for line in lines))
    return pong(client)


def all_reads(id):
    epoch = id.partition("-")[0]
    return (
        "CHATHISTORY LATEST #tea * 50",
        f"CHATHISTORY LATEST #tea msgid={id} 50",
        f"CHATHISTORY BEFORE #tea msgid={epoch}-99999 50",
        f"CHATHISTORY AFTER #tea msgid={epoch}-1 50",
        f"CHATHISTORY AROUND #tea msgid={id} 50",
        f"CHATHISTORY BETWEEN #tea msgid={epoch}-1 msgid={epoch}-99999 50",
        "CHATHISTORY AFTER #tea timestamp=1999-01-01T00:00:00.000Z 50",
        "SEARCH in=#tea;text=needle",
        "SEARCH text=needle",
        "SEARCH text=needle;from=anna",
        "PINS #tea",
        "TOPIC #tea",
        "LIST",
    )


@pytest.mark.parametrize(("mode", "key"), [("+k sesame", " sesame"), ("+i", ""), ("+s", "")])
def test_a_stranger_reads_and_erases_nothing(server, mode, key):
    id = left_behind(server, mode)
    eve = irc(server, "eve", CAPS)
    told = asked(eve, f"JOIN #tea{key}")
    assert "hidden from you. To keep a channel's history, log in" in told
    assert "old topic" not in told
    now = said(eve, NEW, to="#tea")
    for read in all_reads(id):
        told = asked(eve, read)
        assert OLD not in told, read
        assert "old topic" not in told, read
        assert id not in told.replace(read, ""), read
    assert NEW in asked(eve, "CHATHISTORY LATEST #tea * 50")
    assert NEW in asked(eve, "SEARCH text=needle")
    targets = asked(
        eve, "CHATHISTORY TARGETS timestamp=1999-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 9"
    )
    assert "#tea" in targets
    assert "UNKNOWN_MSGID" in asked(eve, f"REDACT #tea {id} :gone")
    assert OLD not in asked(eve, f"@+reply={id};+draft/react=x TAGMSG #tea")
    assert "UNPIN #tea" not in asked(eve, f"UNPIN #tea {id}").replace("FAIL UNPIN", "")
    nc = server.person("zoe")
    eve.send("MODE #tea -k sesame\r\nMODE #tea -is\r\n")
    pong(eve)
    nc.send("/join #tea\n/history\n/search needle\n/pins\n/clear *\n/me\n")
    told = nc.until("Usage: /me")
    assert OLD not in told
    assert NEW in told
    visitor = ask(server, "GET", "/rooms/tea/messages").json
    assert [one["text"] for one in visitor["messages"]] == [NEW]
    assert "old topic" not in str(ask(server, "GET", "/rooms").json)
    # The line is still there: an operator of the server reads it, and erases it.
    olga = irc(server, "olga", CAPS, room="#tea")
    olga.send(f"OPER owner {CODE}\r\n")
    olga.until(" 381 ")
    page = asked(olga, "CHATHISTORY LATEST #tea * 50")
    assert OLD in page
    assert NEW in page
    assert f"REDACT #tea {id}" in asked(olga, f"REDACT #tea {id}")
    assert now in page


def test_a_takeover_erases_nothing_by_clear(server):
    left_behind(server, "+k sesame")
    eve = server.person("eve")
    eve.send(f"/join #tea sesame\n{NEW}\n/clear *\n/me\n")
    assert "erased 1 message" in eve.until("Usage: /me")
    olga = irc(server, "olga", CAPS, room="#lobby")
    olga.send(f"OPER owner {CODE}\r\n")
    olga.until(" 381 ")
    page = asked(olga, "CHATHISTORY LATEST #tea * 50")
    assert OLD in page
    assert NEW not in page


def test_a_public_room_keeps_its_lines_from_who_comes_first_and_shows_them(server):
    id = left_behind(server)
    eve = irc(server, "eve", CAPS, room="#tea")
    assert OLD in asked(eve, "CHATHISTORY LATEST #tea * 50")
    assert "REDACT_FORBIDDEN" in asked(eve, f"REDACT #tea {id}")
    eve.send("MODE #tea +m\r\n")
    pong(eve)
    nc = server.person("zoe")
    nc.send("/join #tea\n")
    nc.until(OLD)


def test_an_account_that_was_there_before_reads_on(server):
    left_behind(server, "+k sesame", member="bob")
    eve = irc(server, "eve", CAPS)
    eve.send("JOIN #tea sesame\r\n")
    pong(eve)
    said(eve, NEW, to="#tea")
    bob = irc(server, "bobby", CAPS)
    id = server.call(lambda: server.server.hub.chat.person_named("bobby").id)
    session = server.call(session_of, server, id)
    server.call(server.server.hub.submit, session, [LogInVerified("bob", True)])
    bob.until(" 900 ")
    bob.until("\r\n")
    bob.send("JOIN #tea sesame\r\n")
    pong(bob)
    for read in ("CHATHISTORY LATEST #tea * 50", "SEARCH text=needle"):
        told = asked(bob, read)
        assert OLD in told
        assert NEW in told
    assert OLD in asked(bob, "PINS #tea")


def test_it_is_the_same_after_a_restart(tmp_path):
    path = tmp_path / "chat.db"
    with serving(asyncio.run(SqliteLog.open(path))) as running:
        left_behind(running, "+k sesame")
        eve = irc(running, "eve", CAPS)
        eve.send("JOIN #tea sesame\r\n")
        said(eve, NEW, to="#tea")
        asked(eve, "MODE #tea -k sesame")
        running.stop()
    with serving(asyncio.run(SqliteLog.open(copied(path)))) as running:
        zoe = irc(running, "zoe", CAPS, room="#tea")
        page = asked(zoe, "CHATHISTORY LATEST #tea * 50")
        assert NEW in page
        assert OLD not in page
        running.stop()
