"""Accounts: make them, log in and out, change and remove them; their reserved names."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    AccountMade,
    AccountPasswordChanged,
    AccountRemoved,
    Confirmed,
    DropAccountVerified,
    LoggedInNow,
    LoggedOutNow,
    LogInVerified,
    LogOut,
    NewPasswordVerified,
    PasswordChanged,
    ReclaimVerified,
    RegisterAccountVerified,
    Registered,
    Removed,
)
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.connect import Connect, NameFixed, NameReserved, Quit, Rename
from asyncchat.core.features.last_seen import DeviceLastSeen, LastSeen, SeenDevices
from asyncchat.core.features.presence import Connected, Left, LoggedIn, LoggedOut, NodeStarted, Renamed
from asyncchat.core.features.room_modes import SetMask
from asyncchat.core.features.room_registration import RegisterRoom
from asyncchat.core.modes import MUTES
from asyncchat.core.names import LOBBY
from asyncchat.core.people import Account, person, with_account
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet
from asyncchat.core.roles import FOUNDER
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house with an account for Anna, who is not logged in."""
    chat = house()
    do(chat, SERVER, RegisterAccountVerified("anna", "v"))
    return chat


def refused(items: tuple[object, ...]) -> AccountRefused:
    """The refusal, which must be the only item."""
    (item,) = items
    assert isinstance(item, AccountRefused)
    return item


def enter(name: str, account: str = "") -> Connect:
    return Connect(name, "u", "h", rooms=(LOBBY,), account=account)


def test_whoever_makes_an_account_is_logged_in_to_it():
    chat = house()
    before = chat.people[ANNA]
    items = do(chat, ANNA, RegisterAccountVerified("Anna", "v", "a@example.org", context="p"))
    assert items == (
        AccountMade("Anna", "v", NOW, "a@example.org"),
        LoggedIn(before, with_account(before, "Anna")),
        DeviceLastSeen("Anna", "u"),
        Registered("Anna", "p"),
    )
    assert chat.accounts == {"anna": Account("Anna", "v", NOW, "a@example.org")}
    assert chat.people[ANNA].account == "Anna"
    tea = chat.rooms["#tea"]
    assert [member.person.account for member in tea.members()] == ["Anna", ""]
    assert tea.roles[ANNA] == 4


def test_a_password_that_was_right_before_connecting_counts_only_while_it_is_the_account_s(chat):
    (confirmed,) = do(chat, NOBODY, LogInVerified("anna", True))
    assert isinstance(confirmed, Confirmed)
    do(chat, SERVER, NewPasswordVerified("anna", "another"))
    do(chat, NOBODY, Connect("nina", "u", "h", account="anna", verifier=confirmed.verifier))
    assert chat.people[NOBODY].account == ""


def test_an_account_may_be_made_before_connecting():
    chat = house()
    items = do(chat, NOBODY, RegisterAccountVerified("nina", "v"))
    assert items == (AccountMade("nina", "v", NOW), Registered("nina", verifier="v"))
    do(chat, NOBODY, enter("nina", "nina"))
    assert chat.people[NOBODY] == person(NOBODY, "nina", "u", "h", account="nina")


@pytest.mark.parametrize(
    ("person_id", "name", "fault"),
    [
        (ANNA, "ANNA", AccountFault.EXISTS),
        (CAROL, "bob", AccountFault.HELD),
        (CAROL, "a b", AccountFault.NOT_ALLOWED),
        (CAROL, "", AccountFault.NOT_ALLOWED),
    ],
)
def test_some_accounts_are_not_made(chat, person_id, name, fault):
    refusal = refused(do(chat, person_id, RegisterAccountVerified(name, "v", context="p")))
    assert (refusal.fault, refusal.account, refusal.context) == (fault, name, "p")


def test_a_person_has_one_account_at_a_time(chat):
    do(chat, ANNA, LogInVerified("anna", True))
    refusal = AccountRefused(AccountFault.LOGGED_IN, "second")
    assert do(chat, ANNA, RegisterAccountVerified("second", "v")) == (refusal,)


