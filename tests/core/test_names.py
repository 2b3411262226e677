"""Names in any script: which are allowed, which are the same, and what a mask matches."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.names import (
    NAME_BYTES,
    NAME_LENGTH,
    ROOM_BYTES,
    ROOM_LENGTH,
    fold,
    mask_of,
    matches,
    name_fault,
    room_fault,
)

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80)
"""Lone surrogates too."""


@pytest.mark.parametrize(
    "name",
    [
        "anna",
        "x",
        "Anna_Maria",
        "[x]{y}\\|^`",
        "2fast",
        "a-b",
        "a:b",
        "Иван",
        "李雷",
        "שָׁלוֹם",
        "محمد",
        "Ωμέγα",
        "ไทย",
        "हिन्दी",
        "Zoë",
        "Zoe\u0308",
        "straße",
        "👋",
        "x" * 32,
        "ы" * 32,
        "李" * 21,
    ],
)
def test_allowed_names(name):
    assert name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "it is empty"),
        ("x" * 33, "it is longer than 32 letters"),
        ("李" * 22, "it is longer than 64 bytes in UTF-8"),
        ("a b", "it has a space"),
        ("a,b", "it has a comma"),
        ("a*b", "it has *"),
        ("a?", "it has ?"),
        ("a!b", "it has !"),
        ("a@b", "it has @"),
        ("irc.example", "it has a dot"),
        *((first + "x", f"it begins with {first}") for first in "#&$~%+/-"),
        (":x", "it begins with a colon"),
        ("an\x00na", "it has a character that can't be seen"),
        ("an\x1bna", "it has a character that can't be seen"),
        ("an\u200bna", "it has a character that can't be seen"),
        ("an\u202ena", "it has a character that can't be seen"),
        ("\ufeffanna", "it has a character that can't be seen"),
        ("\u3164", "it has a character that can't be seen"),
        ("a\ufe0f", "it has a character that can't be seen"),
        ("a\u00a0b", "it has a character that can't be seen"),
        ("a\ue000", "it has a character that can't be seen"),
        ("a\ud800", "it has a character that can't be seen"),
        ("a\n", "it has a character that can't be seen"),
        ("a" + "\u0301" * 5, "it stacks too many marks on one letter"),
        ("\u0301a", "it begins with a combining mark"),
        ("\u20dda", "it begins with a combining mark"),
        ("a＠b", "it has a character that stands for a forbidden one"),
        ("a！b", "it has a character that stands for a forbidden one"),
        ("\ufdfa", "it has a character that stands for a forbidden one"),
        ("＃lobby", "it begins with a character that stands for a forbidden one"),
        ("／help", "it begins with a character that stands for a forbidden one"),
        ("﹟x", "it begins with a character that stands for a forbidden one"),
    ],
)
def test_refused_names(name, fault):
    assert name_fault(name) == fault


@pytest.mark.parametrize(
    "room", ["#lobby", "#класс", "##c", "#a.b", "#a/b", "#" + "x" * 63, "#" + "ы" * 49, "#-", "#日本"]
)
def test_allowed_rooms(room):
    assert room_fault(room) is None


@pytest.mark.parametrize(
    ("room", "fault"),
    [
        ("", "a room's name begins with #"),
        ("lobby", "a room's name begins with #"),
        ("＃lobby", "a room's name begins with #"),
        ("#", "it is empty"),
        ("#" + "x" * 64, "it is longer than 64 letters"),
        ("#" + "ы" * 50, "it is longer than 100 bytes in UTF-8"),
        ("#a b", "it has a space"),
        ("#a,b", "it has a comma"),
        ("#a:b", "it has a colon"),
        ("#a\x07b", "it has a character that can't be seen"),
        ("#\u0301a", "it begins with a combining mark"),
        ("#a，b", "it has a character that stands for a forbidden one"),
    ],
)
def test_refused_rooms(room, fault):
    assert room_fault(room) == fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "aNNA"),
        ("ИВАН", "иван"),
        ("straße", "STRASSE"),
        ("Zoë", "ZOE\u0308"),
        ("ﬁona", "FIONA"),
        ("Ａnna", "anna"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("\u212a", "k"),
        ("ᾳ", "ᾼ"),
    ],
)
def test_the_same_name(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("anna", "аnna"), ("[]", "{}"), ("a^", "a~"), ("zoe", "zoë")])
def test_another_name(one, other):
    assert fold(one) != fold(other)


@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
def test_no_text_raises_and_what_is_allowed_is_safe(text):
    if name_fault(text) is None:
        assert len(text) <= NAME_LENGTH
        assert len(text.encode()) <= NAME_BYTES
        assert text.isprintable()
        assert not set(" ,*?!@.") & set(text + fold(text))
        assert fold(text)[0] not in "#&$:~%+/-"
    if room_fault(text) is None:
        assert len(text) <= ROOM_LENGTH
        assert len(text.encode()) <= ROOM_BYTES
        assert text.isprintable()
    assert matches("*", text)
    mask_of(text)


@given(st.text(max_size=30))
def test_a_name_matches_itself(text):
    if not set("*?") & set(fold(text)):
        assert matches(text, text)
        assert matches(
            mask_of(text.replace("!", "").replace("@", "")), text.replace("!", "").replace("@", "") + "!u@h"
        )


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("bob", "bob!*@*"),
        ("", "*!*@*"),
        ("*", "*!*@*"),
        ("bob!u", "bob!u@*"),
        ("u@host", "*!u@host"),
        ("@host", "*!*@host"),
        ("bob!@", "bob!*@*"),
        ("!", "*!*@*"),
        ("a!b@c", "a!b@c"),
    ],
)
def test_masks_are_completed(typed, mask):
    assert mask_of(typed) == mask


@pytest.mark.parametrize(
    ("mask", "text", "described"),
    [
        ("bob!*@*", "Bob!plain@10.0.0.1", True),
        ("bob!*@*", "bobby!plain@10.0.0.1", False),
        ("b?b!*@*", "bib!u@h", True),
        ("b?b!*@*", "bb!u@h", False),
        ("*!*@10.0.0.*", "x!u@10.0.0.77", True),
        ("*!*@10.0.0.*", "x!u@10.1.0.77", False),
        ("*a*b*", "xaxbx", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
        ("a*a", "a", False),
        ("", "", True),
        ("", "x", False),
        ("*", "", True),
        ("**x**", "x", True),
        ("ИВАН!*@*", "иван!u@h", True),
        ("a[b]!*@*", "a[b]!u@h", True),
        ("a\nb*", "a\nbc", True),
    ],
)
def test_what_a_mask_matches(mask, text, described):
    assert matches(mask, text) is described


def test_no_mask_takes_long():
    started = time.process_time()
    assert not matches("*a" * 90 + "*b", "a" * 150)
    assert not matches("*" + "?*" * 60 + "b", "a" * 150)
    assert not matches("*a?" * 60 + "b", "a" * 250)
    assert time.process_time() - started < 0.2


@given(st.text("ab*?", max_size=10), st.text("ab", max_size=10))
def test_masks_are_what_the_textbook_says(mask, text):
    def textbook(mask, text):
        if not mask:
            return not text
        if mask[0] == "*":
            return textbook(mask[1:], text) or bool(text and textbook(mask, text[1:]))
        return bool(text) and mask[0] in ("?", text[0]) and textbook(mask[1:], text[1:])

    assert matches(mask, text) == textbook(mask, text)


def test_long_texts_are_not_cached():
    from asyncchat.core import names

    before = names._fold_short.cache_info().currsize
    for number in range(100):
        fold("x" * 300 + str(number))
    assert names._fold_short.cache_info().currsize == before
