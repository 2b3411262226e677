"""The plain dialect: one person at ``nc``, ``telnet`` or a pipe, a line at a time.

See docs/architecture.md, "The plain dialect".

Owns the current room, what each line means, and what is told in answer; must not know sockets or waiting.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import MovesRoom, Record
from asyncchat.core.features.accounts import LogInWithPassword
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.connect import Connect, NameReserved, Present, Quit, Welcome
from asyncchat.core.features.history import HistoryPage, HistoryUnreadable, ReadHistory, ReadMissed
from asyncchat.core.features.host import HostChanged
from asyncchat.core.features.join import Join, JoinWithCode, Part, RoomView
from asyncchat.core.features.last_seen import LastSeen
from asyncchat.core.features.messages import CannotSpeak, CannotSpeakReason, Said, SaidInPrivate, Say
from asyncchat.core.features.opers import OfferRenewed
from asyncchat.core.features.presence import LoggedOut, Renamed, SessionAttached
from asyncchat.core.features.rooms import Joined
from asyncchat.core.features.search import Search, SearchPage
from asyncchat.core.features.server import Unlock
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.replies import NoSuchRoom, NotMember, Refusal, Reply
from asyncchat.core.text import TEXT_BYTES
from asyncchat.dialects.base import COMMANDS_A_TURN, Outcome, ServerInfo
from asyncchat.dialects.plain.encoder import PlainEncoder
from asyncchat.dialects.plain.entry import Entry, ask_again
from asyncchat.dialects.plain.line_input import LineInput
from asyncchat.dialects.plain.prompts import ASK_AGAIN, GREETING, PASSWORD_PROMPT
from asyncchat.dialects.plain.telnet import HUSH
from asyncchat.text.features import history, search
from asyncchat.text.features.rooms import hello, others_here, topic_line
from asyncchat.text.features.server import kept_note
from asyncchat.text.sanitize import shown, typed
from asyncchat.text.sentences import (
    ALREADY_SO,
    CHANGES,
    event_sentence,
    is_lobby,
    own_event_sentence,
    place,
    refusal_sentence,
    reply_lines,
)
from asyncchat.text.slash import parse_slash
from asyncchat.text.times import Zone

LINE_BYTES = TEXT_BYTES
"""Longest line: a message of the longest text, typed as it is."""

_ENTERING = (Unlock, Connect, LogInWithPassword)
"""The commands on the way to a name."""

_GOES_ON = (Say, DialectReply)
"""Commands after which reading goes on; every other one may change what the next line means."""

NOTES = ("A line that begins with // is sent with one /; //exit sends exit.",)
"""The last lines of the help, before what becomes of what is said."""


class Prompt(msgspec.Struct, frozen=True):
    """An answer that ends with a question: nothing follows it, not even a newline."""

    text: str


class Plain:
    """What all plain sessions of a server share."""

    __slots__ = ("crlf", "info", "lf", "zone")

    def __init__(self, info: ServerInfo) -> None:
        self.info = info
        self.zone = Zone(info.zone, info.utc_offset)
        self.lf = PlainEncoder("\n")
        self.crlf = PlainEncoder("\r\n")

    def greeting(self, *, telnet: bool = False) -> bytes:
        """The prompt for a name, or for the password; ``telnet`` does not show a password as it is typed.

        It is shown before a dialect's first answer; ``closing_bytes`` ends its line.
        """
        if self.info.locked:
            return (HUSH if telnet else b"") + PASSWORD_PROMPT.encode()
        return GREETING.encode()

    def hush(self) -> bytes:
        """The bytes that hide a password from then on, for a client that speaks telnet after the prompt."""
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

    is_web = False
    __slots__ = (
        "_asked", "_awaited", "_ended", "_entry", "_follow", "_history", "_input", "_left", "_missed",
        "_over", "_person_id", "_search", "encoder", "entered", "is_confidential", "room", "session",
        "shared",
    )  # fmt: skip

    def __init__(
        self, shared: Plain, session: int, host: str, *, framed: bool = True, is_confidential: bool = True
    ) -> None:
        self.shared = shared
        self.session = session
        self.encoder = shared.lf
        self.entered = False
        self.is_confidential = is_confidential
        self.room = LOBBY
        """The room that messages go to."""
        self._entry = Entry(host, shared.info.locked, is_confidential)
        self._input = LineInput(LINE_BYTES, framed)
        self._history: history.HistoryCursor | None = None
        """Where ``/history`` goes on."""
        self._search: search.SearchCursor | None = None
        """Where ``/search`` goes on."""
        self._awaited = 0
        self._asked: Command | None = None
        self._follow: Sequence[Command] = ()
        """The next commands, whatever is typed."""
        self._person_id = session
        self._left = history.LeftRooms()
        self._missed: LastSeen | None = None
        """Since when the person was not here, until they are told what they missed."""
        self._ended = False
        self._over = False

    @property
    def framed(self) -> bool:
        """Whether the client ends its messages with newlines."""
        return self._input.framed

    # What a slash command may know (``text.slash.SlashContext``).

    @property
    def calendar(self) -> Zone:
        """Where days begin: in the server's zone."""
        return self.shared.zone

    @property
    def notes(self) -> tuple[str, ...]:
        """The last lines of the help."""
        return (*NOTES, kept_note(self.shared.info.keeps_history))

    def next_history(self, room: str) -> ReadHistory | None:
        """The next page of the history that is being read there, if any."""
        cursor = self._history
        return cursor.command() if cursor is not None and fold(cursor.room) == fold(room) else None

    def next_search(self) -> Search | None:
        """The next page of the search that is being read, if any."""
        return None if self._search is None else self._search.command()

    # The contract.

    def awaits(self, command: Command) -> bool:
        """Whether nothing is read after this command until its outcome has been told."""
        return type(command) not in _GOES_ON

    @property
    def backlog(self) -> int:
        """Bytes not given out as commands; one more while a command waits that came from no bytes."""
        if self._over:
            return 0
        return self._input.backlog + (bool(self._follow) or self._ended)

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands, at most ``limit``; empty data asks for more."""
        if self._over:
            return []
        if data:
            self._input.feed(data)
        if self._asked is not None:
            return []
        if self._follow:
            self._asked, self._follow = self._follow[0], self._follow[1:]
            self._awaited += 1
            return [self._asked]
        given: list[Command] = []
        lines = self._input
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
        """The peer sends no more: an unfinished line counts as a line, and a quit follows all.

        The last command is a ``Quit``, unless an I/O command or a pause is before it: then ``backlog`` is
        not 0, and ``receive_data(b"")`` gives the rest when that is over.
        """
        if not self._ended and not self._over:
            self._ended = True
            self._input.end()
        given = self.receive_data(b"")
        if given and not self._over and not self._input.ready and not given[-1].io:
            given.append(Quit())
            self._over = True
            self._awaited += 1
        return given

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The bytes that tell the session the outcome of its own command."""
        if outcome and type(outcome[0]) is OfferRenewed:
            return b""  # it asked nothing
        self._awaited -= 1
        if self._input.telnet:
            self.encoder = self.shared.crlf
        if len(outcome) == 1:
            only = outcome[0]
            if type(only) is Record and type(only.event) is Said:
                if self._awaited == self._over:
                    self._asked = None  # a reply to a message is a message like any other
                return b""
        asked = None
        if self._awaited == self._over:
            # At most a quit follows the command whose outcome is awaited.
            asked, self._asked = self._asked, None
        if not self.entered and isinstance(asked, _ENTERING):
            return self._enter(asked, outcome)
        told: list[str] = []
        for item in outcome:
            if isinstance(item, Prompt):
                return self.encoder.lines(told) + shown(item.text).encode()
            self._tell(item, told)
        conclude = _CONCLUSIONS.get(type(asked))
        if conclude is not None:
            conclude(self, asked, outcome, told)
        return self.encoder.lines(told)

    def encode_slices(self, outcome: Outcome) -> Iterator[bytes]:
        """The same: no answer is longer than some screens."""
        yield self.encode_outcome(outcome)

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The lines that tell the session the outcome of another person's command."""
        return self.encoder.lines(self._told(outcome))

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """What another session of its person did that no room is told."""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, Record):
                self._left.note(self._person_id, item)
                event = item.event
                if isinstance(event, Joined):
                    told.append(event_sentence(event))
                elif isinstance(event, SaidInPrivate | LoggedOut | HostChanged) or (
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

    def _command_of(self, raw: bytes | None) -> Command | None:
        """What a line asks; None for one that asks nothing."""
        if not self.entered and self._entry.asks_password:
            return self._entry.password(raw)
        if raw is None:
            return self._complaint(f"Not sent: the line is longer than {LINE_BYTES:,} bytes.")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return self._complaint("Not sent: the line is not UTF-8.")
        if not text.isprintable():
            text = typed(text)
        if not self.entered:
            return self._entry.name(text)
        if text[:1] == "/":
            if text[:2] != "//":
                asked = parse_slash(self, text)
                return DialectReply(asked) if isinstance(asked, str) else asked
            text = text[2:] if text[2:].lower() == "exit" else text[1:]
        elif len(text) == 4 and text.lower() == "exit":
            return Quit()
        return None if not text or text.isspace() else Say(self.room, text)

    def _complaint(self, text: str) -> Command:
        return DialectReply(text if self.entered else Prompt(f"{text} {ASK_AGAIN}"))

    # What is told.

    def _enter(self, asked: Command, outcome: Outcome) -> bytes:
        """The next question on the way to a name, or the greeting."""
        if type(asked) is Connect:
            return self._introduce(asked, outcome)
        told = self._told(outcome)
        if type(asked) is Unlock:
            return self._entry.encode_unlock(outcome, told, self._input.telnet)
        encoded, enter = self._entry.encode_login(outcome, told, self._input.telnet)
        if enter is not None:
            self._follow = (*self._follow, enter)
        return encoded

    def _introduce(self, asked: Connect, outcome: Outcome) -> bytes:
        """Greets a newcomer, or asks for another name."""
        greeting = ""
        told: list[str] = []
        for item in outcome:
            if isinstance(item, Welcome):
                self.entered = True
                self._person_id = item.person.id
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
                if asked.code and not is_lobby(item.room):
                    self.room = item.room
                    told.append(f"What you type goes to {place(item.room)}.")
            elif isinstance(item, NameReserved):
                return self._entry.encode_reserved(item.name, self._input.telnet)
            else:
                self._tell(item, told)
        if self.entered:
            self._arrive(outcome, told)
            return self.encoder.lines((greeting, *(self.shared.info.motd or ()), *told))
        return ask_again(told)

    def _arrive(self, outcome: Outcome, told: list[str]) -> None:
        """Goes to a room that the person is in on another device, and asks for missed private messages."""
        rooms = [item.view.room for item in outcome if isinstance(item, Present)]
        if rooms and not any(map(is_lobby, rooms)):
            self.room = rooms[0]
            told.append(f"What you type goes to {place(self.room)}.")
        number = _came_by(outcome)
        if self._missed is not None and number is not None and self.shared.info.newcomers:
            # A guest has no private history: then it is empty.
            asked = history.missed("", number, self._missed.time, self._input.framed)
            self._follow = (*self._follow, ReadMissed(asked.command().window, asked))

    def _told(self, outcome: Outcome) -> list[str]:
        told: list[str] = []
        for item in outcome:
            self._tell(item, told)
        return told

    def _tell(self, item: object, told: list[str]) -> None:
        """Adds what is said of one item of an outcome."""
        if isinstance(item, Record):
            self._left.note(self._person_id, item)
            if isinstance(item.event, MovesRoom):
                self._follow_room(item.event, told)
                return
            words = own_event_sentence(item.event)
            told += words.split("\n") if "\n" in words else (words,)
        elif isinstance(item, HistoryPage):
            told += history.page_lines(item, self.shared.zone)
            self._history = history.next_cursor(item)
        elif isinstance(item, SearchPage):
            told += search.page_lines(item, self.shared.zone)
            self._search = search.next_cursor(item)
        elif isinstance(item, RoomView) and item.joining:
            return
        elif isinstance(item, Reply):
            told += reply_lines(item, self.shared.zone)
        elif isinstance(item, Refusal):
            self._refuse(item, told)
        elif isinstance(item, str):
            told += item.split("\n")

    def _follow_room(self, event: MovesRoom, told: list[str]) -> None:
        """Follows a room to its new name."""
        told.append(event_sentence(event))
        if fold(self.room) == fold(event.room):
            self.room = event.to
            told.append(f"What you type goes to {event.to} now.")

    def _refuse(self, refusal: Refusal, told: list[str]) -> None:
        if isinstance(refusal, HistoryUnreadable):
            asked = refusal.context
            if isinstance(asked, history.HistoryCursor) and asked.newcomer:
                return
        told.append(refusal_sentence(refusal))
        if self._is_outside(refusal):
            self.room = LOBBY
            told.append("What you type goes to the lobby now.")

    def _is_outside(self, refusal: Refusal) -> bool:
        """Whether a refusal shows that the session is no longer in its current room, as after a kick."""
        match refusal:
            case CannotSpeak(room, CannotSpeakReason.OUTSIDE):
                pass
            case NoSuchRoom(room) | NotMember(room):
                pass
            case _:
                return False
        return not is_lobby(self.room) and fold(room) == fold(self.room)

    def _read_in(self, room: str, outcome: Outcome) -> None:
        """Asks next for the last messages from before the session joined the room."""
        most = self.shared.info.newcomers
        if not most:
            return
        joined = _came_by(outcome)
        seen = self._missed
        since: int | None = None
        if seen is not None and (seen.rooms is None or fold(room) in seen.rooms):
            since = seen.time
            self._missed = LastSeen(since, tuple(key for key in seen.rooms or () if key != fold(room)))
        after = self._left.pop(fold(room), None)
        if since is None and after is None:
            asked = history.newcomers(room, joined, self.framed, most)
        else:
            asked = history.missed(room, joined, since, self.framed, after)
        self._follow = (*self._follow, asked.command())

    def _conclude_join(self, asked: Join, outcome: Outcome, told: list[str]) -> None:
        if any(isinstance(item, Refusal) for item in outcome):
            return
        view = next((item for item in outcome if isinstance(item, RoomView)), None)
        self.room = asked.room if view is None else view.room
        where = f"What you type goes to {place(self.room)} now."
        if view is None:
            told.append(where)
        else:
            told += (f"{where} {others_here(view)}", topic_line(view.room, view.topic))
            self._read_in(view.room, outcome)

    def _conclude_join_with_code(self, asked: JoinWithCode, outcome: Outcome, told: list[str]) -> None:
        self._conclude_join(asked.join, outcome, told)

    def _conclude_part(self, asked: Part, outcome: Outcome, told: list[str]) -> None:
        refused = any(isinstance(item, Refusal) for item in outcome)
        if not refused and not is_lobby(self.room) and fold(asked.room) == fold(self.room):
            self.room = LOBBY
            told.append("What you type goes to the lobby now.")

    def _conclude_change(self, _asked: Command, outcome: Outcome, told: list[str]) -> None:
        if not outcome:
            told.append(ALREADY_SO)


def _came_by(outcome: Outcome) -> int | None:
    """The number of the record by which a session joined or was attached."""
    for item in outcome:
        if isinstance(item, Record) and isinstance(item.event, SessionAttached | Joined):
            return item.number
    return None


_CONCLUSIONS: dict[type[Command] | type[None], Callable[[PlainDialect, Any, Outcome, list[str]], None]] = {
    Join: PlainDialect._conclude_join,
    JoinWithCode: PlainDialect._conclude_join_with_code,
    Part: PlainDialect._conclude_part,
    **dict.fromkeys(CHANGES, PlainDialect._conclude_change),
}
"""What else is told or remembered once a command's outcome is complete."""
