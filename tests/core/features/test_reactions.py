"""How many reactions a message may have."""

import pytest

from asyncchat.core.events import Record
from asyncchat.core.features import reactions
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.reactions import (
    REACTIONS_A_MESSAGE,
    REACTIONS_EACH,
    Reacted,
    ReactionRefused,
    Reactions,
    ReactResolved,
)
from asyncchat.core.names import LOBBY
from tests.core.house import ANNA, BOB, NOW, do, house


@pytest.fixture
def chat():
    return house()


def react(chat, person_id, reaction, on=True, number=7):
    (said,) = do(house(), ANNA, Say(LOBBY, "hi"))
    assert isinstance(said, Said)
    command = ReactResolved(LOBBY, Record(number, NOW, said), reaction, on, (("+draft/react", reaction),))
    return do(chat, person_id, command)[0]


def test_a_person_has_so_many_to_a_message(chat):
    for number in range(REACTIONS_EACH):
        assert isinstance(react(chat, ANNA, str(number)), Reacted)
    assert "take one back first" in react(chat, ANNA, "one more").reason
    assert isinstance(react(chat, BOB, "one more"), Reacted)
    assert isinstance(react(chat, ANNA, "one more", number=8), Reacted)
    assert isinstance(react(chat, ANNA, "0", on=False), Reacted)
    assert isinstance(react(chat, ANNA, "one more"), Reacted)


def test_a_message_has_so_many_different_ones(chat):
    people = REACTIONS_A_MESSAGE // REACTIONS_EACH + 1
    for person_id in range(10, 10 + people):
        do(chat, person_id, Connect(f"p{person_id}", "u", "h", rooms=(LOBBY,)))
    for number in range(REACTIONS_A_MESSAGE):
        assert isinstance(react(chat, 10 + number // REACTIONS_EACH, str(number)), Reacted)
    assert isinstance(react(chat, BOB, "another"), ReactionRefused)
    assert isinstance(react(chat, BOB, "0"), Reacted)


def test_a_long_one_is_refused(chat):
    assert isinstance(react(chat, ANNA, "👍" * 17), ReactionRefused)
    assert isinstance(react(chat, ANNA, "👨🏽‍👩🏽‍👧🏽‍👦🏽"), Reacted)


def test_one_that_is_there_is_not_recorded_again(chat):
    assert isinstance(react(chat, ANNA, "👍"), Reacted)
    assert not isinstance(react(chat, ANNA, "👍"), Reacted | ReactionRefused)


def test_what_is_counted_is_bounded(chat, monkeypatch):
    monkeypatch.setattr(reactions, "_COUNTED", 5)
    for number in range(100):
        react(chat, ANNA, "👍", number=number)
        react(chat, BOB, "👍", number=number)
    counted = Reactions.of(chat)
    assert counted._counted == sum(len(counted.of_message(number)) * 2 for number in range(100)) == 4
    react(chat, ANNA, "👍", on=False, number=99)
    react(chat, BOB, "👍", on=False, number=99)
    assert counted.of_message(99) == {}
