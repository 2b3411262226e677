"""IRC over WebSocket: frames and lines, tried with the library's client side, whole and in any pieces."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol

from asyncchat.core.commands import DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.presence import Left, NodeStarted
from asyncchat.core.features.rooms import Joined
from asyncchat.core.people import Person
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.websocket import (
    MESSAGE_BYTES,
    Frames,
    WebSocket,
    WebSocketEncoder,
    _is_utf8,
    framed,
    shake_hands,
)
from tests.dialects.driver import Hub, server_info

ALICE = Person(1, "alice", "a", "host", "Alice", "alice!a@host")
BOB = Person(2, "bob", "b", "host", "Bob", "bob!b@host")
KEY = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")  # RFC 6455, 1.3
HANDSHAKE = (
    ("host", "localhost"),
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    KEY,
    ("sec-websocket-version", "13"),
)


@pytest.fixture
def shared():
    return WebSocket(IrcContext(server_info()))


def masked(*frames):
    """What a client's library makes of these frames."""
    return b"".join(frame.serialize(mask=True) for frame in frames)


def text(line):
    return Frame(Opcode.TEXT, line.encode())


def seen(data):
    """The frames a client's library reads, and that it finds no fault."""
    client = Protocol(CLIENT)
    client.receive_data(data)
    assert client.parser_exc is None
    return [(e.opcode, bytes(e.data)) for e in client.events_received() if isinstance(e, Frame)]


def entered(shared, **options):
    """A session that is a person."""
    hub = Hub()
    peer = hub.join(lambda id: shared.dialect(id, "host", **options))
    hub.receive(peer, masked(text("NICK alice"), text("USER a 0 * :Alice")))
    assert peer.dialect.entered
    return peer.dialect


def ends(dialect, commands):
    """The close frame that answers these commands, of which the last is to leave."""
    assert isinstance(commands[-1], Quit)
    frames = seen(dialect.closing_bytes(""))
    assert [opcode for opcode, _ in frames].count(Opcode.CLOSE) == 1
    assert frames[-1][0] is Opcode.CLOSE
    assert dialect.closing_bytes("again") == b""
    return Close.parse(frames[-1][1])


class TestHandshake:
    def test_an_answer_as_in_the_specification(self):
        shaken = shake_hands("GET", "/", HANDSHAKE)
        assert shaken.status == 101
        assert ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") in shaken.headers
        assert not any("Protocol" in name or "Extensions" in name for name, _ in shaken.headers)

    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            ("text.ircv3.net", "text.ircv3.net"),
            ("binary.ircv3.net", "binary.ircv3.net"),
            ("binary.ircv3.net, text.ircv3.net", "binary.ircv3.net"),
            ("soap, text.ircv3.net, binary.ircv3.net", "text.ircv3.net"),
            ("soap", None),
        ],
    )
    def test_the_client_s_preference_counts(self, offered, chosen):
        shaken = shake_hands("GET", "/", (*HANDSHAKE, ("sec-websocket-protocol", offered)))
        assert shaken.status == 101
        assert dict(shaken.headers).get("Sec-WebSocket-Protocol") == chosen
        assert shaken.binary is (chosen == "binary.ircv3.net")

    def test_no_extension_is_taken_up(self):
        offered = ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")
        assert "Sec-WebSocket-Extensions" not in dict(shake_hands("GET", "/", (*HANDSHAKE, offered)).headers)

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            (("upgrade", "h2c"), 426),
            (("connection", "keep-alive"), 426),
            (("sec-websocket-version", "8"), 400),
            (("Sec-WebSocket-Key", "short"), 400),
            (("Sec-WebSocket-Key", ""), 400),
            (("Sec-WebSocket-Key", "dGhlI\x84NhbXBsZSBub25jZQ=="), 400),
            (("sec-websocket-protocol", ",,;"), 400),
        ],
    )
    def test_a_fault_is_refused_in_words(self, changed, status):
        kept = [pair for pair in HANDSHAKE if pair[0].lower() != changed[0].lower()]
        shaken = shake_hands("GET", "/", [*kept, changed])
        assert shaken.status == status
        assert shaken.reason
        assert ("Sec-WebSocket-Version", "13") in shaken.headers
        assert (("Upgrade", "websocket") in shaken.headers) == (status == 426)
        assert (("Connection", "Upgrade") in shaken.headers) == (status == 426)

    def test_other_headers_may_hold_anything(self):
        odd = (("cookie", "\x84=\xff"), ("user-agent", "ÿ"))
        assert shake_hands("GET", "/", (*HANDSHAKE, *odd)).status == 101

    def test_only_get(self):
        assert shake_hands("POST", "/", HANDSHAKE).status == 405