def test_the_server_makes_accounts_for_names_in_use():
    chat = house()
    made = AccountMade("bob", "v", NOW)
    assert do(chat, SERVER, RegisterAccountVerified("bob", "v")) == (made, Registered("bob", verifier="v"))


def test_the_number_of_accounts_is_limited(chat, monkeypatch):
    monkeypatch.setattr("asyncchat.core.features.accounts.ACCOUNTS", 1)
    assert refused(do(chat, BOB, RegisterAccountVerified("bob", "v"))).fault is AccountFault.FULL


class TestLoggingIn:
    def test_with_the_right_password(self, chat):
        me = chat.people[ANNA]
        assert do(chat, ANNA, LogInVerified("ANNA", True, "p")) == (
            LoggedIn(me, with_account(me, "anna")),
            DeviceLastSeen("anna", "u"),
            LoggedInNow("anna", "p"),
        )
        assert do(chat, ANNA, LogInVerified("anna", True)) == (LoggedInNow("anna", already=True),)

    @pytest.mark.parametrize(("account", "verified"), [("anna", False), ("nobody", True)])
    def test_not_otherwise(self, chat, account, verified):
        refusal = AccountRefused(AccountFault.WRONG, account, context="p")
        assert do(chat, ANNA, LogInVerified(account, verified, "p")) == (refusal,)
        assert do(chat, NOBODY, LogInVerified(account, verified, "p")) == (refusal,)

    def test_before_one_enters(self, chat):
        do(chat, ANNA, Quit())
        assert do(chat, NOBODY, LogInVerified("ANNA", True, "p")) == (Confirmed("anna", "p", "v"),)
        items = do(chat, NOBODY, enter("Anna", "anna"))
        assert items[0] == Connected(person(NOBODY, "Anna", "u", "h", account="anna"), NOW)

    def test_and_out(self, chat):
        assert do(chat, ANNA, LogOut("p")) == (AccountRefused(AccountFault.LOGGED_OUT, context="p"),)
        do(chat, ANNA, LogInVerified("anna", True))
        me = chat.people[ANNA]
        out = LoggedOut(me, with_account(me, ""))
        seen = DeviceLastSeen("anna", "u", NOW, (LOBBY, "#tea"))
        assert do(chat, ANNA, LogOut("p")) == (out, seen, LoggedOutNow("p"))
        assert chat.people[ANNA].account == ""
        assert do(chat, NOBODY, LogOut()) == (NotConnectedYet(),)


class TestReservedNames:
    def test_nobody_else_enters_so(self, chat):
        do(chat, ANNA, Quit())
        assert do(chat, NOBODY, enter("ANNA")) == (NameReserved("ANNA"),)
        do(chat, SERVER, RegisterAccountVerified("nina", "v"))
        assert do(chat, NOBODY, enter("anna", "nina")) == (NameReserved("anna"),)

    def test_nobody_else_is_renamed_so(self, chat):
        do(chat, ANNA, Rename("hanna"))
        assert do(chat, BOB, Rename("Anna")) == (NameReserved("Anna"),)
        assert do(chat, ANNA, Rename("Anna")) == (NameReserved("Anna"),)
        do(chat, ANNA, LogInVerified("anna", True))
        assert isinstance(do(chat, ANNA, Rename("Anna"))[0], Renamed)
        assert chat.people[ANNA].account == "anna"

    def test_an_account_that_is_gone_counts_no_more(self, chat):
        do(chat, ANNA, Quit())
        do(chat, SERVER, DropAccountVerified("anna", True))
        do(chat, NOBODY, enter("Anna", "anna"))
        assert chat.people[NOBODY].account == ""


