"""Who is told of which values, what is stored, and the results of subscribing."""

from typing import Any

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import (
    DropAccountVerified,
    LogInVerified,
    LogOut,
    RegisterAccountVerified,
)
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.connect import Connect, Detach, Quit, Rename, Welcome
from asyncchat.core.features.join import Join, Part
from asyncchat.core.features.metadata import handlers
from asyncchat.core.features.metadata.api import (
    ClearMetadata,
    GetMetadata,
    GetSubscribed,
    MetadataFault,
    MetadataLater,
    MetadataNow,
    MetadataOnline,
    MetadataRefused,
    MetadataShown,
    MetadataTold,
    SetMetadata,
    Subscribe,
    SubscriptionsView,
    SyncMetadata,
)
from asyncchat.core.features.metadata.handlers import PART_VALID
from asyncchat.core.features.metadata.state import (
    AT_ONCE,
    CHANGE_COST,
    KEY_BYTES,
    KEYS_EACH,
    LARGE,
    SUBSCRIBED_EACH,
    VALUE_BYTES,
    Metadata,
    is_key,
    subscribing,
)
from asyncchat.core.features.monitor import MonitorAdd
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetFlag, SetMask
from asyncchat.core.features.server import starting
from asyncchat.core.names import LOBBY
from asyncchat.core.rooms import BLOCK_SIZE
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, house
from tests.core.house import do as done

ALL = [f"k{number}" for number in range(SUBSCRIBED_EACH)]


def do(chat, person_id, command, now=NOW) -> Any:
    return done(chat, person_id, command, now)


def told(items):
    """Who is told what in a decision: (target, key, value) → people."""
    shown = [item for item in items if isinstance(item, MetadataShown)]
    return {(item.target, item.key, item.value): item.to for item in shown}


def put(chat, person_id, key, value="x", target="", now=NOW):
    return do(chat, person_id, SetMetadata(target, key, value), now)


def fault(items):
    assert isinstance(items[-1], MetadataRefused)
    return items[-1].fault


@pytest.fixture
def chat():
    """The house, where bob and carol subscribed to avatars."""
    chat = house()
    for person_id in (BOB, CAROL):
        do(chat, person_id, Subscribe(("avatar",)))
    return chat


@pytest.mark.parametrize("key", ["a", "url", "0", "im.xmpp", "a/b-c_d.e", "a" * KEY_BYTES])
def test_keys(key):
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "A", "a b", "$url$", "ключ", "a\n", "*", "a:b", "a" * (KEY_BYTES + 1)])
def test_invalid_keys(key):
    assert not is_key(key)


class TestSubscribing:
    def test_in_their_order_with_what_is_invalid_left_out(self):
        result = subscribing((), ("b", "$", "a", "b"))
        assert (result.granted, result.invalid, result.over) == (("b", "a"), ("$",), "")

    def test_the_first_there_is_no_place_for(self):
        result = subscribing(ALL[:-2], ("x", "y", "z", "$", ALL[0]))
        assert (result.granted, result.invalid, result.over) == (("x", "y"), (), "z")

    def test_the_specifications_third_example(self):
        """A subscribed key after the one that reached the limit is not processed."""
        assert subscribing(ALL[:-1], ("x", ALL[0], ALL[1])).over == ALL[0]

    def test_what_is_subscribed_to_is_granted_where_there_is_no_place(self):
        result = subscribing(ALL, (ALL[3], "x"))
        assert (result.granted, result.over) == ((ALL[3],), "x")


