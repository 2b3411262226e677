"""Messages as lines, JSON, Markdown and HTML: nothing in one becomes a command, markup or a script."""

import json
import time

import pytest

from asyncchat.client import transcript

MESSAGE = {
    "id": "ab-1",
    "time": "2026-11-30T12:14:05.250Z",
    "room": "#ci",
    "name": "anna",
    "kind": "message",
    "text": "one\ntwo",
    "edited": False,
    "reply_to": "",
}
GAP = {"kind": "gap", "room": "#ci"}


@pytest.fixture(autouse=True)
def utc():
    """The reader's zone is UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_json_has_what_is_promised():
    assert json.loads(transcript.as_json(MESSAGE)) == {
        "id": "ab-1",
        "time": "2026-11-30T12:14:05.250Z",
        "room": "#ci",
        "nick": "anna",
        "text": "one\ntwo",
        "kind": "message",
    }
    assert json.loads(transcript.as_json(GAP)) == GAP
    assert "\n" not in transcript.as_json(MESSAGE)


def test_each_line_has_its_speaker():
    assert transcript.as_lines(MESSAGE) == "2026-11-30 12:14:05 anna: one\n2026-11-30 12:14:05 anna: two"
    action = {**MESSAGE, "kind": "action", "text": "waves"}
    assert transcript.as_lines(action) == "2026-11-30 12:14:05 * anna waves"
    assert transcript.as_lines(GAP) == "-- some messages are missing here --"


def test_no_form_passes_on_what_a_terminal_obeys():
    evil = {**MESSAGE, "text": "\x1b[31mred\x07\r\nx", "name": "a\x1b[2Jb"}
    hidden = transcript.as_json({**MESSAGE, "text": "a\x9b2J\u202eb\ud800"})
    assert hidden.isascii()
    assert json.loads(hidden)["text"] == "a\x9b2J\u202eb\ud800"
    forms = [transcript.as_lines(evil), transcript.text_of(evil), transcript.as_json(evil)]
    forms += ["".join(write("#c\x1bi", [evil])) for write in (transcript.markdown, transcript.html)]
    assert [form for form in forms if "\x1b" in form or "\x07" in form] == []


def test_html_has_no_markup_of_people():
    evil = {**MESSAGE, "text": "<script>alert(1)</script>", "name": '"><img src=x>', "id": 'x"onload="'}
    page = "\n".join(transcript.html("#<b>", [evil]))
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>&" in page
    assert 'id="x&quot;onload=&quot;"' in page


def test_html_has_links_and_code():
    text = 'see http://x.example/?a=1&b="2 and\n```sh\nls <x>\n```'
    page = "\n".join(transcript.html("#ci", [{**MESSAGE, "text": text}]))
    assert '<a href="http://x.example/?a=1&amp;b=" rel="noreferrer">http://x.example/?a=1&amp;b=</a>' in page
    assert "<pre>ls &lt;x&gt;</pre>" in page


def test_days_have_headings():
    later = {**MESSAGE, "id": "ab-2", "time": "2026-12-01T00:00:00.000Z"}
    text = "".join(f"{line}\n" for line in transcript.markdown("#ci", [MESSAGE, MESSAGE, later]))
    assert text.startswith("# #ci\n\n## 2026-11-30\n\n**anna** 12:14\n\none\ntwo\n")
    assert text.count("## 2026-11-30") == text.count("## 2026-12-01") == 1
    page = "".join(transcript.html("#ci", [MESSAGE, later]))
    assert page.count("<h2>") == 2
