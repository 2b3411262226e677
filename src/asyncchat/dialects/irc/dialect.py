"""The server's side of IRC: one ``IrcDialect`` for each session; what they share is ``IrcContext``.

Owns framing, the state of a session's registration and the order of what it is told. The commands are a table
(``commands``), the lines of events two (``encoder``, ``self_events``), those of refusals one (``refusals``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core.commands import (
    WITH_PASSWORD,
    Answer,
    Command,
    Enter,
    EraseFrom,
    Owner,
    React,
    ReadActs,
    ReadHistory,
    ReadMissed,
    ReadTargets,
    Redact,
    Reload,
    Say,
    Search,
    Unlock,
)
from asyncchat.core.events import Record, Said, together
from asyncchat.core.people import Person
from asyncchat.core.replies import (
    NotFromHere,
    NotServerOperator,
    OfferRenewed,
    Refusal,
    StorageDown,
    WrongCode,
)
from asyncchat.dialects.base import COMMANDS_A_TURN
from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.irc.batches import ClientBatches
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, LABELED_RESPONSE
from asyncchat.dialects.irc.commands import REPLIES
from asyncchat.dialects.irc.commands import batches as in_batches
from asyncchat.dialects.irc.commands.sasl import AuthenticateChunk, SaslExchange
from asyncchat.dialects.irc.commands.spec import Numeric, ResumeReading
from asyncchat.dialects.irc.dispatch import MOST_BYTES, dispatch
from asyncchat.dialects.irc.fast_path import fast_path
from asyncchat.dialects.irc.labels import LabeledResponse, LabelStart, with_label
from asyncchat.dialects.irc.refusals import say_refusal
from asyncchat.dialects.irc.registration import PendingRegistration
from asyncchat.dialects.irc.self_events import SELF_EVENTS
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session_sync import encode_from_sibling

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome
    from asyncchat.dialects.irc.commands.autoreplay import Absence
    from asyncchat.dialects.irc.encoder import CapabilityEncoder
    from asyncchat.dialects.irc.server_context import IrcContext
    from asyncchat.text.features.history import HistoryCursor


class IrcDialect:
    """One session's IRC, as the server hears and speaks it (``dialects.base.Dialect``).

    Ten thousand of them may sit idle, so it holds little: what arrives is framed in an object that lives only
    while half a line waits, and most state lies in what sessions share.
    """

    __slots__ = (
        "_label",
        "_lines",
        "_person",
        "_queued",
        "_registration",
        "_replays",
        "_waits",
        "absence",
        "batches",
        "cap_version",
        "caps_in",
        "caps_out",
        "client_batches",
        "context",
        "encoder",
        "gone",
        "host",
        "id",
        "is_confidential",
        "reading",
        "sasl",
        "session",
    )

    def __init__(self, context: IrcContext, session: int, host: str, *, is_confidential: bool = True) -> None:
        self.context = context
        self.id = session
        """The person's number once it has entered."""
        self.session = session
        self.host = host
        self.is_confidential = is_confidential
        """Whether nobody listens on the way: a password may be sent as it is."""
        self.sasl: SaslExchange | None = None
        """A SASL exchange that is not over."""
        self.encoder: CapabilityEncoder = context.encoder(0)
        self.caps_out = 0
        """The capabilities by which this session is told things: those acknowledged."""
        self.caps_in = 0
        """Those by which its lines are read: a request counts as soon as it was read and will be granted."""
        self.cap_version = 0
        self.batches = 0
        self.reading: HistoryCursor | None = None
        """Where HISTORY goes on."""
        self.absence: Absence | None = None
        """What may have been missed by who came with an account."""
        self._replays: list[Command] | None = None
        self.gone = False
        self.client_batches: ClientBatches | None = None
        """The batches that come from it; none most of the time."""
        self._registration: PendingRegistration | None = PendingRegistration()
        self._person: Person | None = None
        self._lines: LineFramer | None = None
        self._label: LabeledResponse | None = None
        self._queued: list[Command] | None = None
        self._waits = False

    # What the session's owner calls: dialects.base.

    @property
    def entered(self) -> bool:
        """Whether this session is a person."""
        return self._person is not None

    @property
    def paused(self) -> bool:
        """Whether an outcome is awaited before anything more is read."""
        return self._waits

    @property
    def backlog(self) -> int:
        """Bytes received that are not yet given out as commands."""
        held = 0 if self._lines is None else self._lines.backlog
        return held + len(self._queued) if self._queued else held

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands."""
        if (
            self._lines is None
            and self._person is not None
            and not self._waits
            and self._queued is None
            and self.client_batches is None
        ):
            commands = fast_path(data, limit, self.context.pong)
            if commands is not None:
                self._count(commands)
                return commands
        return self._receive(data, limit)

    def cost(self, commands: Sequence[Command]) -> int:
        """One for each command; labels are none."""
        if not self.caps_in & LABELED_RESPONSE:
            return len(commands)
        return sum(not (type(asked) is Answer and type(asked.value) is LabelStart) for asked in commands)

    def receive_eof(self) -> list[Command]:
        """Half a line means nothing in IRC."""
        self._lines = None
        return []

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The lines that tell the session what became of its command."""
        if self._label is not None and type(outcome[0] if outcome else None) is not OfferRenewed:
            return self._gather(self._label, self.say(outcome))
        if len(outcome) == 1:
            item = outcome[0]
            if type(item) is Record:
                if type(item.event) is Said:
                    return self.encoder.encode(item) if self.caps_out & ECHO_MESSAGE else b""
            elif type(item) is bytes:
                return item
        return self.say(outcome)

    def encode_rename(self, outcome: Outcome) -> bytes:
        """The lines that tell it of what another session caused."""
        return self.say(outcome)

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """The lines that tell it what another session of its person caused."""
        return encode_from_sibling(self, outcome, alone=alone)

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """ERROR with the reason, once; without one it is the client's own wish."""
        if self.gone:
            return b""
        self.gone = True
        user = self._person.user if self._person is not None else "*"
        return line("ERROR", f"Closing link: ({user}@{self.host}) [{reason or 'Quit'}]")

    def on_tick(self, now: float) -> bytes:
        """Ends a batch that was left open for too long."""
        failed = None if self.client_batches is None else self.client_batches.on_tick(now)
        if failed is None:
            return b""
        told = in_batches.say_failed(self, failed)
        return with_label(failed.label, told) if failed.label and self.caps_out & LABELED_RESPONSE else told

    def ping(self) -> bytes:
        """A PING."""
        return line(f"PING :{self.context.name}")

    # What the commands' handlers call.

    @property
    def registration(self) -> PendingRegistration:
        """What is known of who has not entered yet."""
        if self._registration is None:
            self._registration = PendingRegistration()
        return self._registration

    @property
    def nick(self) -> str:
        """The nick, or ``*`` before there is one."""
        return "*" if self._person is None else self._person.name

    @property
    def origin(self) -> str:
        """``nick!user@host``, with a ``*`` for each that is not known yet."""
        if self._person is not None:
            return self._person.origin
        return f"{self.registration.nick or '*'}!{self.registration.user or '*'}@{self.host}"

    def negotiate(self) -> None:
        """Holds the registration up until CAP END."""
        if self._person is None:
            self.registration.negotiating = True

    def set_caps_in(self, caps: int) -> None:
        """Reads lines by these capabilities from now on."""
        self.caps_in = self.context.shared_set(caps)

    def set_caps_out(self, caps: int) -> None:
        """Is told things by these capabilities from now on; only while answering."""
        self.caps_out = caps = self.context.shared_set(caps)
        self.encoder = self.context.encoder(caps)

    def pause(self, then: Sequence[Command] = ()) -> None:
        """Reads nothing after the command that is being handled, until ``resume``; ``then`` comes next."""
        self._waits = True
        if then:
            self._queued = [*then, *(self._queued or ())]

    def resume(self, then: Sequence[Command] = ()) -> None:
        """Reads on; ``then`` comes first, and still belongs to the line that is being answered."""
        self._waits = False
        if then:
            self._queued = [*then, *(self._queued or ())]
            if self._label is not None:
                self._label.left += len(then)

    @property
    def queued(self) -> int:
        """How much of what the line being read asks is left for later."""
        return len(self._queued or ())

    def drop_queued(self) -> None:
        """Forgets what was to be asked next."""
        if self._label is not None and self._queued:
            self._label.left -= len(self._queued)
        self._queued = None

    def queue_replay(self, asked: Command) -> None:
        """Reads this once the rooms that are being joined are joined."""
        self._replays = [*(self._replays or ()), asked]

    def take_replays(self) -> Sequence[Command]:
        """What is to be read now that they are."""
        replays, self._replays = self._replays or (), None
        return replays

    def become(self, person: Person) -> None:
        """Is this person from now on."""
        self._person = person
        self.id = person.id
        self._registration = None
        self._waits = False

    @property
    def person(self) -> Person | None:
        """Who it is, once it has entered."""
        return self._person

    def take_name(self, person: Person) -> None:
        """Is called so, or logged in so, from now on."""
        self._person = person

    def say(self, items: Outcome) -> bytes:
        """The lines of several answers."""
        return b"".join([self._say(item) for item in together(items)])

    def start_label(self, opening: LabelStart) -> bytes:
        """Gathers the answers that come from now on as the response to a labelled line."""
        self._label = LabeledResponse(opening)
        return b"" if opening.commands else self._close_label(self._label)

    def beside_answer(self, data: bytes) -> bytes:
        """What this session is told as others are, by its own doing: no part of a labelled response."""
        if self._label is None:
            return data
        self._label.beside += data
        return b""

    def next_batch(self) -> str:
        """A reference for a batch that no other of this session has."""
        self.batches += 1
        return f"b{self.batches}"

    def head(self, code: str, *words: str) -> bytes:
        """A numeric's beginning."""
        return " ".join((f":{self.context.name}", code, self.nick, *words)).encode("utf-8", "replace")

    def numeric(self, code: str, *words: str, text: str | None = None) -> bytes:
        """A numeric's line."""
        return line(" ".join((f":{self.context.name}", code, self.nick, *words)), text)

    def said(self, what: bytes) -> Answer:
        """Has a line of the server said, given without source and CR LF."""
        return Answer(self.fail(what))

    def fail(self, what: bytes) -> bytes:
        """A line of the server, given without source and CR LF."""
        return line(f":{self.context.name} {what.decode()}")

    # Bytes in.

    def _receive(self, data: bytes, limit: int) -> list[Command]:
        lines = self._lines
        if data:
            if lines is None:
                lines = self._lines = LineFramer(MOST_BYTES)
            lines.feed(data)
        if self._waits:
            return []
        commands = self._take_queued()
        if lines is not None and not _pauses(commands):
            self._read_lines(lines, commands, limit)
            if lines.idle:
                self._lines = None
        if len(commands) > limit:
            # What one line asks may be cut here; what it pauses for is then the last of what is queued.
            self._queued = [*commands[limit:], *(self._queued or ())]
            del commands[limit:]
            self._waits = False
        elif _pauses(commands):
            self._waits = True
        return commands

    def _take_queued(self) -> list[Command]:
        """What was to be asked next, up to what is waited for."""
        queued, self._queued = self._queued or [], None
        for index, command in enumerate(queued[:-1]):
            if _pauses((command,)):
                self._queued = queued[index + 1 :]
                return queued[: index + 1]
        return queued

    def _read_lines(self, lines: LineFramer, commands: list[Command], limit: int) -> None:
        while lines.ready and len(commands) < limit:
            taken = lines.take(limit - len(commands))
            for index, raw in enumerate(taken):
                commands.extend(dispatch(self, raw) or _NOTHING)
                if self._waits:
                    lines.put_back(taken[index + 1 :])
                    return
                if len(commands) >= limit:
                    lines.put_back(taken[index + 1 :])
                    break

    def _count(self, commands: Sequence[Command]) -> None:
        """Counts what came the quick way: nothing but PRIVMSG and PING."""
        heard = self.context.heard
        said = sum(type(command) is Say for command in commands)
        if said:
            heard["PRIVMSG"] = heard.get("PRIVMSG", 0) + said
        if said < len(commands):
            heard["PING"] = heard.get("PING", 0) + len(commands) - said

    # Bytes out.

    def _gather(self, label: LabeledResponse, data: bytes) -> bytes:
        """Keeps an answer until the last one of its line has come."""
        label.add(data)
        return b"" if label.left > 0 else self._close_label(label)

    def _close_label(self, label: LabeledResponse) -> bytes:
        self._label = None
        return label.response(self.context.name, self.next_batch())

    def _say(self, item: object) -> bytes:
        if isinstance(item, Record):
            own = SELF_EVENTS.get(type(item.event))
            return self.encoder.encode(item) if own is None else own(self, item, item.event)
        if type(item) is bytes:
            return item
        if type(item) is Numeric:
            return self.numeric(item.code, *item.words, text=item.text)
        say = REPLIES.get(type(item))
        if say is not None:
            return say(self, item)
        return self._say_refusal(item) if isinstance(item, Refusal) else b""

    def _say_refusal(self, refusal: Refusal) -> bytes:
        if self._person is None:
            # A refused nick is forgotten, all else that was said of oneself stays.
            self.registration.nick = ""
            self._waits = False
        elif isinstance(refusal, StorageDown | WrongCode | NotFromHere | NotServerOperator):
            self._waits = False
            self.drop_queued()
        return say_refusal(self, refusal)


_NOTHING = (Answer(b""),)
"""What a line asks that asks nothing, so that it counts as one: a flood of them is a flood."""

_GATES = (
    EraseFrom,
    ReadHistory,
    ReadMissed,
    ReadActs,
    ReadTargets,
    React,
    Redact,
    Owner,
    Reload,
    Unlock,
    Enter,
    Search,
    *WITH_PASSWORD,
)
"""Commands after which nothing is read until they are answered."""


def _pauses(commands: Sequence[Command]) -> bool:
    """Whether nothing is to be read after these until the last of them is answered."""
    if not commands:
        return False
    last = commands[-1]
    return type(last) in _GATES or (
        type(last) is Answer and type(last.value) in (ResumeReading, AuthenticateChunk)
    )
