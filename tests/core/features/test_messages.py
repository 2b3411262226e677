"""Messages, and why they are refused."""

from typing import Any

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import Connect, Detach, Quit
from asyncchat.core.features.join import Join, Part, PartAll
from asyncchat.core.features.messages import (
    CannotSpeak,
    CannotSpeakReason,
    PrivateTagMessage,
    RoomTagMessage,
    Said,
    SaidInPrivate,
    SaidToRole,
    Say,
    SendTagMessage,
    Speech,
    TagMessageSent,
    TagMessageSentInPrivate,
    TagMessageSentToRole,
    Typing,
    TypingInPrivate,
)
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.room_modes import SetFlag, SetMask, SetSetting
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import AwayNote, NoSuchPerson, NoSuchRoom, NotConnectedYet, NoText, TextTooLong
from asyncchat.core.text import TEXT_BYTES
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house

LONGEST = "ы" * (TEXT_BYTES // 2)


@pytest.mark.parametrize("to", ["#tea", "#TEA"])
@pytest.mark.parametrize("text", ["hi", LONGEST, "\x00", "\ud800"])
@pytest.mark.parametrize("speech", Speech)
def test_a_member_speaks(to, text, speech):
    chat = house()
    said = Said("#Tea", chat.people[BOB], text, speech)
    assert decide(chat, BOB, Say(to, text, speech), NOW) == (said,)


@pytest.mark.parametrize(
    ("person_id", "to", "text", "refusal"),
    [
        (NOBODY, LOBBY, "x", NotConnectedYet()),
        (ANNA, LOBBY, "", NoText()),
        (ANNA, LOBBY, LONGEST + "x", TextTooLong(TEXT_BYTES)),
        (ANNA, LOBBY, "\ud800" * 3000, TextTooLong(TEXT_BYTES)),
        (ANNA, "#x", "x", NoSuchRoom("#x")),
        (ANNA, "", "x", NoSuchPerson("")),
        (ANNA, "zoe", "x", NoSuchPerson("zoe")),
        (CAROL, "#tea", "x", CannotSpeak("#Tea", CannotSpeakReason.OUTSIDE)),
    ],
)
def test_refusals(person_id, to, text, refusal):
    assert decide(house(), person_id, Say(to, text), NOW) == (refusal,)


@pytest.mark.parametrize("speech", [Speech.NOTICE, Speech.CTCP_REPLY])
def test_a_notice_is_never_answered(speech):
    chat = house()
    do(chat, BOB, SetAway("lunch"))
    assert decide(chat, CAROL, Say("#tea", "x", speech), NOW) == ()
    assert decide(chat, CAROL, Say("zoe", "x", speech), NOW) == ()
    assert len(decide(chat, CAROL, Say("bob", "x", speech), NOW)) == 1


@pytest.mark.parametrize("speech", [Speech.CTCP_QUERY, Speech.CTCP_REPLY])
def test_ctcp_needs_no_text(speech):
    assert len(decide(house(), ANNA, Say(LOBBY, "", speech), NOW)) == 1


def test_who_may_not_speak():
    chat = house()
    do(chat, ANNA, SetFlag("#tea", "no-outsiders", on=False))
    assert isinstance(do(chat, CAROL, Say("#tea", "hi"))[0], Said)
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert do(chat, BOB, Say("#tea", "x")) == (CannotSpeak("#Tea", CannotSpeakReason.MUTED),)
    do(chat, ANNA, Ban("#tea", "*!*@host[23]"))
    do(chat, ANNA, Ban("#tea", "*!*@host3"))
    assert do(chat, CAROL, Say("#tea", "x")) == (CannotSpeak("#Tea", CannotSpeakReason.BANNED),)
    do(chat, ANNA, Ban("#tea", "*"))
    do(chat, ANNA, SetMask("#tea", "mute", "*"))
    for person_id in (ANNA, OLGA):
        assert isinstance(do(chat, person_id, Say("#tea", "I may"))[0], Said)


def test_private_messages():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, Say("BOB", "psst")) == (SaidInPrivate(bob, anna, "psst"),)
    do(chat, BOB, SetAway("lunch"))
    assert do(chat, ANNA, Say("bob", "psst")) == (
        SaidInPrivate(bob, anna, "psst"),
        AwayNote(bob, "lunch"),
    )


def test_tag_messages():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    tags = (("typing", "active"),)
    assert do(chat, ANNA, SendTagMessage("#tea", tags)) == (TagMessageSent("#Tea", anna, tags),)
    assert do(chat, ANNA, SendTagMessage("bob", tags)) == (TagMessageSentInPrivate(bob, anna, tags),)
    assert do(chat, CAROL, SendTagMessage("#tea", tags)) == (CannotSpeak("#Tea", CannotSpeakReason.OUTSIDE),)
    assert do(chat, CAROL, SendTagMessage("#x", tags)) == (NoSuchRoom("#x"),)
    assert do(chat, CAROL, SendTagMessage("zoe", tags)) == (NoSuchPerson("zoe"),)
    assert do(chat, NOBODY, SendTagMessage("bob", tags)) == (NotConnectedYet(),)


