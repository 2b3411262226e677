"""The plain dialect: one person at ``nc``, ``telnet`` or a pipe, a line at a time.

See docs/architecture.md, "The plain dialect".

Owns the dialogue: the name, the current room, what becomes of each line; must not know sockets or waiting.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from asyncchat.core import commands, replies
from asyncchat.core.commands import Answer, Command, Enter, Quit, Say, ShowPassword, Unlock
from asyncchat.core.events import (
    Attached,
    AwayChanged,
    HostChanged,
    Joined,
    LoggedOut,
    Record,
    Renamed,
    RoomRenamed,
    Said,
    Whispered,
)
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.replies import HistoryPage, Present, Refusal, Reply, RoomView, SearchPage
from asyncchat.core.seen import Visit
from asyncchat.core.text import TEXT_BYTES
from asyncchat.dialects.base import COMMANDS_A_TURN, Outcome, ServerInfo
from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.plain.prompts import ASK_AGAIN, GREETING, PASSWORD_PROMPT
from asyncchat.dialects.plain.telnet import HUSH, UNHUSH, Telnet
from asyncchat.dialects.plain.typed import name_from
from asyncchat.dialects.plain.unframed import unfinished
from asyncchat.dialects.plain.variant import PlainVariant
from asyncchat.dialects.plain.words import obey
from asyncchat.text import history, search
from asyncchat.text.events import is_lobby
from asyncchat.text.refusals import place
from asyncchat.text.replies import hello, here, topic_line
from asyncchat.text.sanitize import shown, typed
from asyncchat.text.sentences import event_sentence, own_event_sentence, refusal_sentence, reply_lines
from asyncchat.text.times import Zone

LINE_BYTES = TEXT_BYTES
"""Longest line: a message of the longest text, typed as it is."""

USER = "plain"
"""The user part of ``name!user@host``, which this dialect has no word for."""

PASSWORD_TRIES = 3
"""Passwords a connection may try."""

_GATES = (
    commands.ReadHistory,
    commands.ReadMissed,
    commands.React,
    commands.Reply,
    commands.Redact,
    commands.Search,
    commands.EraseFrom,
    commands.Owner,
    commands.Ignore,
    commands.Reload,
    commands.ReadActs,
    Unlock,
    *commands.WITH_PASSWORD,
)
"""The gates this dialect asks: nothing is given behind one, not even a quit."""

_GOES_ON = (Say, Answer)
"""Commands behind which reading goes on; each other one may change what the next line means."""


class Prompt(msgspec.Struct, frozen=True):
    """An answer that ends with a question: nothing, not even a newline, comes behind it."""

    text: str


class Plain:
    """What all plain sessions of a server share."""

    __slots__ = ("crlf", "info", "lf", "zone")

    def __init__(self, info: ServerInfo) -> None:
        self.info = info
        self.zone = Zone(info.zone, info.utc_offset)
        self.lf = PlainVariant("\n")
        self.crlf = PlainVariant("\r\n")

    def greeting(self, *, telnet: bool = False) -> bytes:
        """The prompt for a name, or for the password, which ``telnet`` does not show while it is typed.

        It is shown before a dialect's first answer; ``farewell`` ends its line.
        """
        if self.info.locked:
            return (HUSH if telnet else b"") + PASSWORD_PROMPT.encode()
        return GREETING.encode()

    def hush(self) -> bytes:
        """What hides a password at a client that turns out to speak telnet after the prompt."""
        return HUSH if self.info.locked else b""

    def dialect(
        self, session: int, host: str, *, framed: bool = True, is_confidential: bool = True
    ) -> "PlainDialect":
        """The dialect of a new session; arguments as in ``PlainDialect``."""
        return PlainDialect(self, session, host, framed=framed, is_confidential=is_confidential)


class PlainDialect:
    """One plain session's language; the contract is ``dialects.base.Dialect``.

    Beyond the contract a session reads ``framed``, which says how to write: while it is False, all bytes go
    through ``unframed.Pieces``.

    Args:
        shared: what all plain sessions of the server share.
        session: the session's number.
        host: where the person comes from, as others see it.
        framed: False for a client that ends no message with a newline (``unframed.silence_for`` tells); its
            first newline or telnet byte makes it True, for good.
        is_confidential: whether nobody listens on the way: a password may be typed.
    """

    __slots__ = (
        "_asked", "_awaited", "_cr", "_ended", "_follow", "_host", "_lines", "_missed", "_over", "_reserved",
        "_tail", "_telnet", "_tries", "encoder", "entered", "framed", "is_confidential", "locked", "reading",
        "room", "seeking", "session", "shared",
    )  # fmt: skip

    def __init__(
        self, shared: Plain, session: int, host: str, *, framed: bool = True, is_confidential: bool = True
    ) -> None:
        self.shared = shared
        self.session = session
        self.encoder = shared.lf
        self.entered = False
        self.framed = framed
        self.locked = shared.info.locked
        """Whether what is typed is the server's password."""
        self.is_confidential = is_confidential
        self._reserved = ""
        """The name whose account's password is asked for, if any."""
        self._tries = 0
        self.room = LOBBY
        """Where what is typed goes."""
        self.reading: history.HistoryCursor | None = None
        """Where ``/history`` goes on."""
        self.seeking: search.SearchCursor | None = None
        """Where ``/search`` goes on."""
        self._host = host
        self._lines = LineFramer(LINE_BYTES)
        self._telnet: Telnet | None = None
        self._tail = b""
        self._cr = False
        self._awaited = 0
        self._asked: Command | None = None
        self._follow: Sequence[Command] = ()
        """What comes next, whatever is typed."""
        self._missed: Visit | None = None
        """Since when it was not here, where it has not been told what was said since."""
        self._ended = False
        self._over = False

    @property
    def paused(self) -> bool:
        """Whether an outcome has to come first; then ask ``receive_data`` with empty data for more."""
        return self._asked is not None or self._over

    @property
    def backlog(self) -> int:
        """Bytes not given out as commands; one more while there is a command that came of no bytes."""
        if self._over:
            return 0
        waiting = bool(self._follow) or self._ended
        return self._lines.backlog + len(self._tail) + waiting

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands, at most ``limit``; empty data asks for more."""
        if self._over:
            return []
        if data:
            self._take_in(data)
        if self._asked is not None:
            return []
        if self._follow:
            self._asked, self._follow = self._follow[0], self._follow[1:]
            self._awaited += 1
            return [self._asked]
        given: list[Command] = []
        lines = self._lines
        while lines.ready and len(given) < limit:
            taken = lines.take(limit - len(given))
            for index, raw in enumerate(taken):
                command = self._command_of(raw)
                if command is not None:
                    given.append(command)
                    if type(command) not in _GOES_ON:
                        self._asked = command
                        lines.put_back(taken[index + 1 :])
                        break
            if self._asked is not None:
                break
        if self._ended and self._asked is None and not lines.ready and len(given) < limit:
            given.append(Quit())
        self._over = bool(given) and type(given[-1]) is Quit
        self._awaited += len(given)
        return given

    def cost(self, commands: Sequence[Command]) -> int:
        """One for each command."""
        return len(commands)

    def receive_eof(self) -> list[Command]:
        """The peer sends no more: an unfinished line counts as one, and behind all comes a quit.

        The last command is a ``Quit``, unless a gate or a pause is before it: then ``backlog`` is not 0, and
        ``receive_data(b"")`` gives the rest when that is over.
        """
        if not self._ended and not self._over:
            self._ended = True
            rest = self._tail or self._lines.take_rest().removesuffix(b"\r")
            self._tail = b""
            if rest:
                self._lines.add(rest)
        given = self.receive_data(b"")
        if given and not self._over and not self._lines.ready and not isinstance(given[-1], _GATES):
            given.append(Quit())
            self._over = True
            self._awaited += 1
        return given

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session what became of its own command."""
        if outcome and type(outcome[0]) is replies.OfferRenewed:
            return b""  # it asked nothing
        self._awaited -= 1
        if self._telnet is not None:
            self.encoder = self.shared.crlf
        if len(outcome) == 1:
            only = outcome[0]
            if type(only) is Record and type(only.event) is Said:
                if self._awaited == self._over:
                    self._asked = None  # an answer to a message is said like any other
                return b""
        asked = None
        if self._awaited == self._over:
            # Behind the one that is waited for there is at most a quit.
            asked, self._asked = self._asked, None
        if type(asked) is Unlock:
            return self._open(outcome)
        if type(asked) is Enter:
            return self._introduce(asked, outcome)
        if self._reserved:
            return self._let_in(outcome)
        told: list[str] = []
        for item in outcome:
            if isinstance(item, Prompt):
                return self.encoder.lines(told) + shown(item.text).encode()
            self._tell(item, told)
        conclude = _CONCLUSIONS.get(type(asked))
        if conclude is not None:
            conclude(self, asked, outcome, told)
        return self.encoder.lines(told)

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The lines that tell the session what became of another's command."""
        told: list[str] = []
        for item in outcome:
            self._tell(item, told)
        return self.encoder.lines(told)

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """What another session of its person did that no room is told."""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, Record):
                event = item.event
                if isinstance(event, Joined):
                    told.append(event_sentence(event))
                elif isinstance(event, Whispered | LoggedOut | HostChanged) or (
                    alone and isinstance(event, AwayChanged | Renamed)
                ):
                    told.append(own_event_sentence(event))
        return self.encoder.lines(told)

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """The server's last line, on a line of its own."""
        return (b"" if self.entered else b"\n") + self.encoder.lines((reason,))

    def on_tick(self, _now: float) -> bytes:
        """Nothing: no line waits for others."""
        return b""

    def ping(self) -> bytes:
        """Nothing: no terminal answers by itself."""
        return b""

    # What comes in.

    def _take_in(self, data: bytes) -> None:
        if self._telnet is not None or b"\xff" in data:
            if self._telnet is None:
                self._telnet = Telnet()
            data = self._telnet.feed(data)
            self._become_framed()
        if b"\0" in data:
            # RFC 854: a carriage return is followed by LF or NUL; either ends a line here.
            if self._cr and data.startswith(b"\0"):
                data = b"\n" + data[1:]
            data = data.replace(b"\r\0", b"\r\n")
        if data:
            self._cr = data.endswith(b"\r")
        if not self.framed and b"\n" in data:
            self._become_framed()
        if self.framed:
            self._lines.feed(data)
        elif data:
            data = self._tail + data
            whole = len(data) - unfinished(data)
            self._tail = data[whole:]
            if whole:
                self._lines.add(data[:whole])

    def _become_framed(self) -> None:
        if not self.framed:
            self.framed = True
            self._lines.feed(self._tail)
            self._tail = b""

    def _command_of(self, raw: bytes | None) -> Command | None:
        """What a line asks; None for one that asks nothing."""
        if self.locked:
            self._tries += 1
            return Unlock((raw or b"").decode("utf-8", "replace"), last=self._tries >= PASSWORD_TRIES)
        if self._reserved:
            return ShowPassword(self._reserved, (raw or b"").decode("utf-8", "replace"))
        if raw is None:
            return self._complaint(f"Not sent: the line is longer than {LINE_BYTES:,} bytes.")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return self._complaint("Not sent: the line is not UTF-8.")
        if not text.isprintable():
            text = typed(text)
        if not self.entered:
            return self._first_name(text)
        if text[:1] == "/":
            if text[:2] != "//":
                return obey(self, text)
            text = text[2:] if text[2:].lower() == "exit" else text[1:]
        elif len(text) == 4 and text.lower() == "exit":
            return Quit()
        return None if not text or text.isspace() else Say(self.room, text)

    def _first_name(self, text: str) -> Command:
        if text.lower() in ("exit", "/exit", "/quit"):
            return Quit()
        return Enter(name_from(text), USER, self._host, rooms=(LOBBY,))

    def _complaint(self, text: str) -> Command:
        return Answer(text if self.entered else Prompt(f"{text} {ASK_AGAIN}"))

    # What is told.

    def _open(self, outcome: Outcome) -> bytes:
        """Asks for the name, or once more for the password."""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, replies.Unlocked):
                self.locked = False
                # Who was not shown the password was not shown its line's end.
                return (UNHUSH + b"\r\n" if self._telnet is not None else b"") + GREETING.encode()
            if isinstance(item, replies.WrongPassword) and item.last:
                return UNHUSH if self._telnet is not None else b""
            self._tell(item, told)
        again = shown(" ".join((*told, PASSWORD_PROMPT))).encode()
        return HUSH + b"\r\n" + again if self._telnet is not None else again

    def _introduce(self, asked: Enter, outcome: Outcome) -> bytes:
        """Greets a newcomer, or asks for another name."""
        greeting = ""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, replies.Welcome):
                self.entered = True
                greeting = f"Hello, {item.person.name}!"
                self._missed = item.missed
            elif isinstance(item, Present):
                if is_lobby(item.view.room):
                    greeting = hello(item.view)
                self._read_in(item.view.room, outcome)
            elif isinstance(item, RoomView):
                greeting = hello(item)
                told.append(topic_line(item.room, item.topic))
                self._read_in(item.room, outcome)
            elif isinstance(item, replies.NameReserved):
                return self._ask_password(item.name)
            else:
                self._tell(item, told)
        if self.entered:
            self._arrive(outcome, told)
            return self.encoder.lines((greeting, *(self.shared.info.motd or ()), *told))
        return shown(" ".join((*told, ASK_AGAIN))).encode()

    def _arrive(self, outcome: Outcome, told: list[str]) -> None:
        """Goes where the person is, who may be here on another device, and asks what was said in private."""
        rooms = [item.view.room for item in outcome if isinstance(item, Present)]
        if rooms and not any(map(is_lobby, rooms)):
            self.room = rooms[0]
            told.append(f"What you type goes to {place(self.room)}.")
        number = _came_by(outcome)
        if self._missed is not None and number is not None and self.shared.info.newcomers:
            since = self._missed.time
            asked = history.missed("", number, since, self.framed)
            limit = asked.left or history.MISSED
            self._follow = (*self._follow, commands.ReadMissed(since, number, limit, asked))

    def _ask_password(self, name: str) -> bytes:
        """Asks for the password of a reserved name, where nobody listens."""
        if not self.is_confidential:
            why = "and this connection is not encrypted, so its password must not be typed here."
            return shown(f"{name} belongs to an account, {why} {ASK_AGAIN}").encode()
        self._reserved = name
        question = shown(f"{name} belongs to an account. {PASSWORD_PROMPT}").encode()
        return HUSH + question if self._telnet is not None else question

    def _let_in(self, outcome: Outcome) -> bytes:
        """Enters with the account whose password was right, else asks for another name."""
        name, self._reserved = self._reserved, ""
        # Who was not shown the password was not shown its line's end.
        end = UNHUSH + b"\r\n" if self._telnet is not None else b""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, replies.Confirmed):
                self._follow = (
                    *self._follow,
                    Enter(name, USER, self._host, rooms=(LOBBY,), account=item.account),
                )
                return end
            self._tell(item, told)
        return end + shown(" ".join((*told, ASK_AGAIN))).encode()

    def _tell(self, item: object, told: list[str]) -> None:
        """Adds what is said of one item of an outcome."""
        if isinstance(item, Record):
            if isinstance(item.event, RoomRenamed):
                self._follow_room(item.event, told)
                return
            words = own_event_sentence(item.event)
            told += words.split("\n") if "\n" in words else (words,)
        elif isinstance(item, HistoryPage):
            told += history.page_lines(item, self.shared.zone)
            self.reading = history.next_cursor(item)
        elif isinstance(item, SearchPage):
            told += search.page_lines(item, self.shared.zone)
            self.seeking = search.next_cursor(item)
        elif isinstance(item, RoomView) and item.joining:
            return
        elif isinstance(item, Reply):
            told += reply_lines(item, self.shared.zone)
        elif isinstance(item, Refusal):
            self._refuse(item, told)
        elif isinstance(item, str):
            told += item.split("\n")

    def _follow_room(self, event: RoomRenamed, told: list[str]) -> None:
        """Goes on under a room's new name."""
        told.append(event_sentence(event))
        if fold(self.room) == fold(event.room):
            self.room = event.to
            told.append(f"What you type goes to {event.to} now.")

    def _refuse(self, refusal: Refusal, told: list[str]) -> None:
        if isinstance(refusal, replies.HistoryUnreadable):
            asked = refusal.purpose
            if isinstance(asked, history.HistoryCursor) and asked.newcomer:
                return
        told.append(refusal_sentence(refusal))
        if self._is_outside(refusal):
            self.room = LOBBY
            told.append("What you type goes to the lobby now.")

    def _is_outside(self, refusal: Refusal) -> bool:
        """Whether a refusal shows that the session is no longer in its current room, as after a kick."""
        match refusal:
            case replies.CannotSpeak(room, replies.CannotSpeakReason.OUTSIDE):
                pass
            case replies.NoSuchRoom(room) | replies.NotMember(room):
                pass
            case _:
                return False
        return not is_lobby(self.room) and fold(room) == fold(self.room)

    def _read_in(self, room: str, outcome: Outcome) -> None:
        """Asks next for the last lines that were said before the session joined the room."""
        most = self.shared.info.newcomers
        if not most:
            return
        joined = _came_by(outcome)
        seen = self._missed
        asked = history.newcomers(room, joined, self.framed, most)
        if seen is not None and (seen.rooms is None or fold(room) in seen.rooms):
            asked = history.missed(room, joined, seen.time, self.framed)
            left = tuple(key for key in seen.rooms or () if key != fold(room))
            self._missed = Visit(seen.time, left)
        self._follow = (*self._follow, asked.command())

    def _conclude_join(self, asked: commands.Join, outcome: Outcome, told: list[str]) -> None:
        if any(isinstance(item, Refusal) for item in outcome):
            return
        view = next((item for item in outcome if isinstance(item, RoomView)), None)
        self.room = asked.room if view is None else view.room
        where = f"What you type goes to {place(self.room)} now."
        if view is None:
            told.append(where)
        else:
            told += (f"{where} {here(view)}", topic_line(view.room, view.topic))
            self._read_in(view.room, outcome)

    def _conclude_part(self, asked: commands.Part, outcome: Outcome, told: list[str]) -> None:
        refused = any(isinstance(item, Refusal) for item in outcome)
        if not refused and not is_lobby(self.room) and fold(asked.room) == fold(self.room):
            self.room = LOBBY
            told.append("What you type goes to the lobby now.")

    def _conclude_change(self, _asked: Command, outcome: Outcome, told: list[str]) -> None:
        if not outcome:
            told.append("That is so already.")


def _came_by(outcome: Outcome) -> int | None:
    """The number of the record by which a session came to where it is."""
    for item in outcome:
        if isinstance(item, Record) and isinstance(item.event, Attached | Joined):
            return item.number
    return None


_CONCLUSIONS: dict[type[Command] | type[None], Callable[[PlainDialect, Any, Outcome, list[str]], None]] = {
    commands.Join: PlainDialect._conclude_join,
    commands.Part: PlainDialect._conclude_part,
    commands.Rename: PlainDialect._conclude_change,
    commands.SetTopic: PlainDialect._conclude_change,
    commands.SetRole: PlainDialect._conclude_change,
    commands.SetFlag: PlainDialect._conclude_change,
    commands.SetSetting: PlainDialect._conclude_change,
    commands.SetMask: PlainDialect._conclude_change,
    commands.SetPersonFlag: PlainDialect._conclude_change,
    commands.Ban: PlainDialect._conclude_change,
    commands.Mute: PlainDialect._conclude_change,
}
"""What else is said or remembered when a command's outcome is complete."""
