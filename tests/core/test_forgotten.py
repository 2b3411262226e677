"""Whom a name means, and what stays of an event without that person."""

import pytest

from asyncchat.core.features.accounts import AccountRemoved
from asyncchat.core.features.audit import OperOverride, OperRead
from asyncchat.core.features.bots import TokenMade
from asyncchat.core.features.invites import Invited
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.pins import Pinned
from asyncchat.core.features.presence import Connected, LoggedIn
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.read_markers import ReadUpTo
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged, RoleChanged, SettingChanged
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.forgotten import FORGOTTEN, Identity
from asyncchat.core.people import author, person, with_account

ANNA = person(1, "Anna", "a", "a.example", account="Anna")
NICK = person(2, "nick", "a", "a.example", account="ANNA")
GUEST = person(3, "anna", "a", "b.example")
OTHER = person(4, "Anna", "b", "b.example", account="bob")
BOB = person(5, "bob", "b", "b.example", account="bob")
WHO = Identity("anna")


@pytest.mark.parametrize(("someone", "is_meant"), [(ANNA, 1), (NICK, 1), (GUEST, 1), (OTHER, 0), (BOB, 0)])
def test_an_account_under_any_name_and_the_name_without_one(someone, is_meant):
    assert WHO.is_person(someone) == is_meant
    assert WHO.is_author(author(someone)) == is_meant


@pytest.mark.parametrize(
    ("text", "neutral"),
    [
        ("ANNA", "forgotten"),
        ("@anna", "@forgotten"),
        ("guest anna", "guest forgotten"),
        ("account Anna", "account forgotten"),
        (author(NICK), FORGOTTEN.origin),
        (author(OTHER), author(OTHER)),
        ("annabel", "annabel"),
        ("#anna", "#anna"),
        ("", ""),
    ],
)
def test_texts_that_name_somebody(text, neutral):
    assert WHO.replaced(text) == neutral


SAME = object()


@pytest.mark.parametrize(
    ("event", "stays"),
    [
        (Said("#a", ANNA, "x"), None),
        (Said("#a", BOB, "anna"), SAME),
        (Said("#a", OTHER, "x"), SAME),
        (SaidInPrivate(BOB, NICK, "x"), None),
        (SaidInPrivate(NICK, BOB, "Anna"), SaidInPrivate(FORGOTTEN, BOB, "Anna")),
        (Connected(GUEST, 1), None),
        (LoggedIn(with_account(NICK, ""), NICK), LoggedIn(with_account(NICK, ""), FORGOTTEN)),
        (Kicked("#a", BOB, ANNA, "why"), Kicked("#a", BOB, FORGOTTEN, "")),
        (Kicked("#a", ANNA, BOB, "why"), None),
        (TopicChanged("#a", ANNA, "x", 1), None),
        (TopicChanged("#a", BOB, "Anna", 1), SAME),
        (FlagChanged("#a", ANNA, "moderated", True), FlagChanged("#a", FORGOTTEN, "moderated", True)),
        (Erased("#a", ANNA, (1,), "why"), Erased("#a", FORGOTTEN, (1,))),
        (ReadUpTo("bob", "anna", 1), None),
        (AccountRemoved("Anna", 1), None),
        (Reacted("#a", BOB, 7, "anna", "anna"), Reacted("#a", BOB, 7, "forgotten", "anna")),
        (Reacted("#a", BOB, 8, "nick", "!"), Reacted("#a", BOB, 8, "forgotten", "!")),
        (Reacted("#a", BOB, 9, "nick", "!"), SAME),
        (ReactedTo(NICK, BOB, 1, "nick", "!"), ReactedTo(FORGOTTEN, BOB, 1, "forgotten", "!")),
        (ReactedTo(NICK, BOB, 1, "bob", "!"), ReactedTo(FORGOTTEN, BOB, 1, "bob", "!")),
        (Pinned("#a", BOB, 8, "nick", 1, 1), Pinned("#a", BOB, 8, "forgotten", 1, 1)),
        (Killed(NICK, BOB, "spam"), Killed(FORGOTTEN, BOB, "spam")),
        (Killed(BOB, ANNA, "spam"), Killed(BOB, FORGOTTEN, "")),
        (OperRead(BOB, "email", "Anna", 1), OperRead(BOB, "email", "forgotten", 1)),
        (ServerBanChanged(ANNA, "*!*@x", True, 1, 0, "why"), ServerBanChanged(FORGOTTEN, "*!*@x", True, 1)),
        (OperOverride(BOB, AccountRemoved("Anna", 1)), OperOverride(BOB, AccountRemoved("forgotten", 1))),
    ],
)
def test_what_stays_of_an_event(event, stays):
    assert WHO.without(event, messages={8}) == (event if stays is SAME else stays)


@pytest.mark.parametrize(
    ("word", "event"),
    [
        ("addresses", OperRead(BOB, "addresses", "", 1)),
        ("secret", FlagChanged("#a", BOB, "secret", True)),
        ("secret", OperOverride(BOB, FlagChanged("#a", BOB, "secret", True))),
        ("limit", SettingChanged("#a", BOB, "limit", "5")),
        ("operator", RoleChanged("#a", OTHER, BOB, True, "operator")),
        ("ban", MaskChanged("#a", BOB, "ban", "*!*@x", True, 1)),
        ("read", TokenMade("ci", "d", ("*",), ("post", "read"), 1)),
    ],
)
def test_a_person_who_is_called_like_a_word_of_the_server(word, event):
    assert Identity(word).without(event) == event


def test_the_numbers_of_a_session_tell_whose_presence_it_is():
    came = Connected(with_account(NICK, ""), 1)
    assert WHO.without(came) is came
    assert WHO.without(came, sessions={NICK.id}) is None
    invited = Invited("#a", with_account(NICK, ""), BOB, admits=True)
    assert WHO.without(invited, sessions={NICK.id}) == Invited("#a", FORGOTTEN, BOB, admits=True)