class TestWhoIsTold:
    def test_who_shares_a_room_or_watches_and_subscribed(self, chat):
        do(chat, OLGA, Part(LOBBY))
        assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (BOB, CAROL)}
        assert told(put(chat, OLGA, "avatar")) == {}
        do(chat, CAROL, MonitorAdd(("olga",)))
        assert told(put(chat, OLGA, "avatar", "y")) == {("olga", "avatar", "y"): (CAROL,)}
        assert told(put(chat, ANNA, "url")) == {}

    def test_nobody_where_nothing_changes(self, chat):
        put(chat, ANNA, "avatar")
        assert put(chat, ANNA, "avatar") == (MetadataNow("", "avatar", "x"),)

    def test_that_a_value_is_gone(self, chat):
        put(chat, ANNA, "avatar")
        assert told(put(chat, ANNA, "avatar", None)) == {("Anna", "avatar", None): (BOB, CAROL)}
        assert Metadata.of(chat).count == 0

    def test_the_members_of_a_room(self, chat):
        assert told(put(chat, ANNA, "avatar", target="#tea")) == {("#Tea", "avatar", "x"): (BOB,)}

    def test_in_an_auditorium_only_who_sees_the_person(self, chat):
        do(chat, CAROL, Join("#tea"))
        for person_id in (ANNA, BOB, CAROL):
            do(chat, person_id, Part(LOBBY))
        do(chat, ANNA, SetFlag("#tea", "auditorium", True))
        assert told(put(chat, BOB, "avatar")) == {("bob", "avatar", "x"): (BOB,)}
        assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (BOB, CAROL)}

    def test_of_who_joins(self, chat):
        put(chat, CAROL, "avatar", "c")
        put(chat, CAROL, "url", "u")
        assert told(do(chat, CAROL, Join("#tea"))) == {("carol", "avatar", "c"): (BOB,)}

    def test_of_who_comes_and_is_watched(self, chat):
        put(chat, ANNA, "avatar", "a")
        do(chat, CAROL, Part(LOBBY))
        do(chat, CAROL, MonitorAdd(("Anne",)))
        do(chat, OLGA, MonitorAdd(("Anne",)))
        items = do(chat, ANNA, Rename("Anne"))
        assert {one for one in items if isinstance(one, MetadataOnline)} == {
            MetadataOnline("Anne", (("avatar", "a"),), (CAROL,), (CAROL, OLGA)),
            MetadataOnline("Anne", (), (OLGA,), (CAROL, OLGA)),
        }

    def test_who_watches_somebody_is_told_at_once(self, chat):
        put(chat, ANNA, "avatar", "a")
        items = do(chat, CAROL, MonitorAdd(("anna", "nobody")))
        assert items[-1] == MetadataTold("Anna", (("Anna", "avatar", "a"),))

    def test_who_subscribes_is_told_of_all_it_hears_of(self, chat):
        put(chat, ANNA, "url", "a")
        put(chat, BOB, "url", "b")
        put(chat, ANNA, "url", "tea", target="#tea")
        put(chat, CAROL, "url", "c")
        do(chat, BOB, Part("#tea"))
        do(chat, BOB, Join("#tea"))
        assert do(chat, BOB, Subscribe(("url",)))[2:] == (MetadataLater("", 0),)
        (answer,) = do(chat, BOB, SyncMetadata("", every=True))
        assert answer.target == ""
        assert set(answer.told) == {
            *(("bob", "url", "b"), ("Anna", "url", "a"), ("carol", "url", "c"), ("#Tea", "url", "tea")),
        }
        do(chat, CAROL, Part(LOBBY))
        assert ("carol", "url", "c") not in do(chat, BOB, SyncMetadata("", every=True))[0].told
        do(chat, BOB, MonitorAdd(("carol",)))
        assert ("carol", "url", "c") in do(chat, BOB, SyncMetadata("", every=True))[0].told

    def test_who_joins_is_told_of_the_room_and_its_members(self, chat):
        put(chat, ANNA, "avatar", "a")
        put(chat, ANNA, "avatar", "tea", target="#tea")
        view = do(chat, CAROL, Join("#tea"))[-1]
        assert view.metadata.told == (("#Tea", "avatar", "tea"), ("Anna", "avatar", "a"))
        assert do(chat, OLGA, Join("#tea"))[-1].metadata is None  # it subscribed to nothing


