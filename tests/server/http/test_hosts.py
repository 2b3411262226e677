"""Who may ask: hosts, and the origins of pages."""

import pytest

from asyncchat.server.http.hosts import Hosts

HOSTS = Hosts(["Desk", "asyncchat.local"], ["https://chat.example.org", "http://192.0.2.7:8080"])


@pytest.mark.parametrize(
    "authority",
    [
        "127.0.0.1:1234",
        "10.0.0.7",
        "[::1]:1234",
        "[::1]",
        "localhost:1234",
        "LOCALHOST.",
        "desk",
        "asyncchat.local:80",
        "localhost:",
        "chat.example.org",
    ],
)
def test_a_name_of_its_own(authority):
    assert HOSTS.answers_to(authority)


@pytest.mark.parametrize(
    "authority",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:1234",
        "\xff",
        "",
        "localhost:99999",
        "localhost:x",
        "a@localhost",
        "localhost; script-src *",
        "::1",
        "[localhost",
        "localhost/x",
    ],
)
def test_another_s_name(authority):
    assert not HOSTS.answers_to(authority)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("http://localhost:1234", "localhost:1234"),
        ("HTTP://LOCALHOST:1234", "localhost:1234"),
        ("http://10.0.0.7", "10.0.0.7"),
        ("http://10.0.0.7", "10.0.0.7:80"),
        ("https://desk", "desk"),
        ("http://[::1]:1234", "[::1]:1234"),
        ("https://chat.example.org", "127.0.0.1:1234"),
        ("http://192.0.2.7:8080", "localhost:1234"),
    ],
)
def test_a_page_of_its_own_or_one_allowed(origin, authority):
    assert HOSTS.lets_in(origin, authority)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("http://evil.example", "localhost:1234"),
        ("http://localhost", "localhost:1234"),
        ("http://localhost:1235", "localhost:1234"),
        ("http://localhost:8080", "localhost"),
        ("http://127.0.0.1:1234", "localhost:1234"),
        ("https://chat.example.org:444", "localhost"),
        ("http://chat.example.org", "localhost"),
        ("null", "localhost:1234"),
        ("", "localhost:1234"),
        ("file://", "localhost:1234"),
        ("chrome-extension://abc", "localhost:1234"),
        ("http://localhost:1234/", "localhost:1234"),
        ("http://localhost:1234", ""),
    ],
)
def test_a_page_of_elsewhere(origin, authority):
    assert not HOSTS.lets_in(origin, authority)
