"""The application: how the chat is joined, what is remembered, and how it calls the person.

Owns the way from a request to the screen of the chat; must not know what happens in the chat.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from asyncchat.client.address import parse_address
from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError, Untrusted
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.client.remembered import Remembered, RememberedError, RememberedServer, save
from asyncchat.core.names import fold
from asyncchat.tui import desktop_notices
from asyncchat.tui.chat_screen import ChatScreen
from asyncchat.tui.dialogs import Question
from asyncchat.tui.join_screen import JoinRequest, JoinScreen
from asyncchat.tui.link import beside
from asyncchat.tui.state import ChatState
from asyncchat.tui.wrapping import plain

DEFAULT_THEME = "textual-dark"


class ChatApp(App[str]):
    """The full-screen client. Its result is the reason that the person gave for leaving.

    Args:
        request: where to join; what is missing is asked.
        remembered: what is known from earlier; it is changed and saved.
        connect: makes a client; it may wait.
    """

    TITLE = "asyncchat"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Leave", show=False, priority=True),
    ]

    def __init__(
        self,
        request: JoinRequest,
        remembered: Remembered,
        connect: Callable[[JoinRequest], Client],
    ) -> None:
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.chat_screen: ChatScreen | None = None
        self._request = request
        self._remembered = remembered
        self._connect = connect
        ignored = IgnoredNames(remembered.ignored)
        self._state = ChatState(request.nick, ignored, Mentions(remembered.highlights))
        self._saved: object = None

    def compose(self) -> ComposeResult:
        """What is shown while the chat is being joined."""
        yield Static("", id="connecting")

    def on_mount(self) -> None:
        """Joins, or asks where."""
        if self._remembered.theme in self.available_themes:
            self.theme = self._remembered.theme
        self.theme_changed_signal.subscribe(self, lambda _: self._remember())
        if self._request.is_complete:
            self._join(self._request)
        else:
            self._ask("")

    # Joining.

    def _ask(self, fault: str) -> None:
        self.push_screen(JoinScreen(self._request, fault), self._asked)

    def _ask_for_trust(self, request: JoinRequest, error: Untrusted) -> None:
        """Shows the form again; whoever joins once more trusts the certificate, from then on."""
        if not (error.is_new and parse_address(request.address).tls):  # else the host asks for TLS by itself
            self._ask(str(error))
            return
        self._request = replace(request, trust=replace(request.trust, fingerprint=error.fingerprint))
        self._ask(f"{error.question} If it is the same, press Join: then it is trusted from now on.")

    def _asked(self, request: JoinRequest | None) -> None:
        if request is None:
            self.exit("")
        else:
            self._request = request
            self._join(request)

    def _join(self, request: JoinRequest) -> None:
        self.query_one("#connecting", Static).update(
            plain(f"Connecting to {request.address}… Ctrl-Q leaves.")
        )

        def connect() -> None:
            try:
                chat = self._connect(request)
            except Untrusted as error:
                self.call_from_thread(self._ask_for_trust, request, error)
            except (ClientError, ValueError) as error:
                self.call_from_thread(self._ask, str(error))
            else:
                self.call_from_thread(self._joined, chat)

        beside(connect)

    def _joined(self, chat: Client) -> None:
        known = self._remembered.find(str(chat.address))
        wanted = (*self._request.rooms, *(known.rooms if known else ()))
        joined = {fold(room) for room in chat.rooms}
        others = tuple(room for room in dict.fromkeys(wanted) if fold(room) not in joined)
        self.chat_screen = ChatScreen(chat, self._state, others if chat.address.scheme != "plain" else ())
        self.push_screen(self.chat_screen)

    # What the chat tells.

    @on(ChatScreen.Called)
    def _call_person(self, event: ChatScreen.Called) -> None:
        call = event.call
        self.bell()
        where = "" if fold(call.room) == fold(call.nick) else f" in {call.room}"
        sequence = desktop_notices.notice(os.environ, f"{call.nick}{where}", call.text)
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    @on(ChatScreen.Changed)
    def _remember(self) -> None:
        """Saves what is remembered, if it has changed."""
        screen, state, remembered = self.chat_screen, self._state, self._remembered
        if screen is None or state.disconnected:
            return
        rooms = [room.name for room in state.conversations.values() if room.is_joined]
        request = self._request
        server = RememberedServer(
            str(screen.chat.address),
            request.nick,
            request.account,
            rooms,
            fingerprint=request.trust.fingerprint,
        )
        remembered.theme = "" if self.theme == DEFAULT_THEME else self.theme
        remembered.ignored = list(state.ignored.here.values())
        remembered.highlights = list(state.mentions.words)
        values = (server, remembered.theme, remembered.ignored, remembered.highlights)
        if values == self._saved:
            return
        self._saved = values
        remembered.use(server)
        try:
            save(remembered)
        except RememberedError as error:
            self.notify(f"Not remembered: {error}", severity="warning", markup=False)

    # Keys and the palette.

    def action_leave(self) -> None:
        """Leaves."""
        self.exit("")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette (Ctrl-P) offers."""
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Highlight words", "Words that call you like your name", self._ask_highlights)
        if isinstance(screen, ChatScreen):
            yield SystemCommand("Search", "Search what was said", screen.action_search)
            yield SystemCommand("Room menu", "What you may do here", screen.action_room_menu)
            yield SystemCommand("Help", "Keys and commands", screen.action_help)
        yield SystemCommand("Leave", "Leave the chat", self.action_leave)

    def _ask_highlights(self) -> None:
        words = " ".join(self._state.mentions.words)
        self.push_screen(
            Question("Highlight words", "words, with spaces between", words), self._set_highlights
        )

    def _set_highlights(self, words: str | None) -> None:
        if words is not None:
            self._state.mentions = Mentions(words.split())
            self._remember()