OPCODES = (Opcode.CONT, Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE)
FRAMES = st.builds(
    lambda bits, opcode, second, data: bytes((bits | opcode, second & 0x80 | len(data))) + bytes(4) + data,
    st.sampled_from((0x80,) * 6 + (0, 0, 0, 0x90, 0xC0, 0xA0)),
    st.sampled_from(OPCODES * 4 + (Opcode.TEXT,) * 9 + (3, 11)),
    st.sampled_from((0x80,) * 12 + (0,)),
    st.sampled_from((b"PRIVMSG #lobby :hi", b"", b"\x03\xe8", b"\x03\xe8\xff", b"\x03", b"\xff", b"PING x")),
)


@given(st.lists(FRAMES, max_size=8), st.integers(1, 40))
def test_frames_are_read_as_the_library_reads_them(frames, size):
    library = Protocol(SERVER, max_size=MESSAGE_BYTES)
    dialect = entered(WebSocket(IrcContext(server_info())))
    pongs, told, closed = b"", [], False
    for frame in frames:
        library.receive_data(frame)
        if library.close_rcvd is not None and library.current_size is not None:
            return  # it takes a close within a message for a fault; RFC 6455, 5.4 lets it stand there
    said = [one for one in library.events_received() if isinstance(one, Frame)]
    data = b"".join(frames)
    for at in range(0, len(data), size):
        for command in dialect.receive_data(data[at : at + size]):
            if isinstance(command, Quit):
                closed = True
            elif isinstance(command, DialectReply) and isinstance(command.value, Frames):
                pongs += command.value.data
            elif isinstance(command, Say):
                told.append(command)
    answers = seen(b"".join(library.data_to_send()))
    ours = seen(pongs + (dialect.closing_bytes("") if closed else b""))
    ours = [answer for answer in ours if answer[0] is not Opcode.TEXT]  # ERROR
    texts = [one for one in _messages(said) if one is not None]
    if None in _messages(said):  # text that is not UTF-8: the library leaves that to its caller
        return
    assert [opcode for opcode, _ in ours] == [opcode for opcode, _ in answers]
    assert len(told) == len([one for one in texts if one.startswith(b"PRIVMSG") and _is_utf8(one)])
    for (opcode, mine), (_, its) in zip(ours, answers, strict=True):
        assert mine == its if opcode is Opcode.PONG else mine[:2] == its[:2]


def _messages(frames):
    """The messages of these frames; None: it is no text."""
    whole, first = b"", Opcode.TEXT
    found: list[bytes | None] = []
    for frame in frames:
        if frame.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
            continue
        if frame.opcode is not Opcode.CONT:
            whole, first = b"", frame.opcode
        whole += frame.data
        if frame.fin:
            found.append(None if first is Opcode.TEXT and not _is_utf8(whole) else whole)
    return found


LINES = ["PING x", "", "x" * 125, "x" * 126, "é" * 200, "x" * 70]


