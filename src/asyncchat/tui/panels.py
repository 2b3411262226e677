"""The lists beside the timeline: rooms and members.

Owns lines that can be clicked; must not know rooms or members.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from asyncchat.tui.wrapping import fitted, width_of


@dataclass(frozen=True, slots=True)
class PanelLine:
    """A line of a list.

    Attributes:
        key: what is chosen by it; '': it is a heading.
        text: what it says; it is cut where there is no room.
        badge: what stands at its end, whole.
        style: '' or the name of a component class: ``current``, ``unread``, ``calls``, ``dim``, ``heading``.
    """

    key: str
    text: str
    badge: str = ""
    style: str = ""


class Panel(ScrollView, can_focus=False):
    """A list of lines, of any length: only those in view are drawn."""

    ALLOW_SELECT = False

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "panel--calls",
        "panel--current",
        "panel--dim",
        "panel--heading",
        "panel--unread",
    }
    DEFAULT_CSS = """
    Panel {
        width: 20;
        padding: 0 1;
        background: $surface;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        & > .panel--heading, & > .panel--dim { color: $text-muted; }
        & > .panel--current { background: $primary; color: $text; text-style: bold; }
        & > .panel--unread { text-style: bold; }
        & > .panel--calls { color: $text-error; text-style: bold; }
        &:nocolor > .panel--current { text-style: bold reverse; }
    }
    """

    class Chosen(Message):
        """A line was clicked; ``key`` is its key, and ``panel`` whose it is."""

        def __init__(self, panel: "Panel", key: str, button: int) -> None:
            super().__init__()
            self.panel = panel
            self.key = key
            self.button = button

        @property
        def control(self) -> "Panel":
            """The panel."""
            return self.panel

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._lines: Sequence[PanelLine] = ()
        self._named: dict[str, Style] = {}

    def set_lines(self, lines: Sequence[PanelLine]) -> None:
        """Shows these lines."""
        if lines == self._lines:
            return
        self._lines = lines
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh()

    def notify_style_update(self) -> None:
        """Forgets the colours of another theme."""
        super().notify_style_update()
        self._named.clear()

    def render_line(self, y: int) -> Strip:
        """One line: its text, and its badge at the end."""
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[row]
        badge = f" {line.badge}" if line.badge else ""
        text = fitted(line.text, width - width_of(badge)) + badge
        return Strip([Segment(text, self._style(line.style))]).adjust_cell_length(width)

    def _style(self, name: str) -> Style:
        found = self._named.get(name)
        if found is None:
            found = self.get_component_rich_style(f"panel--{name}") if name else self.rich_style
            self._named[name] = found
        return found

    def on_click(self, event: events.Click) -> None:
        """Chooses the line that was clicked."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self._lines) and self._lines[row].key:
            self.post_message(self.Chosen(self, self._lines[row].key, event.button))
