"""What was said before, over sockets: who may read it, react to it, take it back."""

import asyncio

import pytest

from asyncchat import Client
from asyncchat.core.features.accounts import LogInVerified, RegisterAccountVerified
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from asyncchat.server import history
from tests.server.harness import serving

CAPS = "message-tags server-time batch echo-message draft/chathistory"


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    if request.param == "memory":
        with serving(MemoryLog()) as running:
            yield running
    else:
        log = asyncio.run(opened(tmp_path / "chat.db"))
        with serving(log) as running:
            yield running
            running.stop()


async def opened(path):
    return await SqliteLog.open(path)


def irc(server, name, caps=CAPS, room="#lobby"):
    """Somebody with an IRC client that has these capabilities, in a room."""
    client = server.connect()
    client.send(f"CAP REQ :{caps}\r\nNICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\nJOIN {room}\r\n")
    client.until(" 366 ")
    client.until("\n")
    return client


def said(client, text, to="#lobby"):
    """The id of something said now, by a client with echo-message."""
    client.send(f"PRIVMSG {to} :{text}\r\n")
    line = client.until(f" :{text}\r\n")
    return line.rpartition("msgid=")[2].split(" ")[0].split(";")[0]


def account(server, client, name):
    """Has somebody logged in to an account of its own."""
    id = server.call(lambda: server.server.hub.chat.person_named(name).id)
    made = RegisterAccountVerified(name, "verifier")
    server.call(server.server.hub.submit, server.call(session_of, server, id), [made])
    client.until(" 900 ")
    client.until("\r\n")


def session_of(server, id):
    return next(session for session in server.server.context.sessions if session.id == id)


def pong(client):
    """All that comes up to the answer to a PING."""
    client.send("PING here\r\n")
    return client.until(" :here\r\n")


def test_a_reaction_is_told_to_everyone_in_its_own_way(server):
    anna, bob = irc(server, "anna"), server.person("bob")
    id = said(anna, "hello there")
    bob.until("hello there\n")
    anna.send(f"@+reply={id};+draft/react=👍 TAGMSG #lobby\r\n")
    assert bob.line() == "anna reacted 👍 to “anna: hello there”"
    bob.send("/react 🎉\n")
    assert f";+reply={id};+draft/reply={id};" in anna.until("+draft/react=🎉 :bob!")
    bob.send("/unreact anna 🎉\n")
    anna.until("+draft/unreact=🎉")
    bob.send("/reply anna yes\n/nosuch\n")
    assert f"+reply={id}" in anna.until(":anna: yes\r\n")
    bob.until("There is no /nosuch.")


def test_an_answer_keeps_its_tag_in_the_history(server):
    anna = irc(server, "anna")
    id = said(anna, "hello")
    anna.send(f"@+reply={id};+typing=done PRIVMSG #lobby :yes\r\n")
    anna.until("yes\r\n")
    anna.send("CHATHISTORY LATEST #lobby * 1\r\n")
    page = anna.until("BATCH -")
    assert f";+reply={id} :anna!" in page


@pytest.mark.parametrize("word", ["/react 👍", "/react nobody 👍", "/reply nobody hi"])
def test_there_is_nothing_to_react_to(server, word):
    bob = server.person("bob")
    bob.send(f"{word}\n")
    assert bob.line() == "There is no such message in the lobby."


MORE = f"{CAPS} draft/event-playback draft/message-redaction"


def test_the_history_of_an_auditorium_hides_its_members_too(server):
    op, anna, bob = (irc(server, nick, MORE) for nick in ("op", "anna", "bob"))
    op.send("JOIN #hall\r\nMODE #hall +u\r\n")
    op.until("MODE #hall +u\r\n")
    for client in (anna, bob):
        client.send("JOIN #hall\r\n")
        client.until(" 366 ")
    bob.send("NICK bobby\r\nPART #hall\r\n")
    bob.until("PART #hall\r\n")
    for client, seen in ((op, True), (anna, False)):
        client.send("CHATHISTORY LATEST #hall * 50\r\n")
        page = client.until("BATCH -")
        assert ("bob!bob@localhost JOIN #hall" in page, "bobby!bob" in page) == (seen, seen)
        assert "anna!anna@localhost JOIN #hall" in page


def ids_of(text):
    """The msgid of each line that has one, by the line without its tags."""
    found = {}
    for line in text.splitlines():
        tags, _, rest = line.removeprefix("@").partition(" ")
        id = dict(tag.partition("=")[::2] for tag in tags.split(";")).get("msgid")
        if line.startswith("@") and id and " BATCH " not in rest:
            found[rest] = id
    return found


def page_of(client, target):
    client.send(f"CHATHISTORY LATEST {target} * 50\r\n")
    page = client.until(" BATCH -")
    client.until("\r\n")
    return page


