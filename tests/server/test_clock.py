"""The server's clock: durations while the machine's clock is set, and what is said of it at the start."""

import asyncio
from itertools import pairwise

from asyncchat.core.engine import Engine
from asyncchat.core.events import Record
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.room_modes import MaskChanged, SetMask, over
from asyncchat.core.people import from_origin
from asyncchat.log.memory import MemoryLog
from asyncchat.server.clock import SteadyClock, wall_clock
from tests.core.house import ANNA, NOW, house
from tests.server.harness import serving

SECOND = 1_000_000
DAY = 86_400 * SECOND


class Machine:
    """A machine's clocks; ``wall`` is what somebody may set."""

    def __init__(self) -> None:
        self.wall = NOW
        self.since_boot = 5 * SECOND

    def clock(self, last: int = 0) -> SteadyClock:
        return SteadyClock(last, lambda: self.wall * 1000, lambda: self.since_boot * 1000)

    def run(self, seconds: int) -> None:
        self.wall += seconds * SECOND
        self.since_boot += seconds * SECOND


def test_it_says_what_the_machine_s_clock_says():
    machine = Machine()
    clock = machine.clock()
    for seconds in (0, 1, 5, DAY // SECOND):
        machine.run(seconds)
        assert clock() == machine.wall
    machine.wall += DAY  # set forward
    assert clock() == machine.wall


def test_it_goes_on_while_the_machine_s_clock_is_behind_until_both_agree():
    machine = Machine()
    machine.wall += 100 * SECOND
    clock = machine.clock()
    first = clock()
    machine.wall -= 100 * SECOND
    seen = [first]
    for _ in range(100):
        machine.run(10)
        seen.append(clock())
    steps = [later - earlier for earlier, later in pairwise(seen)]
    assert steps == [9 * SECOND] * 100
    machine.run(10)
    assert clock() == machine.wall


def test_it_goes_on_from_the_history_after_a_restart():
    machine = Machine()
    clock = machine.clock(last=NOW + DAY)
    assert clock() == NOW + DAY
    machine.run(10)
    assert clock() == NOW + DAY + 9 * SECOND


def test_a_mute_for_a_minute_ends_although_the_clock_was_set_back():
    machine = Machine()
    machine.wall += DAY
    clock = machine.clock()
    chat = house()
    engine = Engine(chat, time=clock())
    engine.execute(ANNA, SetMask("#tea", "mute", "bob", seconds=60))
    machine.wall -= DAY
    machine.run(60)
    assert list(over(chat, from_origin("s"), engine.at(clock()))) == []
    machine.run(10)
    (ended,) = over(chat, from_origin("s"), engine.at(clock()))
    assert isinstance(ended, MaskChanged)
    assert not ended.on


def test_the_log_says_at_the_start_that_the_history_is_ahead(caplog):
    log = MemoryLog()
    asyncio.run(log.append(0, [Record(1, wall_clock() + DAY, NodeStarted("1"))]))
    with serving(log):
        pass
    assert "s ahead of this machine's clock" in caplog.text
    caplog.clear()
    with serving():
        pass
    assert "ahead of this machine's clock" not in caplog.text
