"""Addresses as people write them."""

import pytest

from asyncchat.client.address import Address, parse_address
from asyncchat.client.errors import AddressError

GOOD = [
    ("chat.example", Address("irc", "chat.example", 1234)),
    ("chat.example:6667", Address("irc", "chat.example", 6667)),
    (" 127.0.0.1:1 ", Address("irc", "127.0.0.1", 1)),
    ("[::1]:1234", Address("irc", "::1", 1234)),
    ("[fe80::1%eth0]", Address("irc", "fe80::1%eth0", 1234)),
    ("::1", Address("irc", "::1", 1234)),
    ("irc://chat.example", Address("irc", "chat.example", 1234)),
    ("IRC://chat.example:6667/", Address("irc", "chat.example", 6667)),
    ("irc://chat.example/ci", Address("irc", "chat.example", 1234, "#ci")),
    ("irc://[::1]:7/#класс", Address("irc", "::1", 7, "#класс")),
    ("irc://chat.example/%23ci", Address("irc", "chat.example", 1234, "#ci")),
    ("udp://chat.example:7/ci", Address("udp", "chat.example", 7, "#ci")),
    ("plain://127.0.0.1:1234", Address("plain", "127.0.0.1", 1234)),
    ("plain://host", Address("plain", "host", 1234)),
    ("unix:///run/chat.sock", Address("unix", "/run/chat.sock", 0)),
    ("UNIX:///run/chat.sock#ci", Address("unix", "/run/chat.sock", 0, "#ci")),
    ("ircs://chat.example", Address("ircs", "chat.example", 6697)),
    ("tls://[::1]:7/ci", Address("ircs", "::1", 7, "#ci")),
    ("https://chat.example/#ci?invite=abc", Address("ircs", "chat.example", 443, "#ci", "abc")),
    ("HTTPS://chat.example:7", Address("ircs", "chat.example", 7)),
    ("http://127.0.0.1:1234/#lobby", Address("irc", "127.0.0.1", 1234, "#lobby")),
    ("HTTP://chat.example/", Address("irc", "chat.example", 80)),
    ("http://chat.example:7", Address("irc", "chat.example", 7)),
    ("http://[::1]:7/#%D1%87%D0%B0%D0%B9", Address("irc", "::1", 7, "#чай")),
    ("http://chat.example:7/#ci?invite=abc", Address("irc", "chat.example", 7, "#ci", "abc")),
    ("http://chat.example:7/?x=1#ci", Address("irc", "chat.example", 7, "#ci")),
    ("one, two:7,one", Address("irc", "one", 1234, others=(("two", 7),))),
    ("[::1]:7,::1", Address("irc", "::1", 7, others=(("::1", 1234),))),
    ("ircs://one,two:7/ci", Address("ircs", "one", 6697, "#ci", others=(("two", 7),))),
    ("plain://one,two", Address("plain", "one", 1234, others=(("two", 1234),))),
    ("https://one,two:7/#ci?invite=abc", Address("ircs", "one", 443, "#ci", "abc", others=(("two", 7),))),
]

BAD = [
    ("", "no host"),
    (":1234", "no host"),
    ("irc://", "no host"),
    ("host:", "from 1 to 65535, not ''"),
    ("host:0", "from 1 to 65535"),
    ("host:65536", "from 1 to 65535"),
    ("host:port", "not 'port'"),
    ("host:١٢٣٤", "from 1 to 65535"),
    ("a:b:c", "more than one colon"),
    ("[::1", "[::1]:1234"),
    ("[::1]1234", "[::1]:1234"),
    ("[host]:1", "is not an IPv6 address"),
    ("wss://host", "irc://, ircs://, udp://, unix:// or plain://"),
    ("unix://run/chat.sock", "unix:///run/chat.sock"),
    ("http://host/api/rooms", "http://host:port/#room"),
    ("http://host/chat/", "takes only HTTP"),
    ("http://host/#a b", "is not a room"),
    ("my host", "is not a host name"),
    ("one,", "no host"),
    ("one,,two", "no host"),
    ("one,irc://two", "is not a"),
    ("me@host", "is not a host name"),
    ("host/room", "irc://host/room"),
    ("plain://host/room", "one room"),
    ("https://host/path#room", "https://host:port/#room"),
    ("irc://host/a b", "is not a room"),
    ("irc://host/a,b", "is not a room"),
]


@pytest.mark.parametrize(("text", "address"), GOOD)
def test_address(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(("text", "fault"), BAD)
def test_no_address(text, fault):
    with pytest.raises(AddressError) as raised:
        parse_address(text)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.address == text


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://chat.example/chat/", Address("ircs", "chat.example", 443, base_path="/chat")),
        ("http://[::1]/a/b#ci", Address("irc", "::1", 80, "#ci", base_path="/a/b")),
        ("http://chat.example:7/чай/", Address("irc", "chat.example", 7, base_path="/%D1%87%D0%B0%D0%B9")),
        ("http://chat.example:7/x%20y/?q", Address("irc", "chat.example", 7, base_path="/x%20y")),
        ("http://chat.example:7//", Address("irc", "chat.example", 7)),
        ("https://one,two:7/chat", Address("ircs", "one", 443, base_path="/chat", others=(("two", 7),))),
    ],
)
def test_who_asks_only_by_http_may_be_below_a_path(text, address):
    assert parse_address(text, only_http=True) == address
    if not address.room:
        assert parse_address(str(address), only_http=True) == address


@pytest.mark.parametrize(
    "address", list(dict.fromkeys(address for _, address in GOOD if not address.room)), ids=str
)
def test_address_is_written_as_it_is_read(address):
    assert parse_address(str(address)) == address
