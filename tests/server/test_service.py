"""The service over real sockets: what each kind of client meets, and what the others notice of it."""

import pytest

from tests.server.harness import serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


def test_who_goes_before_saying_anything_harms_nobody(server):
    alice = server.person("alice")
    for _ in range(3):
        stranger = server.connect()
        stranger.end_input()
        assert stranger.rest() == b""
    bob = server.person("bob")
    assert alice.line() == "bob is online"
    bob.send("still here\n")
    assert alice.line() == "bob: still here"
