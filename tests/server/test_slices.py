"""Long work in slices: one in a pass of the loop, and nobody's answer is made as a whole."""

import asyncio
import threading
from collections.abc import Generator, Iterator

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.engine import Engine
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import Join
from asyncchat.core.features.metadata.api import SyncMetadata
from asyncchat.core.features.opers import GrantOper
from asyncchat.core.features.queries import GetNames, GetRooms, GetWho
from asyncchat.core.features.server_bans import BanFromServer
from asyncchat.core.registry import SLICED_HANDLERS
from asyncchat.server.slices import (
    MOST_TURNS,
    PASS_SECONDS,
    SLICE_BYTES,
    SLICE_SECONDS,
    TURNS_SECONDS,
    PassTurns,
    Slices,
    Turns,
)
from tests.server.harness import PATIENCE, ServerThread, serving


async def nothing() -> None:
    """There is nothing to deliver."""


class Clock:
    """A clock by which each step of work takes a quarter of a slice."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += SLICE_SECONDS / 4
        return self.time


def test_works_take_turns_and_a_pass_of_the_loop_has_one_slice():
    passes: list[str] = []
    charged: list[float] = []

    async def scene() -> None:
        slices = Slices(nothing, Clock())
        turn = 0

        def work(name: str, steps: int) -> Generator[None, None, str]:
            for _ in range(steps):
                passes.append(f"{name}{turn}")
                yield
            return name

        async def count() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        done = await asyncio.gather(*(slices.finish(work(name, 12), charged.append) for name in "abc"))
        counting.cancel()
        assert done == ["a", "b", "c"]

    asyncio.run(scene())
    assert len(passes) == 36
    assert len(charged) == 6
    for turn in {one[1:] for one in passes}:
        assert len({one[0] for one in passes if one[1:] == turn}) == 1
    assert [passes.index(next(one for one in passes if one[0] == name)) for name in "abc"] == [0, 4, 8]


def test_short_answers_share_a_slice():
    waits = 0

    async def delivered() -> None:
        nonlocal waits
        waits += 1

    async def scene() -> None:
        slices = Slices(delivered, lambda: 0.0)
        answers = await asyncio.gather(*(slices.take(iter((b"x",))) for _ in range(50)))
        assert answers == [b"x"] * 50
        assert await slices.take(iter((b"x" * SLICE_BYTES, b"y"))) == b"x" * SLICE_BYTES
        assert waits == 1
        await slices.take(iter((b"y",)))
        assert waits == 2

    asyncio.run(scene())


def test_work_ends_its_slice_itself():
    slices: list[int] = []

    def work() -> Generator[bool, None, None]:
        for step in range(6):
            slices[-1] += 1
            yield step % 2 == 1

    class Pass(Slices):
        async def _pass(self) -> None:
            slices.append(0)

    asyncio.run(Pass(nothing, lambda: 0.0).finish(work(), lambda _lines: None))
    assert slices == [2, 2, 2, 0]


def let_go_on(turn_seconds: float, number: int) -> list[int]:
    """How many of so many went on in each pass of the loop, if each needs so many seconds."""
    now = 0.0
    passes: list[int] = []
    gone: list[int] = []

    async def scene() -> None:
        turns = Turns(lambda: now)

        async def one(name: int) -> None:
            nonlocal now
            await turns.wait()
            now += turn_seconds
            gone.append(name)

        tasks = [asyncio.create_task(one(name)) for name in range(number)]
        while len(gone) < number:
            before = len(gone)
            await asyncio.sleep(0)
            passes.append(len(gone) - before)
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert gone == list(range(number))
    return [count for count in passes if count]


def test_as_many_go_on_in_a_pass_as_take_a_millisecond():
    assert max(let_go_on(TURNS_SECONDS, 20)) == 1
    assert max(let_go_on(TURNS_SECONDS / 4, 200)) == 4
    assert max(let_go_on(TURNS_SECONDS / 1000, 500)) == MOST_TURNS


def test_those_who_come_late_in_a_pass_go_on_in_the_next_ones():
    """All go on at once until they have taken long, and whoever comes in a later pass, too."""
    now = 0.0
    gone: list[int] = []
    passes: list[int] = []

    async def scene() -> None:
        turns = PassTurns(lambda: now, lambda: len(passes))  # a batch leaves in each pass

        async def one(name: int) -> None:
            nonlocal now
            if now >= turns.late_at:
                await turns.wait()
            now += PASS_SECONDS / 5
            gone.append(name)

        tasks = [asyncio.create_task(one(name)) for name in range(40)]
        while len(gone) < 40:
            before = len(gone)
            await asyncio.sleep(0)
            passes.append(len(gone) - before)
            if len(passes) == 2:
                tasks.append(asyncio.create_task(one(100)))
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert passes[0] == 6  # five, and the first of those who wait
    assert max(passes) <= 6
    assert [name for name in gone if name < 100] == list(range(40))
    assert gone.index(100) < 15


def test_whoever_waits_for_a_turn_can_be_cancelled():
    async def scene() -> None:
        turns = Turns()
        tasks = [asyncio.create_task(turns.wait()) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks[1:4]:
            task.cancel()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [False, True, True, True, False]
        await asyncio.wait_for(turns.wait(), PATIENCE)

    asyncio.run(scene())


def test_an_answer_is_taken_by_bytes_and_by_time():
    def pieces(size: int) -> Iterator[bytes]:
        for _ in range(6):
            yield b"x" * size

    async def taken(size: int) -> list[int]:
        slices, left = Slices(nothing, Clock()), pieces(size)
        sizes = []
        while (data := await slices.take(left)) is not None:
            sizes.append(len(data))
        return sizes

    assert asyncio.run(taken(SLICE_BYTES // 2)) == [SLICE_BYTES] * 3
    assert asyncio.run(taken(1)) == [4, 2]
    assert asyncio.run(taken(0)) == [0, 0]


ROOMS, PEOPLE = 300, 200


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(Chat())
    for number in range(1, PEOPLE + 1):
        engine.execute(number, Connect(f"p{number}", "u", "h", rooms=("#all",)))
    engine.execute(1, GrantOper(verified=True))
    for number in range(ROOMS):
        engine.execute(1 + number % PEOPLE, Join(f"#r{number}"))
    return engine


@pytest.mark.parametrize(
    ("command", "least"),
    [
        (GetRooms(), ROOMS),
        (GetRooms((), ("*x*",), ("#r*",)), ROOMS),
        (GetWho(), PEOPLE),
        (GetWho("*!*@*"), PEOPLE),
        (GetWho("#all"), PEOPLE),
        (GetNames(), ROOMS),
        (SyncMetadata("#all"), PEOPLE // 32),
        (BanFromServer("bad"), PEOPLE),
    ],
)
def test_a_long_answer_yields_for_each_it_looks_at(engine, command: IoCommand, least: int):
    made: list[object] = []

    def work() -> Generator[None, None, None]:
        made.extend((yield from SLICED_HANDLERS[type(command)](engine.chat, 1, command, engine.time)))

    assert sum(1 for _ in work()) >= least
    if isinstance(made[-1], Command):  # it decides about what was found
        made[-1:] = engine.decide(1, made[-1])
    assert made == [getattr(item, "event", item) for item in engine.execute(1, command)[0]]


def test_lists_are_told_in_their_place():
    """What was asked before and after a long answer is told before and after it, under its label too."""
    with serving() as server:
        with server.connect() as client:
            client.send(
                "CAP REQ :batch labeled-response\r\nNICK a\r\nUSER a 0 * :a\r\nCAP END\r\nJOIN #lobby\r\n"
            )
            client.until(" 366 ")
            client.send("PING 1\r\n@label=x LIST\r\nWHO #lobby\r\nNAMES\r\nLIST #1,#2\r\nPING 2\r\n")
            told = client.until("PONG asyncchat.local :2").split("\r\n")
        codes = [word for line in told for word in line.split(" ")[1:3] if word in CODES]
        assert codes == [
            "PONG",
            "BATCH",
            "321",
            "322",
            "323",
            "BATCH",
            "352",
            "315",
            "353",
            "366",
            "321",
            "323",
            "PONG",
        ]


CODES = {"PONG", "BATCH", "321", "322", "323", "352", "315", "353", "366"}


def test_who_is_over_its_budget_is_told_in_order():
    with serving(burst=3, rate=5.0) as server:
        flooder, talker = server.irc("flooder"), server.irc("talker")
        over_budget = threading.Event()

        class Hits(dict[str, int]):
            def __setitem__(self, what: str, count: int) -> None:
                super().__setitem__(what, count)
                over_budget.set()

        budgets = server.server.context.budgets
        budgets.hits = Hits(budgets.hits)
        flooder.send("PRIVMSG #lobby :flood\r\n" * 8 + "CHATHISTORY LATEST #lobby * 100\r\nPING asked\r\n")
        talker.until("flood")
        assert over_budget.wait(PATIENCE)
        for number in range(3):
            talker.send(f"PRIVMSG #lobby :said {number}\r\n")
        told, _, answer = flooder.until(" PONG ").partition(
            " PRIVMSG #lobby :flood"
        )  # it has each line again
        said = [told.index(f" PRIVMSG #lobby :said {number}\r\n") for number in range(3)]
        assert said == sorted(said)
        assert told.count(" PRIVMSG #lobby :said ") == 3
        assert answer.count(" PRIVMSG #lobby :said ") == 3
        talker.send("PRIVMSG #lobby :after it\r\n")
        flooder.until(":after it\r\n")


def waiting(server: ServerThread, *, gathered: bool) -> int:
    """Bytes that wait for the session for which the most waits, with what is gathered or without."""
    sessions = list(server.server.context.sessions)
    return max(
        (one.waiting if gathered else one._writer.transport.get_write_buffer_size)() for one in sessions
    )


def test_what_waits_for_a_slow_reader_is_gathered_and_comes_in_order():
    with serving(limits=False) as server:
        talker = server.irc("talker")
        slow = server.connect(receive_buffer=4096)
        slow.send("NICK slow\r\nUSER slow 0 * :slow\r\nJOIN #lobby\r\n")
        talker.until("slow!")
        text = "x" * 400
        for number in range(20_000):
            talker.send(f"PRIVMSG #lobby :{number} {text}\r\n")
            if number % 100 == 99:  # else a slow machine has much more in one batch
                talker.send("PING here\r\n")
                talker.until(" PONG ")
            if number % 100 == 99 and server.call(lambda: waiting(server, gathered=True) > 400_000):
                break
        assert server.call(lambda: waiting(server, gathered=False)) < 200_000
        told = slow.until(f":{number} {text}\r\n")
        numbers = [int(line.split(" ")[3][1:]) for line in told.split("\r\n") if " PRIVMSG #lobby :" in line]
        assert numbers == list(range(number + 1))
        talker.send("PRIVMSG #lobby :after it\r\n")
        slow.until(":after it\r\n")
