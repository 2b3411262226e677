"""Invitation codes at a terminal: /invitecode, /join with a code, and in the place of the password."""

from tests.dialects.driver import INVITE, PASSWORD, server_info
from tests.dialects.plain_driver import World

UNTIL = "Sun 22 Nov 2026 22:00 UTC"


def host(world, *lines):
    anna = world.person("anna") if not world.plain.info.locked else world.connect()
    if world.plain.info.locked:
        anna.type(PASSWORD, "anna")
    anna.type("/join #tea")
    return anna, anna.type(*lines)


def test_a_code_is_made_listed_and_revoked():
    anna, told = host(World(), "/invitecode 2 1h")
    assert told == (
        f"Invitation code 1 for #tea: {INVITE}\n"
        f"It lets in 2 people until {UNTIL}. It is shown only now: /join #tea {INVITE}\n"
        "Link: http://x/#r\n"
    )
    assert anna.type("/invitecodes") == (
        f"Invitation codes for #tea:\n  1: 0 of 2 people, until {UNTIL}, made by anna\n"
    )
    assert anna.type("/uninvite 1") == "Invitation code 1 for #tea is revoked.\n"
    for number in ("1", "9" * 20, "9" * 5000):
        assert anna.type(f"/uninvite {number}") == "There is no code of that number.\n"


def test_join_takes_it():
    world = World()
    host(world, "/rule invite-only on", "/invitecode 1 1h")
    bob, carol = world.person("bob"), world.person("carol")
    assert bob.type(f"/join tea {INVITE.lower()}", "hi").startswith("What you type goes to #tea now.")
    assert carol.type(f"/join #tea {INVITE}") == (
        "You can't join #tea: the invitation code has let in as many people as it may.\n"
    )
    assert carol.type("/join #tea 2345-6789-ABCD") == (
        "You can't join #tea: there is no such invitation code for this room.\n"
    )


def test_it_stands_for_the_password_and_leads_to_its_room():
    world = World(server_info(locked=True))
    anna, _ = host(world, "/rule invite-only on", "/invitecode 1 1h")
    bob = world.connect()
    assert bob.type(INVITE) == "Welcome! Enter your name or nickname: "
    told = bob.type("bob", "hi")
    assert told.startswith("Hello, bob! anna, bob are in the chat\n")
    assert "What you type goes to #tea." in told
    assert anna.take().endswith("[#tea] bob: hi\n")
    carol = world.connect()
    assert carol.type(INVITE, "carol") == (
        "Welcome! Enter your name or nickname: "
        "The invitation code has let in as many people as it may. Enter another name: "
    )
    anna.type("/uninvite 1")
    assert world.connect().type(INVITE) == "The invitation code was revoked. Password: "
