"""Searches over every log find what a naive reading finds, at any state of the index."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, Speech
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.search import UNSEEN, matches_terms, terms_of
from asyncchat.core.names import fold
from asyncchat.log import search
from asyncchat.log.base import Log, SearchQuery
from asyncchat.log.memory import MemoryLog
from asyncchat.log.rows import RowBatch
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, BERND, START, any_event, asynchronous, fact, rooms, said

SMALL = Tuning(lag=4, quiet=0.001, volume=8, slice=3, search_for=3600.0)
"""Several volumes within a few records, indexed at once."""

LAZY = Tuning(lag=10**6, quiet=3600.0, volume=8, slice=3, search_for=3600.0)
"""Nothing is indexed but by ``run_maintenance``."""

PRIVATE = Tuning(search_turn=0.0, search_for=3600.0, volume=8, slice=3, lag=4, quiet=0.001)
"""Each step of a search looks at one message, or at one part."""

LOGS = {"memory": None, "small": SMALL, "lazy": LAZY, "private": PRIVATE, "usual": Tuning(search_for=3600.0)}


@pytest.fixture(params=LOGS)
def kind(request):
    return request.param


@asynccontextmanager
async def opened(kind: str, folder: Path):
    tuning = LOGS[kind]
    log: Log = MemoryLog() if tuning is None else await SqliteLog.open(folder / "chat.db", tuning=tuning)
    try:
        yield log
    finally:
        await log.close()


def naive(records: list[Record], query: SearchQuery) -> list[int]:
    """All that a search must find, the plainest way."""
    room_of: dict[int, str] = {}
    """The room to which each message belongs at the end."""
    for record in records:
        event = record.event
        if isinstance(event, Said):
            room_of[record.number] = fold(event.room)
        elif isinstance(event, RoomRenamed) and fold(event.room) != fold(event.to):
            for number, room in list(room_of.items()):
                if room == fold(event.to):
                    del room_of[number]
                elif room == fold(event.room):
                    room_of[number] = fold(event.to)
        elif isinstance(event, Erased):
            for number in event.numbers:
                if room_of.get(number) == fold(event.former_room or event.room):
                    del room_of[number]
    window = query.window
    found = []
    for record in records:
        event = record.event
        if (
            isinstance(event, Said)
            and event.speech not in UNSEEN
            and room_of.get(record.number) in query.rooms
            and (not query.name or event.person.key == query.name)
            and record.number <= query.upto
            and (window.after is None or record.number > window.after)
            and (window.before is None or record.number < window.before)
            and (window.after_time is None or record.time > window.after_time)
            and (window.before_time is None or record.time < window.before_time)
            and matches_terms(event.text, query.terms)
        ):
            found.append(record.number)
    return found


async def all_pages(log: Log, query: SearchQuery) -> list[int]:
    """Every page of a search, one after the other."""
    found: list[int] = []
    window = query.window
    while True:
        page = await log.search(msgspec.structs.replace(query, window=window))
        numbers = [record.number for record in page.records]
        assert len(numbers) <= window.limit
        assert numbers == sorted(numbers)
        if window.newest:
            found = numbers + found
            following = msgspec.structs.replace(window, before=page.reached)
        else:
            found += numbers
            following = msgspec.structs.replace(window, after=page.reached)
        if page.reached is None:
            return found
        assert following != window, "a search does not go on"
        window = following


async def fill(log: Log, texts: list[str], room: str = "#lobby") -> None:
    start = log.last
    await log.append(start, [said(n, room, text) for n, text in enumerate(texts, start + 1)])


async def numbers(log: Log, typed: str, **wanted: object) -> list[int]:
    window = {name: wanted.pop(name) for name in Window.__struct_fields__ if name in wanted}
    query = {
        "rooms": ("#lobby",),
        "upto": log.last,
        "window": Window(**window),  # type: ignore[arg-type]  # each test gives fitting values
        "terms": terms_of(typed),
        **wanted,
    }
    return [record.number for record in (await log.search(SearchQuery(**query))).records]  # type: ignore[arg-type]  # as above


@asynchronous
async def test_words_phrases_and_any_script(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await fill(
            log,
            [
                "The build failed again",
                "failed, the build",
                "Сборка УПАЛА снова",
                "構築に失敗しました",
                "ok",
                "naïve café",
                'say "hi" OR NOT * AND ^x',
                "two\nlines",
            ],
        )
        for _ in range(2):
            assert await numbers(log, "build failed") == [1, 2]
            assert await numbers(log, '"build failed"') == [1]
            assert await numbers(log, "упала СБОРКА") == [3]
            assert await numbers(log, "失敗") == [4]
            assert await numbers(log, "失") == [4]
            assert await numbers(log, "ok") == [5]
            assert await numbers(log, "k") == [5]
            assert await numbers(log, "CAFE naive") == [6]
            assert await numbers(log, '"hi"') == [7]
            assert await numbers(log, "not * and ^x") == [7]
            assert await numbers(log, '"two lines"') == [8]
            assert await numbers(log, "uild") == [1, 2]
            assert await numbers(log, "nothing") == []
            assert await numbers(log, "zz") == []
            if isinstance(log, SqliteLog):
                await log.run_maintenance()


@asynchronous
async def test_rooms_people_times_and_pages(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await fill(log, [f"text {n}" for n in range(1, 31)])
        await log.append(30, [said(31, "#other", "text here", BERND)])
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        both = ("#lobby", "#other")
        assert await numbers(log, "text", rooms=both, limit=3) == [29, 30, 31]
        assert await numbers(log, "text", rooms=both, limit=3, newest=False) == [1, 2, 3]
        assert await numbers(log, "text", limit=2, before=10) == [8, 9]
        assert await numbers(log, "text", limit=2, after=10, newest=False) == [11, 12]
        assert await numbers(log, "text", upto=3) == [1, 2, 3]
        assert await numbers(log, "", rooms=both, name=BERND.key) == [31]
        assert await numbers(log, "", name=BERND.key) == []
        assert await numbers(log, "text", rooms=()) == []
        times = {"after_time": START + 5_000_000, "before_time": START + 8_000_000}
        assert await numbers(log, "text", **times) == [6, 7]
        page = await log.search(SearchQuery(both, log.last, Window(limit=31)))
        assert (len(page.records), page.reached) == (31, None)
        page = await log.search(SearchQuery(both, log.last, Window(limit=30)))
        assert (len(page.records), page.reached, page.time) == (30, 2, START + 2_000_000)


@asynchronous
async def test_the_erased_is_not_found(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await fill(log, ["a secret", "another", "a secret too"])
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        await log.append(3, [fact(4, Erased("#lobby", ANNA, (1,)))])
        assert await numbers(log, "secret") == [3]
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        assert await numbers(log, "secret") == [3]


@asynchronous
async def test_what_no_person_reads_is_not_found(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(
            0, [fact(n, Said("#lobby", ANNA, "VERSION", speech)) for n, speech in enumerate(Speech, 1)]
        )
        for _ in range(2):
            assert await numbers(log, "version") == [1, 2, 3]
            if isinstance(log, SqliteLog):
                await log.run_maintenance()


@asynchronous
async def test_a_search_that_takes_too_long_says_how_far_it_came(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "SCAN_ROWS", 10)
    tuning = Tuning(lag=10**6, quiet=3600.0, search_turn=0.0, search_for=0.0)
    log = await SqliteLog.open(tmp_path / "chat.db", tuning=tuning)
    await fill(log, ["needle", *["hay"] * 99])
    page = await log.search(SearchQuery(("#lobby",), log.last, terms=("needle",)))
    assert page.records == ()
    assert page.reached is not None
    tuning = Tuning(lag=10**6, quiet=3600.0, search_turn=0.0, search_for=1e-9)
    await log.close()
    log = await SqliteLog.open(tmp_path / "chat.db", tuning=tuning)
    page = await log.search(SearchQuery(("#lobby",), log.last, terms=("needle",)))
    assert page.reached == 91
    assert not page.indexing  # the index always lacks a few
    assert page.time == START + 91_000_000
    assert await all_pages(log, SearchQuery(("#lobby",), log.last, terms=("needle",))) == [1]
    await log.close()


@asynchronous
async def test_a_search_says_that_the_index_is_being_made(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "SCAN_ROWS", 10)
    tuning = Tuning(quiet=3600.0, search_turn=0.0, search_for=1e-9, slice=8, volume=200)
    log = await SqliteLog.open(tmp_path / "chat.db", tuning=tuning)
    await fill(log, ["needle", *["hay"] * 99])
    for newest in (True, False):
        query = SearchQuery(("#lobby",), log.last, Window(newest=newest), terms=("nothing",))
        page = await log.search(query)
        assert (page.records, page.reached, page.indexing) == ((), 91 if newest else 10, True)
    await log.run_maintenance()
    page = await log.search(SearchQuery(("#lobby",), log.last, terms=("nothing",)))
    assert (page.reached, page.indexing) == (None, False)
    await log.close()


@asynchronous
async def test_searches_beside_each_other_and_beside_the_indexing(tmp_path):
    async with opened("small", tmp_path) as log:
        for _ in range(10):
            await fill(log, [f"word {n}" for n in range(20)])
            query = SearchQuery(("#lobby",), log.last, Window(limit=7), ("word",))
            expected = list(range(1, log.last + 1))
            found = await asyncio.gather(*(all_pages(log, query) for _ in range(5)))
            assert found == [expected] * 5


@asynchronous
async def test_in_memory_a_pass_of_the_loop_looks_at_one_long_text_for_all_searches():
    log = MemoryLog()
    await fill(log, ["word " * 1600] * 10)
    query = SearchQuery(("#lobby",), log.last, Window(limit=20), ("nothing",))
    passes = 0

    async def count() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(log.search(query) for _ in range(4)))
    counting.cancel()
    assert passes >= 4 * 10


letters = st.sampled_from(
    ["a", "b", "A", "ß", "é", "Ж", "ж", "ё", "東", "京", " ", '"', "*", "\0", "\n", "ﬀ", "😀"]
)
short_texts = st.text(letters, min_size=1, max_size=8)
wild_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
speakers = st.sampled_from([ANNA, BERND])
messages = st.builds(Said, rooms, speakers, st.one_of(short_texts, wild_texts), st.sampled_from(Speech))
erasures = st.builds(Erased, rooms, speakers, st.lists(st.integers(1, 30), max_size=4).map(tuple))
batches = st.lists(
    st.lists(st.one_of(messages, messages, messages, erasures, any_event), min_size=1, max_size=8), max_size=6
)


@st.composite
def cases(draw):
    """Batches of events, whether all is indexed after each, and what to search for."""
    told = draw(batches)
    settled = draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    texts = [event.text for batch in told for event in batch if isinstance(event, Said)]
    terms: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        text = draw(st.sampled_from(texts)) if texts and draw(st.booleans()) else draw(short_texts)
        start = draw(st.integers(0, len(text) - 1)) if text else 0
        terms += terms_of(f'"{text[start : start + draw(st.integers(1, 6))].replace(chr(34), "")}"')
    number = st.none() | st.integers(0, 50)
    query = {
        "rooms": tuple(dict.fromkeys(map(fold, draw(st.lists(rooms, max_size=3))))),
        "upto": draw(st.integers(0, 60)),
        "terms": tuple(terms),
        "name": draw(st.sampled_from(["", ANNA.key, BERND.key])),
        "window": Window(
            after=draw(number), before=draw(number), limit=draw(st.integers(1, 5)), newest=draw(st.booleans())
        ),
    }
    return told, settled, query


@settings(deadline=None)
@given(cases(), st.sampled_from(["memory", "lazy", "private"]))
def test_a_search_finds_what_a_naive_reading_finds(case, kind):
    told, settled, wanted = case

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(kind, Path(folder)) as log:
                records: list[Record] = []
                for batch, settle in zip(told, settled, strict=True):
                    new = [fact(number, event) for number, event in enumerate(batch, log.last + 1)]
                    await log.append(log.last, new)
                    records += new
                    if settle and isinstance(log, SqliteLog):
                        await log.run_maintenance()
                # What was said moves with its room at once: as of before that, nobody asks.
                moved = any(isinstance(record.event, RoomRenamed) for record in records)
                upto = log.last if moved else min(wanted["upto"], log.last)
                query = SearchQuery(**{**wanted, "upto": upto})
                assert await all_pages(log, query) == naive(records, query)

    asyncio.run(run())


HOSTILE = (
    '"',
    '""" OR "',
    "a*",
    "NEAR(a b)",
    "text:a OR room:b",
    "' OR 1=1 --",
    "^a -b",
    "%_\\",
    "a" * 8000,
    "ab" * 4000,
    " ".join(f"w{number}" for number in range(16)),
    "\u0301" * 4000,
    "\U0010ffff\ufffe\uffff",
    "\0 \x1b[31m",
    "words0 found sqlite_schema",
)


