"""How far people have read, over logins."""

import pytest

from asyncchat.core.features.accounts import AccountMade, LogInVerified
from asyncchat.core.features.read_markers import ReadUpTo, SetReadMarker, read_marker_of
from tests.core.house import ANNA, BOB, NOW, do, house

EARLY, LATE = NOW - 60_000_000, NOW - 1_000_000


def logged_in(chat, person_id):
    items = do(chat, person_id, LogInVerified("anna", verified=True))
    return [item for item in items if type(item) is ReadUpTo]


@pytest.fixture
def chat():
    chat = house()
    chat.apply(AccountMade("anna", "v", NOW))
    return chat


def test_an_account_knows_what_was_read_before_the_login(chat):
    do(chat, ANNA, SetReadMarker("#Tea", EARLY))
    do(chat, ANNA, SetReadMarker("bob", LATE))
    assert logged_in(chat, ANNA) == [ReadUpTo("anna", "#tea", EARLY), ReadUpTo("anna", "bob", LATE)]
    assert logged_in(chat, BOB) == []
    assert read_marker_of(chat, BOB, "#Tea") == EARLY


def test_a_login_moves_the_markers_of_an_account_forward_only(chat):
    logged_in(chat, BOB)
    do(chat, BOB, SetReadMarker("#Tea", LATE))
    do(chat, BOB, SetReadMarker("bob", EARLY))
    do(chat, ANNA, SetReadMarker("#Tea", EARLY))
    do(chat, ANNA, SetReadMarker("bob", LATE))
    assert logged_in(chat, ANNA) == [ReadUpTo("anna", "bob", LATE, (BOB,))]