class TestAccounts:
    def register(self, chat, person_id, name):
        return do(chat, person_id, RegisterAccountVerified(name, "v"))

    def test_values_outlive_a_visit_and_a_restart(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        do(chat, ANNA, Quit())
        for fact in starting(chat, "1"):
            chat.apply(fact)
        do(chat, NOBODY, Connect("Anna", "u", "h", account="anna"))
        assert Metadata.of(chat).values_of(chat.people[NOBODY]) == {"avatar": "a"}

    def test_a_guests_values_end_with_the_visit(self, chat):
        put(chat, ANNA, "avatar")
        do(chat, ANNA, Quit())
        assert not Metadata.of(chat).guests
        assert Metadata.of(chat).count == 0

    def test_logging_in_keeps_what_was_set_before_and_the_accounts_own(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        do(chat, ANNA, LogOut())
        put(chat, ANNA, "avatar", "guest")
        put(chat, ANNA, "url", "guest")
        items = do(chat, ANNA, LogInVerified("anna", verified=True))
        assert Metadata.of(chat).values_of(chat.people[ANNA]) == {"avatar": "a", "url": "guest"}
        assert told(items) == {("Anna", "avatar", "a"): (BOB, CAROL)}

    def test_all_who_are_logged_in_change_together(self, chat):
        self.register(chat, ANNA, "Anna")
        do(chat, OLGA, LogInVerified("anna", verified=True))
        assert set(told(put(chat, ANNA, "avatar", "a"))) == {
            ("Anna", "avatar", "a"),
            ("olga", "avatar", "a"),
        }

    def test_an_account_that_is_removed_takes_its_values_along(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        items = do(chat, ANNA, DropAccountVerified("", verified=True))
        assert told(items) == {("Anna", "avatar", None): (BOB, CAROL)}
        assert Metadata.of(chat).count == 0


class TestRefused:
    def test_whose_it_is_not(self, chat):
        assert fault(put(chat, BOB, "url", target="Anna")) is MetadataFault.NOT_YOURS
        assert fault(put(chat, BOB, "url", target="#tea")) is MetadataFault.NOT_YOURS
        assert fault(put(chat, BOB, "url", target="zoe")) is MetadataFault.NO_TARGET
        assert fault(do(chat, BOB, ClearMetadata("#tea"))) is MetadataFault.NOT_YOURS

    def test_an_operator_of_the_server_may_and_that_is_noted(self, chat):
        items = put(chat, OLGA, "url", target="#tea")
        assert any(isinstance(item, OperOverride) for item in items)

    def test_a_secret_room_is_not_there_for_others(self, chat):
        do(chat, ANNA, SetFlag("#tea", "secret", True))
        assert fault(do(chat, CAROL, GetMetadata("#tea"))) is MetadataFault.NO_TARGET
        assert fault(do(chat, CAROL, SyncMetadata("#tea"))) is MetadataFault.NO_TARGET

    def test_an_invite_only_rooms_values_are_for_its_members(self, chat):
        put(chat, ANNA, "avatar", "tea", target="#tea")
        do(chat, ANNA, SetFlag("#tea", "invite-only", True))
        for asked in (GetMetadata("#tea"), GetMetadata("#tea", ("avatar",)), SyncMetadata("#tea")):
            assert fault(do(chat, CAROL, asked)) is MetadataFault.HIDDEN
            assert not isinstance(do(chat, BOB, asked)[-1], MetadataRefused)
            assert not isinstance(do(chat, OLGA, asked)[-1], MetadataRefused)

    def test_what_can_be_no_value_or_key(self, chat):
        assert fault(put(chat, ANNA, "Url")) is MetadataFault.KEY
        assert fault(put(chat, ANNA, "url", "ы" * (VALUE_BYTES // 2 + 1))) is MetadataFault.TOO_LONG
        assert put(chat, ANNA, "url", None) == (MetadataNow("", "url", None),)  # as it was asked for

    def test_too_many_keys(self, chat):
        for number in range(KEYS_EACH):
            put(chat, ANNA, f"k{number}")
        assert fault(put(chat, ANNA, "url")) is MetadataFault.FULL
        assert put(chat, ANNA, "k0", "other")[-1] == MetadataNow("", "k0", "other")

    def test_too_many_values_in_all(self, chat, monkeypatch):
        monkeypatch.setattr("asyncchat.core.features.metadata.state.VALUES_IN_ALL", 2)
        put(chat, ANNA, "a")
        put(chat, ANNA, "a", target="#tea")
        assert fault(put(chat, BOB, "a")) is MetadataFault.FULL
        do(chat, ANNA, Part("#tea"))
        put(chat, ANNA, "a", None)
        assert put(chat, BOB, "a")[-1] == MetadataNow("", "a", "x")

    def test_too_fast(self, chat):
        for number in range(AT_ONCE):
            put(chat, ANNA, "url", str(number))
        refused = put(chat, ANNA, "url", "more")[-1]
        assert (refused.fault, refused.seconds) == (MetadataFault.TOO_FAST, CHANGE_COST // 1_000_000)
        later = NOW + refused.seconds * 1_000_000
        assert fault(put(chat, ANNA, "url", "more", now=later - 1)) is MetadataFault.TOO_FAST
        assert put(chat, ANNA, "url", "more", now=later)[-1] == MetadataNow("", "url", "more")
        assert put(chat, BOB, "url")[-1] == MetadataNow("", "url", "x")


class TestRooms:
    def test_values_move_with_the_name_and_end_with_the_room(self, chat):
        put(chat, ANNA, "url", "x", target="#tea")
        do(chat, ANNA, RenameRoomResolved("#tea", "#coffee"))
        assert chat.rooms["#coffee"].metadata == {"url": "x"}
        for person_id in (ANNA, BOB):
            do(chat, person_id, Part("#coffee"))
        assert "#coffee" in chat.rooms  # something is set for it
        do(chat, OLGA, ClearMetadata("#coffee"))
        assert "#coffee" not in chat.rooms
        assert Metadata.of(chat).count == 0

    def test_who_is_told_of_another_name_may_ask_for_what_is_there(self, chat):
        put(chat, ANNA, "url", "x", target="#tea")
        moved = do(chat, ANNA, RenameRoomResolved("#tea", "#coffee"))[-1]
        assert moved.view.metadata == MetadataLater("#coffee", 1)

    def test_a_large_room_is_told_later(self, chat):
        for person_id in range(10, 10 + LARGE):
            do(chat, person_id, Connect(f"n{person_id}", "u", "h", rooms=("#tea",)))
        assert do(chat, CAROL, Join("#tea"))[-1].metadata == MetadataTold("#Tea", ())
        do(chat, CAROL, Part("#tea"))
        put(chat, ANNA, "avatar", "a")
        later = do(chat, CAROL, Join("#tea"))[-1].metadata
        assert isinstance(later, MetadataLater)
        assert later.seconds > 0
        then = NOW + later.seconds * 1_000_000
        synced = do(chat, CAROL, SyncMetadata("#tea"), then)
        assert synced[-1] == MetadataTold("#Tea", (("Anna", "avatar", "a"),), asked=True)
        (_, later) = do(chat, CAROL, SyncMetadata("", every=True))
        assert later == MetadataLater("#Tea", 2 + CAROL % 10)

    def test_a_long_answer_comes_in_parts_that_are_asked_for(self, chat, monkeypatch):
        monkeypatch.setattr(handlers, "SYNC_VALUES", 64)
        for person_id in range(10, 310):
            do(chat, person_id, Connect(f"n{person_id}", "u", "h", rooms=("#tea",)))
            put(chat, person_id, "avatar", f"a{person_id}")
        put(chat, ANNA, "avatar", "tea", target="#tea")
        do(chat, CAROL, Join("#tea"))
        do(chat, CAROL, Subscribe(("avatar",)))
        told, parts = [], 0
        while True:
            items = do(chat, CAROL, SyncMetadata("#tea"))[1:]
            told += items[0].told
            parts += 1
            assert len(items[0].told) < 64 + BLOCK_SIZE
            if len(items) == 1:
                break
            assert items[1] == MetadataLater("#Tea", 1)
            do(chat, 10 + parts, Part("#tea"))  # somebody leaves between two parts
        assert parts == 5
        assert told[0] == ("#Tea", "avatar", "tea")
        assert len(told) == len(set(told)) == 301
        assert Metadata.of(chat).synced[CAROL] == (NOW, "#tea", 0)

    def test_a_part_that_nobody_asked_for_is_forgotten(self, chat, monkeypatch):
        monkeypatch.setattr(handlers, "SYNC_VALUES", 10)
        for person_id in range(10, 10 + LARGE):
            do(chat, person_id, Connect(f"n{person_id}", "u", "h", rooms=("#tea",)))
            put(chat, person_id, "avatar", f"a{person_id}")
        do(chat, CAROL, Join("#tea"))
        do(chat, CAROL, Subscribe(("avatar",)))
        first = do(chat, CAROL, SyncMetadata("#tea"))
        second = do(chat, CAROL, SyncMetadata("#tea"), NOW + PART_VALID)
        assert second[1].told != first[1].told
        anew = do(chat, CAROL, SyncMetadata("#tea"), NOW + 2 * PART_VALID + 1)
        assert anew[1].told == first[1].told

    def test_an_answer_about_everything_holds_no_more_than_another(self, chat, monkeypatch):
        monkeypatch.setattr(handlers, "SYNC_VALUES", 10)
        for number in range(4):
            do(chat, CAROL, Join(f"#r{number}"))
            for person_id in range(100 * number + 10, 100 * number + 20):
                do(chat, person_id, Connect(f"n{person_id}", "u", "h", rooms=(f"#r{number}",)))
                put(chat, person_id, "url", "x")
        do(chat, CAROL, Subscribe(("url",)))
        replies = do(chat, CAROL, SyncMetadata("", every=True))
        told = [len(reply.told) for reply in replies if isinstance(reply, MetadataTold)]
        later = [reply.target for reply in replies if isinstance(reply, MetadataLater)]
        assert told == [10]
        assert later == ["#r1", "#r2", "#r3"]

    def test_who_is_outside_is_told_of_the_room_alone(self, chat):
        put(chat, ANNA, "avatar", "a")
        put(chat, ANNA, "avatar", "tea", target="#tea")
        assert do(chat, CAROL, SyncMetadata("#tea")) == (
            MetadataTold("#Tea", (("#Tea", "avatar", "tea"),), asked=True),
        )


class TestEntering:
    def test_with_values_and_subscriptions(self, chat):
        do(chat, CAROL, MonitorAdd(("zoe",)))
        pending = (("avatar", "z"), ("Bad", "x"), ("gone", None))
        items = do(chat, NOBODY, Connect("zoe", "u", "h", metadata=pending, keys=("url", "$")))
        assert MetadataOnline("zoe", (), (CAROL,), (CAROL,)) in items
        assert told(items) == {("zoe", "avatar", "z"): (CAROL,)}
        assert Metadata.of(chat).values_of(chat.people[NOBODY]) == {"avatar": "z"}
        assert list(Metadata.of(chat).subscriptions[NOBODY]) == ["url"]
        welcome = next(item for item in items if isinstance(item, Welcome))
        assert welcome.metadata == (("avatar", "z"),)

    def test_an_account_has_no_more_keys_than_it_may(self, chat):
        do(chat, ANNA, RegisterAccountVerified("Anna", "v"))
        for number in range(KEYS_EACH - 1):
            put(chat, ANNA, f"k{number}")
        do(chat, ANNA, Quit())
        pending = (("x", "1"), ("y", "1"), ("k0", None))
        do(chat, NOBODY, Connect("Anna", "u", "h", account="Anna", metadata=pending))
        values = Metadata.of(chat).values_of(chat.people[NOBODY])
        assert "x" in values
        assert not {"y", "k0"} & set(values)


def test_a_person_who_left_is_told_nothing():
    chat = Chat()
    do(chat, 1, Connect("a", "u", "h", keys=("url",)))
    do(chat, 1, Quit())
    assert not Metadata.of(chat).subscribers
    assert not Metadata.of(chat).subscriptions


def test_each_device_subscribes_for_itself():
    chat = house()
    do(chat, ANNA, RegisterAccountVerified("Anna", "v"))
    enter = Connect("Anna", "u", "h", account="Anna", keys=("url",))
    do(chat, 7, enter)
    do(chat, ANNA, Subscribe(("avatar", "url"), 7))
    do(chat, ANNA, Subscribe(("avatar",), ANNA))
    assert Metadata.of(chat).subscribers == {"url": {ANNA: 1}, "avatar": {ANNA: 2}}
    do(chat, ANNA, Subscribe(("avatar",), 7, on=False))
    assert do(chat, ANNA, GetSubscribed(7)) == (SubscriptionsView(("url",)),)
    assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (ANNA,)}
    do(chat, ANNA, Detach(7, ""))
    assert Metadata.of(chat).subscribers == {"avatar": {ANNA: 1}}
    do(chat, ANNA, Quit())
    assert not Metadata.of(chat).subscribers


def test_nobody_subscribes_for_another():
    chat = house()
    do(chat, ANNA, Subscribe(("url",), BOB))
    assert Metadata.of(chat).subscriptions == {ANNA: {"url": None}}


def test_who_is_muted_says_nothing_by_values():
    chat = house()
    done(chat, BOB, SetMetadata("", "status", "hello"))
    done(chat, ANNA, SetMask("#tea", "mute", "bob"))
    refused = (MetadataRefused(MetadataFault.SILENCED, "", "status"),)
    assert done(chat, BOB, SetMetadata("", "status", "buy at example.org")) == refused
    assert done(chat, BOB, SetMetadata("", "status", None)) != refused
    done(chat, ANNA, SetMask("#tea", "mute", "bob", on=False))
    assert done(chat, BOB, SetMetadata("", "status", "again"))[-1] == MetadataNow("", "status", "again")
