"""What is remembered from one start to the next."""

import stat

import pytest

from asyncchat.client.remembered import (
    SERVERS,
    Remembered,
    RememberedError,
    RememberedServer,
    load,
    save,
)


def test_nothing_is_remembered_at_first(tmp_path):
    assert load(tmp_path / "none" / "client.toml") == Remembered()
    assert Remembered().last is None


def test_file_gives_again_what_was_saved(tmp_path):
    path = tmp_path / "asyncchat" / "client.toml"
    kept = Remembered(
        theme="nord",
        ignored=["боб", 'q"uo\\te'],
        highlights=["deploy", "a\x7fb\tc\n", "🦆"],
        servers=[
            RememberedServer("127.0.0.1:1234", "anna", "", ["#lobby", "#класс"]),
            RememberedServer("[::1]:7", "anna", "anna"),
        ],
    )
    save(kept, path)
    assert load(path) == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["client.toml"]


def test_server_joined_last_is_the_first():
    remembered = Remembered()
    for number in range(SERVERS + 5):
        remembered.use(RememberedServer(f"host:{number + 1}"))
    remembered.use(RememberedServer("host:20", "anna"))
    assert remembered.last == RememberedServer("host:20", "anna")
    assert len(remembered.servers) == SERVERS
    assert remembered.find("host:20") is remembered.last
    assert remembered.find("host:1") is None


def test_a_token_stays_when_its_server_is_joined_again():
    remembered = Remembered(servers=[RememberedServer("host:1", token="act_x")])  # noqa: S106 - none
    remembered.use(RememberedServer("host:1", "anna"))
    assert remembered.last == RememberedServer("host:1", "anna", token="act_x")  # noqa: S106 - none


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"theme = ", "correct or remove this file"),
        (b"theme = 7", "Expected `str`, got `int`"),
        (b'[[servers]]\naddress = "a:b:c"', "not a valid address"),
        (b"\xff", "correct or remove this file"),
    ],
)
def test_file_that_is_wrong_is_one_line(tmp_path, content, says):
    path = tmp_path / "client.toml"
    path.write_bytes(content)
    with pytest.raises(RememberedError) as raised:
        load(path)
    assert says in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_folder_that_can_t_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RememberedError, match="can't be written"):
        save(Remembered(), tmp_path / "file" / "client.toml")
