"""What of the state is forgotten with a person."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Record
from asyncchat.core.features.accounts import (
    AccountMade,
    AccountRemoved,
    LogInVerified,
    RegisterAccountVerified,
)
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.features.connect import Connect, NameNotAllowed, Rename
from asyncchat.core.features.files import Files, KeepFile
from asyncchat.core.features.forget import CONSOLE, EraseForgotten, Forget, Forgotten, RedactForgotten
from asyncchat.core.features.invite_codes import InviteCodes, InviteCodeUsed, MakeInviteCode
from asyncchat.core.features.join import Join
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.pins import PinResolved, Pins
from asyncchat.core.features.post_keys import PostedOnce
from asyncchat.core.features.preferences import Preferences, SetPreference
from asyncchat.core.features.presence import Left
from asyncchat.core.features.read_markers import ReadMarkers, SetReadMarker
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.room_registration import RegisterRoom
from asyncchat.core.features.server_bans import BanFromServer, Killed, ServerBans
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.features.whowas import Whowas
from asyncchat.core.forgotten import FORGOTTEN
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import NotServerOperator
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOW, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house; Anna and Bob are logged in to their accounts."""
    chat = house()
    for person, name in ((ANNA, "Anna"), (BOB, "bob")):
        do(chat, SERVER, RegisterAccountVerified(name, "v"))
        do(chat, person, LogInVerified(name, True))
    return chat


def forget(chat, name="anna"):
    return do(chat, SERVER, Forget(name, 3))


def test_only_the_administrator_has_somebody_forgotten(chat):
    assert do(chat, OLGA, Forget("anna")) == (NotServerOperator(),)
    assert do(chat, 77, Forget("anna")) == (NotServerOperator(),)


def test_whoever_is_connected_is_disconnected_and_the_account_removed(chat):
    do(chat, 9, Connect("nick", "u", "h", account="Anna", rooms=("#tea",)))
    events = forget(chat)
    assert [event.person.id for event in events if isinstance(event, Killed)] == [ANNA, 9]
    assert [event.person.id for event in events if isinstance(event, Left)] == [ANNA, 9]
    assert events[-1] == Forgotten("anna", 3, NOW)
    assert sorted(person.name for person in chat.people.values()) == ["bob", "carol", "olga"]
    assert "anna" not in chat.accounts
    assert Whowas.of(chat).named("anna") == Whowas.of(chat).named("nick") == []


def test_an_account_that_is_always_on_goes(chat):
    do(chat, ANNA, SetAlwaysOn(True))
    forget(chat)
    assert chat.person_named("anna") is None


def test_a_guest_goes_and_others_stay(chat):
    forget(chat, "Carol")
    assert sorted(person.name for person in chat.people.values()) == ["Anna", "bob", "olga"]
    assert set(chat.accounts) == {"anna", "bob"}


def test_topics_go_and_rooms_are_nobody_s(chat):
    do(chat, ANNA, SetTopic("#tea", "green"))
    do(chat, ANNA, RegisterRoom("#tea"))
    assert TopicChanged("#Tea", CONSOLE, "", NOW) in forget(chat)
    assert (chat.rooms["#tea"].topic, chat.rooms["#tea"].founder) == (None, "")


def test_a_topic_that_the_account_set_under_another_name(chat):
    do(chat, ANNA, Rename("nick"))
    do(chat, ANNA, SetTopic("#tea", "green"))
    do(chat, SERVER, Forget("anna", 3, (chat.people[ANNA].origin,)))
    assert chat.rooms["#tea"].topic is None


def test_the_topic_of_somebody_else_stays(chat):
    do(chat, OLGA, SetTopic("#tea", "green"))
    forget(chat)
    topic = chat.rooms["#tea"].topic
    assert topic is not None
    assert topic.text == "green"


def test_what_others_have_names_it_no_more(chat):
    do(chat, OLGA, Join("#tea"))
    for command in (Ban("#tea", "mallory"), MakeInviteCode("#tea", "d" * 64)):
        do(chat, ANNA, command)
    do(chat, SERVER, KeepFile("a" * 26, chat.people[ANNA], "text/plain", 1, "f" * 64))
    for by, about, number in ((OLGA, ANNA, 1), (ANNA, BOB, 2)):
        said = Said("#tea", chat.people[about], "hi")
        do(chat, by, PinResolved("#tea", Record(number, NOW, said)))
    do(chat, BOB, SetReadMarker("Anna", NOW))
    do(chat, BOB, SetPreference("ignore", "Anna", "on"))
    for owner in ("account Anna", "guest anna", "account bob"):
        chat.apply(PostedOnce(owner, "k", "asked", "#tea", NOW))
    chat.apply(InviteCodeUsed(1, "@anna"))
    forget(chat)
    assert "anna" not in str(chat.state()).lower()
    assert [(pin.message, pin.by) for pin in Pins.of(chat).in_room("#tea")] == [(2, FORGOTTEN.origin)]
    assert InviteCodes.of(chat).codes[1].by == FORGOTTEN.name
    assert InviteCodes.of(chat).codes[1].used == ("@forgotten",)
    assert Files.of(chat).by_id["a" * 26].by == FORGOTTEN.origin
    assert [entry.by for entry in chat.rooms["#tea"].masks["ban"].values()] == [FORGOTTEN.origin]
    assert ReadMarkers.of(chat).accounts["bob"] == {}
    assert Preferences.of(chat).accounts["bob"] == {}


def test_a_ban_stays(chat):
    do(chat, OLGA, BanFromServer("mallory"))
    forget(chat, "olga")
    (ban,) = ServerBans.of(chat).values()
    assert (ban.mask, ban.by) == ("mallory!*@*", FORGOTTEN.origin)


def test_a_snapshot_has_nothing_of_it_and_what_stays_of_the_event_changes_nothing(chat):
    facts = [AccountMade("Anna", "v", 1), AccountMade("bob", "v", 1), AccountRemoved("Anna", 2)]
    assert snapshot([*facts, Forgotten("anna", 1, NOW)]) == (AccountMade("bob", "v", 1),)
    before = chat.state()
    chat.apply(Forgotten("anna", 1, NOW).unnamed())
    assert chat.state() == before


def test_the_name_for_all_of_them_is_nobody_s(chat):
    (refused,) = do(chat, CAROL, Rename("Forgotten"))
    assert isinstance(refused, NameNotAllowed)


def test_the_others_are_told_what_is_erased(chat):
    assert do(chat, SERVER, EraseForgotten("#tea", (4, 5), 2)) == (
        Erased("#Tea", CONSOLE, (4, 5), told_of=2),
    )
    assert do(chat, SERVER, EraseForgotten("#gone", (4,), 1)) == (Erased("#gone", CONSOLE, (4,), told_of=1),)
    anna, bob, gone = chat.people[ANNA], chat.people[BOB], FORGOTTEN
    found = tuple(Record(n, NOW, SaidInPrivate(to, anna, "x")) for n, to in ((7, bob), (8, gone)))
    first, second = do(chat, SERVER, RedactForgotten(found))
    assert isinstance(first, RedactedInPrivate)
    assert (first.to, first.person.name, first.number) == (bob, "Anna", 7)
    assert first.to_store().person == FORGOTTEN
    assert isinstance(second, RedactedInPrivate)
    assert second.to.id == 0
