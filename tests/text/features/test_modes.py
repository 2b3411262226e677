"""Modes at a terminal: each has its word, its sentence and its refusals."""

import pytest

from asyncchat.core import modes
from asyncchat.core.features.invites import GetInvitations, Invite
from asyncchat.core.features.join import Join
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import GetMasks, SetFlag, SetMask, SetRole, SetSetting
from asyncchat.core.features.user_modes import GetPersonFlags, SetPersonFlag
from asyncchat.core.roles import ROLES
from asyncchat.text.features import moderation
from asyncchat.text.features import modes as mode_words
from asyncchat.text.features.modes import setting_sentence
from asyncchat.text.sentences import a_role
from tests.dialects.plain_driver import World


def test_every_table_has_its_words():
    assert set(mode_words.RULE_WORDS) == set(modes.FLAGS)
    assert set(mode_words.SETTING_WORDS) == set(modes.SETTINGS)
    assert set(moderation.LIST_WORDS) == set(modes.MASK_LISTS)
    assert set(mode_words.PERSON_FLAG_WORDS) == set(modes.PERSON_FLAGS)


def test_a_role_has_its_article():
    assert [a_role(role.name) for role in ROLES] == [
        "a founder",
        "an admin",
        "an operator",
        "a half-operator",
        "a voice",
    ]


def test_a_hidden_key_is_not_said():
    assert setting_sentence(modes.KEY, "", hidden=True) == "a key is needed to join"


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/join tea sesame", Join("#tea", "sesame")),
        ("/voice bob", SetRole("#lobby", "bob", True, "voice")),
        ("/unvoice bob", SetRole("#lobby", "bob", False, "voice")),
        ("/role bob half-operator", SetRole("#lobby", "bob", True, "half-operator")),
        ("/role bob Admin off", SetRole("#lobby", "bob", False, "admin")),
        ("/rule key Sesame", SetSetting("#lobby", "key", "Sesame")),
        ("/rule limit off", SetSetting("#lobby", "limit", "")),
        ("/rule Secret ON", SetFlag("#lobby", "secret", True)),
        ("/except bob", SetMask("#lobby", "exception", "bob")),
        ("/unguest bob", SetMask("#lobby", "guest", "bob", False)),
        ("/guest", GetMasks("#lobby", ("guest",))),
        ("/ban realname:Bad Bot*", Ban("#lobby", "~realname:Bad Bot*", out=True)),
        ("/invite bob", Invite("#lobby", "bob")),
        ("/invite", GetInvitations()),
        ("/my bot on", SetPersonFlag("bot", True)),
        ("/my", GetPersonFlags()),
    ],
)
def test_what_each_word_asks(line, asked):
    anna = World().person("anna")
    anna.type(line)
    assert asked in anna.asked


def test_a_room_is_kept_in_order():
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("/join #tea", "/rule key sesame", "/rule moderated on")
    assert bob.type("/join #tea") == "#tea has a key: /join #tea KEY\n"
    bob.type("/join #tea sesame")
    assert bob.type("hello") == "Not sent to #tea: only members with a role may speak.\n"
    anna.sent.clear()
    assert anna.type("/voice bob") == "[#tea] bob is now a voice (anna)\n"
    assert anna.type("/voice bob") == "That is already so.\n"
    bob.sent.clear()
    assert bob.type("hello") == ""
    assert anna.type("/who") == "[#tea] bob: hello\nIn #tea (2): anna (operator), bob (voice)\n"
    assert anna.type("/rule limit many") == (
        "#tea can't have that limit: it must be a number from 1 to 1000000.\n"
    )
    assert "  key sesame  the key sesame is needed to join\n" in anna.type("/rule")


def test_an_invitation():
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("/join #tea", "/rule invite-only on")
    assert (
        bob.type("/join #tea") == "Only invited people may join #tea: /knock #tea asks for an invitation.\n"
    )
    assert bob.type("/knock #tea please") == "You asked for an invitation to #tea.\n"
    assert anna.read() == ["[#tea] bob asks for an invitation (/invite bob): please"]
    assert bob.type("/knock tea") == "You asked for an invitation to #tea a moment ago.\n"
    assert anna.type("/invite bob") == "You invited bob to #tea.\n"
    assert bob.type("/invite") == "anna invites you to #tea: /join #tea\nYou are invited to #tea.\n"
    assert bob.type("/join #tea").startswith("What you type goes to #tea now.")
    assert anna.type("/invite bob").endswith("bob is already in #tea.\n")


def test_what_one_is():
    anna = World().person("anna")
    assert anna.type("/my bot on") == "You are marked as a bot.\n"
    assert "bot on   You are marked as a bot.\n" in anna.type("/my")
    assert anna.type("/my bot on") == "That is already so.\n"


def test_for_a_time():
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("/join #tea")
    bob.type("/join #tea")
    anna.read()
    assert anna.type("/mute bob 1h30m") == "[#tea] anna muted bob!*@* for 1h30m\n"
    assert "until" in anna.type("/mute")
    (entry,) = world.chat.rooms["#tea"].masks["mute"].values()
    assert entry.until - entry.time == 5_400_000_000
