"""The client's side: what lines mean, and both ends joined in memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.plain.client import PROMPT_BYTES, PlainClient
from asyncchat.dialects.plain.client_values import (
    Asked,
    CameOnline,
    Greeted,
    Heard,
    LeftChat,
    Line,
    NowCalled,
)
from asyncchat.dialects.plain.unframed import WRITE_BYTES, Pieces
from tests.dialects.plain_driver import World

LINES = [
    ("bob: hi", Heard("bob", "hi")),
    ("bob: a: b", Heard("bob", "a: b")),
    ("a:b: c", Heard("a:b", "c")),
    ("Иван: привет", Heard("Иван", "привет")),
    ("[#tea] bob: hi", Heard("bob", "hi", "#tea")),
    ("* bob waves: hello", Heard("bob", "waves: hello", action=True)),
    ("[#tea] * bob waves", Heard("bob", "waves", "#tea", action=True)),
    ("[private] bob: psst", Heard("bob", "psst", private=True)),
    ("21:14 bob: hi", Heard("bob", "hi", clock="21:14")),
    ("21:14 [#tea] * bob waves", Heard("bob", "waves", "#tea", action=True, clock="21:14")),
    ("bob: ", Heard("bob", "")),
    ("bob is online", CameOnline("bob")),
    ("bob: bob is online", Heard("bob", "bob is online")),
    ("[#tea] bob joined", CameOnline("bob", "#tea")),
    ("bob left chat", LeftChat("bob")),
    ("bob left chat (too slow)", LeftChat("bob", "too slow")),
    ("bob is now rob", NowCalled("bob", "rob")),
    ("-- Sun 22 Nov 2026 (UTC) --", Line("-- Sun 22 Nov 2026 (UTC) --")),
    ("… 240 earlier messages: /history", Line("… 240 earlier messages: /history")),
    ("Usage: /kick NAME [REASON]", Line("Usage: /kick NAME [REASON]")),
    ("[private to bob] psst", Line("[private to bob] psst")),
    ("bob: \x1b[2Jred\x07", Heard("bob", "red")),
]


@pytest.fixture(params=[True, False], ids=["framed", "unframed"])
def client(request):
    client = PlainClient(framed=request.param)
    client.receive_data(b"Hello, anna!\n")
    assert client.entered
    return client


@pytest.mark.parametrize(("line", "value"), LINES)
def test_a_line(client, line, value):
    assert client.receive_data(line.encode() + b"\n") == [value]


@pytest.mark.parametrize(("line", "value"), LINES)
def test_a_line_byte_by_byte_and_with_a_tail(line, value):
    client = PlainClient()
    wire = line.encode() + b"\r\n"
    values = [got for at in range(len(wire)) for got in client.receive_data(wire[at : at + 1])]
    assert values == [value]
    assert PlainClient().receive_data(wire + b"tail") == [value]


@pytest.mark.parametrize(
    ("wire", "values"),
    [
        ("Welcome! Enter your name or nickname: ", [Asked("")]),
        ("bob is already in use. Enter another name: ", [Asked("bob is already in use.")]),
        ("Hello, bob!\n", [Greeted("bob", ("bob",))]),
        ("Hello, bob! anna, bob are in the chat\n", [Greeted("bob", ("anna", "bob"))]),
        ("Welcome! Enter your name or nickname: Hello, bob!\n", [Greeted("bob", ("bob",))]),
        ("Welcome! Enter your name or nickname: \nno name in time\n", [Asked(""), Line("no name in time")]),
    ],
)
def test_the_beginning(wire, values):
    assert PlainClient().receive_data(wire.encode()) == values


def test_a_prompt_in_two_reads():
    client = PlainClient()
    assert client.receive_data(b"Welcome! Enter your name") == []
    assert client.receive_data(b" or nickname: ") == [Asked("")]


def test_an_endless_unfinished_line_is_not_searched_again_and_again():
    client = PlainClient()
    for _ in range(70):
        client.receive_data(b"x" * 1000)
    assert client.receive_data(b"\n") == []
    assert client.receive_data(b"Hello, bob!\n") == [Greeted("bob", ("bob",))]
    assert PROMPT_BYTES < 1000


def test_the_original_server():
    client = PlainClient(framed=False)
    assert client.receive_data(b"Welcome! Enter your name or nickname: ") == [Asked("")]
    assert client.enter("Anna Maria") == b"Anna Maria"
    assert client.receive_data(b"Hello, Anna Maria! bob, Anna Maria are in the chat") == [
        Greeted("Anna Maria", ("bob", "Anna Maria"))
    ]
    assert client.receive_data(b"Bob B is online") == [CameOnline("Bob B")]
    assert client.receive_data(b"Bob B: hi\nthere") == [Heard("Bob B", "hi"), Line("there")]
    assert client.receive_data(b"Bob B left chat") == [LeftChat("Bob B")]
    glued = client.receive_data(b"bob: hicarol: ho")
    assert glued == [Heard("bob", "hicarol: ho")]
    assert client.say("/exit") == [b"/exit"]


def test_half_a_character_is_kept():
    client = PlainClient(framed=False)
    raw = "bob: да".encode()
    assert client.receive_data(raw[:-1]) == [Heard("bob", "д")]
    assert client.receive_data(raw[-1:]) == [Line("а")]
    client.receive_data(b"\xd0")
    assert client.receive_eof() == [Line("\ufffd")]


def test_the_unfinished_end():
    client = PlainClient()
    client.receive_data(b"bob: h")
    assert client.receive_eof() == [Heard("bob", "h")]
    assert client.receive_eof() == []


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("hi", [b"hi\n"]),
        ("", []),
        (" \n\t\n", []),
        ("one\ntwo\r\nthree", [b"one\ntwo\nthree\n"]),
        ("/help", [b"//help\n"]),
        ("Exit", [b"//Exit\n"]),
        ("a\x07b", [b"ab\n"]),
    ],
)
def test_saying(text, writes):
    assert PlainClient().say(text) == writes


def test_saying_unframed():
    client = PlainClient(framed=False)
    assert client.say("one\ntwo") == [b"one", b"two"]
    writes = client.say("ы" * 1000)
    assert [len(write) for write in writes] == [WRITE_BYTES, 2000 - WRITE_BYTES]
    assert client.command("/who") == b"/who"
    assert PlainClient().command("/who\n/quit") == b"/who /quit\n"


# Both ends.


def test_both_ends_agree():
    world = World()
    anna, bob = world.connect(), world.connect()
    at_anna, at_bob = PlainClient(), PlainClient()
    assert at_anna.receive_data(world.plain.greeting()) == [Asked("")]
    assert at_anna.receive_data(anna.put(at_anna.enter("Anna Maria")).encode()) == [
        Greeted("Anna_Maria", ("Anna_Maria",))
    ]
    (asked,) = at_bob.receive_data(bob.put(at_bob.enter("anna_maria")).encode())
    assert asked == Asked("anna_maria is already in use.")
    assert at_bob.receive_data(bob.put(at_bob.enter("bob")).encode()) == [
        Greeted("bob", ("Anna_Maria", "bob"))
    ]
    assert at_anna.receive_data(anna.take().encode()) == [CameOnline("bob")]
    bob.put(b"".join(at_bob.say("exit\n/quit\nhello")))
    assert at_anna.receive_data(anna.take().encode()) == [
        Heard("bob", "exit"),
        Heard("bob", "/quit"),
        Heard("bob", "hello"),
    ]
    bob.put(at_bob.command("/quit"))
    assert at_anna.receive_data(anna.take().encode()) == [LeftChat("bob")]


@given(st.lists(st.text(min_size=1, max_size=60), max_size=5))
def test_what_is_said_is_heard(texts):
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    client = PlainClient()
    for text in texts:
        for write in client.say(text):
            anna.put(write)
    sender = PlainClient(framed=False)
    said = [part.decode() for text in texts for part in sender.say(text)]
    listener = PlainClient()
    listener.receive_data(b"Hello, bob!\n")
    assert listener.receive_data(bob.take().encode()) == [Heard("anna", line) for line in said]


@given(st.lists(st.text(min_size=1, max_size=60), max_size=5))
def test_unframed_ends_agree_through_pieces(texts):
    world = World()
    anna, bob = world.person("anna"), world.person("bob", framed=False)
    client = PlainClient(framed=False)
    client.receive_data(b"Hello, bob!")
    said = [part for text in texts for part in client.say(text)]
    for part in said:
        anna.put(b"/" * part.startswith(b"/") + part + b"\n")
        pieces = Pieces()
        pieces.feed(bob.take().encode())
        if part.lower() in (b"exit", b"/exit"):  # //exit says exit
            return
        assert client.receive_data(pieces.next()) == [Heard("anna", part.decode())]


@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans())
def test_no_bytes_raise(chunks, framed):
    client = PlainClient(framed=framed)
    for chunk in chunks:
        client.receive_data(chunk)
    client.receive_eof()


@given(st.text(), st.booleans())
def test_no_text_raises(text, framed):
    client = PlainClient(framed=framed)
    for write in (*client.say(text), client.enter(text), client.command(text)):
        assert not framed or write.endswith(b"\n")


def test_a_line_too_long_for_news_is_not_sought_through():
    client = PlainClient()
    client.receive_data(b"Hello, bob!\n")
    text = "x" + " left chat (too slow)" * 2000
    assert client.receive_data(f"{text}\n".encode()) == [Line(text)]


def test_a_greeting_of_nobody_is_none():
    client = PlainClient()
    lines = ["Hello, !", "Hello, ", "Hello, x", "Hello, ! a are in the chat", "Hello, x! are in the chat"]
    assert client.receive_data("".join(f"{line}\n" for line in lines).encode()) == [
        Line(line.rstrip()) if line != "Hello, " else Line(line) for line in lines
    ]
    assert not client.entered
