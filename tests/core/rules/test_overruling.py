"""What of the acts of an operator of the server is noted: those that his role in the room does not allow."""

from typing import get_args

import pytest

from asyncchat.core import commands, events
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events.acts import InRoom
from asyncchat.core.names import LOBBY
from asyncchat.core.rules.overruling import _RIGHTS
from tests.core.house import ANNA, BOB, OLGA, do, house


def noted(chat: Chat, command: Command, who: int = OLGA) -> list[type]:
    return [type(item.act) for item in do(chat, who, command) if isinstance(item, events.Overruled)]


def with_role(role: str) -> Chat:
    """The house with its owner in #tea, in this role."""
    chat = house()
    do(chat, OLGA, commands.Join("#tea"))
    if role:
        do(chat, ANNA, commands.SetRole("#tea", "olga", role=role))
    return chat


@pytest.mark.parametrize(
    ("command", "act", "enough"),
    [
        (commands.Kick("#tea", "bob"), events.Kicked, "half-operator"),
        (commands.Ban("#tea", "bob"), events.BanChanged, "half-operator"),
        (commands.Mute("#tea", "bob"), events.MuteChanged, "half-operator"),
        (commands.SetMask("#tea", "guest", "bob"), events.MaskChanged, "half-operator"),
        (commands.SetTopic("#tea", "hush"), events.TopicChanged, "half-operator"),
        (commands.SetRole("#tea", "bob", role="voice"), events.RoleChanged, "half-operator"),
        (commands.SetRole("#tea", "bob"), events.RoleChanged, "operator"),
        (commands.SetFlag("#tea", "moderated"), events.FlagChanged, "operator"),
        (commands.SetSetting("#tea", "limit", "5"), events.SettingChanged, "operator"),
        (commands.Erase("#tea", (1,)), events.Erased, "operator"),
        (commands.RenameRoom("#tea", "#coffee"), events.RoomRenamed, "operator"),
    ],
)
def test_what_a_role_allows_is_not_noted(command, act, enough):
    assert noted(with_role(""), command) == [act]
    assert noted(with_role("voice"), command) == [act]
    assert noted(with_role(enough), command) == []


def test_whoever_has_a_higher_role_is_overruled():
    chat = with_role("half-operator")
    assert noted(chat, commands.Kick("#tea", "anna")) == [events.Kicked]


def test_each_may_lay_down_its_own_role():
    assert noted(with_role("operator"), commands.SetRole("#tea", "olga", on=False)) == []


def test_a_topic_that_anyone_may_set_is_not_noted():
    chat = with_role("")
    do(chat, ANNA, commands.SetFlag("#tea", "topic-locked", on=False))
    assert noted(chat, commands.SetTopic("#tea", "hi")) == []


def test_in_the_lobby_all_is_noted_and_of_others_nothing():
    chat = house()
    assert noted(chat, commands.SetFlag(LOBBY, "moderated")) == [events.FlagChanged]
    assert noted(chat, commands.Kick("#tea", "bob"), ANNA) == []
    assert BOB not in chat.rooms["#tea"].seats


def test_each_act_has_its_right():
    apart = {events.RoleChanged, events.TopicChanged}
    assert set(get_args(InRoom)) == set(_RIGHTS) | apart
