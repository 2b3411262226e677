"""Compression over WebSocket (RFC 7692), held against the library's client and the RFC's examples."""

import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from asyncchat.core.commands import DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.queries import RoomSummary, RoomsView
from asyncchat.dialects import deflate
from asyncchat.dialects.deflate import Deflate, Malformed, TooLong, inflate
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.websocket import MESSAGE_BYTES, CompressingEncoder, WebSocket, framed, shake_hands
from tests.dialects.driver import Hub, server_info
from tests.dialects.test_websocket import BOB, HANDSHAKE, ends

TAIL = b"\0\0\xff\xff"


class Client:
    """A client that has agreed on compression, with its window."""

    def __init__(self, *, takeover=True):
        self.protocol = Protocol(CLIENT)
        self.protocol.extensions = [PerMessageDeflate(not takeover, True, 15, 15)]

    def reads(self, data):
        self.protocol.receive_data(data)
        assert self.protocol.parser_exc is None, self.protocol.parser_exc
        return [bytes(one.data) for one in self.protocol.events_received() if isinstance(one, Frame)]


def compressed(message, *, first=Opcode.TEXT, final=False):
    """The frame of a message as a client compresses it, with the last block marked as such or not."""
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(message) + packer.flush(zlib.Z_FINISH if final else zlib.Z_SYNC_FLUSH)
    return Frame(first, data + b"\0" if final else data.removesuffix(TAIL), rsv1=True)


def masked(*frames):
    """Frames as bytes, also those that the library would not send."""
    return b"".join(_masked(frame) for frame in frames)


def _masked(frame):
    bits = frame.fin << 7 | frame.rsv1 << 6 | frame.rsv2 << 5 | frame.rsv3 << 4
    size = len(frame.data)
    head = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes((bits | frame.opcode,)) + head + bytes(4) + frame.data


def entered(how=Deflate(), **options):  # noqa: B008  # it is frozen
    shared = WebSocket(IrcContext(server_info()))
    hub = Hub()
    peer = hub.join(lambda id: shared.dialect(id, "host", how=how, **options))
    hub.receive(peer, masked(Frame(Opcode.TEXT, b"NICK alice"), Frame(Opcode.TEXT, b"USER a 0 * :Alice")))
    assert peer.dialect.entered
    return peer.dialect


def offer(*values):
    """What is answered to these headers, and what was agreed on."""
    headers = [("sec-websocket-extensions", value) for value in values]
    shaken = shake_hands("GET", "/", (*HANDSHAKE, *headers), compression=True)
    assert shaken.status == 101
    return dict(shaken.headers).get("Sec-WebSocket-Extensions"), shaken.deflate


OWN = "permessage-deflate; client_no_context_takeover"


