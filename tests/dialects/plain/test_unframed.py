"""Clients without newlines: who is one, what they say, how they are written to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.messages import Say
from asyncchat.dialects.plain.unframed import (
    SILENCE,
    SILENCE_AFTER_ONE,
    WRITE_BYTES,
    Pieces,
    silence_for,
    unfinished,
)
from tests.dialects.plain_driver import World


@pytest.mark.parametrize(
    ("begun", "seconds"),
    [
        (b"anna", SILENCE),
        ("Иван".encode(), SILENCE),
        (b"Anna Maria", SILENCE),
        (b"NICK", SILENCE),
        (b"GET it", SILENCE),
        (b"a", SILENCE_AFTER_ONE),
        ("И".encode(), SILENCE_AFTER_ONE),
        (b"\xef\xbb\xbfa", SILENCE_AFTER_ONE),
        (b"", None),
        (b"\xef\xbb\xbf", None),
        (b"anna\n", None),
        (b"anna\nhi", None),
        (b"anna\r\0", None),
        (b"\xff\xfb\x01anna", None),
        (b"NICK anna", None),
        (b"CAP LS", None),
        (b"@a=b NICK", None),
        (b"GET / HTT", None),
        (b"post /x", None),
        (b"OPTIONS *", None),
        (b"GET http://x/", None),
        (b"PROXY TCP4", None),
    ],
)
def test_whose_silence_tells(begun, seconds):
    assert silence_for(begun) == seconds


def test_each_read_is_a_message():
    world = World()
    bob = world.person("bob")
    anna = world.connect(framed=False)
    assert anna.put("Анна".encode()) == "Hello, Анна! bob, Анна are in the chat\n"
    assert anna.put(b"hi") == ""
    assert anna.put(b"how are you?") == ""
    assert bob.take() == "Анна is online\nАнна: hi\nАнна: how are you?\n"
    assert not anna.dialect.framed


def test_reads_that_come_while_a_name_is_decided_stay_apart():
    dialect = World().plain.dialect(1, "h", framed=False)
    dialect.receive_data(b"anna")
    assert dialect.receive_data(b"one") == dialect.receive_data(b"two") == []
    dialect._asked = None
    dialect.entered = True
    assert dialect.receive_data(b"") == [Say("#lobby", "one"), Say("#lobby", "two")]


def test_an_incomplete_character_is_kept_for_the_next_read():
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    raw = "да!".encode()
    anna.put(raw[:1])
    assert bob.take() == ""
    anna.put(raw[1:])
    assert bob.take() == "anna: да!\n"


def test_a_newline_ever_makes_framed_for_good():
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    anna.put(b"one\ntwo")
    assert anna.dialect.framed
    assert bob.take() == "anna: one\n"
    anna.put(b" three\n")
    assert bob.take() == "anna: two three\n"


def test_a_kept_byte_goes_before_the_line_that_frames():
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    anna.put(b"\xd0")
    anna.put(b"\xb4\n")
    assert bob.take() == "anna: д\n"


def test_telnet_makes_framed():
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    anna.put(b"\xff\xf1hal")
    anna.put(b"lo\n")
    assert bob.take() == "anna: hallo\n"


@pytest.mark.parametrize("word", [b"exit", b"Exit"])
def test_exit_leaves(word):
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    anna.put(word)
    assert anna.gone
    assert bob.take() == "anna left chat\n"


def test_a_read_over_the_limit_is_refused():
    world = World()
    bob, anna = world.person("bob"), world.person("anna", framed=False)
    assert anna.put(b"x" * 9000) == "Not sent: the line is longer than 8,192 bytes.\n"
    assert bob.take() == ""


def test_the_end_with_half_a_character():
    world = World()
    anna = world.person("anna", framed=False)
    anna.put(b"\xd0")
    assert anna.end() == "Not sent: the line is not UTF-8.\n"
    assert anna.gone


def test_a_newcomer_gets_a_few_lines_of_history():
    world = World()
    bob = world.person("bob")
    bob.type(*(f"line {number}" for number in range(8)))
    heard = world.connect(framed=False).put(b"anna").splitlines()
    assert heard[1] == "… 3 earlier messages: /history"
    assert len(heard) == 8


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 0),
        (b"a", 0),
        ("é".encode(), 0),
        ("é".encode()[:1], 1),
        ("€".encode()[:1], 1),
        ("€".encode()[:2], 2),
        ("€".encode(), 0),
        ("👋".encode()[:3], 3),
        ("👋".encode(), 0),
        (b"\x80", 0),
        (b"\xff", 0),
        (b"a\xf8\x80", 0),
    ],
)
def test_unfinished_characters(data, count):
    assert unfinished(data) == count


# Writes.


def drain(pieces):
    written = []
    while piece := pieces.next():
        written.append(piece)
    assert pieces.backlog == 0
    return written


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ("Hello, anna!\n", ["Hello, anna!"]),
        ("bob: hi\ncarol: ho\n", ["bob: hi\ncarol: ho"]),
        ("Enter another name: ", ["Enter another name: "]),
        ("", []),
        ("\n", []),
        ("a" * 1024 + "\n", ["a" * 1024]),
        ("a" * 1025 + "\n", ["a" * 1024, "a"]),
        ("a" * 1000 + "\n" + "b" * 1000 + "\n", ["a" * 1000, "b" * 1000]),
        ("a" * 1020 + " bcd ef\n", ["a" * 1020 + " ", "bcd ef"]),
        ("ы" * 600 + "\n", ["ы" * 512, "ы" * 88]),
        ("👋" * 257 + "\nx\n", ["👋" * 256, "👋\nx"]),
    ],
)  # fmt: skip
def test_writes(data, written):
    pieces = Pieces()
    pieces.feed(data.encode())
    assert [piece.decode() for piece in drain(pieces)] == written


def test_what_waits_goes_on_as_lines_when_a_client_becomes_framed():
    pieces = Pieces()
    pieces.feed(b"one\n")
    pieces.next()
    pieces.feed(b"two\n")
    assert pieces.rest() == b"\ntwo\n"
    assert pieces.backlog == 0
    assert pieces.rest() == b""
    pieces.feed(b"name? ")
    pieces.next()
    assert pieces.rest() == b""


def test_a_newline_that_was_left_out_is_owed():
    pieces = Pieces()
    pieces.feed(b"a" * 1024 + b"\n")
    pieces.next()
    assert pieces.rest() == b"\n"


def test_half_a_character_waits_for_its_end():
    pieces = Pieces()
    raw = "да".encode()
    pieces.feed(raw[:3])
    assert pieces.next() == raw[:2]
    assert pieces.next() == b""
    pieces.feed(raw[3:])
    assert pieces.next() == raw[2:]


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=700)
    )
)
def test_writes_are_whole_characters_and_short(lines):
    pieces = Pieces()
    for line in lines:
        pieces.feed((line + "\n").encode())
    written = drain(pieces)
    assert all(0 < len(piece) <= WRITE_BYTES for piece in written)
    assert not any(piece.endswith(b"\n") for piece in written)
    assert "".join(piece.decode() for piece in written).replace("\n", "") == "".join(lines)
