"""Which acts of a server operator are audited: those that no role in the room allows."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event
from asyncchat.core.features import EVENTS
from asyncchat.core.features.accounts import (
    AccountMade,
    AccountPasswordChanged,
    AccountRemoved,
    DropAccountVerified,
    GetAccount,
    NewPasswordVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.audit import READ_AGAIN, OperOverride, OperRead, Reads
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.history_access import HistoryHidden, note_history
from asyncchat.core.features.invite_codes import InviteCodeMade, InviteCodeRevoked
from asyncchat.core.features.invites import Invite, Invited
from asyncchat.core.features.join import GetRoom, Join
from asyncchat.core.features.metadata.api import RoomMetadataChanged
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.pins import Pinned, Unpinned
from asyncchat.core.features.queries import GetNames, GetPeople, GetPerson, GetRooms, GetWho
from asyncchat.core.features.redaction import Erase, Erased
from asyncchat.core.features.rename import RenameRoomResolved, RoomRenamed
from asyncchat.core.features.room_modes import (
    FlagChanged,
    GetFlags,
    GetMasks,
    MaskChanged,
    RoleChanged,
    SetFlag,
    SetMask,
    SetRole,
    SetSetting,
    SettingChanged,
)
from asyncchat.core.features.room_registration import (
    GetAccess,
    RegisterRoom,
    RoomAccessChanged,
    RoomRegistered,
    SetAccess,
)
from asyncchat.core.features.rooms import Joined, Kicked
from asyncchat.core.features.topic import GetTopic, SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


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
        *(RoomRegistered, RoomAccessChanged, Invited, InviteCodeMade, InviteCodeRevoked),
    }
    own = Event.allowed_by_role
    assert {event for event in EVENTS if event.right or event.allowed_by_role is not own} == acts


def closed() -> Chat:
    """The house, in which #tea is secret, has a key and hides its members; eve, in it, has a cloak."""
    chat = house()
    do(chat, NOBODY, Connect("eve", "u", "k3x.ip", address="192.0.2.7", rooms=("#tea",)))
    chat.apply(AccountMade("eve", "v", NOW, "eve@example.org"))
    do(chat, ANNA, SetFlag("#tea", "secret"))
    do(chat, ANNA, SetFlag("#tea", "auditorium"))
    do(chat, ANNA, SetSetting("#tea", "key", "x"))
    return chat


def reads(chat: Chat, command: Command, person_id: int = OLGA, now: int = NOW) -> list[tuple[str, str]]:
    found = do(chat, person_id, command, now)
    return [(item.what, item.where) for item in found if isinstance(item, OperRead)]


SECRET = ("secret", "#Tea")
MEMBERS = ("members", "#Tea")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (GetTopic("#tea"), [SECRET]),
        (GetMasks("#tea"), [SECRET]),
        (GetAccess("#tea"), [SECRET]),
        (GetFlags("#tea"), [SECRET, ("key", "#Tea")]),
        (GetRoom("#tea"), [SECRET, MEMBERS]),
        (GetWho("#tea"), [SECRET, MEMBERS]),
        (GetWho("#tea", addresses=True), [SECRET, MEMBERS, ("address", "#tea")]),
        (GetWho("eve"), []),
        (GetWho("", addresses=True), [("address", "*")]),
        (GetWho("bob", addresses=True), []),  # it has no cloak
        (GetRooms(), [("secrets", "")]),
        (GetNames(), [("secrets", "")]),
        (GetPerson("eve"), [SECRET, ("address", "eve")]),
        (GetPerson("bob"), [SECRET]),
        (GetPerson("olga"), []),
        (GetPeople(("eve", "bob", "nobody")), [("address", "eve")]),
        (GetAccount("eve"), [("email", "eve")]),
        (GetTopic(LOBBY), []),
        (GetFlags(LOBBY), []),
        (GetTopic("#none"), []),
    ],
)
def test_what_a_server_operator_reads_by_its_rights(command, what):
    chat = closed()
    for person_id in (CAROL, ANNA, NOBODY):
        assert reads(chat, command, person_id) == []
    assert reads(chat, command) == what
    assert reads(chat, command) == []  # it is the same read


def test_a_read_is_noted_again_after_a_while():
    chat = closed()
    assert reads(chat, GetTopic("#tea")) == [SECRET]
    assert reads(chat, GetTopic("#tea"), now=NOW + READ_AGAIN - 1) == []
    assert reads(chat, GetTopic("#tea"), now=NOW + READ_AGAIN) == [SECRET]


def test_who_has_come_again_is_noted_again_and_old_reads_are_forgotten():
    chat = closed()
    for number in range(1000):
        chat.apply(OperRead(chat.people[OLGA], "history", f"#r{number}", NOW))
    assert reads(chat, GetTopic("#tea"), now=NOW + READ_AGAIN) == [SECRET]
    assert len(Reads.of(chat).times) == 1
    do(chat, OLGA, Quit())
    assert not Reads.of(chat).times


def test_the_history_of_a_room_that_one_is_not_in():
    chat = closed()
    tea = chat.rooms["#tea"]

    def noted(person_id):
        return [(event.what, event.where) for event in note_history(chat, person_id, tea, NOW)]

    assert [noted(person_id) for person_id in (ANNA, CAROL)] == [[], []]
    assert noted(OLGA) == [("history", "#Tea")]
    do(chat, OLGA, Join("#tea"))
    assert noted(OLGA) == []
    chat.apply(HistoryHidden("#tea", NOW))
    assert noted(OLGA) == [("history", "#Tea")]  # a member would not read what was before