class TestFrames:
    @pytest.mark.parametrize("line", LINES)
    @pytest.mark.parametrize("first", [0x81, 0x82])
    def test_a_line_is_what_the_library_makes_of_it(self, line, first):
        opcode = Opcode.TEXT if first == 0x81 else Opcode.BINARY
        expected = Frame(opcode, line.encode()).serialize(mask=False)
        assert framed(line.encode() + b"\r\n", first) == expected

    def test_each_line_is_a_message(self):
        assert seen(framed(b"a\r\nbc\r\n")) == [(Opcode.TEXT, b"a"), (Opcode.TEXT, b"bc")]

    def test_frames_of_events_are_shared(self, shared):
        one, two = shared.dialect(1, "host"), shared.dialect(2, "host")
        assert one.encoder is two.encoder
        assert shared.dialect(3, "host", binary=True).encoder is not one.encoder
        record = Record(7, 0, Said("#lobby", BOB, "hi"))
        assert seen(one.encoder.encode(record)) == [(Opcode.TEXT, b":bob!b@host PRIVMSG #lobby :hi")]

    def test_what_irc_has_no_word_for_is_no_frame(self, shared):
        assert shared.dialect(1, "host").encoder.encode(Record(1, 0, NodeStarted("1"))) == b""

    def test_the_variant_follows_the_capabilities(self, shared):
        dialect = entered(shared, binary=True)
        before = dialect.encoder
        for command in dialect.receive_data(masked(text("CAP REQ :server-time"))):
            dialect.encode_outcome((command.value,))
        assert isinstance(dialect.encoder, WebSocketEncoder)
        assert dialect.encoder is not before
        told = dialect.encoder.encode(Record(7, 0, Joined("#lobby", BOB)))
        assert seen(told) == [(Opcode.BINARY, b"@time=1970-01-01T00:00:00.000Z :bob!b@host JOIN #lobby")]


MESSAGES = [
    ([text("PRIVMSG #lobby :hi")], [Say("#lobby", "hi")]),
    ([Frame(Opcode.BINARY, b"PRIVMSG #lobby :hi")], [Say("#lobby", "hi")]),
    ([text("PRIVMSG #lobby :hi\r\n")], [Say("#lobby", "hi")]),
    ([text("PRIVMSG #lobby :hi\n")], [Say("#lobby", "hi")]),
    (
        [
            Frame(Opcode.TEXT, b"PRIVMSG #lo", fin=False),
            Frame(Opcode.CONT, b"", fin=False),
            Frame(Opcode.CONT, b"bby :h\xc3", fin=False),
            Frame(Opcode.CONT, b"\xa9"),
        ],
        [Say("#lobby", "hé")],
    ),
    (
        [
            Frame(Opcode.TEXT, b"", fin=False),
            Frame(Opcode.PONG, b"x"),
            Frame(Opcode.CONT, b"PRIVMSG #lobby :hi"),
        ],
        [Say("#lobby", "hi")],
    ),
    ([text("PRIVMSG #lobby :1"), text("PRIVMSG #lobby :2")], [Say("#lobby", "1"), Say("#lobby", "2")]),
]


