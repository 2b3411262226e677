"""The line mode's lines on the screen."""

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from asyncchat.client.slash_commands import COMMANDS
from asyncchat.client.terminal import wrapped
from asyncchat.text.slash import help_text

WIDTH = 40


def rows(text: str, width: int = WIDTH) -> list[str]:
    return ["".join(piece for _, piece in row) for row in wrapped([("", text)], width)]


def test_help_is_cut_at_words():
    listed = help_text(("A note.",), COMMANDS, narrow=True).split("\n")
    shown = [row for line in listed for row in rows(line)]
    assert max(map(len, shown)) <= WIDTH
    assert " ".join(" ".join(shown).split()) == " ".join(" ".join(listed).split())
    assert shown[:5] == [
        "What you type goes to the room; a line",
        "        that begins with / is a command:",
        "  /msg NAME TEXT",
        "      Sends a message to one person",
        "      only.",
    ]


def test_styles_stay_with_their_words():
    line = [("dim", "12:00 "), ("own", "me"), ("", ": "), ("calls", "see the long story")]
    assert wrapped(line, 20) == [
        [("dim", "12:00 "), ("own", "me"), ("", ": "), ("calls", "see the")],
        [("", "     "), ("calls", "long story")],
    ]
    assert rows("12:00 me: see https://example.org/a/b/c for it", 20) == [
        "12:00 me: see https://example.org/a/b/c",
        "     for it",
    ]


@given(st.lists(st.text(" ab三é", max_size=12)), st.integers(4, 30))
def test_nothing_is_lost(texts, width):
    line = [(str(number), text) for number, text in enumerate(texts)]
    found = wrapped(line, width)
    words = "".join(texts).split()
    assert [word for row in found for word in "".join(piece for _, piece in row).split()] == words
    for row in found:
        text = "".join(piece for _, piece in row)
        assert get_cwidth(text) <= width or any(
            get_cwidth(word) > width - width // 4 for word in text.split()
        )
