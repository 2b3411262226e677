"""Where the person types: a few lines, completion, a paste of any length, earlier lines.

Owns the keys of typing; must not know what becomes of a text.
"""

from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from asyncchat.tui.completion import Completion

HISTORY = 200
"""Most earlier lines kept."""


class Composer(TextArea):
    """The input. Enter sends, Alt-Enter begins a line, Tab completes.

    Args:
        complete: what the text before the cursor may become.
    """

    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 6;
        padding: 0 1;
        border: none;
        background: $surface;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: $foreground 5%; }
        & .text-area--cursor-line { background: transparent; }
    }
    """

    class Sent(Message):
        """Enter was pressed; ``text`` is what was typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Typed(Message):
        """The text has changed by typing."""

    class Completed(Message):
        """Tab was pressed: ``words`` are what fits, of which number ``chosen`` stands in the text."""

        def __init__(self, words: tuple[str, ...], chosen: int) -> None:
            super().__init__()
            self.words = words
            self.chosen = chosen

    class Upwards(Message):
        """Up was pressed in the first line of nothing."""

    def __init__(self, complete: Callable[[str], Completion]) -> None:
        super().__init__(
            id="composer",
            compact=True,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder="Write a message, or / for commands",
        )
        self._complete = complete
        self._completion: Completion | None = None
        self._chosen = 0
        self._earlier: list[str] = []
        self._at_earlier = 0
        self._kept = ""

    def on_key(self, event: events.Key) -> None:
        """Takes the keys that mean something else here than in a text; the others are the text area's."""
        key = event.key
        if key not in ("tab", "shift+tab"):
            self._completion = None
        if key == "enter":
            self._stop(event)
            self._send()
        elif key in ("alt+enter", "shift+enter", "ctrl+enter", "ctrl+j"):
            self._stop(event)
            self.insert("\n")
        elif key in ("tab", "shift+tab"):
            self._stop(event)
            self._next_word(1 if key == "tab" else -1)
        elif key == "up" and self.cursor_at_first_line and not self.text:
            self._stop(event)
            self.post_message(self.Upwards())
        elif key in ("ctrl+up", "alt+up"):
            self._stop(event)
            self._recall(-1)
        elif key in ("ctrl+down", "alt+down"):
            self._stop(event)
            self._recall(1)

    def _stop(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    def put(self, text: str) -> None:
        """Replaces what is typed, and puts the cursor behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def _send(self) -> None:
        text = self.text
        if not text.strip():
            return
        if not self._earlier or self._earlier[-1] != text:
            self._earlier = [*self._earlier, text][-HISTORY:]
        self._at_earlier = len(self._earlier)
        self.load_text("")
        self.post_message(self.Sent(text))

    def _recall(self, step: int) -> None:
        """Shows the line that was sent before, or after."""
        at = self._at_earlier + step
        if not 0 <= at <= len(self._earlier):
            return
        if self._at_earlier == len(self._earlier):
            self._kept = self.text
        self._at_earlier = at
        self.put(self._earlier[at] if at < len(self._earlier) else self._kept)

    def _next_word(self, step: int) -> None:
        """Completes the word before the cursor; again: the next one that fits."""
        row, column = self.cursor_location
        if self._completion is None:
            self._completion = self._complete(self.document.get_line(row)[:column])
            self._chosen = 0 if step > 0 else len(self._completion.words) - 1
        else:
            self._chosen += step
        words = self._completion.words
        if not words:
            self._completion = None
            return
        self._chosen %= len(words)
        self.replace(words[self._chosen], (row, self._completion.start), (row, column))
        self.post_message(self.Completed(words, self._chosen))
        if len(words) == 1:
            self._completion = None

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tells that something was typed, unless it was completed."""
        event.stop()
        if self._completion is None:
            self.post_message(self.Typed())
