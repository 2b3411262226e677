"""Accounts: made, logged in to and out of, changed and removed; the names they keep."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.accounts import SERVER, Account
from asyncchat.core.chat import Chat, Items
from asyncchat.core.names import LOBBY
from asyncchat.core.people import logged, person
from asyncchat.core.replies import AccountFault, AccountRefused
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house, with an account of Anna's, who is not logged in."""
    chat = house()
    do(chat, SERVER, commands.MakeAccount("anna", "v"))
    return chat


def refused(items: Items) -> AccountRefused:
    """The one refusal that was all."""
    (item,) = items
    assert isinstance(item, AccountRefused)
    return item


def enter(name: str, account: str = "") -> commands.Enter:
    return commands.Enter(name, "u", "h", rooms=(LOBBY,), account=account)


def test_who_makes_an_account_is_logged_in_to_it():
    chat = house()
    before = chat.people[ANNA]
    items = do(chat, ANNA, commands.MakeAccount("Anna", "v", "a@example.org", purpose="p"))
    assert items == (
        events.AccountMade("Anna", "v", NOW, "a@example.org"),
        events.LoggedIn(before, logged(before, "Anna")),
        events.DeviceSeen("Anna", "u"),
        replies.Registered("Anna", "p"),
    )
    assert chat.accounts == {"anna": Account("Anna", "v", NOW, "a@example.org")}
    assert chat.people[ANNA].account == "Anna"
    tea = chat.rooms["#tea"]
    assert [member.person.account for member in tea.members()] == ["Anna", ""]
    assert tea.roles[ANNA] == 4


def test_an_account_may_be_made_before_one_enters():
    chat = house()
    items = do(chat, NOBODY, commands.MakeAccount("nina", "v"))
    assert items == (events.AccountMade("nina", "v", NOW), replies.Registered("nina"))
    do(chat, NOBODY, enter("nina", "nina"))
    assert chat.people[NOBODY] == person(NOBODY, "nina", "u", "h", account="nina")


@pytest.mark.parametrize(
    ("who", "name", "fault"),
    [
        (ANNA, "ANNA", AccountFault.EXISTS),
        (CAROL, "bob", AccountFault.HELD),
        (CAROL, "a b", AccountFault.NOT_ALLOWED),
        (CAROL, "", AccountFault.NOT_ALLOWED),
    ],
)
def test_some_accounts_are_not_made(chat, who, name, fault):
    refusal = refused(do(chat, who, commands.MakeAccount(name, "v", purpose="p")))
    assert (refusal.fault, refusal.account, refusal.purpose) == (fault, name, "p")


def test_one_has_one_account_at_a_time(chat):
    do(chat, ANNA, commands.LogIn("anna", True))
    refusal = AccountRefused(AccountFault.LOGGED_IN, "second")
    assert do(chat, ANNA, commands.MakeAccount("second", "v")) == (refusal,)


def test_the_server_makes_accounts_for_names_in_use():
    chat = house()
    made = events.AccountMade("bob", "v", NOW)
    assert do(chat, SERVER, commands.MakeAccount("bob", "v")) == (made, replies.Registered("bob"))


def test_there_is_a_most_of_accounts(chat, monkeypatch):
    monkeypatch.setattr("asyncchat.core.rules.accounts.ACCOUNTS", 1)
    assert refused(do(chat, BOB, commands.MakeAccount("bob", "v"))).fault is AccountFault.FULL


