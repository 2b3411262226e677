"""Labelled responses: one tag, one batch or one ACK for each labelled line, whatever it asks."""

import pytest

from asyncchat.core.commands import DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.history import HistoryPage
from asyncchat.core.features.messages import Said
from asyncchat.core.features.queries import RoomSummary, RoomsView
from asyncchat.core.people import Person
from asyncchat.core.replies import Reply, StorageDown
from asyncchat.dialects.irc.features.history import ChathistoryPurpose
from asyncchat.dialects.irc.labels import LONG_BYTES, LabeledResponse, LabelStart, label_of
from asyncchat.dialects.irc.registry import COMMANDS

SERVER = ":irc.test "
LABELS = "labeled-response batch"


@pytest.fixture
def a(server):
    return server.person("a", "#r", caps=LABELS)


def unbatched(lines, label="x"):
    """The lines of a response that is a batch of its own kind, without what makes it one."""
    head, *inner, end = lines
    start = f"@label={label} {SERVER}BATCH +"
    assert head.startswith(start)
    reference, kind = head.removeprefix(start).split(" ")
    assert kind == "labeled-response"
    assert end == f"{SERVER}BATCH -{reference}"
    assert all(line.startswith(f"@batch={reference}") for line in inner)
    return [line.removeprefix(f"@batch={reference} ") for line in inner]


class TestOneLine:
    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("PING 1", ":irc.test PONG irc.test :1"),
            ("FOO", ":irc.test 421 a FOO :Unknown command"),
            ("TAGMSG #r", ":irc.test 421 a TAGMSG :Unknown command"),
            ("JOIN", ":irc.test 461 a JOIN :Not enough parameters"),
            ("JOIN none", ":irc.test 403 a none :No such channel: a channel's name begins with #"),
            ("PRIVMSG nobody :x", ":irc.test 401 a nobody :No such nick/channel"),
            ("PRIVMSG", ":irc.test 411 a :No recipient given (PRIVMSG)"),
            ("NICK a*", ":irc.test 432 a a* :That nickname is not allowed: it has *"),
            ("NICK b", ":a!a@192.0.2.1 NICK b"),
            ("PART #r", ":a!a@192.0.2.1 PART #r"),
            ("TOPIC #r", ":irc.test 331 a #r :No topic is set"),
            ("TOPIC #r :t", ":a!a@192.0.2.1 TOPIC #r :t"),
            ("MODE a", ":irc.test 221 a +"),
            ("AWAY :x", ":irc.test 306 a :You have been marked as being away"),
            ("CAP FOO", ":irc.test 410 a FOO :Invalid CAP command"),
            ("CAP REQ :server-time", ":irc.test CAP a ACK :server-time"),
            ("USER a 0 * :r", ":irc.test 462 a :You may not reregister"),
            ("OPER owner wrong", ":irc.test 464 a :Password incorrect"),
            ("OPER elsewhere x", ":irc.test 491 a :No O-lines for your host"),
            ("REHASH", ":irc.test 481 a :Permission Denied- You're not an IRC operator"),
            ("MOTD a", ":irc.test 422 a :There is no message of the day"),
            ("CHATHISTORY FOO", ":irc.test FAIL CHATHISTORY INVALID_PARAMS FOO :Unknown command"),
            (
                "CHATHISTORY LATEST #no * 5",
                ":irc.test FAIL CHATHISTORY INVALID_TARGET LATEST #no :Messages could not be retrieved",
            ),
            ("QUIT :bye", "ERROR :Closing link: (a@192.0.2.1) [Quit: bye]"),
        ],
    )
    def test_carries_the_label(self, a, line, answer):
        assert a.send(f"@label=x {line}") == [f"@label=x {answer}"]

    @pytest.mark.parametrize(
        "line", ["PONG x", "PRIVMSG #r :x", "NOTICE nobody :x", "NICK a", "CAP END", "JOIN #r", "ERROR", ""]
    )
    def test_is_an_acknowledgement_where_nothing_is_said(self, a, line):
        assert a.send(f"@label=x {line}") == ["@label=x :irc.test ACK"]

    def test_that_is_too_long_or_no_text(self, a):
        long = "x" * 512
        assert a.send(f"@label=x PRIVMSG #r :{long}") == ["@label=x :irc.test 417 a :Input line was too long"]
        tags = "+t=" + "y" * 4100
        assert a.send(f"@label=x;{tags} PING 1")[0].endswith(" 417 a :Input line was too long")
        (told,) = a.send_raw("@label=é PRIVMSG #r :".encode() + b"\xff\r\n")
        assert told.startswith("@label=é :irc.test FAIL PRIVMSG INVALID_UTF8 :")

    def test_beside_other_tags(self, server, a):
        b = server.person("b", "#r", caps=f"{LABELS} echo-message server-time message-tags")
        (told,) = b.send("@+x=1;label=x\\sy\\:;+typing=active PRIVMSG #r :hi")
        assert told.startswith("@label=x\\sy\\:;time=")
        assert told.endswith(";+x=1;+typing=active :b!b@192.0.2.1 PRIVMSG #r :hi")
        assert a.read()[-1] == ":b!b@192.0.2.1 PRIVMSG #r :hi"


