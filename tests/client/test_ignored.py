"""Whom a person ignores, on this machine and with an account on all of its devices."""

from datetime import UTC, datetime

import pytest

from asyncchat import Client, Message, NotConnected, Preference, Reconnected, Refused
from asyncchat.client.ignored import IgnoredNames
from asyncchat.config.options import ServeConfig
from asyncchat.log.memory import MemoryLog
from tests.client.scripted import Line, Scripted
from tests.server.harness import PATIENCE, ServerThread

PASSWORD = "tea at five o'clock"  # noqa: S105 - of the test's account


@pytest.fixture(scope="module")
def server():
    with ServerThread(ServeConfig(limits=False), MemoryLog()) as running:
        with Client(f"127.0.0.1:{running.port}", nick="anna") as guest:
            guest.command("NS", "REGISTER", PASSWORD)
            while "anna" not in getattr(guest.receive(PATIENCE), "text", ""):
                pass
        yield running


def device(server, **options) -> Client:
    address = f"127.0.0.1:{server.port}"
    return Client(address, nick="anna", account="anna", password=PASSWORD, rooms=["#tea"], **options)


def told(ignored: IgnoredNames, chat: Client) -> str:
    """What is said of the next choice, or of its refusal."""
    while True:
        event = chat.receive(PATIENCE)
        line = ignored.take(event)
        if isinstance(event, Preference | Refused):
            return line or getattr(event, "reason", "")


def test_an_account_ignores_on_all_devices(server):
    here, there = IgnoredNames(["eve"]), IgnoredNames()
    with device(server) as one, device(server) as other:
        assert here.set(one, "Bob", on=True) == ""
        assert told(here, one) == "You ignore bob, eve."
        assert told(there, other) == ""
        assert "BOB" in there
        assert "eve" not in there
        assert list(here.here) == ["eve"]  # the machine remembers no more than before
        # The server keeps it from both, and tells a device that comes later.
        with Client(f"127.0.0.1:{server.port}", nick="bob", rooms=["#tea"]) as bob:
            bob.say("#tea", "psst").wait()
        with Client(f"127.0.0.1:{server.port}", nick="amy", rooms=["#tea"]) as amy:
            amy.say("#tea", "hello").wait()
        while not isinstance(event := one.receive(PATIENCE), Message):
            pass
        assert event.text == "hello"
        later = IgnoredNames()
        with device(server) as third:
            assert told(later, third) == ""
            assert "bob" in later
        here.set(one, "no!name", on=True)
        assert told(here, one) == "Not done: it has !."
        here.set(one, "EVE", on=False)
        assert told(here, one) == "You ignore bob."
        here.set(one, "bob", on=False)
        assert told(here, one) == "You ignore nobody."
        while "bob" in there:  # it may be told of "eve" first
            told(there, other)


def test_a_break_forgets_what_was_chosen_before():
    names = IgnoredNames()
    now = datetime.now(UTC)
    names.take(Preference(now, "ignore", "bob", "on"))
    names.take(Preference(now, "notify", "amy", "none"))
    assert ("bob" in names, "amy" in names) == (True, False)
    names.take(Reconnected(now, "me"))
    assert "bob" not in names


def test_without_an_account_it_is_this_machine_s():
    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        line.to_the_end()

    with Scripted(script) as peer, Client(peer.address, nick="me", rooms=["#ci"]) as chat:
        names = IgnoredNames()
        assert names.set(chat, "Bob", on=True) == "You ignore Bob."
        assert names.set(chat, "bob", on=False) == "You ignore nobody."


def test_without_a_connection_an_account_chooses_nothing(server):
    with device(server) as chat:
        chat.close()
        with pytest.raises(NotConnected):
            chat.prefer("ignore", "bob", "on")
