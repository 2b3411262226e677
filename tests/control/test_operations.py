"""What is done for requests, at a history that no server has."""

import asyncio
from typing import Any

import pytest

from asyncchat.control import requests
from asyncchat.control.offline import FileDesk
from asyncchat.control.operations import OPERATIONS, carry_out
from asyncchat.control.requests import AccountLine, AddAccount, AskAccounts, Done, Request
from asyncchat.control.wire import Refused, line_of
from asyncchat.core import commands, events
from asyncchat.core.chat import Chat
from asyncchat.log.memory import MemoryLog


@pytest.fixture
def desk():
    return FileDesk(MemoryLog())


def do(desk: FileDesk, request: Request) -> Any:
    return asyncio.run(carry_out(desk, line_of(request)))


def test_every_request_has_its_operation():
    declared = {
        kind
        for kind in vars(requests).values()
        if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
    }
    assert set(OPERATIONS) == declared


def test_what_is_decided_is_kept_under_the_next_numbers(desk):
    assert do(desk, AddAccount("anna", "secret")) == Done()
    assert do(desk, AddAccount("bob", "secret")) == Done()
    assert desk.log.last == 2
    assert [account.name for account in do(desk, AskAccounts()).accounts] == ["anna", "bob"]
    assert Chat.replay(desk.log.state()).state() == desk.chat.state()


def test_what_is_refused_is_not_kept(desk):
    with pytest.raises(Refused, match=r"^Not done: .* begins with #$"):
        do(desk, AddAccount("#anna", "secret"))
    assert desk.log.last == 0


def test_who_is_logged_in_is_shown_and_logged_out_by_the_removal(desk):
    do(desk, AddAccount("anna", "secret"))
    (known,) = do(desk, AskAccounts()).accounts
    assert known == AccountLine("anna", known.made, "", False)
    for command in (commands.Enter("anne", "u", "h"), commands.LogIn("anna", verified=True)):
        for item in desk.chat.decide(1, command, 1):
            if isinstance(item, events.Event):
                desk.chat.apply(item)
    assert do(desk, AskAccounts()).accounts[0].online
    do(desk, requests.DropAccount("anna"))
    assert desk.chat.people[1].account == ""


def test_no_request_shows_its_password_in_a_refusal(desk):
    with pytest.raises(Refused) as refused:
        asyncio.run(carry_out(desk, b'{"do":"account add","name":1,"password":"secret"}\n'))
    assert "secret" not in str(refused.value)
