"""One suite over every log: what the contract in ``log.base`` promises."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asyncchat.core import people
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Record, Retention
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, SaidInPrivate, Speech
from asyncchat.core.features.opers import Announced, OperFailed, OperGranted
from asyncchat.core.features.presence import Left, NodeStarted, Renamed
from asyncchat.core.features.reactions import Reacted
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged
from asyncchat.core.features.rooms import Joined, Kicked, RoomClosed, RoomOpened
from asyncchat.core.features.server import ConfigurationRead
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.names import fold
from asyncchat.log import streams
from asyncchat.log.base import PAGE_BYTES, Log, PageQuery, SequenceConflict, StreamRange
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import (
    ANNA,
    BERND,
    SECOND,
    START,
    any_event,
    asynchronous,
    fact,
    names,
    numbered,
    rooms,
    said,
)

HASTY = Tuning(inline_rows=3, lag=4, checkpoint_at=1, rewind_at=1, quiet=0.001, snapshot_at=2)
"""All maintenance happens within a few records."""


@asynccontextmanager
async def opened(kind, folder):
    log = await new_log(kind, folder)
    try:
        yield log
    finally:
        await log.close()


async def new_log(kind: str, folder) -> Log:
    path = folder / "chat.db"
    match kind:
        case "memory":
            return MemoryLog()
        case "sqlite":
            return await SqliteLog.open(path)
        case "sqlite, hasty":
            return await SqliteLog.open(path, tuning=HASTY)
        case "sqlite, power":
            return await SqliteLog.open(path, durable="power")
        case url:
            from asyncchat.cluster.jetstream_log import JetStreamLog

            return await JetStreamLog.open(url, path, name=f"test-{crc32(bytes(path)):x}")


WINDOW = Window.__struct_fields__


async def numbers(log: Log, upto: int, **wanted) -> list[int]:
    window = Window(**{name: wanted.pop(name) for name in WINDOW if name in wanted})
    page = await log.read(PageQuery(wanted.pop("room", "#lobby"), upto, window, **wanted))
    return [record.number for record in page.records]


@asynchronous
async def test_a_new_log_is_empty(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        assert (log.last, log.last_time, log.messages) == (0, 0, 0)
        assert list(log.state()) == []
        assert await log.read(PageQuery("#lobby", 0), 10) == await log.read(PageQuery("#nowhere", 9), 10)
        assert await log.numbers_by("#lobby", "", 0) == ()


@asynchronous
async def test_what_is_appended_is_read(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        records = [said(1), said(2, "#other", who=BERND), said(3, text="ёжик \U0001f994 \0 end", who=BERND)]
        await log.append(0, records[:1])
        await log.append(1, records[1:])
        assert (log.last, log.last_time) == (3, START + 3 * SECOND)
        page = await log.read(PageQuery("#LOBBY", 3))
        assert [(r.number, r.time, r.event.text, r.event.person.origin) for r in page.records] == [
            (1, START + SECOND, "text 1", ANNA.origin),
            (3, START + 3 * SECOND, "ёжик \U0001f994 \0 end", BERND.origin),
        ]
        await log.append(3, [])
        assert log.last == 3


@asynchronous
async def test_the_newest_append_repeated_is_taken_as_written(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1)])
        batch = [said(2), fact(3, TopicChanged("#lobby", ANNA, "t", 5)), said(4, "#Lobby"), said(5)]
        for _ in range(3):
            await log.append(1, batch)
        assert log.last == 5
        assert await numbers(log, 5) == [1, 2, 4, 5]
        await log.append(5, [said(6)])
        assert await numbers(log, 6) == [1, 2, 4, 5, 6]


@pytest.mark.parametrize(
    ("expected_last", "batch"),
    [
        (0, [said(1)]),  # an old one
        (0, [said(1), said(2)]),
        (1, [said(2), said(3, text="another")]),  # other words under these numbers
        (1, [said(2), fact(3, NodeStarted("1"))]),
        (2, [said(3), said(4)]),  # begins with what is there
        (4, [said(5)]),  # a hole
    ],
)
@asynchronous
async def test_an_append_out_of_step_changes_nothing(kind, tmp_path, expected_last, batch):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1)])
        await log.append(1, [said(2), said(3)])
        with pytest.raises(SequenceConflict):
            await log.append(expected_last, batch)
        assert log.last == 3
        assert await numbers(log, 9) == [1, 2, 3]
        await log.append(3, [said(4)])
        assert await numbers(log, 9) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "batch",
    [
        [said(2), said(4)],
        [said(3)],
        [said(2), said(2)],
        [fact(2, NodeStarted("1")), fact(1, NodeStarted("1"))],
        [Record(2, START, said(2).event)],
        [said(2), Record(3, START + SECOND, said(3).event)],
    ],
)
@asynchronous
async def test_holes_and_times_that_go_back_are_misuse(kind, tmp_path, batch):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1)])
        with pytest.raises(ValueError, match="record"):
            await log.append(1, batch)
        assert log.last == 1
        await log.append(1, [said(2)])
        assert await numbers(log, 2) == [1, 2]


def at(number: int) -> int:
    return START + number * SECOND


# The lobby has 1, 3, 5 … 39, without 7 and 19, which are erased; the even ones are another room's.
THERE = [n for n in range(1, 40, 2) if n not in (7, 19)]
RANGES: list[tuple[dict[str, Any], int, list[int], int]] = [
    ({}, 100, THERE, 0),
    ({"limit": 3}, 100, [35, 37, 39], 15),
    ({"limit": 3}, 10, [35, 37, 39], 10),
    ({"limit": 3}, 0, [35, 37, 39], 0),
    ({"limit": 3, "newest": False}, 10, [1, 3, 5], 1),
    ({"limit": 18, "newest": False}, 10, THERE, 0),
    ({"upto": 20, "limit": 2}, 10, [15, 17], 6),
    ({"before": 21, "limit": 2}, 10, [15, 17], 6),
    ({"before": 20, "limit": 2}, 10, [15, 17], 6),
    ({"before": 1}, 10, [], 0),
    ({"after": 39}, 10, [], 0),
    ({"after": 33}, 10, [35, 37, 39], 0),
    ({"after": 17, "limit": 2, "newest": False}, 10, [21, 23], 1),
    ({"after": 17, "limit": 2}, 10, [37, 39], 8),
    ({"after": 4, "before": 11}, 10, [5, 9], 0),
    ({"after": 11, "before": 4}, 10, [], 0),
    ({"after_time": at(33)}, 10, [35, 37, 39], 0),
    ({"after_time": at(33) - 1, "limit": 2, "newest": False}, 10, [33, 35], 1),
    ({"before_time": at(5)}, 10, [1, 3], 0),
    ({"before_time": at(5) + 1}, 10, [1, 3, 5], 0),
    ({"after_time": at(4), "before_time": at(12), "limit": 2}, 10, [9, 11], 1),
    ({"after_time": 0, "before_time": 2**62}, 10, THERE, 0),
    ({"after": 3, "before_time": at(12)}, 10, [5, 9, 11], 0),
    ({"after_time": at(99)}, 10, [], 0),
    ({"before_time": at(0)}, 10, [], 0),
    ({"room": "#LOBBY", "upto": 3}, 10, [1, 3], 0),
    ({"room": "#elsewhere", "limit": 1}, 10, [38], 10),
    ({"room": "#quiet"}, 10, [40], 0),
    ({"limit": 0}, 5, [], 5),
]


@asynchronous
async def test_ranges(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        batch = [said(n, "#lobby" if n % 2 else "#elsewhere") for n in range(1, 40)]
        for cut in (0, 5, 6, 20, 39):
            await log.append(log.last, batch[log.last : cut])
        await log.append(39, [said(40, "#quiet"), fact(41, Erased("#Lobby", ANNA, (7, 19)))])
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        for wanted, count_to, expected, more in RANGES:
            room, upto = wanted.get("room", "#lobby"), wanted.get("upto", 41)
            others = {name: value for name, value in wanted.items() if name not in ("room", "upto")}
            page = await log.read(PageQuery(room, upto, Window(**others)), count_to)
            assert ([r.number for r in page.records], page.more) == (expected, more), wanted


@asynchronous
async def test_a_page_of_long_texts_ends_early_and_the_next_goes_on(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        texts = [PAGE_BYTES // 2 - 1, 1, 5, PAGE_BYTES, 7, PAGE_BYTES // 2, PAGE_BYTES // 2, 3]
        await log.append(0, [said(number, text="x" * size) for number, size in enumerate(texts, 1)])
        for newest, pages in (
            (True, [([6, 7, 8], 5), ([4, 5], 3), ([1, 2, 3], 0)]),
            (False, [([1, 2, 3, 4], 1), ([5, 6, 7], 1), ([8], 0)]),
        ):
            window = Window(limit=200, newest=newest)
            for numbers, more in pages:
                page = await log.read(PageQuery("#lobby", 8, window), 100)
                assert ([record.number for record in page.records], page.more) == (numbers, more)
                window = (
                    Window(before=numbers[0], limit=200)
                    if newest
                    else Window(after=numbers[-1], limit=200, newest=False)
                )


@asynchronous
async def test_erased_messages_are_not_read_again(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(n, who=ANNA if n % 2 else BERND) for n in range(1, 9)])
        # In one batch with its erasure; one of another room; one that never was; one twice.
        await log.append(
            8, [said(9), said(10, "#other"), fact(11, Erased("#LOBBY", ANNA, (3, 9, 10, 99, 3)))]
        )
        assert await numbers(log, 11) == [1, 2, 4, 5, 6, 7, 8]
        assert await numbers(log, 11, room="#other") == [10]
        assert await log.numbers_by("#lobby", "anna", 11) == (1, 5, 7)
        await log.append(11, [fact(12, Erased("#lobby", ANNA, (1, 3)))])
        assert await log.numbers_by("#lobby", "", 12) == (2, 4, 5, 6, 7, 8)
        assert (await log.read(PageQuery("#lobby", 12, Window(limit=2)), 10)).more == 4


@asynchronous
async def test_a_room_under_another_name_keeps_its_history(kind, tmp_path):
    facts: list[Event] = [
        Said("#New", ANNA, "of a room that was closed"),
        Said("#old", ANNA, "one"),
        Said("#Old", ANNA, "two", Speech.ACTION),
        TopicChanged("#old", ANNA, "t", 1),
        RoomRenamed("#Old", "#New", ANNA, "", 1),
        Said("#old", BERND, "another room"),
        Said("#New", ANNA, "three"),
        Erased("#new", ANNA, (2, 6)),
    ]
    async with opened(kind, tmp_path) as log:
        await log.append(0, numbered(facts[:3]))
        await log.append(3, numbered(facts[3:], 3))
        for _ in range(2):
            found = (await log.read(PageQuery("#new", 8))).records
            assert [record.event.text for record in found] == ["two", "three"]
            assert {record.event.room for record in found} == {"#New"}
            assert await numbers(log, 8, room="#old") == [6]
            changes = ranges(streams.room_changes("#new"))
            assert await numbers(log, 8, room="#new", streams=changes, events=True) == [3, 4, 7, 8]
            if isinstance(log, SqliteLog):
                await log.run_maintenance()
        await log.append(8, numbered([RoomRenamed("#New", "#old2", ANNA, "", 1)], 8))
        await log.append(9, numbered([RoomRenamed("#old2", "#new", ANNA, "", 1)], 9))
        assert await numbers(log, 10, room="#new") == [3, 7]
    if kind != "memory":
        async with opened(kind, tmp_path) as log:
            assert await numbers(log, 10, room="#new") == [3, 7]
            assert await numbers(log, 10, room="#old2") == []


@asynchronous
async def test_numbers_by_a_name_in_any_case(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(n, who=ANNA if n % 3 else BERND) for n in range(1, 10)])
        assert await log.numbers_by("#Lobby", "бЕРНД", 8) == (3, 6)
        assert await log.numbers_by("#lobby", "ann", 9) == ()
        everywhere = await log.numbers_in_rooms("бЕРНД", 8)
        assert everywhere["#lobby"] == (3, 6)
        assert await log.numbers_in_rooms("ann", 9) == {}
        assert await log.numbers_by("#lobby", "", 3) == (1, 2, 3)
        assert await log.numbers_by("#lobby", "", 0) == ()


@asynchronous
async def test_whispers_are_kept_but_no_rooms_messages(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [fact(1, SaidInPrivate(ANNA, BERND, "psst")), said(2)])
        assert await numbers(log, 2) == [2]
        assert await log.numbers_by("#lobby", "", 2) == (2,)


@asynchronous
async def test_ids_name_what_is_and_what_comes(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1)])
        assert log.ids.number_of(log.ids.id_of(1)) == 1
        assert log.ids.number_of(log.ids.id_of(10**9)) == 10**9
        assert log.ids.id_of(1) != log.ids.id_of(2)


@asynchronous
async def test_reads_beside_appends_see_whole_batches(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        delivered = 0
        done = asyncio.Event()

        async def reader() -> None:
            while not done.is_set():
                upto = delivered
                page = await log.read(PageQuery("#lobby", upto, Window(limit=10)), 1000)
                assert [r.number for r in page.records] == list(range(max(1, upto - 9), upto + 1))
                assert page.more == max(0, upto - 10)
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(reader())
            for size in (1, 7, 2, 30, 1, 1, 90, 4) * 3:
                await log.append(delivered, [said(delivered + n) for n in range(1, size + 1)])
                delivered += size
                await asyncio.sleep(0)
            done.set()


@asynchronous
async def test_close_twice(kind, tmp_path):
    log = await new_log(kind, tmp_path)
    await log.append(0, [said(1)])
    await log.close()
    await log.close()


def readable(records: list[Record]) -> dict[int, Said]:
    """The messages that a log of these records gives, by number: the contract in a few lines."""
    kept: dict[int, Said] = {}
    for record in records:
        event = record.event
        if isinstance(event, Said):
            kept[record.number] = event
        elif isinstance(event, Erased):
            for number in event.numbers:
                if number in kept and fold(kept[number].room) == fold(event.room):
                    del kept[number]
        elif isinstance(event, RoomRenamed) and fold(event.room) != fold(event.to):
            kept = {
                number: replace(said, room=event.to) if fold(said.room) == fold(event.room) else said
                for number, said in kept.items()
                if fold(said.room) != fold(event.to)
            }
    return kept


@pytest.mark.parametrize("kind", ["memory", "sqlite", "sqlite, hasty"])
@given(
    batches=st.lists(st.lists(any_event, min_size=1, max_size=6), max_size=8),
    room=rooms,
    name=names,
    range_of=st.tuples(st.none() | st.integers(0, 50), st.none() | st.integers(0, 50), st.integers(0, 50)),
    limit=st.integers(0, 12),
    newest=st.booleans(),
    settled=st.booleans(),
)
@settings(max_examples=60)
def test_any_records_are_read_as_the_contract_says(
    kind, batches, room, name, range_of, limit, newest, settled, tmp_path_factory
):
    @asynchronous
    async def run() -> None:
        records = numbered([event for batch in batches for event in batch])
        async with opened(kind, tmp_path_factory.mktemp("log")) as log:
            for batch in batches:
                await log.append(log.last, records[log.last : log.last + len(batch)])
            if settled and isinstance(log, SqliteLog):
                await log.run_maintenance()
            there = {n: said for n, said in readable(records).items() if fold(said.room) == fold(room)}
            after, before, upto = range_of
            expected = [n for n in there if (after or 0) < n <= upto and (before is None or n < before)]
            beyond = max(0, len(expected) - limit)
            window = Window(after, before, limit=limit, newest=newest)
            page = await log.read(PageQuery(room, upto, window), 5)
            shown = expected[beyond:] if newest else expected[:limit]
            assert [r.number for r in page.records] == shown
            assert page.more == (min(beyond, 5) if newest else min(beyond, 1))
            for record in page.records:
                event = record.event
                moved = event.room != records[record.number - 1].event.room
                assert moved or record == records[record.number - 1] or event.person.id == 0
                assert (event.room, event.text, event.speech, event.person.origin) == (
                    there[record.number].room,
                    there[record.number].text,
                    there[record.number].speech,
                    there[record.number].person.origin,
                )
            by_name = [n for n, said in there.items() if n <= upto and said.person.key == fold(name)]
            assert list(await log.numbers_by(room, name, upto)) == by_name

    run()


@asynchronous
async def test_an_erasure_in_private_erases_nothing_of_a_room(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1), fact(2, RedactedInPrivate(BERND, ANNA, 1))])
        assert [record.number for record in (await log.read(PageQuery("#lobby", 2))).records] == [1]


def acts() -> list[Event]:
    return [
        OperGranted(ANNA, "alice"),
        Killed(BERND, ANNA, "spam"),
        RoomOpened("#x", 1),
        ServerBanChanged(ANNA, "eve!*@*", True, 6),
        Announced(ANNA, "hear", (1, 2)),
        FlagChanged("#x", ANNA, "secret", True),
        OperOverride(ANNA, FlagChanged("#x", ANNA, "secret", True)),
        OperFailed(BERND),
        Kicked("#x", BERND, ANNA),
        ConfigurationRead(ANNA, ("motd",)),
    ]


@asynchronous
async def test_what_operators_did_is_read_newest_first_kept_and_nothing_else(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        records = [said(1), *(fact(number, event) for number, event in enumerate(acts(), 2))]
        for record in records:
            await log.append(log.last, [record])
        expected = [record for record in records if record.event.audited]
        assert list(await log.audit(log.last, 0, 100)) == expected
        assert list(await log.audit(log.last, 0, 3)) == expected[-3:]
        assert list(await log.audit(expected[2].number, 0, 2)) == expected[1:3]
        assert list(await log.audit(log.last, expected[1].time, 100)) == expected[2:]
        assert await log.audit(log.last, log.last_time, 100) == ()


OPEN_LOBBY = RoomOpened("#Lobby", 1)
STATE: list[Event] = [
    OPEN_LOBBY,
    TopicChanged("#lobby", ANNA, "first", 2),
    MaskChanged("#lobby", BERND, "ban", "*!*@192.0.2.7", True, 3),
    RoomOpened("#other", 4),
    FlagChanged("#other", ANNA, "topic-locked", False),
    MaskChanged("#other", ANNA, "mute", "Anna!*@*", True, 5),
    OperGranted(ANNA),
    ServerBanChanged(BERND, "*!*@192.0.2.0/24", True, 6, 60, "spam"),
    ServerBanChanged(ANNA, "eve!*@*", True, 6),
    ServerBanChanged(ANNA, "eve!*@*", False, 7),
    TopicChanged("#lobby", BERND, "", 6),
    RoomOpened("#gone", 7),
    MaskChanged("#other", ANNA, "mute", "Anna!*@*", False, 8),
    RoomClosed("#gone"),
    Erased("#lobby", ANNA, (1,)),
    TopicChanged("#other", BERND, "тема", 9),
]


@asynchronous
async def test_a_replay_of_the_state_gives_the_live_state(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        live = Chat()
        for event in STATE:
            batch = [said(log.last + 1), fact(log.last + 2, event)]
            await log.append(log.last, batch)
            live.apply(event)
            if isinstance(log, SqliteLog):
                await log.run_maintenance()
            assert all(found.retention is Retention.STATE for found in log.state())
            assert Chat.replay(log.state()).state() == live.state()


def ranges(*names: str) -> tuple[StreamRange, ...]:
    return tuple(StreamRange(name) for name in names)


@asynchronous
async def test_tags_are_kept_but_not_that_somebody_types(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        tags = (("+reply", "e-1"), ("+x.org/y", "ö;"))
        await log.append(0, [fact(1, Said("#lobby", ANNA, "hi", tags=tags))])
        (record,) = (await log.read(PageQuery("#lobby", 1))).records
        assert record.event.tags == tags


@asynchronous
async def test_what_happened_in_a_room_stands_beside_its_messages(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        facts: list[Event] = [
            Joined("#Lobby", ANNA),
            Said("#lobby", ANNA, "hi"),
            TopicChanged("#lobby", ANNA, "t", 5),
            Reacted("#lobby", BERND, 2, "Anna", "lol", about="hi"),
            TopicChanged("#other", ANNA, "t", 5),
            Renamed(BERND, BERND, rooms=("#lobby", "#other")),
            SaidInPrivate(ANNA, BERND, "psst"),
            Left(BERND, rooms=("#other",)),
        ]
        for number, event in enumerate(facts, 1):
            await log.append(number - 1, [fact(number, event)])
        changes, presence = streams.room_changes("#LOBBY"), streams.room_presence("#lobby")
        assert await numbers(log, 8) == [2]
        assert await numbers(log, 8, streams=ranges(changes, presence)) == [2]
        for _ in range(2):
            assert await numbers(log, 8, streams=ranges(changes, presence), events=True) == [
                1,
                2,
                3,
                4,
                6,
            ]
            assert await numbers(log, 8, streams=ranges(changes), events=True, limit=2) == [3, 4]
            assert await numbers(log, 8, streams=ranges(presence), events=True, limit=2, newest=False) == [
                1,
                2,
            ]
            if isinstance(log, SqliteLog):
                await log.run_maintenance()
        reaction = await log.find(4)
        assert reaction is not None
        assert reaction.event == Reacted("#lobby", BERND, 2, "Anna", "lol")
        assert await log.find(1) is None
        assert await log.find(9) is None


@asynchronous
async def test_private_conversations_have_a_stream_for_each_side(kind, tmp_path):
    anna = people.person(1, "Anna", "u", "h", account="anna")
    async with opened(kind, tmp_path) as log:
        for number, (to, who) in enumerate(((anna, BERND), (BERND, anna), (anna, anna), (BERND, BERND)), 1):
            await log.append(number - 1, [fact(number, SaidInPrivate(to, who, f"text {number}"))])
        mine = streams.account_prefix("ANNA")
        his = streams.session_prefix(BERND.id)
        for _ in range(2):
            for owner, end, expected in (
                (mine, streams.name_suffix("бернд"), [1, 2]),
                (his, streams.account_suffix("anna"), [1, 2]),
                (mine, streams.account_suffix("anna"), [3]),
                (his, streams.name_suffix("Бернд"), [4]),
                (streams.session_prefix(1), streams.name_suffix("Бернд"), []),
            ):
                assert await numbers(log, 9, room="", streams=ranges(owner + end)) == expected
            newest = await log.newest(["#lobby"], [StreamRange(mine), StreamRange(his)], 9)
            assert {(name, record.number) for name, record in newest} == {
                (mine + streams.name_suffix("бернд"), 2),
                (mine + streams.account_suffix("anna"), 3),
                (his + streams.account_suffix("anna"), 2),
                (his + streams.name_suffix("Бернд"), 4),
            }
            late = StreamRange(mine, since=START + 3 * SECOND)
            assert [record.number for _, record in await log.newest([], [late], 9)] == [3]
            assert await log.newest([], [StreamRange(his, after=4)], 9) == ()
            if isinstance(log, SqliteLog):
                await log.run_maintenance()


@asynchronous
async def test_a_reaction_is_erased(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1), fact(2, Reacted("#lobby", BERND, 1, "Anna", "lol"))])
        await log.append(2, [fact(3, Erased("#other", ANNA, (1, 2)))])
        assert await log.find(2) is not None
        erasure = [fact(4, Erased("#lobby", ANNA, (1, 2)))]
        await log.append(3, erasure)
        await log.append(3, erasure)
        assert await log.find(1) is await log.find(2) is None
        changes = ranges(streams.room_changes("#lobby"))
        assert await numbers(log, 4, streams=changes, events=True) == [4]


FILE, OTHER_FILE, THIRD_FILE = ("abcdefghijklmnopqrstuvwxy" + last for last in "z23")


@asynchronous
async def test_links_to_files_are_known_until_what_has_them_is_erased(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        assert await log.links((FILE,)) == {}
        await log.append(0, [said(1, text=f"http://x/files/{FILE}-2x2/a.png")])  # alone, as most are
        records = [
            said(2, text=f"/files/{FILE} again, and /files/{OTHER_FILE}-9/b.txt"),
            fact(3, SaidInPrivate(BERND, ANNA, f"/files/{THIRD_FILE}-7/c.txt")),
            said(4, text=f"files/{FILE[:-1]}"),
        ]
        await log.append(1, records)
        three = (FILE, OTHER_FILE, THIRD_FILE)
        assert await log.links(three) == dict.fromkeys(three, True)
        await log.append(4, [fact(5, Erased("#lobby", ANNA, (2,)))])
        assert await log.links((*three, "x")) == {FILE: True, OTHER_FILE: False, THIRD_FILE: True}
        await log.append(
            5, [fact(6, Erased("#lobby", ANNA, (1,))), fact(7, RedactedInPrivate(BERND, ANNA, 3))]
        )
        assert await log.links(three) == dict.fromkeys(three, False)
        await log.append(7, [said(8, text=f"/files/{FILE}")])
        assert await log.links(three) == {FILE: True, OTHER_FILE: False, THIRD_FILE: False}
