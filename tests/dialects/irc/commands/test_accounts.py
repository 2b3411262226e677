"""Accounts in IRC: what is said of being logged in and out."""

import pytest

from asyncchat.core import events, replies
from asyncchat.core.events import Record
from asyncchat.core.people import logged, person
from asyncchat.core.replies import AccountFault, AccountRefused


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (replies.LoggedInNow("anna"), "900 a a!a@192.0.2.1 anna :You are now logged in as anna"),
        (replies.Registered("anna"), "900 a a!a@192.0.2.1 anna :You are now logged in as anna"),
        (replies.Removed("anna"), "NOTICE a :The account anna is removed"),
        (replies.PasswordChanged("anna"), "NOTICE a :The password of anna is changed"),
        (
            AccountRefused(AccountFault.NOT_ALLOWED, "b c", "it has a space"),
            "NOTICE a :Not done: an account can't have that name: it has a space",
        ),
    ],
)
def test_lines(server, reply, line):
    a = server.person("a")
    assert a.dialect.answer((reply,)).decode() == f":irc.test {line}\r\n"


def test_logging_out_is_told_by_its_event(server):
    a = server.person("a")
    me = person(a.dialect.id, "a", "a", "h", account="anna")
    record = Record(1, 1, events.LoggedOut(me, logged(me, "")))
    told = a.dialect.answer((record, replies.LoggedOutNow()))
    assert told == b":irc.test 901 a a!a@h :You are now logged out\r\n"
