"""Whom somebody accepts who lets only people with an account write to it."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.engine import Engine
from asyncchat.core.features import accept
from asyncchat.core.features.accept import Accept, Accepts
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.messages import Say
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.replies import NeedsAccount

ANNA, BOB, CAROL = 1, 2, 3


@pytest.fixture
def engine():
    engine = Engine(Chat())
    for person_id, name in ((ANNA, "anna"), (BOB, "bob"), (CAROL, "carol")):
        engine.execute(person_id, Connect(name, name, "host"))
    return engine


def accepted(engine):
    return Accepts.of(engine.chat).state()


def test_only_who_restricts_writing_accepts_by_writing(engine):
    engine.execute(ANNA, Say("bob", "hi"))
    assert accepted(engine) == {}
    engine.execute(ANNA, SetPersonFlag("accounts-write"))
    assert engine.execute(BOB, Say("anna", "hi"))[0] == [NeedsAccount("anna")]
    assert engine.execute(ANNA, Say("bob", "hi"))[1] == 2
    assert engine.execute(ANNA, Say("bob", "hi"))[1] == 1
    assert engine.execute(BOB, Say("anna", "hi"))[1] == 1
    assert accepted(engine) == {ANNA: [BOB]}


def test_the_oldest_is_forgotten(engine, monkeypatch):
    monkeypatch.setattr(accept, "ACCEPTED_EACH", 1)
    engine.execute(ANNA, Accept("bob"))
    engine.execute(ANNA, Accept("carol"))
    assert accepted(engine) == {ANNA: [CAROL]}
    engine.execute(ANNA, Accept("carol", False))
    assert accepted(engine) == {}


def test_nothing_is_kept_of_who_leaves(engine):
    engine.execute(ANNA, Accept("bob"))
    engine.execute(ANNA, Quit())
    assert accepted(engine) == {}
