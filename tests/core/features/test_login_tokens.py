"""Login tokens: made, used, listed and revoked; what ends them."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    Confirmed,
    DropAccountVerified,
    LogInVerified,
    NewPasswordVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.login_tokens import (
    ALL,
    SESSIONS_EACH,
    TOKENS_EACH,
    UNUSED_MICROSECONDS,
    GetLoginTokens,
    LoginToken,
    LoginTokenMade,
    LoginTokens,
    LoginTokensGone,
    LoginTokensRevoked,
    LoginTokensView,
    LoginTokenUsed,
    LoginTokenView,
    LogInWithToken,
    NewLoginToken,
    RevokeLoginTokens,
)
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet
from tests.core.house import ANNA, BOB, NOBODY, NOW, OLGA, do, house

PHONE, LAPTOP = "1a2b3c4d" * 8, "5e6f7a8b" * 8
"""Digests of secrets."""


@pytest.fixture
def chat() -> Chat:
    """The house; Anna is logged in to her account, and her phone stays signed in."""
    chat = house()
    do(chat, SERVER, RegisterAccountVerified("anna", "v"))
    do(chat, ANNA, LogInVerified("anna", True))
    do(chat, ANNA, NewLoginToken("phone", "secret", PHONE))
    return chat


def tokens(chat: Chat) -> dict[str, LoginToken]:
    return dict(LoginTokens.of(chat).of_account("anna"))


def restored(chat: Chat) -> Chat:
    """What the fewest events give."""
    again = Chat()
    do(again, SERVER, RegisterAccountVerified("anna", "v"))
    for event in LoginTokens.of(chat).facts(chat):
        again.apply(event)
    return again


def test_a_token_is_made_and_its_secret_is_told_once(chat):
    items = do(chat, ANNA, NewLoginToken("\x02lap top", "secret", LAPTOP, context="p"))
    assert items == (
        LoginTokenMade("anna", LAPTOP, "lap top", NOW),
        LoginTokenView("anna", "5e6f7a8b", "secret", "p"),
    )
    assert tokens(chat)[LAPTOP] == LoginToken(LAPTOP, "lap top", NOW, NOW)
    assert "secret" not in repr(LoginTokens.of(chat).state())


def test_only_who_is_logged_in_makes_one(chat):
    assert do(chat, BOB, NewLoginToken("", "s", LAPTOP)) == (AccountRefused(AccountFault.LOGGED_OUT),)
    assert do(chat, NOBODY, NewLoginToken("", "s", LAPTOP)) == (NotConnectedYet(),)


def test_a_session_logs_in_with_it_and_connects(chat):
    items = do(chat, NOBODY, LogInWithToken("Anna", PHONE, "p"), NOW + 5)
    assert items == (LoginTokenUsed("Anna", PHONE, NOW + 5, NOBODY), Confirmed("anna", "p", "v"))
    assert tokens(chat)[PHONE].used == NOW + 5
    do(chat, NOBODY, Connect("Anna", "u", "h", account="anna"))
    assert chat.sessions.of(ANNA) == (ANNA, NOBODY)


@pytest.mark.parametrize(
    ("account", "digest", "later"),
    [("anna", LAPTOP, 0), ("bob", PHONE, 0), ("anna", PHONE, UNUSED_MICROSECONDS + 1)],
    ids=["unknown", "of another", "unused for long"],
)
def test_no_other_logs_in(chat, account, digest, later):
    items = do(chat, NOBODY, LogInWithToken(account, digest), NOW + later)
    assert items == (AccountRefused(AccountFault.WRONG, account),)


def test_a_device_that_is_used_stays_valid(chat):
    for days in (60, 120, 180):
        do(chat, NOBODY, LogInWithToken("anna", PHONE), NOW + days * 86_400_000_000)
    assert tokens(chat)[PHONE].used == NOW + 180 * 86_400_000_000


def test_they_are_listed_for_their_owner_and_operators_the_last_used_first(chat):
    do(chat, ANNA, NewLoginToken("laptop", "s", LAPTOP), NOW + 1)
    both = (LoginToken(LAPTOP, "laptop", NOW + 1, NOW + 1), LoginToken(PHONE, "phone", NOW, NOW))
    assert do(chat, ANNA, GetLoginTokens(context="p")) == (LoginTokensView("anna", both, "p"),)
    assert do(chat, OLGA, GetLoginTokens("anna")) == (LoginTokensView("anna", both),)
    assert do(chat, BOB, GetLoginTokens("anna")) == (AccountRefused(AccountFault.OTHERS, "anna"),)
    assert do(chat, BOB, GetLoginTokens()) == (AccountRefused(AccountFault.LOGGED_OUT),)


def test_a_revoked_token_ends_its_sessions_and_no_others(chat):
    do(chat, ANNA, NewLoginToken("laptop", "s", LAPTOP))
    for session, digest in ((NOBODY, PHONE), (6, LAPTOP)):
        do(chat, session, LogInWithToken("anna", digest))
        do(chat, session, Connect("Anna", "u", "h", account="anna"))
    assert do(chat, ANNA, RevokeLoginTokens("1a2b3c4d")) == (
        LoginTokensRevoked("anna", (PHONE,), ((ANNA, NOBODY),)),
        LoginTokensGone("anna", 1),
    )
    assert set(tokens(chat)) == {LAPTOP}
    assert do(chat, ANNA, RevokeLoginTokens(ALL)) == (
        LoginTokensRevoked("anna", (LAPTOP,), ((ANNA, 6),)),
        LoginTokensGone("anna", 1),
    )
    assert do(chat, ANNA, RevokeLoginTokens(ALL)) == (AccountRefused(AccountFault.NO_TOKENS, "anna"),)
    assert do(chat, ANNA, RevokeLoginTokens("1a2b3c4d")) == (AccountRefused(AccountFault.NO_TOKEN, "anna"),)


def test_the_session_for_which_a_token_was_made_ends_with_it(chat):
    items = do(chat, ANNA, NewLoginToken("laptop", "s", LAPTOP, ANNA))
    assert LoginTokenUsed("anna", LAPTOP, NOW, ANNA) in items
    assert LoginTokensRevoked("anna", (LAPTOP,), ((ANNA, ANNA),)) in do(
        chat, ANNA, RevokeLoginTokens("5e6f7a8b")
    )


def test_an_operator_who_revokes_is_noted_and_others_may_not(chat):
    assert do(chat, BOB, RevokeLoginTokens(ALL, "anna")) == (AccountRefused(AccountFault.OTHERS, "anna"),)
    olga = chat.people[OLGA]
    revoked = LoginTokensRevoked("anna", (PHONE,))
    assert do(chat, OLGA, RevokeLoginTokens(ALL, "anna")) == (
        revoked,
        OperOverride(olga, revoked),
        LoginTokensGone("anna", 1),
    )


def test_the_log_keeps_no_sessions():
    assert LoginTokensRevoked("anna", (PHONE,), ((1, 5),)).to_store() == LoginTokensRevoked("anna", (PHONE,))


def test_a_new_password_revokes_all_and_sessions_stay(chat):
    do(chat, NOBODY, LogInWithToken("anna", PHONE))
    do(chat, NOBODY, Connect("Anna", "u", "h", account="anna"))
    assert LoginTokensRevoked("anna", (PHONE,)) in do(chat, ANNA, NewPasswordVerified("", "w"))
    assert tokens(chat) == {}


def test_they_go_with_the_account(chat):
    do(chat, ANNA, DropAccountVerified("", True))
    assert LoginTokens.of(chat).state() == {}
    do(chat, SERVER, RegisterAccountVerified("anna", "v"))
    assert do(chat, NOBODY, LogInWithToken("anna", PHONE)) == (AccountRefused(AccountFault.WRONG, "anna"),)


def test_one_too_many_replaces_the_one_unused_for_longest(chat):
    for number in range(TOKENS_EACH):
        do(chat, ANNA, NewLoginToken("", "s", f"{number:064}"), NOW + 1 + number)
    assert len(tokens(chat)) == TOKENS_EACH
    assert PHONE not in tokens(chat)


def test_sessions_that_end_or_never_connect_are_forgotten(chat):
    of = LoginTokens.of(chat)
    do(chat, NOBODY, LogInWithToken("anna", PHONE))
    do(chat, NOBODY, Connect("Anna", "u", "h", account="anna"))
    do(chat, ANNA, Quit())
    do(chat, ANNA, RevokeLoginTokens(ALL)) if ANNA in chat.people else None
    for session in range(100, 100 + 3 * SESSIONS_EACH):
        do(chat, session, LogInWithToken("anna", PHONE))
    assert len(of.sessions.get(PHONE, ())) <= SESSIONS_EACH
    assert len(of._of_session) <= SESSIONS_EACH


def test_its_facts_give_it_again(chat):
    do(chat, NOBODY, LogInWithToken("anna", PHONE), NOW + 7)
    assert LoginTokens.of(restored(chat)).state() == LoginTokens.of(chat).state()
