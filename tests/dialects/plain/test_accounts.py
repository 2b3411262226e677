"""Accounts at a terminal: a reserved name asks for its password; the words for accounts and their rooms."""

import pytest

from asyncchat.core import scram
from asyncchat.core.engine import Engine
from asyncchat.core.events import Event
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.permissions import SERVER
from tests.dialects.driver import START
from tests.dialects.plain_driver import World

HUSH, UNHUSH = b"\xff\xfb\x01", b"\xff\xfc\x01"
ASKED = "anna belongs to an account. Password: "
AGAIN = "Enter another name: "
WRONG = "Not done: that is not the password, or there is no such account."


@pytest.fixture
def world():
    """A chat in which anna has an account."""
    world = World()
    verifier = str(scram.verifier("sesame", b"0123456789abcdef", 4096))
    for event in Engine(world.chat, time=START).decide(SERVER, RegisterAccountVerified("anna", verifier))[
        :-1
    ]:
        assert isinstance(event, Event)
        world.chat.apply(event)
    return world


def put(seat, data: bytes) -> bytes:
    seat.hub.receive(seat, data)
    heard, seat.sent[:] = bytes(seat.sent), b""
    return heard


def test_a_reserved_name_asks_for_its_password(world):
    anna = world.connect()
    assert anna.type("anna") == ASKED
    assert anna.type("sesame") == "Hello, anna!\n"
    assert world.chat.people[anna.id].account == "anna"


def test_a_wrong_password_asks_for_another_name(world):
    anna = world.connect()
    assert anna.type("anna", "other") == f"{ASKED}{WRONG} {AGAIN}"
    assert anna.type("bob") == "Hello, bob!\n"


def test_telnet_hides_it(world):
    anna = world.connect()
    assert put(anna, b"\xff\xfd\x03anna\r\n") == HUSH + ASKED.encode()
    assert put(anna, b"other\r\n") == UNHUSH + b"\r\n" + f"{WRONG} {AGAIN}".encode()
    assert put(anna, b"anna\r\n") == HUSH + ASKED.encode()
    assert put(anna, b"sesame\r\n") == UNHUSH + b"\r\nHello, anna!\r\n"


def test_it_is_not_asked_where_others_listen(world):
    anna = world.join(lambda id: world.plain.dialect(id, "203.0.113.1", is_confidential=False))
    seat = world.connect()
    seat.dialect = anna.dialect
    seat.dialect.session = seat.id
    assert seat.type("anna") == (
        "anna belongs to an account, and this connection is not encrypted, so its password must not be typed "
        f"here. {AGAIN}"
    )
    assert seat.type("bob") == "Hello, bob!\n"
    for line in ("/register sesame", "/login sesame", "/passwd x", "/unregister x", "/regain anna x"):
        assert seat.type(line).startswith("Not done: this connection is not encrypted")


def test_an_account_from_its_beginning_to_its_end(world):
    bob = world.person("bob")
    assert bob.type("/register sesame b@example.org") == "bob is now your account, and the name is yours.\n"
    assert bob.type("/account").splitlines()[1:] == [
        "Logged in to it: bob.",
        "Its e-mail address: b@example.org.",
    ]
    assert bob.type("/logout") == "You are no longer logged in as bob.\n"
    assert bob.type("/login nonsense") == f"{WRONG}\n"
    assert bob.type("/login sesame") == "You are logged in as bob.\n"
    assert bob.type("/passwd other") == "The password of bob is changed.\n"
    assert bob.type("/login bob other") == "You are logged in as bob.\n"
    assert bob.type("/unregister other").endswith("The account bob is removed.\n")


def test_a_password_may_be_several_words(world):
    bob = world.person("bob")
    assert bob.type("/register tea at five") == "bob is now your account, and the name is yours.\n"
    assert bob.type("/login bob tea at five") == "You are logged in as bob.\n"
    assert bob.type("/login tea at five") == "You are logged in as bob.\n"
    assert bob.type("/login anna at five") == f"{WRONG}\n"  # anna has an account
    assert bob.type("/unregister tea at five").endswith("The account bob is removed.\n")
    assert (
        bob.type("/register two words b@example.org") == "bob is now your account, and the name is yours.\n"
    )
    assert bob.type("/login bob two words") == "You are logged in as bob.\n"


def test_a_name_is_taken_back(world):
    bob = world.person("bob")
    assert bob.type("/nick anna") == "anna belongs to an account: /login anna PASSWORD, then /nick anna\n"
    assert bob.type("/regain anna nonsense") == f"{WRONG}\n"
    assert bob.type("/login anna sesame", "/nick anna") == "You are logged in as anna.\nYou are now anna.\n"


def test_rooms_of_an_account(world):
    anna = world.connect()
    anna.type("anna", "sesame", "/join #tea")
    assert anna.type("/access") == "#tea belongs to nobody: /claim registers it to your account.\n"
    assert anna.type("/claim").splitlines()[-1] == "#tea now belongs to the account anna."
    bob = world.person("bob")
    bob.type("/register sesame")
    assert anna.type("/access bob voice") == "bob now has the role voice in #tea.\n"
    assert anna.type("/access") == "#tea belongs to the account anna.\n  bob: voice\n"
    assert anna.type("/access bob off") == "bob no longer has a role in #tea.\n"
    assert anna.type("/unclaim").splitlines()[-1] == "#tea now belongs to nobody."


@pytest.mark.parametrize("word", ["/register", "/login", "/passwd", "/unregister", "/regain", "/access bob"])
def test_misuse(world, word):
    bob = world.person("bob")
    assert bob.type(word).startswith(f"Usage: {word.split()[0]} ")
