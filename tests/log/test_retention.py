"""Retention: what is too old or too much is removed, and nothing else."""

import sqlite3
from contextlib import closing
from itertools import chain

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.presence import Left
from asyncchat.core.features.reactions import Reacted
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.log import postings, retention, schema
from asyncchat.log.base import Log, Page, PageQuery, RetentionPolicy
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, BERND, START, asynchronous
from tests.log.sqlite_files import HASTY, raw

DAY = 24 * 3600 * 1_000_000
FUTURE = START + 36_500 * DAY
"""Later than any clock of today says: the newest record's time is the present."""


def said(number: int, day: float, room: str = "#lobby", text: str = "") -> Record:
    return Record(number, FUTURE + int(day * DAY), Said(room, ANNA, text or f"text {number}"))


def fact(number: int, day: float, event: Event) -> Record:
    return Record(number, FUTURE + int(day * DAY), event)


async def fill(log: Log, *records: Record) -> None:
    for record in records:
        await log.append(log.last, [record])


async def every_number(log: Log) -> list[int]:
    """The numbers of all readable messages of the lobby, page by page; the oldest page says what is cut."""
    page = await read(log, limit=10_000)
    found = numbers(page)
    while page.more:
        page = await read(log, limit=10_000, before=found[0])
        found = numbers(page) + found
    assert page.cut
    return found


async def read(log: Log, room: str = "#lobby", **window: int) -> Page:
    return await log.read(PageQuery(room, log.last, Window(**window)), 100)  # type: ignore[arg-type]  # none is for newest


def numbers(page: Page) -> list[int]:
    return [record.number for record in page.records]


