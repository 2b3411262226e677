"""What the logs of other programs say, and that it becomes a history that a server reads."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.control.foreign_logs import READERS, ImportFault, Line, keep, read
from asyncchat.core.features.messages import Said, Speech
from asyncchat.core.text import TEXT_BYTES
from asyncchat.log.base import PageQuery
from asyncchat.log.memory import MemoryLog

IRSSI = """\
12:00 < lost> before any day
--- Log opened Sat Nov 28 23:58:00 2026
23:58 -!- anna [~a@h] has joined #tea
23:59 < anna> good evening
--- Day changed Sun Nov 29 2026
00:01:30 <@bob> <hello> all
00:02  * anna waves
00:03 -bob:#tea- a notice
00:04 <+eve> \n\
--- Log closed Sun Nov 29 00:05:00 2026
"""
WEECHAT = """\
2026-11-29 10:02:33\t@anna\thello\tyou
2026-11-29 10:02:34\t-->\tx (x@y) has joined #chat
2026-11-29 10:02:34\t--\tMode #chat [+n]
2026-11-29 10:02:35\t *\tbob dances well
2026-11-29T10:02:36.123456Z\tbob\tin UTC
2026-13-40 10:02:35\tbob\tno such day
2026-11-29 25:02:35\tbob\tno such hour
"""
ZNC = """\
[10:02:33] <anna> build 1
[10:02:34] *** Joins: x (x@y)
[10:02:35] * bob laughs
[10:02:36] -bob- careful
"""
ERGO = """\
{"Type":1,"Nick":"eve!u@h","AccountName":"eve","Message":{"Message":"","Msgid":"x","Split":[\
{"Message":"one","Concat":false},{"Message":"two","Concat":false},{"Message":" three","Concat":true}],\
"Time":"2026-11-29T08:00:00.5Z"},"Tags":null,"Params":[""],"CfCorrespondent":"#ergo"}
{"Type":1,"Nick":"eve!u@h","Message":{"Message":"\\u0001ACTION nods\\u0001","Time":"2026-11-29T08:00:01Z"},\
"CfCorrespondent":"#ergo"}
{"Type":1,"Nick":"eve!u@h","Message":{"Message":"secret","Time":"2026-11-29T08:00:02Z"},"CfCorrespondent":"bob"}
{"Type":3,"Nick":"eve!u@h","Message":{"Time":"2026-11-29T08:00:02Z"},"CfCorrespondent":"#ergo"}
{"Type":1}
"""

ACTION, NOTICE = Speech.ACTION, Speech.NOTICE


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("name", "text", "room", "said"),
    [
        (
            "#tea.log",
            IRSSI,
            "#tea",
            [
                ("28 23:59:00", "anna", "good evening"),
                ("29 00:01:30", "bob", "<hello> all"),
                ("29 00:02:00", "anna", "waves", ACTION),
                ("29 00:03:00", "bob", "a notice", NOTICE),
            ],
        ),
        (
            "irc.libera.#chat.weechatlog",
            WEECHAT,
            "#chat",
            [
                ("29 10:02:33", "anna", "hello\tyou"),
                ("29 10:02:35", "bob", "dances well", ACTION),
                ("29 10:02:36", "bob", "in UTC"),
            ],
        ),
        (
            "#ci/2026-11-27.log",
            ZNC,
            "#ci",
            [
                ("27 10:02:33", "anna", "build 1"),
                ("27 10:02:35", "bob", "laughs", ACTION),
                ("27 10:02:36", "bob", "careful", NOTICE),
            ],
        ),
        ("me_net_#ci_20261127.log", ZNC[:33], "#ci", [("27 10:02:33", "anna", "build 1")]),
        (
            "export.json",
            ERGO,
            "#ergo",
            [("29 08:00:00", "eve", "one\ntwo three"), ("29 08:00:01", "eve", "nods", ACTION)],
        ),
        ("#none.log", "nothing that anybody knows\n", "#none", []),
    ],
)
def test_what_was_said(tmp_path, name, text, room, said):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    found = read(file)
    assert [(f"{line.time.astimezone(UTC):%d %H:%M:%S}", *line[1:4]) for line in found] == [
        (*one, Speech.MESSAGE)[:4] for one in said
    ]
    assert {line.room for line in found} <= {room}
    assert {line.room for line in read(file, "#other")} <= {"#other"}


def test_which_room_it_is_must_be_known(tmp_path):
    file = tmp_path / "2026-11-27.log"
    file.write_text(ZNC)
    with pytest.raises(ImportFault, match="does not say of which room it is: --room"):
        read(file)
    assert read(file, "#ci", "irssi") == []
    with pytest.raises(ImportFault, match="can't be read: No such file"):
        read(tmp_path / "none")


@given(st.sampled_from(sorted(READERS)), st.lists(st.sampled_from([*IRSSI, *ZNC, *ERGO, "\t", "\x00", "é"])))
def test_no_lines_raise(program, characters):
    lines = "".join(characters).split("\n")
    for line in READERS[program](Path("2026-02-31"), lines):
        assert line.time.tzinfo is not None


def test_messages_are_kept_in_the_order_of_their_times():
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    lines = [
        Line(at.replace(hour=13), "bob", "second", room="#tea"),
        Line(at, "a!n@na", "first\0\nline", room="#tea"),
        Line(at, "anna", "é" * TEXT_BYTES, room="#ci"),
    ]

    async def scene() -> None:
        log = MemoryLog()
        await keep(log, lines)
        page = await log.read(PageQuery("#TEA", log.last))
        events = [record.event for record in page.records]
        assert [(event.person.origin, event.text) for event in events if isinstance(event, Said)] == [
            ("a_n_na!a_n_na@imported", "first\nline"),
            ("bob!bob@imported", "second"),
        ]
        (long,) = (await log.read(PageQuery("#ci", log.last))).records
        assert isinstance(long.event, Said)
        assert len(long.event.text.encode()) == TEXT_BYTES
        with pytest.raises(ImportFault, match="a new history"):
            await keep(log, lines)
        await log.close()

    asyncio.run(scene())
