"""CHGHOST, and how it is told (IRCv3 chghost)."""

import pytest

SERVER = ":irc.test "
OPER = "OPER owner 7KQ2-M9XD"
HOST = "192.0.2.1"
ASK = "CHGHOST bob staff/bob.example"
NOW = ":bob!bob@staff/bob.example "
WAS = f":bob!bob@{HOST} "


@pytest.fixture
def op(server):
    op = server.person("op", "#elsewhere")
    op.send(OPER)
    return op


@pytest.fixture
def bob(server, op):
    """Somebody with a role, in two rooms."""
    bob = server.person("bob", "#r", "#s", caps="chghost")
    bob.send("MODE #r +v bob")
    return bob


def test_who_knows_it_is_told_so_once(server, op, bob):
    knows = server.person("k", "#r", "#s", caps="chghost")
    bob.read()
    op.send(ASK)
    assert knows.read() == [f"{WAS}CHGHOST bob staff/bob.example"]


def test_who_does_not_sees_a_new_visit_with_its_roles(server, op, bob):
    both, one = server.person("b", "#r", "#s"), server.person("o", "#s")
    both.read()
    op.send(ASK)
    assert both.read() == [
        f"{WAS}QUIT :Changing host",
        f"{NOW}JOIN #r",
        f"{SERVER}MODE #r +ov bob bob",
        f"{NOW}JOIN #s",
        f"{SERVER}MODE #s +o bob",
    ]
    assert one.read() == [f"{WAS}QUIT :Changing host", f"{NOW}JOIN #s", f"{SERVER}MODE #s +o bob"]


def test_the_new_visit_is_told_as_others_are(server, op, bob):
    bob.send("AWAY :lunch")
    knows = server.person("k", "#s", caps="extended-join away-notify message-tags account-tag")
    op.send(ASK)
    assert knows.read() == [
        f"{WAS}QUIT :Changing host",
        f"{NOW}JOIN #s * :bob Real",
        f"{NOW}AWAY :lunch",
        f"{SERVER}MODE #s +o bob",
    ]


def test_the_person_itself(server, op, bob):
    bob.read()
    op.send(ASK)
    visible = f"{SERVER}396 bob staff/bob.example :is now your visible host"
    assert bob.read() == [f"{WAS}CHGHOST bob staff/bob.example", visible]
    plain = server.person("plain", "#r")
    op.send("CHGHOST plain x.example")
    assert plain.read() == [f"{SERVER}396 plain x.example :is now your visible host"]
    bob.send("PRIVMSG #r :hi")
    assert plain.read() == [f"{NOW}PRIVMSG #r :hi"]
    assert bob.send("USERHOST plain")[0].endswith("plain=+plain@x.example")


def test_the_operator_is_told_what_was_done(server, op, bob):
    assert op.send(ASK) == [f"{SERVER}NOTICE op :bob has the host staff/bob.example now"]
    assert op.send(ASK) == [f"{SERVER}400 op CHGHOST bob :The host is staff/bob.example already"]
    op.send("JOIN #s")
    assert op.send("CHGHOST bob b.example") == [
        f"{NOW}QUIT :Changing host",
        f"{SERVER}NOTICE op :bob has the host b.example now",
        ":bob!bob@b.example JOIN #s",
        f"{SERVER}MODE #s +o bob",
    ]
    assert op.send("CHGHOST op o.example") == [
        f"{SERVER}396 op o.example :is now your visible host",
        f"{SERVER}NOTICE op :op has the host o.example now",
    ]


def test_who_watches_is_told_where_it_knows_it(server, op, bob):
    knows = server.person("k", caps="extended-monitor chghost")
    half = server.person("h", caps="extended-monitor")
    for watcher in (knows, half):
        watcher.send("MONITOR + bob")
    op.send(ASK)
    assert knows.read() == [f"{WAS}CHGHOST bob staff/bob.example"]
    assert half.read() == []


def test_an_auditorium_hides_it(server, op, bob):
    bob.send("MODE #s +u", "MODE #s -o bob")
    server.person("other", "#s")
    member = server.person("m", "#s")
    op.send(ASK)
    assert member.read() == []


@pytest.mark.parametrize(
    "host",
    ["a b", "x@y", "x!y", "*", "x?", ":x", "ü.example", "x" * 64, ".x", "x.", "-x", "x-", "a.-x", "a-/x"],
)
def test_what_can_be_no_host(server, op, bob, host):
    (answer,) = op.send(f"CHGHOST bob :{host}")
    assert answer.startswith(f"{SERVER}400 op CHGHOST ")
    assert answer.endswith(" :Letters, digits and . : / - _ only, at most 63")


def test_bans_are_held_against_the_address_still(server, op, bob):
    chief = server.person("chief", "#t")
    op.send(ASK)
    chief.send(f"MODE #t +b *!*@{HOST}")
    chief.send("MODE #t +b *!*@staff/*")
    assert " 474 bob #t " in bob.send("JOIN #t")[-1]


def test_the_audit_has_it(server, op, bob):
    op.send(ASK)
    assert f"op!op@{HOST} gave bob!bob@{HOST} the host staff/bob.example" in op.send("AUDIT")[-2]
