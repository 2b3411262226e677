"""The small windows: menus, a question, help, and the list of what a search found.

Owns how a choice is made; must not know what becomes of it.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from asyncchat.client.errors import ClientError
from asyncchat.client.events import Message, Pinned
from asyncchat.tui.actions import REACTIONS, Action
from asyncchat.tui.link import beside
from asyncchat.tui.wrapping import one_line, plain

_WINDOW = """
    align: center middle;
    & > .window {
        width: 80%;
        max-width: 64;
        height: auto;
        max-height: 90%;
        padding: 0 1;
        background: $surface;
        border: round $primary;
        border-title-color: $text-primary;
    }
    & OptionList { height: auto; max-height: 20; border: none; padding: 0; background: $surface; }
    & Input { border: none; height: 1; padding: 0; background: $panel; }
    & OptionList:focus, & Input:focus { border: none; }
"""


class Once(Screen[ScreenResultType]):
    """A screen that closes once: keys that were typed ahead must not close the one below it, too."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes the screen, if it is still the one that is shown."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class Menu(Once[Action | None], ModalScreen[Action | None]):
    """A list of actions, of which one is chosen by arrow keys, its letter, or the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]
    DEFAULT_CSS = f"Menu {{ {_WINDOW} }}"

    def __init__(self, title: str, actions: Sequence[Action]) -> None:
        super().__init__()
        self._title = title
        self._actions = actions

    def compose(self) -> ComposeResult:
        """The title and the actions."""
        with Vertical(classes="window") as window:
            window.border_title = Text(one_line(self._title, 50))
            yield OptionList(
                *(Option(plain(f"{action.key or ' '}  {action.label}")) for action in self._actions)
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An action was chosen."""
        self.dismiss(self._actions[event.option_index])

    def on_key(self, event: events.Key) -> None:
        """Chooses by letter."""
        found = next((a for a in self._actions if a.key and a.key == event.character), None)
        if found is not None:
            event.stop()
            self.dismiss(found)

    def on_click(self, event: events.Click) -> None:
        """A click beside the window closes it."""
        if event.widget is self:
            self.dismiss(None)


class ReactionPicker(Once[str], ModalScreen[str]):
    """Asks for a reaction: one of those offered, or any that is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", show=False)]
    DEFAULT_CSS = f"ReactionPicker {{ {_WINDOW} }}"

    def compose(self) -> ComposeResult:
        """The offered ones, and where others are typed."""
        with Vertical(classes="window") as window:
            window.border_title = "React"
            yield Label("  ".join(f"{n} {reaction}" for n, reaction in enumerate(REACTIONS, 1)))
            yield Input(placeholder="1 to 6; or an emoji, then Enter")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Takes an offered one by its number."""
        offered = {str(n): reaction for n, reaction in enumerate(REACTIONS, 1)}
        if event.value in offered:
            self.dismiss(offered[event.value])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes what was typed."""
        self.dismiss(event.value.strip())


class Question(Once[str | None], ModalScreen[str | None]):
    """Asks for a line of text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]
    DEFAULT_CSS = f"Question {{ {_WINDOW} }}"

    def __init__(self, title: str, hint: str = "", value: str = "", note: str = "") -> None:
        super().__init__()
        self._title, self._hint, self._value, self._note = title, hint, value, note

    def compose(self) -> ComposeResult:
        """The question and its input."""
        with Vertical(classes="window") as window:
            window.border_title = plain(self._title)
            yield Input(self._value, placeholder=self._hint)
            if self._note:
                yield Label(plain(self._note))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the line."""
        self.dismiss(event.value.strip())


class Help(Once[None], ModalScreen[None]):
    """A text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1", "dismiss(None)", show=False)]
    DEFAULT_CSS = f"Help {{ {_WINDOW} & > .window {{ width: 90%; max-width: 90; }} }}"

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The text, which scrolls."""
        with VerticalScroll(classes="window") as window:
            window.border_title = plain(self._title)
            yield Static(plain(self._text))


Searcher = Callable[[str], tuple[list[Message], str]]
"""What was typed -> the messages that were found, oldest first, and what to say about them. It may wait."""


class Results(Once[Message | None], ModalScreen[Message | None]):
    """Messages that were found: by a search that is typed here, or before.

    Args:
        search: finds messages; None: only ``found`` is shown.
        found: what is shown at first.
        title: what it is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "to_list", show=False),
    ]
    DEFAULT_CSS = f"""
    Results {{ {_WINDOW} & > .window {{ width: 95%; max-width: 120; height: 90%; }}
        & OptionList {{ height: 1fr; max-height: 100%; }} }}
    """

    def __init__(self, search: Searcher | None, found: Sequence[Message] = (), title: str = "Search") -> None:
        super().__init__()
        self._search = search
        self._found = list(found)
        self._title = title

    def compose(self) -> ComposeResult:
        """Where the search is typed, what was found, and what to say about it."""
        with Vertical(classes="window") as window:
            window.border_title = plain(self._title)
            if self._search is not None:
                yield Input(placeholder="words, from:NAME in:#ROOM before:DATE after:DATE")
            yield OptionList()
            yield Static("", id="about")

    def on_mount(self) -> None:
        """Shows what is there."""
        self._show(self._found, "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Searches."""
        if event.value.strip():
            self.query_one("#about", Static).update("Searching…")
            text = event.value.strip()
            beside(lambda: self._find(text))

    def _find(self, text: str) -> None:
        if self._search is None:
            return
        try:
            found, about = self._search(text)
        except (ClientError, ValueError) as error:
            found, about = [], str(error)
        self.app.call_from_thread(self._show, found, about)

    def _show(self, found: Sequence[Message], about: str) -> None:
        if not self.is_attached:
            return  # it was closed meanwhile
        self._found = list(reversed(found))  # the newest first
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_result(message)) for message in self._found)
        self.query_one("#about", Static).update(plain(about))
        if self._found:
            options.highlighted = 0
            options.focus()

    def action_to_list(self) -> None:
        """Goes to what was found."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A message was chosen."""
        self.dismiss(self._found[event.option_index])


def _result(message: Message) -> Text:
    at = message.time.astimezone()
    by = f" (pinned by {one_line(message.by, 24)})" if isinstance(message, Pinned) else ""
    return Text.assemble(
        (f"{at:%Y-%m-%d %H:%M} ", "dim"),
        (f"{one_line(message.room, 24)} ", "dim"),
        (f"{one_line(message.nick, 24)}: ", "bold"),
        one_line(message.text or "(no longer in the history)", 300),
        (by, "dim"),
        no_wrap=False,
    )
