"""Passwords as they are stated: plain ones, hashes, and what only looks like one."""

import pytest

from asyncchat.config.passwords import Password, fault, hashed


@pytest.mark.parametrize("text", ["secret", "Пароль!", "with : colons", " ", "x" * 500])
def test_a_hash_stands_for_its_password_alone(text):
    stated = hashed(text)
    assert stated.startswith("scrypt:16384:8:1:")
    assert text not in stated or text == " "
    password = Password(stated)
    assert [password.verify(typed) for typed in (text + "x", "", text, text, text + "x")] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_plain_one():
    password = Password("secret")
    assert [password.verify(typed) for typed in ("secret", "Secret", "secret ", "")] == [
        True,
        False,
        False,
        False,
    ]


def test_each_hash_has_a_salt_of_its_own():
    assert hashed("secret") != hashed("secret")


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ("scrypt:", "begins like a hash"),
        ("scrypt:16384:8:1:AAAA", "begins like a hash"),
        ("scrypt:a:8:1:AAAA:AAAA", "begins like a hash"),
        ("scrypt:16383:8:1:AAAA:AAAA", "parameters"),
        ("scrypt:16384:0:1:AAAA:AAAA", "parameters"),
        ("scrypt:16384:8:0:AAAA:AAAA", "parameters"),
        ("scrypt:16777216:8:1:AAAA:AAAA", "parameters"),
        ("scrypt:16384:8:1:AAAA:AAAA", "damaged"),
        ("scrypt:16384:8:1:é:AAAA", "damaged"),
        ("a\tb", "control"),
    ],
)
def test_what_can_be_no_password(stated, why):
    assert why in fault(stated)


def test_a_password_may_be_anything_else():
    assert fault("plain: scrypt:") == fault(hashed("x")) == ""
