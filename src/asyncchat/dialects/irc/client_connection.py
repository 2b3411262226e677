"""One connection to an IRC server as its client sees it: its state, and what the features may do with it.

Owns what is asked and not yet answered, and which numerics refuse a join or a message; what else a line means
is the features'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asyncchat.core.features.messages import Speech
from asyncchat.dialects.irc import client_numerics, numerics, tokens
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.client_batches import Batches
from asyncchat.dialects.irc.client_login import Login
from asyncchat.dialects.irc.client_rooms import ClientRooms
from asyncchat.dialects.irc.client_sending import Pending, Sending
from asyncchat.dialects.irc.client_server import ServerFacts

BARRIER = "said-"
"""What our own PINGs behind messages begin with."""

JOIN_REFUSALS = frozenset(
    (
        numerics.ERR_NOSUCHCHANNEL,
        numerics.ERR_TOOMANYCHANNELS,
        numerics.ERR_TOOMANYTARGETS,
        numerics.ERR_CHANNELISFULL,
        numerics.ERR_INVITEONLYCHAN,
        numerics.ERR_BANNEDFROMCHAN,
        numerics.ERR_BADCHANNELKEY,
        numerics.ERR_BADCHANMASK,
        numerics.ERR_NEEDREGGEDNICK,
        client_numerics.ERR_BADCHANNAME,
        client_numerics.ERR_SECUREONLYCHAN,
        "FAIL",
    )
)
"""Answers to a JOIN that was not granted."""

SPEECH_REFUSALS = frozenset(
    (
        numerics.ERR_NOSUCHNICK,
        numerics.ERR_NOSUCHCHANNEL,
        numerics.ERR_CANNOTSENDTOCHAN,
        numerics.ERR_TOOMANYTARGETS,
        numerics.ERR_NOTONCHANNEL,
        client_numerics.ERR_NOCOLORSONCHAN,
        client_numerics.ERR_NOTOPLEVEL,
        client_numerics.ERR_WILDTOPLEVEL,
        numerics.ERR_NEEDREGGEDNICK,
        client_numerics.ERR_NONONREG,
        client_numerics.ERR_NOCTCP,
        client_numerics.ERR_OWNMODE,
        client_numerics.ERR_CANTSENDTOUSER,
        client_numerics.ERR_TARGUMODEG,
        "FAIL",
    )
)
"""Answers to a PRIVMSG or NOTICE that was not delivered; others are about other commands."""

MEMBERS_ONLY = frozenset((numerics.ERR_NOSUCHCHANNEL, numerics.ERR_NOTONCHANNEL))
"""Answers to a question about a room that is answered to its members."""


@dataclass(slots=True)
class Question:
    """A CHATHISTORY, SEARCH or PINS command that waits for its answer, or for its turn.

    Attributes:
        token: the caller's number.
        room: the room or person that it is about; '': none.
        command: what is sent.
        refused_by: the numerics about its room that refuse it.
        note: what a NOTE said of it before its answer: code, context, text.
        found: what its answer has so far, where that is no batch.
    """

    token: int
    room: str
    command: tuple[str, ...]
    refused_by: frozenset[str] = frozenset()
    note: tuple[str, ...] = ()
    found: list[values.Message] = field(default_factory=list)


def nick_of(source: str) -> str:
    """The nick in ``nick!user@host``."""
    return source.partition("!")[0].partition("@")[0]


class ServerLine(tokens.Message, frozen=True, kw_only=True):
    """A line of the server, its label ('' for none), and when it was received."""

    label: str
    received: datetime

    @classmethod
    def of(cls, line: tokens.Message, label: str, received: datetime) -> "ServerLine":
        """The line of this message."""
        return cls(line.command, line.params, line.source, line.tags, label=label, received=received)

    @property
    def time(self) -> datetime:
        """When the server says it happened (IRCv3 server-time), else when it was received."""
        try:
            at = datetime.fromisoformat(self.tag("time") or "")
        except ValueError:
            return self.received
        return self.received if at.tzinfo is None else at

    @property
    def nick(self) -> str:
        """The nick in its source."""
        return nick_of(self.source)

    @property
    def last(self) -> str:
        """The last parameter, or '' where there is none."""
        return self.params[-1] if self.params else ""


class ClientConnection:
    """The state of one connection.

    Args:
        nick: the nick to register with.
        server: what is known of the server.
        login: logs in to an account before the registration ends.
    """

    def __init__(self, nick: str, server: ServerFacts, login: Login | None = None) -> None:
        self.nick = nick
        self.login = login
        self.server = server
        self.rooms = ClientRooms(server, self.is_own)
        self.registered = False
        self.welcomed = False
        self.origin = nick
        """``nick!user@host`` as the server shows us to others, as far as it is known."""
        self.joining: dict[str, str] = {}
        """Rooms that we asked into, by their folded names."""
        self.sending = Sending()
        self.batches = Batches()
        self.head: values.Message | None = None
        """The message that the next line may go on with."""
        self._out: list[bytes] = []
        self._questions: list[Question] = []

    # What we ask.

    def send(self, command: str, *params: str) -> None:
        """Sends any command.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        self._out.append(tokens.format(tokens.Message(command, params)))

    def ask(self, command: str, *params: str) -> None:
        """Sends a command behind all that was said before it.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        self.ask_line(tokens.Message(command, params))

    def ask_line(self, message: tokens.Message) -> None:
        """Sends a whole line behind all that was said before it."""
        self.ask_bytes(tokens.format(message))

    def ask_bytes(self, line: bytes) -> None:
        """Sends whole lines behind all that was said before them."""
        if self.sending.queued:
            self.sending.put(line)
        else:
            self._out.append(line)

    def data_to_send(self) -> bytes:
        """Takes the bytes that wait to be sent."""
        self._release()
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def under_way(self) -> list[int]:
        """Numbers of the messages sent and not yet answered, in order."""
        return self.sending.under_way

    def confirm(self) -> None:
        """Has the server answer for all that is under way, also where it echoes nothing: a PING behind it."""
        self._release()
        if (number := self.sending.barrier()) is not None:
            self.send("PING", f"{BARRIER}{number}")

    def put_question(self, question: Question) -> None:
        """Asks a question once those before it are answered.

        Raises:
            ValueError: it can't be said in one line of IRC.
        """
        line = tokens.format(tokens.Message(question.command[0], question.command[1:]))
        self._questions.append(question)
        if len(self._questions) == 1:
            self._out.append(line)

    def asked(self, command: str) -> Question | None:
        """The question that is awaiting its answer, if it is this command."""
        first = self._questions[0] if self._questions else None
        return first if first is not None and first.command[0] == command else None

    def answered(self) -> Question:
        """Ends the question that is awaiting its answer, and asks the next."""
        question = self._questions.pop(0)
        if self._questions:
            self.send(*self._questions[0].command)
        return question

    def _release(self) -> None:
        if not self.registered:
            return
        self._out.extend(self.sending.release())
        if not self.server.echoes and not self.server.labels:
            number = self.sending.barrier()
            if number is not None:
                self.send("PING", f"{BARRIER}{number}")

    # What we are told.

    def is_own(self, nick: str) -> bool:
        """Whether a nick is ours."""
        return self.server.fold(nick) == self.server.fold(self.nick)

    def learn_origin(self, source: str) -> None:
        """Takes how the server shows us to others."""
        if "!" in source:
            self.origin = source

    def conversation(self, line: ServerLine) -> tuple[str, str, bool]:
        """The room or the other person that a line belongs to, its author, and whether that is us."""
        nick, target = line.nick, self.server.bare_room(line.param(0))
        own = self.is_own(nick)
        return target if own or self.server.is_room(target) else nick, nick, own

    def acknowledge(self, pending: Pending | None, id: str, now: datetime) -> Sequence[values.Value]:
        """The server has taken a message of ours."""
        if pending is None:
            return ()
        action, notice = pending.speech is Speech.ACTION, pending.speech is Speech.NOTICE
        message = values.Message(id, now, pending.to, self.nick, pending.text, True, action, notice)
        return (values.Acknowledged(pending.token, message),)

    def refuse(self, line: ServerLine, about: Sequence[str], reason: str) -> Sequence[values.Value]:
        """The server did not do what we asked, which is found by label or by what the refusal is about."""
        keys = [self.server.fold(word) for word in about]
        if self._is_refused(line, about, keys):
            question = self.answered()
            return (values.HistoryFailed(question.token, question.room, line.command, reason),)
        if line.label:
            pending = self.sending.labeled(line.label)
        else:
            pending = self.sending.refused(keys) if line.command in SPEECH_REFUSALS else None
        if pending is not None:
            refusal = values.Refused(line.time, pending.to, reason, pending.text, line.command)
            return (values.Undelivered(pending.token, refusal),)
        if keys and line.command in JOIN_REFUSALS and (room := self.joining.pop(keys[0], None)) is not None:
            return (values.CantJoin(room, reason),)
        return (values.Refused(line.time, about[0] if about else "", reason, "", line.command),)

    def _is_refused(self, line: ServerLine, about: Sequence[str], keys: Sequence[str]) -> bool:
        """Whether a refusal is the answer to the question that is awaiting one."""
        question = self._questions[0] if self._questions else None
        if question is None:
            return False
        if question.command[0] in about:  # unknown command, too few parameters …
            return True
        return line.command in question.refused_by and self.server.fold(question.room) in keys