def test_a_slowed_room_counts_tag_messages_but_typing():
    chat = house()
    do(chat, ANNA, SetSetting("#tea", "slow", "60"))
    typing, kept = SendTagMessage("#tea", (("+typing", "active"),)), SendTagMessage("#tea", (("+x", ""),))
    refused = (CannotSpeak("#Tea", CannotSpeakReason.SLOW, 60),)
    assert isinstance(result(chat, BOB, typing), Typing)
    assert isinstance(result(chat, BOB, kept), TagMessageSent)
    assert do(chat, BOB, kept) == do(chat, BOB, Say("#tea", "x")) == refused
    assert isinstance(result(chat, BOB, typing), Typing)
    for _ in range(2):  # an operator never waits
        assert isinstance(result(chat, ANNA, kept), TagMessageSent)
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert do(chat, BOB, typing) == (CannotSpeak("#Tea", CannotSpeakReason.MUTED),)


def test_what_clients_say_of_somebody_who_is_ignored_is_hidden_too():
    kinds = (RoomTagMessage, PrivateTagMessage, TagMessageSentToRole, Said, SaidInPrivate, SaidToRole)
    assert all(kind.ignorable for kind in (*kinds, Typing, TypingInPrivate, Reacted, ReactedTo))


def result(chat: Chat, person_id: int, command: Command) -> Any:
    """The first item of an outcome."""
    return do(chat, person_id, command)[0]


class TestWhoMayNotSpeak:
    """Neither by a topic nor by a reason for leaving, and not sooner by leaving and coming back."""

    @pytest.mark.parametrize(
        ("silencing", "reason"),
        [
            (SetMask("#tea", "mute", "bob"), CannotSpeakReason.MUTED),
            (SetMask("#tea", "ban", "bob"), CannotSpeakReason.BANNED),
            (SetFlag("#tea", "moderated"), CannotSpeakReason.MODERATED),
            (SetFlag("#tea", "op-moderated"), CannotSpeakReason.MODERATED),
            (SetFlag("#tea", "accounts-speak"), CannotSpeakReason.ACCOUNT),
        ],
    )
    def test_topics_and_reasons(self, silencing, reason):
        chat = house()
        do(chat, ANNA, SetFlag("#tea", "topic-locked", on=False))
        do(chat, ANNA, silencing)
        assert do(chat, BOB, SetTopic("#tea", "words")) == (CannotSpeak("#Tea", reason),)
        assert result(chat, BOB, Part("#tea", "words")).reason == ""
        do(chat, OLGA, Join("#tea"))
        assert result(chat, OLGA, SetTopic("#tea", "words")).text == "words"
        assert result(chat, ANNA, PartAll("words")).reason == "words"

    @pytest.mark.parametrize("leave", [Quit("words"), Detach(BOB, "words")])
    def test_reasons_of_leaving_the_chat(self, leave):
        chat = house()
        do(chat, ANNA, SetMask("#tea", "mute", "bob"))
        assert result(chat, BOB, leave).reason == ""

    def test_the_servers_reasons_are_told(self):
        chat = house()
        do(chat, ANNA, SetMask("#tea", "mute", "bob"))
        assert result(chat, BOB, Quit("connection lost", automatic=True)).reason == "connection lost"

    @pytest.mark.parametrize("leave", [Part("#tea", "words"), Quit("words")])
    def test_who_may_speak_gives_reasons(self, leave):
        chat = house()
        do(chat, ANNA, SetMask("#tea", "mute", "carol"))
        assert result(chat, BOB, leave).reason == "words"

    def test_a_slowed_room_remembers_who_left(self):
        chat = house()
        do(chat, ANNA, SetSetting("#tea", "slow", "60"))
        do(chat, BOB, Say("#tea", "one"))
        do(chat, BOB, Part("#tea"))
        do(chat, BOB, Join("#tea"))
        (refused,) = do(chat, BOB, Say("#tea", "two"), NOW + 1_000_000)
        assert refused == CannotSpeak("#Tea", CannotSpeakReason.SLOW, 59)

    def test_what_a_slowed_room_remembers_has_an_end(self):
        chat = house()
        do(chat, ANNA, SetSetting("#tea", "slow", "1"))
        for person_id in range(100, 400):
            do(chat, person_id, Connect(f"p{person_id}", "u", "h", rooms=("#tea",)))
            do(chat, person_id, Say("#tea", "x"), NOW + person_id * 1_000_000)
            do(chat, person_id, Part("#tea"))
        assert len(chat.rooms["#tea"].last_spoke) <= 106
