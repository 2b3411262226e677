"""Commands of the core as lines of IRC, where a table of what is typed does not show it."""

import pytest

from asyncchat.core.features.accounts import (
    DropAccount,
    LogInWithPassword,
    NewPassword,
    Reclaim,
    RegisterAccount,
)
from asyncchat.core.features.audit import ReadAudit
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import GetMasks, SetMask
from asyncchat.core.features.server import GetTime
from asyncchat.core.modes import EXCEPTIONS
from asyncchat.dialects.irc.client_registry import LineContext, NotAskable, line_for, readable
from asyncchat.dialects.irc.tokens import Message, parse

NOW = 1_795_900_000

OURS = LineContext("me", {"EXTBAN": ",amrt"}, NOW)
OTHER = LineContext("me", {}, NOW)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Ban("#ci", "bob", seconds=5400), ("MODE", "#ci", "+b", "t:1h30m:bob!*@*")),
        (Ban("#ci", "~realname:Bad Bot*"), ("MODE", "#ci", "+b", "r:Bad Bot*")),
        (SetMask("#ci", "mute", "bob", seconds=60), ("MODE", "#ci", "+b", "t:1m:m:bob!*@*")),
        (SetMask("#ci", "mute", "~account:bob", False), ("MODE", "#ci", "-b", "m:a:bob")),
        (SetMask("#ci", EXCEPTIONS, "~mute:bob"), ("MODE", "#ci", "+e", "m:bob")),
        (GetMasks("#ci", ("mute",)), ("MODE", "#ci", "+b")),
        (RegisterAccount("", "", "tea at five"), ("NS", "REGISTER", "tea at five")),
        (RegisterAccount("", "a@b.org", "tea at five"), ("NS", "REGISTER", "tea at five a@b.org")),
        (RegisterAccount("", "a@b.org", "tea"), ("NS", "REGISTER", "tea", "a@b.org")),
        (LogInWithPassword("bob", "tea at five"), ("NS", "IDENTIFY", "bob", "tea at five")),
        (NewPassword("tea at six"), ("NS", "SET", "PASSWORD", "tea at six")),
        (DropAccount("", "tea at six"), ("NS", "DROP", "tea at six")),
        (Reclaim("bob", "tea at six", True), ("NS", "REGAIN", "bob", "tea at six")),
        (ReadAudit(), ("AUDIT",)),
        (ReadAudit(5), ("AUDIT", "5")),
    ],
)
def test_lines(command, line):
    assert line_for(OURS, command) == line


def test_a_date_of_the_audit_is_a_duration():
    since = (NOW - 7200) * 1_000_000
    name, duration = line_for(OURS, ReadAudit(500, None, since))
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
    with pytest.raises(NotAskable, match=why):
        line_for(OTHER, command)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (":s 221 me +", "your modes: +"),
        (":s 221 me +Bi", "your modes: +Bi"),
        (":s 301 me bob :lunch", "bob is away: lunch"),
        (":s 999 me what :it says", "what it says"),
    ],
)
def test_numerics_as_sentences(line, told):
    message = parse(line.encode())
    assert isinstance(message, Message)
    assert readable(message) == told
