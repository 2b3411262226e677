"""Which terminals are sent a notice for the desktop."""

import pytest

from asyncchat.tui.desktop_notices import notice

OSC_9 = "\x1b]9;bob in #tea: come\x07"
OSC_777 = "\x1b]777;notify;bob in #tea;come\x07"


@pytest.mark.parametrize(
    ("environment", "sent"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, OSC_9),
        ({"TERM": "xterm-kitty"}, OSC_9),
        ({"TERM": "xterm-ghostty"}, OSC_9),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, OSC_777),
        ({"TERM": "rxvt-unicode-256color"}, OSC_777),
        ({"TERM": "foot"}, OSC_777),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, ""),
        ({"TERM": "foot", "TMUX": "x"}, ""),
        ({}, ""),
    ],
)
def test_notice(environment, sent):
    assert notice(environment, "bob in #tea", "come") == sent


def test_text_can_t_end_the_sequence():
    sent = notice({"TERM": "foot"}, "b;ob\x07", "a;b\x1b\\c\n\x9cd")
    assert sent.startswith("\x1b]777;notify;b,ob;a,b")
    assert not set("\x07\x1b\x9c\n") & set(sent[2:-1])
