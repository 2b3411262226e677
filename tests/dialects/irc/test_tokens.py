import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.irc.tokens import Fault, Message, escape, format, parse, unescape

# (bytes, value, whether the value gives these very bytes again)
CASES = [
    (b"PING a\r\n", Message("PING", ("a",)), True),
    (b"ping a\r\n", Message("PING", ("a",)), False),
    (b"PING :a\r\n", Message("PING", ("a",)), False),
    (b"PING a\n", Message("PING", ("a",)), False),
    (b"PING a\r\r\n", Message("PING", ("a",)), False),
    (b"  PING   a  b  \r\n", Message("PING", ("a", "b")), False),
    (b"QUIT\r\n", Message("QUIT"), True),
    (b"QUIT :\r\n", Message("QUIT", ("",)), True),
    (b"QUIT :two words\r\n", Message("QUIT", ("two words",)), True),
    (b"QUIT : led\r\n", Message("QUIT", (" led",)), True),
    (b"PRIVMSG #r ::-)\r\n", Message("PRIVMSG", ("#r", ":-)")), True),
    (b"PRIVMSG #r :a :b\r\n", Message("PRIVMSG", ("#r", "a :b")), True),
    (b"PRIVMSG #r a:b\r\n", Message("PRIVMSG", ("#r", "a:b")), True),
    (":dan!d@h PRIVMSG #класс :привет, мир\r\n".encode(),
     Message("PRIVMSG", ("#класс", "привет, мир"), "dan!d@h"), True),
    (b":irc.host CAP * LIST :\r\n", Message("CAP", ("*", "LIST", ""), "irc.host"), True),
    (b"@id=123AB;rose :a!b@c NICK d\r\n",
     Message("NICK", ("d",), "a!b@c", (("id", "123AB"), ("rose", ""))), True),
    (b"@url=;net=tur,ty  X\r\n", Message("X", (), "", (("url", ""), ("net", "tur,ty"))), False),
    (b"@a=1;b=2;a=3 X\r\n", Message("X", (), "", (("b", "2"), ("a", "3"))), False),
    (b"@+e=raw+:=,escaped\\:\\s\\\\ X\r\n", Message("X", (), "", (("+e", "raw+:=,escaped; \\"),)), True),
    (b"@a=\\b\\ X\r\n", Message("X", (), "", (("a", "b"),)), False),
    (b"@a=\\r\\n X\r\n", Message("X", (), "", (("a", "\r\n"),)), True),
    (b"@;a;; X\r\n", Message("X", (), "", (("a", ""),)), False),
    (b"PRIVMSG a\ta :tab\tand \xc2\xa0space\r\n", Message("PRIVMSG", ("a\ta", "tab\tand \xa0space")), True),
    (b":s 005 n A B=1 C D E F G H I J K L M N O :are supported\r\n",
     Message("005", ("n", "A", "B=1", *"CDEFGHIJKLMNO", "are supported"), "s"), True),
    (b"\r\n", Fault.EMPTY, False),
    (b"   \r\n", Fault.EMPTY, False),
    (b":source\r\n", Fault.EMPTY, False),
    (b"@tag\r\n", Fault.EMPTY, False),
    (b"@tag :source \r\n", Fault.EMPTY, False),
    (b":a :b\r\n", Fault.EMPTY, False),
    (b"PING \xff\r\n", Fault.NOT_UTF8, False),
    (b"PING \xed\xa0\x80\r\n", Fault.NOT_UTF8, False),
    (b"PING a\0b\r\n", Fault.CONTROL, False),
    (b"PING a\rb\r\n", Fault.CONTROL, False),
]  # fmt: skip


def lines_of(*chunks: bytes) -> list[bytes]:
    lines = LineFramer(8191)
    for chunk in chunks:
        lines.feed(chunk)
    return [line for line in lines.take(10) if line is not None]


@pytest.mark.parametrize(("raw", "value", "canonical"), CASES)
def test_wire_cases(raw, value, canonical):
    assert [parse(line) for line in lines_of(raw)] == [value]
    assert [parse(line) for line in lines_of(*(raw[i : i + 1] for i in range(len(raw))))] == [value]
    assert parse(lines_of(raw + b"TAIL")[0]) == value
    if isinstance(value, Message):
        assert parse(format(value)[:-2]) == value
        assert (format(value) == raw) is canonical


def test_not_utf8_is_read_in_the_fallback():
    assert parse(b"PRIVMSG #r :caf\xe9", "latin-1") == Message("PRIVMSG", ("#r", "café"))
    assert parse("PRIVMSG #r :café".encode(), "latin-1") == Message("PRIVMSG", ("#r", "café"))


@pytest.mark.parametrize(
    "message",
    [
        Message("X", ("a b", "c")),
        Message("X", ("", "c")),
        Message("X", (":a", "c")),
        Message("X", ("a\n",)),
        Message("X", ("a\r",)),
        Message("X", ("a\0",)),
        Message(""),
    ],
)
def test_what_the_grammar_cannot_say_is_misuse(message):
    with pytest.raises(ValueError):  # noqa: PT011
        format(message)


def test_tags_and_parameters_by_name_and_place():
    message = Message("X", ("a",), "", (("k", "v"), ("empty", "")))
    assert (message.tag("k"), message.tag("empty"), message.tag("none")) == ("v", "", None)
    assert (message.param(0), message.param(1)) == ("a", "")


words = st.text(st.characters(codec="utf-8", exclude_characters=" \r\n\0"), min_size=1, max_size=8).filter(
    lambda word: word[0] not in ":@"
)
lasts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)
tag_keys = st.text("abcXYZ019-+./", min_size=1, max_size=6)


@given(
    st.text("ABCXYZ019", min_size=1, max_size=5),
    st.lists(words, max_size=5),
    st.none() | lasts,
    st.just("") | words,
    st.dictionaries(tag_keys, lasts | st.just("; \\\r\n"), max_size=3),
)
def test_round_trip(command, middle, last, source, tags):
    params = (*middle, *(() if last is None else (last,)))
    message = Message(command, params, source, tuple(tags.items()))
    assert parse(format(message)[:-2]) == message


@given(st.text())
def test_escaping_round_trip(value):
    assert unescape(escape(value)) == value
    assert not any(char in escape(value) for char in "; \r\n")


@given(st.binary(max_size=80))
def test_random_bytes_raise_nothing(line):
    parse(line)
    parse(line, "latin-1")
