"""What is known before the full-screen client asks."""

import pytest

from asyncchat.client.remembered import Remembered, RememberedServer
from asyncchat.tui.join_screen import JoinRequest
from asyncchat.tui.run import completed

KNOWN = Remembered(
    servers=[RememberedServer("host:1234", "anna", "anna"), RememberedServer("127.0.0.1:7", "bob")]
)


@pytest.mark.parametrize(
    ("request_", "address", "nick", "account"),
    [
        (JoinRequest("", ""), "host:1234", "anna", "anna"),
        (JoinRequest("", "eve"), "host:1234", "eve", ""),
        (JoinRequest("irc://127.0.0.1:7/ci", ""), "irc://127.0.0.1:7/ci", "bob", ""),
        (JoinRequest("http://host:1234/#tea", ""), "http://host:1234/#tea", "anna", "anna"),
        (JoinRequest("elsewhere", ""), "elsewhere", "", ""),
    ],
)
def test_what_is_remembered_completes_what_was_given(request_, address, nick, account):
    found = completed(request_, KNOWN)
    assert (found.address, found.nick, found.account) == (address, nick, account)


def test_nothing_is_known_at_first():
    assert completed(JoinRequest("", "", ("#tea",)), Remembered()) == JoinRequest("", "", ("#tea",))
