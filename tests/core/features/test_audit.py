"""What of the acts of an operator of the server is noted: those that his role in the room does not allow."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event
from asyncchat.core.features import EVENTS
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.join import Join
from asyncchat.core.features.metadata.facts import RoomMetadataChanged
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.redaction import Erase, Erased
from asyncchat.core.features.rename import RenameRoom, RoomRenamed
from asyncchat.core.features.room_modes import (
    FlagChanged,
    MaskChanged,
    RoleChanged,
    SetFlag,
    SetMask,
    SetRole,
    SetSetting,
    SettingChanged,
)
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from tests.core.house import ANNA, BOB, OLGA, do, house


def noted(chat: Chat, command: Command, person_id: int = OLGA) -> list[type]:
    return [type(item.act) for item in do(chat, person_id, command) if isinstance(item, OperOverride)]


def with_role(role: str) -> Chat:
    """The house with its owner in #tea, in this role."""
    chat = house()
    do(chat, OLGA, Join("#tea"))
    if role:
        do(chat, ANNA, SetRole("#tea", "olga", role=role))
    return chat


@pytest.mark.parametrize(
    ("command", "act", "enough"),
    [
        (Kick("#tea", "bob"), Kicked, "half-operator"),
        (Ban("#tea", "bob"), MaskChanged, "half-operator"),
        (SetMask("#tea", "mute", "bob"), MaskChanged, "half-operator"),
        (SetMask("#tea", "guest", "bob"), MaskChanged, "half-operator"),
        (SetTopic("#tea", "hush"), TopicChanged, "half-operator"),
        (SetRole("#tea", "bob", role="voice"), RoleChanged, "half-operator"),
        (SetRole("#tea", "bob"), RoleChanged, "operator"),
        (SetFlag("#tea", "moderated"), FlagChanged, "operator"),
        (SetSetting("#tea", "limit", "5"), SettingChanged, "operator"),
        (Erase("#tea", (1,)), Erased, "operator"),
        (RenameRoom("#tea", "#coffee"), RoomRenamed, "operator"),
    ],
)
def test_what_a_role_allows_is_not_noted(command, act, enough):
    assert noted(with_role(""), command) == [act]
    assert noted(with_role("voice"), command) == [act]
    assert noted(with_role(enough), command) == []


def test_whoever_has_a_higher_role_is_overruled():
    chat = with_role("half-operator")
    assert noted(chat, Kick("#tea", "anna")) == [Kicked]


def test_each_may_lay_down_its_own_role():
    assert noted(with_role("operator"), SetRole("#tea", "olga", on=False)) == []


def test_a_topic_that_anyone_may_set_is_not_noted():
    chat = with_role("")
    do(chat, ANNA, SetFlag("#tea", "topic-locked", on=False))
    assert noted(chat, SetTopic("#tea", "hi")) == []


def test_in_the_lobby_all_is_noted_and_of_others_nothing():
    chat = house()
    assert noted(chat, SetFlag(LOBBY, "moderated")) == [FlagChanged]
    assert noted(chat, Kick("#tea", "bob"), ANNA) == []
    assert BOB not in chat.rooms["#tea"].member_blocks


def test_each_act_in_a_room_says_whom_its_roles_allow_it():
    acts = {
        *(Kicked, MaskChanged, FlagChanged, SettingChanged, Erased, RoomRenamed),
        *(RoleChanged, TopicChanged, RoomMetadataChanged),
    }
    assert {event for event in EVENTS if event.allowed_by_role is not Event.allowed_by_role} == acts
