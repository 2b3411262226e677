"""What the person does in the chat: keys, typing, menus, search.

Owns what becomes of each; must not know how it is shown (``chat_view``).
"""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from asyncchat.client import events
from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError
from asyncchat.client.search import SearchPages
from asyncchat.client.slash_commands import COMMANDS, Leave, inputs, obey
from asyncchat.core.features.search import Search
from asyncchat.core.names import fold
from asyncchat.text.slash import help_text
from asyncchat.tui import hints
from asyncchat.tui.actions import Action, Standing, message_actions, person_actions, room_actions
from asyncchat.tui.chat_view import PAGE, ChatView
from asyncchat.tui.composer import Composer
from asyncchat.tui.conversation import Said
from asyncchat.tui.dialogs import Help, Menu, Question, ReactionPicker, Results
from asyncchat.tui.panels import Panel
from asyncchat.tui.timeline import Timeline

TYPING_EVERY = 3.0
"""Seconds between two notices that we are typing (IRCv3 client-tags/typing)."""

LEAVE_AGAIN = 3.0
"""Seconds within which Ctrl-C must be pressed again."""


class ChatScreen(ChatView):
    """The screen of one chat, with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f"alt+{n}", f"room({n})", show=False, priority=True) for n in range(1, 10)),
        Binding("alt+a,ctrl+n", "next_unread", "Next unread room", show=False, priority=True),
        Binding("alt+up", "step_room(-1)", show=False, priority=True),
        Binding("alt+down", "step_room(1)", show=False, priority=True),
        Binding("alt+w", "close_room", "Leave this room", show=False, priority=True),
        Binding("ctrl+f", "search", "Search", show=False, priority=True),
        Binding("f1", "help", "Help", show=False, priority=True),
        Binding("f2", "room_menu", "Menu", show=False, priority=True),
        Binding("f3", "toggle_panel('rooms')", "Rooms", show=False, priority=True),
        Binding("f4", "toggle_panel('members')", "Members", show=False, priority=True),
        Binding("f5", "pins", "Pinned messages", show=False, priority=True),
        Binding("pageup", "scroll(-1)", show=False, priority=True),
        Binding("pagedown", "scroll(1)", show=False, priority=True),
        Binding("escape", "back", show=False),
        Binding("ctrl+c", "leave_or_copy", show=False, priority=True),
    ]

    # Search.

    def action_search(self) -> None:
        """Searches."""
        self.app.push_screen(Results(self._search), self._go_to)

    def _search(self, text: str) -> tuple[list[events.Message], str]:
        """Finds messages; called in a thread."""
        asked = COMMANDS["search"].ask(self._terminal, text)
        if not isinstance(asked, Search):
            return [], asked if isinstance(asked, str) else ""
        pages = SearchPages(asked, datetime.now().astimezone())
        found = pages.next_page(self.chat, PAGE)
        more = "" if pages.over else " There are older ones: narrow it with before:DATE."
        return found, f"{len(found) or 'Nothing'} found.{more} Enter shows a message in its room."

    # Typing and sending.

    @on(Composer.Completed)
    def _show_completions(self, event: Composer.Completed) -> None:
        self._completed = hints.completions(event.words, event.chosen)
        self._show_around()

    @on(Composer.Typed)
    def _tell_typing(self) -> None:
        text = self._composer.text
        self._completed = ""
        now = time.monotonic()
        is_message = bool(text.strip()) and not text.startswith("/") and self._editing is None
        if is_message and now - self._typed_at >= TYPING_EVERY:
            self._typed_at = now
            self._say_typing("active")
        elif not text and self._typed_at:
            self._typed_at = 0.0
            self._say_typing("done")
        self._show_around()

    def _say_typing(self, state: str) -> None:
        with suppress(ClientError, ValueError):
            self.chat.typing(self.state.current.name, state)

    @on(Composer.Sent)
    def _send(self, event: Composer.Sent) -> None:
        self._typed_at = 0.0
        link, chat, room = self.link, self.chat, self.state.current.name
        replying, editing = self._replying, self._editing
        self._replying = self._editing = None
        for text in inputs(event.text, commands_go_through=self._terminal.commands_go_through):
            if text.startswith("/") and not text.startswith("//"):
                link.do(lambda text=text: self._obey(room, text))  # type: ignore[misc]
            elif editing is not None:
                link.do(lambda text=text: chat.edit(room, editing.message.id, text))  # type: ignore[misc]
            elif replying is not None:
                link.do(lambda text=text: _say(chat, room, text, replying))  # type: ignore[misc]
            else:
                link.do(lambda text=text: self._obey(room, text))  # type: ignore[misc]
        self._timeline.action_newest()
        link.do(lambda: self._from_thread(self._show_around))

    def _obey(self, room: str, line: str) -> None:
        """Does what a line asks, in the thread of what is typed."""
        terminal = self._terminal
        terminal.room = room
        command = COMMANDS.get(line[1:].split(" ")[0].lower()) if line.startswith("/") else None
        if command is not None and command.name == "part":
            self._parting |= {fold(name) for name in (room, line.partition(" ")[2].split(" ")[0]) if name}
        is_bare = command is not None and not line.partition(" ")[2].strip()
        if command is not None and is_bare and not terminal.commands_go_through:
            if command.name == "help":
                self._from_thread(self._list_commands)
                return
            if command.name == "pins":
                self._from_thread(self._show_pins, room, self.chat.pins(room))
                return
        try:
            obey(terminal, line)
        except Leave as leave:
            reason = leave.reason
            self._from_thread(lambda: self.app.exit(reason))
            return
        finally:
            self.post_message(self.Changed())
        if fold(terminal.room) != fold(room):
            self._from_thread(self._show, terminal.room)

    # Messages and people.

    @on(Composer.Upwards)
    def _select_newest(self) -> None:
        self._timeline.focus()
        self._timeline.action_select(-1)

    @on(Timeline.Chosen)
    def _choose(self, event: Timeline.Chosen) -> None:
        entry, conversation = event.entry, self.state.current
        actions = message_actions(conversation, entry, self._standing())
        if event.key:
            action = next((action for action in actions if action.key == event.key), None)
            if action is not None:
                self._do(action, entry)
        elif actions:
            about = f"{entry.message.nick}: {entry.message.text}"
            self.app.push_screen(Menu(about, actions), lambda action: self._do(action, entry))

    def _standing(self) -> Standing:
        room = self.state.current
        prefixes = {} if room.is_private else self.chat.prefixes(room.name)
        return Standing(self.state.nick, prefixes)

    def _do(self, action: Action | None, entry: Said | None = None) -> None:
        """Does what was chosen in a menu, or asks before it."""
        if action is None:
            return
        if action.question:
            question = Question(action.question, action.hint, note="Enter does it, Esc does not.")
            self.app.push_screen(question, lambda given: self._do_asked(action, entry, given))
        else:
            self._do_now(action, entry)

    def _do_asked(self, action: Action, entry: Said | None, given: str | None) -> None:
        """Does it with what was typed, unless the answer was no."""
        if given is not None:
            line = f"{action.line} {given}".strip()
            self._do_now(replace(action, line=line), entry)

    def _do_now(self, action: Action, entry: Said | None) -> None:
        room = self.state.current.name
        if not action.does:
            if action.is_draft:
                self._composer.put(action.line)
                self._composer.focus()
            else:
                line = action.line
                self.link.do(lambda: self._obey(room, line))
            return
        match action.does:
            case "open":
                self._show(action.line)
                self._composer.focus()
            case "person":
                self._person_menu(action.line)
            case "leave_room":
                self.action_close_room()
        if entry is not None:
            self._do_with(action, entry, room)

    def _do_with(self, action: Action, entry: Said, room: str) -> None:
        """Does something with a message."""
        chat, id = self.chat, entry.message.id
        match action.does:
            case "reply":
                self._replying, self._editing = entry, None
                self.action_back()
            case "edit":
                self._editing, self._replying = entry, None
                self._composer.put(entry.message.text)
                self.action_back()
            case "copy":
                self.app.copy_to_clipboard(entry.message.text)
                self._hint("Copied.")
            case "redact":
                self.link.do(lambda: chat.redact(room, id, action.line))
            case "react":
                self.app.push_screen(ReactionPicker(), lambda reaction: self._react(room, entry, reaction))

    def _react(self, room: str, entry: Said, reaction: str | None) -> None:
        if not reaction:
            return
        chat, id = self.chat, entry.message.id
        given = fold(self.state.nick) in entry.reactions.get(reaction, {})
        self.link.do(lambda: chat.react(room, id, reaction, on=not given))

    def _person_menu(self, nick: str) -> None:
        ignored = nick in self.state.ignored
        actions = person_actions(self.state.current, nick, self._standing(), ignored)
        self.app.push_screen(Menu(nick, actions), self._do)

    def action_room_menu(self) -> None:
        """Opens the menu of the room."""
        room = self.state.current
        if room.is_private:
            self._person_menu(room.name)
            return
        self.app.push_screen(Menu(room.name, room_actions(room, self._standing())), self._do)

    @on(Panel.Chosen, "#rooms")
    def _room_clicked(self, event: Panel.Chosen) -> None:
        self._show(event.key)
        self._composer.focus()

    @on(Panel.Chosen, "#members")
    def _member_clicked(self, event: Panel.Chosen) -> None:
        self._person_menu(event.key)

    # Keys.

    def action_room(self, number: int) -> None:
        """Goes to the room with a number."""
        rooms = list(self.state.conversations.values())
        if number <= len(rooms):
            self._show(rooms[number - 1].name)

    def action_step_room(self, step: int) -> None:
        """Goes to the room before or after."""
        rooms = list(self.state.conversations.values())
        if self.state.current in rooms:
            at = rooms.index(self.state.current)
            self._show(rooms[(at + step) % len(rooms)].name)

    def action_next_unread(self) -> None:
        """Goes to where something is unread."""
        found = self.state.next_unread()
        if found is not None:
            self._show(found.name)

    def action_close_room(self) -> None:
        """Leaves the room, or closes the private conversation."""
        room = self.state.current
        if room.is_private or not room.is_joined:
            self._close(room.name)
        else:
            name = room.name
            self.link.do(lambda: self._obey(name, f"/part {name}"))

    def action_toggle_panel(self, panel: str) -> None:
        """Shows or hides a list beside the timeline."""
        self._panels[panel] = not self.query_one(f"#{panel}", Panel).display
        self._fit()

    def action_scroll(self, pages: int) -> None:
        """Scrolls the timeline."""
        timeline = self._timeline
        timeline.scroll_relative(y=pages * max(1, timeline.size.height - 1), animate=False, immediate=True)

    @on(Timeline.EndReached)
    def _end_reached(self) -> None:
        self._watch()
        self._show_around()

    def action_back(self) -> None:
        """Goes back to typing; again: forgets the reply or the edit."""
        if self._composer.has_focus:
            if self._editing is not None:
                self._composer.put("")
            self._replying = self._editing = None
            self._timeline.action_newest()
        self._timeline.unselect()
        self.clear_selection()
        self._composer.focus()
        self._show_around()

    def action_pins(self) -> None:
        """Shows what is pinned in the room."""
        room = self.state.current.name
        self.link.do(lambda: self._obey(room, "/pins"))

    def action_help(self) -> None:
        """Shows the keys."""
        self.app.push_screen(Help("Help", hints.HELP))

    def _show_pins(self, room: str, pins: list[events.Pinned]) -> None:
        if pins:
            self.app.push_screen(Results(None, pins, "Pinned messages"), self._go_to)
        else:
            self.told(f"No message is pinned in {room}.")

    def _list_commands(self) -> None:
        self.app.push_screen(Help("Commands", help_text(self._terminal.notes, COMMANDS, narrow=True)))

    def action_leave_or_copy(self) -> None:
        """Copies what is selected, empties what is typed, or leaves at the second time."""
        if self._composer.selected_text:
            self.app.copy_to_clipboard(self._composer.selected_text)
        elif selected := self.get_selected_text():
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        elif self._composer.text and self._composer.has_focus:
            self._composer.put("")
        elif time.monotonic() - self._ctrl_c_at < LEAVE_AGAIN:
            self.app.exit("")
        else:
            self._ctrl_c_at = time.monotonic()
            self._hint("Press Ctrl-C again to leave.")


def _say(chat: Client, room: str, text: str, replying: Said) -> None:
    chat.say(room, text.removeprefix("/") if text.startswith("//") else text, reply_to=replying.message.id)