class TestMessages:
    @pytest.mark.parametrize(("frames", "commands"), MESSAGES)
    def test_whole(self, shared, frames, commands):
        assert entered(shared).receive_data(masked(*frames)) == commands

    @pytest.mark.parametrize(("frames", "commands"), MESSAGES)
    def test_byte_by_byte(self, shared, frames, commands):
        dialect = entered(shared)
        found = [c for byte in masked(*frames) for c in dialect.receive_data(bytes((byte,)))]
        assert found == commands

    def test_a_line_break_inside_is_refused_and_makes_no_second_line(self, shared):
        dialect = entered(shared)
        (answer,) = dialect.receive_data(masked(text("PRIVMSG #lobby :a\r\nPRIVMSG #lobby :b")))
        (frame,) = seen(dialect.encode_outcome((answer.value,)))
        assert b" 400 alice * :The line was not accepted" in frame[1]

    def test_a_line_over_the_limit_is_refused_in_words(self, shared):
        dialect = entered(shared)
        (answer,) = dialect.receive_data(masked(text("PRIVMSG #lobby :" + "x" * 600)))
        assert b" 417 " in seen(dialect.encode_outcome((answer.value,)))[0][1]

    def test_binary_that_is_not_utf8_is_refused_in_words(self, shared):
        dialect = entered(shared, binary=True)
        (answer,) = dialect.receive_data(masked(Frame(Opcode.BINARY, b"PRIVMSG #lobby :\xff")))
        assert b"INVALID_UTF8" in seen(dialect.encode_outcome((answer.value,)))[0][1]

    def test_pings_are_answered_each_with_its_data(self, shared):
        dialect = entered(shared)
        answer, said = dialect.receive_data(
            masked(Frame(Opcode.PING, b"1"), text("PRIVMSG #lobby :hi"), Frame(Opcode.PING, b""))
        )
        assert said == Say("#lobby", "hi")
        assert isinstance(answer, DialectReply)
        assert seen(dialect.encode_outcome((answer.value,))) == [(Opcode.PONG, b"1"), (Opcode.PONG, b"")]

    def test_no_more_commands_at_a_time_than_wanted(self, shared):
        dialect = entered(shared)
        data = masked(*[text(f"PRIVMSG #lobby :{number}") for number in range(10)], Frame(Opcode.CLOSE, b""))
        found = [dialect.receive_data(data, 4), dialect.receive_data(b"", 4), dialect.receive_data(b"", 4)]
        assert [len(commands) for commands in found] == [4, 4, 3]
        assert isinstance(found[2][-1], Quit)

    @pytest.mark.parametrize(
        "frame",
        [Frame(Opcode.PING, b""), Frame(Opcode.PONG, b""), Frame(Opcode.CONT, b"", fin=False), text("ab")],
    )
    def test_no_more_frames_at_a_time_than_wanted_and_the_rest_stays_bytes(self, shared, frame):
        dialect = entered(shared)
        data = masked(Frame(Opcode.TEXT, b"", fin=False), *[frame] * 1000)
        if frame.opcode is Opcode.TEXT:
            data = masked(*[frame] * 1001)
        size = len(data) // 1001
        costs: list[int] = []
        for turn in range(17):
            commands = dialect.receive_data(b"" if turn else data, 64)
            costs.append(dialect.cost(commands))
            assert dialect.backlog == max(0, 1001 - 64 * len(costs)) * size
        assert max(costs) == 64
        assert sum(costs) == 1001

    def test_fragments_weigh_what_they_hold(self, shared):
        dialect = entered(shared)
        dialect.receive_data(masked(Frame(Opcode.TEXT, b"x", fin=False)))
        one = masked(Frame(Opcode.CONT, b"x", fin=False))
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(MESSAGE_BYTES - 1):
            dialect.receive_data(one)
        assert len(gc.get_objects()) - before < 1000
        assert dialect.backlog == 0
        assert [type(command) for command in dialect.receive_data(masked(Frame(Opcode.CONT, b"")))] == [
            DialectReply
        ]

    def test_a_ping_within_the_longest_message_is_answered(self, shared):
        """Control frames stand between fragments (RFC 6455, 5.4), whatever these hold."""
        dialect = entered(shared)
        fragments = [
            Frame(Opcode.TEXT if not at else Opcode.CONT, b"x" * 128, fin=False) for at in range(128)
        ]
        assert [dialect.receive_data(masked(*fragments[at : at + 64])) for at in (0, 64)] == [[], []]
        (answer,) = dialect.receive_data(masked(Frame(Opcode.PING, b"still there?")))
        assert isinstance(answer, DialectReply)
        assert seen(dialect.encode_outcome((answer.value,))) == [(Opcode.PONG, b"still there?")]
        assert ends(dialect, dialect.receive_data(masked(Frame(Opcode.CONT, b"x")))).code == 1009

    def test_a_close_within_a_message_is_answered_as_any(self, shared):
        dialect = entered(shared)
        close = Frame(Opcode.CLOSE, b"\x03\xe8")
        commands = dialect.receive_data(masked(Frame(Opcode.TEXT, b"x", fin=False), close))
        assert commands == [Quit("connection closed")]
        assert seen(dialect.closing_bytes("")) == [(Opcode.CLOSE, b"\x03\xe8")]

    def test_the_probe_is_a_ping_of_irc(self, shared):
        assert seen(entered(shared).ping()) == [(Opcode.TEXT, b"PING :irc.test")]

    @given(st.binary(max_size=300), st.integers(1, 50))
    def test_no_bytes_raise_and_pieces_do_not_matter(self, data, size):
        shared = WebSocket(IrcContext(server_info()))
        whole, pieces = entered(shared), entered(shared)
        one = [type(command) for command in whole.receive_data(data)]
        many = [
            type(command)
            for start in range(0, len(data), size)
            for command in pieces.receive_data(data[start : start + size])
        ]
        assert (Quit in one) == (Quit in many)


