"""Clients that know several servers of one chat: where one is away, the next one is tried."""

import socket
from typing import Any

import pytest

from asyncchat import Client, Disconnected, Message, Reconnected, Rejected, Unreachable
from tests.client.fronts import ClientOnLoop
from tests.client.scripted import PATIENCE, Scripted, let_in_and_close
from tests.client.test_client import followed

QUICK: dict[str, Any] = {"rooms": ["#ci"], "backoff": (0.01, 0.02), "nick": "me"}


@pytest.fixture(params=[Client, ClientOnLoop], ids=["threads", "asyncio"])
def joined(request):
    return request.param


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def that_resumes(line):
    line.welcome()
    line.let_in()
    assert line.until("CHATHISTORY") == "CHATHISTORY AFTER #ci msgid=e1-1 2"
    line.send(":s BATCH +b chathistory #ci", "@batch=b;msgid=e1-2 :bob!b@h PRIVMSG #ci two", ":s BATCH -b")
    line.to_the_end()


def that_ends(line):
    line.welcome()
    line.let_in()
    line.send("@msgid=e1-1 :bob!b@h PRIVMSG #ci one")
    line.send("ERROR :Closing link: (me@h) [this server is taken out of service; connect to another one]")


def test_the_next_server_goes_on_where_the_first_ended(joined):
    with Scripted(that_ends) as first, Scripted(that_resumes) as second:
        both = f"{first.address},{second.address}"
        with joined(both, **QUICK) as chat:
            events = [event for _ in range(2) for event in followed(chat)]
            assert chat.server == both.partition(",")[2]
            assert str(chat.address) == both
    assert [type(event) for event in events] == [Message, Disconnected, Reconnected, Message]
    assert [event.text for event in events if isinstance(event, Message)] == ["one", "two"]


def test_servers_that_are_away_are_passed_over_at_first_and_later(joined, nobody):
    with (
        Scripted(let_in_and_close, that_resumes_with_nothing) as server,
        joined(f"{nobody},{server.address}", **QUICK) as chat,
    ):
        events = followed(chat, Reconnected)
    reasons = [(event.reason, event.attempt) for event in events if isinstance(event, Disconnected)]
    assert reasons == [("the server closed the connection", 0), ("connection refused", 1)]


def that_resumes_with_nothing(line):
    line.welcome()
    line.let_in()
    line.to_the_end()


def test_where_all_are_away_all_are_named(joined, nobody):
    with pytest.raises(Unreachable, match=f"Can't reach {nobody} or 127.0.0.1:1: connection refused. Is a"):
        joined(f"{nobody},127.0.0.1:1", **QUICK)


def test_what_the_chat_refuses_is_not_asked_elsewhere(joined):
    def refusing(line):
        line.until("USER")
        line.send(":s 432 * me :not that name")
        line.to_the_end()

    with Scripted(refusing) as server, pytest.raises(Rejected, match="not that name"):
        joined(f"{server.address},127.0.0.1:1", **QUICK).__enter__()


def test_pauses_grow_with_the_rounds(nobody):
    with Scripted(let_in_and_close) as server:
        chat = Client(f"{server.address},{nobody}", **{**QUICK, "backoff": (0.01, 1)})
        events = [chat.receive(PATIENCE) for _ in range(9)]
        chat.close()
    pauses = [event.retry_in for event in events if isinstance(event, Disconnected)]
    most = [0.01, 0, 0.02, 0, 0.04]
    assert all(
        limit / 2 <= pause <= limit for pause, limit in zip(pauses, most, strict=False) if pause is not None
    )
    assert len(pauses) >= len(most)