def test_what_is_played_back_has_the_id_of_its_live_line(server):
    """IRCv3 chathistory, "Batch content": an id names the same message live and in the history."""
    op, bob = irc(server, "op", MORE, "#tea"), irc(server, "bob", MORE, "#tea")
    anna = irc(server, "anna", MORE, "#tea")
    anna.send("NICK ann\r\nPART #tea :so long\r\nJOIN #tea\r\n")
    op.send("TOPIC #tea :cups\r\nMODE #tea +vb-n ann x!*@*\r\n")
    id = said(op, "bad", "#tea")
    op.send(f"MODE #tea +m\r\nREDACT #tea {id}\r\nKICK #tea ann\r\n")
    op.until(" KICK #tea ann")
    anna.send("JOIN #tea\r\nQUIT\r\n")
    live = bob.until(" QUIT ") + bob.until("\r\n")
    played = ids_of(page_of(bob, "#tea"))
    known = {line: id for line, id in ids_of(live).items() if not line.endswith(":bad")}
    assert played | known == played
    for word in (
        "JOIN",
        "NICK",
        "PART",
        "TOPIC",
        "MODE #tea +vb-n",
        "MODE #tea +m",
        "REDACT",
        "KICK",
        "QUIT",
    ):
        assert any(f" {word} " in f"{line} " for line in known)
    assert len(set(played.values())) == len(played)


def test_what_two_commands_changed_in_one_instant_is_two_lines_in_a_page(server):
    """IRCv3 message-ids: each has an id of its own, live and in a page."""
    op, bob = irc(server, "op", MORE, "#tea"), irc(server, "bob", MORE, "#tea")
    op.send("MODE #tea +m\r\nMODE #tea -m\r\nMODE #tea +mc\r\nKICK #tea bob\r\nINVITE bob #tea\r\n")
    live = [line for line in bob.until(" KICK ").split("\r\n") if " MODE #tea " in line]
    bob.send("JOIN #tea\r\n")
    page = page_of(bob, "#tea")
    assert list(ids_of("\r\n".join(live))) == [
        f":op!op@localhost MODE #tea {change}" for change in ("+m", "-m", "+mc")
    ]
    assert ids_of("\r\n".join(live)).items() <= ids_of(page).items()


def tag_message(client, tags, to):
    client.send(f"@{tags} TAGMSG {to}\r\n")
    line = client.until(f" TAGMSG {to}\r\n").splitlines()[-1]
    return line, ids_of(line)[line.partition(" ")[2]]


@pytest.mark.parametrize("to", ["#lobby", "bob"])
def test_a_tag_message_is_kept_unless_it_means_nothing_later(server, to):
    """IRCv3 message-tags, "TAGMSG"; message-ids; message-redaction; chathistory, "draft/event-playback"."""
    anna, bob = irc(server, "anna", MORE), irc(server, "bob", MORE)
    typing = {tag_message(anna, "+typing=active", to)[1] for _ in range(2)}
    assert len(typing) == 2
    echo, id = tag_message(anna, "+x/y=z;+typing=done", to)
    read = bob.until("+x/y=z") + bob.until("\r\n")
    assert {id, *typing} <= set(ids_of(read.splitlines()[-1]).values()) | typing
    assert echo in read
    assert typing == {
        found for one in read.splitlines() if "=active" in one for found in ids_of(one).values()
    }
    played = page_of(bob, "anna" if to == "bob" else to)
    assert f"msgid={id};+x/y=z :anna!anna@localhost TAGMSG {to}\r\n" in played
    assert "typing" not in played
    anna.send(f"REDACT {to} {id} :oops\r\n")
    bob.until(f"REDACT {to} {id} :oops\r\n")
    played = page_of(bob, "anna" if to == "bob" else to)
    assert "TAGMSG" not in played
    assert f"REDACT {to} {id} :oops" in played


def test_a_page_does_not_say_that_somebody_is_away_now(server):
    """IRCv3 away-notify: AWAY is about who is there; a JOIN of long ago is played back without it."""
    bob = irc(server, "bob", f"{MORE} away-notify", "#tea")
    anna = irc(server, "anna", MORE)
    anna.send("AWAY :out\r\nJOIN #tea\r\nAWAY\r\n")
    assert " AWAY :out\r\n" in bob.until(" AWAY\r\n")
    page = page_of(bob, "#tea")
    assert ":anna!anna@localhost JOIN #tea\r\n" in page
    assert " AWAY" not in page


