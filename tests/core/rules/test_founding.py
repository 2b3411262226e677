"""Rooms that belong to an account: registered, given on, given up; roles by account; flags for accounts."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.accounts import SERVER
from asyncchat.core.chat import Chat, Items, starting
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import AccountFault, AccountRefused, CannotSpeakReason
from asyncchat.core.roles import FOUNDER, OPERATOR, VOICE
from asyncchat.core.rules.founding import GIVER
from tests.core.house import ANNA, BOB, CAROL, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house: Anna and bob are logged in to accounts of their names, and #tea is Anna's."""
    chat = house()
    for who, name in ((ANNA, "anna"), (BOB, "bob")):
        do(chat, SERVER, commands.MakeAccount(name, "v"))
        do(chat, who, commands.LogIn(name, True))
    do(chat, ANNA, commands.RegisterRoom("#tea"))
    return chat


def fault(items: Items) -> AccountFault:
    (refusal,) = items
    assert isinstance(refusal, AccountRefused)
    return refusal.fault


def test_a_room_is_registered_by_its_operator_who_is_logged_in():
    chat = house()
    assert fault(do(chat, ANNA, commands.RegisterRoom("#tea"))) is AccountFault.LOGGED_OUT
    do(chat, ANNA, commands.MakeAccount("anna", "v"))
    assert do(chat, ANNA, commands.RegisterRoom("#tea", purpose="p")) == (
        events.RoomRegistered("#Tea", "anna"),
        events.RoleChanged("#Tea", chat.people[ANNA], GIVER, True, FOUNDER.name),
        replies.RoomRegisteredNow("#Tea", "anna", "p"),
    )
    assert chat.rooms["#tea"].roles[ANNA] == OPERATOR.bit | FOUNDER.bit
    assert fault(do(chat, ANNA, commands.RegisterRoom("#tea"))) is AccountFault.TAKEN


def test_who_may_not(chat):
    do(chat, CAROL, commands.MakeAccount("carol", "v"))
    assert fault(do(chat, BOB, commands.RegisterRoom("#tea"))) is AccountFault.NOT_FOUNDER
    assert fault(do(chat, ANNA, commands.RegisterRoom(LOBBY))) is AccountFault.LOBBY
    assert do(chat, ANNA, commands.RegisterRoom("#no")) == (replies.NoSuchRoom("#no"),)
    assert fault(do(chat, ANNA, commands.RegisterRoom("#tea", "nobody"))) is AccountFault.UNKNOWN
    assert do(chat, OLGA, commands.RegisterRoom(LOBBY, "anna"))[0] == events.RoomRegistered(LOBBY, "anna")


def test_it_is_not_closed_when_empty_and_its_founder_is_known_again(chat):
    for who in (ANNA, BOB):
        do(chat, who, commands.Part("#tea"))
    assert "#tea" in chat.rooms
    do(chat, CAROL, commands.Join("#tea"))
    assert chat.rooms["#tea"].roles == {}
    joined, role, _ = do(chat, ANNA, commands.Join("#tea"))
    assert joined == events.Joined("#Tea", chat.people[ANNA])
    assert role == events.RoleChanged("#Tea", chat.people[ANNA], GIVER, True, FOUNDER.name)


def test_it_outlives_a_restart(chat):
    do(chat, ANNA, commands.SetAccess("#tea", "bob", "voice"))
    facts = starting(chat, "0.1.0")
    assert not [fact for fact in facts if isinstance(fact, events.RoomClosed)]
    for fact in facts:
        chat.apply(fact)
    do(chat, 9, commands.Enter("bob", "u", "h", rooms=("#tea",), account="bob"))
    assert chat.rooms["#tea"].roles == {9: VOICE.bit}


def test_access_is_given_at_once_and_taken(chat):
    bob = chat.people[BOB]
    assert do(chat, ANNA, commands.SetAccess("#tea", "BOB", "operator", "p")) == (
        events.RoomAccessChanged("#Tea", "bob", "operator", True),
        events.RoleChanged("#Tea", bob, GIVER, True, "operator"),
        replies.AccessChanged("#Tea", "bob", "operator", "p"),
    )
    assert do(chat, CAROL, commands.AskAccess("#tea")) == (
        replies.AccessView("#Tea", "anna", (("bob", "operator"),)),
    )
    do(chat, ANNA, commands.SetRole("#tea", "bob", False, "operator"))
    given = events.RoleChanged("#Tea", bob, GIVER, True, "operator")
    assert do(chat, BOB, commands.TakeRole("#tea")) == (given,)
    assert do(chat, BOB, commands.TakeRole("#tea")) == ()
    do(chat, ANNA, commands.SetAccess("#tea", "bob", ""))
    assert chat.rooms["#tea"].access == {}
    assert BOB not in chat.rooms["#tea"].roles
    assert fault(do(chat, BOB, commands.TakeRole("#tea"))) is AccountFault.NO_ACCESS


