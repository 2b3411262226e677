"""Searches and pages of an archive, asked of our own server: short runs, with right and wrong answers."""

import sqlite3
from contextlib import closing
from itertools import islice

import pytest

from asyncchat.bench import archive, report
from asyncchat.bench.archive import Archives
from asyncchat.bench.queries import pages, searches
from asyncchat.bench.run import Settings, compare
from asyncchat.bench.scenario import SCENARIOS, Scenario, ScenarioError
from asyncchat.bench.search_index import IndexWatch
from asyncchat.bench.servers import Own, Peer, Remote
from asyncchat.errors import AsyncChatError


def silent(text: str) -> None:
    """Show no progress."""


def short(name: str):
    return SCENARIOS[name].sized(2000).timed(0.3, 0.05)


@pytest.mark.parametrize("name", ["search", "history"])
def test_an_archive_is_read(name):
    found = compare([[short(name)]], [Own(), Peer("inspircd")], Settings(), runs=1, progress=silent)
    [series] = found.comparisons[0].series  # the peer has no archive
    metrics = series.median
    assert metrics.faults == ""
    assert {"queries_per_s", "start_seconds", "first_ms"} <= metrics.values.keys()
    assert "complete" in report.table(found)


def test_an_archive_is_made_once_and_copied_with_its_index(tmp_path):
    said: list[str] = []
    archives = Archives(tmp_path, said.append)
    for name in ("one.db", "two.db"):
        archives.copy(1000, tmp_path / name)
    assert len([line for line in said if "index" in line]) == 1
    path = tmp_path / "two.db"
    assert IndexWatch(path, 1).lacks() == 0
    with closing(sqlite3.connect(path)) as history:
        where = f"room = '{archive.ROOM}'"
        assert history.execute(f"SELECT count(*) FROM said WHERE {where}").fetchone() == (50,)  # noqa: S608
        for word, count in ((archive.RARE, archive.RARE_COUNT), (archive.ABSENT, 0)):
            found = history.execute(f"SELECT count(*) FROM said WHERE {where} AND instr(text, ?)", (word,))  # noqa: S608
            assert found.fetchone() == (count,)


def test_searches_are_of_three_kinds():
    assert [question.expected for question in islice(searches(2000), 3)] == [50, archive.RARE_COUNT, 0]


def test_wrong_answers_are_faults(monkeypatch):
    class Forgetful(Archives):
        def copy(self, rows, database):
            super().copy(rows, database)
            with closing(sqlite3.connect(database, isolation_level=None)) as history:
                history.execute("UPDATE said SET text = 'x'")

    monkeypatch.setattr("asyncchat.bench.run.Archives", Forgetful)
    found = compare([[short("search")]], [Own()], Settings(), runs=1, progress=silent)
    assert found.faulty()
    [example, *_] = found.comparisons[0].series[0].median.examples
    assert example == "SEARCH in=#lobby;text=the;limit=50: 0 messages, not 50"


def test_pages_come_from_both_ends():
    newest, far = islice(pages(1_000_000), 2)
    assert (newest.line, newest.expected) == ("CHATHISTORY LATEST #lobby * 50", 50)
    assert far.line.startswith("CHATHISTORY BEFORE #lobby timestamp=")


def test_a_load_beside_an_archive_that_is_indexed_meanwhile():
    load = Scenario("few", clients=3, senders=1, rate=20.0, seconds=0.2, warmup=0.05)
    targets = [Own(), Own(rows=2000, name="full"), Own(rows=2000, indexed=False, name="indexing")]
    found = compare([[load]], targets, Settings(), runs=1, progress=silent)
    empty, full, indexing = (series.median for series in found.comparisons[0].series)
    assert not found.faulty()
    assert empty.values["index_lacked"] < 1000
    assert full.values["index_lacked"] < 1000
    assert any("the search's index lacked" in note for note in indexing.notes)


def test_what_can_not_be_run():
    with pytest.raises(ScenarioError, match="rows must be 1000 to"):
        SCENARIOS["search"].sized(10)
    assert not Remote("irc://127.0.0.1:1").speaks("archive")
    with pytest.raises(AsyncChatError, match="leave out --no-history"):
        compare([[short("search")]], [Own(history=False)], Settings(), runs=1, progress=silent)
