"""Posts over HTTP: what is checked of them, and a whole run with a kill against our server."""

import pytest

from asyncchat.bench.api import Post, answer, check
from asyncchat.bench.run import Settings, run
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.servers import Own
from asyncchat.bench.verify import Faults
from asyncchat.errors import AsyncChatError

ANSWER = b"HTTP/1.1 201 Created\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody"
ACKED = {
    "e-1": Post("one", sent=10, acked=20),
    "e-2": Post("two", sent=11, acked=21),
    "e-4": Post("three", sent=22, acked=30),
}
KEPT = [("e-1", "one"), ("e-2", "two"), ("e-3", "another's"), ("e-4", "three")]


def test_an_answer_is_read_when_it_is_complete():
    for end in range(len(ANSWER)):
        assert answer(ANSWER[:end]) is None
    assert answer(ANSWER) == (201, b"body", b"")
    assert answer(ANSWER + b"HTTP/1.1") == (201, b"body", b"HTTP/1.1")
    assert answer(b"HTTP/1.1 304 Not Modified\r\n\r\n") == (304, b"", b"")


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (KEPT, ""),
        ([("e-2", "two"), ("e-1", "one"), ("e-4", "three")], ""),  # they were under way at the same time
        (KEPT[1:], "1 lost"),
        ([*KEPT, ("e-5", "three")], "1 duplicated"),
        ([*KEPT, ("e-4", "three")], "1 duplicated"),
        ([("e-1", "ome"), *KEPT[1:]], "1 changed in transit"),
        ([KEPT[3], *KEPT[:3]], "1 out of order within a sender"),
        ([*KEPT, ("e-5", "never acknowledged")], ""),
    ],
)
def test_what_was_acknowledged_is_there_once_and_in_its_place(history, said):
    faults = Faults()
    check(ACKED, history, faults)
    assert faults.describe() == said


def test_posts_are_there_after_a_kill():
    scenario = Scenario(
        "api", clients=4, payload=100, kind="post", surface="http", filler="json", seconds=0.2, warmup=0.0
    )
    [(_, metrics)] = run(Own(), [scenario], Settings(), lambda _: None)
    assert metrics.faults == ""
    assert metrics.values["posts_per_s"] > 0
    assert metrics.values["post_cpu_us"] > 0
    assert metrics.values["p50_ms"] > 0
    assert any("was killed" in note for note in metrics.notes)


def test_posts_need_a_history():
    scenario = Scenario("api", clients=2, kind="post", surface="http", seconds=0.1, warmup=0.0)
    with pytest.raises(AsyncChatError, match="leave out --no-history"):
        next(run(Own(history=False), [scenario], Settings(), lambda _: None))