def test_the_last_page_of_targets_says_that_it_is(server):
    """IRCv3 chathistory, pull request 598: the tag draft/chathistory-end."""
    anna, bob = irc(server, "anna", MORE), irc(server, "bob", MORE)
    said(anna, "hello")
    anna.send("PRIVMSG bob :hi\r\n")
    bob.until(":hi\r\n")
    for limit, ended in ((1, False), (2, True), (3, True)):
        times = "timestamp=2000-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z"
        bob.send(f"CHATHISTORY TARGETS {times} {limit}\r\n")
        assert ("@draft/chathistory-end " in pong(bob)) == ended


def test_a_private_page_names_the_person_as_the_client_did(server):
    """IRCv3 chathistory: the batch's parameter is the target."""
    anna, bob = irc(server, "anna", MORE), irc(server, "Bob", MORE)
    anna.send("PRIVMSG bob :hi\r\n")
    bob.until(":hi\r\n")
    assert " chathistory bOB\r\n" in page_of(anna, "bOB")


def test_pins_are_played_back_without_their_tag_and_text(server):
    op = irc(server, "op", MORE, "#tea")
    id = said(op, "first", "#tea")
    op.send(f"PIN #tea {id}\r\nUNPIN #tea {id}\r\n")
    op.until("unpinned a message of op\r\n")
    late, plain = irc(server, "late", MORE, "#tea"), irc(server, "plain", CAPS, "#tea")
    late.send("CHATHISTORY LATEST #tea * 50\r\n")
    page = late.until("BATCH -").splitlines()
    pinned, unpinned = (line for line in page if "pinned" in line)
    assert pinned.endswith(" :asyncchat.local NOTICE #tea :op pinned a message of op")
    assert unpinned.endswith(" :asyncchat.local NOTICE #tea :op unpinned a message of op")
    assert all("msgid=" in line and "asyncchat/" not in line for line in (pinned, unpinned))
    plain.send("CHATHISTORY LATEST #tea * 50\r\n")
    assert "pinned" not in plain.until("BATCH -")


class TestRedaction:
    def test_an_author_takes_a_message_back(self, server):
        anna, bob = irc(server, "anna", MORE), irc(server, "bob", MORE)
        old, zoe = irc(server, "old"), server.person("zoe")
        id = said(anna, "secret words")
        anna.send(f"REDACT #lobby {id} :a typo\r\n")
        for client in (anna, bob):
            assert f" REDACT #lobby {id} :a typo\r\n" in client.until("a typo\r\n")
        assert "NOTICE #lobby :anna erased 1 message: a typo\r\n" in old.until("a typo\r\n")
        zoe.until("anna erased 1 message from the history (a typo)\n")
        old.send("CHATHISTORY LATEST #lobby * 10\r\n")
        page = old.until("BATCH -")
        assert "secret" not in page
        assert "REDACT" not in page
        bob.send("CHATHISTORY LATEST #lobby * 50\r\n")
        page = bob.until("BATCH -")
        assert "secret" not in page
        assert f" :anna!anna@localhost REDACT #lobby {id} :a typo\r\n" in page

    def test_who_may_not(self, server):
        anna, bob = irc(server, "anna", MORE), irc(server, "bob", MORE)
        id = said(bob, "mine")
        anna.until("mine\r\n")
        irc(server, "carol", room="#other")
        bob.send("PRIVMSG anna :psst\r\n")
        private = anna.until("psst\r\n").rpartition("msgid=")[2].split(" ")[0]
        epoch = id.split("-")[0]
        anna.send("MODE #lobby -o anna\r\n")
        for asked, answer in (
            (f"#lobby {id}", f"REDACT_FORBIDDEN #lobby {id} "),
            (f"bob {private}", f"REDACT_FORBIDDEN bob {private} "),
            (f"#lobby {private}", f"UNKNOWN_MSGID #lobby {private} "),
            (f"#lobby {epoch}-9999", f"UNKNOWN_MSGID #lobby {epoch}-9999 "),
            ("#lobby nonsense", "UNKNOWN_MSGID #lobby nonsense "),
            (f"#other {id}", "INVALID_TARGET #other "),
            (f"#none {id}", "INVALID_TARGET #none "),
        ):
            anna.send(f"REDACT {asked}\r\n")
            assert f"FAIL REDACT {answer}:" in pong(anna)
        old = irc(server, "old")
        old.send(f"REDACT #lobby {id}\r\n")
        assert "421 old REDACT " in pong(old)

    def test_an_operator_erases_anyones(self, server):
        anna, bob = irc(server, "anna", MORE, "#tea"), irc(server, "bob", MORE, "#tea")
        id = said(bob, "spam", "#tea")
        anna.send(f"REDACT #tea {id}\r\n")
        assert f":anna!anna@localhost REDACT #tea {id}\r\n" in bob.until(f"REDACT #tea {id}\r\n")
        anna.send(f"REDACT #tea {id}\r\n")
        assert "UNKNOWN_MSGID" in pong(anna)

    def test_somebody_else_under_the_same_name_may_not(self, server):
        anna = irc(server, "anna", MORE)
        id = said(anna, "mine")
        zoe = irc(server, "zoe", MORE)
        anna.send("QUIT\r\n")
        anna.rest()
        pong(zoe)
        zoe.send(f"NICK anna\r\nMODE #lobby -o anna\r\nREDACT #lobby {id}\r\n")
        assert "REDACT_FORBIDDEN" in pong(zoe)

    def test_an_account_may_on_another_visit(self, server):
        anna = irc(server, "anna", MORE)
        account(server, anna, "anna")
        id = said(anna, "mine")
        zoe = irc(server, "zoe", MORE)
        anna.send("NICK other\r\n")
        pong(anna)
        anna.send(f"REDACT #lobby {id}\r\n")
        assert f"other!anna@localhost REDACT #lobby {id}" in zoe.until("REDACT #lobby") + zoe.line()

    def test_a_private_message(self, server):
        anna, bob, old = irc(server, "anna", MORE), irc(server, "bob", MORE), irc(server, "old")
        id = said(anna, "psst", "bob")
        bob.until("psst\r\n")
        anna.send(f"REDACT bob {id}\r\n")
        assert f":anna!anna@localhost REDACT bob {id}\r\n" in bob.until(f"REDACT bob {id}\r\n")
        id = said(anna, "oops", "old")
        anna.send(f"REDACT old {id}\r\n")
        old.until("NOTICE old :anna took back a private message\r\n")
        for client, name in ((anna, "bob"), (bob, "anna"), (anna, "old")):
            client.send(f"CHATHISTORY LATEST {name} * 9\r\n")
            page = pong(client)
            assert "PRIVMSG" not in page
            assert "REDACT" in page or client is old

    def test_at_a_terminal(self, server):
        bob, anna = server.person("bob"), server.person("anna")
        anna.send("one\ntwo\n/unsay typo\n/unsay\n/unsay\n/history\n")
        bob.until("anna erased 1 message from the history\n")
        bob.send("/unsay nobody\n")
        bob.until("Not erased: there is no such message.\n")


