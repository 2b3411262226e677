"""The timeline on the screen: rows of a ``Layout``, scrolled, and a selected message.

Owns scrolling, the selection and the colours; must not know what is done with a message.
"""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import SELECT_ALL, Selection
from textual.strip import Strip

from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.layout import NICK_COLOURS, Layout, Row

NEAR_TOP = 2
"""Screens from the top at which older messages are asked for."""

CONTRAST = 4.5
"""Least contrast of a nick's colour with the background (WCAG 2.2, 1.4.3)."""


_HUES = ("cyan", "green", "magenta", "blue", "yellow", "red")
ANSI_COLOURS = (*_HUES, *(f"bright_{hue}" for hue in _HUES))
"""Colours of nicks where the theme is the terminal's own."""


class Timeline(ScrollView, can_focus=True):
    """What was said in one conversation; it stays at its end unless it was scrolled back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "select(-1)", "Earlier message", show=False),
        Binding("down,j", "select(1)", "Later message", show=False),
        Binding("home,g", "oldest", "Oldest", show=False),
        Binding("end,G", "newest", "Newest", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--action",
        "timeline--calls",
        "timeline--day",
        "timeline--dim",
        "timeline--error",
        "timeline--link",
        "timeline--marked",
        "timeline--notice",
        "timeline--own",
        "timeline--quote",
        "timeline--reaction",
        "timeline--selected",
        "timeline--time",
        "timeline--unread",
    }
    DEFAULT_CSS = """
    Timeline {
        height: 1fr;
        padding: 0 1;
        background: $background;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .timeline--time, & > .timeline--day, & > .timeline--dim { color: $text-muted; }
        & > .timeline--quote, & > .timeline--notice { color: $text-muted; }
        & > .timeline--quote, & > .timeline--action { text-style: italic; }
        & > .timeline--own { color: $foreground; text-style: bold; }
        & > .timeline--calls { color: $text-warning; text-style: bold; }
        & > .timeline--unread { color: $text-error; text-style: bold; }
        & > .timeline--error { color: $text-error; }
        & > .timeline--link { text-style: underline; }
        & > .timeline--reaction { color: $text-accent; }
        & > .timeline--selected { background: $primary 30%; }
        & > .timeline--marked { background: $screen-selection-background; }
        &:nocolor > .timeline--selected, &:nocolor > .timeline--marked { text-style: reverse; }
    }
    """

    class OlderWanted(Message):
        """Somebody has scrolled near the top of what is known."""

    class NewerWanted(Message):
        """Somebody is near the end of an excerpt of the history."""

    class Chosen(Message):
        """A message was clicked, or a key was pressed on it: a letter, or '' for its menu."""

        def __init__(self, entry: Said, key: str = "") -> None:
            super().__init__()
            self.entry = entry
            self.key = key

    class EndReached(Message):
        """The end came into view, or (``is_at_end`` false) went out of it."""

        def __init__(self, *, is_at_end: bool) -> None:
            super().__init__()
            self.is_at_end = is_at_end

    def __init__(self, conversation: Conversation, **options: str) -> None:
        super().__init__(id=options.get("id"))
        self._conversation = conversation
        self._layout = Layout(conversation, 80)
        self._strips: LRUCache[tuple[int, int, bool], list[Strip]] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._positions: dict[str, tuple[int, bool]] = {}
        self._is_at_end = True
        self.selected: Said | None = None

    # What is shown.

    @property
    def conversation(self) -> Conversation:
        """The conversation that is shown."""
        return self._conversation

    @property
    def is_at_end(self) -> bool:
        """Whether the newest message is in view."""
        return self._is_at_end

    def show(self, conversation: Conversation) -> None:
        """Shows another conversation, where it was left."""
        self._positions[self._conversation.key] = (self._rows_below(), self._is_at_end)
        self._conversation = conversation
        self.selected = None
        self._unmark()
        self._layout = Layout(conversation, self._text_width)
        self._strips.clear()
        below, is_at_end = self._positions.pop(conversation.key, (0, True))
        self._is_at_end = is_at_end
        self._resize()
        if not is_at_end:
            self.scroll_to(y=max(0, self._layout.height - below), animate=False, immediate=True, force=True)

    def sync(self) -> None:
        """Shows what has changed in the conversation."""
        is_changed = bool(self._conversation.changed)
        is_spliced = self._conversation.spliced != self._layout.spliced
        if is_spliced:
            self._layout = Layout(self._conversation, self._text_width)
        moved = self._layout.sync()
        if moved or is_spliced:
            self._strips.clear()
        if moved or is_spliced or is_changed:
            self._unmark()
        self._resize(moved)

    def reveal(self, entry: Said) -> bool:
        """Scrolls to a message and selects it; False: it is not here."""
        index = self._layout.index_of(entry)
        if index is None:
            return False
        self._select(entry)
        top = self._layout.top_of(index)
        self.scroll_to(y=max(0, top - self.size.height // 2), animate=False, immediate=True, force=True)
        return True

    @property
    def _text_width(self) -> int:
        return self.scrollable_content_region.width or self.size.width or 80

    def _rows_below(self) -> int:
        """Rows from the first one in view to the end."""
        return self._layout.height - self.scroll_offset.y

    def _resize(self, moved: int = 0) -> None:
        self.virtual_size = Size(self._layout.width, self._layout.height)
        if self._is_at_end:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        elif moved:
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False, immediate=True, force=True)
        self.refresh()

    def on_resize(self) -> None:
        """Wraps everything anew; what was in view stays there."""
        width = self._text_width
        if width == self._layout.width:
            self._resize()
            return
        at = min(self.scroll_offset.y, max(0, self._layout.height - 1))
        index = self._layout.index_at(at) if self._layout.height else 0
        self._layout.set_width(width)
        self._strips.clear()
        self._unmark()
        self._resize()
        if not self._is_at_end:
            self.scroll_to(y=self._layout.top_of(index), animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notes whether the end is in view, and asks for older messages in time."""
        super().watch_scroll_y(old_value, new_value)
        if round(new_value) == round(old_value):
            return
        is_at_end = new_value >= self.max_scroll_y - 0.5
        # Rows are added before they are scrolled to: only who scrolls back leaves the end.
        if is_at_end != self._is_at_end and (is_at_end or new_value < old_value):
            self._is_at_end = is_at_end
            self.post_message(self.EndReached(is_at_end=is_at_end))
        near = NEAR_TOP * self.size.height
        if new_value < old_value and new_value < near:
            self.post_message(self.OlderWanted())
        gap = self._conversation.gap
        if gap is None or self._conversation.spliced != self._layout.spliced:
            return
        below = self._layout.top_of(self._conversation.entries.index(gap)) - new_value
        if 0 <= below < self.size.height + near:
            self.post_message(self.NewerWanted())
        elif -near < below < 0 and new_value < old_value:
            self.call_later(self._leave_excerpt)  # what lies between is wanted first

    # Drawing.

    def notify_style_update(self) -> None:
        """Forgets what was drawn in other colours."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """A row of the screen; few rows stand at its bottom."""
        layout = self._layout
        row = y + self.scroll_offset.y - max(0, self.size.height - layout.height)
        width = self.size.width
        if not 0 <= row < layout.height:
            return Strip.blank(width, self._named_style(""))
        index = layout.index_at(row)
        strips = self._strips_of(index)
        offset = row - layout.top_of(index)
        if offset >= len(strips):
            return Strip.blank(width, self._named_style(""))
        marked = self._marked
        span = None if marked is None else marked.get_span(row)
        strip = (
            strips[offset]
            if span is None
            else _marked_strip(strips[offset], *span, self._named_style("marked"))
        )
        return strip.apply_offsets(0, row)

    def _strips_of(self, index: int) -> list[Strip]:
        entry = self._conversation.entries[index]
        is_selected = entry is self.selected
        key = (id(entry), entry.version, is_selected)
        found = self._strips.get(key)
        if found is None:
            rows = self._layout.rows(index)
            found = self._strips[key] = [self._strip(row, is_selected=is_selected) for row in rows]
        return found

    def _strip(self, row: Row, *, is_selected: bool) -> Strip:
        segments = [
            Segment(span.text, self._style(span.style, span.link, is_selected=is_selected))
            for span in row
            if span.text
        ]
        return Strip(segments).adjust_cell_length(
            self.size.width, self._style("", "", is_selected=is_selected)
        )

    def _style(self, name: str, link: str, *, is_selected: bool) -> Style:
        style = self._named_style(name)
        if is_selected:
            selected = self._named_style("selected")
            style += Style(bgcolor=selected.bgcolor, reverse=selected.reverse)
        return style + Style(link=link) if link else style

    def _named_style(self, name: str) -> Style:
        found = self._styles.get(name)
        if found is None:
            found = self._styles[name] = self._made_style(name)
        return found

    def _made_style(self, name: str) -> Style:
        is_ansi = self.app.native_ansi_color  # then the terminal's own colours are used, as they are
        if not name:
            return self.rich_style
        if name.startswith("nick"):
            number = int(name[4:])
            if is_ansi:
                return self.rich_style + Style(color=ANSI_COLOURS[number], bold=True)
            colour = Color.from_hsl((number * 5 % NICK_COLOURS) / NICK_COLOURS, 0.65, 0.5)
            style = self.rich_style + Style(bold=True)
        else:
            style = self.get_component_rich_style(f"timeline--{name}")
            if is_ansi or name == "selected" or style.color is None:
                return style
            colour = Color.from_rich_color(style.color)
        return style + Style(color=readable(colour, self.background_colors[1]).rich_color)

    # What the mouse marked: rows of the layout, and characters in them.

    @property
    def _marked(self) -> Selection | None:
        """What is marked here; a mark on all of it comes from clicks elsewhere."""
        return None if self.text_selection == SELECT_ALL else self.text_selection

    def _unmark(self) -> None:
        if self._marked is not None:
            self.screen.clear_selection()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is marked as text, for the clipboard."""
        if selection == SELECT_ALL:
            return None
        start = 0 if selection.start is None else selection.start.y
        end = self._layout.height if selection.end is None else selection.end.y + 1
        texts = []
        for number in range(start, min(end, self._layout.height)):
            index = self._layout.index_at(number)
            row = self._layout.rows(index)[number - self._layout.top_of(index)]
            first, last = selection.get_span(number) or (0, 0)
            texts.append("".join(span.text for span in row)[first : None if last < 0 else last].strip())
        return "\n".join(texts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Shows what is marked now."""
        self.refresh()

    # The selection.

    def _select(self, entry: Said | None) -> None:
        self.selected = entry
        self.refresh()

    def action_select(self, step: int) -> None:
        """Selects the message before or after the selected one, at first the newest in view."""
        entries = self._conversation.entries
        index = len(entries) if self.selected is None else self._layout.index_of(self.selected)
        index = len(entries) if index is None else index
        index += step
        while 0 <= index < len(entries) and not isinstance(entries[index], Said):
            index += step
        if not 0 <= index < len(entries):
            if index < 0:
                self.post_message(self.OlderWanted())
            return
        entry = entries[index]
        if isinstance(entry, Said):
            self._select(entry)
            self._bring_into_view(index)

    def on_key(self, event: events.Key) -> None:
        """Enter and letters choose what is done with the selected message."""
        if self.selected is None:
            return
        if event.key == "enter":
            event.stop()
            self.post_message(self.Chosen(self.selected))
        elif event.character is not None and event.character.isprintable() and event.key not in "jkgG":
            event.stop()
            self.post_message(self.Chosen(self.selected, event.character))

    def _bring_into_view(self, index: int) -> None:
        top, end = self._layout.top_of(index), self._layout.top_of(index + 1)
        y, height = self.scroll_offset.y, self.size.height
        if top < y:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        elif end > y + height:
            self.scroll_to(y=end - height, animate=False, immediate=True, force=True)

    def unselect(self) -> None:
        """Selects nothing."""
        self._select(None)

    def action_oldest(self) -> None:
        """Goes to the oldest message that is known."""
        self.scroll_home(animate=False, immediate=True, force=True)
        self.post_message(self.OlderWanted())

    def action_newest(self) -> None:
        """Goes to the end; an excerpt of the history is not shown any more."""
        self._is_at_end = True
        self._leave_excerpt()
        self._resize()
        self.post_message(self.EndReached(is_at_end=True))

    def _leave_excerpt(self) -> None:
        self._conversation.leave_excerpt()
        self.sync()
        if not self._conversation.entries:
            self.post_message(self.OlderWanted())

    def on_click(self, event: events.Click) -> None:
        """Selects the message that was clicked; a click on the selected one opens its menu."""
        event.prevent_default()  # two clicks would mark all of it
        if self._marked is not None:
            return  # the mouse was moved in between
        row = event.y + self.scroll_offset.y - max(0, self.size.height - self._layout.height)
        if not 0 <= row < self._layout.height:
            return
        entry = self._conversation.entries[self._layout.index_at(row)]
        if not isinstance(entry, Said):
            return
        if entry is self.selected or event.button == 3:
            self._select(entry)
            self.post_message(self.Chosen(entry))
        else:
            self._select(entry)


def _marked_strip(strip: Strip, start: int, end: int, mark: Style) -> Strip:
    """A row with some of its characters marked; ``end`` -1: up to its end."""
    segments: list[Segment] = []
    end = len(strip.text) if end < 0 else end
    at = 0
    for text, style, _ in strip:
        first, last = max(0, start - at), max(0, end - at)
        marked = mark if style is None else style + mark
        segments += [
            Segment(text[:first], style),
            Segment(text[first:last], marked),
            Segment(text[max(first, last) :], style),
        ]
        at += len(text)
    return Strip([segment for segment in segments if segment.text], strip.cell_length)


def readable(colour: Color, background: Color) -> Color:
    """The colour, made as light or as dark as it takes to be read on a background."""
    hue, saturation, lightness = colour.hsl
    step = 0.03 if _luminance(background) < 0.18 else -0.03
    while contrast(colour, background) < CONTRAST and 0 < lightness < 1:
        lightness = min(max(lightness + step, 0), 1)
        colour = Color.from_hsl(hue, saturation, lightness)
    return colour


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours (WCAG 2.2, "contrast ratio")."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: Color) -> float:
    channels = [part / 255 for part in (colour.r, colour.g, colour.b)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
