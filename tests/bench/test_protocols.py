import pytest

from asyncchat.bench.protocols import JOINED, Address, Irc, Plain, parse_url
from asyncchat.errors import AsyncChatError


def test_an_irc_client_comes_in():
    irc = Irc(tag="xyz")
    assert irc.hello("n") == b"NICK n\r\nUSER bench 0 * :bench\r\n"
    assert irc.step(0, b":s NOTICE * :x\r\n", "n", 3) == (1, b"")
    assert irc.step(1, b":s 001 n :hi\r\n", "n", 3) == (2, b"JOIN #bxyz3\r\n")
    assert irc.step(2, b":s 353 n = #bxyz3 :n\r\n", "n", 3) == (2, b"")
    assert irc.step(2, b":s 366 n #bxyz3 :end\r\n", "n", 3) == (JOINED, b"")
    assert irc.say(3, 64) == b"PRIVMSG #bxyz3 :"
    assert irc.end == b"\r\n"
    assert irc.leave() == b"QUIT :bench\r\n"


def test_capabilities_are_asked_for_first():
    irc = Irc(("server-time", "echo-message"))
    assert irc.echo
    assert irc.hello("n").startswith(b"CAP REQ :server-time echo-message\r\nNICK n\r\n")
    assert irc.step(0, b":s CAP * ACK :server-time echo-message\r\n", "n", 0) == (1, b"CAP END\r\n")
    with pytest.raises(AsyncChatError, match="does not have these capabilities"):
        irc.step(0, b":s CAP * NAK :server-time echo-message\r\n", "n", 0)


def test_what_irc_servers_say_is_understood():
    irc = Irc()
    assert irc.answer(b"PING :token\r") == b"PONG :token\r\n"
    assert irc.answer(b":a JOIN #x\r") == b""
    assert irc.closing(b":s 001 n :x\r\nERROR :Closing link\r\n") == "ERROR :Closing link"
    assert irc.closing(b":a!u@h PRIVMSG #x :ERROR :no\r\n") is None
    assert irc.refusal(b":s 422 n :no motd\r\n") is None
    assert irc.refusal(b":s 001 n :x\r\n:s 433 * n :in use\r\n") == ":s 433 * n :in use"
    assert irc.version(b":s 003 n :x\r\n:s 004 n s Thing-1.2 a b\r\n") == "Thing-1.2"
    assert irc.version(b":s 003 n :x\r\n") is None


def test_a_plain_client_comes_in():
    plain = Plain()
    assert plain.hello("n") == b""
    assert plain.step(0, b"Welcome! Enter your name or nickname: ", "n", 0) == (1, b"n\n")
    assert plain.step(1, b"Hello, n! m, n are in the chat\n", "n", 0) == (JOINED, b"")
    assert (
        plain.refusal(b"n is already in use. Enter another name: ")
        == "n is already in use. Enter another name:"
    )
    assert plain.refusal(b"Hello, n!\n") is None
    assert plain.say(0, 64) == b""
    assert plain.end == b"\n"
    assert not plain.echo
    assert plain.one_room


def test_addresses():
    assert parse_url("irc://host") == Address("irc", "host", 6667)
    assert parse_url("plain://[::1]:99") == Address("plain", "::1", 99)
    for wrong in ("http://x", "host:1", "irc://", "irc://x:99999"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_url(wrong)