class TestSeveralLines:
    def test_are_a_batch(self, a):
        lines = unbatched(a.send("@label=x WHOIS a"))
        assert lines[0] == SERVER + "311 a a a 192.0.2.1 * :a Real"
        assert lines[-1] == SERVER + "318 a a :End of /WHOIS list"

    @pytest.mark.parametrize(
        "line",
        [
            "JOIN #s",
            "NAMES #r",
            "WHO #r",
            "VERSION",
            "LIST",
            "LUSERS",
            "MODE #r",
            "WHOWAS no",
            "HELP",
            "INFO",
        ],
    )
    def test_of_any_command(self, a, line):
        assert len(unbatched(a.send(f"@label=x {line}"))) > 1

    def test_of_several_targets(self, server):
        b = server.person("b", "#r", "#s", caps=f"{LABELS} echo-message")
        assert unbatched(b.send("@label=x PRIVMSG #r,#s :hi")) == [
            ":b!b@192.0.2.1 PRIVMSG #r :hi",
            ":b!b@192.0.2.1 PRIVMSG #s :hi",
        ]
        assert unbatched(b.send("@label=x JOIN #t,bad"))[-1].startswith(SERVER + "403 b bad :")

    def test_one_of_several_targets_that_says_something(self, a):
        assert a.send("@label=x PRIVMSG #r,nobody :hi") == [
            "@label=x :irc.test 401 a nobody :No such nick/channel"
        ]

    def test_a_message_longer_than_a_line_is_one_response(self, server):
        b = server.person("b" * 32, "#r", caps=f"{LABELS} echo-message")
        text = "x " * 230
        lines = unbatched(b.send(f"@label=x PRIVMSG #r :{text}"))
        assert len(lines) == 2

    def test_labels_follow_each_other(self, a):
        lines = a.send("@label=1 PING 1", "@label=2 LUSERS", "PING 2", "@label=3 PONG")
        assert lines[0].startswith("@label=1 :irc.test PONG")
        assert lines[1].startswith("@label=2 :irc.test BATCH +")
        assert lines[-2:] == [SERVER + "PONG irc.test :2", "@label=3 :irc.test ACK"]

    def test_more_than_one_turn_can_hold(self, server, a):
        rooms = ",".join(f"#n{number}" for number in range(50))
        lines = a.send("@label=1 JOIN " + rooms, "@label=2 PART " + rooms, "@label=3 PING 3")
        starts = [line.split(" ")[0] for line in lines if line.startswith("@label=")]
        assert starts == ["@label=1", "@label=2", "@label=3"]
        assert sum(" JOIN " in line for line in lines) == sum(" PART " in line for line in lines) == 50
        assert all(line.startswith(("@batch=", "@label=", ":irc.test BATCH -")) for line in lines)


