"""Clients on Unix sockets: whose account they have, and that no other connection has one so."""

import asyncio
import getpass
import os
import socket
from contextlib import contextmanager

import pytest

import asyncchat
from asyncchat import AsyncClient, Message, Unreachable
from asyncchat.client.address import parse_address
from asyncchat.client.http_api import HttpApi
from asyncchat.server.unix_peers import account_of_peer
from tests.server.harness import PATIENCE, Client, serving

ME, UID = getpass.getuser(), os.getuid()


@pytest.mark.parametrize(
    ("stated", "account"),
    [
        ((), ""),
        ((ME,), ME),
        ((f"{UID}=anna",), "anna"),
        ((f"{ME}=anna", "*"), "anna"),
        (("*",), ME),
        (("nobody-else=anna",), ""),
        ((f"{UID + 1}",), ""),
    ],
)
def test_the_first_that_fits_counts(stated, account):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert account_of_peer(ours, stated) == account


def test_only_a_unix_socket_has_a_user():
    with socket.socket() as tcp:
        assert account_of_peer(tcp, ("*",)) == account_of_peer(None, ("*",)) == ""


@contextmanager
def connected(path):
    client = Client.__new__(Client)
    client.unread = b""
    with socket.socket(socket.AF_UNIX) as client.socket:
        client.socket.settimeout(PATIENCE)
        client.socket.connect(path)
        yield client


def test_a_user_is_logged_in_to_the_account(tmp_path):
    path = str(tmp_path / "chat.sock")
    with serving(unix=path, unix_accounts=(f"{UID}=anna",), trusted_proxies=("unix",)) as server:
        iris = server.irc("iris")
        iris.send("REGISTER anna * :a-long-password\r\n")
        iris.until("REGISTER SUCCESS")
        iris.send("QUIT\r\n")
        iris.rest()
        with connected(path) as nc, connected(path) as irc, connected(path) as proxy:
            nc.send("anna\n/me\n")  # a name that else needs the password
            nc.until("Hello, anna!")
            irc.send("NICK ann\r\nUSER a 0 * :a\r\n")
            assert "ann!a@localhost anna :You are now logged in as anna" in irc.until(" 900 ") + irc.line()
            proxy.send("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\nNICK eve\r\nUSER e 0 * :e\r\n")
            assert " 900 " not in proxy.until(" 422 ")
            people = server.call(lambda: list(server.server.hub.chat.people.values()))
            assert {one.name: one.account for one in people} == {"anna": "anna", "ann": "anna", "eve": ""}


def test_our_clients_take_the_path(tmp_path):
    path = str(tmp_path / "chat.sock")
    address = f"unix://{path}#ci"

    async def come():
        async with AsyncClient(address, nick="ben") as ben:
            await ben.say("#ci", "from a task")

    with serving(unix=path, unix_accounts=(f"{UID}=anna",)):
        with asyncchat.Client(address, nick="anna") as anna:
            assert str(anna.address) == f"unix://{path}"
            heard = (event.text for event in anna if isinstance(event, Message))
            asyncio.run(come())
            assert next(heard) == "from a task"
            HttpApi(parse_address(address)).post("ci", "over HTTP", "cy")
            assert next(heard) == "over HTTP"
        with pytest.raises(Unreachable, match="no such file"):
            asyncchat.Client(f"unix://{path}-gone", nick="anna")


def test_an_account_that_is_not_there_is_none(tmp_path):
    path = str(tmp_path / "chat.sock")
    with serving(unix=path, unix_accounts=("*=nobody",)) as server, connected(path) as nc:
        nc.send("bob\n/me\n")
        nc.until("Hello, bob!")
        assert server.call(lambda: [one.account for one in server.server.hub.chat.people.values()]) == [""]
