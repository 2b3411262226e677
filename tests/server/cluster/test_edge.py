"""What an outcome from another node tells a node's own clients."""

import base64
from functools import partial

import pytest

from asyncchat.server import auth
from asyncchat.server.cluster import node as node_module
from tests.client_programs import waits_for
from tests.cluster.conftest import nats_url  # noqa: F401  # a fixture
from tests.server.cluster.hostile import CrowdAtNodes
from tests.server.cluster.test_files import folded
from tests.server.harness import CODE, PATIENCE
from tests.server.hostile import HallLines, Lines, riot

WORDS = "plum-otter-41-vux"


def signed_in(node):
    client = node.connect()
    secret = base64.b64encode(f"\0anna\0{WORDS}".encode()).decode()
    client.send("CAP REQ sasl\r\nNICK anna\r\nUSER a 0 * :a\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +")
    client.send(f"AUTHENTICATE {secret}\r\nCAP END\r\n")
    client.until(" 001 anna ")
    return client


def test_a_device_on_another_node_is_told_who_is_in_the_room_that_is_joined(nodes):
    one, two = nodes.add(), nodes.add()
    first = one.irc("anna")
    first.send(f"REGISTER anna * {WORDS}\r\n")
    first.until("REGISTER SUCCESS")
    folded(one, two)
    second = signed_in(two)
    first.send("JOIN #two\r\n")
    assert " 353 anna = #two :@anna\r\n" in second.until(" 366 anna #two ")


def test_a_node_stops_in_order_whose_person_stays(nodes):
    one, two = nodes.add(), nodes.add()
    for node, name in ((one, "anna"), (two, "ben")):
        client = node.irc(name)
        client.send(f"REGISTER {name} * {WORDS}\r\nNS SET ALWAYSON ON\r\nPING done\r\n")
        client.until(" PONG ")
    for node in (two, one):
        node.stop()
        assert node.failure is None


def test_a_question_that_the_audit_notes_is_answered_by_the_node(nodes):
    nodes.add()
    node = nodes.add()
    node.irc("ben")
    operator = node.irc("boss")
    operator.send(f"OPER owner {CODE}\r\nUSERHOST ben\r\nMODE boss\r\n")
    assert " 302 boss :ben=" in operator.until(" 221 boss ")


def test_the_messages_of_an_answer_come_from_the_node_s_history(nodes):
    nodes.add()
    anna = nodes.add().person("anna")
    anna.send("/join #tea\nhello\n/pin anna\n")
    anna.until("anna pinned a message of anna: hello\n")
    anna.send("/pins\n")
    assert " anna: hello [" in anna.until("pinned by anna]")


def test_who_is_disconnected_while_it_leaves_leaves_once(nodes, behind):
    nodes.add()
    node = nodes.add()
    anna, hub = node.irc("anna"), node.server.hub
    with behind(node):
        anna.send("QUIT\r\n")
        assert waits_for(lambda: node.call(lambda: hub.unanswered == 1), PATIENCE)
        (session,) = node.call(lambda: list(node.server.context.sessions))
        node.call(session.disconnect, "Killed")
    node.wait(hub.settled())
    assert hub.unanswered == 0


@pytest.fixture
def registered(nodes):
    """Two nodes with a client on each, anna and ben: both nodes know that anna has an account."""
    one, two = nodes.add(), nodes.add()
    ben = two.irc("ben")
    anna = one.irc("anna")
    anna.send(f"REGISTER anna * {WORDS}\r\n")
    anna.until("REGISTER SUCCESS")
    ben.send("WHOIS anna\r\n")
    assert " 330 ben anna anna " in ben.until("End of /WHOIS list\r\n")
    return two, anna, ben


def test_no_account_without_a_password_is_made_where_the_reason_against_it_has_just_gone(registered, behind):
    two, anna, ben = registered
    with behind(two):
        anna.send(f"NS DROP {WORDS}\r\nQUIT\r\n")
        anna.rest()
        ben.send(f"REGISTER anna * {WORDS}\r\n")
        ben.until("FAIL REGISTER ACCOUNT_EXISTS anna ")
    two.wait(two.server.hub.settled())
    assert "anna" not in two.call(lambda: two.server.hub.chat.accounts)


def test_a_password_that_was_replaced_meanwhile_on_another_node_lets_nobody_in(registered, behind):
    two, anna, ben = registered
    with behind(two):
        anna.send(f"NS SET PASSWORD {WORDS[::-1]}\r\n")
        anna.until("The password of anna is changed")
        ben.send(f"NS IDENTIFY anna {WORDS}\r\n")
        assert waits_for(lambda: two.call(lambda: two.server.hub.unanswered == 1), PATIENCE)
    assert "no such account" in ben.line()


def test_all_nodes_know_who_has_spoken_in_private(nodes):
    one, two = nodes.add(), nodes.add()
    anna, ben = one.irc("anna"), two.irc("ben")
    anna.send("PRIVMSG ben :hello\r\nPRIVMSG #lobby :all\r\n")
    ben.until(":hello")
    ben.send("PRIVMSG anna :you, too\r\n")
    anna.until(":you, too")
    two.wait(two.server.hub.settled())
    spoke = [node.call(dict, node.server.hub.chat.people.last_spoke) for node in (one, two)]
    assert spoke[0] == spoke[1]
    assert len(spoke[0]) == 2


@pytest.mark.parametrize("lines", [Lines, HallLines])
def test_nodes_agree_on_what_a_hostile_crowd_does(nats_url, monkeypatch, lines):  # noqa: F811
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.0)
    monkeypatch.setattr(node_module, "READ_ONLY_AFTER", PATIENCE)
    riot(1, 100, lines, partial(CrowdAtNodes, url=nats_url, count=2))
