"""The first screen: which server, and under which name.

Owns the form and what is wrong with it; must not know what is remembered or how one connects.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Button, Input, Label, Static

from asyncchat.client.address import parse_address
from asyncchat.client.errors import AddressError
from asyncchat.client.trust import SYSTEM, Trust
from asyncchat.tui.dialogs import Once
from asyncchat.tui.wrapping import plain


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What is needed to join.

    Attributes:
        address: as ``client.address`` reads it.
        nick: the name.
        rooms: the rooms; none: the address's, or the lobby.
        account: the account to log in to with ``password``; '': none.
        password: the account's, or the server's.
        trust: which certificate is trusted over TLS.
        is_complete: whether the person need not be asked.
    """

    address: str
    nick: str
    rooms: tuple[str, ...] = ()
    account: str = ""
    password: str = ""
    trust: Trust = SYSTEM
    is_complete: bool = False


TALL = 16
"""Rows from which there is room for the title and the button."""


class JoinScreen(Once[JoinRequest | None]):
    """Asks for the server, the name and, where one is needed, the password."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave", show=False)]
    DEFAULT_CSS = """
    JoinScreen {
        align: center middle;
        & > VerticalScroll { width: 60; max-width: 100%; height: auto; max-height: 100%; padding: 0 2; }
        & Input { border: none; height: 1; padding: 0 1; background: $surface; }
        & Input:focus { border: none; background: $panel; }
        & Label { color: $text-muted; }
        & #title { color: $text-primary; text-style: bold; margin-bottom: 1; }
        & #fault { color: $text-error; height: auto; }
        & Button { margin-top: 1; }
    }
    """

    def __init__(self, request: JoinRequest, fault: str = "", known: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._request = request
        self._fault = fault
        self._known = known

    def compose(self) -> ComposeResult:
        """The form."""
        request = self._request
        with VerticalScroll(can_focus=False):
            yield Static("asyncchat: join a chat", id="title")
            yield Static(plain(self._fault), id="fault")
            yield Label("Server")
            yield Input(request.address, placeholder="host:port, or the page's link", id="address")
            yield Label("Your name")
            yield Input(request.nick, placeholder="letters and digits, no spaces", id="nick")
            yield Label("Account (only if you have one)")
            yield Input(request.account, id="account")
            yield Label("Password (of the account, or of the server)")
            yield Input(request.password, password=True, id="password")
            yield Button("Join", variant="primary", id="join")

    def on_mount(self) -> None:
        """Goes to what is asked for."""
        self._say(self._fault)
        request = self._request
        needs_password = "password" in self._fault.lower() or (request.account and not request.password)
        wanted = "password" if needs_password else "nick" if request.address else "address"
        self.query_one(f"#{wanted}", Input).focus()

    def on_resize(self) -> None:
        """Leaves out what there is no room for."""
        for name in ("#title", "#join"):
            self.query_one(name).display = self.size.height >= TALL

    def _say(self, fault: str) -> None:
        shown = self.query_one("#fault", Static)
        shown.update(plain(fault))
        shown.display = bool(fault)

    @on(Input.Submitted)
    @on(Button.Pressed, "#join")
    def join(self) -> None:
        """Takes the form, if it can be right."""
        values = {field.id: field.value.strip() for field in self.query(Input)}
        nick = values["nick"] or values["account"]
        try:
            parse_address(values["address"] or "")
        except AddressError as error:
            self._say(str(error))
            self.query_one("#address", Input).focus()
            return
        if not nick:
            self._say("Give a name that others will see.")
            self.query_one("#nick", Input).focus()
            return
        trust = self._request.trust
        if values["address"] != self._request.address:  # what was shown was another server's
            trust = replace(trust, fingerprint="")
        self.dismiss(
            replace(
                self._request,
                trust=trust,
                address=values["address"] or "",
                nick=nick,
                account=values["account"] or "",
                password=values["password"] or "",
                is_complete=True,
            )
        )
