"""What is said, and what may not be."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.commands import Say, Signal
from asyncchat.core.events import Speech
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import CannotSpeak, CannotSpeakReason
from asyncchat.core.text import TEXT_BYTES
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house

LONGEST = "ы" * (TEXT_BYTES // 2)


@pytest.mark.parametrize("to", ["#tea", "#TEA"])
@pytest.mark.parametrize("text", ["hi", LONGEST, "\x00", "\ud800"])
@pytest.mark.parametrize("speech", Speech)
def test_a_member_speaks(to, text, speech):
    chat = house()
    said = events.Said("#Tea", chat.people[BOB], text, speech)
    assert chat.decide(BOB, Say(to, text, speech), NOW) == (said,)


@pytest.mark.parametrize(
    ("who", "to", "text", "refusal"),
    [
        (NOBODY, LOBBY, "x", replies.NotEntered()),
        (ANNA, LOBBY, "", replies.NoText()),
        (ANNA, LOBBY, LONGEST + "x", replies.TextTooLong(TEXT_BYTES)),
        (ANNA, LOBBY, "\ud800" * 3000, replies.TextTooLong(TEXT_BYTES)),
        (ANNA, "#x", "x", replies.NoSuchRoom("#x")),
        (ANNA, "", "x", replies.NoSuchPerson("")),
        (ANNA, "zoe", "x", replies.NoSuchPerson("zoe")),
        (CAROL, "#tea", "x", CannotSpeak("#Tea", CannotSpeakReason.OUTSIDE)),
    ],
)
def test_refusals(who, to, text, refusal):
    assert house().decide(who, Say(to, text), NOW) == (refusal,)


@pytest.mark.parametrize("speech", [Speech.NOTICE, Speech.PROBE_ANSWER])
def test_a_notice_is_never_answered(speech):
    chat = house()
    do(chat, BOB, commands.SetAway("lunch"))
    assert chat.decide(CAROL, Say("#tea", "x", speech), NOW) == ()
    assert chat.decide(CAROL, Say("zoe", "x", speech), NOW) == ()
    assert len(chat.decide(CAROL, Say("bob", "x", speech), NOW)) == 1


@pytest.mark.parametrize("speech", [Speech.PROBE, Speech.PROBE_ANSWER])
def test_a_probe_needs_no_text(speech):
    assert len(house().decide(ANNA, Say(LOBBY, "", speech), NOW)) == 1


def test_who_may_not_speak():
    chat = house()
    do(chat, ANNA, commands.SetFlag("#tea", "no-outsiders", on=False))
    assert isinstance(do(chat, CAROL, Say("#tea", "hi"))[0], events.Said)
    do(chat, ANNA, commands.Mute("#tea", "bob"))
    assert do(chat, BOB, Say("#tea", "x")) == (CannotSpeak("#Tea", CannotSpeakReason.MUTED),)
    do(chat, ANNA, commands.Ban("#tea", "*!*@host[23]"))
    do(chat, ANNA, commands.Ban("#tea", "*!*@host3"))
    assert do(chat, CAROL, Say("#tea", "x")) == (CannotSpeak("#Tea", CannotSpeakReason.BANNED),)
    do(chat, ANNA, commands.Ban("#tea", "*"))
    do(chat, ANNA, commands.Mute("#tea", "*"))
    for who in (ANNA, OLGA):
        assert isinstance(do(chat, who, Say("#tea", "I may"))[0], events.Said)


def test_private_words():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, Say("BOB", "psst")) == (events.Whispered(bob, anna, "psst"),)
    do(chat, BOB, commands.SetAway("lunch"))
    assert do(chat, ANNA, Say("bob", "psst")) == (
        events.Whispered(bob, anna, "psst"),
        replies.AwayNote(bob, "lunch"),
    )


def test_signals():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    tags = (("typing", "active"),)
    assert do(chat, ANNA, Signal("#tea", tags)) == (events.Signalled("#Tea", anna, tags),)
    assert do(chat, ANNA, Signal("bob", tags)) == (events.SignalledTo(bob, anna, tags),)
    assert do(chat, CAROL, Signal("#tea", tags)) == (CannotSpeak("#Tea", CannotSpeakReason.OUTSIDE),)
    assert do(chat, CAROL, Signal("#x", tags)) == (replies.NoSuchRoom("#x"),)
    assert do(chat, CAROL, Signal("zoe", tags)) == (replies.NoSuchPerson("zoe"),)
    assert do(chat, NOBODY, Signal("bob", tags)) == (replies.NotEntered(),)
