"""Which acts of a server operator are audited: those that no role in the room allows."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event
from asyncchat.core.features import EVENTS
from asyncchat.core.features.accounts import (
    AccountPasswordChanged,
    AccountRemoved,
    DropAccountVerified,
    NewPasswordVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.invites import Invite, Invited
from asyncchat.core.features.join import Join
from asyncchat.core.features.metadata.api import RoomMetadataChanged
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.pins import Pinned, Unpinned
from asyncchat.core.features.redaction import Erase, Erased
from asyncchat.core.features.rename import RenameRoomResolved, RoomRenamed
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
from asyncchat.core.features.room_registration import (
    RegisterRoom,
    RoomAccessChanged,
    RoomRegistered,
    SetAccess,
)
from asyncchat.core.features.rooms import Joined, Kicked
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from tests.core.house import ANNA, BOB, CAROL, NOW, OLGA, do, house


def overrides(chat: Chat, command: Command, person_id: int = OLGA) -> list[type]:
    return [type(item.act) for item in do(chat, person_id, command) if isinstance(item, OperOverride)]


def with_role(role: str) -> Chat:
    """The house with its server operator in #tea, with this role."""
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
        (RenameRoomResolved("#tea", "#coffee"), RoomRenamed, "operator"),
    ],
)
def test_what_a_role_allows_is_not_audited(command, act, enough):
    assert overrides(with_role(""), command) == [act]
    assert overrides(with_role("voice"), command) == [act]
    assert overrides(with_role(enough), command) == []


def owned() -> Chat:
    """The house, in which #tea belongs to anna's account and carol has an account."""
    chat = house()
    do(chat, ANNA, RegisterAccountVerified("anna", "v"))
    do(chat, CAROL, RegisterAccountVerified("carol", "v"))
    do(chat, ANNA, RegisterRoom("#tea"))
    return chat


@pytest.mark.parametrize(
    ("command", "act"),
    [
        (RegisterRoom("#tea", "carol"), RoomRegistered),
        (RegisterRoom("#tea", on=False), RoomRegistered),
        (SetAccess("#tea", "carol", "admin"), RoomAccessChanged),
        (DropAccountVerified("carol", True), AccountRemoved),
        (NewPasswordVerified("carol", "other"), AccountPasswordChanged),
    ],
)
def test_taking_what_belongs_to_an_account_is_audited(command, act):
    assert overrides(owned(), command) == [act]


def test_no_verifier_is_in_the_audit():
    (noted,) = (
        i for i in do(owned(), OLGA, NewPasswordVerified("carol", "other")) if isinstance(i, OperOverride)
    )
    assert noted.act == AccountPasswordChanged("carol", "", NOW)


def test_what_belongs_to_the_own_account_is_not_audited():
    chat = owned()
    do(chat, OLGA, RegisterAccountVerified("olga", "v"))
    do(chat, OLGA, Join("#mine"))
    for command in (
        RegisterRoom("#mine"),
        SetAccess("#mine", "carol", "voice"),
        RegisterRoom("#mine", on=False),
        NewPasswordVerified("olga", "other"),
        DropAccountVerified("olga", True),
    ):
        assert overrides(chat, command) == []


@pytest.mark.parametrize(
    "closing",
    [
        SetFlag("#tea", "invite-only"),
        SetFlag("#tea", "accounts-only"),
        SetSetting("#tea", "key", "sesame"),
        SetSetting("#tea", "limit", "2"),
        Ban("#tea", "olga"),
    ],
)
def test_joining_where_only_an_operator_may_is_audited(closing):
    chat = house()
    assert overrides(house(), Join("#tea")) == []
    do(chat, ANNA, closing)
    assert overrides(chat, Join("#tea")) == [Joined]


def test_inviting_past_the_rules_is_audited():
    chat = with_role("")
    assert overrides(chat, Invite("#tea", "carol")) == [Invited]
    assert overrides(with_role("half-operator"), Invite("#tea", "carol")) == []


def test_an_override_of_a_higher_role_is_audited():
    chat = with_role("half-operator")
    assert overrides(chat, Kick("#tea", "anna")) == [Kicked]


def test_giving_up_an_own_role_is_not_audited():
    assert overrides(with_role("operator"), SetRole("#tea", "olga", on=False)) == []


def test_a_topic_that_anyone_may_set_is_not_audited():
    chat = with_role("")
    do(chat, ANNA, SetFlag("#tea", "topic-locked", on=False))
    assert overrides(chat, SetTopic("#tea", "hi")) == []


def test_in_the_lobby_only_acts_of_server_operators_are_audited():
    chat = house()
    assert overrides(chat, SetFlag(LOBBY, "moderated")) == [FlagChanged]
    assert overrides(chat, Kick("#tea", "bob"), ANNA) == []
    assert BOB not in chat.rooms["#tea"].member_blocks


def test_each_event_in_a_room_says_which_roles_allow_it():
    acts = {
        *(Kicked, MaskChanged, FlagChanged, SettingChanged, Erased, RoomRenamed),
        *(RoleChanged, TopicChanged, RoomMetadataChanged, Pinned, Unpinned),
        *(RoomRegistered, RoomAccessChanged, Invited),
    }
    own = Event.allowed_by_role
    assert {event for event in EVENTS if event.right or event.allowed_by_role is not own} == acts
