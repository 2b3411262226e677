"""The disk of the history: operators are warned once when it becomes full."""

import asyncio
from pathlib import Path

from asyncchat.server.disk import DiskWatch
from tests.server.harness import CODE, serving


def told(*parts: float) -> list[str]:
    """What is told when the disk is that full, look after look."""
    sentences: list[str] = []
    left = list(parts)

    def usage(folder: Path) -> tuple[int, int]:
        assert folder == Path("/state")
        part = left.pop(0)
        if part > 1:
            raise OSError("the disk does not answer")
        used = int(part * 100e9)
        return used, int(100e9) - used

    async def scene() -> None:
        watch = DiskWatch(Path("/state/chat.db"), sentences.append, usage)
        while left:
            await watch.look()

    asyncio.run(scene())
    return sentences


def test_it_is_told_once_when_it_becomes_full(caplog):
    (sentence,) = told(0.5, 0.89, 0.9, 0.95, 0.99, 1.0)
    assert sentence.startswith("The disk of the history is 90% full (10000 MB are free). ")
    assert caplog.messages == [sentence]


def test_it_is_told_again_only_after_it_was_emptier():
    assert len(told(0.91, 0.89, 0.91)) == 1
    assert len(told(0.91, 0.84, 0.91)) == 2


def test_a_disk_that_does_not_answer_is_no_fault():
    assert len(told(2, 0.91, 2, 0.91)) == 1


def test_operators_of_the_server_are_told():
    with serving() as server:
        olga, anna = server.person("olga"), server.person("anna")
        olga.send(f"/owner {CODE}\n")
        olga.until("You are now the owner")
        server.call(lambda: server.server._announce("The disk is full"))
        olga.until("The disk is full")
        anna.send("/me\n")
        assert "disk" not in anna.until("Usage: /me")