class TestClosing:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (Frame(Opcode.TEXT, b"hi").serialize(mask=False), 1002),
            (b"\x83\x80\0\0\0\0", 1002),
            (b"\xc1\x80\0\0\0\0", 1002),
            (masked(Frame(Opcode.CONT, b"x")), 1002),
            (masked(Frame(Opcode.TEXT, b"x", fin=False), text("y")), 1002),
            (b"\x89\xfe\x00\x7e\0\0\0\0" + b"x" * 126, 1002),
            (b"\x09\x80\0\0\0\0", 1002),
            (masked(Frame(Opcode.CLOSE, b"\x03")), 1002),
            (masked(Frame(Opcode.CLOSE, b"\x03\xed")), 1002),
            (masked(Frame(Opcode.CLOSE, b"\x03\xe8\xff")), 1007),
            (masked(Frame(Opcode.TEXT, b"\xff")), 1007),
            (masked(Frame(Opcode.TEXT, b"\xc3", fin=False), Frame(Opcode.CONT, b"")), 1007),
            (masked(Frame(Opcode.TEXT, b"x" * (MESSAGE_BYTES + 1))), 1009),
            (b"\x81\xff\x7f" + b"\xff" * 7, 1009),
            (
                masked(
                    Frame(Opcode.TEXT, b"x" * MESSAGE_BYTES, fin=False), Frame(Opcode.CONT, b"x", fin=False)
                ),
                1009,
            ),
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1002),
        ],
        ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,  # masks are random
    )
    def test_a_fault_ends_it_with_its_code(self, shared, data, code):
        dialect = entered(shared)
        commands = dialect.receive_data(data)
        assert commands[-1].reason != "connection closed"
        assert ends(dialect, commands).code == code
        assert [type(command) for command in dialect.receive_data(masked(text("PRIVMSG #lobby :x")))] == [
            Quit
        ]

    def test_the_longest_message_is_no_fault(self, shared):
        commands = entered(shared).receive_data(masked(Frame(Opcode.TEXT, b"x" * MESSAGE_BYTES)))
        assert [type(command) for command in commands] == [DialectReply]

    @pytest.mark.parametrize("data", [b"", b"\x03\xe9", b"\x03\xe8bye", b"\x0f\xa0"])
    def test_a_close_is_answered_with_the_same_and_nothing_else(self, shared, data):
        dialect = entered(shared)
        (leave,) = dialect.receive_data(masked(Frame(Opcode.CLOSE, data)))
        assert leave == Quit("connection closed")
        assert seen(dialect.closing_bytes("")) == [(Opcode.CLOSE, data)]

    def test_what_was_said_before_a_close_counts(self, shared):
        commands = entered(shared).receive_data(masked(text("PRIVMSG #lobby :bye"), Frame(Opcode.CLOSE, b"")))
        assert commands == [Say("#lobby", "bye"), Quit("connection closed")]

    def test_a_stop_is_a_close_alone(self, shared):
        """Modern IRC "ERROR message": of fatal errors alone; RFC 6455 7.4.1: 1001 is "going down"."""
        (close,) = seen(entered(shared).closing_bytes("the server is stopping", stopping=True))
        assert Close.parse(close[1]) == Close(1001, "the server is stopping")

    @pytest.mark.parametrize(("reason", "code"), [("", 1000), ("flood", 1008)])
    def test_the_server_s_own_close_says_why(self, shared, reason, code):
        error, close = seen(entered(shared).closing_bytes(reason))
        assert error[1].startswith(b"ERROR :Closing link: (a@host)")
        assert Close.parse(close[1]) == Close(code, reason)

    def test_a_long_reason_is_cut_between_characters(self, shared):
        _, close = seen(entered(shared).closing_bytes("é" * 200))
        assert Close.parse(close[1]).reason == "é" * 61

    def test_a_quit_is_answered_with_error_and_a_normal_close(self, shared):
        dialect = entered(shared)
        assert dialect.receive_data(masked(text("QUIT :bye"))) == [Quit("Quit: bye")]
        error, close = seen(dialect.encode_outcome((Record(2, 0, Left(ALICE, "Quit: bye")),)))
        assert error == (Opcode.TEXT, b"ERROR :Closing link: (a@host) [Quit: bye]")
        assert Close.parse(close[1]).code == 1000
        assert dialect.closing_bytes("late") == b""


