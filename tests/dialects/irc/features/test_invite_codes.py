"""INVITECODE, INVITECODES, UNINVITE, and a code as the key of JOIN and in PASS."""

import pytest

from tests.dialects.driver import INVITE
from tests.dialects.irc.conftest import Server

UNTIL = "Tue 14 Nov 2023 23:13 UTC"


@pytest.fixture
def op(server):
    return server.person("op", "#r")


def texts(lines):
    return [line.partition(" NOTICE op :")[2] for line in lines]


def test_a_new_code_in_notices(op):
    assert texts(op.send("INVITECODE #r 30 1h voice")) == [
        f"Invitation code 1 for #r: {INVITE}",
        f"It lets in 30 people until {UNTIL} and gives the role voice. "
        f"It is shown only now: /join #r {INVITE}",
        "Link: http://x/#r",
    ]


def test_programs_get_it_in_tags(server):
    op = server.person("op", "#r", caps="message-tags")
    told = op.send("INVITECODE #r 1 1h")
    tags = f"@asyncchat/invite=1;asyncchat/invite-code={INVITE};asyncchat/invite-link=http://x/#r "
    assert told[0] == f"{tags}:irc.test NOTICE op :Invitation code 1 for #r: {INVITE}"
    assert all(line.startswith("@asyncchat/invite :irc.test NOTICE op :") for line in told[1:])


def test_the_list_and_its_end(server, op):
    op.send("INVITECODE #r 2 1h", "MODE #r +i")
    server.person("a").send(f"JOIN #r {INVITE}")
    op.read()
    assert texts(op.send("INVITECODES #r")) == [
        "Invitation codes for #r:",
        f"  1: 1 of 2 people, until {UNTIL}, made by op",
    ]
    assert texts(op.send("UNINVITE #r 1")) == ["Invitation code 1 for #r is revoked."]
    assert texts(op.send("INVITECODES #r"))[1] == "  1: 1 of 2 people, revoked, made by op"
    assert (
        texts(op.send("JOIN #empty", "INVITECODES #empty"))[-1] == "There is no invitation code for #empty."
    )


def test_join_takes_it_as_a_key_among_others(server, op):
    op.send("INVITECODE #r 2 1h voice", "MODE #r +i", "JOIN #k", "MODE #k +k sesame")
    a = server.person("a")
    told = a.send(f"JOIN #r,#k {INVITE.lower()},sesame")
    assert ":a!a@192.0.2.1 JOIN #r" in told
    assert ":a!a@192.0.2.1 JOIN #k" in told
    assert ":ChanServ!services@irc.test MODE #r +v a" in told or any(" MODE #r +v a" in line for line in told)
    assert server.person("b").send("JOIN #r 2345-6789-ABCD") == [
        ":irc.test 473 b #r :Cannot join channel: there is no such invitation code for this room"
    ]


@pytest.mark.parametrize("words", ["many", "30 2h king"])
def test_misuse(op, words):
    (told,) = op.send(f"INVITECODE #r {words}")
    assert told.startswith(":irc.test FAIL INVITECODE INVALID_PARAMS #r :Usage: INVITECODE <channel> ")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("INVITECODE #r 0", "FAIL INVITECODE INVALID_PARAMS #r :A code lets in 1 to 1,000 people"),
        ("UNINVITE #r x", "FAIL UNINVITE UNKNOWN_CODE #r :There is no code of that number"),
        ("INVITECODES #none", "403 op #none :No such channel"),
    ],
)
def test_refusals(op, line, answer):
    assert op.send(line) == [f":irc.test {answer}"]


def test_it_is_a_servers_password_too():
    server = Server(locked=True)
    op = server.connect()
    op.send("PASS :open sesame", "NICK op", "USER op 0 * :op", "JOIN #r", "INVITECODE #r 1 1h")
    a = server.connect()
    told = a.send(f"PASS {INVITE}", "NICK a", "USER a 0 * :a")
    assert ":irc.test 001 a :Welcome to irc.test, a" in told
    assert ":a!a@192.0.2.1 JOIN #r" in told
    b = server.connect()
    assert b.send(f"PASS {INVITE}", "NICK b", "USER b 0 * :b") == [
        ":irc.test 464 * :The invitation code has let in as many people as it may"
    ]
    op.send("UNINVITE #r 1")
    c = server.connect()
    assert c.send(f"PASS {INVITE}", "NICK c", "USER c 0 * :c") == [
        ":irc.test 464 * :Password incorrect: the invitation code was revoked"
    ]