class TestPrivateHistory:
    def ask(self, client, asked):
        client.send(f"CHATHISTORY {asked}\r\n")
        return pong(client)

    def test_both_sides_of_two_accounts_read_it_on_any_visit(self, server):
        anna, bob = irc(server, "anna"), irc(server, "bob")
        account(server, anna, "anna"), account(server, bob, "bob")
        for client, to, text in ((anna, "bob", "one"), (bob, "anna", "two"), (anna, "anna", "self")):
            said(client, text, to)
        pong(anna)
        for client, name in ((anna, "bob"), (bob, "ANNA")):
            page = self.ask(client, f"LATEST {name} * 9")
            assert [line.rpartition(":")[2] for line in page.split("\r\n") if "PRIVMSG" in line] == [
                "one",
                "two",
            ]
            assert f"chathistory {name}\r\n" in page
        page = self.ask(anna, "LATEST anna * 9")
        assert page.count(":self\r\n") == 1
        bob.send("NICK robert\r\n")
        pong(bob), pong(anna)
        assert "two" in self.ask(anna, "LATEST robert * 9")
        bob.send("QUIT\r\n")
        bob.rest()
        pong(anna)
        assert "two" in self.ask(anna, "LATEST bob * 9")

    def test_nobody_reads_it_by_taking_a_name(self, server):
        anna, bob = irc(server, "anna"), irc(server, "bob")
        said(anna, "psst", "bob")
        bob.until("psst\r\n")
        assert "psst" in self.ask(anna, "LATEST bob * 9")
        assert "psst" in self.ask(bob, "LATEST anna * 9")
        bob.send("QUIT\r\n")
        bob.rest()
        pong(anna)
        for name in ("bob", "anna2"):
            thief = irc(server, name)
            page = self.ask(thief, "LATEST anna * 9")
            assert "BATCH" in page
            assert "psst" not in page
        assert "psst" in self.ask(anna, "LATEST bob * 9")

    def test_targets(self, server):
        anna, bob = irc(server, "anna"), irc(server, "bob")
        account(server, anna, "anna")
        said(anna, "hi")
        said(bob, "one", "anna")
        said(anna, "three", "anna")
        irc(server, "carol", room="#other")
        wide = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"
        back = " ".join(reversed(wide.split(" ")))

        def targets(asked):
            page = self.ask(anna, f"TARGETS {asked}")
            assert "draft/chathistory-targets\r\n" in page
            return [line.split(" ")[4] for line in page.split("\r\n") if " CHATHISTORY TARGETS " in line]

        assert targets(f"{wide} 10") == targets(f"{back} 10") == ["#lobby", "bob", "anna"]
        assert targets(f"{wide} 1") == ["#lobby"]
        assert targets(f"{back} 2") == ["bob", "anna"]
        assert targets("timestamp=2020-01-01T00:00:00.000Z timestamp=2020-01-02T00:00:00.000Z 5") == []

    def test_what_happened_in_a_room(self, server):
        anna, old = irc(server, "anna", MORE, "#tea"), irc(server, "old", CAPS, "#tea")
        bob = irc(server, "bob", CAPS, "#tea")
        anna.send("TOPIC #tea :green\r\nMODE #tea +m\r\n")
        id = said(anna, "hi", "#tea")
        anna.send(f"@+reply={id};+draft/react=x TAGMSG #tea\r\n")
        anna.send("KICK #tea bob :out\r\n")
        anna.until("KICK")
        bob.send("NICK robert\r\nJOIN #tea\r\nQUIT :bye\r\n")
        bob.rest()
        words = ["JOIN", "JOIN", "JOIN", "TOPIC", "MODE", "PRIVMSG", "TAGMSG", "KICK", "JOIN", "QUIT"]
        pong(anna)
        page = self.ask(anna, "LATEST #tea * 50")
        lines = [line.split(" ") for line in page.split("\r\n") if line.startswith("@batch=")]
        assert [line[2] for line in lines] == words
        assert all(";time=" in line[0] and ";msgid=" in line[0] for line in lines)
        assert [
            line[2]
            for line in (one.split(" ") for one in self.ask(anna, "LATEST #tea * 2").split("\r\n"))
            if line[0].startswith("@batch")
        ] == words[-2:]
        page = self.ask(old, "LATEST #tea * 50")
        assert [line.split(" ")[2] for line in page.split("\r\n") if line.startswith("@batch=")] == [
            "PRIVMSG"
        ]


