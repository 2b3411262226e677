import zlib

import pytest

from asyncchat.bench import messages
from asyncchat.bench.messages import Stamp


def test_a_text_has_its_size_and_is_found_in_a_line():
    pads = messages.paddings(64)
    text = messages.text(3, 17, 123456789, pads)
    assert len(text) == 64
    assert messages.find(b"@time=x :n!u@h PRIVMSG #r :" + text + b"\r", pads) == Stamp(3, 17, 123456789)
    assert messages.find(b"NAME: " + text, pads) == Stamp(3, 17, 123456789)


def test_other_lines_have_no_stamp():
    assert messages.find(b":n!u@h JOIN #r", messages.paddings(64)) is None


def test_a_changed_or_cut_text_is_told_by_its_number():
    pads = messages.paddings(64)
    text = messages.text(3, 17, 1, pads)
    assert messages.find(text[:-1], pads) == Stamp(3, -17, 1)
    assert messages.find(text[:-1] + b"y", pads) == Stamp(3, -17, 1)
    assert messages.find(text[:10], pads) == Stamp(0, 0, 0)


@pytest.mark.parametrize("filler", ["words", "json"])
def test_texts_differ_and_each_is_found(filler):
    pads = messages.paddings(100, filler)
    assert pads == messages.paddings(100, filler)
    texts = [messages.text(1, number, 5, pads) for number in range(1, 9)]
    assert {len(text) for text in texts} == {100}
    assert [messages.find(b":n!u@h PRIVMSG #r :" + text, pads) for text in texts] == [
        Stamp(1, number, 5) for number in range(1, 9)
    ]
    assert messages.find(texts[0][:32] + texts[1][32:], pads) == Stamp(1, -1, 5)
    assert len(set(pads)) > len(pads) * 0.9
    # What people say is compressed to a half or a fifth, and not to nothing as repetitions are.
    assert 1.5 < len(b"".join(pads)) / len(zlib.compress(b"".join(pads))) < 6
