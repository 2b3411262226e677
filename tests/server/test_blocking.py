"""No request has a turn of the loop that is too long (``python -m tests.server.blocking`` says how long)."""

import gc

import pytest

from tests.server import blocking
from tests.server.blocking import SECONDS, TEXTS, Watch

COSTLY = ("classes", "ligatures")
"""The texts that have cost most of late; ``python -m tests.server.blocking`` takes all."""

PEOPLE, ROOMS = 2_500, 5_000
"""A quarter of what the limit is for: so a quarter of it is the limit here, and slices fit it."""


@pytest.fixture(autouse=True)
def without_collector():
    """A collection takes long by what there is, not by what is asked."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def irc_with_texts(watch: Watch) -> None:
    """Every command of IRC with costly texts, and long answers made of such texts."""
    lines = [*blocking.long_answers(), *blocking.multiline()]
    lines += [line for name in COSTLY for line in blocking.lines_with(TEXTS[name])]
    blocking.attack_irc(watch, lines)


def typed_texts(watch: Watch) -> None:
    """Every slash command with costly texts."""
    lines = [*blocking.typed_reads(), *(line for name in COSTLY for line in blocking.typed_with(TEXTS[name]))]
    blocking.attack_plain(watch, lines)


@pytest.mark.parametrize(
    "attack",
    [
        irc_with_texts,
        typed_texts,
        blocking.attack_http,
        blocking.attack_websocket,
        lambda watch: blocking.attack_by_leaving(watch, 100),
        lambda watch: blocking.attack_at_once(watch, 50),
    ],
)
def test_no_costly_text_has_a_long_turn(attack):
    with blocking.watched() as watch:
        watch.fill(people=50, rooms=50, messages=len(TEXTS) * 2)
        assert watch.tried(attack, SECONDS) == {}
        assert len(watch.server.server.hub.chat.people) >= 50


def test_no_long_answer_has_a_long_turn():
    with blocking.watched() as watch:
        watch.fill(PEOPLE, ROOMS, messages=0)

        def attack(watch: Watch) -> None:
            blocking.attack_irc(watch, [*blocking.long_answers(), "KLINE nobody", "UNKLINE nobody"])
            blocking.attack_plain(watch, blocking.typed_reads())
            blocking.attack_http(watch)

        assert watch.tried(attack, SECONDS / 4) == {}
