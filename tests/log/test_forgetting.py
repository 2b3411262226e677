"""What becomes of records when a person is forgotten, and of a forgetting that a crash ends."""

import sqlite3

import pytest
from msgspec.structs import replace

from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.presence import Connected, LoggedIn, NodeStarted
from asyncchat.core.features.reactions import Reacted
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.forgotten import Identity
from asyncchat.core.people import with_account
from asyncchat.log import forgetting, snapshot
from asyncchat.log.base import LogError, PageQuery, SearchQuery
from asyncchat.log.sqlite import SqliteLog
from tests.log.records import ANNA, BERND, START, asynchronous, fact, numbered, said
from tests.log.sqlite_files import HASTY, raw, texts

LOGGED_IN = with_account(ANNA, "Anna")
TEXTS = [
    RoomOpened("#lobby", START),
    Said("#lobby", ANNA, "zjx one"),
    Said("#lobby", BERND, "two"),
    Said("#lobby", LOGGED_IN, "zjx three"),
    SaidInPrivate(BERND, LOGGED_IN, "zjx four"),
    SaidInPrivate(LOGGED_IN, BERND, "five"),
    Reacted("#lobby", BERND, 2, "Anna", "!"),
]


async def filled(path, tuning=HASTY) -> SqliteLog:
    log = await SqliteLog.open(path, tuning=tuning)
    await log.append(0, numbered(TEXTS))
    await log.run_maintenance()
    return log


def traces(path) -> list[str]:
    folder = path.parent
    return [
        file.name for file in folder.iterdir() if b"zjx" in (data := file.read_bytes()) or b"Anna" in data
    ]


@asynchronous
async def test_what_a_crash_interrupts_is_finished_by_the_next_start(path):
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])
    assert (await log.search(SearchQuery(("#lobby",), 8, terms=("zjx",)))).records
    await log.close()  # as far as the history is concerned, a crash
    assert traces(path)
    log = await SqliteLog.open(path, tuning=HASTY)
    assert await texts(log) == ["two"]
    assert log.messages == 3  # with an answer and a reaction
    assert not (await log.search(SearchQuery(("#lobby",), 8, terms=("zjx",)))).records
    await log.run_maintenance()
    await log.close()
    assert traces(path) == []
    assert raw(path, "SELECT event FROM facts WHERE number = 8") == [
        (f'{{"is":"forgotten","name":"","messages":3,"time":{START},"origins":[]}}',)
    ]


@asynchronous
async def test_an_event_that_comes_from_elsewhere_is_enough(path):
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])
    await log.run_maintenance()
    assert await texts(log) == ["two"]
    assert traces(path) == []
    await log.close()


@pytest.mark.parametrize("steps", range(6))
@asynchronous
async def test_whenever_it_ends_the_rest_is_done_later(path, steps, monkeypatch):
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])
    left = iter(range(steps))
    transact = log._writer.transact

    def failing(step):
        if next(left, None) is None:
            raise sqlite3.OperationalError("disk I/O error")
        transact(step)

    monkeypatch.setattr(log._writer, "transact", failing)
    with pytest.raises(LogError):
        await log.forget()
    monkeypatch.undo()
    assert await log.forget()
    assert await texts(log) == ["two"]
    await log.close()
    assert traces(path) == []


@asynchronous
async def test_rows_and_order_stay(path):
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START)), said(9, who=ANNA, text="zjx later")])
    assert await log.forget()
    assert [record.number for record in (await log.read(PageQuery("#lobby", 9))).records] == [3, 9]
    assert log.last == 9
    assert raw(path, "SELECT number, origin, text FROM said WHERE number < 9") == [
        (2, "forgotten!forgotten@forgotten", None),
        (3, BERND.origin, "two"),
        (4, "forgotten!forgotten@forgotten", None),
    ]
    found = await log.find(6)
    assert found is not None
    assert found.event == SaidInPrivate(Identity("anna").without(TEXTS[5]).to, BERND, "five")  # type: ignore[union-attr]
    await log.close()


