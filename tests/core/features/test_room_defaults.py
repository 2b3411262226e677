"""What people set in a room has priority over the configuration's defaults."""

from asyncchat.core.chat import Chat
from asyncchat.core.engine import Engine
from asyncchat.core.features.room_defaults import RoomDefaults, SetRoomDefaults, configured
from asyncchat.core.features.room_modes import FlagChanged, SettingChanged
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.people import from_origin
from asyncchat.core.permissions import SERVER

BY = from_origin("irc.test")
STATED = RoomDefaults(
    "What is new", {"moderated": True, "secret": False, "topic-locked": True}, {"limit": "5"}
)


def facts(chat, name, stated, now=5):
    return list(configured(chat, {name: stated}, "irc.test", now))


def test_a_missing_room_is_opened_with_its_defaults():
    chat = Chat()
    stated = facts(chat, "#News", STATED)
    assert stated == [
        RoomOpened("#News", 5),
        TopicChanged("#News", BY, "What is new", 5),
        FlagChanged("#News", BY, "moderated", True),
        SettingChanged("#News", BY, "limit", "5"),
    ]
    for fact in stated:
        chat.apply(fact)
    assert facts(chat, "#news", STATED, 6) == []
    assert facts(chat, "#none", RoomDefaults()) == []


def test_a_room_with_nothing_set_gets_its_defaults():
    assert facts(Chat.replay([RoomOpened("#a", 1)]), "#A", STATED) == [
        TopicChanged("#a", BY, "What is new", 5),
        FlagChanged("#a", BY, "moderated", True),
        SettingChanged("#a", BY, "limit", "5"),
    ]


def test_what_people_set_stays():
    with_topic = Chat.replay([RoomOpened("#a", 1), TopicChanged("#a", BY, "theirs", 2)])
    assert facts(with_topic, "#a", STATED) == []
    with_flag = Chat.replay([RoomOpened("#a", 1), FlagChanged("#a", BY, "secret", True)])
    assert facts(with_flag, "#a", STATED) == [TopicChanged("#a", BY, "What is new", 5)]


def test_only_the_server_sets_them():
    command = SetRoomDefaults({"#News": STATED}, "irc.test")
    assert list(Engine(Chat(), time=5).decide(SERVER, command)) == facts(Chat(), "#News", STATED)
    assert Engine(Chat(), time=5).decide(1, command) == ()