class TestChanging:
    def test_ones_own_password(self, chat):
        do(chat, ANNA, LogInVerified("anna", True))
        changed = AccountPasswordChanged("anna", "new", NOW)
        assert do(chat, ANNA, NewPasswordVerified("", "new", "p")) == (
            changed,
            PasswordChanged("anna", "p"),
        )
        assert chat.accounts["anna"] == Account("anna", "new", NOW)

    @pytest.mark.parametrize("command", [NewPasswordVerified, DropAccountVerified])
    def test_only_ones_own(self, chat, command):
        def fault(person_id, name):
            return refused(do(chat, person_id, command(name, True))).fault

        assert fault(BOB, "") is AccountFault.LOGGED_OUT
        assert fault(BOB, "anna") is AccountFault.OTHERS
        assert fault(OLGA, "nobody") is AccountFault.UNKNOWN
        assert fault(SERVER, "nobody") is AccountFault.UNKNOWN
        assert do(chat, NOBODY, command("anna", True)) == (NotConnectedYet(),)

    @pytest.mark.parametrize("person_id", [SERVER, OLGA, ANNA])
    def test_a_removed_account_logs_out(self, chat, person_id):
        do(chat, ANNA, LogInVerified("anna", True))
        me = chat.people[ANNA]
        removed = AccountRemoved("anna", NOW)
        noted = (OperOverride(chat.people[OLGA], removed),) if person_id == OLGA else ()
        assert do(chat, person_id, DropAccountVerified("anna", True, "p")) == (
            LoggedOut(me, with_account(me, "")),
            removed,
            *noted,
            Removed("anna", "p"),
        )
        assert not chat.accounts

    def test_removing_takes_the_password(self, chat):
        do(chat, ANNA, LogInVerified("anna", True))
        assert refused(do(chat, ANNA, DropAccountVerified("", False))).fault is AccountFault.WRONG
        assert chat.accounts


def test_accounts_survive_a_restart(chat):
    chat.apply(NodeStarted("0.1.0"))
    assert set(chat.accounts) == {"anna"}


class TestTakingAName:
    """REGAIN and GHOST are a leave, a login and a change of name: all that follows from these follows."""

    def test_whoever_has_the_name_leaves_as_everybody_does(self, chat):
        do(chat, ANNA, LogInVerified("anna", True))
        holder = chat.people[ANNA]
        items = do(chat, BOB, ReclaimVerified("Anna", True, take=True))
        reason = "Anna is wanted back by its owner"
        assert Left(holder, reason, NOW, ("#lobby", "#tea")) in items
        assert DeviceLastSeen("anna", "u", NOW, ("#lobby", "#tea")) in items
        renaming = next(item for item in items if isinstance(item, Renamed))
        assert renaming.rooms == ("#lobby", "#tea")
        assert [person.name for person in chat.people.values()] == ["Anna", "carol", "olga"]

    def test_the_roles_of_the_account_come_with_it(self, chat):
        do(chat, ANNA, LogInVerified("anna", True))
        do(chat, ANNA, RegisterRoom("#tea"))
        do(chat, ANNA, Quit())
        do(chat, BOB, ReclaimVerified("anna", True, take=True))
        assert chat.rooms["#tea"].roles[BOB] & FOUNDER.bit

    def test_its_device_is_here(self, chat):
        do(chat, BOB, ReclaimVerified("anna", True, take=True))
        assert SeenDevices.of(chat)["anna"] == {"u": LastSeen(0)}

    def test_it_is_no_way_around_a_mute(self, chat):
        do(chat, ANNA, SetMask("#tea", MUTES, "bob!*@*"))
        do(chat, CAROL, RegisterAccountVerified("carol2", "v"))
        assert do(chat, BOB, ReclaimVerified("carol2", True, take=True)) == (NameFixed("carol2", "#Tea"),)


def test_whoever_logs_in_elsewhere_is_no_longer_here_with_the_old_account(chat):
    do(chat, SERVER, RegisterAccountVerified("other", "v"))
    do(chat, BOB, LogInVerified("anna", True))
    do(chat, BOB, LogInVerified("other", True))
    assert SeenDevices.of(chat)["anna"]["u"].time == NOW
    assert SeenDevices.of(chat)["other"]["u"].time == 0
