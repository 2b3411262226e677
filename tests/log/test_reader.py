"""Pages out of the file: as another log gives them, and in few queries."""

from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.topic import TopicChanged
from asyncchat.log import reader, schema, streams
from asyncchat.log.base import PAGE_BYTES, PageQuery, StreamRange
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, START, asynchronous, fact, said

PART = reader._ROWS_AT_ONCE
LIMITS = (0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 1000)


def records() -> list[Record]:
    """Messages of two rooms, a topic between some; at the end, some are erased."""
    found = []
    for number in range(1, 6 * PART):
        if number % 11 == 0:
            found.append(fact(number, TopicChanged("#lobby", ANNA, f"topic {number}", START)))
        else:
            # Long texts end a page within a part.
            text = "x" * (PAGE_BYTES // 8) if number % 50 == 0 else ""
            found.append(said(number, "#lobby" if number % 3 else "#tea", text))
    erased = tuple(number for number in range(1, 6 * PART) if number % 7 == 0 or 90 < number < 90 + 2 * PART)
    return [*found, fact(6 * PART, Erased("#lobby", ANNA, erased))]


@asynchronous
async def test_a_page_of_several_parts_is_as_in_memory(path):
    logs = MemoryLog(), await SqliteLog.open(path, tuning=Tuning(lag=4))
    for log in logs:
        await log.append(0, records())
    last = 6 * PART
    for indexed in (False, True):
        for limit in LIMITS:
            for newest in (True, False):
                for beside in ((), (StreamRange(streams.room_changes("#lobby")),)):
                    for count_to in (0, 1, 2 * PART, 1000):
                        window = Window(before=last - 20, limit=limit, newest=newest)
                        query = PageQuery("#lobby", last, window, beside, bool(beside))
                        in_memory, in_file = [await log.read(query, count_to) for log in logs]
                        numbers = [record.number for record in in_file.records]
                        assert numbers == [record.number for record in in_memory.records]
                        assert in_file.more == in_memory.more, (indexed, query, count_to)
        await logs[1].run_maintenance()
    for log in logs:
        await log.close()


@asynchronous
async def test_a_page_is_read_in_few_queries(path):
    log = await SqliteLog.open(path)
    await log.append(0, [said(number) for number in range(1, 1001)])
    await log.run_maintenance()
    asked: list[str] = []
    connection = schema.connect_to_read(path)
    connection.set_trace_callback(asked.append)
    page = reader.page(connection, PageQuery("#lobby", 1000, Window(before=900, limit=PART)), 1000)
    assert (len(page.records), page.more) == (PART, 899 - PART)
    assert len(asked) <= 8, asked
    connection.close()
    await log.close()