@asynchronous
async def test_nothing_is_forgotten_without_a_snapshot(path, monkeypatch, caplog):
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])

    def refuse(_facts):
        raise snapshot.NoSnapshot("it would not give the same again of: x")

    monkeypatch.setattr(snapshot, "snapshot", refuse)
    with pytest.raises(LogError, match="no snapshot of its state can be made"):
        await log.forget()
    assert await texts(log) == ["zjx one", "two", "zjx three"]
    await log.close()
    log = await SqliteLog.open(path, tuning=HASTY)  # a chat is served all the same
    assert "It still has somebody who is to be forgotten; the next start tries again" in caplog.text
    assert await texts(log) == ["zjx one", "two", "zjx three"]
    monkeypatch.undo()
    assert await log.forget()
    assert await texts(log) == ["two"]
    await log.close()


@asynchronous
async def test_a_large_file_is_written_anew_on_request(path, monkeypatch):
    monkeypatch.setattr("asyncchat.log.maintenance._VACUUMED_ALWAYS", 0)
    log = await filled(path)
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])
    assert not await log.forget()
    assert await log.forget(vacuum=True)
    await log.close()
    assert traces(path) == []


@asynchronous
async def test_who_logged_in_is_known_by_the_session_from_the_beginning(path):
    guest = with_account(BERND, "")
    log = await SqliteLog.open(path, tuning=HASTY)
    events = [
        NodeStarted("1"),
        Connected(guest, START),
        NodeStarted("1"),
        Connected(guest, START),
        LoggedIn(guest, with_account(guest, "anna")),
        Forgotten("anna", 0, START),
    ]
    await log.append(0, numbered(events))
    assert await log.forget()
    left = raw(path, "SELECT number FROM facts WHERE event <> ''")
    assert left == [(1,), (2,), (3,), (6,)]
    await log.close()


@asynchronous
async def test_traces_are_what_is_not_erased_yet(path):
    log = await filled(path)
    found = await log.traces("ANNA", 7)
    assert (found.rooms, found.private, found.messages) == ({"#lobby": [2, 4]}, {BERND.key: [5]}, 3)
    assert found.origins == {ANNA.origin}
    assert (await log.traces("anna", 7, after=2)).rooms == {"#lobby": [4]}
    assert (await log.traces("anna", 3)).rooms == {"#lobby": [2]}
    await log.append(7, [fact(8, Erased("#lobby", BERND, (2,)))])
    assert (await log.traces("anna", 8)).rooms == {"#lobby": [4]}
    assert (await log.traces("Бернд", 8)).rooms == {"#lobby": [3, 7]}
    await log.close()


def test_the_numbers_of_a_person_are_those_of_each_run():
    sessions = forgetting.Sessions()
    sessions.note({1})  # its run began before what is kept
    sessions.begin(10)
    sessions.begin(20)
    sessions.note({2})
    assert [set(sessions.at(number)) for number in (1, 10, 19, 20, 99)] == [{1}, set(), set(), {2}, {2}]


def test_a_name_with_what_json_escapes_is_found():
    assert forgetting._may_name('{"name":"a\\"\\\\b"}', Identity('a"\\b'))
    assert not forgetting._may_name('{"name":"bob"}', Identity("anna"))


@asynchronous
async def test_a_search_that_reads_the_index_is_waited_for(path):
    log = await filled(path, replace(HASTY, quiet=0.01))
    await log.append(7, [fact(8, Forgotten("anna", 3, START))])
    reading = sqlite3.connect(f"{path}-search", isolation_level=None, check_same_thread=False)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM volumes").fetchone()
    with pytest.raises(LogError, match="The search's index is read all the time"):
        await log.forget()
    reading.close()
    assert await log.forget()
    await log.close()
    assert traces(path) == []