MARKS = f"{CAPS} draft/read-marker"


class TestReadMarker:
    EARLY, LATE = "timestamp=2024-01-01T00:00:00.123Z", "timestamp=2024-01-02T00:00:00.456Z"

    def ask(self, client, asked):
        client.send(f"MARKREAD {asked}\r\n")
        return [line for line in pong(client).split("\r\n") if "MARKREAD" in line]

    def test_a_mark_only_moves_forward(self, server):
        anna = irc(server, "anna", MARKS)
        told = ":asyncchat.local MARKREAD #lobby "
        assert self.ask(anna, "#LOBBY") == [f"{told}*"]
        assert self.ask(anna, f"#lobby {self.LATE}") == [told + self.LATE]
        assert self.ask(anna, f"#lobby {self.EARLY}") == [told + self.LATE]
        assert self.ask(anna, "#lobby") == [told + self.LATE]
        assert self.ask(anna, f"bob {self.EARLY}") == [f":asyncchat.local MARKREAD bob {self.EARLY}"]
        assert "9999" not in self.ask(anna, "#lobby timestamp=9999-01-01T00:00:00.000Z")[0]

    def test_it_is_told_before_the_end_of_names(self, server):
        anna = irc(server, "anna", MARKS)
        self.ask(anna, f"#lobby {self.LATE}")
        anna.send("PART #lobby\r\nJOIN #lobby,#new\r\n")
        lines = pong(anna).split("\r\n")
        words = [line.split(" ")[1] for line in lines if line.startswith(":asyncchat.local ")]
        assert words.index("MARKREAD") < words.index("366")
        assert f":asyncchat.local MARKREAD #lobby {self.LATE}" in lines
        assert ":asyncchat.local MARKREAD #new *" in lines

    def test_an_accounts_other_sessions_are_told_and_nobody_else(self, server):
        anna, second, bob = (irc(server, name, MARKS) for name in ("anna", "anna2", "bob"))
        account(server, anna, "anna")
        server.call(
            server.server.hub.submit,
            server.call(
                session_of, server, server.call(lambda: server.server.hub.chat.person_named("anna2").id)
            ),
            [LogInVerified("anna", verified=True)],
        )
        second.until(" 900 ")
        self.ask(anna, f"#lobby {self.LATE}")
        second.until(f"MARKREAD #lobby {self.LATE}\r\n")
        assert "MARKREAD" not in pong(bob)
        assert self.ask(second, "#lobby") == [f":asyncchat.local MARKREAD #lobby {self.LATE}"]
        assert self.ask(bob, "#lobby") == [":asyncchat.local MARKREAD #lobby *"]

    @pytest.mark.parametrize(
        ("asked", "answer"),
        [
            ("", "NEED_MORE_PARAMS :Missing parameters"),
            ("#lobby *", "INVALID_PARAMS #lobby * :Invalid parameters"),
            ("#lobby timestamp=x", "INVALID_PARAMS #lobby timestamp=x :Invalid parameters"),
            ("#lobby 2024-01-01T00:00:00.000Z", "INVALID_PARAMS #lobby 2024-01-01T00:00:00.000Z :"),
            ("a!b", "INVALID_PARAMS a!b :Invalid parameters"),
            ("#", "INVALID_PARAMS # :Invalid parameters"),
        ],
    )
    def test_faults(self, server, asked, answer):
        anna = irc(server, "anna", MARKS)
        assert self.ask(anna, asked)[0].startswith(f":asyncchat.local FAIL MARKREAD {answer}")

    def test_not_for_who_has_not_asked_for_it(self, server):
        old = irc(server, "old")
        assert "421 old MARKREAD :" in self.ask(old, "#lobby")[0]


