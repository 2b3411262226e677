"""Framing, limits, order, and that nothing a peer sends makes a dialect raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.connect import CheckName, Connect
from asyncchat.core.features.join import Join
from asyncchat.core.features.messages import Say, Speech
from asyncchat.core.people import person
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.irc.tokens import Message, parse
from tests.dialects.driver import server_info

SERVER = ":irc.test "
IRC = IrcContext(server_info(newcomers=0))


def entered() -> IrcDialect:
    dialect = IRC.dialect(1, "192.0.2.1")
    dialect.become(person(1, "a", "a", "192.0.2.1"))
    return dialect


def commands_of(dialect: IrcDialect, *chunks: bytes, limit: int = 64) -> list[Command]:
    """All commands, as if each outcome that is awaited came at once."""
    found: list[Command] = []
    for chunk in chunks:
        got = dialect.receive_data(chunk, limit)
        while got:
            assert len(got) <= limit
            found += got
            got = dialect.receive_data(b"", limit)
    return found


WIRE = [
    (b"PRIVMSG #r :hello\r\n", [Say("#r", "hello")]),
    (b"PRIVMSG #r :hello\n", [Say("#r", "hello")]),
    (b"PRIVMSG #r hello\r\n", [Say("#r", "hello")]),
    (b"@+x=y PRIVMSG #r :hello\r\n", [Say("#r", "hello")]),
    (b":a!b@c PRIVMSG #r :hello\r\n", [Say("#r", "hello")]),
    (b"NOTICE b ::)\r\n", [Say("b", ":)", Speech.NOTICE)]),
    (b"\r\n\nJOIN #a,#b\r\n", [DialectReply(b""), DialectReply(b""), Join("#a"), Join("#b")]),
    (b"PING a\r\n", [DialectReply(b":irc.test PONG irc.test :a\r\n")]),
    ("PRIVMSG #класс :привет\r\nPING :я\r\n".encode(),
     [Say("#класс", "привет"), DialectReply(":irc.test PONG irc.test :я\r\n".encode())]),
    (b"PRIVMSG #r :1\r\nPRIVMSG #r :2\r\nPRIVMSG #s :3\r\nPING x\r\nPRIVMSG #r :4\r\n",
     [Say("#r", "1"), Say("#r", "2"), Say("#s", "3"), DialectReply(b":irc.test PONG irc.test :x\r\n"),
      Say("#r", "4")]),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "values"), WIRE)
def test_wire_cases(raw, values):
    assert commands_of(entered(), raw) == values
    assert commands_of(entered(), *(raw[i : i + 1] for i in range(len(raw)))) == values
    dialect = entered()
    assert commands_of(dialect, raw + b"PRIVMSG #tail") == values
    assert dialect.backlog == len(b"PRIVMSG #tail")
    assert commands_of(dialect, b" :x\r\n") == [Say("#tail", "x")]
    assert dialect.backlog == 0


LINES = st.one_of(
    st.sampled_from(
        [
            b"PRIVMSG #r :hello", b"PRIVMSG #r :", b"PRIVMSG #r  :x", b" PRIVMSG #r :x", b"PRIVMSG #r,#s :x",
            b"PRIVMSG #r :\x01ACTION x\x01", b"PRIVMSG b :x", "PRIVMSG #ж :ж".encode(), b"PRIVMSG #r x :y",
            b"PRIVMSG #r :a\xff", b"PRIVMSG #r :a\0b", b"PRIVMSG #r :a\rb", b"PRIVMSG #r :" + b"x" * 498,
            b"PRIVMSG #r :" + b"x" * 499, b"PRIVMSG #r :" + "ж".encode() * 249, b"PING x", b"PING :x",
            b"PRIVMSG #r :" + "ж".encode() * 250, b"PING", b"PING :", b"PING ::x", b"PING a b", b"",
            b"NOTICE b :x", b"JOIN #a,#b,#c", b"CHATHISTORY AROUND #r msgid=e1-1 5", b"OPER owner x", b"FOO",
            b"@" + b"a" * 4094 + b" PING x", b"@" + b"a" * 4095 + b" PING x", b"x" * 5000, b"\r",
        ]
    ),
    st.binary(max_size=20).filter(lambda line: b"\n" not in line),
)  # fmt: skip


@given(st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\n"])), max_size=8), st.data())
def test_any_chunking_gives_the_same_values(lines, data):
    raw = b"".join(line + end for line, end in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    chunks = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    limit = data.draw(st.integers(1, 5))
    expected = commands_of(entered(), *(raw[i : i + 1] for i in range(len(raw))))
    assert commands_of(entered(), raw) == expected
    assert commands_of(entered(), *chunks) == expected
    assert commands_of(entered(), *chunks, limit=limit) == expected


COMMANDS = [
    "CAP LS 302", "CAP REQ :echo-message batch", "CAP END", "NICK n", "NICK :", "USER u 0 * :r", "JOIN #r",
    "JOIN 0", "PRIVMSG #r :x", "PRIVMSG n :x", "MODE #r +ob n m", "MODE n +i", "MODE #r", "KICK #r n",
    "TOPIC #r :t", "TOPIC #r", "WHO", "WHOIS n", "AWAY x", "AWAY", "OPER owner 7KQ2-M9XD",
    "CHATHISTORY LATEST #r * 5", "CHATHISTORY AROUND #r msgid=e1-9 5", "NAMES #r", "LIST",
    "USERHOST n", "TIME", "PART #r", "QUIT",
]  # fmt: skip


@given(st.lists(st.sampled_from(COMMANDS) | st.text(max_size=30), max_size=30))
def test_random_sessions_raise_nothing_and_are_answered_in_whole_lines(lines):
    from tests.dialects.irc.conftest import Server

    server = Server()
    peer = server.connect()
    for line in lines:
        if peer.gone:
            break
        for told in peer.send_raw(line.encode("utf-8", "replace") + b"\r\n"):
            assert len(told.encode()) <= 510
            assert isinstance(parse(told.encode()), Message)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_random_bytes_raise_nothing(chunks):
    commands_of(IRC.dialect(1, "h"), *chunks)
    commands_of(entered(), *chunks)


class TestLimits:
    def test_a_line_of_512_bytes_and_one_more(self, server):
        a = server.person("a", "#r")
        assert a.send("PRIVMSG #r :" + "x" * 498) == []
        assert a.send("PRIVMSG #r :" + "x" * 499, "PING x") == [
            SERVER + "417 a :Input line was too long",
            SERVER + "PONG irc.test :x",
        ]
        assert a.send_raw(b"PRIVMSG #r :" + b"x" * 498 + b"\n") == []

    def test_tags_have_a_limit_of_their_own(self, server):
        a = server.person("a", "#r")
        body = "PRIVMSG #r :" + "x" * 498
        assert a.send(f"@{'a' * 4094} {body}") == []
        assert a.send(f"@{'a' * 4095} PING x") == [SERVER + "417 a :Input line was too long"]
        assert a.send(f"@{'a' * 4094} {body}x") == [SERVER + "417 a :Input line was too long"]

    def test_no_newline_for_ever(self, server):
        a = server.person("a")
        assert a.send_raw(b"x" * 16384) == [SERVER + "417 a :Input line was too long"]
        for _ in range(10):
            assert a.send_raw(b"x" * 16384) == []
        assert a.dialect.backlog == 0
        assert a.send("", "PING x") == [SERVER + "PONG irc.test :x"]

    def test_more_parameters_than_a_line_should_have(self, server):
        a = server.person("a", "#r")
        assert a.send("PRIVMSG #r x " + " ".join("abcdefghijklmnopqrstuvwxyz")) == []

    def test_not_utf8(self, server):
        a, b = server.person("a", "#r"), server.person("b", "#r")
        a.read()
        text = "Message rejected, your IRC software MUST use UTF-8 encoding on this network"
        assert a.send_raw(b"PRIVMSG #r :caf\xe9\r\nFOO \xff\r\n") == [
            SERVER + f"FAIL PRIVMSG INVALID_UTF8 :{text}",
            SERVER + f"FAIL * INVALID_UTF8 :{text}",
        ]
        assert b.read() == []

    def test_a_nul_or_a_cr_inside(self, server):
        a = server.person("a", "#r")
        assert (
            a.send_raw(b"PRIVMSG #r :a\0b\r\nPRIVMSG #r :a\rQUIT\r\n")
            == [SERVER + "400 a * :The line was not accepted: it has a NUL or a line break in it"] * 2
        )

    def test_a_turn_has_its_limit(self):
        dialect = entered()
        lines = b"".join(b"PRIVMSG #r :%d\r\n" % number for number in range(100))
        assert dialect.receive_data(lines, 64) == [Say("#r", str(number)) for number in range(64)]
        assert dialect.backlog
        assert dialect.receive_data(b"", 64) == [Say("#r", str(number)) for number in range(64, 100)]
        assert dialect.backlog == 0

    def test_one_line_may_ask_more_than_a_turn_has(self):
        dialect = entered()
        rooms = [f"#{number}" for number in range(10)]
        assert dialect.receive_data(f"JOIN {','.join(rooms)}\r\nPING x\r\n".encode(), 4) == [
            Join(room) for room in rooms[:4]
        ]
        assert dialect.backlog
        assert commands_of(dialect, b"", limit=4) == [
            *(Join(room) for room in rooms[4:]),
            DialectReply(b":irc.test PONG irc.test :x\r\n"),
        ]

    @pytest.mark.parametrize("line", [b"", b"  ", b"PONG x", b"CAP END", b"NOTICE", b"JOIN ,", b"MODE #r +"])
    def test_a_line_that_asks_nothing_counts_as_one(self, line):
        dialect = entered()
        assert dialect.receive_data((line + b"\r\n") * 5, 4) == [DialectReply(b"")] * 4
        assert dialect.encode_outcome((b"",)) == b""
        assert dialect.receive_data(b"", 4) == [DialectReply(b"")]

    @pytest.mark.parametrize("line", [b"WHO", b"WHO #r", b"NAMES #r,#s", b"LIST"])
    @pytest.mark.parametrize("limit", [1, 64])
    def test_a_long_answer_is_given_before_more_is_read(self, line, limit):
        dialect = entered()
        got = dialect.receive_data(line + b"\r\nPING x\r\n", limit)
        while not dialect.awaits(got[-1]):
            got = dialect.receive_data(b"", limit)
        last = got[-1]
        if isinstance(last, DialectReply):
            assert dialect.encode_outcome((last.value,)) == b""
        else:
            assert last.io
        assert dialect.receive_data(b"", limit) == [DialectReply(b":irc.test PONG irc.test :x\r\n")]


def test_half_a_line_at_the_end_means_nothing():
    dialect = entered()
    dialect.receive_data(b"PRIVMSG #r :half")
    assert dialect.receive_eof() == []
    assert dialect.backlog == 0


def test_nothing_is_read_behind_what_decides_how_to_read_on(server):
    dialect = server.irc.dialect(1, "h")
    (first,) = dialect.receive_data(b"NICK a\r\nUSER a 0 * :r\r\nPING x\r\n")
    assert isinstance(first, CheckName)
    assert dialect.awaits(first)
    dialect.encode_outcome(())
    (second,) = dialect.receive_data(b"")
    assert isinstance(second, Connect)
    assert dialect.awaits(second)


@pytest.mark.parametrize("pings", [63, 64])
def test_a_nick_at_the_end_of_a_turn_registers_all_the_same(server, pings):
    peer = server.connect()
    raw = b"PING x\r\n" * pings + b"NICK n\r\nUSER n 0 * :n\r\n"
    assert SERVER + "001 n :Welcome to irc.test, n" in peer.send_raw(raw)


def test_one_command_a_turn_is_enough_to_register(server):
    dialect = server.irc.dialect(1, "h")
    asked = dialect.receive_data(b"NICK a\r\nUSER a 0 * :r\r\n", 1)
    kinds = []
    while not any(isinstance(command, Connect) for command in asked):
        kinds += [type(command).__name__ for command in asked]
        dialect.encode_outcome([command.value for command in asked if isinstance(command, DialectReply)])
        asked = dialect.receive_data(b"", 1)
        assert len(asked) == 1
    assert kinds == ["CheckName"]
