"""Commands of the core as lines of IRC, where a table of what is typed does not show it."""

import time
from dataclasses import dataclass, field

import pytest

from asyncchat.client.errors import ClientError
from asyncchat.client.irc_lines import irc_line
from asyncchat.core.features.accounts import RegisterAccount
from asyncchat.core.features.audit import ReadAudit
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import GetMasks, SetMask
from asyncchat.core.features.server import GetTime
from asyncchat.core.modes import EXCEPTIONS


@dataclass
class Server:
    server_tokens: dict[str, str] = field(default_factory=dict)
    nick: str = "me"


OURS = Server({"EXTBAN": ",amrt"})
OTHER = Server()


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Ban("#ci", "bob", seconds=5400), ("MODE", "#ci", "+b", "t:1h30m:bob!*@*")),
        (Ban("#ci", "~realname:Bad Bot*"), ("MODE", "#ci", "+b", "r:Bad Bot*")),
        (SetMask("#ci", "mute", "bob", seconds=60), ("MODE", "#ci", "+b", "t:1m:m:bob!*@*")),
        (SetMask("#ci", "mute", "~account:bob", False), ("MODE", "#ci", "-b", "m:a:bob")),
        (SetMask("#ci", EXCEPTIONS, "~mute:bob"), ("MODE", "#ci", "+e", "m:bob")),
        (GetMasks("#ci", ("mute",)), ("MODE", "#ci", "+b")),
        (ReadAudit(), ("AUDIT",)),
        (ReadAudit(5), ("AUDIT", "5")),
    ],
)
def test_lines(command, line):
    assert irc_line(OURS, command) == line


def test_a_date_of_the_audit_is_a_duration():
    since = int(time.time() - 7200) * 1_000_000
    name, duration = irc_line(OURS, ReadAudit(500, None, since))
    assert name == "AUDIT"
    assert duration.startswith("2h")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Ban("#ci", "bob", seconds=60), "can't end by itself"),
        (SetMask("#ci", "mute", "bob"), "can't mute"),
        (RegisterAccount("", "", "two words"), "no password with a space"),
        (GetTime(), "can't be asked over IRC"),
    ],
)
def test_what_can_not_be_asked(command, why):
    with pytest.raises(ClientError, match=why):
        irc_line(OTHER, command)
