"""One IRC session's state, and what the features' handlers may do with it.

Owns registration, capabilities, the person, and the order of what the session is told. Must not know bytes
that come in, nor any command: those are ``dialect``'s and the features'.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.people import Person
from asyncchat.dialects.base import Outcome, Way
from asyncchat.dialects.irc.batches import ClientBatches
from asyncchat.dialects.irc.capabilities import BATCH, MESSAGE_TAGS, Offer
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.labels import LabeledResponse, LabelStart
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.shared_state import SharedState

T = TypeVar("T")


@dataclass(slots=True)
class PendingRegistration:
    """What a session has said of itself before it is a person; dropped afterwards.

    ``nick`` is empty again when it is refused; ``wanted`` is the one that was last asked for.
    ``metadata`` is what it sets of itself when it enters, by key (None: what it takes away); ``keys`` are
    those of others' metadata that it subscribes to. ``code`` is that of an invitation, if that was its
    password. ``gateway``: it has said that it is a gateway (WEBIRC). ``verifier`` is that of the
    ``account`` when its password was right.
    """

    nick: str = ""
    wanted: str = ""
    user: str = ""
    realname: str = ""
    password: str = ""
    account: str = ""
    away: str = ""
    code: str = ""
    unlocked: bool = False
    negotiating: bool = False
    gateway: bool = False
    metadata: tuple[tuple[str, str | None], ...] = ()
    keys: tuple[str, ...] = ()
    verifier: str = ""

    @property
    def is_new(self) -> bool:
        """Whether nothing has been said."""
        return self == PendingRegistration()

    @property
    def complete(self) -> bool:
        """Whether everything that a registration needs is there."""
        return bool(self.nick and self.user) and not self.negotiating


class IrcSession:
    """One session's state.

    Ten thousand of them may sit idle, so it holds little: most state lies in what sessions share, and
    features keep theirs (``state``) only while there is something to keep.
    """

    __slots__ = (
        "_features", "_label", "_person", "_queued", "_registration", "batches", "cap_version",
        "caps_in", "caps_out", "client_batches", "closed", "context", "encoder", "host", "id",
        "is_confidential", "reached_at", "session", "way",
    )  # fmt: skip

    def __init__(
        self,
        context: SharedState,
        session: int,
        host: str,
        *,
        is_confidential: bool = True,
        reached_at: str = "",
        way: Way = Way.OPEN,
    ) -> None:
        self.context = context
        self.id = session
        """The person's number once it is registered."""
        self.session = session
        self.host = host
        self.is_confidential = is_confidential
        """Whether nobody can listen on the way: a password may be sent as it is."""
        self.reached_at = reached_at
        """Where its client reached the server, as the beginning of a URL; empty: on a Unix socket."""
        self.way = way
        self.encoder: EncoderBase = context.encoder(0)
        self.caps_out = 0
        """The capabilities by which this session is told things: those acknowledged."""
        self.caps_in = 0
        """Those by which its lines are read: a request counts as soon as it was read and will be granted."""
        self.cap_version = 0
        self.batches = 0
        self.closed = False
        self.client_batches: ClientBatches | None = None
        """The batches that come from it; none most of the time."""
        self._features: dict[type, object] | None = None
        self._registration: PendingRegistration | None = PendingRegistration()
        self._person: Person | None = None
        self._label: LabeledResponse | None = None
        self._queued: list[Command] | None = None

    @property
    def offer(self) -> Offer:
        """What it may request."""
        return self.context.offers[self.way]

    # Who it is.

    @property
    def entered(self) -> bool:
        """Whether this session is a person."""
        return self._person is not None

    @property
    def person(self) -> Person | None:
        """The person, once the session is registered."""
        return self._person

    @property
    def registration(self) -> PendingRegistration:
        """What is known of it before it is registered."""
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

    def become(self, person: Person) -> None:
        """Is this person from now on."""
        self._person = person
        self.id = person.id
        self._registration = None

    def take_name(self, person: Person) -> None:
        """Is called so, or logged in so, from now on."""
        self._person = person

    # Capabilities.

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

    # What features keep.

    def state(self, kind: type[T]) -> T | None:
        """What a feature keeps of this session, by its type; None: nothing."""
        return None if self._features is None else cast("T | None", self._features.get(kind))

    def keep(self, value: object) -> None:
        """Keeps a feature's value, in place of the one of its type."""
        if self._features is None:
            self._features = {}
        self._features[type(value)] = value

    def forget(self, kind: type) -> None:
        """Keeps no value of this type any more."""
        if self._features is not None:
            self._features.pop(kind, None)
            if not self._features:
                self._features = None  # an idle session keeps no empty dictionary

    # The order of reading.

    def ask_next(self, *commands: Command) -> None:
        """Asks this before more input is read; it still belongs to the line that is being answered."""
        self._queued = [*commands, *(self._queued or ())]
        if self._label is not None:
            self._label.left += len(commands)

    def drop_queued(self) -> None:
        """Forgets what was to be asked next."""
        if self._label is not None and self._queued:
            self._label.left -= len(self._queued)
        self._queued = None

    # What it is told.

    def say(self, items: Outcome) -> bytes:
        """The lines of several answers."""
        raise NotImplementedError

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """ERROR with the reason, once; without a reason it is the client's own wish."""
        if self.closed:
            return b""
        self.closed = True
        user = self._person.user if self._person is not None else "*"
        return line("ERROR", f"Closing link: ({user}@{self.host}) [{reason or 'Quit'}]")

    def start_label(self, start: LabelStart) -> bytes:
        """Gathers the answers that come from now on as the response to a labelled line."""
        self._label = LabeledResponse(start)
        return b"" if start.commands else self.close_label(self._label)

    def close_label(self, label: LabeledResponse) -> bytes:
        """The whole response to a labelled line."""
        self._label = None
        return label.response(self.context.name, self.next_batch())

    def answer_in_sentences(self, asked: Sequence[Command]) -> None:
        """Answers what a slash command asked in sentences, where the line has a label."""
        if self._label is not None:
            self._label.slash = asked

    def beside_answer(self, data: bytes) -> bytes:
        """Lines that this session is told as others are: no part of a labelled response."""
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

    def notice(self, text: str) -> bytes:
        """A notice of the server."""
        return line(f":{self.context.name} NOTICE {self.nick}", text)

    def fail(self, command: str, code: str, *context: str, text: str) -> bytes:
        """A FAIL (IRCv3 standard-replies)."""
        return line(" ".join((f":{self.context.name} FAIL", command, code, *context)), text)

    def fail_answer(self, command: str, code: str, *context: str, text: str) -> DialectReply:
        """A FAIL in its place among a line's commands."""
        return DialectReply(self.fail(command, code, *context, text=text))

    def in_batch(
        self, letter: str, kind: str, told: Callable[[str], Iterable[bytes]], tag: str = ""
    ) -> Iterator[bytes]:
        """Lines as a batch, for sessions that negotiated it.

        Args:
            letter: begins the batch's reference.
            kind: the batch's type, and its parameters.
            told: makes the lines, given the reference; empty for none.
            tag: stands before the beginning, for sessions that negotiated message-tags.
        """
        if not self.caps_out & BATCH:
            yield from told("")
            return
        ref = f"{letter}{self.batches}"
        self.batches += 1
        tags = f"@{tag} " if tag and self.caps_out & MESSAGE_TAGS else ""
        yield line(f"{tags}:{self.context.name} BATCH +{ref} {kind}")
        yield from told(ref)
        yield line(f":{self.context.name} BATCH -{ref}")