def test_marks_outlive_the_server():
    log = MemoryLog()
    late = "timestamp=2024-01-02T00:00:00.456Z"
    for expected in ("*", late):
        with serving(log) as server:
            anna = irc(server, "anna" if expected == "*" else "anna2", MARKS)
            if expected == "*":
                account(server, anna, "anna")
            else:
                id = server.call(lambda server=server: server.server.hub.chat.person_named("anna2").id)
                session = server.call(session_of, server, id)
                server.call(server.server.hub.submit, session, [LogInVerified("anna", verified=True)])
                anna.until(" 900 ")
            anna.send(f"MARKREAD #lobby\r\nMARKREAD #lobby {late}\r\n")
            assert f"MARKREAD #lobby {expected}\r\n" in pong(anna)
            server.stop()


def test_a_renamed_room_keeps_its_history(server):
    anna = irc(server, "anna", f"{MORE} draft/channel-rename", "#tea")
    id = said(anna, "old words", "#tea")
    said(anna, "kept words", "#tea")
    anna.send("RENAME #tea #green :better\r\n")
    anna.until("RENAME")
    said(anna, "new words", "#green")
    irc(server, "bob", CAPS, "#tea")
    anna.send(f"REDACT #green {id}\r\nCHATHISTORY LATEST #green * 9\r\n")
    page = pong(anna).partition("BATCH +")[2]
    assert " PRIVMSG #green :kept words\r\n" in page
    assert " PRIVMSG #green :new words\r\n" in page
    assert "old words" not in page


