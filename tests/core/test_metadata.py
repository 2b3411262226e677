"""Who is told of whose values, what is kept, and what a wish to subscribe comes to."""

from typing import Any

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.chat import Chat, starting
from asyncchat.core.metadata import (
    AT_ONCE,
    CHANGE_COST,
    KEY_BYTES,
    KEYS_EACH,
    LARGE,
    REST,
    SUBSCRIBED_EACH,
    VALUE_BYTES,
    is_key,
    subscribing,
)
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import MetadataFault
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, house
from tests.core.house import do as done

ALL = [f"k{number}" for number in range(SUBSCRIBED_EACH)]


def do(chat, who, command, now=NOW) -> Any:
    return done(chat, who, command, now)


def told(items):
    """Who hears of what in a decision: (target, key, value) → people."""
    shown = [item for item in items if isinstance(item, events.MetadataShown)]
    return {(item.target, item.key, item.value): item.to for item in shown}


def put(chat, who, key, value="x", target="", now=NOW):
    return do(chat, who, commands.SetMetadata(target, key, value), now)


def fault(items):
    assert isinstance(items[-1], replies.MetadataRefused)
    return items[-1].fault


@pytest.fixture
def chat():
    """The house, where bob and carol subscribed to avatars."""
    chat = house()
    for who in (BOB, CAROL):
        do(chat, who, commands.Subscribe(("avatar",)))
    return chat


@pytest.mark.parametrize("key", ["a", "url", "0", "im.xmpp", "a/b-c_d.e", "a" * KEY_BYTES])
def test_keys(key):
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "A", "a b", "$url$", "ключ", "a\n", "*", "a:b", "a" * (KEY_BYTES + 1)])
def test_what_is_no_key(key):
    assert not is_key(key)


class TestSubscribing:
    def test_in_their_order_with_what_is_invalid_left_out(self):
        result = subscribing((), ("b", "$", "a", "b"))
        assert (result.granted, result.invalid, result.over) == (("b", "a"), ("$",), "")

    def test_the_first_there_is_no_place_for(self):
        result = subscribing(ALL[:-2], ("x", "y", "z", "$", ALL[0]))
        assert (result.granted, result.invalid, result.over) == (("x", "y"), (), "z")

    def test_the_specifications_third_example(self):
        """A key that is subscribed to, behind the one that took the last place, is not looked at."""
        assert subscribing(ALL[:-1], ("x", ALL[0], ALL[1])).over == ALL[0]

    def test_what_is_subscribed_to_is_granted_where_there_is_no_place(self):
        result = subscribing(ALL, (ALL[3], "x"))
        assert (result.granted, result.over) == ((ALL[3],), "x")


class TestWhoIsTold:
    def test_who_shares_a_room_or_watches_and_subscribed(self, chat):
        do(chat, OLGA, commands.Part(LOBBY))
        assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (BOB, CAROL)}
        assert told(put(chat, OLGA, "avatar")) == {}
        do(chat, CAROL, commands.Watch(("olga",)))
        assert told(put(chat, OLGA, "avatar", "y")) == {("olga", "avatar", "y"): (CAROL,)}
        assert told(put(chat, ANNA, "url")) == {}

    def test_nobody_where_nothing_changes(self, chat):
        put(chat, ANNA, "avatar")
        assert put(chat, ANNA, "avatar") == (replies.MetadataNow("", "avatar", "x"),)

    def test_that_a_value_is_gone(self, chat):
        put(chat, ANNA, "avatar")
        assert told(put(chat, ANNA, "avatar", None)) == {("Anna", "avatar", None): (BOB, CAROL)}
        assert chat.metadata.count == 0

    def test_the_members_of_a_room(self, chat):
        assert told(put(chat, ANNA, "avatar", target="#tea")) == {("#Tea", "avatar", "x"): (BOB,)}

    def test_in_an_auditorium_only_who_sees_the_person(self, chat):
        do(chat, CAROL, commands.Join("#tea"))
        for who in (ANNA, BOB, CAROL):
            do(chat, who, commands.Part(LOBBY))
        do(chat, ANNA, commands.SetFlag("#tea", "auditorium", True))
        assert told(put(chat, BOB, "avatar")) == {("bob", "avatar", "x"): (BOB,)}
        assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (BOB, CAROL)}

    def test_of_who_joins(self, chat):
        put(chat, CAROL, "avatar", "c")
        put(chat, CAROL, "url", "u")
        assert told(do(chat, CAROL, commands.Join("#tea"))) == {("carol", "avatar", "c"): (BOB,)}

    def test_of_who_comes_and_is_watched(self, chat):
        put(chat, ANNA, "avatar", "a")
        do(chat, CAROL, commands.Part(LOBBY))
        do(chat, CAROL, commands.Watch(("Anne",)))
        items = do(chat, ANNA, commands.Rename("Anne"))
        assert told(items) == {("Anne", "avatar", "a"): (CAROL,)}

    def test_who_watches_somebody_is_told_at_once(self, chat):
        put(chat, ANNA, "avatar", "a")
        items = do(chat, CAROL, commands.Watch(("anna", "nobody")))
        assert items[-1] == replies.MetadataTold("", (("Anna", "avatar", "a"),))

    def test_who_subscribes_is_told_of_all_it_hears_of(self, chat):
        put(chat, ANNA, "url", "a")
        put(chat, BOB, "url", "b")
        put(chat, ANNA, "url", "tea", target="#tea")
        items = do(chat, BOB, commands.Subscribe(("url",)))
        assert items[2:] == (
            replies.MetadataTold("bob", (("bob", "url", "b"),)),
            replies.MetadataTold(LOBBY, (("Anna", "url", "a"),)),
            replies.MetadataTold("#Tea", (("#Tea", "url", "tea"),)),
        )

    def test_who_joins_is_told_of_the_room_and_its_members(self, chat):
        put(chat, ANNA, "avatar", "a")
        put(chat, ANNA, "avatar", "tea", target="#tea")
        view = do(chat, CAROL, commands.Join("#tea"))[-1]
        assert view.metadata.told == (("#Tea", "avatar", "tea"), ("Anna", "avatar", "a"))
        assert do(chat, OLGA, commands.Join("#tea"))[-1].metadata is None  # it subscribed to nothing


