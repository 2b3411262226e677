"""Both sides of our IRC joined in memory: what the client asks the server understands, and the other way."""

from datetime import UTC, datetime

import pytest

from asyncchat.core.features.messages import Say, Speech
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_values import (
    Acknowledged,
    HistoryFailed,
    HistoryPage,
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    NickRefused,
    Present,
    Registered,
    Renamed,
    TopicChanged,
    Undelivered,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Joint:
    """An ``IrcClient`` on the server of the fixture."""

    def __init__(self, server, nick):
        self.client = IrcClient(nick)
        self.peer = server.connect()

    def turn(self):
        """Carries bytes both ways until nothing is left to say; what the client heard."""
        heard = []
        while True:
            asked = self.client.data_to_send()
            if asked:
                self.peer.hub.receive(self.peer, asked)
            told, self.peer.sent[:] = bytes(self.peer.sent), b""
            heard += self.client.receive_data(told, NOW)
            if not asked and not told:
                return heard


@pytest.fixture
def joint(server):
    return lambda nick: Joint(server, nick)


def quiet(heard, *kinds):
    return [value for value in heard if isinstance(value, kinds)]


def test_registration(joint):
    me = joint("Иван")
    assert Registered("Иван", "irc.test") in me.turn()
    assert me.client.server.echoes
    assert me.client.server.keeps_history
    assert joint("иван").turn()[0] == NickRefused("иван", "Nickname is already in use", True)


def test_life_in_a_room(joint):
    amy, bob = joint("amy"), joint("bob")
    for one in (amy, bob):
        one.turn()
        one.client.join("#класс")
        heard = one.turn()
        assert [type(value) for value in heard if not isinstance(value, ModeChanged)] == [Joined, Present]
    assert quiet(amy.turn(), Joined)[0].nick == "bob"
    assert set(bob.client.rooms.get("#КЛАСС").members.values()) == {"amy", "bob"}

    amy.client.say(1, "#класс", "привет")
    amy.client.say(2, "#класс", "waves", Speech.ACTION)
    acknowledged = amy.turn()
    assert [value.token for value in acknowledged] == [1, 2]
    heard = bob.turn()
    assert [(m.text, m.action, m.id) for m in heard] == [
        ("привет", False, acknowledged[0].message.id),
        ("waves", True, acknowledged[1].message.id),
    ]
    amy.client.say(3, "bob", "psst")
    amy.client.say(4, "nobody", "psst")
    amy.client.say(5, "#nowhere", "psst")
    assert [type(value) for value in amy.turn()] == [Acknowledged, Undelivered, Undelivered]
    assert quiet(bob.turn(), Message)[0].room == "amy"

    amy.client.send("TOPIC", "#класс", "a topic")
    amy.turn()
    assert quiet(bob.turn(), TopicChanged)[0].topic == "a topic"
    bob.client.change_nick("rob")
    assert quiet(bob.turn(), Renamed)[0].own
    assert quiet(amy.turn(), Renamed)[0].rooms == ("#класс",)
    amy.client.send("KICK", "#класс", "rob", "enough")
    amy.turn()
    assert quiet(bob.turn(), Kicked)[0].own
    bob.client.join("#класс")
    assert quiet(bob.turn(), Present)[0].topic == "a topic"
    bob.client.send("PART", "#класс")
    assert quiet(bob.turn(), Left)[0].own


def test_history(joint):
    amy, bob = joint("amy"), joint("bob")
    for one in (amy, bob):
        one.turn()
        one.client.join("#ci")
        one.turn()
    for number in range(5):
        amy.client.say(number, "#ci", f"message {number}")
    ids = [value.message.id for value in quiet(amy.turn(), Acknowledged)]
    live = quiet(bob.turn(), Message)
    bob.client.history(10, "#ci", "AFTER", f"msgid={ids[1]}", limit=2)
    bob.client.history(11, "#ci", "LATEST", "*", limit=3)
    bob.client.history(12, "#ci", "AFTER", "msgid=old-99", limit=3)
    bob.client.history(13, "#ci", "BEFORE", f"msgid={ids[2]}", limit=100)
    pages = bob.turn()
    assert [[message.id for message in page.messages] for page in quiet(pages, HistoryPage)] == [
        ids[2:4],
        ids[2:],
        ids[:2],
    ]
    assert quiet(pages, HistoryFailed)[0].token == 12
    assert [(m.id, m.time, m.text) for m in pages[0].messages] == [(m.id, m.time, m.text) for m in live[2:4]]


def test_long_message_comes_as_parts_of_one_id(joint, server):
    amy = joint("amy")
    amy.turn()
    amy.client.join("#ci")
    amy.turn()
    # As a plain client says it: whole.
    bob = server.person("bob", "#ci")
    text = "ж" * 2000
    server.hub.decide(bob, Say("#ci", text))
    heard = quiet(amy.turn(), Message)
    assert len({message.id for message in heard}) == 1
    assert [message.part for message in heard] == list(range(len(heard)))
    assert "".join(message.text for message in heard) == text
    amy.client.history(1, "#ci", "LATEST", "*", limit=5)
    (page,) = quiet(amy.turn(), HistoryPage)
    assert [(m.id, m.part, m.text) for m in page.messages] == [(m.id, m.part, m.text) for m in heard]