class TestForOtherClients:
    def come(self, server, name, caps, room="#tea"):
        client = server.connect()
        client.send(f"CAP REQ :{caps}\r\n" if caps else "")
        client.send(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\nJOIN {room}\r\n")
        client.until(" 366 ")
        client.until("\r\n")
        return pong(client)

    @pytest.fixture
    def talk(self, server):
        """A room in which more was said than a newcomer reads."""
        anna = irc(server, "anna", CAPS, "#tea")
        for number in range(25):
            said(anna, f"line {number}", "#tea")
        said(anna, "\x01ACTION waves\x01", "#tea")
        anna.send("PRIVMSG #tea :\x01VERSION\x01\r\n")
        pong(anna)
        return anna

    def test_the_last_lines_on_joining(self, server, talk):
        told = self.come(server, "old", "").split("\r\n")
        by = ":HistServ!HistServ@asyncchat.local NOTICE old :"
        assert told[0] == f"{by}7 earlier messages: /msg HistServ HISTORY #tea"
        assert told[1] == f"{by}Earlier messages in #tea begin here."
        assert told[-3] == f"{by}Earlier messages in #tea end here."
        said_ = [line for line in told if "PRIVMSG" in line]
        assert len(said_) == 19
        assert said_[0].startswith(":anna!anna@localhost PRIVMSG #tea :[")
        assert said_[0].endswith("] line 7")
        assert "PRIVMSG #tea :\x01ACTION [" in said_[-1]
        assert "VERSION" not in "".join(told)

    def test_with_times_and_batches(self, server, talk):
        told = self.come(server, "some", "server-time batch message-tags").split("\r\n")
        assert "begin here" not in "".join(told)
        assert " BATCH +h0 chathistory #tea" in told[1]
        assert told[2].startswith("@batch=h0;time=")
        assert told[2].endswith(":anna!anna@localhost PRIVMSG #tea :line 7")

    def test_times_alone_do_not_tell_what_is_old(self, server, talk):
        """IRCv3 "chathistory": a batch marks the history; without it the text does."""
        told = self.come(server, "some", "server-time").split("\r\n")
        said_ = [number for number, line in enumerate(told) if "PRIVMSG" in line]
        assert len(said_) == 19
        assert told[said_[0] - 1].endswith(":Earlier messages in #tea begin here.")
        assert told[said_[-1] + 1].endswith(":Earlier messages in #tea end here.")

    @pytest.mark.parametrize("caps", ["", "server-time batch"])
    def test_not_for_bots_unasked(self, server, talk, caps):
        """IRCv3 "Bot Mode": who set it before it joined takes what it is told for new."""
        bot = server.connect()
        bot.send(f"CAP REQ :{caps}\r\n" if caps else "")
        bot.send("NICK bot\r\nUSER bot 0 * :bot\r\nCAP END\r\nMODE bot +B\r\nJOIN #tea\r\n")
        bot.until(" 366 ")
        bot.until("\r\n")
        told = pong(bot)
        assert "PRIVMSG" not in told
        assert "NOTICE" not in told
        bot.send("HISTORY #tea 3\r\n")
        assert pong(bot).count("PRIVMSG") == 2

    def test_who_parts_and_joins_is_told_only_what_was_missed(self, server, talk):
        old = server.connect()
        old.send("NICK old\r\nUSER old 0 * :old\r\nJOIN #tea\r\n")
        assert pong(old).count(" PRIVMSG #tea ") == 19
        old.send("PART #tea\r\nJOIN #tea\r\n")
        told = pong(old)
        assert ("PRIVMSG" in told, "NOTICE" in told) == (False, False)
        old.send("PART #tea\r\n")
        pong(old)
        said(talk, "meanwhile", "#tea")
        old.send("JOIN #tea\r\n")
        assert [line[-9:] for line in pong(old).split("\r\n") if " PRIVMSG #tea " in line] == ["meanwhile"]

    def test_who_is_kicked_and_joins_is_told_only_what_was_missed(self, server, talk):
        old = server.connect()
        old.send("NICK old\r\nUSER old 0 * :old\r\nJOIN #tea\r\n")
        assert pong(old).count(" PRIVMSG #tea ") == 19
        talk.send("KICK #tea old\r\n")
        old.until(" KICK #tea old ")
        said(talk, "meanwhile", "#tea")
        old.send("JOIN #tea\r\n")
        assert [line[-9:] for line in pong(old).split("\r\n") if " PRIVMSG #tea " in line] == ["meanwhile"]
        old.send("KICK #tea old\r\nPART #tea\r\nJOIN #tea\r\n")
        assert "PRIVMSG" not in pong(old)

    @pytest.mark.parametrize("kicked", [False, True])
    def test_a_terminal_that_leaves_and_joins_is_told_only_what_was_missed(self, server, talk, kicked):
        def joins():
            old.send("/join #tea\n/me\n")
            told = old.until("Usage: /me")
            return [word for word in ("line 24", "meanwhile") if word in told]

        old = server.person("old")
        assert joins() == ["line 24"]
        if kicked:
            talk.send("KICK #tea old\r\n")
            old.until("by anna")
        else:
            old.send("/part #tea\n")
            old.until("goes to the lobby now.")
        said(talk, "meanwhile", "#tea")
        assert joins() == ["meanwhile"]
        old.send("/part #tea\n")
        old.until("goes to the lobby now.")
        assert joins() == []

    def test_a_guest_who_returns_is_told_only_what_was_missed(self, server, talk):
        def come(user):
            guest = server.connect()
            guest.send(f"NICK old\r\nUSER {user} 0 * :old\r\nJOIN #tea\r\n")
            told = [line for line in pong(guest).split("\r\n") if " PRIVMSG #tea " in line]
            said(talk, "heard", "#tea")
            guest.until("heard")
            guest.send("QUIT\r\n")
            guest.rest()
            return told

        assert len(come("old")) == 19
        said(talk, "meanwhile", "#tea")
        assert [line[-9:] for line in come("old")] == ["meanwhile"]
        assert come("old") == []
        assert len(come("other")) > 10

    def test_not_for_accounts_that_want_none(self, server, talk):
        old = server.irc("old")
        old.send("NS REGISTER sesame-street\r\n")
        for word, told in (("OFF", "not told"), ("", "not told"), ("ON", "told"), ("OFF", "not told")):
            old.send(f"NS SET HISTORY {word}\r\n")
            old.until(f"NOTICE old :As old you are {told} unasked what was said before\r\n")
        old.send("JOIN #tea\r\n")
        assert "PRIVMSG" not in pong(old)
        old.send("PART #tea\r\nNS SET HISTORY ON\r\n")
        pong(old)
        said(talk, "meanwhile", "#tea")
        old.send("JOIN #tea\r\n")
        assert pong(old).count("PRIVMSG") == 1

    def test_not_for_who_asks_by_itself(self, server, talk):
        assert "PRIVMSG" not in self.come(server, "new", CAPS)

    def test_an_empty_room_is_silent(self, server):
        assert self.come(server, "old", "") == ":asyncchat.local PONG asyncchat.local :here\r\n"

    def test_histserv_pages_further(self, server, talk):
        client = server.connect()
        client.send("NICK old\r\nUSER old 0 * :old\r\nJOIN #tea\r\n")
        client.until(" 366 ")
        pong(client)
        client.send("PRIVMSG HistServ :HISTORY #tea\r\n")
        told = pong(client).split("\r\n")
        assert [line.rpartition("] ")[2] for line in told if "PRIVMSG" in line] == [
            f"line {number}" for number in range(7)
        ]
        for asked in ("PRIVMSG HistServ :PLAY #tea 3", "HISTORY #tea 3", "NOTICE x :\r\nHISTORY #tea 3"):
            client.send(f"{asked}\r\n")
            assert pong(client).count(" PRIVMSG #tea :") == 2
        client.send("HISTORY #tea 2h\r\n")
        assert pong(client).count(" PRIVMSG #tea :") == 26
        for asked, answer in (
            ("HISTORY #tea x", "Syntax: HISTORY <#channel|nickname>"),
            ("PRIVMSG HistServ :hello", "Syntax: HISTORY <#channel|nickname>"),
            ("PRIVMSG HistServ :CLEAR #tea anna", ":asyncchat.local 482 "),
            ("HISTORY #none", "The history of #none can't be read."),
            ("HISTORY #tea 2001-01-01", "There are no messages in #tea for that."),
        ):
            client.send(f"{asked}\r\n")
            assert (answer if answer[0] == ":" else f"NOTICE old :{answer}") in pong(client)

    def test_histserv_clears(self, server, talk, monkeypatch):
        """A large erasure is several events, each kept and told by itself, and one sentence."""
        monkeypatch.setattr(history, "ERASED_AT_ONCE", 10)
        reader = irc(server, "reader", f"{CAPS} draft/message-redaction")
        reader.send("JOIN #tea\r\n")
        pong(reader)
        batches = server.server.outbox.batches
        talk.send("PRIVMSG HistServ :CLEAR #tea anna\r\n")
        told = pong(talk)
        assert told.count(" erased ") == 1
        assert "NOTICE #tea :anna erased 27 messages\r\n" in told
        assert pong(reader).count(" REDACT #tea ") == 27
        assert server.server.outbox.batches >= batches + 3
        talk.send("HISTORY #tea\r\n")
        assert "PRIVMSG #tea" not in pong(talk)


def test_a_private_conversation_is_read_back_at_a_terminal(server):
    bob, anna = server.person("bob"), server.person("anna")
    anna.send("/msg bob one\n")
    bob.until("one\n")
    bob.send("/msg anna two\n")
    anna.until("two\n")
    for client, other in ((anna, "bob"), (bob, "anna")):
        client.send(f"/history @{other}\n")
        client.until(" [private] anna: one\n")
        assert client.line().endswith(" [private] bob: two")


LINES = f"{CAPS} labeled-response draft/multiline"


@pytest.mark.parametrize("to", ["#lobby", "bob"])
def test_a_message_of_several_lines_comes_back_as_it_was_cut(server, to):
    anna, bob, old = irc(server, "anna", LINES), irc(server, "bob", LINES), irc(server, "old")
    anna.send(
        f"BATCH +1 draft/multiline {to}\r\n@batch=1 PRIVMSG {to} :one\r\n@batch=1 PRIVMSG {to} :\r\n"
        f"@batch=1 PRIVMSG {to} :two\r\n@batch=1;draft/multiline-concat PRIVMSG {to} : and on\r\nBATCH -1\r\n"
    )
    anna.until("BATCH -")
    bob.until("BATCH -")
    for client, other in ((anna, "bob"), (bob, "anna")):
        client.until("\r\n")
        client.send(f"CHATHISTORY LATEST {to if to[0] == '#' else other} * 9\r\n")
        page = client.until(" and on\r\n")
        told = [line.partition(" PRIVMSG ") for line in page.splitlines() if " PRIVMSG " in line]
        assert [line.partition(":")[2] for _, _, line in told] == ["one", "", "two", " and on"]
        assert ["multiline-concat" in tags for tags, _, _ in told] == [False, False, False, True]
    if to == "#lobby":
        old.send(f"CHATHISTORY LATEST {to} * 9\r\n")
        page = old.until("BATCH -")
        assert [line.rpartition(" :")[2] for line in page.splitlines() if "PRIVMSG" in line][-3:] == [
            "one",
            "two",
            " and on",
        ]


def test_the_python_client_reads_several_lines_whole(server):
    text = "a private\n\n  message of " + "many words " * 60
    address = f"127.0.0.1:{server.port}"
    with Client(address, nick="anna") as anna, Client(address, nick="bob") as bob:
        for to, reader, other in (("bob", anna, "bob"), ("bob", bob, "anna"), ("#lobby", bob, "#lobby")):
            id = anna.say(to, text).wait()
            (read,) = reader.history(other, limit=1)
            assert (read.id, read.text, read.nick, read.replayed) == (id, text, "anna", True)