class TestAcrossGates:
    def test_a_page_of_history_is_a_batch_already(self, server):
        a = server.person("a", "#r", caps=f"{LABELS} draft/chathistory")
        a.send("PRIVMSG #r :one", "PRIVMSG #r :two")
        lines = a.send("@label=x CHATHISTORY LATEST #r * 10", "PING 1")
        assert lines[0].startswith("@label=x :irc.test BATCH +")
        assert lines[0].endswith(" chathistory #r")
        assert len(lines) == 5
        assert [line for line in lines if "label" in line] == lines[:1]

    def test_two_pages_in_one_answer(self, server):
        a = server.person("a", "#r", caps=f"{LABELS} draft/chathistory message-tags echo-message")
        (told,) = a.send("PRIVMSG #r :one")
        id = told[1:].partition(" ")[0].removeprefix("msgid=")
        a.send("PRIVMSG #r :two", "PRIVMSG #r :three")
        lines = a.send(f"@label=x CHATHISTORY AROUND #r msgid={id} 4", "@label=y PING 1")
        assert lines[0].startswith("@label=x :irc.test BATCH +")
        assert [line.rpartition(" :")[2] for line in lines[1:-2]] == ["one", "two", "three"]
        assert lines[-1] == "@label=y :irc.test PONG irc.test :1"

    def test_an_operator(self, a):
        lines = unbatched(a.send("@label=x OPER owner 7KQ2-M9XD"))
        assert lines == [SERVER + "381 a :You are now an IRC operator", ":a MODE a :+o"]

    def test_the_registration(self, server):
        peer = server.connect()
        peer.send(f"CAP REQ :{LABELS}")
        assert peer.send("@label=1 NICK n") == ["@label=1 :irc.test ACK"]
        assert peer.send("@label=2 USER n 0 * :r") == ["@label=2 :irc.test ACK"]
        lines = unbatched(peer.send("@label=3 CAP END"), "3")
        assert lines[0].startswith(SERVER + "001 n ")
        assert lines[-1].startswith(SERVER + "422 n ")

    def test_a_registration_with_a_password(self):
        from tests.dialects.irc.conftest import Server

        peer = Server(locked=True).connect()
        peer.send(f"CAP REQ :{LABELS}", "PASS :open sesame", "NICK n", "USER n 0 * :r")
        assert unbatched(peer.send("@label=3 CAP END"), "3")[0].startswith(SERVER + "001 n ")

    def test_a_refused_nick(self, server, a):
        peer = server.connect()
        peer.send(f"CAP REQ :{LABELS}")
        assert peer.send("@label=1 NICK a") == ["@label=1 :irc.test 433 * a :Nickname is already in use"]


class TestWhileABatchIsOpen:
    """The batch is answered at its end, under its own label; what may come meanwhile, at once."""

    @pytest.fixture
    def b(self, server):
        peer = server.person("b", "#r", caps=f"{LABELS} draft/multiline message-tags standard-replies")
        assert peer.send("@label=1 BATCH +m draft/multiline #r", "@batch=m PRIVMSG #r :hi") == []
        return peer

    def test_a_line_that_asks_nothing(self, b):
        assert b.send("@label=2 PONG") == ["@label=2 :irc.test ACK"]
        assert b.send("BATCH -m") == ["@label=1 :irc.test ACK"]

    def test_a_sign_of_life(self, b):
        assert b.send("@label=2 PING 1") == ["@label=2 :irc.test PONG irc.test :1"]

    def test_the_end_of_another_one_that_failed(self, b):
        b.send("JOIN #s", "BATCH +n draft/multiline #r", "@batch=n PRIVMSG #r :hi")
        assert b.send("@label=2 BATCH -m") == ["@label=2 :irc.test ACK"]

    def test_a_line_of_another_one_that_failed(self, b):
        b.send("JOIN #s", "BATCH +n draft/multiline #r", "@batch=n PRIVMSG #r :hi")
        assert b.send("@label=2;batch=m PRIVMSG #r :hi") == ["@label=2 :irc.test ACK"]

    def test_its_own_lines_have_none(self, b):
        assert b.send("@label=2;batch=m PRIVMSG #r :ho") == []
        assert b.send("BATCH -m") == ["@label=1 :irc.test ACK"]


