"""What the start says, line by line."""

from pathlib import Path

import pytest
import segno

from asyncchat import __version__
from asyncchat.server import banner
from asyncchat.server.addresses import Address
from asyncchat.server.tls import Certificate, self_signed

LOOPBACK, LAN, UNIX = Address("127.0.0.1", 1234), Address("192.168.1.7", 1234), Address(path="/run/c.sock")
ANY, ANY6 = Address("0.0.0.0", 1234), Address("::", 1234)  # noqa: S104


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setattr(banner, "own_addresses", lambda: ["192.168.1.7", "2001:db8::7"])


@pytest.mark.parametrize(
    ("listening", "people_use"),
    [
        ([LOOPBACK], [LOOPBACK]),
        ([ANY], [LAN]),
        ([ANY6], [LAN, Address("2001:db8::7", 1234)]),
        ([ANY, LAN, UNIX], [LAN, UNIX]),
    ],
)
def test_a_wildcard_is_the_machine_s_own_addresses(listening, people_use):
    assert banner.reachable(listening) == people_use


def test_a_wildcard_of_a_machine_without_a_network_is_the_machine_itself(monkeypatch):
    monkeypatch.setattr(banner, "own_addresses", list)
    assert banner.reachable([ANY]) == [LOOPBACK]


@pytest.mark.parametrize(
    ("addresses", "best"),
    [([LOOPBACK, LAN], LAN), ([LOOPBACK], LOOPBACK), ([UNIX, LOOPBACK], LOOPBACK), ([UNIX], UNIX)],
)
def test_others_are_told_the_address_that_they_reach(addresses, best):
    assert banner.best(addresses) == best


def test_how_to_join():
    assert banner.how_to_join(LOOPBACK) == (
        "Join #lobby with\n"
        "  nc             nc 127.0.0.1 1234\n"
        "  our client     asyncchat join 127.0.0.1:1234 --nick NAME\n"
        "  an IRC client  irc://127.0.0.1:1234/lobby   (no TLS)\n"
        "  a browser      http://127.0.0.1:1234/#lobby\n"
    )
    assert "http://[::1]:1234/#lobby\n" in banner.how_to_join(Address("::1", 1234))
    assert "nc ::1 1234\n" in banner.how_to_join(Address("::1", 1234))
    assert "irc://[::1]:1234/lobby" in banner.how_to_join(Address("::1", 1234))
    assert "nc -U /run/c.sock\n" in banner.how_to_join(UNIX)
    udp = Address("::1", 7, udp=True)
    assert "  over UDP       asyncchat join udp://[::1]:7 --nick NAME\n" in banner.how_to_join(LOOPBACK, udp)
    assert banner.how_to_join(udp, udp) == (
        "Join #lobby with\n  over UDP       asyncchat join udp://[::1]:7 --nick NAME\n"
    )
    assert banner.best([udp, LOOPBACK]) == LOOPBACK


def test_how_to_join_over_tls(tmp_path):
    file = tmp_path / "server.pem"
    file.write_text(self_signed(["chat.example.org"]))
    own = Certificate(file, file)
    assert banner.how_to_join(LOOPBACK, certificate=own).endswith(
        "  over TLS       asyncchat join ircs://127.0.0.1:1234 --nick NAME\n"
        "                 ircs://127.0.0.1:1234/lobby and https://127.0.0.1:1234/#lobby\n"
        f"  certificate    SHA-256 {own.fingerprint}\n"
    )
    assert banner.how_to_join(Address("::1", 6697, tls=True), certificate=own) == (
        "Join #lobby with\n"
        "  our client     asyncchat join ircs://[::1]:6697 --nick NAME\n"
        "  an IRC client  ircs://[::1]:6697/lobby\n"
        "  a browser      https://[::1]:6697/#lobby\n"
        "  a terminal     openssl s_client -quiet -connect [::1]:6697\n"
        f"  certificate    SHA-256 {own.fingerprint}\n"
    )


def test_the_qr_code_shows_the_modules_of_the_link_with_a_border():
    link = banner.page(LAN)
    lines = banner.qr_code(link).splitlines()
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
    shown = []
    for line in lines:
        blocks = line.removeprefix("\x1b[97;40m").removesuffix("\x1b[0m")
        shown.append([block in " ▄" for block in blocks])  # dark above
        shown.append([block in " ▀" for block in blocks])  # dark below
    code = [[bool(module) for module in row] for row in segno.make_qr(link, error="L").matrix_iter(border=2)]
    assert shown[: len(code)] == code


@pytest.mark.parametrize(
    ("database", "kept", "messages", "says"),
    [
        (None, False, 0, "no history is kept"),
        (None, True, 0, "history in memory only, gone when the server stops"),
        (Path.home() / "x/chat.db", True, 1284, "history in ~/x/chat.db (1,284 messages)"),
        (Path("/srv/chat.db"), True, 1, "history in /srv/chat.db (1 message)"),
    ],
)
def test_where_the_history_is(database, kept, messages, says):
    line = banner.history_line(database, kept=kept, messages=messages)
    assert line == f"asyncchat {__version__}, {says}\n"


TLS, INSECURE = Address("192.168.1.7", 6697, tls=True), Address("192.168.1.7", 1234, insecure=True)


@pytest.mark.parametrize(
    ("addresses", "encrypted", "says"),
    [
        ([LOOPBACK, UNIX], False, "Only this machine can join. For your network: asyncchat serve --lan"),
        ([LOOPBACK, LAN], False, "… these addresses from a private network can join; nothing is encrypted."),
        ([LAN, TLS], True, "… these addresses can join, from outside over TLS; only TLS is encrypted."),
        ([INSECURE, TLS], True, "… these addresses can join; only TLS is encrypted."),
        ([INSECURE], False, "… these addresses can join; nothing is encrypted."),
        ([TLS], True, "… these addresses can join; all is encrypted."),
    ],
)
def test_who_can_join(addresses, encrypted, says):
    says = says.replace("…", "Whoever reaches")
    assert banner.who_can_join(addresses, encrypted=encrypted) == f"{says}\n"


def test_a_node_does_not_say_how_many_messages_it_has_before_it_has_them_all():
    line = banner.history_line(Path("/srv/chat.db"), kept=True, messages=0, node="one")
    assert line.endswith(", node one, history in /srv/chat.db\n")
