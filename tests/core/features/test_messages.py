"""Messages, and why they are refused."""

import pytest

from asyncchat.core.features.away import SetAway
from asyncchat.core.features.messages import (
    CannotSpeak,
    CannotSpeakReason,
    Said,
    SaidInPrivate,
    Say,
    SendTagMessage,
    Speech,
    TagMessageSent,
    TagMessageSentInPrivate,
)
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import SetFlag, SetMask
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
