"""Which passwords are refused."""

import pytest

from asyncchat.core.passwords import password_fault


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password1", "p@ssw0rd", "P@$$w0rd!", "12345678", "87654321", "00000000",
        "qwertyuiop", "QWERTY123", "1q2w3e4r", "zaq12wsx", "iloveyou", "iloveyou2", "letmein!",
        "abcd1234", "dragondragon", "monkey99", "aaaaaaab", "abababab", "20240101", "asdf1234",
        "йцукенгш", "Пароль123", "ghbdtn12", "qwerty12345", "welcome1", "admin123", "changeme",
        "chatchat", "asyncchat1", "1qaz2wsx", "football", "Sunshine!", "0987654321", "trustno1",
    ],
)  # fmt: skip
def test_the_commonest(password):
    assert "many people take" in (password_fault(password) or "")


@pytest.mark.parametrize("password", ["", "a", "sesame", "1234567", "ы" * 7])
def test_short_ones(password):
    assert password_fault(password) == "it needs 8 characters or more"


@pytest.mark.parametrize(
    "password", ["tea at five", "tea-for-two", "hunter2secret", "соль и перец", "horse battery staple"]
)
def test_ordinary_ones(password):
    assert password_fault(password) is None


@pytest.mark.parametrize("password", ["marguerite", "Marguerite", "marguerite1987", "!marguerite!"])
def test_the_name_of_the_account(password):
    assert "the account's name" in (password_fault(password, "Marguerite") or "")
    assert password_fault(password, "otto") is None
