"""Lines of a pipe."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.client.pipe import lines_of


def read(data: bytes) -> list[str]:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    try:
        return list(lines_of(reader))
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\r\n\nthree", ["one", "two", "", "three"]),
        ("привет\n".encode(), ["привет"]),
        (b"caf\xe9\n", ["caf\ufffd"]),
        (b"na\xc3", ["na\ufffd"]),
    ],
)
def test_lines(data, lines):
    assert read(data) == lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=20), max_size=8))
def test_lines_come_as_they_went(lines):
    assert read("".join(f"{line}\n" for line in lines).encode()) == lines


def test_endless_line_comes_in_pieces(tmp_path):
    file = tmp_path / "endless"
    file.write_bytes("ж".encode() * 100_000)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        pieces = list(lines_of(descriptor))
    finally:
        os.close(descriptor)
    assert len(pieces) > 1
    assert "".join(pieces) == "ж" * 100_000
