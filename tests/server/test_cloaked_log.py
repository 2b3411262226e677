"""What was written before there were cloaks shows no addresses."""

import asyncio

from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said
from asyncchat.core.features.rooms import Joined
from asyncchat.core.people import person
from asyncchat.log.base import PageQuery, SearchQuery
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cloaked_log import cloaked
from asyncchat.server.cloaks import Cloaks

OLD = person(0, "old", "u", "203.0.113.7")
V6 = person(0, "six", "u", "2001:db8::7")
NEW = person(0, "new", "u", "k3xq7a.p5mzd2.h4ncyw.ip", address="203.0.113.7")


def written():
    log = MemoryLog()
    events = [
        Said("#tea", OLD, "tea"),
        Said("#tea", NEW, "tea"),
        Said("#tea", V6, "tea"),
        Joined("#tea", OLD),
    ]
    records = [Record(number, number, event) for number, event in enumerate(events, 1)]
    asyncio.run(log.append(0, records))
    return log


async def read(log):
    shown = [*(await log.read(PageQuery("#tea", 4, Window(limit=9)))).records]
    shown += (await log.search(SearchQuery(("#tea",), 4, Window(limit=9), ("tea",)))).records
    shown += [record for _, record in await log.newest(("#tea",), (), 4)]
    shown.append(await log.find(1))
    return shown


def test_addresses_are_hidden_in_all_that_is_read():
    log = written()
    cloaks = Cloaks(b"k" * 32)
    shown = asyncio.run(read(cloaked(log, cloaks)))
    assert len(shown) == 8
    assert "203.0.113.7" not in repr(shown).replace(repr(NEW), "")
    assert "2001:db8" not in repr(shown)
    assert shown[0].event.person.origin == f"old!u@{cloaks.of('203.0.113.7')}"
    assert shown[1].event.person == NEW


def test_without_cloaks_they_are_shown():
    log = written()
    assert cloaked(log, Cloaks(b"")) is log


def test_who_stays_from_before_has_a_cloak():
    cloaks = Cloaks(b"k" * 32)
    hidden = cloaks.hide(OLD)
    assert (hidden.host, hidden.address) == (cloaks.of("203.0.113.7"), "203.0.113.7")
    for host in ("localhost", "user/anna", "a.b.c.ip", "example.org", "box7", ""):
        other = person(0, "a", "u", host)
        assert cloaks.hide(other) is other