def raw(first, data=b"", *, length=None, mask=b"\x37\xfa\x21\x3d"):
    """A client's frame by hand, with this first byte and, if given, these bytes for its length."""
    size = len(data)
    if length is None:
        length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2)
    second = bytes((0x80 | length[0],)) + length[1:]
    return bytes((first,)) + second + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def close(code, reason=b""):
    return raw(0x88, code.to_bytes(2) + reason)


SAID = b"PRIVMSG #lobby :hi"
NOT_UTF8 = (
    *(b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xed\xa0\x80"),
    *(b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xc3", b"\xe2\x82"),
    *(b"\xf0\x9f\x91", b"\xc3(", b"\xe2(\xa1"),
)

FAULTS = [
    # Section 5.1: a frame that is not masked.
    *((f"{first:x} unmasked", bytes((first, 0)), 1002) for first in (0x81, 0x82, 0x88, 0x89, 0x8A)),
    # 5.2: the reserved bits, alone and together, on each kind of frame; reserved opcodes.
    *(
        (f"{opcode:x} with {bits:x}", raw(0x80 | bits | opcode), 1002)
        for opcode in (1, 2, 8, 9, 10)
        for bits in (0x40, 0x20, 0x10, 0x70)
    ),
    *(
        (f"{bits:x} in a continuation", raw(0x01, b"a") + raw(bits | 0x80), 1002)
        for bits in (0x40, 0x20, 0x10)
    ),
    *((f"opcode {opcode:x}", raw(0x80 | opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    *((f"opcode {opcode:x} in a message", raw(1) + raw(0x80 | opcode), 1002) for opcode in (3, 11)),
    # 5.2: "the minimal number of bytes MUST be used"; "the most significant bit MUST be 0".
    ("no bytes in 16 bits", raw(0x81, length=b"\x7e\0\0"), 1002),
    ("125 bytes in 16 bits", raw(0x81, b"x" * 125, length=b"\x7e\0\x7d"), 1002),
    ("126 bytes in 64 bits", raw(0x81, b"x" * 126, length=b"\x7f" + (126).to_bytes(8)), 1002),
    ("65,535 bytes in 64 bits", raw(0x82, length=b"\x7f" + (65_535).to_bytes(8)), 1002),
    ("the highest bit", raw(0x81, length=b"\x7f\x80" + bytes(7)), 1002),
    ("all bits", raw(0x82, length=b"\x7f" + b"\xff" * 8), 1002),
    ("all bits but the highest", raw(0x81, length=b"\x7f\x7f" + b"\xff" * 7), 1009),
    ("65,536 bytes", raw(0x82, length=b"\x7f" + (65_536).to_bytes(8)), 1009),
    # 5.4: fragments.
    *(
        (f"{first:x} in a message", raw(0x01, b"a") + raw(first, b"b"), 1002)
        for first in (0x01, 0x81, 0x02, 0x82)
    ),
    *((f"{first:x} of no message", raw(first, b"a"), 1002) for first in (0x00, 0x80)),
    ("a continuation behind a message", raw(0x01) + raw(0x80, b"PING x") + raw(0x80), 1002),
    # 5.5: control frames are whole, and have up to 125 bytes.
    *((f"{first:x} in fragments", raw(first, b"x"), 1002) for first in (0x08, 0x09, 0x0A)),
    *((f"{first:x} of 126 bytes", raw(first, b"x" * 126), 1002) for first in (0x88, 0x89, 0x8A)),
    *((f"{first:x} in 64 bits", raw(first, length=b"\x7f" + bytes(8)), 1002) for first in (0x88, 0x89, 0x8A)),
    # 5.5.1 and 7.4: the bodies and codes of closes.
    ("a close of one byte", raw(0x88, b"\x03"), 1002),
    *(
        (f"code {code}", close(code), 1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    ),
    # 8.1: text that is not UTF-8, whole, in fragments, and as a reason.
    *((f"text {data!r}", raw(0x81, data), 1007) for data in NOT_UTF8),
    *((f"fragment {data!r}", raw(0x01, b"a" + data[:1]) + raw(0x80, data[1:]), 1007) for data in NOT_UTF8),
    *((f"reason {data!r}", close(1000, data), 1007) for data in NOT_UTF8),
]


class TestSpecification:
    """RFC 6455 by raw frames, whole and byte by byte: what is refused with which code, and what is not."""

    @pytest.mark.parametrize("size", [1, 1 << 20])
    @pytest.mark.parametrize(("data", "code"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
    def test_faults(self, shared, data, code, size):
        dialect = entered(shared)
        data += raw(0x81, SAID)
        for at in range(0, len(data), size):
            commands = dialect.receive_data(data[at : at + size])
            assert not any(isinstance(command, Say) for command in commands)
            if commands and isinstance(commands[-1], Quit):
                break
        assert ends(dialect, commands).code == code

    @pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x80\x7f\xfe"])
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 125 - 16, 126 - 16, 127 - 16, 300])
    def test_every_mask_and_length(self, shared, mask, size):
        """5.3; the lengths around those in 7 and 16 bits."""
        said = "é" * (size // 2) + "x" * (size % 2 + 1)
        (command,) = entered(shared).receive_data(raw(0x81, f"PRIVMSG #lobby :{said}".encode(), mask=mask))
        assert command == Say("#lobby", said)

    @pytest.mark.parametrize("at", range(len("PRIVMSG #lobby :é€👋\U0010ffff".encode()) + 1))
    def test_characters_may_lie_across_fragments(self, shared, at):
        """5.6: the message is UTF-8, a fragment of it need not be."""
        data = "PRIVMSG #lobby :é€👋\U0010ffff".encode()
        frames = raw(0x01, data[:at]) + raw(0x89, b"?") + raw(0x00) + raw(0x80, data[at:])
        dialect = entered(shared)
        found = [command for byte in frames for command in dialect.receive_data(bytes((byte,)))]
        assert [command for command in found if isinstance(command, Say)] == [Say("#lobby", "é€👋\U0010ffff")]

    @pytest.mark.parametrize(
        "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
    )
    def test_a_close_is_answered_with_its_code(self, shared, code):
        dialect = entered(shared)
        commands = dialect.receive_data(close(code, "Gruß".encode()) + raw(0x89, b"late") + raw(0x81, SAID))
        assert commands == [Quit("connection closed")]
        assert seen(dialect.closing_bytes("")) == [(Opcode.CLOSE, code.to_bytes(2) + "Gruß".encode())]

    @pytest.mark.parametrize("data", [b"", b"x", b"x" * 125])
    def test_pings_and_pongs(self, shared, data):
        """5.5.2 and 5.5.3: a ping is answered with its data, a pong that nobody asked for with nothing."""
        dialect = entered(shared)
        assert dialect.receive_data(raw(0x8A, data)) == []
        (answer,) = dialect.receive_data(raw(0x89, data))
        assert seen(dialect.encode_outcome((answer.value,))) == [(Opcode.PONG, data)]

    @pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "sec-websocket-version"])
    def test_a_header_that_comes_twice_is_refused(self, name):
        """11.3.1 and 11.3.5: these two may not be repeated."""
        again = next(pair for pair in HANDSHAKE if pair[0].lower() == name.lower())
        assert shake_hands("GET", "/", (*HANDSHAKE, again)).status == 400

    def test_subprotocols_may_stand_on_several_lines(self):
        """11.3.4, as one list (RFC 9110, 5.3)."""
        lines = (("sec-websocket-protocol", "soap"), ("sec-websocket-protocol", "binary.ircv3.net"))
        assert shake_hands("GET", "/", (*HANDSHAKE, *lines)).binary

    @pytest.mark.parametrize(("size", "fits"), [(510, True), (511, False)])
    def test_a_line_is_shorter_by_its_end(self, shared, size, fits):
        """extensions/websocket, "WebSocket features and encoding": 510 bytes beside the tags."""
        line = b"@+a=1 PRIVMSG #lobby :" + b"x" * (size - len("PRIVMSG #lobby :"))
        (command,) = entered(shared).receive_data(raw(0x81, line))
        assert isinstance(command, Say) == fits

    def test_words_of_the_handshake_have_no_case(self):
        """4.2.1."""
        others = (("UPGRADE", "WebSocket"), ("Connection", "UPGRADE"), KEY, ("Sec-WebSocket-Version", "13"))
        assert shake_hands("GET", "/", others).status == 101