class TestOneself:
    def test_what_is_delivered_has_no_label(self, server):
        b = server.person("b", caps=LABELS)
        assert b.send("@label=x PRIVMSG b :hi") == [
            "@label=x :irc.test ACK",
            ":b!b@192.0.2.1 PRIVMSG b :hi",
        ]

    def test_what_is_echoed_has(self, server):
        b = server.person("b", caps=f"{LABELS} echo-message")
        assert b.send("@label=x NOTICE b :hi") == [
            "@label=x :b!b@192.0.2.1 NOTICE b :hi",
            ":b!b@192.0.2.1 NOTICE b :hi",
        ]
        assert b.send("NOTICE b :hi") == [":b!b@192.0.2.1 NOTICE b :hi"] * 2

    def test_a_signal_too(self, server):
        b = server.person("b", caps=f"{LABELS} echo-message message-tags")
        lines = b.send("@label=x;+y=1 TAGMSG b")
        assert lines[0].startswith("@label=x;")
        assert "label" not in lines[1]


class TestWhatIsNoLabel:
    @pytest.mark.parametrize("caps", ["", "batch", "labeled-response", "message-tags batch"])
    def test_without_both_capabilities(self, server, caps):
        assert server.person("b", caps=caps).send("@label=x PING 1") == [SERVER + "PONG irc.test :1"]

    @pytest.mark.parametrize("tag", ["label", "label=", "Label=x", "+label=x", f"label={'x' * 65}"])
    def test_without_a_value_or_with_too_long_a_one(self, a, tag):
        assert a.send(f"@{tag} PING 1") == [SERVER + "PONG irc.test :1"]

    def test_the_longest(self, a):
        assert a.send(f"@label={'x' * 64} PONG") == [f"@label={'x' * 64} :irc.test ACK"]

    def test_it_is_not_passed_on(self, server, a):
        b = server.person("b", "#r", caps="message-tags")
        a.send("@label=x PRIVMSG #r :hi")
        (told,) = b.read()
        assert "label" not in told

    def test_a_line_that_is_none(self):
        assert label_of(None) == label_of(b"@\xff;label=x PING") == label_of(b"PING label") == ""
        assert label_of(b"@a;label=1;label=2 PING") == "2"
        assert label_of(b"@label=12") == "12"
        assert label_of(b"@label=1\0 PING") == label_of(b"@label=1\rQUIT PING") == ""


def test_while_the_history_cannot_be_written_each_is_refused_under_its_label(server, a):
    # As the server does: each command is answered by itself, none is decided.
    asked = a.dialect.receive_data(
        b"@label=1 WHOIS a\r\n@label=2 CHATHISTORY LATEST #r * 9\r\n@label=3 PING 1\r\n"
    )
    told = b""
    while asked:
        for command in asked:
            given = command.value if isinstance(command, DialectReply) else StorageDown()
            told += a.dialect.encode_outcome((given,))
        asked = a.dialect.receive_data(b"")
    lines = told.decode().splitlines()
    assert lines[0].startswith("@label=1 :irc.test BATCH +")
    assert any(line.startswith("@label=2 :irc.test 400 a *") for line in lines)
    assert lines[-1] == "@label=3 :irc.test PONG irc.test :1"


def test_nothing_is_held_back_by_it(server, a):
    """Whatever a command is, once its line is answered no label is left open."""
    for name in sorted(COMMANDS):
        if name in ("QUIT", "DIE", "KILL", "RESTART"):
            continue
        for params in ("", " a", " #r", " #r a", " * a b", " LATEST #r * 5", " x y z w"):
            a.send(f"@label=l {name}{params}")
            assert a.send("@label=after PING 1")[-1] == "@label=after :irc.test PONG irc.test :1", (
                name + params
            )


def test_a_batch_within_keeps_its_own_tag():
    labelled = LabeledResponse(LabelStart("x", 1))
    labelled.add(
        b":s BATCH +h chathistory #r\r\n@batch=h;time=1 :a PRIVMSG #r :1\r\n:s BATCH -h\r\n:s NOTE x\r\n"
    )
    assert labelled.response("s", "1").split(b"\r\n") == [
        b"@label=x :s BATCH +1 labeled-response",
        b"@batch=1 :s BATCH +h chathistory #r",
        b"@batch=h;time=1 :a PRIVMSG #r :1",
        b"@batch=1 :s BATCH -h",
        b"@batch=1 :s NOTE x",
        b":s BATCH -1",
        b"",
    ]