class TestAccounts:
    def register(self, chat, who, name):
        return do(chat, who, commands.MakeAccount(name, "v"))

    def test_values_outlive_a_visit_and_a_restart(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        do(chat, ANNA, commands.Quit())
        for fact in starting(chat, "1"):
            chat.apply(fact)
        do(chat, NOBODY, commands.Enter("Anna", "u", "h", account="anna"))
        assert chat.metadata.of(chat.people[NOBODY]) == {"avatar": "a"}

    def test_a_guests_values_end_with_the_visit(self, chat):
        put(chat, ANNA, "avatar")
        do(chat, ANNA, commands.Quit())
        assert not chat.metadata.guests
        assert chat.metadata.count == 0

    def test_logging_in_keeps_what_was_set_before_and_the_accounts_own(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        do(chat, ANNA, commands.LogOut())
        put(chat, ANNA, "avatar", "guest")
        put(chat, ANNA, "url", "guest")
        items = do(chat, ANNA, commands.LogIn("anna", verified=True))
        assert chat.metadata.of(chat.people[ANNA]) == {"avatar": "a", "url": "guest"}
        assert told(items) == {("Anna", "avatar", "a"): (BOB, CAROL)}

    def test_all_who_are_logged_in_change_together(self, chat):
        self.register(chat, ANNA, "Anna")
        do(chat, OLGA, commands.LogIn("anna", verified=True))
        assert set(told(put(chat, ANNA, "avatar", "a"))) == {
            ("Anna", "avatar", "a"),
            ("olga", "avatar", "a"),
        }

    def test_an_account_that_is_removed_takes_its_values_along(self, chat):
        self.register(chat, ANNA, "Anna")
        put(chat, ANNA, "avatar", "a")
        items = do(chat, ANNA, commands.RemoveAccount("", verified=True))
        assert told(items) == {("Anna", "avatar", None): (BOB, CAROL)}
        assert chat.metadata.count == 0


class TestRefused:
    def test_whose_it_is_not(self, chat):
        assert fault(put(chat, BOB, "url", target="Anna")) is MetadataFault.NOT_YOURS
        assert fault(put(chat, BOB, "url", target="#tea")) is MetadataFault.NOT_YOURS
        assert fault(put(chat, BOB, "url", target="zoe")) is MetadataFault.NO_TARGET
        assert fault(do(chat, BOB, commands.ClearMetadata("#tea"))) is MetadataFault.NOT_YOURS

    def test_an_operator_of_the_server_may_and_that_is_noted(self, chat):
        items = put(chat, OLGA, "url", target="#tea")
        assert any(isinstance(item, events.Overruled) for item in items)

    def test_a_secret_room_is_not_there_for_others(self, chat):
        do(chat, ANNA, commands.SetFlag("#tea", "secret", True))
        assert fault(do(chat, CAROL, commands.AskMetadata("#tea"))) is MetadataFault.NO_TARGET
        assert fault(do(chat, CAROL, commands.SyncMetadata("#tea"))) is MetadataFault.NO_TARGET

    def test_what_can_be_no_value_or_key(self, chat):
        assert fault(put(chat, ANNA, "Url")) is MetadataFault.KEY
        assert fault(put(chat, ANNA, "url", "ы" * (VALUE_BYTES // 2 + 1))) is MetadataFault.TOO_LONG
        assert fault(put(chat, ANNA, "url", None)) is MetadataFault.NOT_SET

    def test_too_many_keys(self, chat):
        for number in range(KEYS_EACH):
            put(chat, ANNA, f"k{number}")
        assert fault(put(chat, ANNA, "url")) is MetadataFault.FULL
        assert put(chat, ANNA, "k0", "other")[-1] == replies.MetadataNow("", "k0", "other")

    def test_too_many_values_in_all(self, chat, monkeypatch):
        monkeypatch.setattr("asyncchat.core.rules.metadata.VALUES_IN_ALL", 2)
        put(chat, ANNA, "a")
        put(chat, ANNA, "a", target="#tea")
        assert fault(put(chat, BOB, "a")) is MetadataFault.FULL
        do(chat, ANNA, commands.Part("#tea"))
        put(chat, ANNA, "a", None)
        assert put(chat, BOB, "a")[-1] == replies.MetadataNow("", "a", "x")

    def test_too_fast(self, chat):
        for number in range(AT_ONCE):
            put(chat, ANNA, "url", str(number))
        refused = put(chat, ANNA, "url", "more")[-1]
        assert (refused.fault, refused.seconds) == (MetadataFault.TOO_FAST, CHANGE_COST // 1_000_000)
        later = NOW + refused.seconds * 1_000_000
        assert fault(put(chat, ANNA, "url", "more", now=later - 1)) is MetadataFault.TOO_FAST
        assert put(chat, ANNA, "url", "more", now=later)[-1] == replies.MetadataNow("", "url", "more")
        assert put(chat, BOB, "url")[-1] == replies.MetadataNow("", "url", "x")


class TestRooms:
    def test_values_move_with_the_name_and_end_with_the_room(self, chat):
        put(chat, ANNA, "url", "x", target="#tea")
        do(chat, ANNA, commands.RenameRoom("#tea", "#coffee"))
        assert chat.rooms["#coffee"].metadata == {"url": "x"}
        for who in (ANNA, BOB):
            do(chat, who, commands.Part("#coffee"))
        assert "#coffee" in chat.rooms  # something is set for it
        do(chat, OLGA, commands.ClearMetadata("#coffee"))
        assert "#coffee" not in chat.rooms
        assert chat.metadata.count == 0

    def test_who_is_told_of_another_name_may_ask_for_what_is_there(self, chat):
        put(chat, ANNA, "url", "x", target="#tea")
        moved = do(chat, ANNA, commands.RenameRoom("#tea", "#coffee"))[-1]
        assert moved.view.metadata == replies.MetadataLater("#coffee", 1)

    def test_a_large_room_is_told_later(self, chat):
        for who in range(10, 10 + LARGE):
            do(chat, who, commands.Enter(f"n{who}", "u", "h", rooms=("#tea",)))
        assert do(chat, CAROL, commands.Join("#tea"))[-1].metadata is None
        do(chat, CAROL, commands.Part("#tea"))
        put(chat, ANNA, "avatar", "a")
        later = do(chat, CAROL, commands.Join("#tea"))[-1].metadata
        assert isinstance(later, replies.MetadataLater)
        assert later.seconds > 0
        then = NOW + later.seconds * 1_000_000
        synced = do(chat, CAROL, commands.SyncMetadata("#tea"), then)
        assert synced[-1] == replies.MetadataTold("#Tea", (("Anna", "avatar", "a"),), asked=True)
        again = do(chat, CAROL, commands.SyncMetadata("#tea"), then)
        assert again == (replies.MetadataLater("#Tea", REST // 1_000_000),)
        after = do(chat, CAROL, commands.SyncMetadata("#tea"), then + REST)
        assert after[-1] == synced[-1]
        subscribed = do(chat, CAROL, commands.Subscribe(("url",)))
        assert isinstance(subscribed[-1], replies.MetadataLater)

    def test_who_is_outside_is_told_of_the_room_alone(self, chat):
        put(chat, ANNA, "avatar", "a")
        put(chat, ANNA, "avatar", "tea", target="#tea")
        assert do(chat, CAROL, commands.SyncMetadata("#tea")) == (
            replies.MetadataTold("#Tea", (("#Tea", "avatar", "tea"),), asked=True),
        )


class TestEntering:
    def test_with_values_and_subscriptions(self, chat):
        do(chat, CAROL, commands.Watch(("zoe",)))
        pending = (("avatar", "z"), ("Bad", "x"), ("gone", None))
        items = do(chat, NOBODY, commands.Enter("zoe", "u", "h", metadata=pending, keys=("url", "$")))
        assert told(items) == {("zoe", "avatar", "z"): (CAROL,)}
        assert chat.metadata.of(chat.people[NOBODY]) == {"avatar": "z"}
        assert list(chat.metadata.subscriptions[NOBODY]) == ["url"]
        welcome = next(item for item in items if isinstance(item, replies.Welcome))
        assert welcome.metadata == (("avatar", "z"),)

    def test_an_account_has_no_more_keys_than_it_may(self, chat):
        do(chat, ANNA, commands.MakeAccount("Anna", "v"))
        for number in range(KEYS_EACH - 1):
            put(chat, ANNA, f"k{number}")
        do(chat, ANNA, commands.Quit())
        pending = (("x", "1"), ("y", "1"), ("k0", None))
        do(chat, NOBODY, commands.Enter("Anna", "u", "h", account="Anna", metadata=pending))
        values = chat.metadata.of(chat.people[NOBODY])
        assert "x" in values
        assert not {"y", "k0"} & set(values)

    def test_what_is_prepared_is_checked_and_changes_nothing(self, chat):
        before = chat.state()
        (ready,) = do(chat, NOBODY, commands.PrepareMetadata("", (("a", "1"),), "b", "2"))
        assert ready.pending == (("a", "1"), ("b", "2"))
        (gone,) = do(chat, NOBODY, commands.PrepareMetadata("", ready.pending, "a", None))
        assert gone.pending == (("b", "2"),)
        assert fault(do(chat, NOBODY, commands.PrepareMetadata("", gone.pending, "a", None))) is (
            MetadataFault.NOT_SET
        )
        (none,) = do(chat, NOBODY, commands.PrepareMetadata("", gone.pending))
        assert none == replies.MetadataPrepared((), replies.MetadataView("", (("b", "2"),)))
        assert chat.state() == before

    def test_what_the_account_has_is_known_before(self, chat):
        do(chat, ANNA, commands.MakeAccount("Anna", "v"))
        put(chat, ANNA, "url", "u")
        asked = commands.AskMetadata("", None, "anna", (("avatar", "a"), ("url", None)))
        assert do(chat, NOBODY, asked) == (replies.MetadataView("", (("avatar", "a"),)),)
        (cleared,) = do(chat, NOBODY, commands.PrepareMetadata("anna", ()))
        assert cleared.pending == (("url", None),)


def test_who_leaves_is_told_of_nothing_any_more():
    chat = Chat()
    do(chat, 1, commands.Enter("a", "u", "h", keys=("url",)))
    do(chat, 1, commands.Quit())
    assert not chat.metadata.subscribers
    assert not chat.metadata.subscriptions


def test_each_device_subscribes_for_itself():
    chat = house()
    do(chat, ANNA, commands.MakeAccount("Anna", "v"))
    enter = commands.Enter("Anna", "u", "h", account="Anna", keys=("url",))
    for item in chat.decide(7, enter, NOW):
        if isinstance(item, events.Event):
            chat.apply(item)
    do(chat, ANNA, commands.Subscribe(("avatar", "url"), 7))
    do(chat, ANNA, commands.Subscribe(("avatar",), ANNA))
    assert chat.metadata.subscribers == {"url": {ANNA: 1}, "avatar": {ANNA: 2}}
    do(chat, ANNA, commands.Unsubscribe(("avatar",), 7))
    assert chat.answer(ANNA, commands.AskSubscribed(7)) == replies.SubscriptionsView(("url",))
    assert told(put(chat, ANNA, "avatar")) == {("Anna", "avatar", "x"): (ANNA,)}
    do(chat, ANNA, commands.Detach(7, ""))
    assert chat.metadata.subscribers == {"avatar": {ANNA: 1}}
    do(chat, ANNA, commands.Quit())
    assert not chat.metadata.subscribers


def test_nobody_subscribes_for_another():
    chat = house()
    do(chat, ANNA, commands.Subscribe(("url",), BOB))
    assert chat.metadata.subscriptions == {ANNA: {"url": None}}
