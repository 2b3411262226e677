"""Several sessions of one account under one nick: one person, told on each what concerns it."""

import base64

import pytest

from tests.server.harness import CODE, serving

TEA = "tea at five"
"""What the accounts here know by heart."""

CAPABILITIES = "sasl echo-message message-tags server-time"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def register(server, name, words=TEA):
    """Somebody who makes an account and stays."""
    client = server.irc(name)
    client.send(f"REGISTER * * :{words}\r\n")
    client.until("REGISTER SUCCESS")
    client.until("\n")
    return client


def device(server, name, words=TEA, capabilities=CAPABILITIES):
    """One more session of an account, up to the end of its greeting."""
    client = server.connect()
    plain = base64.b64encode(f"\0{name}\0{words}".encode()).decode()
    client.send(f"CAP REQ :{capabilities}\r\nNICK {name}\r\nUSER u 0 * :{name}\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\nCAP END\r\n")
    client.until(" 903 ")
    return client


def settled(client):
    """All that came before the answer to a PING."""
    client.send("PING settled\r\n")
    return client.until("settled\r\n")


def test_a_second_device_is_the_same_person_in_the_same_rooms(server):
    phone = register(server, "anna")
    phone.send("JOIN #tea\r\nTOPIC #tea :two sugars\r\n")
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\n")
    settled(bob)
    settled(phone)
    laptop = device(server, "anna")
    greeting = settled(laptop)
    assert " 001 anna " in greeting
    for room in ("#lobby", "#tea"):
        assert f"JOIN {room}\r\n" in greeting
        assert f" 366 anna {room} " in greeting
    assert " 332 anna #tea :two sugars" in greeting
    assert server.people() == ["anna", "bob"]
    assert settled(bob).count("anna") == 0  # nobody else notices
    bob.send("PRIVMSG #tea :hello\r\nPRIVMSG anna :psst\r\n")
    for client in (phone, laptop):
        client.until("PRIVMSG #tea :hello")
        client.until("PRIVMSG anna :psst")


def test_what_one_device_does_the_others_see(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    bob = server.irc("bob")
    settled(phone)
    phone.send("PRIVMSG #lobby :from the phone\r\nPRIVMSG bob :privately\r\nJOIN #new\r\nPING x\r\n")
    seen = laptop.until(" 366 anna #new ")
    assert "PRIVMSG #lobby :from the phone" in seen
    assert "PRIVMSG bob :privately" in seen
    assert "JOIN #new" in seen
    assert seen.count("JOIN #new") == 1
    laptop.send("NICK anna2\r\n")
    phone.until("NICK anna2")
    phone.send("PRIVMSG #lobby :renamed\r\n")
    bob.until(":anna2!")
    laptop.send("PART #new\r\nAWAY :out\r\n")
    phone.until("PART #new")
    phone.until(" 306 anna2 ")
    phone.send("PRIVMSG #new :am I there?\r\n")
    phone.until(" 403 ")


def test_a_person_is_gone_with_its_last_device(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    bob = server.irc("bob")
    phone.send("QUIT :battery\r\n")
    assert "ERROR" in phone.rest().decode()
    assert "anna" not in settled(bob)
    # The session the person entered with is gone; all goes on with the other.
    laptop.send("PRIVMSG #lobby :still here\r\n")
    bob.until("PRIVMSG #lobby :still here")
    bob.send("PRIVMSG anna :good\r\n")
    laptop.until("PRIVMSG anna :good")
    tablet = device(server, "anna")
    assert "JOIN #lobby" in settled(tablet)
    laptop.abort()
    tablet.send("PRIVMSG #lobby :and I\r\n")
    bob.until("PRIVMSG #lobby :and I")
    tablet.send("QUIT :bed\r\n")
    bob.until("QUIT :")
    bob.until("bed")
    assert server.people() == ["bob"]


def test_a_kick_and_a_kill_reach_all_devices(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    olga = server.irc("olga")
    olga.send(f"OPER owner {CODE}\r\nKICK #lobby anna :out\r\n")
    for client in (phone, laptop):
        client.until("KICK #lobby anna :out")
    olga.send("PRIVMSG #lobby :anna must not read this\r\nKILL anna :bye\r\n")
    for client in (phone, laptop):
        rest = client.rest().decode()
        assert "must not read" not in rest
        assert "ERROR" in rest
    assert "anna" not in server.people()


def test_another_account_does_not_get_in(server):
    register(server, "anna")
    register(server, "eve", "other words")
    client = server.connect()
    plain = base64.b64encode(b"\0eve\0other words").decode()
    client.send("CAP REQ :sasl\r\nNICK anna\r\nUSER u 0 * :x\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\nCAP END\r\n")
    client.until(" 903 ")
    client.until(" 433 ")


def test_owner_s_rights_hold_on_all_devices(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    phone.send(f"OPER owner {CODE}\r\n")
    phone.until(" 381 ")
    laptop.until("MODE anna :+o")
    laptop.send("TOPIC #lobby :mine\r\nMODE #lobby +m\r\n")
    phone.until("MODE #lobby +m")
