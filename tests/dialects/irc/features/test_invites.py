"""INVITE: who may, what it opens, when it ends."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.invites import Invites

SERVER = ":irc.test "


@pytest.fixture
def people(server):
    op, a, out = server.person("op", "#r"), server.person("a", "#r"), server.person("out")
    op.read()
    return op, a, out


def test_both_are_told_and_nobody_else(people):
    op, a, out = people
    assert op.send("INVITE OUT #R") == [SERVER + "341 op out #r"]
    assert out.read() == [":op!op@192.0.2.1 INVITE out #r"]
    assert a.read() == []


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("INVITE a", "461 out INVITE :Not enough parameters"),
        ("INVITE a #none", "403 out #none :No such channel"),
        ("INVITE a #r", "442 out #r :You're not on that channel"),
    ],
)
def test_refusals_to_who_is_outside(people, sent, answer):
    assert people[2].send(sent) == [SERVER + answer]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("INVITE none #r", "401 a none :No such nick/channel"),
        ("INVITE op #r", "443 a op #r :is already on channel"),
    ],
)
def test_refusals_to_a_member(people, sent, answer):
    assert people[1].send(sent) == [SERVER + answer]


def test_into_a_closed_room_operators_invite(people):
    op, a, out = people
    op.send("MODE #r +i")
    a.read()
    assert a.send("INVITE out #r") == [SERVER + "482 a #r :You're not channel operator"]
    assert out.read() == []


@pytest.mark.parametrize("change", ["+i", "+k sesame", "+l 2", "+b out!*@*"])
def test_it_opens_what_is_closed_once(server, people, change):
    op, _a, out = people
    op.send(f"MODE #r {change}", "INVITE out #r")
    out.read()
    facts = [record.event for record in server.hub.records]
    assert Chat.replay(facts).state() == server.hub.chat.state()
    assert out.send("JOIN #r")[0] == ":out!out@192.0.2.1 JOIN #r"
    assert out.send("INVITE") == [SERVER + "337 out :End of /INVITE list"]
    assert len(out.send("PART #r", "JOIN #r")) == 2


def test_that_of_a_member_opens_nothing(people):
    op, a, out = people
    op.send("MODE #r +l 2")
    a.read()
    assert a.send("INVITE out #r") == [SERVER + "341 a out #r"]
    out.read()
    assert out.send("JOIN #r") == [SERVER + "471 out #r :Cannot join channel (+l)"]


def test_ones_own_are_listed_and_end_with_the_room(people):
    op, _a, out = people
    op.send("INVITE out #r", "JOIN #s", "INVITE out #s")
    out.read()
    assert out.send("INVITE") == [
        SERVER + "336 out #r",
        SERVER + "336 out #s",
        SERVER + "337 out :End of /INVITE list",
    ]
    op.send("PART #s")
    assert out.send("INVITE")[:-1] == [SERVER + "336 out #r"]


def test_who_is_away_says_so(people):
    op, _a, out = people
    out.send("AWAY :lunch")
    assert op.send("INVITE out #r") == [SERVER + "341 op out #r", SERVER + "301 op out :lunch"]


def test_to_more_rooms_than_one_may_be_invited_to(server, people):
    op, _, out = people
    Invites.of(server.hub.chat).rooms[out.id] = {f"#x{number}": False for number in range(100)}
    assert op.send("INVITE out #r") == [SERVER + "518 op out #r :is invited to too many channels"]


class TestKnock:
    @pytest.fixture
    def closed(self, people):
        op, a, out = people
        op.send("MODE #r +i")
        op.read(), a.read()
        return op, a, out

    def test_who_could_invite_is_told_and_the_asker_that_they_are(self, closed):
        op, a, out = closed
        assert out.send("KNOCK #R :let me in") == [SERVER + "711 out #r :Your KNOCK has been delivered."]
        assert op.read() == [SERVER + "710 #r #r out!out@192.0.2.1 :has asked for an invite: let me in"]
        assert a.read() == []
        assert out.send("KNOCK #r") == [SERVER + "712 out #r :Too many KNOCKs (user)."]
        assert op.read() == []

    def test_again_after_five_minutes(self, server, closed):
        op, _, out = closed
        out.send("KNOCK #r")
        server.hub.now += 300_000_000
        assert out.send("KNOCK #r") == [SERVER + "711 out #r :Your KNOCK has been delivered."]
        assert op.read() == [SERVER + "710 #r #r out!out@192.0.2.1 :has asked for an invite."] * 2

    def test_where_it_is_of_no_use(self, closed):
        op, a, out = closed
        assert a.send("KNOCK #r") == [SERVER + "714 a #r :You are already on that channel."]
        assert out.send("KNOCK") == [SERVER + "461 out KNOCK :Not enough parameters"]
        assert out.send("KNOCK #none", "KNOCK none") == [
            SERVER + "403 out #none :No such channel",
            SERVER + "403 out none :No such channel",
        ]
        op.send("MODE #r -i")
        assert out.send("KNOCK #r") == [SERVER + "713 out #r :Channel is open."]

    def test_where_it_may_not_be(self, closed):
        op, _, out = closed
        op.send("MODE #r +K")
        assert out.send("KNOCK #r") == [
            SERVER + "480 out #r :Cannot knock on channel: nobody may knock there"
        ]
        op.send("MODE #r -K+b out!*@*")
        assert out.send("KNOCK #r") == [
            SERVER + "480 out #r :Cannot knock on channel: you are banned or muted there"
        ]
        op.send("MODE #r -b+s out!*@*")
        assert out.send("KNOCK #r") == [SERVER + "403 out #r :No such channel"]

    def test_005_says_so(self, closed):
        assert any(" KNOCK " in line for line in closed[2].send("VERSION"))
