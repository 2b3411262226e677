"""Visitors: under which names they speak, where, and by which rules."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import AccountMade, RegisterAccountVerified
from asyncchat.core.features.bots import NewToken
from asyncchat.core.features.connect import Connect, NameNotAllowed
from asyncchat.core.features.join import Banned, Join, NotInvited, RoomFull, RoomNotAllowed, WrongKey
from asyncchat.core.features.messages import CannotSpeak, CannotSpeakReason, Said, Speech, Spoke
from asyncchat.core.features.post_keys import PostedBefore, PostedOnce
from asyncchat.core.features.room_modes import SetFlag, SetMask, SetSetting
from asyncchat.core.features.room_registration import RoomRegistered
from asyncchat.core.features.server_bans import BannedFromServer, ServerBanChanged
from asyncchat.core.features.visitors import PostAs, Visitor, person_of, refusal_of_visit
from asyncchat.core.people import NOBODY as NO_ONE
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import NeedsAccount, NoSuchRoom, NoText, TextTooLong
from tests.core.house import ANNA, BOB, NOW, do, house


@pytest.fixture
def chat() -> Chat:
    """The house, with the accounts dora, who is connected as dora2, and ella, who is not connected."""
    chat = house()
    for name in ("dora", "ella"):
        do(chat, SERVER, RegisterAccountVerified(name, "v"))
    do(chat, 9, Connect("dora2", "u", "h", account="dora"))
    return chat


def guest(name: str = "gus", address: str = "192.0.2.7") -> Visitor:
    return Visitor("cloak", address, name)


def account(name: str) -> Visitor:
    return Visitor("cloak", "192.0.2.7", account=name)


def post(chat, visitor=None, room="#tea", text="hi", now=NOW, **more):
    return do(chat, SERVER, PostAs(visitor or guest(), room, text, **more), now)


def said(items) -> Said:
    event = items[0]
    assert isinstance(event, Said), items
    return event


def test_a_guest_speaks_without_coming(chat):
    people = dict(chat.people)
    (event,) = post(chat, speech=Speech.NOTICE)
    assert (event.room, event.text, event.speech) == ("#Tea", "hi", Speech.NOTICE)
    assert event.person.origin == "gus!guest@cloak"
    assert event.person.address == "192.0.2.7"
    assert chat.people == people
    assert said(post(chat, room="#night")).room == "#night"
    assert "#night" not in chat.rooms


@pytest.mark.parametrize(("asked", "given"), [("bob", "bob_"), ("Ella", "Ella_"), ("gus", "gus")])
def test_a_guest_takes_no_name_from_anybody(chat, asked, given):
    assert said(post(chat, guest(asked))).person.name == given


@pytest.mark.parametrize("name", ["a b", "", "ChanServ", "ci", "admin"])
def test_names_that_no_guest_has(chat, name):
    do(chat, SERVER, NewToken("ci", "d", ("*",), ("post",)))
    (refused,) = post(chat, guest(name))
    assert isinstance(refused, NameNotAllowed)


def test_an_account_speaks_under_its_name(chat):
    assert said(post(chat, account("ella"))).person.name == "ella"
    assert said(post(chat, account("ella"))).person.account == "ella"
    assert said(post(chat, account("dora"))).person.name == "dora"
    do(chat, 9, Join("#tea"))
    assert said(post(chat, account("dora"))).person is chat.people[9]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (SetFlag("#tea", "secret", True), NoSuchRoom("#Tea")),
        (SetFlag("#tea", "invite-only", True), NotInvited("#Tea")),
        (SetFlag("#tea", "accounts-only", True), NeedsAccount("#Tea")),
        (SetSetting("#tea", "key", "x"), WrongKey("#Tea")),
        (SetMask("#tea", "ban", "*!*@cloak", True), Banned("#Tea")),
        (SetMask("#tea", "ban", "gus", True), Banned("#Tea")),
        (SetMask("#tea", "mute", "gus", True), CannotSpeak("#Tea", CannotSpeakReason.MUTED)),
        (SetFlag("#tea", "moderated", True), CannotSpeak("#Tea", CannotSpeakReason.MODERATED)),
        (SetFlag("#tea", "op-moderated", True), CannotSpeak("#Tea", CannotSpeakReason.MODERATED)),
        (SetFlag("#tea", "accounts-speak", True), CannotSpeak("#Tea", CannotSpeakReason.ACCOUNT)),
        (SetSetting("#tea", "limit", "2"), RoomFull("#Tea")),
    ],
)
def test_the_rules_of_a_room_hold(chat, change, refusal):
    do(chat, ANNA, change)
    assert post(chat) == (refusal,)
    room = chat.rooms["#tea"]
    may_read = refusal_of_visit(person_of(guest()), room) is None
    assert may_read is (isinstance(refusal, CannotSpeak | RoomFull))
    # A member's account, and one with a role, do as they do there.
    chat.apply(RoomRegistered("#Tea", "ella"))
    said(post(chat, account("ella")))


def test_accounts_go_where_only_accounts_go(chat):
    do(chat, ANNA, SetFlag("#tea", "accounts-only", True))
    said(post(chat, account("ella")))
    do(chat, ANNA, SetFlag("#tea", "invite-only", True))
    assert post(chat, account("ella")) == (NotInvited("#Tea"),)


def test_a_slowed_room_slows_a_network(chat):
    do(chat, ANNA, SetSetting("#tea", "slow", "60"))
    assert [type(item) for item in post(chat, key="k")] == [Said, PostedOnce, Spoke]
    (refused,) = post(chat, guest("other"), now=NOW + 30_000_000)
    assert refused == CannotSpeak("#Tea", CannotSpeakReason.SLOW, 30)
    said(post(chat, guest("other", "198.51.100.1"), now=NOW + 30_000_000))
    said(post(chat, now=NOW + 60_000_000))


def test_who_is_banned_from_the_server_says_nothing(chat):
    chat.apply(ServerBanChanged(NO_ONE, "gus!*@*", True, NOW))
    (refused,) = post(chat)
    assert isinstance(refused, BannedFromServer)


@pytest.mark.parametrize(
    ("text", "room", "kind"),
    [
        ("", "#tea", NoText),
        ("é" * 5000, "#tea", TextTooLong),
        ("\x01PING\x01", "#tea", CannotSpeak),
        ("hi", "#a b", RoomNotAllowed),
        ("hi", "#tеa", RoomNotAllowed),  # a Cyrillic letter
    ],
)
def test_what_nobody_says(chat, text, room, kind):
    (refused,) = post(chat, room=room, text=text)
    assert isinstance(refused, kind)


def test_under_a_key_it_is_said_once_whoever_has_the_name_meanwhile(chat):
    first = said(post(chat, guest("bob"), key="k", asked="f"))
    assert first.person.name == "bob_"
    do(chat, BOB, SetFlag("#tea", "moderated", True))
    assert post(chat, guest("BOB"), now=NOW + 9, key="k") == (PostedBefore("f", "#Tea", NOW),)
    said(post(chat, guest("gus"), key="k"))
    chat.apply(AccountMade("gus", "v", NOW))
    said(post(chat, account("gus"), key="k"))