class TestLoggingIn:
    def test_with_the_right_password(self, chat):
        me = chat.people[ANNA]
        assert do(chat, ANNA, commands.LogIn("ANNA", True, "p")) == (
            events.LoggedIn(me, logged(me, "anna")),
            events.DeviceSeen("anna", "u"),
            replies.LoggedInNow("anna", "p"),
        )
        assert do(chat, ANNA, commands.LogIn("anna", True)) == (replies.LoggedInNow("anna"),)

    @pytest.mark.parametrize(("account", "verified"), [("anna", False), ("nobody", True)])
    def test_not_otherwise(self, chat, account, verified):
        refusal = AccountRefused(AccountFault.WRONG, account, purpose="p")
        assert do(chat, ANNA, commands.LogIn(account, verified, "p")) == (refusal,)
        assert do(chat, NOBODY, commands.LogIn(account, verified, "p")) == (refusal,)

    def test_before_one_enters(self, chat):
        do(chat, ANNA, commands.Quit())
        assert do(chat, NOBODY, commands.LogIn("ANNA", True, "p")) == (replies.Confirmed("anna", "p"),)
        items = do(chat, NOBODY, enter("Anna", "anna"))
        assert items[0] == events.Entered(person(NOBODY, "Anna", "u", "h", account="anna"), NOW)

    def test_and_out(self, chat):
        assert do(chat, ANNA, commands.LogOut("p")) == (AccountRefused(AccountFault.LOGGED_OUT, purpose="p"),)
        do(chat, ANNA, commands.LogIn("anna", True))
        me = chat.people[ANNA]
        out = events.LoggedOut(me, logged(me, ""))
        seen = events.DeviceSeen("anna", "u", NOW, (LOBBY, "#tea"))
        assert do(chat, ANNA, commands.LogOut("p")) == (out, seen, replies.LoggedOutNow("p"))
        assert chat.people[ANNA].account == ""
        assert do(chat, NOBODY, commands.LogOut()) == (replies.NotEntered(),)


class TestReservedNames:
    def test_nobody_else_enters_so(self, chat):
        do(chat, ANNA, commands.Quit())
        assert do(chat, NOBODY, enter("ANNA")) == (replies.NameReserved("ANNA"),)
        do(chat, SERVER, commands.MakeAccount("nina", "v"))
        assert do(chat, NOBODY, enter("anna", "nina")) == (replies.NameReserved("anna"),)

    def test_nobody_else_is_renamed_so(self, chat):
        do(chat, ANNA, commands.Rename("hanna"))
        assert do(chat, BOB, commands.Rename("Anna")) == (replies.NameReserved("Anna"),)
        assert do(chat, ANNA, commands.Rename("Anna")) == (replies.NameReserved("Anna"),)
        do(chat, ANNA, commands.LogIn("anna", True))
        assert isinstance(do(chat, ANNA, commands.Rename("Anna"))[0], events.Renamed)
        assert chat.people[ANNA].account == "anna"

    def test_an_account_that_is_gone_counts_no_more(self, chat):
        do(chat, ANNA, commands.Quit())
        do(chat, SERVER, commands.RemoveAccount("anna", True))
        do(chat, NOBODY, enter("Anna", "anna"))
        assert chat.people[NOBODY].account == ""


class TestChanging:
    def test_ones_own_password(self, chat):
        do(chat, ANNA, commands.LogIn("anna", True))
        changed = events.AccountPasswordChanged("anna", "new", NOW)
        assert do(chat, ANNA, commands.ChangePassword("", "new", "p")) == (
            changed,
            replies.PasswordChanged("anna", "p"),
        )
        assert chat.accounts["anna"] == Account("anna", "new", NOW)

    @pytest.mark.parametrize("command", [commands.ChangePassword, commands.RemoveAccount])
    def test_only_ones_own(self, chat, command):
        def fault(who, name):
            return refused(do(chat, who, command(name, True))).fault

        assert fault(BOB, "") is AccountFault.LOGGED_OUT
        assert fault(BOB, "anna") is AccountFault.OTHERS
        assert fault(OLGA, "nobody") is AccountFault.UNKNOWN
        assert fault(SERVER, "nobody") is AccountFault.UNKNOWN
        assert do(chat, NOBODY, command("anna", True)) == (replies.NotEntered(),)

    @pytest.mark.parametrize("who", [SERVER, OLGA, ANNA])
    def test_a_removed_account_logs_out(self, chat, who):
        do(chat, ANNA, commands.LogIn("anna", True))
        me = chat.people[ANNA]
        assert do(chat, who, commands.RemoveAccount("anna", True, "p")) == (
            events.LoggedOut(me, logged(me, "")),
            events.AccountRemoved("anna", NOW),
            replies.Removed("anna", "p"),
        )
        assert not chat.accounts

    def test_removing_takes_the_password(self, chat):
        do(chat, ANNA, commands.LogIn("anna", True))
        assert refused(do(chat, ANNA, commands.RemoveAccount("", False))).fault is AccountFault.WRONG
        assert chat.accounts


def test_accounts_outlive_the_run(chat):
    chat.apply(events.NodeStarted("0.1.0"))
    assert set(chat.accounts) == {"anna"}
