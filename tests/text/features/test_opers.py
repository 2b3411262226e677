"""What the owner types to keep the server in order."""

import pytest

from asyncchat.core.features.audit import ReadAudit
from asyncchat.core.features.host import ChangeHost
from asyncchat.core.features.opers import Announce
from asyncchat.core.features.server_bans import BanFromServer, GetServerBans, Kill
from asyncchat.text.slash import COMMANDS
from tests.dialects.plain_driver import World


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/host bob b.example", ChangeHost("bob", "b.example")),
        ("/kill bob", Kill("bob", "removed")),
        ("/kill bob too loud", Kill("bob", "too loud")),
        ("/serverban", GetServerBans()),
        ("/serverban bob", BanFromServer("bob")),
        (
            "/serverban 192.0.2.0/24 spam all day",
            BanFromServer("192.0.2.0/24", True, 0, "spam all day"),
        ),
        ("/serverban bob 30m", BanFromServer("bob", True, 1800)),
        ("/serverban bob 1d2h30m", BanFromServer("bob", True, 95_400)),
        ("/serverban bob 3 times", BanFromServer("bob", True, 0, "3 times")),
        ("/serverban bob 2h spam", BanFromServer("bob", True, 7200, "spam")),
        ("/serverban bob 7d", BanFromServer("bob", True, 604_800)),
        ("/serverunban bob", BanFromServer("bob", False)),
        ("/announce hear all", Announce("hear all")),
        ("/audit", ReadAudit()),
        ("/audit 5", ReadAudit(5)),
        ("/audit 9999", ReadAudit(500)),
        ("/audit 2h", ReadAudit(500, 7200)),
        ("/audit 2026-11-22", ReadAudit(500, None, 1_795_305_599_999_999)),
    ],
)
def test_what_is_asked(line, asked):
    anna = World().person("anna")
    anna.type(line)
    assert anna.asked[-1] == asked


@pytest.mark.parametrize("line", ["/kill", "/serverunban", "/serverunban a b", "/announce", "/audit what"])
def test_misuse(line):
    assert World().person("anna").type(line).startswith(f"Usage: {COMMANDS[line.split()[0][1:]].usage}")


def test_only_the_owner_may():
    assert (
        World().person("anna").type("/serverban")
        == "Only the owner and operators of the server may do that.\n"
    )
