"""Notices outside the window: what a terminal is sent so that its desktop shows one.

Owns which terminals understand which sequence; a terminal that is not known to is sent none, only the bell.
"""

from collections.abc import Mapping

from asyncchat.tui.wrapping import one_line

_OSC_9 = ("iTerm.app", "WezTerm", "ghostty", "kitty")
"""Terminals that show OSC 9 (iTerm2's notification), by ``TERM_PROGRAM`` or a part of ``TERM``."""

_OSC_777 = ("rxvt", "foot")
"""Terminals that show OSC 777 ``notify`` (urxvt's extension), by a part of ``TERM``; VTE's too."""


def notice(environment: Mapping[str, str], title: str, text: str) -> str:
    """The sequence that shows a notice on the desktop; '' where the terminal has none.

    Multiplexers (tmux, screen) pass no such sequence on; there the bell must do.
    """
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "")
    if "TMUX" in environment or term.startswith(("screen", "tmux")):
        return ""
    title, text = one_line(title, 80), one_line(text, 200)
    if program in _OSC_9 or any(name in term for name in _OSC_9):
        return f"\x1b]9;{title}: {text}\x07"
    if "VTE_VERSION" in environment or any(name in term for name in _OSC_777):
        return f"\x1b]777;notify;{title.replace(';', ',')};{text.replace(';', ',')}\x07"
    return ""