class TestAgreement:
    @pytest.mark.parametrize(
        ("offered", "answered", "agreed"),
        [
            # Chromium, Firefox, Safari.
            ("permessage-deflate; client_max_window_bits", OWN, Deflate()),
            ("permessage-deflate", OWN, Deflate()),
            ("PerMessage-Deflate", None, None),  # names are compared as they are (RFC 6455, 9.1 is silent)
            # 7.1.1: taken over as offered.
            (
                "permessage-deflate; server_no_context_takeover",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Deflate(chained=False),
            ),
            ("permessage-deflate; client_no_context_takeover", OWN, Deflate()),
            # 7.1.2: no more than offered.
            (
                "permessage-deflate; server_max_window_bits=10",
                f"{OWN}; server_max_window_bits=10",
                Deflate(10),
            ),
            (
                "permessage-deflate; server_max_window_bits=15",
                f"{OWN}; server_max_window_bits=15",
                Deflate(13),
            ),
            (
                'permessage-deflate; server_max_window_bits="9"',
                f"{OWN}; server_max_window_bits=9",
                Deflate(9),
            ),
            (
                "permessage-deflate; client_max_window_bits=9",
                f"{OWN}; client_max_window_bits=9",
                Deflate(),
            ),
            # 7.1: declined. zlib can't make a window of 8 bits.
            ("permessage-deflate; server_max_window_bits=8", None, None),
            ("permessage-deflate; server_max_window_bits=16", None, None),
            ("permessage-deflate; server_max_window_bits=7", None, None),
            ("permessage-deflate; server_max_window_bits=010", None, None),
            ("permessage-deflate; server_max_window_bits=x", None, None),
            ("permessage-deflate; server_max_window_bits", None, None),
            ("permessage-deflate; client_max_window_bits=16", None, None),
            ("permessage-deflate; client_max_window_bits=09", None, None),
            ("permessage-deflate; server_no_context_takeover=1", None, None),
            ("permessage-deflate; client_no_context_takeover=true", None, None),
            ("permessage-deflate; client_max_window_bits; client_max_window_bits", None, None),
            ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None, None),
            ("permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", None, None),
            ("permessage-deflate; unknown", None, None),
            ("permessage-deflate; unknown=1", None, None),
            ("x-webkit-deflate-frame", None, None),
            ("permessage-bzip2", None, None),
        ],
    )
    def test_an_offer_is_accepted_as_it_may_be_or_declined(self, offered, answered, agreed):
        assert offer(offered) == (answered, agreed)

    def test_the_first_offer_that_can_be_accepted_counts_and_only_it(self):
        """5.1: a client lists what it would rather have first, and falls back."""
        offers = (
            "x-other, permessage-deflate; server_max_window_bits=8, "
            "permessage-deflate; server_max_window_bits=11, permessage-deflate"
        )
        assert offer(offers) == (f"{OWN}; server_max_window_bits=11", Deflate(11))
        assert offer(*offers.split(", ")) == (f"{OWN}; server_max_window_bits=11", Deflate(11))

    @pytest.mark.parametrize("offered", ["permessage-deflate;", ";", "permessage-deflate; =1", ",", "a\x84"])
    def test_a_header_that_is_none_is_refused(self, offered):
        """RFC 6455, 9.1."""
        headers = (*HANDSHAKE, ("sec-websocket-extensions", offered))
        assert shake_hands("GET", "/", headers, compression=True).status == 400

    def test_nothing_is_agreed_on_where_compression_is_off(self):
        headers = (*HANDSHAKE, ("sec-websocket-extensions", "permessage-deflate"))
        shaken = shake_hands("GET", "/", headers)
        assert "Sec-WebSocket-Extensions" not in dict(shaken.headers)
        assert shaken.deflate is None


LINES = [
    f":user{n % 7}!~u@host PRIVMSG #tea :{n} what people say {n * 7919 % 101}".encode() for n in range(60)
]
BATCH = framed(b"".join(line + b"\r\n" for line in LINES))


