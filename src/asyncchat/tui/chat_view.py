"""What the chat's screen shows: rooms, timeline, members, topic, connection, and the history as it is read.

Owns the way from the chat's events to the widgets; must not know what the person does.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from asyncchat.client import events
from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError
from asyncchat.client.pending import Found
from asyncchat.client.terminal_state import TerminalState
from asyncchat.core.names import LOBBY, fold
from asyncchat.tui import hints
from asyncchat.tui.completion import Completion, complete
from asyncchat.tui.composer import Composer
from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.dialogs import Results
from asyncchat.tui.link import Link, beside
from asyncchat.tui.panels import Panel
from asyncchat.tui.state import Call, ChatState
from asyncchat.tui.timeline import Timeline
from asyncchat.tui.wrapping import plain

PAGE = 200
"""Messages read at a time when one scrolls back."""


WIDTHS = {"rooms": 70, "members": 100}
"""Cells of the screen from which a list is shown, if nobody asked for it."""

TALL = 10
"""Rows of the screen from which there is room for more than the timeline and the input."""


class ChatView(Screen[None]):
    """One chat that was joined, as it is shown.

    Args:
        chat: the client, with ``echo``.
        state: its rooms.
        others: rooms to join too, which may refuse us.
    """

    CSS = """
    #top, #tabs, #hint { padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    #top, #tabs { height: 1; background: $panel; }
    #hint { height: auto; max-height: 4; color: $text-muted; }
    #members { width: 18; }
    """

    class Called(Message):
        """Somebody called us while we looked elsewhere."""

        def __init__(self, call: Call) -> None:
            super().__init__()
            self.call = call

    class Changed(Message):
        """What is worth remembering may have changed: rooms, whom one ignores."""

    def __init__(self, chat: Client, state: ChatState, others: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.chat = chat
        self.state = state
        state.nick = chat.nick
        for room in chat.rooms:
            state.conversation(room).is_joined = True
        state.show((chat.rooms or [LOBBY])[0])
        self.link = Link(chat, self, self._from_thread)
        self._terminal = TerminalState(
            chat,
            state.current.name,
            lambda text: self._from_thread(self.told, text),
            lambda messages: self._from_thread(self._show_found, messages),
            state.ignored,
            commands_go_through=chat.address.scheme == "plain",
        )
        self._others = others
        self._panels: dict[str, bool] = {}
        self._timeline = Timeline(state.current)
        self._composer = Composer(self._complete)
        self._replying: Said | None = None
        self._editing: Said | None = None
        self._completed = ""
        self._parting: set[str] = set()
        self._reading: set[str] = set()
        self._again_at: float | None = None
        self._typed_at = 0.0
        self._ctrl_c_at = 0.0

    def compose(self) -> ComposeResult:
        """Rooms, timeline and members side by side, what is typed below."""
        yield Static("", id="top")
        with Horizontal():
            yield Panel("rooms")
            yield self._timeline
            yield Panel("members")
        yield Static("", id="tabs")
        yield Static("", id="hint")
        yield self._composer

    def on_mount(self) -> None:
        """Begins to follow the chat."""
        self.set_interval(1.0, self._tick)
        self.watch(self.app, "app_focus", self._focus_changed, init=False)
        self._composer.focus()
        self._fit()
        self._show(self.state.current.name)
        self.link.start()
        for room in self._others:
            self.link.do(lambda room=room: self.chat.join(room))  # type: ignore[misc]

    def _from_thread(self, function: Callable[..., None], *values: object) -> None:
        """Calls a function here, from another thread, and waits; what it raises ends the application."""

        def guarded() -> None:
            try:
                function(*values)
            except Exception as error:  # noqa: BLE001 - the edge of the thread; it is raised in the application
                self.call_next(_raise, error)

        self.app.call_from_thread(guarded)

    # What happens in the chat.

    def take_events(self, found: list[events.Event]) -> None:
        """Shows events of the chat, in order."""
        state, terminal = self.state, self._terminal
        concerns_members = False
        for event in found:
            if isinstance(event, events.Message):
                terminal.recent.put(event)
            elif isinstance(event, events.RoomRenamed):
                terminal.recent.rename_room(event.room, event.now)
            elif isinstance(event, events.Disconnected):
                self._again_at = None if event.retry_in is None else time.monotonic() + event.retry_in
            elif isinstance(event, events.Reconnected):
                self._again_at = None
            if told := state.ignored.take(event):
                self.told(told)
            concerns_members = concerns_members or not isinstance(event, events.Message | events.Typing)
            state.take(event)
            if isinstance(event, events.Left) and event.own and fold(event.room) in self._parting:
                self._parting.discard(fold(event.room))
                self._close(event.room)
        self._timeline.sync()
        if concerns_members:
            self._show_members()
            self.post_message(self.Changed())
        self._show_around()
        self._call_person()

    def ended(self, why: str) -> None:
        """The chat is over, and nobody asked for it."""
        self.state.disconnected = why
        self.state.tell(f"{why} Ctrl-Q leaves.", now=now_utc(), is_error=True)
        self._timeline.sync()

    def told(self, text: str) -> None:
        """Shows a line of ours where the person is."""
        self.state.tell(text, now=now_utc())
        self._timeline.sync()

    def _call_person(self) -> None:
        calls, self.state.calls = self.state.calls, []
        if not calls:
            return
        self.post_message(self.Called(calls[-1]))

    # What is shown.

    def _show(self, name: str) -> None:
        """Goes to a conversation."""
        state = self.state
        state.current.draft = self._composer.text
        before = state.current
        shown = state.show(name)
        if shown is not before:
            self._replying = self._editing = None
            self._composer.put(shown.draft)
        self._timeline.show(shown)
        if shown.is_private and not shown.entries:
            self._load_older()
        self._watch()
        self._show_members()
        self._show_around()

    def _close(self, name: str) -> None:
        self.state.close(name)
        self._show(self.state.current.name)

    def _watch(self) -> None:
        self.state.watch(self.app.app_focus and self._timeline.is_at_end)

    def _tick(self) -> None:
        self._show_around()
        if (time := self.state.reads()) is not None:
            with suppress(ClientError, ValueError):
                self.chat.mark_read(self.state.current.name, time)

    def _focus_changed(self, _focus: bool) -> None:
        """Notes whether the person looks at the terminal."""
        self._watch()
        self._timeline.sync()
        self._show_around()

    def _show_around(self) -> None:
        """Shows all that is about the timeline: rooms, topic, connection, who types, what waits."""
        state, chat = self.state, self.chat
        self.query_one("#rooms", Panel).set_lines(hints.room_lines(state))
        self._set("#tabs", hints.tabs(state, self.size.width - 2))
        left = None if self._again_at is None else max(0, round(self._again_at - time.monotonic()))
        topic = "" if state.current.is_private else chat.topic(state.current.name)
        self._set("#top", hints.top(state, topic, left, self.size.width - 2))
        self._hint(
            hints.below(
                state,
                waiting=[text for room, text in chat.waiting() if fold(room) == state.current.key],
                replying=self._replying,
                editing=self._editing,
                typed=self._composer.text,
                completed=self._completed,
                is_at_end=self._timeline.is_at_end,
                is_short=self.size.height < TALL,
                now=now_utc(),
            )
        )

    def _set(self, selector: str, text: str | Text) -> None:
        shown = self.query_one(selector, Static)
        if str(shown.content) != str(text) or isinstance(text, Text):
            shown.update(text if isinstance(text, Text) else plain(text))

    def _hint(self, text: str) -> None:
        hint = self.query_one("#hint", Static)
        hint.display = bool(text)
        self._set("#hint", text)

    def _show_members(self) -> None:
        panel = self.query_one("#members", Panel)
        if not panel.display:
            return
        room, chat = self.state.current, self.chat
        is_room = not room.is_private
        names = chat.members(room.name) if is_room else [room.name, chat.nick]
        panel.set_lines(hints.member_lines(names, chat.prefixes(room.name) if is_room else {}))

    def on_resize(self) -> None:
        """Fits what is about the timeline to the new size."""
        self._fit()
        self.call_after_refresh(self._show_around)

    def _fit(self) -> None:
        """Shows what there is room for, and what was asked for."""
        for name, width in WIDTHS.items():
            self.query_one(f"#{name}", Panel).display = self._panels.get(name, self.size.width >= width)
        self.query_one("#tabs", Static).display = not self.query_one("#rooms", Panel).display
        self.query_one("#top", Static).display = self.size.height >= TALL
        self.call_after_refresh(self._show_members)

    # The history, and what was found in it.

    @on(Timeline.OlderWanted)
    def _load_older(self) -> None:
        conversation = self.state.current
        if conversation.is_complete or conversation.key in self._reading:
            return
        self._reading.add(conversation.key)
        beside(lambda: self._load(conversation))

    def _load(self, conversation: Conversation) -> None:
        """Reads a page of the history."""
        fault, before = "", conversation.older_than
        try:
            page = self.chat.history(conversation.name, before=before, limit=PAGE)
            self.app.call_from_thread(self._take_older, conversation, before, page)
        except ClientError as error:
            conversation.is_complete = True  # there is none, or it is not for us; a reconnection asks again
            fault = "" if conversation.is_private else str(error)
        self.app.call_from_thread(self._loaded, conversation, fault)

    def _take_older(self, conversation: Conversation, before: str, page: Found) -> None:
        if conversation.older_than == before:  # else an excerpt was put there meanwhile
            self.state.older(conversation, page, page.changes)

    def _loaded(self, conversation: Conversation, fault: str) -> None:
        self._reading.discard(conversation.key)
        if fault:
            self.told(fault)
        if conversation is self.state.current:
            self._timeline.sync()
        self._show_around()

    def _load_around(self, conversation: Conversation, wanted: str) -> None:
        """Reads the page around a message, and goes there."""
        fault = "That message is not shown here."
        try:
            page = self.chat.history(conversation.name, around=wanted, limit=PAGE)
            self.app.call_from_thread(self.state.around, conversation, page, page.changes)
        except ClientError as error:
            fault = str(error)
        self.app.call_from_thread(self._reveal, conversation, wanted, fault)

    def _reveal(self, conversation: Conversation, wanted: str, fault: str) -> None:
        if conversation is not self.state.current:
            return
        self._timeline.sync()
        entry = conversation.by_id.get(wanted)
        if entry is None or not self._timeline.reveal(entry):
            self.told(fault)

    @on(Timeline.NewerWanted)
    def _load_newer(self) -> None:
        conversation = self.state.current
        gap = conversation.gap
        if gap is None or conversation.key in self._reading:
            return
        after = gap.after
        self._reading.add(conversation.key)

        def load() -> None:
            fault = ""
            try:
                page = self.chat.history(conversation.name, after=after, limit=PAGE)
            except ClientError as error:
                fault = str(error)
            else:
                if conversation.gap is gap:
                    self.app.call_from_thread(self.state.newer, conversation, page, page.changes)
            self.app.call_from_thread(self._loaded, conversation, fault)

        beside(load)

    def _show_found(self, messages: list[events.Message]) -> None:
        self.app.push_screen(Results(None, messages, "Messages"), self._go_to)

    def _go_to(self, message: events.Message | None) -> None:
        if message is None:
            return
        self._show(message.room)
        conversation = self.state.current
        entry = conversation.by_id.get(message.id)
        if entry is None or not self._timeline.reveal(entry):
            beside(lambda: self._load_around(conversation, message.id))
        self._timeline.focus()

    def _complete(self, before: str) -> Completion:
        state = self.state
        said = (e.message for e in reversed(state.current.entries[-300:]) if isinstance(e, Said))
        speakers = dict.fromkeys(m.nick for m in said if not m.own)
        members = self.chat.members(state.current.name)
        rooms = [c.name for c in state.conversations.values() if not c.is_private]
        others = [name for name in members if fold(name) != fold(state.nick)]
        return complete(before, list(speakers), others, rooms)


def now_utc() -> datetime:
    """The time."""
    return datetime.now(UTC)


def _raise(error: Exception) -> None:
    raise error
