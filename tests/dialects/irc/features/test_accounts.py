"""Accounts in IRC: made by REGISTER, told by tags, notices and joins."""

import pytest

from asyncchat.core.events import Record
from asyncchat.core.features.accounts import Removed
from asyncchat.core.features.presence import LoggedOut
from asyncchat.core.people import person, with_account
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.features.accounts import RegisterPurpose
from tests.dialects.irc.conftest import Server

SUCCESS = ":irc.test REGISTER SUCCESS a :Account created"
LOGGED_IN = ":irc.test 900 a a!a@192.0.2.1 a :You are now logged in as a"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (AccountFault.EXISTS, "ACCOUNT_EXISTS"),
        (AccountFault.HELD, "BAD_ACCOUNT_NAME"),
        (AccountFault.NOT_ALLOWED, "BAD_ACCOUNT_NAME"),
        (AccountFault.LOGGED_IN, "ALREADY_AUTHENTICATED"),
        (AccountFault.WEAK, "WEAK_PASSWORD"),
        (AccountFault.BAD_PASSWORD, "UNACCEPTABLE_PASSWORD"),
        (AccountFault.EMAIL, "INVALID_EMAIL"),
        (AccountFault.CLOSED, "TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_each_reason_has_its_code(server, fault, code):
    a = server.person("a")
    told = a.dialect.encode_outcome((AccountRefused(fault, "b c", context=RegisterPurpose()),)).decode()
    assert told == f":irc.test FAIL REGISTER {code} b_c :{fault.text[0].upper()}{fault.text[1:]}\r\n"


class TestRegister:
    def test_of_ones_nick(self, server):
        a = server.person("a")
        assert a.send("REGISTER * * sesame") == [LOGGED_IN, SUCCESS]
        assert a.send("REGISTER * * sesame") == [
            ":irc.test FAIL REGISTER ALREADY_AUTHENTICATED a :You are logged in already"
        ]
        assert server.hub.chat.people[a.id].account == "a"

    def test_of_another_name_with_an_address(self, server):
        a = server.person("a")
        assert a.send("REGISTER custom a@example.org :open sesame")[1].startswith(
            ":irc.test REGISTER SUCCESS custom :"
        )
        assert server.hub.chat.accounts["custom"].email == "a@example.org"

    def test_not_of_a_name_that_is_taken(self, server):
        a, b = server.person("a"), server.person("b")
        a.send("REGISTER * * sesame")
        assert b.send("REGISTER a * sesame") == [
            ":irc.test FAIL REGISTER ACCOUNT_EXISTS a :There is an account of that name already"
        ]

    def test_before_one_enters(self):
        server = Server(before_connect=True)
        a = server.connect()
        assert a.send("REGISTER * * sesame") == [
            ":irc.test FAIL REGISTER NEED_NICK * :Choose a nickname first"
        ]
        a.send("CAP LS 302", "NICK a", "USER a 0 * :A")
        assert a.send("REGISTER * * sesame") == [
            ":irc.test REGISTER SUCCESS a :Account created",
            ":irc.test 900 * a!a@192.0.2.1 a :You are now logged in as a",
        ]
        assert a.send("REGISTER * * sesame")[0].startswith(
            ":irc.test FAIL REGISTER ALREADY_AUTHENTICATED a :"
        )
        assert a.send("CAP END")[0].startswith(":irc.test 001 a ")
        assert server.hub.chat.people[a.id].account == "a"

    def test_not_before_one_enters_where_that_is_off(self, server):
        a = server.connect()
        assert a.send("NICK a", "REGISTER * * sesame", "VERIFY a 1") == [
            ":irc.test FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * :Complete the connection first",
            ":irc.test FAIL VERIFY COMPLETE_CONNECTION_REQUIRED * :Complete the connection first",
        ]

    @pytest.mark.parametrize("named", ["*", "a", "A"])
    def test_after_a_nick_that_was_refused(self, named):
        """extensions/account-registration, "Responses": NEED_NICK is for who sent no NICK."""
        server = Server(before_connect=True)
        server.person("a").send("REGISTER * * sesame", "NICK other")
        b = server.connect()
        assert b.send("USER b 0 * :B", "NICK a")[0].startswith(":irc.test 433 * a :")
        assert b.send(f"REGISTER {named} * sesame") == [
            f":irc.test FAIL REGISTER ACCOUNT_EXISTS {named.replace('*', 'a')} "
            ":There is an account of that name already"
        ]

    def test_of_a_nick_that_somebody_has(self):
        server = Server(before_connect=True)
        server.person("a")
        b = server.connect()
        b.send("USER b 0 * :B", "NICK a")
        assert b.send("REGISTER * * sesame")[0].startswith(":irc.test FAIL REGISTER BAD_ACCOUNT_NAME a :")

    def test_nothing_is_to_be_verified(self, server):
        a = server.person("a")
        assert a.send("VERIFY a 123") == [
            ":irc.test FAIL VERIFY INVALID_CODE a :No account waits to be verified here"
        ]

    @pytest.mark.parametrize(
        ("info", "value"),
        [
            ({}, "=custom-account-name"),
            ({"before_connect": True, "require_email": True},
             "=before-connect,custom-account-name,email-required"),
            ({"registration": False}, None),
        ],
    )  # fmt: skip
    def test_what_the_capability_says(self, info, value):
        listed = " ".join(Server(**info).connect().send("CAP LS 302")).split()
        found = [word for word in listed if "account-registration" in word]
        assert found == ([] if value is None else [f"draft/account-registration{value}"])

    def test_not_where_others_listen(self, server):
        peer = server.hub.join(lambda id: server.irc.dialect(id, "192.0.2.1", is_confidential=False))
        peer.send("NICK a", "USER a 0 * :A")
        assert peer.send("REGISTER x * sesame")[0].startswith(
            ":irc.test FAIL REGISTER TEMPORARILY_UNAVAILABLE x :A password must not be sent"
        )


class TestWhatOthersSee:
    def test_the_tag(self, server):
        bob = server.person("bob", "#r", caps="account-tag")
        timed = server.person("timed", "#r", caps="account-tag server-time message-tags")
        a = server.person("a", "#r")
        a.send("PRIVMSG #r :one", "REGISTER * * sesame", "PRIVMSG #r :two", "NOTICE bob :three")
        assert bob.read() == [
            ":a!a@192.0.2.1 PRIVMSG #r :one",
            "@account=a :a!a@192.0.2.1 PRIVMSG #r :two",
            "@account=a :a!a@192.0.2.1 NOTICE bob :three",
        ]
        assert ";account=a;msgid=" in timed.read()[-1]

    def test_the_tag_on_each_line_of_a_long_text_and_on_what_is_no_message(self, server):
        bob = server.person("bob", "#r", caps="account-tag")
        a = server.person("a", "#r")
        a.send("REGISTER * * sesame")
        bob.read()
        a.send("PART #r", "JOIN #r")
        assert bob.read() == ["@account=a :a!a@192.0.2.1 PART #r", "@account=a :a!a@192.0.2.1 JOIN #r"]

    def test_the_tag_is_of_who_did_it(self, server):
        op = server.person("op", "#r", caps="account-tag")
        victim = server.person("v", "#r")
        victim.send("REGISTER * * sesame")
        op.read()
        assert op.send("MODE #r +v v") == [":op!op@192.0.2.1 MODE #r +v v"]
        assert op.send("KICK #r v :x") == [":op!op@192.0.2.1 KICK #r v :x"]

    def test_account_notify(self, server):
        bob = server.person("bob", "#r", caps="account-notify")
        plain = server.person("plain", "#r")
        a = server.person("a", "#r", caps="account-notify")
        for peer in (bob, plain):
            peer.read()
        assert a.send("REGISTER * * sesame") == [LOGGED_IN, ":a!a@192.0.2.1 ACCOUNT a", SUCCESS]
        assert a.send("NS LOGOUT")[0] == ":a!a@192.0.2.1 ACCOUNT *"
        assert bob.read() == [":a!a@192.0.2.1 ACCOUNT a", ":a!a@192.0.2.1 ACCOUNT *"]
        assert plain.read() == []

    def test_extended_join_tells_account_and_real_name(self, server):
        bob = server.person("bob", "#r", caps="extended-join")
        a = server.person("a")
        a.send("JOIN #r")
        assert bob.read() == [":a!a@192.0.2.1 JOIN #r * :a Real"]
        a.send("PART #r", "REGISTER * * sesame", "JOIN #r")
        assert bob.read()[-1] == ":a!a@192.0.2.1 JOIN #r a :a Real"

    def test_whois_and_whox(self, server):
        a = server.person("a")
        assert not [line for line in a.send("WHOIS a") if " 330 " in line]
        assert a.send("WHO a %na")[0] == ":irc.test 354 a a 0"
        a.send("REGISTER custom * sesame")
        assert ":irc.test 330 a a custom :is logged in as" in a.send("WHOIS a")
        assert a.send("WHO a %na")[0] == ":irc.test 354 a a custom"


def test_being_logged_out_by_somebody_else_is_told(server):
    a = server.person("a")
    me = person(a.dialect.id, "a", "a", "h", account="anna")
    record = Record(1, 1, LoggedOut(me, with_account(me, "")))
    assert a.dialect.encode_outcome((record,)) == b":irc.test 901 a a!a@h :You are now logged out\r\n"


def test_logging_out_somebody_else_is_not_told_as_ones_own(server):
    a = server.person("a", caps="account-notify")
    other = person(99, "o", "o", "h", account="anna")
    record = Record(1, 1, LoggedOut(other, with_account(other, "")))
    told = a.dialect.encode_outcome((record, Removed("anna")))
    assert told == b":o!o@h ACCOUNT *\r\n:irc.test NOTICE a :The account anna is removed\r\n"