class TestSharedFrames:
    def test_a_batch_is_half_as_long_or_less(self):
        data = deflate.deflate(BATCH, Deflate())
        assert len(data) * 2 < len(BATCH)
        assert Client().reads(data) == LINES

    def test_it_suits_everyone_whatever_each_was_told_before(self):
        data = deflate.deflate(BATCH, Deflate())
        other = deflate.deflate(framed(b"".join(b"another %d\r\n" % n for n in range(99))), Deflate())
        one, two = Client(), Client()
        assert two.reads(framed(b"not compressed\r\n")) == [b"not compressed"]
        assert len(two.reads(other)) == 99
        for client in (one, two):
            assert client.reads(data) == LINES
            assert client.reads(data) == LINES

    @pytest.mark.parametrize("bits", range(9, 16))
    @pytest.mark.parametrize("chained", [True, False])
    def test_what_was_agreed_on_is_kept_to(self, bits, chained):
        """7.1.1.1 and 7.1.2.1: a window of this size, or none, is enough."""
        texts = [*LINES, b"x" * 200, *reversed(LINES), b"y" * 1000]
        data = deflate.deflate(framed(b"".join(text + b"\r\n" for text in texts)), Deflate(bits, chained))
        client = Client(takeover=chained)
        (extension,) = client.protocol.extensions
        assert isinstance(extension, PerMessageDeflate)
        extension.remote_max_window_bits = bits
        extension.decoder = zlib.decompressobj(-bits)
        assert client.reads(data) == texts
        assert any(data[at] == 0xC1 for at in range(len(data)))

    def test_alone_a_message_that_would_be_longer_stays_as_it_is(self):
        texts = [b"abcdefgh%d" % number for number in range(100)] + [b"long " * 40]
        frames = framed(b"".join(text + b"\r\n" for text in texts))
        data = deflate.deflate(frames, Deflate(chained=False))
        assert Client(takeover=False).reads(data) == texts
        assert data.startswith(frames[:12])
        assert len(data) < len(frames)

    def test_a_batch_that_is_not_shorter_stays_as_it_is(self):
        noise = framed(
            b"".join(zlib.crc32(b"%d" % n).to_bytes(4).hex().encode() + b"\r\n" for n in range(60))
        )
        assert len(deflate.deflate(noise, Deflate())) <= len(noise)

    @pytest.mark.parametrize("size", [1, 10, deflate.LEAST_BYTES - 1, deflate.MOST_BYTES + 1])
    def test_short_and_very_long_ones_too(self, size):
        assert deflate.deflate(bytes(size), Deflate()) == bytes(size)

    @given(
        st.lists(st.binary(min_size=1, max_size=300).filter(lambda line: b"\r\n" not in line), max_size=40)
    )
    def test_any_messages_are_what_they_were(self, texts):
        texts = [text.strip(b"\r\n") or b"-" for text in texts] + [b"z" * 600]
        frames = framed(b"".join(text + b"\r\n" for text in texts), 0x82)
        for how in (Deflate(), Deflate(9), Deflate(chained=False)):
            assert Client(takeover=how.chained).reads(deflate.deflate(frames, how)) == texts

    def test_sessions_with_the_same_agreement_share_an_encoder_and_its_bytes(self):
        shared = WebSocket(IrcContext(server_info()))
        one, two, three, four = (
            shared.dialect(number, "host", how=how)
            for number, how in enumerate((Deflate(), Deflate(), Deflate(9), None))
        )
        assert one.encoder is two.encoder
        assert len({id(each.encoder) for each in (one, three, four)}) == 3
        assert isinstance(one.encoder, CompressingEncoder)
        events = [one.encoder.encode(Record(n, 0, Said("#lobby", BOB, "the same"))) for n in range(20)]
        data = one.encoder.join(events)
        assert four.encoder.join(events) == b"".join(events)
        assert len(data) < len(b"".join(events)) / 4
        assert Client().reads(data) == [b":bob!b@host PRIVMSG #lobby :the same"] * 20