@pytest.mark.parametrize(
    ("who", "account", "role", "why"),
    [
        (BOB, "bob", "operator", AccountFault.NOT_FOUNDER),
        (ANNA, "nobody", "operator", AccountFault.UNKNOWN),
        (ANNA, "bob", "king", AccountFault.NO_ROLE),
        (ANNA, "bob", "founder", AccountFault.NO_ROLE),
    ],
)
def test_access_that_is_not_given(chat, who, account, role, why):
    assert fault(do(chat, who, commands.SetAccess("#tea", account, role))) is why


def test_who_has_access_is_not_kept_out(chat):
    do(chat, ANNA, commands.SetAccess("#tea", "bob", "voice"))
    do(chat, BOB, commands.Part("#tea"))
    do(chat, ANNA, commands.SetSetting("#tea", "key", "sesame"))
    assert isinstance(do(chat, BOB, commands.Join("#tea"))[0], events.Joined)


def test_logging_in_gives_roles_in_the_rooms_one_is_in(chat):
    do(chat, ANNA, commands.SetAccess("#tea", "bob", "voice"))
    do(chat, BOB, commands.LogOut())
    do(chat, ANNA, commands.SetRole("#tea", "bob", False, "voice"))
    logged_in, _, role, _ = do(chat, BOB, commands.LogIn("bob", True))
    assert isinstance(logged_in, events.LoggedIn)
    assert role == events.RoleChanged("#Tea", chat.people[BOB], GIVER, True, "voice")


def test_transfer_and_giving_up(chat):
    do(chat, ANNA, commands.RegisterRoom("#tea", "bob"))
    roles = chat.rooms["#tea"].roles
    assert roles == {ANNA: OPERATOR.bit, BOB: FOUNDER.bit}
    assert fault(do(chat, ANNA, commands.RegisterRoom("#tea", on=False))) is AccountFault.NOT_FOUNDER
    do(chat, BOB, commands.RegisterRoom("#tea", on=False))
    assert chat.rooms["#tea"].founder == ""
    assert fault(do(chat, ANNA, commands.RegisterRoom("#tea", on=False))) is AccountFault.NOT_TAKEN


def test_a_removed_account_has_no_rooms(chat):
    do(chat, ANNA, commands.SetAccess("#tea", "bob", "voice"))
    do(chat, SERVER, commands.RemoveAccount("bob", True))
    assert chat.rooms["#tea"].access == {}
    do(chat, SERVER, commands.RemoveAccount("anna", True))
    assert chat.rooms["#tea"].founder == ""


def test_a_room_for_accounts_only(chat):
    do(chat, ANNA, commands.SetFlag("#tea", "accounts-only"))
    assert do(chat, CAROL, commands.Join("#tea")) == (replies.NeedsAccount("#Tea"),)
    do(chat, CAROL, commands.MakeAccount("carol", "v"))
    assert isinstance(do(chat, CAROL, commands.Join("#tea"))[0], events.Joined)


def test_a_room_where_accounts_speak(chat):
    do(chat, ANNA, commands.SetFlag("#tea", "accounts-speak"))
    do(chat, CAROL, commands.Join("#tea"))
    refusal = replies.CannotSpeak("#Tea", CannotSpeakReason.ACCOUNT)
    assert do(chat, CAROL, commands.Say("#tea", "hi")) == (refusal,)
    assert isinstance(do(chat, BOB, commands.Say("#tea", "hi"))[0], events.Said)
    do(chat, ANNA, commands.SetRole("#tea", "carol", True, "voice"))
    assert isinstance(do(chat, CAROL, commands.Say("#tea", "hi"))[0], events.Said)


def test_who_is_written_to_by_accounts_alone(chat):
    do(chat, ANNA, commands.SetPersonFlag("accounts-write"))
    assert do(chat, CAROL, commands.Say("Anna", "hi")) == (replies.NeedsAccount("Anna"),)
    assert do(chat, CAROL, commands.Signal("Anna", ())) == (replies.NeedsAccount("Anna"),)
    for who in (ANNA, BOB, OLGA):
        assert isinstance(do(chat, who, commands.Say("Anna", "hi"))[0], events.Whispered)


def test_a_ban_by_account(chat):
    do(chat, ANNA, commands.Ban("#tea", "~account:b*"))
    assert do(chat, BOB, commands.Say("#tea", "hi")) == (
        replies.CannotSpeak("#Tea", CannotSpeakReason.BANNED),
    )
    do(chat, CAROL, commands.Join("#tea"))
    assert isinstance(do(chat, CAROL, commands.Say("#tea", "hi"))[0], events.Said)
