"""The owner code: its file, and what is taken for it."""

import stat

import pytest

from asyncchat.server.owner import OwnerCode


def test_the_first_start_makes_the_code_and_later_ones_keep_it(tmp_path):
    database = tmp_path / "chat.db"
    code = OwnerCode.beside(database)
    file = tmp_path / "chat.db.owner"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == code.text + "\n"
    assert OwnerCode.beside(database).text == code.text


@pytest.mark.parametrize("spoilt", [b"", b"\n", b"abc\n", b"\xff\xfe\x00", b"--------\n"])
def test_a_file_without_a_code_is_made_anew(tmp_path, spoilt):
    file = tmp_path / "chat.db.owner"
    file.write_bytes(spoilt)
    code = OwnerCode.beside(tmp_path / "chat.db")
    assert file.read_text() == code.text + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_can_t_be_read_or_made_raises(tmp_path):
    (tmp_path / "chat.db.owner").mkdir()
    with pytest.raises(OSError, match="directory"):
        OwnerCode.beside(tmp_path / "chat.db")
    with pytest.raises(FileNotFoundError):
        OwnerCode.beside(tmp_path / "nowhere" / "chat.db")


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("7KQ2-M9XD", True),
        ("7kq2m9xd", True),
        (" 7kq2 m9xd ", True),
        ("7KQ2-M9XE", False),
        ("7KQ2-M9X", False),
        ("7KQ2-M9XDD", False),
        ("", False),
        ("Ж" * 8, False),
    ],
)
def test_case_and_dashes_don_t_matter(typed, right):
    assert OwnerCode("7KQ2-M9XD").verify(typed) is right


def test_each_code_is_another_that_can_be_read_out():
    codes = {OwnerCode.new().text for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 9 and code[4] == "-" for code in codes)
    assert not set("01OILU") & set("".join(codes))
