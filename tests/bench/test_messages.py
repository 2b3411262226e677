from asyncchat.bench import messages
from asyncchat.bench.messages import Stamp


def test_a_text_has_its_size_and_is_found_in_a_line():
    pad = messages.padding(64)
    text = messages.text(3, 17, 123456789, pad)
    assert len(text) == 64
    assert messages.find(b"@time=x :n!u@h PRIVMSG #r :" + text + b"\r", pad) == Stamp(3, 17, 123456789)
    assert messages.find(b"NAME: " + text, pad) == Stamp(3, 17, 123456789)


def test_other_lines_have_no_stamp():
    assert messages.find(b":n!u@h JOIN #r", messages.padding(64)) is None


def test_a_changed_or_cut_text_is_told_by_its_number():
    pad = messages.padding(64)
    text = messages.text(3, 17, 1, pad)
    assert messages.find(text[:-1], pad) == Stamp(3, -17, 1)
    assert messages.find(text[:-1] + b"y", pad) == Stamp(3, -17, 1)
    assert messages.find(text[:10], pad) == Stamp(0, 0, 0)