RFC = [  # 7.2.3: "Hello" in one way or another
    (b"\xf2\x48\xcd\xc9\xc9\x07\x00", b"Hello"),
    (b"\xf2\x00\x11\x00\x00", b"Hello"),  # the second message of 7.2.3.2, which needs the first
    (b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", b"Hello"),
    (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", b"Hello"),
    (b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", b"Hello"),
    (b"\x00", b""),
]


class TestInflate:
    @pytest.mark.parametrize(
        ("data", "message"), [case for case in RFC if case[0] != b"\xf2\x00\x11\x00\x00"]
    )
    def test_the_examples_of_the_specification(self, data, message):
        assert inflate(data, 100) == message

    @pytest.mark.parametrize(
        "data",
        [
            b"\xf2\x00\x11\x00\x00",  # refers to a message before, which was agreed not to be
            b"",
            b"\xf2\x48\xcd",
            b"\xff" * 20,
            b"\x07",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00",  # the block for the last one is missing (7.2.3.4)
            b"\xf3\x48\xcd\xc9\xc9\x07\x00" * 2,
            b"\x03\x00" * 8000 + b"\x00",
        ],
    )
    def test_what_is_no_whole_stream_is_malformed(self, data):
        with pytest.raises(Malformed):
            inflate(data, 100)

    def test_several_last_blocks_are_one_message(self):
        packer = zlib.compressobj(wbits=-15)
        one = packer.compress(b"Hello ") + packer.flush(zlib.Z_FINISH)
        assert inflate(one * (deflate.MOST_ENDS - 1) + b"\0", 100) == b"Hello " * (deflate.MOST_ENDS - 1)
        with pytest.raises(Malformed):
            inflate(one * deflate.MOST_ENDS + b"\0", 1000)

    @pytest.mark.parametrize("size", [100, 2044, MESSAGE_BYTES])
    @pytest.mark.parametrize("final", [False, True])
    def test_the_longest_is_whole_and_one_byte_more_is_too_long(self, size, final):
        message = b"x" * size
        assert inflate(bytes(compressed(message, final=final).data), size) == message
        with pytest.raises(TooLong):
            inflate(bytes(compressed(message, final=final).data), size - 1)

    def test_a_bomb_takes_no_more_memory_than_the_bound(self):
        data = bytes(compressed(bytes(15_000_000)).data)
        assert len(data) < MESSAGE_BYTES
        tracemalloc.start()
        try:
            with pytest.raises(TooLong):
                inflate(data, MESSAGE_BYTES)
            assert tracemalloc.get_traced_memory()[1] < 8 * MESSAGE_BYTES
        finally:
            tracemalloc.stop()

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_message_or_a_fault(self, data):
        with suppress(Malformed, TooLong):
            assert len(inflate(data, 1000)) <= 1000

    @given(
        st.binary(max_size=2000), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4)
    )
    def test_so_is_a_stream_with_faults(self, message, faults):
        data = bytearray(compressed(message).data)
        for at, byte in faults:
            data[at % len(data)] = byte
        with suppress(Malformed, TooLong):
            assert len(inflate(bytes(data), 1000)) <= 1000


SAY = b"PRIVMSG #lobby :h\xc3\xa9"


def cut(frame, *sizes):
    """A frame in fragments; only the first one has RSV1 (section 6.1)."""
    data, parts, opcode = bytes(frame.data), [], frame.opcode
    for size in sizes:
        parts.append(Frame(opcode, data[:size], fin=False, rsv1=frame.rsv1 and opcode is not Opcode.CONT))
        data, opcode = data[size:], Opcode.CONT
    return [*parts, Frame(opcode, data)]


GOOD = [
    [compressed(SAY)],
    [compressed(SAY, final=True)],
    [compressed(SAY, first=Opcode.BINARY)],
    [Frame(Opcode.TEXT, SAY)],  # 6.1: not every message must be compressed
    cut(compressed(SAY), 1),
    cut(compressed(SAY), 0, 3, 0, 5),
    [cut(compressed(SAY), 4)[0], Frame(Opcode.PING, b"x"), *cut(compressed(SAY), 4)[1:]],
    cut(Frame(Opcode.TEXT, SAY), 3, 3),
]


class TestMessages:
    @pytest.mark.parametrize("frames", GOOD)
    def test_whole_and_byte_by_byte(self, frames):
        whole, pieces = entered(), entered()
        data = masked(*frames)
        heard = whole.receive_data(data)
        apart = [command for byte in data for command in pieces.receive_data(bytes((byte,)))]
        for commands in (heard, apart):
            assert [one for one in commands if not isinstance(one, DialectReply)] == [Say("#lobby", "hé")]

    def test_one_after_the_other_each_begins_anew(self):
        frames = [compressed(b"PRIVMSG #lobby :%d" % number) for number in range(5)]
        assert entered().receive_data(masked(*frames)) == [Say("#lobby", str(number)) for number in range(5)]

    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            # RFC 6455, 5.2: a reserved bit that was not agreed on; section 6.1: where it may not stand.
            ([Frame(Opcode.PING, b"", rsv1=True)], 1002),
            ([Frame(Opcode.CLOSE, b"", rsv1=True)], 1002),
            ([Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.CONT, b"b", rsv1=True)], 1002),
            ([cut(compressed(SAY), 3)[0], Frame(Opcode.CONT, b"b", rsv1=True)], 1002),
            ([Frame(Opcode.TEXT, b"\0", rsv1=True, rsv2=True)], 1002),
            ([Frame(Opcode.TEXT, b"\0", rsv1=True, rsv3=True)], 1002),
            ([Frame(Opcode.CONT, b"\0", rsv1=True)], 1002),
            # What is not consistent with the type of the message (RFC 6455, 7.4.1).
            ([Frame(Opcode.TEXT, b"\xff\xff", rsv1=True)], 1007),
            ([Frame(Opcode.TEXT, b"", rsv1=True)], 1007),
            ([compressed(b"\xff")], 1007),
            (cut(Frame(Opcode.TEXT, b"\xff\xff\xff", rsv1=True), 1), 1007),
            # Too long: inflated, or as it comes.
            ([compressed(b"x" * (MESSAGE_BYTES + 1))], 1009),
            ([compressed(bytes(10_000_000))], 1009),
            (cut(compressed(bytes(10_000_000)), 5000), 1009),
            (cut(Frame(Opcode.TEXT, bytes(20_000), rsv1=True), 10_000), 1009),
        ],
    )
    def test_a_fault_ends_it_with_its_code(self, frames, code):
        dialect = entered()
        commands = dialect.receive_data(masked(*frames))
        assert ends(dialect, commands).code == code
        assert [type(one) for one in dialect.receive_data(masked(compressed(SAY)))] == [Quit]

    def test_without_an_agreement_the_bit_is_a_fault(self):
        dialect = entered(None)
        assert ends(dialect, dialect.receive_data(masked(compressed(SAY)))).code == 1002

    def test_the_longest_message_is_no_fault(self):
        commands = entered().receive_data(masked(compressed(b"x" * MESSAGE_BYTES)))
        assert [type(command) for command in commands] == [DialectReply]

    def test_control_frames_and_answers_are_not_compressed(self):
        dialect = entered()
        (answer,) = dialect.receive_data(masked(Frame(Opcode.PING, b"x" * 125)))
        assert isinstance(answer, DialectReply)
        assert dialect.encode_outcome((answer.value,)) == b"\x8a\x7d" + b"x" * 125
        data = dialect.closing_bytes("a reason " * 10)
        assert data[0] == 0x81
        opcode_at = data.index(b"\x88", 2 + data[1])
        assert Close.parse(data[opcode_at + 2 :]).code == 1008

    def test_what_is_inflated_is_charged_and_no_more_than_a_turn_s_is(self):
        """Few bytes may be as many as a thousand each; the rest of them stays compressed."""
        dialect = entered()
        one = masked(compressed(b"x" * MESSAGE_BYTES))
        commands = dialect.receive_data(one * 30)
        assert len(commands) == 4
        assert dialect.cost(commands) >= 64
        assert dialect.backlog == 26 * len(one)
        heard = 4
        while dialect.backlog:
            heard += len(dialect.receive_data(b""))
        assert heard == 30

    def test_no_window_is_kept_for_a_connection(self):
        shared = WebSocket(IrcContext(server_info()))
        one = [shared.dialect(number, "host", how=Deflate()) for number in range(2)]
        frame = masked(compressed(b"PING x"))
        for dialect in one:
            dialect.receive_data(frame)
        tracemalloc.start()
        try:
            for dialect in one * 50:
                dialect.receive_data(frame)
            assert tracemalloc.get_traced_memory()[0] < 20_000
        finally:
            tracemalloc.stop()

    def test_answers_in_pieces_are_compressed(self):
        rooms = tuple(RoomSummary(f"#room{number}", 1, "a topic of some words") for number in range(500))
        pieces, plain = (list(entered(how).encode_slices((RoomsView(rooms, frozenset()),)))
                         for how in (Deflate(), None))  # fmt: skip
        assert len(b"".join(pieces)) < len(b"".join(plain)) / 2
        assert Client().reads(b"".join(pieces)) == Client().reads(b"".join(plain))
