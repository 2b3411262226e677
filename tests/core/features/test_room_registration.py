"""Registered rooms: registered, transferred, ended; roles by account; flags that need accounts."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    DropAccountVerified,
    LogInVerified,
    LogOut,
    RegisterAccountVerified,
)
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import Join, Part
from asyncchat.core.features.messages import (
    CannotSpeak,
    CannotSpeakReason,
    Said,
    SaidInPrivate,
    Say,
    SendTagMessage,
)
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.features.room_modes import RoleChanged, SetFlag, SetRole, SetSetting
from asyncchat.core.features.room_registration import (
    GIVER,
    AccessChanged,
    AccessView,
    GetAccess,
    RegisterRoom,
    RoomAccessChanged,
    RoomRegistered,
    RoomRegisteredNow,
    SetAccess,
    TakeRole,
)
from asyncchat.core.features.rooms import Joined, RoomClosed
from asyncchat.core.features.server import starting
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.names import LOBBY
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, NeedsAccount, NoSuchRoom
from asyncchat.core.roles import FOUNDER, OPERATOR, VOICE
from tests.core.house import ANNA, BOB, CAROL, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house: Anna and bob are logged in to accounts of their names, and #tea is Anna's."""
    chat = house()
    for person_id, name in ((ANNA, "anna"), (BOB, "bob")):
        do(chat, SERVER, RegisterAccountVerified(name, "v"))
        do(chat, person_id, LogInVerified(name, True))
    do(chat, ANNA, RegisterRoom("#tea"))
    return chat


def fault(items: tuple[object, ...]) -> AccountFault:
    (refusal,) = items
    assert isinstance(refusal, AccountRefused)
    return refusal.fault


def test_an_operator_who_is_logged_in_registers_a_room():
    chat = house()
    assert fault(do(chat, ANNA, RegisterRoom("#tea"))) is AccountFault.LOGGED_OUT
    do(chat, ANNA, RegisterAccountVerified("anna", "v"))
    assert do(chat, ANNA, RegisterRoom("#tea", context="p")) == (
        RoomRegistered("#Tea", "anna"),
        RoleChanged("#Tea", chat.people[ANNA], GIVER, True, FOUNDER.name),
        RoomRegisteredNow("#Tea", "anna", "p"),
    )
    assert chat.rooms["#tea"].roles[ANNA] == OPERATOR.bit | FOUNDER.bit
    assert fault(do(chat, ANNA, RegisterRoom("#tea"))) is AccountFault.TAKEN


def test_who_may_not(chat):
    do(chat, CAROL, RegisterAccountVerified("carol", "v"))
    assert fault(do(chat, BOB, RegisterRoom("#tea"))) is AccountFault.NOT_FOUNDER
    assert fault(do(chat, ANNA, RegisterRoom(LOBBY))) is AccountFault.LOBBY
    assert do(chat, ANNA, RegisterRoom("#no")) == (NoSuchRoom("#no"),)
    assert fault(do(chat, ANNA, RegisterRoom("#tea", "nobody"))) is AccountFault.UNKNOWN
    assert do(chat, OLGA, RegisterRoom(LOBBY, "anna"))[0] == RoomRegistered(LOBBY, "anna")


def test_a_lobby_that_was_given_to_an_account_is_its_founders(chat):
    do(chat, OLGA, RegisterRoom(LOBBY, "anna"))
    assert fault(do(chat, BOB, RegisterRoom(LOBBY, on=False))) is AccountFault.NOT_FOUNDER
    assert do(chat, ANNA, SetAccess(LOBBY, "bob", VOICE.name))[0] == RoomAccessChanged(
        LOBBY, "bob", VOICE.name, True
    )
    assert do(chat, ANNA, RegisterRoom(LOBBY, on=False))[0] == RoomRegistered(LOBBY, "")
    assert fault(do(chat, ANNA, RegisterRoom(LOBBY))) is AccountFault.LOBBY


def test_a_registered_room_stays_open_and_its_founder_returns_as_founder(chat):
    for person_id in (ANNA, BOB):
        do(chat, person_id, Part("#tea"))
    assert "#tea" in chat.rooms
    do(chat, CAROL, Join("#tea"))
    assert chat.rooms["#tea"].roles == {}
    joined, role, _ = do(chat, ANNA, Join("#tea"))
    assert joined == Joined("#Tea", chat.people[ANNA])
    assert role == RoleChanged("#Tea", chat.people[ANNA], GIVER, True, FOUNDER.name)


def test_a_registration_survives_a_restart(chat):
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    facts = starting(chat, "0.1.0")
    assert not [fact for fact in facts if isinstance(fact, RoomClosed)]
    for fact in facts:
        chat.apply(fact)
    do(chat, 9, Connect("bob", "u", "h", rooms=("#tea",), account="bob"))
    assert chat.rooms["#tea"].roles == {9: VOICE.bit}


