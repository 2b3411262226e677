"""Edits in every log: the new text stands in the place of the old one, and goes with the message."""

import sqlite3

from asyncchat.core.features.edits import Edited, EditedInPrivate, edits_of
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.search import terms_of
from asyncchat.log.base import PageQuery, SearchQuery
from asyncchat.log.sqlite import SqliteLog
from tests.log.records import ANNA, BERND, asynchronous, fact, said
from tests.log.test_contract import opened


def edit(number, message, before, text, room="#lobby"):
    return fact(number, Edited(ANNA, message, before, text, room=room))


async def texts(log, room="#lobby"):
    page = await log.read(PageQuery(room, log.last, Window()))
    return [record.event.text for record in page.records]


@asynchronous
async def test_the_history_has_the_new_text_and_the_numbers_of_the_edits(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1, text="tee"), said(2, text="two"), said(3, "#other", "three")])
        await log.append(3, [edit(4, 1, "tee", "tea"), edit(5, 3, "three", "no: of another room")])
        await log.append(5, [edit(6, 1, "tea", "tea!")])
        assert await texts(log) == ["tea!", "two"]
        assert await texts(log, "#other") == ["three"]
        found = await log.find(1)
        assert edits_of(found.event) == (4, 6)
        first = await log.find(4)
        assert (first.event.before, first.event.text) == ("tee", "tea")


@asynchronous
async def test_a_message_and_its_edit_in_one_append_that_is_repeated(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        batch = [said(1, text="tee"), edit(2, 1, "tee", "tea")]
        await log.append(0, batch)
        await log.append(0, batch)
        assert await texts(log) == ["tea"]


@asynchronous
async def test_an_erased_message_takes_its_earlier_texts_along(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1, text="secret"), edit(2, 1, "secret", "public")])
        await log.append(2, [fact(3, Erased("#lobby", ANNA, (1,))), edit(4, 1, "public", "again")])
        assert await texts(log) == []
        assert await log.find(1) is None
        assert await log.find(2) is None


@asynchronous
async def test_an_edit_that_comes_after_the_message_was_erased_is_blank(kind, tmp_path):
    """It was decided while another asked for the erasure."""
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(1, text="xyzzy1"), fact(2, SaidInPrivate(BERND, ANNA, "xyzzy2"))])
        await log.append(
            2, [fact(3, Erased("#lobby", ANNA, (1,))), fact(4, RedactedInPrivate(BERND, ANNA, 2))]
        )
        late = [
            edit(5, 1, "xyzzy1", "xyzzy3"),
            fact(6, EditedInPrivate(ANNA, 2, "xyzzy2", "xyzzy4", to=BERND)),
        ]
        await log.append(4, late)
        assert [await log.find(number) for number in (1, 2, 5, 6)] == [None] * 4
        await log.append(4, late)
        await log.append(6, [said(7)])
    if isinstance(log, SqliteLog):
        for file in tmp_path.iterdir():
            assert b"xyzzy" not in file.read_bytes()


@asynchronous
async def test_a_private_message(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [fact(1, SaidInPrivate(BERND, ANNA, "tee"))])
        await log.append(1, [fact(2, EditedInPrivate(ANNA, 1, "tee", "tea", to=BERND))])
        found = await log.find(1)
        assert (found.event.text, edits_of(found.event)) == ("tea", (2,))
        await log.append(2, [fact(3, RedactedInPrivate(BERND, ANNA, 1))])
        assert await log.find(1) is None
        assert await log.find(2) is None


@asynchronous
async def test_a_search_finds_the_new_text(kind, tmp_path):
    async with opened(kind, tmp_path) as log:
        await log.append(0, [said(number, text=f"line {number}") for number in range(1, 40)])
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        await log.append(39, [edit(40, 5, "line 5", "the door code")])
        if isinstance(log, SqliteLog):
            await log.run_maintenance()
        found = await log.search(SearchQuery(("#lobby",), log.last, Window(), terms_of("door")))
        assert [record.number for record in found.records] == [5]
        gone = await log.search(SearchQuery(("#lobby",), log.last, Window(limit=100), terms_of('"line 5"')))
        assert 5 not in [record.number for record in gone.records]


@asynchronous
async def test_no_text_of_an_erased_message_stays_in_the_file(tmp_path):
    log = await SqliteLog.open(tmp_path / "chat.db")
    await log.append(0, [said(1, text="xyzzy1"), edit(2, 1, "xyzzy1", "xyzzy2")])
    await log.append(2, [edit(3, 1, "xyzzy2", "xyzzy3"), fact(4, Erased("#lobby", ANNA, (1,)))])
    await log.close()
    with sqlite3.connect(tmp_path / "chat.db") as connection:
        rows = [*connection.execute("SELECT text FROM said"), *connection.execute("SELECT event FROM facts")]
    assert "xyzzy" not in repr(rows)