@asynchronous
async def test_what_is_older_than_its_days_goes_and_its_room_says_so(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(
        log, said(1, 0), said(2, 1), said(3, 1, "#other"), said(4, 9, "#new"), said(5, 10), said(6, 11)
    )
    third = log.ids.id_of(5)
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    page = await read(log)
    assert (numbers(page), page.more, page.cut) == ([5, 6], 0, True)
    assert not (await read(log, limit=1)).cut  # an older one is there
    assert (await read(log, after=1)).cut
    assert not (await read(log, after=2)).cut
    assert not (await read(log, after_time=FUTURE + DAY)).cut
    assert (await read(log, after_time=FUTURE, before_time=FUTURE + 2 * DAY)).cut
    assert (await read(log, before=3)) == Page((), 0, True)
    assert (await read(log, "#other")) == Page((), 0, True)
    assert not (await read(log, "#new")).cut
    assert await log.find(1) is None
    assert log.ids.id_of(5) == third
    assert await log.numbers_by("#lobby", "", log.last) == (5, 6)
    await fill(log, said(7, 12))
    await log.close()
    log = await SqliteLog.open(path)
    assert (log.last, log.messages) == (7, 4)
    assert numbers(await read(log)) == [5, 6, 7]
    await log.close()


@asynchronous
async def test_a_small_history_that_no_index_has_yet_is_cut_too(path):
    log = await SqliteLog.open(path)
    whisper = SaidInPrivate(BERND, ANNA, "psst")
    await fill(log, said(1, 0), fact(2, 0, whisper), said(3, 9), fact(4, 9, whisper), said(5, 10))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    page = await read(log)
    assert (numbers(page), page.cut) == ([3, 5], True)
    await log.close()
    log = await SqliteLog.open(path, tuning=HASTY)
    assert log.messages == 3
    await fill(log, said(6, 10), said(7, 10))
    await log.run_maintenance()
    assert numbers(await read(log)) == [3, 5, 6, 7]
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == 5
    await log.close()


@asynchronous
async def test_nothing_goes_unless_it_is_told_to(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(log, said(1, 0), said(2, 5000))
    await log.run_maintenance()
    log.set_retention(RetentionPolicy(days=7))
    log.set_retention(RetentionPolicy())
    await log.run_maintenance()
    assert (numbers(await read(log)), (await read(log)).cut) == ([1, 2], False)
    await log.close()


@asynchronous
async def test_the_newest_stays_however_old_and_however_large(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    log.set_retention(RetentionPolicy(days=1, megabytes=1))
    for number in range(1, 60):
        await fill(log, said(number, number, text="x" * 30_000))
        await log.run_maintenance()
    assert log.last == 59
    assert numbers(await read(log))[-1] == 59
    await log.close()
    log = await SqliteLog.open(path)
    assert log.last == 59
    await log.close()


@asynchronous
async def test_what_is_in_force_stays_in_force(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    state: list[Event] = [
        RoomOpened("#lobby", 1),
        TopicChanged("#lobby", ANNA, "old", 2),
        TopicChanged("#lobby", ANNA, "in force", 2),
        ServerBanChanged(ANNA, "eve!*@*", True, 3),
        MaskChanged("#lobby", ANNA, "ban", "*!*@h", True, 4),
    ]
    await fill(log, *(fact(number, 0, event) for number, event in enumerate(state, 1)), said(6, 0))
    await log.run_maintenance()
    await fill(log, fact(7, 1, FlagChanged("#lobby", ANNA, "secret", True)), said(8, 20), said(9, 20))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    assert Chat.replay(log.state()).state() == Chat.replay([*state, log_event(7)]).state()
    await log.close()
    kept = raw(path, "SELECT number FROM facts WHERE kept = 1")
    assert kept == [(7,)], "what no snapshot says stays, all before it is in one"
    log = await SqliteLog.open(path)
    assert Chat.replay(log.state()).state() == Chat.replay([*state, log_event(7)]).state()
    await log.close()


def log_event(_number: int) -> Event:
    return FlagChanged("#lobby", ANNA, "secret", True)


@asynchronous
async def test_private_messages_and_acts_go_with_the_texts_of_their_time(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    whisper = SaidInPrivate(BERND, ANNA, "psst, the password is swordfish")
    killed = Killed(BERND, ANNA, "spam")
    await fill(log, fact(1, 0, whisper), fact(2, 0, killed), fact(3, 9, whisper), fact(4, 9, killed))
    await fill(log, said(5, 10), said(6, 10))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    assert await log.find(1) is None
    assert await log.find(3) is not None
    assert [record.number for record in await log.audit(log.last, 0, 10)] == [4]
    assert raw(path, "SELECT count(*) FROM places WHERE first < 3") == [(0,)]
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == 3
    await log.close()


@asynchronous
async def test_what_went_has_left_the_file(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    secret = "correct horse battery staple " * 400
    await fill(log, said(1, 0, text=secret), *(said(number, 9) for number in range(2, 40)))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    await log.close()
    assert b"horse battery" not in path.read_bytes()


@asynchronous
async def test_where_there_is_too_much_the_oldest_goes(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    log.set_retention(RetentionPolicy(megabytes=1))
    for start in range(1, 4001, 500):
        await log.append(log.last, [said(n, 0, text=f"{n} " + "x" * 1000) for n in range(start, start + 500)])
        await log.run_maintenance()
    (pages,), (free,) = raw(path, "PRAGMA page_count", "PRAGMA freelist_count")
    assert 500_000 < (pages - free) * 4096 < 1_100_000  # type: ignore[operator]
    there = await every_number(log)
    assert there == list(range(there[0], 4001))
    assert 200 < len(there) < 1100
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == len(there)
    await log.close()


@asynchronous
async def test_it_goes_in_short_slices(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await log.append(0, [said(number, 0) for number in range(1, 1401)])
    await fill(log, *(said(number, 10) for number in range(1401, 1420)))
    await log.run_maintenance()
    await log.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        keep, now, slices = RetentionPolicy(days=7), FUTURE + 10 * DAY, []
        while part := retention.next_slice(connection, keep, now):
            slices.append(part)
            retention.remove(connection, *part)
    assert slices == [(0, 500), (500, 1000), (1000, 1400)]


@asynchronous
async def test_what_is_erased_before_and_after_does_not_count_twice(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(log, *(said(number, 0) for number in range(1, 9)), said(9, 10), said(10, 10))
    await log.run_maintenance()
    await fill(log, fact(11, 10, Erased("#lobby", ANNA, (2, 9))))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    await fill(log, fact(12, 10, Erased("#lobby", ANNA, (3, 10))), said(13, 10))
    await log.run_maintenance()
    assert numbers(await read(log)) == [13]
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == 1
    await log.close()


@asynchronous
async def test_a_room_of_which_all_was_erased_before_has_no_line(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(log, said(1, 0), fact(2, 0, Erased("#lobby", ANNA, (1,))), said(3, 9), said(4, 9))
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    assert raw(path, "SELECT removed FROM marks") == [(2,)]
    assert not (await read(log)).cut
    await log.close()


def test_lists_are_trimmed(tmp_path):
    def listed(*asked, newest):
        return list(chain.from_iterable(postings.listed_numbers(*asked, newest=newest)))

    path = tmp_path / "chat.db"
    connection = schema.connect(path)
    schema.prepare(connection, path, clean=False)
    rows = [("#a", 1, 0, 3, "1,2,5"), ("#a", 7, 5, 2, "2,9"), ("#a", 20, 15, 1, "5"), ("#b", 3, 0, 1, "3")]
    connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", rows)
    postings.trim(connection, "#a", 10)
    assert listed(connection, "#a", 0, 99, newest=False) == [14, 20]
    assert listed(connection, "#a", 0, 99, newest=True) == [20, 14]
    assert listed(connection, "#b", 0, 99, newest=False) == [3]
    postings.trim(connection, "#a", 99)
    assert listed(connection, "#a", 0, 99, newest=False) == []
    connection.close()


@asynchronous
async def test_a_memory_forgets_too_and_says_so():
    log = MemoryLog()
    log.set_retention(RetentionPolicy(days=7))
    await fill(log, said(1, 0), said(2, 1, "#other"), said(3, 5), said(4, 10))
    assert numbers(await read(log)) == [3, 4]
    assert (await read(log)).cut
    assert not (await read(log, after=1)).cut
    assert (await read(log, "#other")).cut
    assert await log.find(1) is None


@asynchronous
async def test_a_memory_that_is_full_says_so():
    log = MemoryLog(2)
    await fill(log, said(1, 0), said(2, 0))
    assert not (await read(log)).cut
    await fill(log, said(3, 0))
    assert (await read(log)).cut
    assert not (await read(log, limit=1)).cut


@pytest.mark.parametrize("keep", [RetentionPolicy(days=30), RetentionPolicy(megabytes=1)])
@asynchronous
async def test_an_empty_history_is_left_alone(path, keep):
    log = await SqliteLog.open(path, tuning=HASTY)
    log.set_retention(keep)
    await log.run_maintenance()
    assert log.last == 0
    await log.close()


@asynchronous
async def test_a_history_that_is_too_large_becomes_smaller_without_a_quiet_moment(path):
    """A flood that never ends can't fill the disk: as much is removed as is written."""
    log = await SqliteLog.open(path, tuning=Tuning(quiet=3600))
    log.set_retention(RetentionPolicy(megabytes=2))
    for _ in range(8):
        await fill(log, *(said(log.last + n, 1, text="x" * 4000) for n in range(1, 251)))
        await log._maintenance._run_once(quiet=False)
        assert retention.used(log._database.connection) < 2_600_000
    assert 0 < len(await every_number(log)) < 700
    await log.close()


@pytest.mark.parametrize("quiet", [True, False])
@asynchronous
async def test_comings_and_goings_push_out_no_messages(path, quiet):
    log = await SqliteLog.open(path, tuning=Tuning(quiet=3600))
    log.set_retention(RetentionPolicy(megabytes=1))
    await fill(log, *(said(number, 0) for number in range(1, 101)))
    for _ in range(8):
        start = log.last + 1
        gone = [fact(n, 0, Left(ANNA, "x" * 200, rooms=("#lobby",))) for n in range(start, start + 1000)]
        await log.append(log.last, gone)
        await log._maintenance._run_once(quiet=quiet)
        assert retention.used(log._database.connection) < 1_400_000
    page = await read(log, limit=10_000)
    assert (numbers(page), page.cut) == (list(range(1, 101)), False)
    (kept,) = raw(path, "SELECT count(*) FROM facts")
    assert kept >= (500,)
    await log.close()


@asynchronous
async def test_links_to_files_go_with_their_messages_and_with_erased_ones(path):
    old, erased, new = (letter * 26 for letter in "abc")
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(
        log,
        said(1, 0, text=f"/files/{old}-1/a"),
        said(2, 0, text=f"/files/{erased}-1/b"),
        fact(3, 0, Erased("#lobby", ANNA, (2,))),
        said(4, 9, text=f"/files/{new}-1/c"),
        said(5, 10),
    )
    assert await log.links((old, erased, new)) == {old: True, erased: False, new: True}
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    assert await log.links((old, erased, new)) == {new: True}
    await log.close()
    assert raw(path, "SELECT count(*) FROM links") == [(1,)]


@asynchronous
async def test_a_room_with_days_of_its_own_loses_what_is_older_and_no_other_room_does(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(
        log,
        said(1, 0, "#Tea", "tea"),
        said(2, 0),
        fact(3, 1, Reacted("#tea", BERND, 1, "Anna", "+1")),
        fact(4, 1, TopicChanged("#tea", ANNA, "tea", FUTURE)),
        said(5, 9.2, "#tea"),
        said(6, 10.9),
    )
    log.set_retention(RetentionPolicy(rooms={"#tea": 2}))
    await fill(log, said(7, 11, "#tea"))
    await log.run_maintenance()
    page = await read(log, "#tea")
    assert (numbers(page), page.more, page.cut) == ([5, 7], 0, True)
    assert (numbers(await read(log)), (await read(log)).cut) == ([2, 6], False)
    assert (await log.find(1), await log.find(3)) == (None, None)
    assert [type(event) for event in log.state()] == [TopicChanged]
    await fill(log, said(8, 11.05, "#tea"))  # it goes by whole days
    await log.run_maintenance()
    assert numbers(await read(log, "#tea")) == [5, 7, 8]
    await fill(log, said(9, 13))
    await log.run_maintenance()
    assert numbers(await read(log, "#tea")) == [7, 8]
    await log.close()
    log = await SqliteLog.open(path)
    assert (log.last, log.messages) == (9, 5)
    await log.close()


@asynchronous
async def test_the_newest_stays_in_a_room_with_days_of_its_own(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await fill(log, *(said(number, 0) for number in range(1, 1000)))
    log.set_retention(RetentionPolicy(rooms={"#lobby": 1, "#none": 1}))
    await fill(log, fact(1000, 9, Left(ANNA, "bye", 0)))
    await log.run_maintenance()
    assert await read(log) == Page((), 0, True)
    assert log.last == 1000
    await log.close()


@asynchronous
async def test_a_room_with_days_of_its_own_in_memory():
    log = MemoryLog()
    log.set_retention(RetentionPolicy(rooms={"#tea": 2}))
    await fill(
        log,
        said(1, 0, "#tea"),
        said(2, 0),
        fact(3, 1, Reacted("#tea", BERND, 1, "Anna", "+1")),
        said(4, 9, "#tea"),
    )
    page = await read(log, "#tea")
    assert (numbers(page), page.cut) == ([4], True)
    assert (await log.find(1), await log.find(3)) == (None, None)
    assert numbers(await read(log)) == [2]