def test_a_label_is_no_line_of_its_own_to_the_flood_control(server, a):
    asked = a.dialect.receive_data(b"@label=1 PRIVMSG #r :x\r\n@label=2 PING 1\r\nPING 2\r\n")
    assert a.dialect.cost(asked) == 3


class TestBatchesOfClients:
    CAPS = f"{LABELS} draft/multiline message-tags echo-message"

    def test_the_label_of_the_beginning_comes_with_the_whole(self, server):
        b = server.person("b", "#r", caps=self.CAPS)
        assert b.send("@label=x BATCH +1 draft/multiline #r", "@batch=1 PRIVMSG #r :one") == []
        assert b.send("@batch=1 PRIVMSG #r :two", "@label=p PING 1") == [
            "@label=p :irc.test PONG irc.test :1"
        ]
        lines = b.send("BATCH -1", "@label=y PING 2")
        assert lines[0].startswith("@label=x;")
        assert " draft/multiline #r" in lines[0]
        assert [line for line in lines if "label" in line] == [lines[0], lines[-1]]

    def test_and_when_it_takes_too_long(self, server):
        b = server.person("b", "#r", caps=self.CAPS)
        b.send("@label=x BATCH +1 draft/multiline #r")
        assert b.dialect.on_tick(0.0) == b""
        assert b.dialect.on_tick(100.0).startswith(b"@label=x :irc.test FAIL BATCH TIMEOUT 1 :")

    def test_and_with_its_failure(self, server):
        b = server.person("b", "#r", caps=self.CAPS)
        b.send("@label=x BATCH +1 draft/multiline #r")
        (told,) = b.send("@batch=1 JOIN #s")
        assert told.startswith("@label=x :irc.test FAIL BATCH MULTILINE_INVALID")
        assert b.send("@label=x BATCH +2 what")[0].startswith("@label=x :irc.test FAIL BATCH UNKNOWN_TYPE")
        b.send("@label=x BATCH +3 draft/multiline #r")
        lines = b.send("@label=y TOPIC #r")
        assert lines[0].startswith("@label=x :irc.test FAIL BATCH MULTILINE_INVALID")
        assert lines[1:] == ["@label=y :irc.test 331 b #r :No topic is set"]


class TestLongAnswers:
    """The beginning of a long response is told before its end is made."""

    def labelled(self, server, reply: Reply) -> list[bytes]:
        session = server.person("b", "#r", caps=LABELS).dialect
        session.start_label(LabelStart("x", 1))
        pieces = [piece for piece in session.encode_slices((reply,)) if piece]
        assert len(pieces) > 2
        assert all(len(piece) < 2 * LONG_BYTES for piece in pieces)
        assert not session.encode_outcome(())
        return b"".join(pieces).split(b"\r\n")[:-1]

    def test_a_list_is_one_batch_with_the_label(self, server):
        rooms = tuple(RoomSummary(f"#room{number}", 1, "x" * 100) for number in range(500))
        first, *lines, last = self.labelled(server, RoomsView(rooms, frozenset()))
        assert first.startswith(b"@label=x :irc.test BATCH +")
        ref = first.split(b" ")[3][1:]
        assert first.endswith(b" labeled-response")
        assert last == b":irc.test BATCH -" + ref
        assert len(lines) == 502
        assert all(line.startswith(b"@batch=%b :irc.test 32" % ref) for line in lines)

    def test_an_answer_that_is_a_batch_carries_it_itself(self, server):
        by = Person(9, "ann", "u", "h")
        records = tuple(Record(number, number, Said("#r", by, "y" * 300)) for number in range(1, 200))
        page = HistoryPage("#r", records, 0, ChathistoryPurpose("LATEST", "#r"))
        first, *lines, last = self.labelled(server, page)
        assert first.startswith(b"@label=x :irc.test BATCH +h")
        assert last == b":irc.test BATCH -" + first.split(b" ")[3][1:]
        assert all(line.startswith(b"@batch=h") and b" PRIVMSG #r :yyy" in line for line in lines)
        assert len(lines) == 199
