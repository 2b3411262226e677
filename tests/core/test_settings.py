"""What a configuration states for rooms yields to what people set."""

from asyncchat.core.chat import Chat
from asyncchat.core.events import RoomOpened, TopicChanged
from asyncchat.core.people import from_origin
from asyncchat.core.settings import configured

BY = from_origin("irc.test")


def test_a_room_that_is_not_there_is_opened_with_its_topic():
    chat = Chat()
    facts = list(configured(chat, {"#News": "What is new", "#none": ""}, "irc.test", 5))
    assert facts == [RoomOpened("#News", 5), TopicChanged("#News", BY, "What is new", 5)]
    for fact in facts:
        chat.apply(fact)
    assert list(configured(chat, {"#news": "Another"}, "irc.test", 6)) == []


def test_a_room_without_a_topic_gets_it():
    chat = Chat.replay([RoomOpened("#a", 1)])
    assert list(configured(chat, {"#A": "x"}, "irc.test", 5)) == [TopicChanged("#a", BY, "x", 5)]
