"""What people choose for themselves, and whom they ignore."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import AccountMade, AccountRemoved
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.preferences import (
    IGNORED_EACH,
    PREFERENCES_EACH,
    GetPreferences,
    GuestPreferenceChanged,
    Ignore,
    Ignored,
    PreferenceChanged,
    PreferenceRefused,
    Preferences,
    PreferencesView,
    PreferenceView,
    SetPreference,
    ignored_by,
)
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.people import with_account
from tests.core.house import ANNA, BOB, CAROL, NOW, do, house

QUIET = SetPreference("notify", "#Tea", "none")


def with_accounts() -> Chat:
    """Anna and bob are logged in to the same account."""
    chat = house()
    chat.apply(AccountMade("anna", "v", NOW))
    for person_id in (ANNA, BOB):
        me = chat.people[person_id]
        chat.apply(LoggedIn(me, with_account(me, "anna")))
    return chat


def chosen(chat, person_id):
    (view,) = do(chat, person_id, GetPreferences())
    assert isinstance(view, PreferencesView)
    return set(view.chosen)


def test_an_account_has_its_choices_on_all_devices_and_a_guest_its_own():
    chat = with_accounts()
    view = PreferenceView("notify", "#tea", "none")
    assert do(chat, ANNA, QUIET) == (PreferenceChanged("anna", "notify", "#tea", "none", (BOB,)), view)
    assert do(chat, BOB, QUIET) == (view,)
    assert PreferenceChanged("anna", "notify", "#tea", "none", (BOB,)).to_store().to == ()
    carol = chat.people[CAROL]
    assert do(chat, CAROL, QUIET) == (GuestPreferenceChanged(carol, "notify", "#tea", "none"), view)
    assert chosen(chat, ANNA) == chosen(chat, BOB) == chosen(chat, CAROL) == {("notify", "#tea", "none")}
    do(chat, BOB, SetPreference("notify", "#tea"))
    assert chosen(chat, ANNA) == set()
    do(chat, CAROL, Quit())
    assert Preferences.of(chat).guests == {}


def test_whom_one_ignores():
    chat = with_accounts()
    assert do(chat, ANNA, Ignore("Olga"))[-1] == Ignored(("olga",))
    assert ignored_by(chat, chat.people[BOB]) == {"olga"}
    assert do(chat, BOB, Ignore("")) == (Ignored(("olga",)),)
    assert do(chat, BOB, Ignore("olga", on=False))[-1] == Ignored(())
    assert ignored_by(chat, chat.people[ANNA]) == set()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (SetPreference("colour", "#tea", "red"), "no such choice"),
        (SetPreference("notify", "#tea", "red"), "no such choice"),
        (SetPreference("notify", "#" + "x" * 200, "none"), "longer"),
        (SetPreference("ignore", "#tea", "on"), "it "),
        (SetPreference("ignore", "", "on"), "it is empty"),
    ],
)
def test_what_can_not_be_chosen(asked, reason):
    (refused,) = do(house(), ANNA, asked)
    assert isinstance(refused, PreferenceRefused)
    assert reason in refused.reason


def test_only_so_much_is_kept():
    chat = house()
    for number in range(IGNORED_EACH):
        do(chat, ANNA, Ignore(f"n{number}"))
    (refused,) = do(chat, ANNA, Ignore("another"))
    assert isinstance(refused, PreferenceRefused)
    for number in range(PREFERENCES_EACH - IGNORED_EACH):
        do(chat, ANNA, SetPreference("notify", f"#r{number}", "all"))
    (refused,) = do(chat, ANNA, SetPreference("notify", "#one-more", "all"))
    assert isinstance(refused, PreferenceRefused)
    assert do(chat, ANNA, SetPreference("notify", "#r1", "none"))[-1] == PreferenceView(
        "notify", "#r1", "none"
    )
    do(chat, ANNA, SetPreference("notify", "#r2"))
    assert len(chosen(chat, ANNA)) == PREFERENCES_EACH - 1


def test_a_renamed_room_keeps_them_and_a_removed_account_does_not():
    chat = with_accounts()
    do(chat, ANNA, QUIET)
    do(chat, ANNA, RenameRoomResolved("#tea", "#Coffee"))
    assert chosen(chat, ANNA) == {("notify", "#coffee", "none")}
    facts = list(Preferences.of(chat).facts(chat))
    assert facts == [PreferenceChanged("anna", "notify", "#coffee", "none")]
    again = with_accounts()
    for fact in facts:
        again.apply(fact)
    assert Preferences.of(again).state() == Preferences.of(chat).state()
    chat.apply(AccountRemoved("anna", NOW))
    assert Preferences.of(chat).accounts == {}