@asynchronous
async def test_what_is_searched_for_is_text_in_any_language_of_queries(path):
    """Quotes, operators and prefixes of FTS5 and SQL find themselves; the longest term asks few trigrams."""
    log = await SqliteLog.open(path, tuning=LAZY)
    texts = [*HOSTILE, *(text[: len(text) // 2] for text in HOSTILE), "a b text room NEAR OR"]
    texts = [text.replace("\0", " ") or "x" for text in texts]
    await log.append(0, [said(number, text=text) for number, text in enumerate(texts, 1)])
    records = [said(number, text=text) for number, text in enumerate(texts, 1)]
    for _ in range(2):
        for text in HOSTILE:
            terms = terms_of(text)[:16]
            query = SearchQuery(("#lobby",), log.last, Window(limit=100), terms)
            found = await log.search(query)
            assert found.reached is None
            assert [record.number for record in found.records] == naive(records, query), text[:30]
        await log.run_maintenance()  # by the index then
    await log.close()


@pytest.mark.parametrize("length", [3, 100, 8000])
def test_a_query_of_the_index_is_bounded_however_long_a_term_is(length):
    terms = tuple("".join(chr(0x4E00 + at) for at in range(length)) for _ in range(16))
    expression = search._expression(None, SearchQuery(("#a",), 1, terms=terms), 0)  # type: ignore[arg-type]
    assert expression.count(" AND ") <= 16 * search._MAX_TRIGRAMS


@asynchronous
async def test_a_search_that_reads_holds_up_no_commit(path):
    log = await SqliteLog.open(path, tuning=LAZY)
    await log.append(0, [said(1)])
    await log.run_maintenance()
    query = SearchQuery(("#lobby",), log.last, Window(limit=10), terms_of("text"))
    assert len((await log.search(query)).records) == 1
    connection = log._search_connection
    assert connection is not None
    connection.execute("BEGIN")
    assert connection.execute("SELECT count(*) FROM said, found.volumes").fetchone() == (1,)
    # On the loop, where no lock is waited for.
    log._writer.commit(RowBatch(1, log.last_time, [said(2)]))
    await log.run_maintenance()
    connection.execute("ROLLBACK")
    assert len((await log.search(msgspec.structs.replace(query, upto=2))).records) == 2
    await log.close()
