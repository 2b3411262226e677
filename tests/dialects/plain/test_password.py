"""The server's password at a terminal: before the name, not shown where telnet can hide it."""

import pytest

from asyncchat.core.features.server import NotReloaded
from tests.dialects.driver import CODE, PASSWORD, server_info
from tests.dialects.plain_driver import World

NAME = "Welcome! Enter your name or nickname: "
HUSH, UNHUSH = b"\xff\xfb\x01", b"\xff\xfc\x01"


@pytest.fixture
def locked():
    return World(server_info(locked=True))


def put(seat, data: bytes) -> bytes:
    seat.hub.receive(seat, data)
    heard, seat.sent[:] = bytes(seat.sent), b""
    return heard


def test_the_password_then_the_name(locked):
    assert locked.plain.greeting() == b"Password: "
    anna = locked.connect()
    assert anna.type(PASSWORD) == NAME
    assert anna.type("anna") == "Hello, anna!\n"


def test_all_in_one_piece(locked):
    anna = locked.connect()
    assert anna.type("wrong", PASSWORD, "anna", "hello") == (
        f"That is not the password. Password: {NAME}Hello, anna!\n"
    )


def test_three_tries(locked):
    anna = locked.connect()
    assert anna.type("wrong") == "That is not the password. Password: "
    assert anna.type("x" * 20_000) == "That is not the password. Password: "
    assert anna.type("") == ""
    assert anna.gone
    assert anna.dialect.closing_bytes("wrong password") == b"\nwrong password\n"


@pytest.mark.parametrize("typed", ["/quit", "exit", "/help"])
def test_nothing_else_is_understood_before(locked, typed):
    assert locked.connect().type(typed) == "That is not the password. Password: "


def test_unframed(locked):
    anna = locked.connect(framed=False)
    assert anna.put(PASSWORD.encode()) == NAME
    assert anna.put(b"anna") == "Hello, anna!\n"
    assert not anna.dialect.framed


def test_telnet_hides_it(locked):
    assert locked.plain.greeting(telnet=True) == HUSH + b"Password: "
    anna = locked.connect()
    assert put(anna, b"\xff\xfd\x01wrong\r\n") == HUSH + b"\r\nThat is not the password. Password: "
    assert put(anna, PASSWORD.encode() + b"\r\0") == UNHUSH + b"\r\n" + NAME.encode()
    again = locked.connect()
    put(again, b"\xff\xfd\x011\r\n2\r\n")
    assert put(again, b"3\r\n") == UNHUSH


def test_where_there_is_none_nothing_changes():
    world = World()
    assert world.plain.greeting(telnet=True) == NAME.encode()
    assert world.plain.hush() == b""


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        (f"/owner {CODE}", "You are now the owner"),
        (f"/owner owner {CODE}", "You are now the owner"),
        ("/owner wrong", "That is not the owner code."),
        ("/owner alice secret", "You are now the owner"),
        ("/owner alice wrong", "That is not the password of the operator alice."),
        ("/owner elsewhere x", "The operator elsewhere can't come from your address."),
        ("/owner", "Usage: /owner CODE|NAME PASSWORD"),
    ],
)
def test_operators(typed, heard):
    anna = World().person("anna")
    assert anna.type(typed).startswith(heard)


def test_reload():
    world = World()
    anna = world.person("anna")
    assert anna.type("/reload") == "Only the owner and operators of the server may do that.\n"
    anna.type(f"/owner {CODE}")
    assert anna.type("/reload") == "Changed: motd, password.\nOnly a restart changes: listen.\n"
    world.reloaded = NotReloaded("chat.toml", "chat.toml is no TOML")
    assert anna.type("/rehash") == "Nothing changed: chat.toml is no TOML\n"


@pytest.mark.parametrize(
    ("newcomers", "framed", "read"), [(0, True, 0), (3, True, 3), (3, False, 3), (20, False, 5)]
)
def test_newcomers_read_so_many_lines(newcomers, framed, read):
    world = World(server_info(newcomers=newcomers))
    anna = world.person("anna")
    anna.type(*(f"line {number}" for number in range(30)))
    bob = world.connect(framed=framed)
    assert bob.put(b"bob\n" if framed else b"bob").count("anna: line") == read
