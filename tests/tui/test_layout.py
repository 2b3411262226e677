"""How a timeline looks as rows of a screen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.client.events import Message
from asyncchat.tui.actions import Standing, message_actions
from asyncchat.tui.conversation import Conversation, Entry, Notice, Said
from asyncchat.tui.layout import Layout
from asyncchat.tui.wrapping import width_of

NOBODY = Standing("me", {})
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def utc(time: datetime) -> datetime:
    return time


def said(text: str, nick: str = "bob", minute: float = 0, **options) -> Said:
    id = options.pop("id", f"e-{text}-{minute}")
    quote = options.pop("quote", "")
    return Said(Message(id, START + timedelta(minutes=minute), "#tea", nick, text, **options), quote=quote)


def shown(layout: Layout) -> list[str]:
    entries = range(len(layout.conversation.entries))
    return ["".join(span.text for span in row).rstrip() for index in entries for row in layout.rows(index)]


def conversation(*entries: Entry) -> Conversation:
    found = Conversation("#tea")
    for entry in entries:
        found.add(entry)
    return found


def test_wide_screen_has_columns():
    first = said("tea at five, and then we will see whether there is any left for those who come later")
    first.reactions = {"👍": {"anna": "anna", "me": "me"}}
    tea = conversation(
        first,
        said("or at four", minute=1),
        said("waves", nick="anna", minute=2, action=True),
        said("fine", nick="me", minute=3, own=True, quote="bob: or at four"),
        Notice(START + timedelta(minutes=4), "carol joined"),
        said("next day", minute=24 * 60),
    )
    tea.unread_from = tea.entries[4]
    assert shown(Layout(tea, 76, utc)) == [
        "───────────────────────────── Sun 22 Nov 2026 ──────────────────────────────",
        "12:00            bob  tea at five, and then we will see whether there is any",
        "                      left for those who come later",
        "                      👍 2",
        "                      or at four",
        "12:02         * anna  waves",
        "                      ┌ bob: or at four",
        "12:03             me  fine",
        "─────────────────────────────── new messages ───────────────────────────────",
        "12:04                 carol joined",
        "───────────────────────────── Mon 23 Nov 2026 ──────────────────────────────",
        "12:00            bob  next day",
    ]


def test_narrow_screens_keep_to_their_width():
    tea = conversation(said("tea at five, or not", nick="an_extremely_long_nickname"), said("ok", minute=1))
    assert shown(Layout(tea, 34, utc)) == [
        "──────── Sun 22 Nov 2026 ─────────",
        "12:00 an_extremely_…: tea at five,",
        "      or not",
        "12:01 bob: ok",
    ]
    assert shown(Layout(tea, 18, utc)) == [
        " Sun 22 Nov 2026"[1:],
        " an_extr…:",
        " tea at five, or",
        " not",
        " bob: ok",
    ]


def test_message_that_was_changed_says_so():
    edited, gone = said("tea at four"), said("secret", minute=1)
    edited.edited = True
    gone.redacted = "anna"
    gone.lines = []
    rows = shown(Layout(conversation(edited, gone), 60, utc))
    assert rows[1:] == ["12:00 bob: tea at four (edited)", "12:01 bob: (taken back by anna)"]


def test_nobody_s_name_is_a_command_for_the_terminal():
    gone = said("secret")
    gone.redacted = "eve\x1b[2J\x9b1m\x07"
    gone.lines = []
    rows = shown(Layout(conversation(gone), 60, utc))
    assert rows[1:] == ["12:00 bob: (taken back by eve)"]


def test_server_s_own_notice_has_no_nick():
    pinned = said("anna pinned a message of bob", nick="chat.example", notice=True)
    assert shown(Layout(conversation(pinned), 60, utc))[1:] == ["12:00 anna pinned a message of bob"]
    (row,) = shown(Layout(conversation(pinned), 80, utc))[1:]
    assert row == f"12:00 {'':16}anna pinned a message of bob"
    assert "chat.example…" not in [a.label for a in message_actions(Conversation("#tea"), pinned, NOBODY)]


def test_link_that_is_cut_still_leads_to_the_whole():
    url = "https://chat.example/a/very/long/path/that/needs/two/rows?x=1"
    layout = Layout(conversation(said(f"see {url}, please")), 40, utc)
    links = [span for row in layout.rows(0) for span in row if span.style == "link"]
    assert len(links) >= 2
    assert {span.link for span in links} == {url}
    assert "".join(span.text for span in links) == url


TEXTS = st.text(st.sampled_from("ab 漢👍\u0301\n—ש http://x.y "), min_size=1, max_size=80)
ENTRIES = st.builds(
    lambda text, nick, minute, action, quote: said(text, nick, minute, action=action, quote=quote),
    TEXTS,
    st.sampled_from(["bob", "an_extremely_long_nickname", "三体"]),
    st.integers(0, 4000),
    st.booleans(),
    st.sampled_from(["", "anna: 三体问题三体问题三体问题"]),
)


@given(
    st.lists(ENTRIES, max_size=8),
    st.lists(ENTRIES, max_size=5),
    st.lists(ENTRIES, max_size=5),
    st.integers(8, 100),
)
def test_heights_are_those_of_the_rows(middle, older, newer, width):
    tea = conversation(*middle)
    layout = Layout(tea, width, utc)
    before = layout.height
    tea.add_older([Notice(entry.time, "x") if entry.message.action else entry for entry in older])
    moved = layout.sync()
    assert layout.height == before + moved
    for entry in newer:
        tea.add(entry)
    if middle:
        middle[0].reactions = {"👍": {"a": "a"}}
        tea.change(middle[0])
        tea.unread_from = middle[-1]
    layout.sync()
    fresh = Layout(tea, width, utc)
    assert layout.height == fresh.height
    top = 0
    for index in range(len(tea.entries)):
        rows = layout.rows(index)
        assert (layout.top_of(index), rows) == (top, fresh.rows(index))
        assert all(layout.index_at(row) == index for row in range(top, top + len(rows)))
        top += len(rows)
        assert all(sum(width_of(span.text) for span in row) <= width for row in rows)
    assert top == layout.height
    layout.set_width(width + 7)
    assert layout.height == Layout(tea, width + 7, utc).height


def test_room_that_was_trimmed_is_shown_from_its_new_beginning():
    tea = conversation(*(said(str(n), minute=n / 60) for n in range(30)))
    layout = Layout(tea, 80, utc)
    tea.trim(10)
    assert layout.sync() == -20
    assert layout.height == Layout(tea, 80, utc).height == 11


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_no_screen_is_too_narrow(width):
    tea = conversation(said("三体 tea"), Notice(START, "x y z"))
    layout = Layout(tea, width, utc)
    assert layout.height == len(shown(layout))
