"""PIN, UNPIN and PINS: who is told what, and in which form."""

import pytest

from asyncchat.core.features.pins import PINS_EACH

SERVER = ":irc.test "
CAPS = "batch labeled-response message-tags"
SAID = 1_700_000_000


@pytest.fixture
def people(server):
    op, a = server.person("op", "#r"), server.person("a", "#r")
    out = server.person("out")
    op.send("PRIVMSG #r :first")
    a.send("PRIVMSG #r :second")
    for peer in (op, a, out):
        peer.read()
    return op, a, out


def said(server, text):
    """The id of a message."""
    (number,) = [record.number for record in server.hub.records if getattr(record.event, "text", "") == text]
    return f"e1-{number}"


def test_members_are_told_and_the_list_has_it(server, people):
    op, a, out = people
    notice = SERVER + "NOTICE #r :op pinned a message of op: first"
    id = said(server, "first")
    assert op.send(f"PIN #R {id}") == [notice]
    assert a.read() == [notice]
    assert out.read() == []
    for peer in (op, a):
        nick = "op" if peer is op else "a"
        assert peer.send("PINS #R") == [
            SERVER + f"786 {nick} #r {id} op {SAID} op {SAID} :first",
            SERVER + f"787 {nick} #r :End of pinned messages",
        ]
    assert op.send("UNPIN #r") == [SERVER + "NOTICE #r :op unpinned a message of op"]
    assert a.send("PINS #r")[-1] == SERVER + "787 a #r :No message is pinned"


def test_a_message_is_named_by_its_author_or_is_the_last_one(server, people):
    op, a, _ = people
    assert op.send("PIN #r OP") == [SERVER + "NOTICE #r :op pinned a message of op: first"]
    assert op.send("PIN #r") == [SERVER + "NOTICE #r :op pinned a message of a: second"]
    assert op.send("UNPIN #r op") == [SERVER + "NOTICE #r :op unpinned a message of op"]
    assert [line.split(" ")[4] for line in a.send("PINS #r") if " 786 " in line] == [said(server, "second")]


def test_programs_read_a_tag_and_the_label(server, people):
    page = server.person("page", "#r", caps=CAPS)
    op = people[0]
    id = said(server, "second")
    op.send(f"PIN #r {id}")
    (told,) = page.read()
    assert told.startswith(f"@asyncchat/pin={id};msgid=e1-")
    assert told.endswith(f" {SERVER}NOTICE #r :op pinned a message of a: second")
    op.send("MODE #r +h page")
    page.read()
    (told,) = page.send(f"@label=x UNPIN #r {id}")
    assert told.startswith(f"@label=x;asyncchat/unpin={id};msgid=e1-")
    assert told.endswith(f" {SERVER}NOTICE #r :page unpinned a message of a")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("PIN", "461 op PIN :Not enough parameters"),
        ("PIN #none", "403 op #none :No such channel"),
        ("PIN out", "403 op out :No such channel"),
        ("PIN #r nobody", "FAIL PIN UNKNOWN_MSGID #r :Not pinned: there is no such message"),
        ("PIN #r e1-999", "FAIL PIN UNKNOWN_MSGID #r :Not pinned: there is no such message"),
        ("PIN #r a", "FAIL PIN ALREADY_PINNED #r :Not pinned: it is pinned already"),
        ("UNPIN #r op", "FAIL UNPIN NOT_PINNED #r :No such message is pinned"),
        ("UNPIN #r e1-999", "FAIL UNPIN NOT_PINNED #r :No such message is pinned"),
        ("PINS #none", "403 op #none :No such channel"),
    ],
)
def test_refusals(people, sent, answer):
    op = people[0]
    op.send("PIN #r a")
    assert op.send(sent) == [SERVER + answer]


@pytest.mark.parametrize("sent", ["PIN #r a", "UNPIN #r a", "PINS #r"])
def test_refusals_by_role(people, sent):
    _, a, out = people
    assert out.send(sent) == [SERVER + "442 out #r :You're not on that channel"]
    if sent != "PINS #r":
        assert a.send(sent) == [SERVER + "482 a #r :You're not channel operator"]


def test_the_limit(people):
    op, _, _ = people
    for number in range(PINS_EACH + 1):
        told = op.send(f"PRIVMSG #r :line {number}", "PIN #r")
    assert told == [
        SERVER + f"FAIL PIN LIMIT_REACHED #r :Not pinned: {PINS_EACH} messages are pinned already"
    ]
