import stat

import pytest

from asyncchat.server.cloaks import Cloaks, new_key
from asyncchat.server.secret_file import KEY_BYTES, key_beside
from tests.server.harness import CODE, serving

KEY = b"k" * KEY_BYTES


def parts(address: str, key: bytes = KEY) -> list[str]:
    return Cloaks(key).of(address).split(".")


def test_a_cloak_is_the_same_each_time_and_another_under_another_key():
    assert parts("192.0.2.7") == parts("192.0.2.7")
    assert not set(parts("192.0.2.7")[:3]) & set(parts("192.0.2.7", b"x" * KEY_BYTES)[:3])
    assert len(parts("192.0.2.7")) == 4
    assert parts("192.0.2.7")[3] == "ip"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("192.0.2.7", "192.0.2.8", 2),
        ("192.0.2.7", "192.0.3.7", 1),
        ("192.0.2.7", "192.1.2.7", 0),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::", 3),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", 2),
        ("2001:db8:1:2::5", "2001:db8:9:2::5", 1),
        ("2001:db8::1", "2002:db8::1", 0),
        ("fe80::1%eth0", "fe80::1", 3),
    ],
)
def test_neighbours_share_the_parts_of_their_network(one, other, shared):
    ones, others = parts(one)[:3], parts(other)[:3]
    assert [a == b for a, b in zip(ones, others, strict=True)] == [False] * (3 - shared) + [True] * shared


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_is_no_secret(address):
    assert Cloaks(KEY).of(address) == "localhost"


def test_without_a_key_addresses_are_seen():
    assert Cloaks(b"").of("192.0.2.7") == "192.0.2.7"
    assert Cloaks(b"").of("127.0.0.1") == "127.0.0.1"


def test_the_key_is_kept_beside_the_database_for_its_owner_alone(tmp_path):
    database = tmp_path / "chat.db"
    key = key_beside(database, ".cloak")
    file = tmp_path / "chat.db.cloak"
    assert len(key) == KEY_BYTES
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key_beside(database, ".cloak") == key
    assert new_key() != key


@pytest.mark.parametrize("text", ["", "abcd", "no hexadecimal number\n"])
def test_a_file_that_holds_no_key_is_made_anew(tmp_path, text):
    (tmp_path / "chat.db.cloak").write_text(text)
    key = key_beside(tmp_path / "chat.db", ".cloak")
    assert len(key) == KEY_BYTES
    assert key_beside(tmp_path / "chat.db", ".cloak") == key


@pytest.mark.parametrize(("cloak", "seen"), [(True, "localhost"), (False, "127.0.0.1")])
def test_what_others_see_and_what_oneself_is_told(cloak, seen):
    with serving(cloak=cloak) as server:
        ann, bob = server.irc("ann"), server.irc("bob")
        ann.until(" JOIN #lobby")
        ann.send("WHOIS bob\r\nUSERHOST ann bob\r\n")
        told = ann.until(" 302 ") + ann.line()
        assert f" 311 ann bob bob {seen} * " in told
        assert " 338 " not in told
        assert "ann=+ann@127.0.0.1" in told
        assert f"bob=+bob@{seen}" in told
        bob.send("WHOIS bob\r\n")
        told = bob.until(" 318 ")
        assert " 378 bob bob :is connecting from bob@127.0.0.1 127.0.0.1\r\n" in told
        assert " 338 bob bob 127.0.0.1 :" in told


def test_a_server_ban_of_an_address_holds_behind_a_cloak():
    with serving() as server:
        owner = server.irc("owen")
        bob = server.irc("bob")
        owner.send(f"OPER owner {CODE}\r\n")
        owner.until(" 381 ")
        owner.send("KLINE bob!*@127.0.0.0/8 :go\r\n")
        bob.until("Killed (owen (go))")
        again = server.connect()
        again.send("NICK bob\r\nUSER bob 0 * :bob\r\n")
        again.until(" 465 ")
