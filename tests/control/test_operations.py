"""What is done for requests, at a history that no server has."""

import asyncio
from typing import Any

import pytest

from asyncchat.control import requests
from asyncchat.control.offline import FileExecutor
from asyncchat.control.operations import OPERATIONS, carry_out
from asyncchat.control.requests import (
    AccountLine,
    AddAccount,
    Done,
    GetAccounts,
    GetDevices,
    Request,
    SignOutDevices,
)
from asyncchat.control.wire import Refused, line_of
from asyncchat.core.chat import Chat
from asyncchat.core.engine import Engine
from asyncchat.core.features.accounts import LogInVerified
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.login_tokens import NewLoginToken
from asyncchat.log.memory import MemoryLog


@pytest.fixture
def executor():
    return FileExecutor(MemoryLog())


def do(executor: FileExecutor, request: Request) -> Any:
    return asyncio.run(carry_out(executor, line_of(request)))


def test_every_request_has_its_operation():
    declared = {
        kind
        for kind in vars(requests).values()
        if isinstance(kind, type) and issubclass(kind, Request) and not kind.__subclasses__()
    }
    assert set(OPERATIONS) == declared


@pytest.mark.parametrize("line", [b"", b"[1]", b'{"do":"\xff"}', b'{"x":' + b"[" * 50_000], ids=range(4))
def test_what_is_no_request_is_refused(executor, line):
    with pytest.raises(Refused, match="does not know this request"):
        asyncio.run(carry_out(executor, line))


def test_what_is_decided_is_kept_under_the_next_numbers(executor):
    assert do(executor, AddAccount("anna", "plum-otter-41")) == Done()
    assert do(executor, AddAccount("bob", "plum-otter-41")) == Done()
    assert executor.log.last == 2
    assert [account.name for account in do(executor, GetAccounts()).accounts] == ["anna", "bob"]
    assert Chat.replay(executor.log.state()).state() == executor.chat.state()


def test_what_is_refused_is_not_kept(executor):
    with pytest.raises(Refused, match=r"^Not done: .* begins with #$"):
        do(executor, AddAccount("#anna", "plum-otter-41"))
    assert executor.log.last == 0


def test_who_is_logged_in_is_shown_and_logged_out_by_the_removal(executor):
    do(executor, AddAccount("anna", "plum-otter-41"))
    (known,) = do(executor, GetAccounts()).accounts
    assert known == AccountLine("anna", known.made, "", False)
    for command in (Connect("anne", "u", "h"), LogInVerified("anna", verified=True)):
        Engine(executor.chat, time=1).execute(1, command)
    assert do(executor, GetAccounts()).accounts[0].online
    do(executor, requests.DropAccount("anna"))
    assert executor.chat.people[1].account == ""


def test_no_request_shows_its_password_in_a_refusal(executor):
    with pytest.raises(Refused) as refused:
        asyncio.run(carry_out(executor, b'{"do":"account add","name":1,"password":"plum-otter-41"}\n'))
    assert "plum-otter-41" not in str(refused.value)


def test_devices_are_listed_and_signed_out(executor):
    do(executor, AddAccount("anna", "plum-otter-41"))
    engine = Engine(executor.chat, time=1)
    engine.execute(1, Connect("anna", "anna", "localhost", account="anna"))
    for digest, label in (("1a2b3c4d" * 8, "phone"), ("5e6f7a8b" * 8, "laptop")):
        engine.execute(1, NewLoginToken(label, "secret", digest))
    devices = do(executor, GetDevices("ANNA")).devices
    assert {(device.id, device.label) for device in devices} == {
        ("1a2b3c4d", "phone"),
        ("5e6f7a8b", "laptop"),
    }
    with pytest.raises(Refused, match="there is no such account"):
        do(executor, GetDevices("bob"))
    assert do(executor, SignOutDevices("anna", "1a2b3c4d")) == Done()
    assert [device.label for device in do(executor, GetDevices("anna")).devices] == ["laptop"]
    assert do(executor, SignOutDevices("anna", "*")) == Done()
    with pytest.raises(Refused, match="no device stays signed in"):
        do(executor, SignOutDevices("anna", "*"))
