"""What terminals send for keys, and what Textual makes of it."""

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from asyncchat.tui import terminal_keys


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        *((f"\x1b{digit}", f"alt+{digit}") for digit in range(1, 10)),
        ("\x1b\r", "alt+enter"),
        ("\x1b[13;3u", "alt+enter"),
        ("\x1b[49;3u", "alt+1"),
        ("\r", "enter"),
        ("\n", "ctrl+j"),
        ("\x1ba", "alt+a"),
        ("\x1bw", "alt+w"),
        ("\x1b[1;3A", "alt+up"),
        ("\x1b[1;5B", "ctrl+down"),
        ("¡", "inverted_exclamation_mark"),
        ("1", "1"),
    ],
)
def test_keys(sent, key):
    terminal_keys.correct()
    parser = XTermParser(False)
    events = [*parser.feed(sent), *parser.feed("")]
    assert [event.key for event in events if isinstance(event, Key)] == [key]