def test_access_is_given_and_taken_at_once(chat):
    bob = chat.people[BOB]
    assert do(chat, ANNA, SetAccess("#tea", "BOB", "operator", "p")) == (
        RoomAccessChanged("#Tea", "bob", "operator", True),
        RoleChanged("#Tea", bob, GIVER, True, "operator"),
        AccessChanged("#Tea", "bob", "operator", "p"),
    )
    assert do(chat, CAROL, GetAccess("#tea")) == (AccessView("#Tea", "anna", (("bob", "operator"),)),)
    do(chat, ANNA, SetRole("#tea", "bob", False, "operator"))
    given = RoleChanged("#Tea", bob, GIVER, True, "operator")
    assert do(chat, BOB, TakeRole("#tea")) == (given,)
    assert do(chat, BOB, TakeRole("#tea")) == ()
    do(chat, ANNA, SetAccess("#tea", "bob", ""))
    assert chat.rooms["#tea"].access == {}
    assert BOB not in chat.rooms["#tea"].roles
    assert fault(do(chat, BOB, TakeRole("#tea"))) is AccountFault.NO_ACCESS


@pytest.mark.parametrize(
    ("person_id", "account", "role", "why"),
    [
        (BOB, "bob", "operator", AccountFault.NOT_FOUNDER),
        (ANNA, "nobody", "operator", AccountFault.UNKNOWN),
        (ANNA, "bob", "king", AccountFault.NO_ROLE),
        (ANNA, "bob", "founder", AccountFault.NO_ROLE),
    ],
)
def test_access_that_is_refused(chat, person_id, account, role, why):
    assert fault(do(chat, person_id, SetAccess("#tea", account, role))) is why


def test_an_account_with_access_may_join(chat):
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    do(chat, BOB, Part("#tea"))
    do(chat, ANNA, SetSetting("#tea", "key", "sesame"))
    assert isinstance(do(chat, BOB, Join("#tea"))[0], Joined)


def test_logging_in_gives_roles_in_joined_rooms(chat):
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    do(chat, BOB, LogOut())
    do(chat, ANNA, SetRole("#tea", "bob", False, "voice"))
    logged_in, _, role, _ = do(chat, BOB, LogInVerified("bob", True))
    assert isinstance(logged_in, LoggedIn)
    assert role == RoleChanged("#Tea", chat.people[BOB], GIVER, True, "voice")


def test_transferring_and_ending_a_registration(chat):
    do(chat, ANNA, RegisterRoom("#tea", "bob"))
    roles = chat.rooms["#tea"].roles
    assert roles == {ANNA: OPERATOR.bit, BOB: FOUNDER.bit}
    assert fault(do(chat, ANNA, RegisterRoom("#tea", on=False))) is AccountFault.NOT_FOUNDER
    do(chat, BOB, RegisterRoom("#tea", on=False))
    assert chat.rooms["#tea"].founder == ""
    assert fault(do(chat, ANNA, RegisterRoom("#tea", on=False))) is AccountFault.NOT_TAKEN


def test_a_removed_account_has_no_rooms(chat):
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    do(chat, SERVER, DropAccountVerified("bob", True))
    assert chat.rooms["#tea"].access == {}
    do(chat, SERVER, DropAccountVerified("anna", True))
    assert chat.rooms["#tea"].founder == ""


def test_a_room_for_accounts_only(chat):
    do(chat, ANNA, SetFlag("#tea", "accounts-only"))
    assert do(chat, CAROL, Join("#tea")) == (NeedsAccount("#Tea"),)
    do(chat, CAROL, RegisterAccountVerified("carol", "v"))
    assert isinstance(do(chat, CAROL, Join("#tea"))[0], Joined)


def test_a_room_where_only_accounts_speak(chat):
    do(chat, ANNA, SetFlag("#tea", "accounts-speak"))
    do(chat, CAROL, Join("#tea"))
    refusal = CannotSpeak("#Tea", CannotSpeakReason.ACCOUNT)
    assert do(chat, CAROL, Say("#tea", "hi")) == (refusal,)
    assert isinstance(do(chat, BOB, Say("#tea", "hi"))[0], Said)
    do(chat, ANNA, SetRole("#tea", "carol", True, "voice"))
    assert isinstance(do(chat, CAROL, Say("#tea", "hi"))[0], Said)


def test_a_person_who_receives_messages_of_accounts_only(chat):
    do(chat, ANNA, SetPersonFlag("accounts-write"))
    assert do(chat, CAROL, Say("Anna", "hi")) == (NeedsAccount("Anna"),)
    assert do(chat, CAROL, SendTagMessage("Anna", ())) == (NeedsAccount("Anna"),)
    for person_id in (ANNA, BOB, OLGA):
        assert isinstance(do(chat, person_id, Say("Anna", "hi"))[0], SaidInPrivate)


def test_a_ban_by_account(chat):
    do(chat, ANNA, Ban("#tea", "~account:b*"))
    assert do(chat, BOB, Say("#tea", "hi")) == (CannotSpeak("#Tea", CannotSpeakReason.BANNED),)
    do(chat, CAROL, Join("#tea"))
    assert isinstance(do(chat, CAROL, Say("#tea", "hi"))[0], Said)
