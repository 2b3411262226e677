"""Metadata over sockets: its place in the order, on several devices, and after a restart."""

import pytest

from asyncchat.core.features.metadata.state import Metadata
from asyncchat.log.memory import MemoryLog
from tests.server.harness import serving
from tests.server.test_devices import device, register, settled

CAPS = "draft/metadata-3 batch"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def client(server, name, *lines):
    """Somebody who knows metadata and subscribed to avatars, in a room."""
    peer = server.connect()
    peer.send(f"CAP REQ :{CAPS}\r\nMETADATA * SUB avatar\r\nNICK {name}\r\nUSER u 0 * :u\r\nCAP END\r\n")
    peer.send("".join(f"{line}\r\n" for line in ("JOIN #tea", *lines)))
    settled(peer)
    return peer


def test_nobody_is_told_of_whom_it_does_not_see_yet(server):
    anna = client(server, "anna")
    peers = [server.irc(f"n{number}") for number in range(5)]
    for number, peer in enumerate(peers):
        peer.send(f"METADATA * SET avatar :{number}\r\nJOIN #tea\r\nMETADATA * SET avatar :{number}b\r\n")
    seen = ""
    for number in range(5):
        if f"761 * n{number} avatar * :{number}b\r\n" not in seen:
            seen += anna.until(f"761 * n{number} avatar * :{number}b\r\n")
    for number in range(5):
        joined, first = seen.index(f"n{number}!"), seen.index(f"761 * n{number} avatar * :{number}\r\n")
        second = seen.index(f"761 * n{number} avatar * :{number}b\r\n")
        assert joined < first < second
        assert "JOIN #tea" in seen[joined:first]


def test_a_rooms_value_comes_behind_what_was_said(server):
    anna = client(server, "anna")
    bob = client(server, "bob")
    anna.send("PRIVMSG #tea :one\r\nMETADATA #tea SET avatar :x\r\nPRIVMSG #tea :two\r\n")
    seen = bob.until("PRIVMSG #tea :two")
    assert seen.index("PRIVMSG #tea :one") < seen.index("761 * #tea avatar * :x") < seen.index(":two")
    assert " 761 * " not in settled(anna)


def test_devices_share_values_and_subscribe_each_for_itself(server):
    phone = register(server, "anna")
    laptop = device(server, "anna", capabilities=f"sasl {CAPS}")
    settled(laptop)
    laptop.send("METADATA * SUB avatar\r\n")
    settled(laptop)
    phone.send("METADATA * SET avatar :pic\r\n")
    assert " 761 anna * avatar * :pic" in settled(phone)
    laptop.until("761 * anna avatar * :pic\r\n")
    tablet = device(server, "anna", capabilities=f"sasl {CAPS}")
    assert "761 * anna avatar * :pic\r\n" in tablet.until(" 422 ")
    tablet.send("METADATA * SUBS\r\nMETADATA * SUB url\r\nMETADATA * UNSUB avatar url\r\n")
    seen = settled(tablet)
    assert " 772 " not in seen
    assert " 771 anna avatar url\r\n" in seen
    laptop.send("METADATA * SUBS\r\n")
    laptop.until(" 772 anna avatar\r\n")
    phone.send("METADATA * SET avatar :other\r\n")
    laptop.until("761 * anna avatar * :other\r\n")
    laptop.send("QUIT\r\n")
    laptop.until("ERROR")
    settled(phone)
    assert not server.call(lambda: dict(Metadata.of(server.server.hub.chat).subscribers))


def test_who_watches_is_told_when_somebody_comes(server):
    anna = client(server, "anna", "MONITOR + carol")
    carol = server.connect()
    carol.send("NICK carol\r\nMETADATA * SET avatar :c\r\nUSER u 0 * :u\r\n")
    seen = anna.until("761 * carol avatar * :c\r\n")
    assert " 730 * :carol!" in seen


def test_values_outlive_the_server():
    log = MemoryLog()
    with serving(log, limits=False) as server:
        anna = register(server, "anna")
        anna.send("JOIN #tea\r\nMETADATA #tea SET url :tea\r\nMETADATA * SET avatar :pic\r\n")
        anna.send("METADATA * SET gone :x\r\nMETADATA * SET gone\r\n")
        settled(anna)
    with serving(log, limits=False) as server:
        anna = device(server, "anna", capabilities=f"sasl {CAPS}")
        burst = anna.until(" 422 ")
        assert " 761 * anna avatar * :pic\r\n" in burst
        assert "gone" not in burst
        anna.send("METADATA #tea LIST\r\n")
        anna.until(" 761 anna #tea url * :tea\r\n")
